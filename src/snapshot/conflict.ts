/**
 * Whether a change still applies to the files that a table has now. Nothing is read here.
 *
 * Follows `ConflictDetection` and `PrimaryKeyConflictDetection`. A conflict is never tried again: whoever made the
 * change has to look at the table again and make another.
 */
import { deserializeBinaryRow } from '../types/binary-row-decode.ts'
import type { DataType } from '../types/data-type.ts'
import type { InternalValue } from '../types/internal-value.ts'
import { compareValues, type ScalarValue } from '../types/predicate-literal.ts'
import type { IndexManifestEntry } from './index-manifest.ts'
import { FILE_KIND, type ManifestEntry } from './manifest-entry.ts'
import { identityOf } from './manifest-rows.ts'
import { latin1Of } from './metadata-columns.ts'
import type { CommitKind } from './snapshot.ts'
import { vectorConflict } from './vector-conflict.ts'

export interface ConflictCheck {
  readonly kind: CommitKind
  /** The live files of the partitions that the change is in. */
  readonly base: readonly ManifestEntry[]
  readonly change: readonly ManifestEntry[]
  /** All index files of the table, and those that the change adds and deletes. */
  readonly baseIndexes: readonly IndexManifestEntry[]
  readonly changeIndexes: readonly IndexManifestEntry[]
  /** Whether a bucket has one index file of deletion vectors; else there are several, told apart by their names. */
  readonly bucketsAreCounted: boolean
  /** The types of the key that files are sorted by; null for a table without a primary key. */
  readonly keyTypes: readonly DataType[] | null
}

export interface Conflict {
  readonly what: string
  /** The files that the conflict is about. */
  readonly files: readonly ManifestEntry[]
}

/** The first conflict found; null when the change applies. */
export function findConflict(check: ConflictCheck): Conflict | null {
  const buckets = bucketConflict(check)
  if (buckets !== null) return buckets
  const merged = mergeEntries(check)
  if ('what' in merged) return merged
  return vectorConflict(check, merged.live) ?? overlapConflict(check, merged.live)
}

/** Applies the change to the base: nothing may be added twice, and what is deleted must be there. */
function mergeEntries({
  base,
  change,
}: ConflictCheck): Conflict | { readonly live: readonly ManifestEntry[] } {
  const live = new Map(base.map((entry) => [identityOf(entry), entry]))
  const seen = new Set<string>()
  for (const entry of change) {
    const identity = identityOf(entry)
    const key = `${entry.kind}|${identity}`
    // A scan drops every addition that has a deletion, so no file may be both.
    if (seen.has(key)) return { what: 'a file is in the change twice', files: [entry] }
    if (seen.has(`${1 - entry.kind}|${identity}`))
      return { what: 'a file is both added and deleted', files: [entry] }
    seen.add(key)
    if (entry.kind === FILE_KIND.ADD) {
      if (live.has(identity)) return { what: 'a file is in the table already', files: [entry] }
      live.set(identity, entry)
    } else if (!live.delete(identity))
      return { what: 'a file to be deleted is no longer in the table', files: [entry] }
  }
  return { live: [...live.values()] }
}

/** Only an overwrite may change how many buckets a partition has. */
function bucketConflict({ kind, base, change }: ConflictCheck): Conflict | null {
  if (kind === 'OVERWRITE') return null
  const totals = new Map<string, ManifestEntry>()
  for (const entry of [...base, ...change]) {
    if (entry.totalBuckets <= 0) continue
    const partition = latin1Of(entry.partition)
    const first = totals.get(partition)
    if (first === undefined) totals.set(partition, entry)
    else if (first.totalBuckets !== entry.totalBuckets)
      return {
        what: `a partition has ${first.totalBuckets} buckets, and files are written for ${entry.totalBuckets}`,
        files: [first, entry],
      }
  }
  return null
}

/** The files of one level above 0 must not overlap in their keys. */
function overlapConflict(
  { change, keyTypes }: ConflictCheck,
  live: readonly ManifestEntry[],
): Conflict | null {
  if (keyTypes === null) return null
  const levels = new Map(
    change.filter(isAddedAboveZero).map((entry) => [levelOf(entry), [] as Range[]]),
  )
  for (const entry of live) {
    if (entry.file.level < 1) continue
    levels.get(levelOf(entry))?.push(rangeOf(entry, keyTypes))
  }
  for (const ranges of levels.values()) {
    const sorted = ranges.toSorted((a, b) => compareKeys(a.min, b.min))
    for (let i = 1; i < sorted.length; i++) {
      const [a, b] = [sorted[i - 1]!, sorted[i]!]
      if (compareKeys(a.max, b.min) < 0) continue
      const what = `the keys of two files of level ${a.entry.file.level} overlap`
      return { what, files: [a.entry, b.entry] }
    }
  }
  return null
}

function levelOf({ partition, bucket, file }: ManifestEntry): string {
  return `${file.level}|${bucket}|${latin1Of(partition)}`
}

function isAddedAboveZero({ kind, file }: ManifestEntry): boolean {
  return kind === FILE_KIND.ADD && file.level >= 1
}

interface Range {
  readonly entry: ManifestEntry
  readonly min: readonly InternalValue[]
  readonly max: readonly InternalValue[]
}

function rangeOf(entry: ManifestEntry, keyTypes: readonly DataType[]): Range {
  return {
    entry,
    min: deserializeBinaryRow(keyTypes, entry.file.minKey),
    max: deserializeBinaryRow(keyTypes, entry.file.maxKey),
  }
}

/** Compares keys by their columns. */
export function compareKeys(a: readonly InternalValue[], b: readonly InternalValue[]): number {
  for (const [i, value] of a.entries()) {
    const order = compareNullable(value, b[i] ?? null)
    if (order !== 0) return order
  }
  return 0
}

/** Keys have no nulls unless a file lies; null comes first then. */
function compareNullable(a: InternalValue, b: InternalValue): number {
  if (a === null || b === null) return Number(b === null) - Number(a === null)
  return compareValues(a as ScalarValue, b as ScalarValue)
}
