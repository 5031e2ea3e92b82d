/** Groups the live files of a table by bucket and partition, and adds them up, without an object for each file's metadata. */
import {
  creationTimeAt,
  deleteRowCountAt,
  fileNameAt,
  fileSizeAt,
  type ManifestRows,
  partitionAt,
  rowCountAt,
} from '../../snapshot/manifest-rows.ts'
import type { ChosenRows } from '../../snapshot/manifest-scan.ts'
import { latin1At } from '../../snapshot/metadata-columns.ts'
import type { FileSums } from './inspection.ts'

/** The files of one bucket. */
export interface BucketFiles {
  readonly partition: Uint8Array
  readonly partitionKey: string
  readonly bucket: number
  readonly totalBuckets: number
  readonly places: readonly FilePlace[]
  readonly sums: FileSums
  /** Each file of level 0, and each level above it. */
  readonly runCount: number
  readonly newestFileMillis: number | null
}

/** Where the metadata of a file is. */
export interface FilePlace {
  readonly rows: ManifestRows
  readonly row: number
}

/** How many rows of a file deletion vectors take out: 0 without one, null where the vector does not say. */
export type VectorRows = (fileName: string) => number | null

/** The buckets in the order in which they are met. */
export function bucketsOf(chosen: readonly ChosenRows[], vectorRows: VectorRows): BucketFiles[] {
  const open = new Map<string, OpenBucket>()
  for (const { rows, indices } of chosen)
    for (const row of indices) {
      const partitionKey = latin1At(rows.partitions, row)
      const key = `${rows.buckets[row]}/${partitionKey}`
      let bucket = open.get(key)
      if (bucket === undefined) {
        bucket = new OpenBucket(rows, row, partitionKey)
        open.set(key, bucket)
      }
      bucket.add(rows, row, vectorRows)
    }
  return Array.from(open.values(), (bucket) => bucket.finish())
}

class OpenBucket {
  readonly #first: FilePlace
  readonly #partitionKey: string
  readonly #places: FilePlace[] = []
  readonly #levels = new Set<number>()
  #sums: FileSums = NO_FILES
  #level0Count = 0
  #newestFileMillis: number | null = null

  constructor(rows: ManifestRows, row: number, partitionKey: string) {
    this.#first = { rows, row }
    this.#partitionKey = partitionKey
  }

  add(rows: ManifestRows, row: number, vectorRows: VectorRows): void {
    this.#places.push({ rows, row })
    this.#sums = addSums(this.#sums, fileSums({ rows, row }, vectorRows))
    const level = rows.levels[row]!
    if (level === 0) this.#level0Count++
    else this.#levels.add(level)
    this.#newestFileMillis = latest(this.#newestFileMillis, millis(creationTimeAt(rows, row)))
  }

  finish(): BucketFiles {
    const { rows, row } = this.#first
    return {
      partition: partitionAt(rows, row),
      partitionKey: this.#partitionKey,
      bucket: rows.buckets[row]!,
      totalBuckets: rows.totalBuckets[row]!,
      places: this.#places,
      sums: this.#sums,
      runCount: this.#level0Count + this.#levels.size,
      newestFileMillis: this.#newestFileMillis,
    }
  }
}

/** What one file adds. */
export function fileSums({ rows, row }: FilePlace, vectorRows: VectorRows): FileSums {
  return {
    files: 1,
    rows: rowCountAt(rows, row),
    bytes: fileSizeAt(rows, row),
    deleteRows: deleteRowCountAt(rows, row),
    vectorRows: vectorRows(fileNameAt(rows, row)),
  }
}

/** The sums of no files. */
const NO_FILES: FileSums = { files: 0, rows: 0, bytes: 0, deleteRows: 0, vectorRows: 0 }

function addSums(a: FileSums, b: FileSums): FileSums {
  return {
    files: a.files + b.files,
    rows: a.rows + b.rows,
    bytes: a.bytes + b.bytes,
    deleteRows: addKnown(a.deleteRows, b.deleteRows),
    vectorRows: addKnown(a.vectorRows, b.vectorRows),
  }
}

export function sumOf(parts: Iterable<FileSums>): FileSums {
  let sum = NO_FILES
  for (const part of parts) sum = addSums(sum, part)
  return sum
}

/** The later of two times, of which either may not be known. */
export function latest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b)
}

/** A stored time, which may be any 64-bit number. */
export function millis(stored: bigint | null): number | null {
  return stored === null ? null : Number(stored)
}

function addKnown(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b
}
