/**
 * Reads one split as batches: raw where its files are the table's rows, merged where keys overlap.
 *
 * Follows the Java classes `RawFileSplitRead` and `MergeFileSplitRead`.
 */
import { commonRanges } from '../../format/row-ranges.ts'
import { fileSections } from '../../lsm/intervals.ts'
import { keyValueLayout } from '../../lsm/key-value.ts'
import { mergeRuns } from '../../lsm/merge-reader.ts'
import { kindsColumn } from '../../lsm/row-kinds.ts'
import type { RunFile } from '../../lsm/run-reader.ts'
import { readRun } from '../../lsm/single-run.ts'
import { batchRowsOf, windowRowsOf } from '../../lsm/window-rows.ts'
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { CastError } from '../../types/cast/rule.ts'
import { sliceBatch } from '../../types/column-slice.ts'
import { takeBatch } from '../../types/column-take.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import {
  SEQUENCE_NUMBER_FIELD,
  SYSTEM_FIELD_ID_START,
  VALUE_KIND_FIELD,
} from '../../types/field-ids.ts'
import { tableOptions } from '../../types/options.ts'
import { columnsOf, projectTo } from '../../types/predicate-analysis.ts'
import { bindPredicate } from '../../types/predicate-bind.ts'
import { selectRows } from '../../types/predicate-rows.ts'
import type { Predicate } from '../../types/predicate.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { hasPrimaryKey, trimmedKeyFields } from '../../types/schema-keys.ts'
import { deferredField, throwDeferred, valuesOf } from '../file/deferred-casts.ts'
import { openJoinedFile } from '../file/joined-file.ts'
import { chooseRows, type RowFilter, rowFilter } from '../file/row-filter.ts'
import { evolvesData, groupByRowIds } from '../file/row-ranges.ts'
import { type RowIdTest, rowsWithIds } from '../file/row-tracking.ts'
import { type FileContext, openTableFile } from '../file/table-file.ts'
import type { Split } from '../plan/split.ts'
import { diffBatches } from './diff-read.ts'

