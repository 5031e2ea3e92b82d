/**
 * The system tables of a whole catalog, which are in the database `sys`.
 *
 * Follow the Java classes `AllTablesTable`, `AllPartitionsTable`, `AllTableOptionsTable` and `CatalogOptionsTable`, with
 * what a catalog of files knows: not who made a table, and no counts but those of partitions.
 */
import type { TableStore } from '../snapshot/table-store.ts'
import { type SystemTable, systemTableOf } from '../table/system-tables.ts'
import { column, long, type SystemReadContext, type SystemSource } from '../table/system/columns.ts'
import { type FileSums, readSums } from '../table/system/partitions.ts'
import type { RawOptions } from '../types/options.ts'
import { decodePartition, partitionText } from '../types/partition.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { notFound } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import { isSecretName } from '../util/secret-name.ts'

/** The database of these tables. */
export const SYSTEM_DATABASE = 'sys'

/** A table, as the catalog finds it. */
export interface StoredTable {
  readonly database: string
  readonly table: string
  readonly store: TableStore
  readonly schema: TableSchema
}

/** What these tables tell of. */
export interface GlobalContent {
  readonly catalogOptions: RawOptions
  /** All tables of all databases, in the order of their names. */
  tables(signal: AbortSignal | undefined): AsyncIterable<StoredTable>
}

interface GlobalContext extends SystemReadContext {
  readonly content: GlobalContent
}

const TABLES: SystemSource<StoredTable, GlobalContext> = {
  columns: [
    column('database_name', 'STRING', ({ database }) => database),
    column('table_name', 'STRING', ({ table }) => table),
    column('table_type', 'STRING', ({ schema }) => schema.options['type'] ?? 'table'),
    column('partitioned', 'BOOLEAN', ({ schema }) => schema.partitionKeys.length > 0),
    column('primary_key', 'BOOLEAN', ({ schema }) => schema.primaryKeys.length > 0),
    column('owner', 'STRING', ({ schema }) => schema.options['owner'] ?? null),
    column('created_at', 'BIGINT', ({ schema }) => longText(schema.options['createdAt'])),
    column('created_by', 'STRING', ({ schema }) => schema.options['createdBy'] ?? null),
    column('updated_at', 'BIGINT', ({ schema }) => longText(schema.options['updatedAt'])),
    column('updated_by', 'STRING', ({ schema }) => schema.options['updatedBy'] ?? null),
    // Only catalogs that keep snapshots themselves know of these.
    column('record_count', 'BIGINT', () => null),
    column('file_size_in_bytes', 'BIGINT', () => null),
    column('file_count', 'BIGINT', () => null),
    column('last_file_creation_time', 'BIGINT', () => null),
  ],
  items: ({ content, signal }) => content.tables(signal),
}

/** A whole number, as other catalogs keep times among the options. */
function longText(text: string | undefined): bigint | null {
  return text !== undefined && /^[+-]?\d{1,18}$/.test(text) ? BigInt(text) : null
}

interface PartitionItem {
  readonly of: StoredTable
  readonly name: string
  readonly sums: FileSums
}

const PARTITIONS: SystemSource<PartitionItem, GlobalContext> = {
  columns: [
    column('database_name', 'STRING', ({ of }) => of.database),
    column('table_name', 'STRING', ({ of }) => of.table),
    column('partition_name', 'STRING', ({ name }) => name),
    column('record_count', 'BIGINT', ({ sums }) => long(sums.rowCount)),
    column('file_size_in_bytes', 'BIGINT', ({ sums }) => long(sums.fileSizeBytes)),
    column('file_count', 'BIGINT', ({ sums }) => long(sums.fileCount)),
    column('last_file_creation_time', 'BIGINT', ({ sums }) => sums.lastCreationTime),
    // A catalog of files does not know when a partition is done.
    column('done', 'BOOLEAN', () => false),
  ],
  async *items({ content, signal }) {
    for await (const of of content.tables(signal)) {
      const { store, schema } = of
      if (schema.partitionKeys.length === 0) continue
      const context = { store, schema, options: {}, signal }
      const { fields, naming, sums: all } = await readSums(context, false)
      for (const sums of all) {
        const values = decodePartition(fields, sums.partition)
        const texts = fields.map(({ name, type }, i) => {
          const text = partitionText(type, values[i] ?? null, naming)
          return `${name}=${text}`
        })
        yield { of, name: texts.join('/'), sums }
      }
    }
  },
}

interface OptionItem {
  readonly of: StoredTable
  readonly name: string
  readonly value: string
}

const TABLE_OPTIONS: SystemSource<OptionItem, GlobalContext> = {
  columns: [
    column('database_name', 'STRING', ({ of }) => of.database),
    column('table_name', 'STRING', ({ of }) => of.table),
    column('key', 'STRING', ({ name }) => name),
    column('value', 'STRING', ({ value }) => value),
  ],
  async *items({ content, signal }) {
    for await (const of of content.tables(signal)) {
      const options = { ...of.schema.options, path: of.store.location.root }
      for (const [name, value] of Object.entries(options)) yield { of, name, value }
    }
  },
}

const CATALOG_OPTIONS: SystemSource<readonly [name: string, value: string], GlobalContext> = {
  columns: [
    column('key', 'STRING NOT NULL', ([name]) => name),
    // Java shows secrets too.
    column('value', 'STRING NOT NULL', ([name, value]) => (isSecretName(name) ? '***' : value)),
  ],
  // oxlint-disable-next-line require-await -- the items of other tables are read
  async *items({ content }) {
    yield* Object.entries(content.catalogOptions)
  },
}

const SOURCES: Readonly<Record<string, SystemSource<unknown, GlobalContext>>> = {
  tables: TABLES,
  partitions: PARTITIONS,
  all_table_options: TABLE_OPTIONS,
  catalog_options: CATALOG_OPTIONS,
}

/** The names of the tables in the database `sys`. */
export const GLOBAL_TABLES: readonly string[] = Object.keys(SOURCES)

/** The table `sys.NAME`; NOT_FOUND, with the nearest name, when there is none. */
export function openGlobalTable(content: GlobalContent, name: string): SystemTable {
  const known = name.toLowerCase()
  const source = Object.hasOwn(SOURCES, known) ? SOURCES[known]! : undefined
  if (source === undefined)
    throw notFound(
      `there is no table ${SYSTEM_DATABASE}.${name}${didYouMean(name, GLOBAL_TABLES)}`,
      { hint: `there are ${GLOBAL_TABLES.join(', ')}` },
    )
  return systemTableOf(`${SYSTEM_DATABASE}.${known}`, source, (read) => ({ ...read, content }))
}
