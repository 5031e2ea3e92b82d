/** One table with two owners: this library and Java write, compact and read it in turns, and a model says what is right. */
import { expect } from 'vitest'

import { Catalog } from '../../../src/catalog/catalog.ts'
import type { FileIO } from '../../../src/io/file-io.ts'
import { scanEntries } from '../../../src/snapshot/manifest-scan.ts'
import type { Table } from '../../../src/table/table.ts'
import type { DataField } from '../../../src/types/data-type.ts'
import { jsonReader } from '../../../src/types/json-value.ts'
import type { Predicate } from '../../../src/types/predicate.ts'
import { schemaFileText } from '../../../src/types/schema-file.ts'
import { canonicalRow, differences, NO_DIFFERENCES, readRows } from '../../support/golden-expect.ts'
import { batchOf } from '../../support/random-columns.ts'
import type { RandomTable } from '../../support/random-tables.ts'
import { type KindedRow, rowTexts, TableModel } from '../../support/table-model.ts'
import { type InputForm, writeInput } from '../../support/write-inputs.ts'
import type { JavaFilter, JavaWarehouse, JsonSchema } from './java.ts'

/** Java needs more memory than the smallest that random tables are told to write with. */
const JAVA_MEMORY = {
  'write-buffer-size': '16 mb',
  // With more buckets than this Java numbers the rows of append tables anew from where they were.
  'write-max-writers-to-spill': '100000',
}

export class SharedTable {
  readonly name: string
  readonly table: RandomTable
  readonly java: JavaWarehouse
  readonly ours: Table
  readonly model: TableModel
  readonly #catalog: Catalog

  private constructor(
    name: string,
    table: RandomTable,
    java: JavaWarehouse,
    ours: Table,
    catalog: Catalog,
  ) {
    this.name = name
    this.table = table
    this.java = java
    this.ours = ours
    this.model = new TableModel(table)
    this.#catalog = catalog
  }

  static async create(
    name: string,
    table: RandomTable,
    java: JavaWarehouse,
    { io, warehouse }: { readonly io: FileIO; readonly warehouse: string },
    creator: 'we' | 'Java',
  ): Promise<SharedTable> {
    const catalog = new Catalog(io, warehouse)
    if (creator === 'we') await catalog.createTable(name, table.definition)
    else await java.create(name, jsonSchema(table))
    return new SharedTable(name, table, java, await catalog.table(name), catalog)
  }

  async weWrite(rows: readonly KindedRow[], form: InputForm = 'rows'): Promise<void> {
    await using writer = await this.ours.writer()
    await writer.write(writeInput(this.table.schema.fields, rows, form))
    await writer.commit()
    this.model.flush(rows)
  }

  /** `options` are Paimon's dynamic ones. */
  async javaWrites(
    rows: readonly KindedRow[],
    options: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await this.java.write(this.name, kindedTexts(this.table, rows), {
      options: { ...JAVA_MEMORY, ...options },
    })
    this.model.flush(rows)
  }

  async javaCompacts(): Promise<void> {
    await this.java.compact(this.name, JAVA_MEMORY)
    this.model.compact()
  }

  /** Both read what the model holds. */
  async check(): Promise<void> {
    const expected = this.model.texts()
    checkRows('we', await readRows(this.ours.read()), expected)
    checkRows('Java', await this.java.read(this.name), expected)
  }

  /** How Java describes the files of the table, and what manifests say of them, without what is no two files' own. */
  async describedFiles(): Promise<{ shown: unknown[]; entries: unknown[] }> {
    const shown = comparableFiles(await this.java.read(`${this.name}$files`))
    return { shown, entries: await comparableEntries(this.ours) }
  }

