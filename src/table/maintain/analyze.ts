/**
 * Statistics of a whole table: all rows of a snapshot are read, and what they are like is committed with an ANALYZE.
 *
 * Planners of Spark and Trino use them; they hold until the schema changes. Follows `PaimonAnalyzeTableColumnCommand` and
 * `FileStoreCommitImpl.commitStatistics`.
 */
import { randomUUID } from 'node:crypto'

import { commit, mayHaveHappened } from '../../snapshot/commit.ts'
import { statisticsPath } from '../../snapshot/paths.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { type TableStatistics, writeStatistics } from '../../snapshot/statistics.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { DataField } from '../../types/data-type.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { requireWritable } from '../../types/schema-validation.ts'
import { typeText } from '../../types/type-text.ts'
import { type Clock, throwIfAborted } from '../../util/async.ts'
import { invalid, unsupported } from '../../util/errors.ts'
import { didYouMean } from '../../util/nearest.ts'
import { TableRead } from '../read.ts'
import { readSums } from '../system/partitions.ts'
import { ColumnStatistics, hasStatistics } from './column-statistics.ts'

export interface AnalyzeOptions<Name extends string = string> {
  /** The columns that are looked at; unless told, all of single values. With none, rows are counted alone. */
  readonly columns?: readonly Name[] | undefined
  /** How many rows have been read, of about so many. */
  readonly onProgress?: ((rowCount: number, total: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock | undefined
}

export interface AnalyzeResult {
  /** The ANALYZE; null for a table without snapshots, which has no statistics. */
  readonly snapshot: Snapshot | null
  readonly statistics: TableStatistics | null
}

/**
 * Reads the latest snapshot, and commits its statistics. What others commit meanwhile is not in them. INVALID for names that
 * are no columns; UNSUPPORTED for columns of nested types.
 */
export async function analyzeTable(
  store: TableStore,
  schema: TableSchema,
  options: AnalyzeOptions = {},
): Promise<AnalyzeResult> {
  const { signal, clock } = options
  requireWritable(schema)
  // The columns of now are looked at: statistics of others would hold for no snapshot to come.
  const latest = await store.schemas.readLatest({ signal })
  const current = { ...latest, options: { ...latest.options, ...schema.options } }
  const fields = analyzedFields(current, options.columns)
  const statistics = await gather(store, current, fields, options)
  if (statistics === null) return { snapshot: null, statistics }
  const name = await writeStatistics(store, statistics, { signal })
  try {
    const { snapshots } = await commit({ store, schema }, [], {
      commitUser: randomUUID(),
      statistics: name,
      signal,
      clock,
    })
    return { snapshot: snapshots.at(-1)!, statistics }
  } catch (error) {
    if (!mayHaveHappened(error))
      await store.io.delete(statisticsPath(store.location.root, name)).catch(() => {})
    throw error
  }
}

function analyzedFields(
  { fields }: TableSchema,
  columns: readonly string[] | undefined,
): DataField[] {
  if (columns === undefined) return fields.filter(({ type }) => hasStatistics(type))
  const names = fields.map(({ name }) => name)
  return [...new Set(columns)].map((column) => {
    const field = fields.find(({ name }) => name === column)
    if (field === undefined)
      throw invalid(`"${column}" is no column${didYouMean(column, names)}`, {
        hint: `the columns are ${names.join(', ')}`,
      })
    if (hasStatistics(field.type)) return field
    throw unsupported(`the column ${column} has no statistics: it is ${typeText(field.type)}`, {
      hint: 'name columns of single values',
    })
  })
}

async function gather(
  store: TableStore,
  schema: TableSchema,
  fields: readonly DataField[],
  { signal, onProgress }: AnalyzeOptions,
): Promise<TableStatistics | null> {
  const read = new TableRead(store, schema, {
    // Rows are counted by a column too.
    columns: (fields.length === 0 ? schema.fields.slice(0, 1) : fields).map(({ name }) => name),
    signal,
  })
  const { snapshotId } = await read.plan()
  if (snapshotId === null) return null
  const { totalRecordCount } = await store.snapshots.read(snapshotId, { signal })
  const columns = fields.map((field) => ({ field, statistics: new ColumnStatistics(field) }))
  let rowCount = 0
  for await (const batch of read.batches()) {
    throwIfAborted(signal)
    for (const [i, { statistics }] of columns.entries()) statistics.add(batch.columns[i]!)
    rowCount += batch.length
    onProgress?.(rowCount, Math.max(rowCount, totalRecordCount))
  }
  const options = { 'scan.snapshot-id': String(snapshotId) }
  const { sums } = await readSums({ store, schema, options, signal }, false)
  const sizeBytes = sums.reduce((sum, { fileSizeBytes }) => sum + fileSizeBytes, 0)
  const share = totalRecordCount === 0 ? 0 : Math.min(1, rowCount / totalRecordCount)
  return {
    snapshotId,
    schemaId: schema.id,
    mergedRecordCount: BigInt(rowCount),
    mergedRecordSize: BigInt(Math.floor(sizeBytes * share)),
    colStats: Object.fromEntries(
      columns.map(({ field, statistics }) => [field.name, statistics.result()]),
    ),
  }
}
