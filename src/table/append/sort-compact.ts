/**
 * Writes the rows of an append table without buckets anew in the order of some columns, so that files hold few values of
 * them and filters leave most files out.
 *
 * Follows Flink's `SortCompactAction`, which overwrites whole partitions. Here exactly those files are replaced that were
 * read: rows that others write meanwhile stay.
 */
import { randomUUID } from 'node:crypto'

import {
  isOfLaterSchema,
  laterSchemaError,
  rewriteTarget,
  rewrittenFileMeta,
} from '../../lsm/append-rewrite.ts'
import { type FileTarget, openFile } from '../../lsm/file-target.ts'
import { RollingWriter, type WrittenFile } from '../../lsm/rolling-writer.ts'
import { type RowOrder, RowSorter } from '../../lsm/row-sorter.ts'
import { fixedWidth, sortKeys } from '../../lsm/sort-keys.ts'
import { zPlaces, zPlaceWidth } from '../../lsm/z-order.ts'
import { type CommitMessage, EMPTY_INCREMENT } from '../../snapshot/commit-message.ts'
import { abort, mayHaveHappened } from '../../snapshot/commit.ts'
import { type DataFileMeta, FILE_SOURCE } from '../../snapshot/data-file-meta.ts'
import { bucketDirectory } from '../../snapshot/data-paths.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { Batch, Column } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { fieldsNamed, hasPrimaryKey } from '../../types/schema-keys.ts'
import { throwIfAborted } from '../../util/async.ts'
import { invalid, unsupported } from '../../util/errors.ts'
import { compactingSchema } from '../compact/keyed.ts'
import { type FileContext, fileContext, openTableFile } from '../file/table-file.ts'
import { commitRewritten } from '../write/commit-rows.ts'
import { type AppendBucket, appendBuckets, bucketDeletions, indexPlace } from './buckets.ts'
import { type AppendCompactOptions, requireRewritable } from './compact.ts'

/** How rows are put in order. */
export interface OrderBy {
  /**
   * `order` sorts by the columns one after the other, nulls first: best where filters are on the first of them. `zorder`
   * treats them alike. `order` for one column and `zorder` for several, unless told.
   */
  readonly strategy?: 'order' | 'zorder' | undefined
  readonly columns: readonly string[]
}

/**
 * Sorts each partition in one commit; its snapshot, or null where there was nothing to do. INVALID for tables with keys or
 * buckets, CONFLICT where a file is gone meanwhile.
 */
export async function sortAppendTable(
  store: TableStore,
  schema: TableSchema,
  orderBy: OrderBy,
  options: Omit<AppendCompactOptions, 'full'> = {},
): Promise<Snapshot | null> {
  const order = rowOrder(schema, orderBy)
  requireRewritable(schema)
  const { partition, signal } = options
  const snapshot = await store.snapshots.readLatest({ signal })
  if (snapshot === null) return null
  const buckets = await appendBuckets(store, schema, snapshot, { filter: { partition }, signal })
  const messages: CommitMessage[] = []
  const table = { store, schema }
  try {
    const take = (message: CommitMessage): unknown => messages.push(message)
    await sortBuckets(store, schema, order, buckets, options, take)
    if (messages.length === 0) return null
    const by = { commitUser: randomUUID(), signal }
    return await commitRewritten(table, messages, by, compactingSchema(schema))
  } catch (error) {
    if (!mayHaveHappened(error)) await abort(table, messages).catch(() => {})
    throw error
  }
}

/** INVALID for columns that are not there, or that rows cannot be sorted by, and for tables that are sorted already. */
function rowOrder(schema: TableSchema, { strategy: asked, columns }: OrderBy): RowOrder {
  const options = tableOptions(schema.options)
  if (hasPrimaryKey(schema) || options.get('bucket') !== -1)
    throw invalid('only tables without primary key and buckets (bucket = -1) can be sorted')
  if (columns.length === 0) throw invalid('no column is named to sort by')
  const fields = fieldsNamed(schema, columns)
  for (const field of fields) requireSortable(field)
  const positions = fields.map((field) => schema.fields.indexOf(field))
  const strategy = asked ?? (columns.length === 1 ? 'order' : 'zorder')
  const chosen = ({ columns: all }: Batch): Column[] => positions.map((at) => all[at]!)
  if (strategy === 'order') {
    const order = fields.map(({ type }) => ({ type, nullable: true }))
    return {
      // A null has no bytes but the one that tells it.
      widthBytes: fixedWidth(order),
      placesOf: (batch) => sortKeys(order, chosen(batch), batch.length),
    }
  }
  if (strategy !== 'zorder')
    throw unsupported(`rows cannot be ordered by ${String(strategy)}`, {
      hint: 'use order or zorder',
    })
  const textBytes = options.get('zorder.var-length-contribution')
  if (textBytes < 1) throw invalid(`option zorder.var-length-contribution: ${textBytes} is below 1`)
  return {
    widthBytes: zPlaceWidth(fields, textBytes),
    placesOf: (batch) => zPlaces(fields, chosen(batch), batch.length, textBytes),
  }
}

