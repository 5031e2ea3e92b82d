/**
 * System tables: what is stored of a table beside its rows, as tables of their own (`db.t$files`).
 *
 * Names, columns and texts are those of the Java package `org.apache.paimon.table.system` of Paimon 1.4; times are shown
 * in UTC.
 */
import type { TableStore } from '../snapshot/table-store.ts'
import type { DataField } from '../types/data-type.ts'
import { checkSettable } from '../types/option-checks.ts'
import { type DynamicOptions, rawOptions } from '../types/options.ts'
import type { Predicate } from '../types/predicate.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { type LakeError, notFound, unsupported } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import type { BatchResult } from './batch-result.ts'
import { requireOwnBranch } from './plan/read-target.ts'
import { type Changes, type ChangesRequest, TableChanges } from './stream-read.ts'
import { AGGREGATION_FIELDS } from './system/aggregation-fields.ts'
import {
  fieldsOf,
  type SystemContext,
  type SystemReadContext,
  type SystemSource,
} from './system/columns.ts'
import { FILE_KEY_RANGES, FILES } from './system/files.ts'
import { MANIFESTS } from './system/manifests.ts'
import { BUCKETS, PARTITIONS } from './system/partitions.ts'
import { SystemRead, type SystemRow } from './system/read.ts'
import { AUDIT_LOG, BINLOG, READ_OPTIMIZED, ROW_TRACKING, type RowView } from './system/row-view.ts'
import { OPTIONS, SCHEMAS } from './system/schemas.ts'
import { SNAPSHOTS } from './system/snapshots.ts'
import { STATISTICS } from './system/statistics.ts'
import { TABLE_INDEXES } from './system/table-indexes.ts'
import { BRANCHES, CONSUMERS, TAGS } from './system/tags.ts'
import { ViewRead } from './system/view-read.ts'

export interface SystemReadOptions {
  /** The columns to read, in this order; all of them when left out. */
  readonly columns?: readonly string[] | undefined
  readonly where?: Predicate | string | undefined
  readonly limit?: number | undefined
  /** Paimon's dynamic options, such as `scan.snapshot-id`. */
  readonly options?: DynamicOptions | undefined
  readonly signal?: AbortSignal | undefined
}

export interface SystemTable {
  /** `database.table$files` */
  readonly name: string
  readonly fields: readonly DataField[]
  read(options?: SystemReadOptions): BatchResult<SystemRow>
  /** Follows `$audit_log` and `$binlog` as `Table.changes` does a table; UNSUPPORTED for the others. */
  changes(options?: SystemChangesOptions): Changes<SystemRow>
}

/** As for `Table.changes`. */
export interface SystemChangesOptions extends Omit<ChangesRequest, 'options' | 'clock'> {
  readonly options?: DynamicOptions | undefined
}

const SOURCES: Readonly<Record<string, SystemSource<unknown>>> = {
  snapshots: SNAPSHOTS,
  schemas: SCHEMAS,
  options: OPTIONS,
  files: FILES,
  partitions: PARTITIONS,
  buckets: BUCKETS,
  manifests: MANIFESTS,
  tags: TAGS,
  branches: BRANCHES,
  consumers: CONSUMERS,
  statistics: STATISTICS,
  aggregation_fields: AGGREGATION_FIELDS,
  file_key_ranges: FILE_KEY_RANGES,
  table_indexes: TABLE_INDEXES,
}

/** Those that show the table's rows. */
const VIEWS: Readonly<Record<string, RowView>> = {
  audit_log: AUDIT_LOG,
  binlog: BINLOG,
  ro: READ_OPTIMIZED,
  row_tracking: ROW_TRACKING,
}

const KINDS: readonly string[] = [...Object.keys(SOURCES), ...Object.keys(VIEWS)]

/**
 * The system table of the kind (`files`). NOT_FOUND, with the nearest name, for one that there is not; INVALID where the
 * table does not have what it shows.
 */
export function openSystemTable(
  store: TableStore,
  schema: TableSchema,
  tableName: string,
  kind: string,
): SystemTable {
  const name = `${tableName}$${kind}`
  const known = kind.toLowerCase()
  const view = Object.hasOwn(VIEWS, known) ? VIEWS[known] : undefined
  if (view !== undefined) return viewOf(name, view, store, schema)
  if (!Object.hasOwn(SOURCES, known))
    throw notFound(`there is no system table ${name}${didYouMean(kind, KINDS)}`, {
      hint: `there are ${KINDS.join(', ')}`,
    })
  const columns = schema.fields.map((field) => field.name)
  const contextOf = (read: SystemReadContext): SystemContext => {
    requireOwnBranch(store, read.options)
    return { store, schema, ...read }
  }
  return systemTableOf(name, SOURCES[known]!, contextOf, columns)
}

/** The system table that shows the source; `columns` are those that options may name. */
export function systemTableOf<Item, Context extends SystemReadContext>(
  name: string,
  source: SystemSource<Item, Context>,
  contextOf: (read: SystemReadContext) => Context,
  columns: readonly string[] = [],
): SystemTable {
  return {
    name,
    fields: fieldsOf(source.columns),
    read: ({ options: given = {}, signal, ...request } = {}) => {
      const options = rawOptions(given)
      checkSettable(options, columns)
      return new SystemRead(source, contextOf({ options, signal }), request)
    },
    changes: () => {
      throw notFollowed(name)
    },
  }
}

function viewOf(name: string, view: RowView, store: TableStore, schema: TableSchema): SystemTable {
  return {
    name,
    fields: view.columns(schema).map(({ field }) => field),
    read: ({ options: given = {}, signal, ...request } = {}) => {
      const options = rawOptions(given)
      checkSettable(
        options,
        schema.fields.map((field) => field.name),
      )
      return new ViewRead(view, { store, schema, options, signal }, request)
    },
    changes: ({ options = {}, ...request } = {}) => {
      if (!view.isFollowed) throw notFollowed(name)
      const raw = rawOptions(options)
      requireOwnBranch(store, raw)
      return new TableChanges(store, schema, { ...request, options: raw }, view)
    },
  }
}

function notFollowed(name: string): LakeError {
  return unsupported(`${name} cannot be followed`, {
    hint: 'follow the table itself, or its $audit_log or $binlog',
  })
}
