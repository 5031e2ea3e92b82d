/**
 * Parts a bucket's files into sections that share no key, and each section into as few sorted runs as can be.
 *
 * Follows the Java class `IntervalPartition`.
 */
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import type { DataField } from '../types/data-type.ts'
import { compareKeyValues, decodeKey, type Key } from './key-compare.ts'

/** A file, or whatever stands for one, and the keys that it reaches from and to, both included. */
export interface KeyInterval<T> {
  readonly file: T
  readonly minKey: Key
  readonly maxKey: Key
}

/** Files of ascending, disjoint keys. */
export type SortedRun<T> = readonly T[]

/** The sections in ascending order of their keys; a section's runs overlap one another. */
export function partitionIntervals<T>(intervals: readonly KeyInterval<T>[]): SortedRun<T>[][] {
  const sorted = intervals.toSorted(
    (a, b) => compareKeyValues(a.minKey, b.minKey) || compareKeyValues(a.maxKey, b.maxKey),
  )
  const sections: SortedRun<T>[][] = []
  let open: KeyInterval<T>[] = []
  let reach: Key | null = null
  for (const interval of sorted) {
    if (reach !== null && compareKeyValues(interval.minKey, reach) > 0) {
      sections.push(toRuns(open))
      open = []
      reach = null
    }
    open.push(interval)
    if (reach === null || compareKeyValues(interval.maxKey, reach) > 0) reach = interval.maxKey
  }
  if (open.length > 0) sections.push(toRuns(open))
  return sections
}

/** The sections of a bucket's files, and the sorted runs of each. */
export function fileSections(
  files: readonly DataFileMeta[],
  keyFields: readonly DataField[],
): SortedRun<DataFileMeta>[][] {
  return partitionIntervals(
    files.map((file) => ({
      file,
      minKey: decodeKey(keyFields, file.minKey),
      maxKey: decodeKey(keyFields, file.maxKey),
    })),
  )
}

/** Appends each file, in order of its least key, to the run that ends first, if it ends before the file starts. */
function toRuns<T>(section: readonly KeyInterval<T>[]): SortedRun<T>[] {
  const runs: { files: T[]; maxKey: Key }[] = []
  for (const { file, minKey, maxKey } of section) {
    let first: (typeof runs)[number] | undefined
    for (const run of runs)
      if (first === undefined || compareKeyValues(run.maxKey, first.maxKey) < 0) first = run
    if (first !== undefined && compareKeyValues(minKey, first.maxKey) > 0) {
      first.files.push(file)
      first.maxKey = maxKey
    } else runs.push({ files: [file], maxKey })
  }
  return runs.map((run) => run.files)
}
