/**
 * Reads one split as batches: raw where its files are the table's rows, merged where keys overlap.
 *
 * Follows the Java classes `RawFileSplitRead` and `MergeFileSplitRead`.
 */
import { type DataFile, openDataFile } from '../format/data-file.ts'
import type { FileIO } from '../io/file-io.ts'
import { keyValueLayout } from '../lsm/key-value.ts'
import { mergeRuns } from '../lsm/merge-reader.ts'
import type { RunFile } from '../lsm/run-reader.ts'
import { readRun } from '../lsm/single-run.ts'
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import { type DataLayout, dataFilePath } from '../snapshot/data-paths.ts'
import type { SchemaStore } from '../snapshot/schema-store.ts'
import { takeBatch } from '../types/column-take.ts'
import type { Batch } from '../types/column.ts'
import type { DataField } from '../types/data-type.ts'
import { columnsOf, projectTo } from '../types/predicate-analysis.ts'
import { bindPredicate } from '../types/predicate-bind.ts'
import { selectRows } from '../types/predicate-rows.ts'
import type { Predicate } from '../types/predicate.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { trimmedKeyFields } from '../types/schema-keys.ts'
import { storedFields } from './file-schema.ts'
import { chooseRows, type RowFilter, rowFilter } from './row-filter.ts'
import { fileSections, type Split } from './split.ts'

export interface SplitReadContext {
  readonly io: FileIO
  readonly layout: DataLayout
  readonly schemas: SchemaStore
  /** The schema that rows are read with. */
  readonly schema: TableSchema
}

export interface SplitReadOptions {
  /** The columns to return, in this order. */
  readonly fields: readonly DataField[]
  readonly where?: Predicate | undefined
  readonly signal?: AbortSignal | undefined
}

/** Rows of a batch are so many that they take about this much. */
const BATCH_BYTES = 16 << 20
const BATCH_ROWS_MAX = 65_536
const BATCH_ROWS_MIN = 1024
/** A window of a merge is as long as a page that Java writes, so that strings mostly lie in one page. */
const WINDOW_ROWS_MAX = 20_000
/** Compressed files are taken to grow by this when they are read. */
const GROWTH = 3

/** The matching rows of the split, of the asked columns. */
export async function* readSplit(
  context: SplitReadContext,
  split: Split,
  options: SplitReadOptions,
): AsyncGenerator<Batch, void, undefined> {
  const { fields, where } = options
  const { schema } = context
  // Columns that only the filter looks at are read behind the others, and dropped after it.
  const extra =
    where === undefined
      ? []
      : columnsOf(where)
          .filter((name) => !fields.some((field) => field.name === name))
          .map((name) => schema.fields.find((field) => field.name === name)!)
  const read = [...fields, ...extra]
  const filter = where && bindPredicate(where, read)
  const batches = split.rawConvertible
    ? readRaw(context, split, read, options)
    : readMerged(context, split, read, options)
  for await (const batch of batches) {
    const rows = filter === undefined ? null : selectRows(filter, batch)
    const chosen = rows === null ? batch : takeBatch(batch, rows)
    if (chosen.length > 0)
      yield { length: chosen.length, columns: chosen.columns.slice(0, fields.length) }
  }
}

async function* readRaw(
  context: SplitReadContext,
  split: Split,
  fields: readonly DataField[],
  { where, signal }: SplitReadOptions,
): AsyncGenerator<Batch, void, undefined> {
  const filter = where && rowFilter(where, context.schema.fields)
  for (const file of split.files) {
    const fileSchema = await context.schemas.read(file.schemaId, { signal })
    const open = await openFile(context, split, file, signal)
    const rows = filter && (await chooseRows(open, filter, fileSchema, signal))
    const cursor = open.cursor({
      fields: storedFields(fields, fileSchema),
      rows: rows ?? undefined,
    })
    const batchRows = rowsPerBatch([file], 1)
    for (;;) {
      const batch = await cursor.read(batchRows)
      if (batch === null) break
      yield batch
    }
  }
}

async function* readMerged(
  context: SplitReadContext,
  split: Split,
  fields: readonly DataField[],
  { where, signal }: SplitReadOptions,
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
    const runs = await Promise.all(
      section.map((run) =>
        Promise.all(run.map((file) => runFile(context, split, file, filter, signal))),
      ),
    )
    const read = { layout, fields, windowRows, signal }
    yield* runs.length === 1 ? readRun(runs[0]!, read) : mergeRuns(runs, read)
  }
}

function demandOf(where: Predicate, fields: readonly DataField[]): RowFilter | undefined {
  const names = fields.map(({ name }) => name)
  const demand = projectTo(where, names)
  return demand && rowFilter(demand, fields)
}

async function runFile(
  context: SplitReadContext,
  split: Split,
  file: DataFileMeta,
  filter: RowFilter | undefined,
  signal: AbortSignal | undefined,
): Promise<RunFile> {
  const fileSchema = await context.schemas.read(file.schemaId, { signal })
  return {
    open: () => openFile(context, split, file, signal),
    rows: async (open) =>
      filter === undefined ? null : await chooseRows(open, filter, fileSchema, signal),
    stored: (fields) => storedFields(fields, fileSchema),
    hasDeletes: file.deleteRowCount !== 0,
  }
}

async function openFile(
  { io, layout }: SplitReadContext,
  { partition, bucket }: Split,
  file: DataFileMeta,
  signal: AbortSignal | undefined,
): Promise<DataFile> {
  const path = dataFilePath(layout, { partition, bucket, file })
  return await openDataFile(io, path, { sizeBytes: file.fileSize, signal })
}

function rowsPerBatch(files: readonly DataFileMeta[], runCount: number): number {
  const bytes = files.reduce((sum, { fileSize }) => sum + fileSize, 0)
  const rows = files.reduce((sum, { rowCount }) => sum + rowCount, 0)
  const rowBytes = Math.max(1, (GROWTH * bytes) / Math.max(1, rows))
  const isMerge = runCount > 1
  const budget = isMerge ? (4 * BATCH_BYTES) / runCount : BATCH_BYTES
  const most = isMerge ? WINDOW_ROWS_MAX : BATCH_ROWS_MAX
  return Math.max(BATCH_ROWS_MIN, Math.min(most, Math.floor(budget / rowBytes)))
}
