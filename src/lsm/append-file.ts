/** What a manifest says of a file of an append table. */
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import { serializeBinaryRow } from '../types/binary-row.ts'
import { commonMeta, type FileTarget } from './file-target.ts'
import type { WrittenFile } from './rolling-writer.ts'

/** The key of files without keys. */
const EMPTY_ROW = serializeBinaryRow([], [])

/** Describes a file whose rows are numbered from `sequence` on; `source` says how they came, see {@link FILE_SOURCE}. */
export function appendFileMeta(
  target: FileTarget,
  file: WrittenFile,
  sequence: bigint,
  source: number,
): DataFileMeta {
  return {
    ...commonMeta(target, file),
    minSequenceNumber: sequence,
    maxSequenceNumber: sequence + BigInt(file.rowCount) - 1n,
    minKey: EMPTY_ROW,
    maxKey: EMPTY_ROW,
    keyStats: { minValues: EMPTY_ROW, maxValues: EMPTY_ROW, nullCounts: [] },
    level: 0,
    deleteRowCount: 0,
    fileSource: source,
  }
}
