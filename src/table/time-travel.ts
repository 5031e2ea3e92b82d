/**
 * Which state of the table a read is of: its snapshot, and the schema that its rows are read with.
 *
 * Follows `TimeTravelUtil` and `AbstractFileStoreTable.tryTimeTravel`: travelling to a snapshot takes that snapshot's
 * schema, with the options of now.
 */
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { TableStore } from '../snapshot/table-store.ts'
import { type RawOptions, tableOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { invalid } from '../util/errors.ts'

export interface ReadState {
  /** Null for a table without snapshots. */
  readonly snapshot: Snapshot | null
  readonly schema: TableSchema
}

/** The state that the options (`scan.snapshot-id`, `scan.mode`) ask for; the latest without them. */
export async function readState(
  store: TableStore,
  schema: TableSchema,
  dynamicOptions: RawOptions,
  signal?: AbortSignal,
): Promise<ReadState> {
  const current = { ...schema, options: { ...schema.options, ...dynamicOptions } }
  const options = tableOptions(current.options)
  const snapshotId = options.get('scan.snapshot-id')
  const mode = options.get('scan.mode')
  if (mode.startsWith('from-snapshot') && snapshotId === undefined)
    throw invalid(`scan.mode = ${mode} needs scan.snapshot-id`)
  if (snapshotId === undefined)
    return { snapshot: await store.snapshots.readLatest({ signal }), schema: current }
  const snapshot = await store.snapshots.read(snapshotId, { signal })
  if (snapshot.schemaId === schema.id) return { snapshot, schema: current }
  const then = await store.schemas.read(snapshot.schemaId, { signal })
  return { snapshot, schema: { ...then, options: current.options } }
}
