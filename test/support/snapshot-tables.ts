/** Tables in memory that are only schemas, snapshots and tags. */
import { randomUUID } from 'node:crypto'

import { MemoryFileIO } from '../../src/io/memory.ts'
import { snapshotPath, tagPath } from '../../src/snapshot/paths.ts'
import { type Snapshot, snapshotText } from '../../src/snapshot/snapshot.ts'
import { openTableStore, type TableStore } from '../../src/snapshot/table-store.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'

export const START = Date.parse('2026-11-01T00:00:00Z')
export const HOUR = 3_600_000

/** A snapshot so many hours after the start. */
export function snapshotOf(id: number, more: Partial<Snapshot> = {}): Snapshot {
  return {
    version: 3,
    id,
    schemaId: 0,
    baseManifestList: `manifest-list-${id}-0`,
    deltaManifestList: `manifest-list-${id}-1`,
    commitUser: 'someone',
    commitIdentifier: BigInt(id),
    commitKind: 'APPEND',
    timeMillis: START + id * HOUR,
    totalRecordCount: 0,
    deltaRecordCount: 0,
    ...more,
  }
}

export async function snapshotTable(
  schemas: readonly TableSchema[],
  snapshots: readonly Snapshot[],
  tags: Readonly<Record<string, Snapshot>> = {},
): Promise<TableStore> {
  const io = new MemoryFileIO()
  const store = openTableStore(io, `memory://${randomUUID()}/t`)
  const write = (path: string, snapshot: Snapshot): Promise<void> =>
    io.write(path, utf8(snapshotText(snapshot)))
  for (const snapshot of snapshots) await write(snapshotPath(store.location, snapshot.id), snapshot)
  for (const [name, snapshot] of Object.entries(tags))
    await write(tagPath(store.location, name), snapshot)
  for (const schema of schemas) await store.schemas.create(schema)
  return store
}
