/** How many rows of a file are held at a time, by what they take in memory. */
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'

/** Rows of a batch of one run are so many that they take about this much. */
const BATCH_BYTES = 16 << 20
const BATCH_ROWS_MAX = 65_536
/** What the windows of all runs of a merge may take. */
const MERGE_BYTES = 64 << 20
/** A window of a merge is as long as a page that Java writes, so that strings mostly lie in one page. */
const MERGE_ROWS_MAX = 20_000
const ROWS_MIN = 1024
/** Compressed files are taken to grow by this when they are read. */
const GROWTH = 3

/** Rows of a batch of files that are read one behind the other. */
export function batchRowsOf(files: readonly DataFileMeta[]): number {
  return rowsWithin(BATCH_BYTES, BATCH_ROWS_MAX, files)
}

/** Rows of a window of each run where so many runs are merged. */
export function windowRowsOf(files: readonly DataFileMeta[], runCount: number): number {
  return rowsWithin(MERGE_BYTES / runCount, MERGE_ROWS_MAX, files)
}

function rowsWithin(bytesMax: number, rowsMax: number, files: readonly DataFileMeta[]): number {
  const bytes = files.reduce((sum, { fileSize }) => sum + fileSize, 0)
  const rows = files.reduce((sum, { rowCount }) => sum + rowCount, 0)
  const rowBytes = Math.max(1, (GROWTH * bytes) / Math.max(1, rows))
  return Math.max(ROWS_MIN, Math.min(rowsMax, Math.floor(bytesMax / rowBytes)))
}
