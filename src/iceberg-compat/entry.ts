/**
 * What Iceberg's manifests and manifest lists say of files.
 *
 * Source: the Iceberg specification, "Manifests" and "Manifest Lists".
 */

export const ENTRY_STATUS = { EXISTING: 0, ADDED: 1, DELETED: 2 } as const

/** Data, or deletes of rows by their positions (deletion vectors too). */
export const CONTENT = { DATA: 0, DELETES: 1 } as const

/** A data file, a Parquet file of deleted positions, or one deletion vector of a Puffin file. */
export interface IcebergFile {
  readonly content: number
  /** As clients open it: an absolute path, or one with a scheme. */
  readonly filePath: string
  readonly fileFormat: 'parquet' | 'orc' | 'avro' | 'puffin'
  /** The BinaryRow of the partition keys, as Paimon's manifests have it. */
  readonly partition: Uint8Array
  readonly recordCount: number
  readonly fileSize: number
  /** By field id; null where nothing is known of any column. */
  readonly metrics: FileMetrics | null
  /** The id of the first row, in version 3 data files. */
  readonly firstRowId: bigint | null
  /** The data file of a deletion vector; also of a file of positions that are of one data file alone. */
  readonly referencedDataFile: string | null
  /** Where the deletion vector lies in its file. */
  readonly contentOffset: number | null
  readonly contentSize: number | null
}

/** Counts and bounds by field id; what is not known is left out. */
export interface FileMetrics {
  readonly nullCounts: ReadonlyMap<number, bigint>
  /** In Iceberg's single-value serialization. */
  readonly lowerBounds: ReadonlyMap<number, Uint8Array>
  readonly upperBounds: ReadonlyMap<number, Uint8Array>
}

export interface IcebergEntry {
  readonly status: number
  /** The snapshot that added the file, or deleted it where the status is DELETED. */
  readonly snapshotId: number
  /** Deletes apply to data files of the same or a lower number. */
  readonly sequenceNumber: number
  readonly fileSequenceNumber: number
  readonly file: IcebergFile
}

/** What a manifest list says of the values of one partition field. */
export interface PartitionSummary {
  readonly containsNull: boolean
  readonly containsNan: boolean | null
  /** Null where there is no value that is neither null nor NaN. */
  readonly lowerBound: Uint8Array | null
  readonly upperBound: Uint8Array | null
}

/** An entry of a manifest list. */
export interface IcebergManifest {
  readonly path: string
  readonly length: number
  readonly specId: number
  readonly content: number
  readonly sequenceNumber: number
  /** The lowest sequence number of the live entries. */
  readonly minSequenceNumber: number
  readonly addedSnapshotId: number
  readonly addedFiles: number
  readonly existingFiles: number
  readonly deletedFiles: number
  readonly addedRows: number
  readonly existingRows: number
  readonly deletedRows: number
  readonly partitions: readonly PartitionSummary[]
  /** In version 3, of data manifests. */
  readonly firstRowId: bigint | null
}
