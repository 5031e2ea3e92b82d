/** Small tables of rows: partitioned by `dt`, with an `id` and a value. */
import type { FileIO } from '../../src/io/file-io.ts'
import { openTableStore } from '../../src/snapshot/table-store.ts'
import { Table } from '../../src/table/table.ts'
import { firstSchema, parseNewSchema } from '../../src/types/new-schema.ts'

/** `dt`, `id` and `v`; `_kind` may be given. */
export type Row = Readonly<Record<string, unknown>>

const FIELDS = [
  { name: 'dt', type: 'STRING NOT NULL' },
  { name: 'id', type: 'BIGINT NOT NULL' },
  { name: 'v', type: 'STRING' },
]

/** Makes an empty table in the directory. */
export async function createRowTable(
  io: FileIO,
  root: string,
  definition: Readonly<Record<string, unknown>> = {
    primaryKeys: ['dt', 'id'],
    options: { bucket: 2 },
  },
): Promise<void> {
  const schema = parseNewSchema({ fields: FIELDS, partitionKeys: ['dt'], ...definition })
  await openTableStore(io, root).schemas.create(firstSchema(schema, 1_700_000_000_000))
}

/** The table as a new process opens it. */
export async function openRowTable(io: FileIO, root: string): Promise<Table> {
  const store = openTableStore(io, root)
  return new Table(store, 'db.t', await store.schemas.readLatest())
}

export async function rowsOf(table: Table): Promise<string[]> {
  const rows = await Array.fromAsync(table.read().rows())
  return rows.map((each) => textOf(each)).toSorted()
}

/** A row without its kind. */
export function textOf({ dt, id, v }: Row): string {
  return [dt, id, v].join(' ')
}
