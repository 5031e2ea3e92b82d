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
import { corrupt, decoding } from '../util/errors.ts'
import { FILE_KIND, type ManifestEntry } from './manifest-entry.ts'
import type { ManifestFileMeta } from './manifest-list.ts'
import {
  entryAt,
  fileNameAt,
  firstRowIdAt,
  identityAt,
  type ManifestRows,
  partitionAt,
  rowCountAt,
} from './manifest-rows.ts'
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
  /** Whether rows with ids in `[from, to)` are wanted; files whose rows have no ids pass. */
  readonly rowIds?: ((from: bigint, to: bigint) => boolean) | undefined
}

export interface ScanOptions {
  readonly signal?: AbortSignal | undefined
  /** How many manifests are read at the same time. */
  readonly parallelism?: number | undefined
  /** Gets the names of the manifests that are read. */
  readonly scanned?: Set<string> | undefined
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

/**
 * The rows of the wanted files, manifest by manifest. CORRUPT where the whole state deletes a file that it never added:
 * another file is live that should not be.
 */
export async function scanRows(
  manifests: ManifestStore,
  snapshot: Snapshot,
  kind: ScanKind,
  filter: FileFilter = {},
  options: ScanOptions = {},
): Promise<ChosenRows[]> {
  const metas = await manifestsOf(manifests, snapshot, kind, options)
  if (kind !== 'all') return scanManifests(manifests, metas, 'as-is', filter, options)
  const deleted = new Deletions()
  const chosen = await scanLive(manifests, metas, deleted, filter, options)
  deleted.requireAdded()
  return chosen
}

/** {@link scanRows} of any manifests, whose additions are cancelled against their deletions. */
export async function scanManifests(
  manifests: ManifestStore,
  metas: readonly ManifestFileMeta[],
  mode: 'live' | 'as-is',
  filter: FileFilter = {},
  options: ScanOptions = {},
): Promise<ChosenRows[]> {
  if (mode === 'live') return scanLive(manifests, metas, new Deletions(), filter, options)
  return scanKind(manifests, metas, undefined, filter, options, (_, indices) => indices)
}

/** Gathers the deletions first, and then the additions that are not among them. */
async function scanLive(
  manifests: ManifestStore,
  metas: readonly ManifestFileMeta[],
  deleted: Deletions,
  filter: FileFilter,
  options: ScanOptions,
): Promise<ChosenRows[]> {
  const deleting = metas.filter((meta) => meta.numDeletedFiles > 0)
  await scanKind(manifests, deleting, FILE_KIND.DELETE, filter, options, (rows, indices) => {
    deleted.add(rows, indices)
    return indices
  })
  const adding = metas.filter((meta) => meta.numAddedFiles > 0)
  return scanKind(manifests, adding, FILE_KIND.ADD, filter, options, (rows, indices) =>
    deleted.without(rows, indices),
  )
}

/** The wanted rows of a kind (of any, when undefined), as far as `keep` keeps them. */
async function scanKind(
  manifests: ManifestStore,
  metas: readonly ManifestFileMeta[],
  kind: number | undefined,
  filter: FileFilter,
  options: ScanOptions,
  keep: (rows: ManifestRows, indices: Int32Array) => Int32Array,
): Promise<ChosenRows[]> {
  const { parallelism = PARALLELISM, scanned } = options
  const wanted = metas.filter((meta) => mayHoldWanted(meta, filter))
  for (const { fileName } of wanted) scanned?.add(fileName)
  const chosen = await mapAll(wanted, parallelism, async (meta) => {
    const rows = await manifests.readManifest(meta, options)
    return { rows, indices: named(rows, () => keep(rows, chooseRows(rows, kind, filter))) }
  })
  return chosen.filter(({ indices }) => indices.length > 0)
}

/** Errors of `body` name the manifest that the rows are of. */
function named<T>({ path }: ManifestRows, body: () => T): T {
  return path === undefined ? body() : decoding(path, body)
}

/** The manifests of what a scan of the kind looks at. */
export function manifestsOf(
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
  const { minRowId, maxRowId } = meta
  if (filter.rowIds !== undefined && minRowId !== null && maxRowId !== null)
    if (!filter.rowIds(minRowId, maxRowId + 1n)) return false
  return manifest === undefined || manifest(meta)
}

/** The rows of the kind (of any, when undefined) that pass the filter. */
function chooseRows(rows: ManifestRows, kind: number | undefined, filter: FileFilter): Int32Array {
  const { buckets, bucket, level, fileName, rowIds } = filter
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
    if (rowIds !== undefined && !mayHoldRows(rows, row, rowIds)) continue
    chosen[count++] = row
  }
  return chosen.subarray(0, count)
}

function mayHoldRows(
  rows: ManifestRows,
  row: number,
  isWanted: (from: bigint, to: bigint) => boolean,
): boolean {
  const from = firstRowIdAt(rows, row)
  return from === null || isWanted(from, from + BigInt(rowCountAt(rows, row)))
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
  /** By identity, what tells the deletion in an error. */
  readonly #identities = new Map<
    string,
    { readonly name: string; readonly path: string | undefined }
  >()
  readonly #added = new Set<string>()

  add(rows: ManifestRows, indices: Int32Array): void {
    const { path } = rows
    for (const row of indices) {
      const name = fileNameAt(rows, row)
      this.#names.add(name)
      this.#identities.set(identityAt(rows, row), { name, path })
    }
  }

  /** The rows whose files were not deleted. */
  without(rows: ManifestRows, indices: Int32Array): Int32Array {
    if (this.#names.size === 0) return indices
    return indices.filter((row) => {
      if (!this.#names.has(fileNameAt(rows, row))) return true
      const identity = identityAt(rows, row)
      if (!this.#identities.has(identity)) return true
      this.#added.add(identity)
      return false
    })
  }

  /** CORRUPT when a file was deleted that none of the rows added. */
  requireAdded(): void {
    if (this.#added.size === this.#identities.size) return
    for (const [identity, { name, path }] of this.#identities)
      if (!this.#added.has(identity))
        throw corrupt(`deletes the file ${JSON.stringify(name)}, which was never added`, { path })
  }
}