function requireSortable({ name, type }: DataField): void {
  if (UNSORTABLE.has(type.kind))
    throw invalid(`rows cannot be ordered by the column ${name} of the type ${type.kind}`)
}

const UNSORTABLE: ReadonlySet<string> = new Set([
  'ARRAY',
  'MAP',
  'MULTISET',
  'ROW',
  'VARIANT',
  'VECTOR',
  'BLOB',
])

async function sortBuckets(
  store: TableStore,
  schema: TableSchema,
  order: RowOrder,
  buckets: readonly AppendBucket[],
  { signal, onProgress }: Omit<AppendCompactOptions, 'full'>,
  take: (message: CommitMessage) => void,
): Promise<void> {
  const target = rewriteTarget(store.io, schema, signal)
  const context = fileContext(store, schema)
  const allFiles = buckets.reduce((sum, { files }) => sum + files.length, 0)
  let doneFiles = 0
  onProgress?.(0, allFiles)
  for (const bucket of buckets) {
    const { partition, bucket: number, totalBuckets, files } = bucket
    const place = { partition, bucket: number, totalBuckets }
    if (files.some((file) => isOfLaterSchema(file, schema)))
      throw laterSchemaError(store.location.root)
    const newFiles = await sortBucket(context, target, order, bucket)
    take({ ...place, ...EMPTY_INCREMENT, newFiles, deletedFiles: files })
    doneFiles += files.length
    onProgress?.(doneFiles, allFiles)
    if (bucket.deletionFiles.size === 0) continue
    const deletions = await bucketDeletions(store, schema, bucket, signal)
    for (const { fileName } of files) deletions.removeFile(fileName)
    const change = await deletions.prepare(indexPlace(store, schema, bucket, signal))
    take({ ...place, ...EMPTY_INCREMENT, ...change })
  }
}

/** Rows of a batch that is handed to the sort. */
const BATCH_ROWS = 16_384

async function sortBucket(
  context: FileContext,
  target: FileTarget,
  order: RowOrder,
  bucket: AppendBucket,
): Promise<DataFileMeta[]> {
  const { options, fields, spill, signal } = target
  const sorter = new RowSorter(fields, order, {
    budgetBytes: options.get('write-buffer-size'),
    spill,
    runsMax: Math.max(2, options.get('local-sort.max-num-file-handles')),
    signal,
  })
  try {
    for (const file of bucket.files) {
      const cursor = (await openTableFile(context, bucket, file, signal)).cursor({ fields })
      for (;;) {
        throwIfAborted(signal)
        const batch = await cursor.read(BATCH_ROWS)
        if (batch === null) break
        if (batch.length > 0) await sorter.add(batch)
      }
    }
    return await writeSorted(target, context.layout, bucket, sorter)
  } finally {
    await sorter.clear()
  }
}

async function writeSorted(
  target: FileTarget,
  layout: Parameters<typeof bucketDirectory>[0],
  { partition, bucket, files }: AppendBucket,
  sorter: RowSorter,
): Promise<DataFileMeta[]> {
  const directory = bucketDirectory(layout, partition, bucket)
  const place = { directory, level: 0, source: FILE_SOURCE.APPEND }
  const limits = {
    targetBytes: target.targetBytes,
    targetRows: rowsPerFile(target, files, sorter.rowCount),
  }
  const writer = new RollingWriter(() => openFile(target, place), limits)
  let written: readonly WrittenFile[]
  try {
    for await (const rows of sorter.sorted()) await writer.write(rows)
    written = await writer.finish()
  } catch (error) {
    await target.io.deleteAll(await writer.abort())
    throw error
  }
  let sequence = files[0]!.minSequenceNumber
  return written.map((file) => {
    const meta = rewrittenFileMeta(target, file, sequence, FILE_SOURCE.APPEND)
    sequence += BigInt(file.rowCount)
    return meta
  })
}

/** How many rows a file gets at most, where `sort-compaction.range-strategy` counts rows and not bytes. */
function rowsPerFile(
  { options, targetBytes }: FileTarget,
  files: readonly DataFileMeta[],
  rowCount: number,
): number {
  if (options.get('sort-compaction.range-strategy') === 'SIZE') return Infinity
  const bytes = files.reduce((sum, { fileSize }) => sum + fileSize, 0)
  return Math.max(1, Math.ceil(rowCount / Math.max(1, Math.ceil(bytes / targetBytes))))
}
