/** Splits: the pieces that a read falls into, each of files of one bucket, and how files are packed into them. */
import type { DeletionFile } from '../../indexes/deletion-vector.ts'
import { fileSections } from '../../lsm/intervals.ts'
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import type { DataField } from '../../types/data-type.ts'

/** A piece of a read. It is plain data, so it can be read in another process. */
export interface Split {
  /** A serialised BinaryRow of the partition columns. */
  readonly partition: Uint8Array
  readonly bucket: number
  readonly totalBuckets: number
  readonly files: readonly DataFileMeta[]
  /** Whether the files' rows are the table's rows: none needs merging, none deletes. */
  readonly rawConvertible: boolean
  /** Whether the rows are read as they were written, each with its kind and none merged: what a stream reads. */
  readonly isStreaming: boolean
  /** The deletion vectors of the files, by their names. */
  readonly deletionFiles?: ReadonlyMap<string, DeletionFile> | undefined
  /** Where the difference of two states is read: the bucket's files in the earlier one. */
  readonly before?: SplitFiles | undefined
  /** The branch whose rows they are, where that is not the one that is read. */
  readonly branch?: string | undefined
}

export type SplitFiles = Pick<Split, 'files' | 'deletionFiles'>

export interface PackingLimits {
  /** `source.split.target-size` */
  readonly targetBytes: number
  /** `source.split.open-file-cost`: what a file counts for at least. */
  readonly openBytes: number
}

interface Pack {
  readonly files: readonly DataFileMeta[]
  readonly rawConvertible: boolean
}

/** Packs the files of a bucket of an append table, in the order of their sequence numbers. */
export function packAppendFiles(files: readonly DataFileMeta[], limits: PackingLimits): Pack[] {
  const sorted = files.toSorted((a, b) => compareLongs(a.minSequenceNumber, b.minSequenceNumber))
  return packOrdered(
    sorted.map((file) => [file]),
    limits,
  ).map((bin) => ({ files: bin.flat(), rawConvertible: true }))
}

/**
 * Packs the files of a table whose columns are written apart; those that hold the same rows stay together.
 *
 * Follows the Java class `DataEvolutionSplitGenerator`.
 */
export function packRowRanges(
  groups: readonly (readonly DataFileMeta[])[],
  limits: PackingLimits,
): Pack[] {
  return packOrdered(groups, limits).map((bin) => ({
    files: bin.flat(),
    rawConvertible: bin.every((group) => group.length === 1),
  }))
}

/** All files of a bucket in the order in which they were committed: what a stream of a fixed bucket reads. */
export function packStream(files: readonly DataFileMeta[]): Pack[] {
  return files.length === 0 ? [] : [{ files, rawConvertible: true }]
}

/**
 * Packs the files of a bucket of a primary-key table; files whose keys overlap stay together, unless each key is known to
 * stand in one file only of those above level 0.
 *
 * Follows the Java class `MergeTreeSplitGenerator`.
 */
export function packKeyedFiles(
  files: readonly DataFileMeta[],
  keyFields: readonly DataField[],
  limits: PackingLimits,
  isMergedAboveLevel0 = false,
): Pack[] {
  const levels = new Set(files.map(({ level }) => level))
  const isMerged = !levels.has(0) && (isMergedAboveLevel0 || levels.size === 1)
  if (isMerged && files.every(isWithoutDeletes))
    return packOrdered(
      files.map((file) => [file]),
      limits,
    ).map((bin) => ({ files: bin.flat(), rawConvertible: true }))
  const sections = fileSections(files, keyFields).map((runs) => runs.flat())
  return packOrdered(sections, limits).map((bin) => {
    const packed = bin.flat()
    const rawConvertible = packed.length === 1 && isWithoutDeletes(packed[0]!)
    return { files: packed, rawConvertible }
  })
}

/** A file that does not say how many of its rows delete is taken to hold some. */
function isWithoutDeletes({ deleteRowCount }: DataFileMeta): boolean {
  return deleteRowCount === 0
}

/** Fills bins in order; follows `BinPacking.packForOrdered`. */
function packOrdered(
  units: readonly (readonly DataFileMeta[])[],
  { targetBytes, openBytes }: PackingLimits,
): (readonly DataFileMeta[])[][] {
  const bins: (readonly DataFileMeta[])[][] = []
  let bin: (readonly DataFileMeta[])[] = []
  let binBytes = 0
  for (const unit of units) {
    const weight = Math.max(
      unit.reduce((sum, file) => sum + file.fileSize, 0),
      openBytes,
    )
    if (bin.length > 0 && binBytes + weight > targetBytes) {
      bins.push(bin)
      bin = []
      binBytes = 0
    }
    bin.push(unit)
    binBytes += weight
  }
  if (bin.length > 0) bins.push(bin)
  return bins
}

function compareLongs(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