export interface SplitReadOptions {
  /** The columns to return, in this order. */
  readonly fields: readonly DataField[]
  readonly where?: Predicate | undefined
  /** Rows of other ids may be left out. */
  readonly rowIds?: RowIdTest | undefined
  /** Gives the kind of each row behind the fields: a TINYINT column of {@link RowKind} codes. */
  readonly kinds?: boolean | undefined
  /** Gives keys whose last row deletes too, as rows of kind -D; goes with `kinds`. */
  readonly keepDeletes?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** The matching rows of the split, of the asked columns. */
export async function* readSplit(
  context: FileContext,
  split: Split,
  options: SplitReadOptions,
): AsyncGenerator<Batch, void, undefined> {
  let given = 0
  try {
    for await (const batch of readChosen(context, split, options, false)) {
      given += batch.length
      yield batch
    }
    return
  } catch (error) {
    if (!(error instanceof CastError) || !canDefer(context.schema, split)) throw error
  }
  // Rows that are not shown may have values that cannot be cast: once more, with an eye to which rows those are.
  for await (const batch of readChosen(context, split, options, true)) {
    const from = Math.min(given, batch.length)
    given -= from
    if (from < batch.length) yield sliceBatch(batch, from, batch.length)
  }
}

/** Whether whole values are what reading the split chooses among. */
function canDefer(schema: TableSchema, { before }: Split): boolean {
  const engine = tableOptions(schema.options).get('merge-engine')
  const composes = engine === 'partial-update' || engine === 'aggregation'
  return before === undefined && !evolvesData(schema) && !(hasPrimaryKey(schema) && composes)
}

async function* readChosen(
  context: FileContext,
  split: Split,
  options: SplitReadOptions,
  defers: boolean,
): AsyncGenerator<Batch, void, undefined> {
  const { fields, where, kinds = false } = options
  const { schema } = context
  const filterNames = where === undefined ? [] : columnsOf(where)
  // Columns that only the filter looks at are read behind the others, and dropped after it.
  const extra = filterNames
    .filter((name) => !fields.some((field) => field.name === name))
    .map((name) => schema.fields.find((field) => field.name === name)!)
  const read = [...fields, ...extra]
  const source = defers ? deferredFields(schema, read) : read
  const filter = where && bindPredicate(where, read)
  for await (const batch of readRows(context, split, source, options)) {
    if (defers) throwDeferred(batch, source, ({ name }) => filterNames.includes(name))
    const values = defers ? valuesOf(batch, source) : batch
    const rows = filter === undefined ? null : selectRows(filter, values)
    if (defers) throwDeferred(rows === null ? batch : takeBatch(batch, rows), source)
    const { length, columns } = rows === null ? values : takeBatch(values, rows)
    if (length === 0) continue
    const chosen = columns.slice(0, fields.length)
    yield { length, columns: kinds ? [...chosen, columns.at(-1)!] : chosen }
  }
}

/** The columns that no merge looks at, deferred. */
function deferredFields(schema: TableSchema, fields: readonly DataField[]): DataField[] {
  const { keys, sequence } = keyValueLayout(schema)
  const merged = new Set([...keys, ...sequence].map(({ id }) => id))
  return fields.map((field) =>
    merged.has(field.id) || field.id >= SYSTEM_FIELD_ID_START ? field : deferredField(field),
  )
}

/** The rows of the split; with `kinds`, their kinds are the last column. */
async function* readRows(
  context: FileContext,
  split: Split,
  fields: readonly DataField[],
  options: SplitReadOptions,
): AsyncGenerator<Batch, void, undefined> {
  const { kinds = false } = options
  const keyed = hasPrimaryKey(context.schema)
  if (keyed && split.before !== undefined) {
    yield* readDiff(context, split, fields, options)
  } else if (keyed && split.isStreaming) {
    const batches = readRaw(context, split, [...fields, VALUE_KIND_FIELD], options)
    if (kinds) return yield* batches
    for await (const { length, columns } of batches) yield { length, columns: columns.slice(0, -1) }
  } else if (split.rawConvertible || !keyed) {
    for await (const batch of readRaw(context, split, fields, options))
      yield kinds ? withInserts(batch) : batch
  } else yield* readMerged(context, split, fields, options)
}

/** What has changed since the earlier state of the bucket. */
async function* readDiff(
  context: FileContext,
  split: Split,
  fields: readonly DataField[],
  { where, kinds = false, keepDeletes = false, signal }: SplitReadOptions,
): AsyncGenerator<Batch, void, undefined> {
  if (split.files.length === 0 && !keepDeletes) return
  const { schema } = context
  const keyNames = trimmedKeyFields(schema).map(({ name }) => name)
  // Both sides have to show the same keys, so only what the filter says of keys may leave rows out.
  const ofKeys = where && projectTo(where, keyNames)
  // Whole rows are compared, and their numbers; system columns that are only returned are behind them.
  const compared = [...schema.fields, SEQUENCE_NUMBER_FIELD]
  const isCompared = new Set(compared.map(({ id }) => id))
  const read = [...compared, ...fields.filter(({ id }) => !isCompared.has(id))]
  const options = { fields: read, where: ofKeys, kinds: true, keepDeletes, signal }
  const [before, after] = [{ ...split, ...split.before }, split].map((side) =>
    readMerged(context, side, read, options),
  )
  const layout = keyValueLayout(schema)
  const positions = fields.map(({ id }) => read.findIndex((field) => field.id === id))
  for await (const batch of diffBatches(before!, after!, { layout, keepDeletes, signal })) {
    const columns = positions.map((position) => batch.columns[position]!)
    yield { length: batch.length, columns: kinds ? [...columns, batch.columns.at(-1)!] : columns }
  }
}

/** The batch with a column more, which says that every row is an insert. */
function withInserts({ length, columns }: Batch): Batch {
  return { length, columns: [...columns, kindsColumn(new Int8Array(length))] }
}

async function* readRaw(
  context: FileContext,
  split: Split,
  fields: readonly DataField[],
  { where, rowIds, signal }: SplitReadOptions,
): AsyncGenerator<Batch, void, undefined> {
  const filter = where && rowFilter(where, context.schema.fields)
  // Files that hold columns of the same rows are read as one.
  const groups = evolvesData(context.schema)
    ? groupByRowIds(split.files)
    : split.files.map((file) => [file])
  for (const group of groups) {
    const open = await openJoinedFile(context, split, group, signal)
    const matching = filter && (await chooseRows(open, filter, signal))
    const rows = commonRanges(matching ?? null, rowIds ? rowsWithIds(group, rowIds) : null)
    const cursor = open.cursor({ fields, rows: rows ?? undefined })
    const batchRows = rowsPerBatch(group, 1)
    for (;;) {
      const batch = await cursor.read(batchRows)
      if (batch === null) break
      yield batch
    }
  }
}

async function* readMerged(
  context: FileContext,
  split: Split,
  fields: readonly DataField[],
  { where, kinds, keepDeletes, signal }: SplitReadOptions,
): AsyncGenerator<Batch, void, undefined> {
  const { schema } = context
  const layout = keyValueLayout(schema)
  const keys = trimmedKeyFields(schema)
  const keyFilter = where && demandOf(where, keys)
  const anyFilter = where && rowFilter(where, schema.fields)
  for (const section of fileSections(split.files, keys)) {
    const files = section.flat()
    const windowRows = rowsPerBatch(files, section.length)
    // Where a key has only one row, any filter may skip rows of the file; else only one on the key may.
    const filter = section.length === 1 ? anyFilter : keyFilter
    const runs = section.map((run) =>
      run.map((file) => runFile(context, split, file, filter, signal)),
    )
    const read = { layout, fields, windowRows, kinds, keepDeletes, signal }
    yield* runs.length === 1 ? readRun(runs[0]!, read) : mergeRuns(runs, read)
  }
}

function demandOf(where: Predicate, fields: readonly DataField[]): RowFilter | undefined {
  const names = fields.map(({ name }) => name)
  const demand = projectTo(where, names)
  return demand && rowFilter(demand, fields)
}

function runFile(
  context: FileContext,
  split: Split,
  file: DataFileMeta,
  filter: RowFilter | undefined,
  signal: AbortSignal | undefined,
): RunFile {
  return {
    open: () => openTableFile(context, split, file, signal),
    rows: async (open) => (filter === undefined ? null : await chooseRows(open, filter, signal)),
    level: file.level,
    hasDeletes: file.deleteRowCount !== 0,
  }
}

function rowsPerBatch(files: readonly DataFileMeta[], runCount: number): number {
  return runCount > 1 ? windowRowsOf(files, runCount) : batchRowsOf(files)
}
