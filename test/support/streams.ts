/** Small tables to stream, in memory, whose snapshots can be made to say anything. */
import { randomUUID } from 'node:crypto'

import type { FileIO } from '../../src/io/file-io.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { snapshotPath } from '../../src/snapshot/paths.ts'
import { storedSnapshot } from '../../src/snapshot/snapshot-store.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { type ChangesRequest, TableChanges } from '../../src/table/stream-read.ts'
import type { Table } from '../../src/table/table.ts'
import type { Clock } from '../../src/util/async.ts'
import { createRowTable, openRowTable, type Row } from './row-tables.ts'

const KEYED = { primaryKeys: ['dt', 'id'], options: { bucket: 1 } }
export const APPEND = { options: { bucket: -1 } }

/** Rows of the partition `a`: `1`, `2 again`, `-D 1`. */
function rowOf(text: string): Row {
  const [, kind, id = '', v = ''] = /^([+-][IUD])? ?(\d+) ?(.*)$/.exec(text) ?? []
  return { dt: 'a', id: BigInt(id), v, ...(kind !== undefined && { _kind: kind }) }
}

export class StreamTable {
  readonly io: FileIO
  readonly root: string
  readonly table: Table

  private constructor(io: FileIO, root: string, table: Table) {
    this.io = io
    this.root = root
    this.table = table
  }

  static async create(
    definition: Readonly<Record<string, unknown>> = KEYED,
    io: FileIO = new MemoryFileIO(),
    root = `memory://${randomUUID()}/t`,
  ): Promise<StreamTable> {
    await createRowTable(io, root, definition)
    return new StreamTable(io, root, await openRowTable(io, root))
  }

  /** One commit for each argument, of its rows. */
  async commit(...commits: readonly (readonly string[])[]): Promise<void> {
    for (const rows of commits) await this.table.write(rows.map(rowOf))
  }

  /** Makes a snapshot say something else. */
  async edit(
    id: number,
    change: Partial<Snapshot> | ((snapshot: Snapshot) => Partial<Snapshot>),
  ): Promise<void> {
    const { snapshots, location } = this.table.store
    const snapshot = await snapshots.read(id)
    const changed = { ...snapshot, ...(typeof change === 'function' ? change(snapshot) : change) }
    await this.io.write(snapshotPath(location, id), storedSnapshot(changed).bytes)
  }

  /** Takes the oldest snapshots away, as an expiry does. */
  async expireTo(earliest: number): Promise<void> {
    const { snapshots } = this.table.store
    for (const id of await snapshots.ids()) if (id < earliest) await snapshots.delete(id)
  }

  /** Takes the latest snapshots away, as a rollback does. */
  async rollBackTo(latest: number): Promise<void> {
    const { snapshots, location } = this.table.store
    for (const id of await snapshots.ids()) if (id > latest) await snapshots.delete(id)
    await this.io.delete(`${location.root}/snapshot/LATEST`)
  }

  /** A stream of the table; `stored` are options that the table is taken to have. */
  changes(
    request: ChangesRequest = {},
    stored: Readonly<Record<string, string>> = {},
  ): TableChanges<Row> {
    const { store, schema } = this.table
    return new TableChanges(
      store,
      { ...schema, options: { ...schema.options, ...stored } },
      { follow: false, ...request },
    )
  }

  /** What a stream gives: `3: +I 1 one` for a row of snapshot 3. */
  async read(
    request: ChangesRequest = {},
    stored: Readonly<Record<string, string>> = {},
  ): Promise<string[]> {
    return await textsOf(this.changes(request, stored))
  }
}

export async function textsOf(stream: TableChanges<Row>): Promise<string[]> {
  const texts: string[] = []
  for await (const { kind, row, snapshotId } of stream) {
    const { id, v } = row as { id: bigint; v: string }
    texts.push(`${snapshotId}: ${kind} ${id}${v === '' ? '' : ` ${v}`}`)
  }
  return texts
}

/** A clock that moves when something sleeps, and then lets `onSleep` act; it remembers the waits. */
export function eventClock(
  onSleep: (sleepCount: number, waitMs: number) => Promise<void> | void,
): Clock & { readonly waits: number[] } {
  let nowMs = Date.now()
  const waits: number[] = []
  return {
    waits,
    now: () => nowMs,
    async sleep(ms) {
      nowMs += ms
      waits.push(ms)
      await onSleep(waits.length, ms)
    },
  }
}
