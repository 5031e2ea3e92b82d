/**
 * What a manifest says of one data file.
 *
 * Follows `org.apache.paimon.io.DataFileMeta`; the Avro fields are named in `manifest-types.ts`.
 */

/** Column statistics as rows: value i of each belongs to the i-th column that the statistics are of. */
export interface SimpleStats {
  /** A serialised BinaryRow, its arity first. */
  readonly minValues: Uint8Array
  readonly maxValues: Uint8Array
  /** A count for each column, null where unknown. */
  readonly nullCounts: readonly (number | null)[] | null
}

/** How a file came to be: a flush or an append, or a compaction. */
export const FILE_SOURCE = { APPEND: 0, COMPACT: 1 } as const

export interface DataFileMeta {
  readonly fileName: string
  /** In bytes. */
  readonly fileSize: number
  /** Deletions, and rows that newer files replace, among them. */
  readonly rowCount: number
  /** The first and the last key, as serialised BinaryRows; the empty row for files without keys. */
  readonly minKey: Uint8Array
  readonly maxKey: Uint8Array
  readonly keyStats: SimpleStats
  readonly valueStats: SimpleStats
  readonly minSequenceNumber: bigint
  readonly maxSequenceNumber: bigint
  readonly schemaId: number
  readonly level: number
  /** Names of files beside this one that belong to it, such as an index. */
  readonly extraFiles: readonly string[]
  /** Local wall-clock time as if it were UTC, in milliseconds. */
  readonly creationTime: bigint | null
  /** Rows of kind -U and -D. */
  readonly deleteRowCount: number | null
  readonly embeddedFileIndex: Uint8Array | null
  readonly fileSource: number | null
  /** The columns that `valueStats` has; null when it has every column of the file's schema. */
  readonly valueStatsCols: readonly string[] | null
  /** The whole path, for a file that does not lie in its bucket's directory. */
  readonly externalPath: string | null
  readonly firstRowId: bigint | null
  /** The columns in the file; null when it has all. */
  readonly writeCols: readonly string[] | null
}
