/** Tables with a past, and what Iceberg clients have to read of it by a plain model. */
import { join } from 'node:path'

import { Catalog } from '../../../src/catalog/catalog.ts'
import type { FileIO } from '../../../src/io/file-io.ts'
import type { Table } from '../../../src/table/table.ts'
import { parseNewSchema } from '../../../src/types/new-schema.ts'
import { sleep } from '../../../src/util/async.ts'

/** What `travel.py` and `IcebergTravel` take. */
export interface TravelRequest {
  /** The directory of the table. */
  readonly table: string
  readonly at?:
    | { readonly snapshot: number }
    | { readonly tag: string }
    | { readonly timestamp: number }
  readonly changes?: readonly [number, number]
  readonly columns?: readonly string[]
}

/** Rows as arrays of the columns that the state had; null where there is nothing to go back to. */
export interface ExpectedState {
  readonly request: TravelRequest
  readonly rows: readonly (readonly unknown[])[] | null
}

type Row = Readonly<Record<string, unknown>>

/** What was there after a step. */
interface Past {
  readonly snapshotId: number
  readonly timestamp: number
  readonly rows: readonly (readonly unknown[])[]
}

class TravelTable {
  readonly directory: string
  readonly #catalog: Catalog
  readonly #name: string
  readonly #model = new Map<unknown, Row>()
  #columns = ['id', 'v']
  readonly past: Past[] = []
  readonly states: ExpectedState[] = []

  constructor(catalog: Catalog, warehouse: string, name: string) {
    this.#catalog = catalog
    this.#name = `db.${name}`
    this.directory = join(warehouse, 'db.db', name)
  }

  async table(): Promise<Table> {
    return await this.#catalog.table(this.#name)
  }

  async write(ids: readonly number[], v: string, more: Row = {}): Promise<void> {
    const rows = ids.map((id) => ({ id, v, ...more }))
    {
      await using writer = await (await this.table()).writer()
      await writer.writeJson([rows])
      await writer.commit({ waitForCompaction: true })
    }
    for (const row of rows) this.#model.set(row.id, row)
    await this.#remember()
  }

  async delete(ids: readonly number[]): Promise<void> {
    await (await this.table()).deleteWhere(`id in (${ids.join(', ')})`)
    for (const id of ids) this.#model.delete(id)
    await this.#remember()
  }

  async addColumn(name: string): Promise<void> {
    await (await this.table()).alter([{ action: 'addColumn', column: name, type: 'STRING' }])
    this.#columns = [...this.#columns, name]
  }

  async tag(name: string): Promise<void> {
    await (await this.table()).tags.create(name)
    this.expect({ tag: name }, this.past.at(-1)!.rows)
  }

  expect(at: NonNullable<TravelRequest['at']>, rows: ExpectedState['rows']): void {
    this.states.push({ request: { table: this.directory, at }, rows })
  }

  async #remember(): Promise<void> {
    const { id: snapshotId, timeMillis } = (await (await this.table()).latestSnapshot())!
    const rows = [...this.#model.values()].map((row) =>
      this.#columns.map((name) => row[name] ?? null),
    )
    this.past.push({ snapshotId, timestamp: timeMillis, rows })
    // No two steps are of one time, and there is time between them.
    await sleep(5)
  }

  /** Each state by its snapshot, and by times within which it was the latest. */
  expectPast(past: readonly Past[] = this.past): void {
    for (const { snapshotId, timestamp, rows } of past) {
      this.expect({ snapshot: snapshotId }, rows)
      this.expect({ timestamp }, rows)
      this.expect({ timestamp: timestamp + 2 }, rows)
    }
    this.expect({ timestamp: past[0]!.timestamp - 3_600_000 }, null)
  }
}

const VECTORS = { 'deletion-vectors.enabled': 'true', 'deletion-vectors.bitmap64': 'true' }
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i)

/** Makes the tables in the warehouse. */
export async function makeTravelTables(io: FileIO, warehouse: string): Promise<ExpectedState[]> {
  const catalog = new Catalog(io, warehouse)
  const create = async (
    name: string,
    options: Record<string, string>,
    primaryKeys: readonly string[] = [],
  ): Promise<TravelTable> => {
    const definition = parseNewSchema({
      fields: [
        { name: 'id', type: 'INT NOT NULL' },
        { name: 'v', type: 'STRING' },
      ],
      primaryKeys,
      options: {
        bucket: primaryKeys.length === 0 ? '-1' : '1',
        'metadata.iceberg.storage': 'table-location',
        ...options,
      },
    })
    await catalog.createTable(`db.${name}`, definition)
    return new TravelTable(catalog, warehouse, name)
  }
  const tables: TravelTable[] = []
  for (const version of ['2', '3']) {
    const vectors = { ...VECTORS, 'metadata.iceberg.format-version': version }
    tables.push(await keyed(await create(`keyed_${version}`, vectors, ['id'])))
    tables.push(await expired(await create(`expired_${version}`, vectors)))
  }
  const tracked = { 'metadata.iceberg.format-version': '3', 'row-tracking.enabled': 'true' }
  tables.push(await rewritten(await create('rewritten', tracked)))
  return tables.flatMap(({ states }) => states)
}

/** Upserts of keys, and a new column. */
async function keyed(table: TravelTable): Promise<TravelTable> {
  await table.write(range(0, 10), 'a')
  await table.write(range(5, 15), 'b')
  await table.tag('before')
  await table.addColumn('w')
  await table.write([2, 20], 'c', { w: 'new' })
  table.expectPast()
  return table
}

/** Deleted rows, and an expiry that a tag outlives. */
async function expired(table: TravelTable): Promise<TravelTable> {
  await table.write(range(0, 10), 'a')
  await table.delete([3, 4])
  await table.tag('kept')
  await table.write(range(10, 12), 'b')
  await table.delete([5, 10])
  const retained = table.past.slice(2)
  await (await table.table()).expire({ retainMin: 2, retainMax: 2 })
  table.expectPast(retained)
  table.expect({ snapshot: 1 }, null)
  return table
}

/** Deleted rows whose files are written anew. */
async function rewritten(table: TravelTable): Promise<TravelTable> {
  await table.write(range(0, 3), 'a')
  await table.write(range(3, 6), 'b')
  await table.delete([1, 4])
  await table.write([6], 'c')
  table.expectPast()
  return table
}
