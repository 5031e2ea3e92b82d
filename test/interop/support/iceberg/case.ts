/** A table that Iceberg clients are to read: how it is made, what it holds by a plain model, and which states are checked. */
import { Catalog } from '../../../../src/catalog/catalog.ts'
import type { FileIO } from '../../../../src/io/file-io.ts'
import type { Table } from '../../../../src/table/table.ts'
import { batchBuilder, finishBatch } from '../../../../src/types/column-builder.ts'
import type { DataField } from '../../../../src/types/data-type.ts'
import { jsonAppender, jsonReader, type JsonValue } from '../../../../src/types/json-value.ts'
import { parseNewSchema } from '../../../../src/types/new-schema.ts'
import { tableOptions } from '../../../../src/types/options.ts'
import type { SchemaChange } from '../../../../src/types/schema-change.ts'
import { valueRows } from './values.ts'

type Row = Readonly<Record<string, unknown>>

export interface IcebergCase {
  /** Of the table; letters, digits and underscores. */
  readonly name: string
  /** What of Paimon it shows: the row of the page of clients that it counts for. */
  readonly group: string
  /** Of the Iceberg format; 2 unless told. */
  readonly version?: 2 | 3
  /** Types as SQL writes them, by column. */
  readonly fields: Readonly<Record<string, string>>
  readonly partitionKeys?: readonly string[]
  readonly primaryKeys?: readonly string[]
  readonly options?: Readonly<Record<string, string>>
  readonly steps: (table: CaseTable) => Promise<void>
}

/** A state that is checked beside the latest. */
export type CheckedState = { readonly tag: string } | { readonly snapshot: number }

/** The table of a case while it is made. Each step opens it anew, as another process would. */
export class CaseTable {
  readonly #io: FileIO
  readonly #warehouse: string
  #name: string
  /** Rows by key, or by a number where there is none; null where the model knows too little. */
  #model: Map<string, JsonValue> | null = new Map()
  #rowCount = 0
  /** What of the model clients see. */
  #shown: readonly JsonValue[] | null = []
  readonly states: CheckedState[] = []

  /** @internal Use {@link createCase}. */
  constructor(io: FileIO, warehouse: string, name: string) {
    this.#io = io
    this.#warehouse = warehouse
    this.#name = name
  }

  /** The table, opened anew. */
  async open(): Promise<Table> {
    return await new Catalog(this.#io, this.#warehouse).table(this.#name)
  }

  /** The name of the table in its database. */
  get tableName(): string {
    return this.#name.slice('db.'.length)
  }

  /** What clients have to see by the model; null where it does not know. */
  get shown(): readonly JsonValue[] | null {
    return this.#shown
  }

  /** So many rows of edges, from the given number on. */
  async writeValues(count: number, from = 0): Promise<void> {
    const { schema } = await this.open()
    await this.write(valueRows(schema.fields, count, from))
  }

  /** One commit; a row may have its kind in `_kind`. */
  async write(rows: readonly Row[], options: Readonly<Record<string, string>> = {}): Promise<void> {
    const table = (await this.open()).withOptions(options)
    {
      await using writer = await table.writer()
      await writer.writeJson([rows])
      await writer.commit({ waitForCompaction: true })
    }
    const { fields, primaryKeys } = table.schema
    const plain = asRead(
      fields,
      rows.map(({ _kind, ...row }) => row),
    )
    for (const [i, row] of plain.entries()) {
      const key = primaryKeys.length === 0 ? `#${this.#rowCount++}` : keyOf(primaryKeys, row)
      if (rows[i]!['_kind'] === '-D') this.#model?.delete(key)
      else this.#model?.set(key, row)
    }
    await this.#see(false)
  }

  /** Deletes the rows that the filter chooses, of which `fits` tells the same of a row as it is read. */
  async deleteWhere(
    where: string,
    fits: (row: Record<string, JsonValue>) => boolean,
  ): Promise<void> {
    await (await this.open()).deleteWhere(where)
    for (const [key, row] of this.#model ?? [])
      if (fits(row as Record<string, JsonValue>)) this.#model!.delete(key)
    await this.#see(false)
  }

  /** Compacts all buckets whole. */
  async compact(): Promise<void> {
    await (await this.open()).compact({ full: true })
    await this.#see(true)
  }

  /** After this the model does not know what rows look like. */
  async alter(changes: readonly SchemaChange[]): Promise<void> {
    await (await this.open()).alter(changes)
    this.forget()
  }

  async rename(to: string): Promise<void> {
    await new Catalog(this.#io, this.#warehouse).renameTable(this.#name, `db.${to}`)
    this.#name = `db.${to}`
  }

  /** What the model does not follow. */
  async change(body: (table: Table) => Promise<unknown>): Promise<void> {
    await body(await this.open())
    this.forget()
  }

  /** From here on only what this library reads is what clients have to. */
  forget(): void {
    this.#model = null
    this.#shown = null
  }

  /** A tag of the latest snapshot, which is checked too. */
  async tag(name: string): Promise<void> {
    await (await this.open()).tags.create(name)
    this.states.push({ tag: name })
  }

  /** The latest snapshot is checked too, whatever comes after. */
  async keep(): Promise<void> {
    const snapshot = await (await this.open()).latestSnapshot()
    this.states.push({ snapshot: snapshot!.id })
  }

  async #see(isCompacted: boolean): Promise<void> {
    if (this.#model === null) return
    const { schema } = await this.open()
    const options = tableOptions(schema.options)
    const isPlain = schema.primaryKeys.length === 0 || options.get('deletion-vectors.enabled')
    const compactsAlways = options.get('full-compaction.delta-commits') === 1
    if (isPlain || isCompacted || compactsAlways) this.#shown = [...this.#model.values()]
  }
}

const keyOf = (primaryKeys: readonly string[], row: JsonValue): string =>
  JSON.stringify(primaryKeys.map((name) => (row as Record<string, JsonValue>)[name]))

/** Rows of JSON as they are printed once they are read. */
function asRead(fields: readonly DataField[], rows: readonly Row[]): JsonValue[] {
  const builder = batchBuilder(fields)
  const append = jsonAppender(fields)
  for (const [i, row] of rows.entries()) append(builder, row, i)
  const read = jsonReader(finishBatch(builder), fields)
  return rows.map((_, i) => read(i))
}

/** Makes the table of a case, empty; its name in the warehouse is `db.NAME`. */
export async function createCase(
  io: FileIO,
  warehouse: string,
  each: IcebergCase,
): Promise<CaseTable> {
  const name = `db.${each.name}`
  const { fields, partitionKeys = [], primaryKeys = [], version = 2 } = each
  const definition = parseNewSchema({
    fields: Object.entries(fields).map(([column, type]) => ({ name: column, type })),
    partitionKeys,
    primaryKeys,
    options: {
      bucket: primaryKeys.length === 0 ? '-1' : '2',
      'metadata.iceberg.storage': 'table-location',
      'metadata.iceberg.format-version': String(version),
      ...each.options,
    },
  })
  await new Catalog(io, warehouse).createTable(name, definition)
  return new CaseTable(io, warehouse, name)
}