  /** What manifests and snapshots sum up of the files, without what is no two tables' own. */
  async describedSnapshots(): Promise<{ snapshots: unknown[]; manifests: unknown[] }> {
    const { snapshots, manifests } = this.ours.store
    const last = (await snapshots.readLatest())?.id ?? 0
    const found: unknown[] = []
    const lists: unknown[] = []
    for (let id = 1; id <= last; id++) {
      const snapshot = await snapshots.read(id)
      const { commitUser: _user, commitIdentifier: _id, timeMillis: _time, ...rest } = snapshot
      found.push(Object.entries(rest).filter(([name]) => !/ManifestList/.test(name)))
      const metas = await manifests.readDataManifests(snapshot)
      for (const { fileName: _name, fileSize: _size, ...meta } of metas)
        lists.push(JSON.stringify(meta, printable))
    }
    return { snapshots: found, manifests: lists }
  }

  /** Both show the same of the table's metadata, now and in the oldest snapshot. */
  async checkSystemTables(): Promise<void> {
    for (const kind of SYSTEM_TABLES)
      if (kind !== 'partitions' || isPartitionReadable(this.table))
        await this.#checkSystemTable(kind)
    const [oldest] = await this.ours.store.snapshots.ids()
    if (oldest === undefined) return
    const options = { 'scan.snapshot-id': String(oldest) }
    await this.#checkSystemTable('manifests', options)
    // Java leaves out the files of partitions that are no longer there, of a table without any when it is empty.
    const isOnePartition = this.table.schema.partitionKeys.length === 0
    if (isOnePartition && (await this.java.read(`${this.name}$files`)).length > 0)
      await this.#checkSystemTable('files', options)
  }

  async #checkSystemTable(
    kind: string,
    options: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const name = `${this.name}$${kind}`
    const ours = (await this.#catalog.systemTable(name)).read({ options })
    const theirs = await this.java.read(name, { options })
    const [shown, expected] = [await readRows(ours), theirs].map((texts) =>
      texts.map((text) => comparableRow(text, this.table)),
    )
    checkRows(`we ${kind} ${JSON.stringify(options)}, and Java`, shown!, expected!)
  }

  /** Java expires the older snapshots; what it leaves is whole, and reads as before. */
  async javaExpires(retain: number): Promise<void> {
    await this.java.expire(this.name, retain)
    await this.checkFiles()
    await this.check()
    await this.checkHistory()
    await this.checkSystemTables()
  }

  /** Our check finds nothing wrong with the table, whoever wrote its files, and neither side a file too many. */
  async checkFiles(): Promise<void> {
    const { damage, counts } = await this.ours.check({ allSnapshots: true })
    const texts = damage.map((finding) => JSON.stringify(finding))
    checkRows('our check', texts, [])
    checkRows('our check of orphans', [String(counts.orphanFiles)], ['0'])
    checkRows('orphans of Java', await this.java.orphans(this.name), [])
  }

  /** Both read the same rows in each snapshot there is. */
  async checkHistory(): Promise<void> {
    for (const id of await this.ours.store.snapshots.ids()) {
      const theirs = await this.java.read(this.name, {
        options: { 'scan.snapshot-id': String(id) },
      })
      checkRows(
        `we in snapshot ${id}, and Java`,
        await readRows(this.ours.read({ at: { snapshot: id } })),
        theirs,
      )
    }
  }

  /** Both find the same rows behind a filter: statistics mislead nobody. */
  async checkFilter(
    filter: JavaFilter,
    where: Predicate,
    accepts: (row: KindedRow['row']) => boolean,
  ): Promise<void> {
    const expected = this.model
      .rows()
      .filter(({ row }) => accepts(row))
      .map(({ text }) => text)
    const text = JSON.stringify(filter)
    checkRows(`we where ${text}`, await readRows(this.ours.read({ where })), expected)
    const rows = await this.java.read(this.name, { where: filter })
    checkRows(`Java where ${text}`, rows, expected)
  }
}

const SYSTEM_TABLES = [
  'snapshots',
  'schemas',
  'options',
  'files',
  'partitions',
  'buckets',
  'manifests',
] as const

