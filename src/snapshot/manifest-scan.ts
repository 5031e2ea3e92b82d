/**
 * Finds the data files of a snapshot.
 *
 * 1. The manifest lists say which manifests there are; those that cannot hold a wanted file are not opened.
 * 2. For the whole state (`all`) the deletions of the rest are gathered first.
 * 3. Then the additions: each that is wanted, and not among the deletions, is a live file.
 *
 * Rows are chosen by columns; entries are made of the chosen ones only. Follows `ManifestsReader` and
 * `AbstractFileStoreScan`.
 */
import { mapAll } from '../util/async.ts'
import { FILE_KIND, type ManifestEntry } from './manifest-entry.ts'
import type { ManifestFileMeta } from './manifest-list.ts'
import { entryAt, fileNameAt, identityAt, type ManifestRows, partitionAt } from './manifest-rows.ts'
import type { ManifestStore } from './manifest-store.ts'
import { latin1At } from './metadata-columns.ts'
import type { Snapshot } from './snapshot.ts'

/** `all` live files; or the entries, as they are, of what the snapshot changed (`delta`), or of its changelog. */
export type ScanKind = 'all' | 'delta' | 'changelog'

/** Which files are wanted; what is left out lets everything pass. */
export interface FileFilter {
  /** Whether a manifest can hold a wanted file, beyond what the other filters find out by themselves. */
  readonly manifest?: ((meta: ManifestFileMeta) => boolean) | undefined
  /** Asked once for each partition of a manifest. */
  readonly partition?: ((partition: Uint8Array) => boolean) | undefined
  /** Manifests that have none of these buckets are not opened. */
  readonly buckets?: ReadonlySet<number> | undefined
  readonly bucket?: ((bucket: number, totalBuckets: number) => boolean) | undefined
  /** Manifests that have none of the levels are not opened. */
  readonly level?: ((level: number) => boolean) | undefined
  readonly fileName?: ((name: string) => boolean) | undefined
}

export interface ScanOptions {
  readonly signal?: AbortSignal | undefined
  /** How many manifests are read at the same time. */
  readonly parallelism?: number | undefined
}

const PARALLELISM = 8

/** Rows of one manifest that were chosen. */
export interface ChosenRows {
  readonly rows: ManifestRows
  readonly indices: Int32Array
}

/** The entries of the wanted files, in the order of the manifests. */
export async function scanEntries(
  manifests: ManifestStore,
  snapshot: Snapshot,
  kind: ScanKind,
  filter: FileFilter = {},
  options: ScanOptions = {},
): Promise<ManifestEntry[]> {
  const chosen = await scanRows(manifests, snapshot, kind, filter, options)
  return chosen.flatMap(({ rows, indices }) => Array.from(indices, (row) => entryAt(rows, row)))
}

/** The rows of the wanted files, manifest by manifest. */
export async function scanRows(
  manifests: ManifestStore,
  snapshot: Snapshot,
  kind: ScanKind,
  filter: FileFilter = {},
  options: ScanOptions = {},
): Promise<ChosenRows[]> {
  const metas = await manifestsOf(manifests, snapshot, kind, options)
  return scanManifests(manifests, metas, kind === 'all' ? 'live' : 'as-is', filter, options)
}

/** {@link scanRows} of given manifests: `live` cancels additions against deletions, `as-is` chooses all entries. */
export async function scanManifests(
  manifests: ManifestStore,
  metas: readonly ManifestFileMeta[],
  mode: 'live' | 'as-is',
  filter: FileFilter = {},
  options: ScanOptions = {},
): Promise<ChosenRows[]> {
  const { parallelism = PARALLELISM } = options
  const wanted = metas.filter((meta) => mayHoldWanted(meta, filter))
  const read = (meta: ManifestFileMeta): Promise<ManifestRows> =>
    manifests.readManifest(meta, options)
  const deleted = new Deletions()
  if (mode === 'live') {
    const deleting = wanted.filter((meta) => meta.numDeletedFiles > 0)
    await mapAll(deleting, parallelism, async (meta) => {
      const rows = await read(meta)
      deleted.add(rows, chooseRows(rows, FILE_KIND.DELETE, filter))
    })
  }
  const adding = mode === 'live' ? wanted.filter((meta) => meta.numAddedFiles > 0) : wanted
  const kind = mode === 'live' ? FILE_KIND.ADD : undefined
  const chosen = await mapAll(adding, parallelism, async (meta) => {
    const rows = await read(meta)
    return { rows, indices: deleted.without(rows, chooseRows(rows, kind, filter)) }
  })
  return chosen.filter(({ indices }) => indices.length > 0)
}

