/**
 * What there is to see of a table, as plain data: it can be printed as JSON, and drawn.
 *
 * Identifiers and watermarks, which are 64-bit, are texts; sizes are bytes, times milliseconds since 1970.
 */
import type { CommitKind } from '../../snapshot/snapshot.ts'

export interface Inspection {
  /** `database.table` */
  readonly table: string
  readonly path: string
  readonly branch: string
  /** The snapshot whose files are shown; null for a table without any. */
  readonly snapshotId: number | null
  readonly totals: InspectedTotals
  /** The newest snapshots, ascending. */
  readonly snapshots: readonly InspectedSnapshot[]
  /** By snapshot. */
  readonly tags: readonly InspectedTag[]
  readonly branches: readonly InspectedBranch[]
  readonly consumers: readonly InspectedConsumer[]
  /** The largest partitions, by name; one without a name for a table without partition keys. */
  readonly partitions: readonly InspectedPartition[]
  /** The buckets with the most sorted runs, and among those the largest, by partition and number. */
  readonly buckets: readonly InspectedBucket[]
  /** Ascending; the last is the one that the files are read with, or newer. */
  readonly schemas: readonly InspectedSchema[]
  readonly columns: readonly InspectedColumn[]
  readonly partitionKeys: readonly string[]
  readonly primaryKeys: readonly string[]
  /** Values that are secret, by their names, are left out. */
  readonly options: Readonly<Record<string, string>>
  /** What an operator should look at, the most pressing first. */
  readonly notices: readonly Notice[]
  /** What there is more of than is shown. */
  readonly leftOut: LeftOut
}

/** Sums over files. */
export interface FileSums {
  readonly files: number
  /** As they are written, with rows that others replace or delete. */
  readonly rows: number
  readonly bytes: number
  /** Rows of kind -U and -D; null where a file does not say. */
  readonly deleteRows: number | null
  /** Rows that deletion vectors take out; null where a vector does not say. */
  readonly vectorRows: number | null
}

export interface InspectedTotals extends FileSums {
  readonly partitions: number
  readonly buckets: number
  /** The most sorted runs of a bucket; null for a table without primary key. */
  readonly runsMax: number | null
  readonly snapshots: number
  readonly tags: number
}

export interface InspectedSnapshot {
  readonly id: number
  readonly kind: CommitKind
  readonly timeMillis: number
  readonly schemaId: number
  readonly user: string
  /** Undefined for a batch. */
  readonly identifier?: string
  readonly watermark?: string
  readonly totalRows: number
  readonly deltaRows: number
  readonly changelogRows: number
  /** What the snapshot added and took away; null where that is not known, or too much to be added up. */
  readonly change: FileChange | null
  /** The files and bytes of the table then; null where they cannot be told. */
  readonly state: { readonly files: number; readonly bytes: number } | null
}

export interface FileChange {
  readonly addedFiles: number
  readonly addedBytes: number
  readonly deletedFiles: number
  readonly deletedBytes: number
}

export interface InspectedTag {
  readonly name: string
  readonly snapshotId: number
  readonly timeMillis: number
  readonly totalRows: number
  /** Whether the tag alone keeps the snapshot. */
  readonly isExpired: boolean
}

export interface InspectedBranch {
  readonly name: string
  /** Null for one without snapshots. */
  readonly snapshotId: number | null
  readonly timeMillis: number | null
}

export interface InspectedConsumer {
  readonly name: string
  readonly nextSnapshotId: number
}

export interface InspectedPartition extends FileSums {
  /** `dt=2026-11-21, region=eu` */
  readonly name: string
  readonly buckets: number
  /** When its newest file was made, by the clock of its writer, which has no zone. */
  readonly newestFileMillis: number | null
}

export interface InspectedBucket extends FileSums {
  readonly partition: string
  readonly bucket: number
  /** How many buckets the partition has; -1 where that is not fixed. */
  readonly totalBuckets: number
  /** How many sorted runs it has; null for a table without primary key. */
  readonly runCount: number | null
  /** The runs from the newest to the oldest, some of level 0 left out where there are many; without keys all files in one. */
  readonly runs: readonly InspectedRun[]
  /** Places on the axis of keys: the ends of files, each once; 0 where files have no keys. */
  readonly keyPlaces: number
}

export interface InspectedRun extends FileSums {
  readonly level: number
  /** By key, or as they were written; a sample where there are more than can be shown. */
  readonly shown: readonly InspectedFile[]
}

export interface InspectedFile {
  readonly name: string
  readonly rows: number
  readonly bytes: number
  readonly deleteRows: number | null
  readonly vectorRows: number | null
  readonly schemaId: number
  /** By the clock of its writer, which has no zone. */
  readonly createdMillis: number | null
  readonly source: 'append' | 'compact' | null
  /** The first and the last key, and their places among all ends; null without a primary key. */
  readonly keys: FileKeys | null
}

export interface FileKeys {
  readonly min: string
  readonly max: string
  /** Both in `[0, keyPlaces)`. */
  readonly minPlace: number
  readonly maxPlace: number
}

export interface InspectedSchema {
  readonly id: number
  readonly timeMillis: number
  /** What it changed, a sentence each; of the first one what it has. */
  readonly changes: readonly string[]
}

export interface InspectedColumn {
  readonly name: string
  readonly type: string
  readonly comment?: string
}

export interface Notice {
  readonly severity: 'warning' | 'note'
  readonly text: string
  /** The command that helps, where there is one. */
  readonly command?: string
}

export interface LeftOut {
  readonly snapshots: number
  readonly tags: number
  readonly branches: number
  readonly consumers: number
  readonly schemas: number
  readonly buckets: number
  /** Files of buckets that are shown. */
  readonly files: number
  /** The partitions, and what is in them. */
  readonly partitions: FileSums & { readonly count: number }
}