/** Java cannot parse the older names of its own timestamps, which it does to show partitions. */
function isPartitionReadable({ schema }: RandomTable): boolean {
  const isTimestamp = ({ name, type }: DataField): boolean =>
    schema.partitionKeys.includes(name) && type.kind.startsWith('TIMESTAMP')
  return schema.options['partition.legacy-name'] === 'false' || !schema.fields.some(isTimestamp)
}

/** A row of a system table as it can be compared. */
function comparableRow(text: string, { schema }: RandomTable): string {
  const row = JSON.parse(text) as Record<string, unknown>
  // Java shows the identities of binaries in keys, and this library their digits.
  const isBinary = ({ name, type }: DataField): boolean =>
    schema.primaryKeys.includes(name) && type.kind.endsWith('BINARY')
  if (schema.fields.some(isBinary)) for (const name of ['min_key', 'max_key']) delete row[name]
  // The options of a schema are one text, which Java prints in the order of a hash map.
  if (typeof row['options'] === 'string') {
    const options = Object.entries(JSON.parse(row['options']) as Record<string, string>)
    row['options'] = options.map(([name, value]) => `${name}=${value}`).toSorted()
  }
  return canonicalRow(row)
}

/** Rows of `$files` in one order, their texts of many columns split by column. */
function comparableFiles(texts: readonly string[]): unknown[] {
  const files = texts.map((text) => JSON.parse(text) as Record<string, unknown>)
  for (const file of files) {
    for (const name of ['file_path', 'file_size_in_bytes', 'creation_time']) delete file[name]
    for (const name of ['null_value_counts', 'min_value_stats', 'max_value_stats'])
      file[name] = String(file[name]).split(/, (?=\w+=)/)
    // Java shows the identities of byte arrays in keys.
    for (const name of ['min_key', 'max_key'])
      file[name] = String(file[name]).replaceAll(/\[B@[0-9a-f]+/g, '[B')
  }
  return files.toSorted((a, b) => (fileOrder(a) < fileOrder(b) ? -1 : 1))
}

function fileOrder({
  partition,
  bucket,
  min_sequence_number: first,
  ...rest
}: Record<string, unknown>): string {
  return JSON.stringify([partition, bucket, String(first).padStart(20, '0'), rest])
}

/** Entries of manifests, which have more than Java shows: statistics of keys among others. */
async function comparableEntries({ store }: Table): Promise<unknown[]> {
  const snapshot = await store.snapshots.readLatest()
  const entries = await scanEntries(store.manifests, snapshot!, 'all')
  const shown = entries.map(({ file, ...entry }) =>
    JSON.stringify({ ...entry, ...file, fileName: '', fileSize: 0, creationTime: 0 }, printable),
  )
  return shown.toSorted().map((text) => JSON.parse(text) as unknown)
}

function printable(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  return typeof value === 'bigint' ? String(value) : value
}

function checkRows(reader: string, actual: readonly string[], expected: readonly string[]): void {
  expect({ reader, ...differences(actual, expected) }).toEqual({ reader, ...NO_DIFFERENCES })
}

/** The schema as Java takes it. */
export function jsonSchema({ schema }: Pick<RandomTable, 'schema'>): JsonSchema {
  const { fields, partitionKeys, primaryKeys, options } = JSON.parse(
    schemaFileText(schema),
  ) as JsonSchema
  return { fields, partitionKeys, primaryKeys, options }
}

/** The rows as Java takes them. */
export function kindedTexts(
  { schema }: Pick<RandomTable, 'schema'>,
  rows: readonly KindedRow[],
): string[] {
  const texts = rowTexts(schema.fields, rows)
  return rows.map(({ kind }, i) => `{"_kind":"${kind}",${texts[i]!.slice(1)}`)
}

/** The value of one cell as JSON; -0, which JSON's numbers lose, as a text. */
export function cellJson(
  { schema }: RandomTable,
  name: string,
  cell: KindedRow['row'][number],
): unknown {
  const field = schema.fields.find((each) => each.name === name)!
  const value = jsonReader(batchOf([field], [[cell]]), [field])(0)[name]
  return Object.is(value, -0) ? '-0.0' : value
}