function manifestsOf(
  manifests: ManifestStore,
  snapshot: Snapshot,
  kind: ScanKind,
  options: ScanOptions,
): Promise<readonly ManifestFileMeta[]> {
  if (kind === 'all') return manifests.readDataManifests(snapshot, options)
  if (kind === 'delta') return manifests.readDeltaManifests(snapshot, options)
  return manifests.readChangelogManifests(snapshot, options)
}

/** Ranges of levels wider than this are not gone through one by one. */
const LEVELS_MAX = 1_000

/** False when no entry of the manifest can be of a wanted file. */
export function mayHoldWanted(meta: ManifestFileMeta, filter: FileFilter): boolean {
  const { manifest, buckets, level } = filter
  const { minBucket, maxBucket, minLevel, maxLevel } = meta
  if (buckets !== undefined && minBucket !== null && maxBucket !== null) {
    const isIn = (bucket: number): boolean => bucket >= minBucket && bucket <= maxBucket
    if (![...buckets].some(isIn)) return false
  }
  if (level !== undefined && minLevel !== null && maxLevel !== null) {
    const count = maxLevel - minLevel + 1
    if (count <= LEVELS_MAX) {
      const levels = Array.from({ length: Math.max(0, count) }, (_, i) => minLevel + i)
      if (!levels.some(level)) return false
    }
  }
  return manifest === undefined || manifest(meta)
}

/** The rows of the kind (of any, when undefined) that pass the filter. */
function chooseRows(rows: ManifestRows, kind: number | undefined, filter: FileFilter): Int32Array {
  const { buckets, bucket, level, fileName } = filter
  const partition = partitionTest(rows, filter)
  const chosen = new Int32Array(rows.length)
  let count = 0
  for (let row = 0; row < rows.length; row++) {
    if (kind !== undefined && rows.kinds[row] !== kind) continue
    if (buckets !== undefined && !buckets.has(rows.buckets[row]!)) continue
    if (bucket !== undefined && !bucket(rows.buckets[row]!, rows.totalBuckets[row]!)) continue
    if (level !== undefined && !level(rows.levels[row]!)) continue
    if (partition !== undefined && !partition(row)) continue
    if (fileName !== undefined && !fileName(fileNameAt(rows, row))) continue
    chosen[count++] = row
  }
  return chosen.subarray(0, count)
}

/** Asks the partition filter once for each partition of the rows. */
function partitionTest(
  rows: ManifestRows,
  { partition }: FileFilter,
): ((row: number) => boolean) | undefined {
  if (partition === undefined) return undefined
  const answers = new Map<string, boolean>()
  return (row) => {
    const key = latin1At(rows.partitions, row)
    let answer = answers.get(key)
    if (answer === undefined) {
      answer = partition(partitionAt(rows, row))
      answers.set(key, answer)
    }
    return answer
  }
}

/** Files that were deleted. */
class Deletions {
  /** Almost no added file has the name of a deleted one, and names are cheaper than identities. */
  readonly #names = new Set<string>()
  readonly #identities = new Set<string>()

  add(rows: ManifestRows, indices: Int32Array): void {
    for (const row of indices) {
      this.#names.add(fileNameAt(rows, row))
      this.#identities.add(identityAt(rows, row))
    }
  }

  /** The rows whose files were not deleted. */
  without(rows: ManifestRows, indices: Int32Array): Int32Array {
    if (this.#names.size === 0) return indices
    return indices.filter(
      (row) =>
        !this.#names.has(fileNameAt(rows, row)) || !this.#identities.has(identityAt(rows, row)),
    )
  }
}
