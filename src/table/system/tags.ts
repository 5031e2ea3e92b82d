/** `$tags`, `$branches` and `$consumers`. Follow the Java classes `TagsTable`, `BranchesTable` and `ConsumersTable`. */
import { branchNames } from '../../snapshot/branches.ts'
import { ConsumerStore } from '../../snapshot/consumer-store.ts'
import { SCHEMA_PREFIX, schemaDirectory } from '../../snapshot/paths.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { Tag } from '../../snapshot/tag.ts'
import { mapOrdered } from '../../util/async.ts'
import { column, long, type SystemSource } from './columns.ts'
import { durationText } from './duration-text.ts'

const READ_AHEAD = 8
const NANOS_OF_MILLI = 1_000_000n

export const TAGS: SystemSource<Tag> = {
  columns: [
    column('tag_name', 'STRING NOT NULL', ({ name }) => name),
    column('snapshot_id', 'BIGINT NOT NULL', ({ snapshot }) => long(snapshot.id)),
    column('schema_id', 'BIGINT NOT NULL', ({ snapshot }) => long(snapshot.schemaId)),
    column('commit_time', 'TIMESTAMP(3) NOT NULL', ({ snapshot }) => BigInt(snapshot.timeMillis)),
    column('record_count', 'BIGINT', ({ snapshot }) => long(snapshot.totalRecordCount)),
    column('create_time', 'TIMESTAMP(3)', ({ tagCreateTimeNanos: nanos }) =>
      nanos === undefined ? null : floorMillis(nanos),
    ),
    column('time_retained', 'STRING', ({ tagTimeRetainedNanos: nanos }) =>
      nanos === undefined ? null : durationText(nanos),
    ),
  ],
  async *items({ store, signal }) {
    const names = await store.tags.list({ signal })
    const found = mapOrdered(names, READ_AHEAD, (name) => store.tags.find(name, { signal }))
    // One that went away meanwhile has been deleted.
    for await (const tag of found) if (tag !== null) yield tag
  },
}

function floorMillis(nanos: bigint): bigint {
  const millis = nanos / NANOS_OF_MILLI
  return nanos < millis * NANOS_OF_MILLI ? millis - 1n : millis
}

interface BranchItem {
  readonly name: string
  readonly createTimeMs: number
}

export const BRANCHES: SystemSource<BranchItem> = {
  columns: [
    column('branch_name', 'STRING NOT NULL', ({ name }) => name),
    column('create_time', 'TIMESTAMP(3) NOT NULL', (item) => BigInt(item.createTimeMs)),
  ],
  async *items({ store, signal }) {
    for (const name of await branchNames(store.io, store.location.root, { signal }))
      yield { name, createTimeMs: await createTimeMs(store, name, signal) }
  },
}

/**
 * When the first schema of the branch was written, which is when it was made. Java shows the time of the directory, which
 * is the same to a moment on a disk; object stores know no directories, let alone their times.
 */
async function createTimeMs(
  { io, location }: TableStore,
  branch: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  const directory = schemaDirectory({ root: location.root, branch })
  let firstMs = Infinity
  for await (const { modifiedMs } of io.list(directory, { namePrefix: SCHEMA_PREFIX, signal }))
    firstMs = Math.min(firstMs, modifiedMs)
  return Number.isFinite(firstMs) ? firstMs : 0
}

interface ConsumerItem {
  readonly name: string
  readonly nextSnapshotId: number
}

export const CONSUMERS: SystemSource<ConsumerItem> = {
  columns: [
    column('consumer_id', 'STRING NOT NULL', ({ name }) => name),
    column('next_snapshot_id', 'BIGINT NOT NULL', (item) => long(item.nextSnapshotId)),
  ],
  async *items({ store: { io, location }, signal }) {
    const consumers = new ConsumerStore(io, location)
    for (const name of await consumers.list({ signal })) {
      const nextSnapshotId = await consumers.find(name, { signal })
      if (nextSnapshotId !== null) yield { name, nextSnapshotId }
    }
  },
}
