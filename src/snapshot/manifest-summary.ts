/** What a manifest list says of a manifest, gathered from its entries. Follows `ManifestFile.ManifestEntryWriter`. */
import { hasBounds } from '../format/column-bounds.ts'
import type { DataField } from '../types/data-type.ts'
import type { InternalValue } from '../types/internal-value.ts'
import { decodePartition } from '../types/partition.ts'
import { compareValues, type ScalarValue } from '../types/predicate-literal.ts'
import { assert } from '../util/assert.ts'
import type { SimpleStats } from './data-file-meta.ts'
import { FILE_KIND } from './manifest-entry.ts'
import type { ManifestFileMeta } from './manifest-list.ts'
import {
  firstRowIdAt,
  type ManifestRows,
  partitionAt,
  rowCountAt,
  schemaIdAt,
} from './manifest-rows.ts'
import { latin1At } from './metadata-columns.ts'
import { encodeStats } from './stats.ts'

export class ManifestSummary {
  readonly #partitionFields: readonly DataField[]
  /** How many entries each partition has, by its bytes. */
  readonly #partitions = new Map<string, { readonly bytes: Uint8Array; entryCount: number }>()
  readonly #counts: [added: number, deleted: number] = [0, 0]
  #schemaId = 0
  #minBucket = Infinity
  #maxBucket = -Infinity
  #minLevel = Infinity
  #maxLevel = -Infinity
  #rowIds: { min: bigint; max: bigint } | null | undefined

  constructor(partitionFields: readonly DataField[]) {
    this.#partitionFields = partitionFields
  }

  add(rows: ManifestRows, row: number): void {
    this.#counts[rows.kinds[row] === FILE_KIND.ADD ? 0 : 1]++
    this.#schemaId = Math.max(this.#schemaId, schemaIdAt(rows, row))
    const bucket = rows.buckets[row]!
    this.#minBucket = Math.min(this.#minBucket, bucket)
    this.#maxBucket = Math.max(this.#maxBucket, bucket)
    const level = rows.levels[row]!
    this.#minLevel = Math.min(this.#minLevel, level)
    this.#maxLevel = Math.max(this.#maxLevel, level)
    this.#addRowIds(rows, row)
    this.#addPartition(rows, row)
  }

  /** The description of the manifest with the name and the size, which has at least one entry. */
  finish(fileName: string, fileSize: number): ManifestFileMeta {
    const [numAddedFiles, numDeletedFiles] = this.#counts
    assert(numAddedFiles + numDeletedFiles > 0, 'a manifest has entries')
    return {
      fileName,
      fileSize,
      numAddedFiles,
      numDeletedFiles,
      partitionStats: this.#partitionStats(),
      schemaId: this.#schemaId,
      minBucket: this.#minBucket,
      maxBucket: this.#maxBucket,
      minLevel: this.#minLevel,
      maxLevel: this.#maxLevel,
      minRowId: this.#rowIds?.min ?? null,
      maxRowId: this.#rowIds?.max ?? null,
    }
  }

  /** A manifest has a range of row ids only if all of its files have row ids. */
  #addRowIds(rows: ManifestRows, row: number): void {
    const first = firstRowIdAt(rows, row)
    if (first === null || this.#rowIds === null) {
      this.#rowIds = null
      return
    }
    const last = first + BigInt(rowCountAt(rows, row)) - 1n
    const { min, max } = this.#rowIds ?? { min: first, max: last }
    this.#rowIds = { min: first < min ? first : min, max: last > max ? last : max }
  }

  #addPartition(rows: ManifestRows, row: number): void {
    const key = latin1At(rows.partitions, row)
    const known = this.#partitions.get(key)
    if (known === undefined)
      this.#partitions.set(key, { bytes: partitionAt(rows, row), entryCount: 1 })
    else known.entryCount++
  }

  #partitionStats(): SimpleStats {
    const columns = this.#partitionFields.map(({ type }) => ({
      type,
      hasBounds: hasBounds(type),
      min: null as InternalValue,
      max: null as InternalValue,
      nullCount: 0,
    }))
    for (const { bytes, entryCount } of this.#partitions.values()) {
      const values = decodePartition(this.#partitionFields, bytes)
      for (const [i, column] of columns.entries()) {
        const value = values[i]!
        if (value === null) column.nullCount += entryCount
        else if (column.hasBounds) {
          if (column.min === null || isLess(value, column.min)) column.min = value
          if (column.max === null || isLess(column.max, value)) column.max = value
        }
      }
    }
    const types = columns.map(({ type }) => type)
    return encodeStats(types, columns)
  }
}

function isLess(a: InternalValue, b: InternalValue): boolean {
  return compareValues(a as ScalarValue, b as ScalarValue) < 0
}
