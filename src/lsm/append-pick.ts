/**
 * Which small files of an append table are put together: plain choices from what manifests say of files.
 *
 * Follows the Java classes `BucketedAppendCompactManager` and `AppendCompactCoordinator`.
 */
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import { type TableOptionValues, targetFileSizeBytes } from '../types/options.ts'

/** What of a file a choice looks at. */
export type PickedFile = Pick<DataFileMeta, 'fileName' | 'fileSize' | 'rowCount'>

export interface AppendPickLimits {
  /** `target-file-size` */
  readonly targetBytes: number
  /** A file below this is small. */
  readonly smallBytes: number
  /** `compaction.min.file-num`: so many small files are worth a compaction. */
  readonly fileCountMin: number
  /** `source.split.open-file-cost`: what a file weighs beside its bytes. */
  readonly openBytes: number
  /** `compaction.delete-ratio-threshold`: a larger share of deleted rows makes a file worth rewriting. */
  readonly deleteRatio: number
}

export function appendPickLimits(options: TableOptionValues): AppendPickLimits {
  const targetBytes = targetFileSizeBytes(options, false)
  return {
    targetBytes,
    smallBytes: Math.floor(targetBytes / 10) * 7,
    fileCountMin: options.get('compaction.min.file-num'),
    openBytes: options.get('source.split.open-file-cost'),
    deleteRatio: options.get('compaction.delete-ratio-threshold'),
  }
}

/** What a choice takes, nothing if it is not worth it, and what is left to be looked at again. */
export interface Choice<File> {
  readonly picked: readonly File[]
  readonly left: readonly File[]
}

/**
 * Chooses neighbours among the files of a bucket, which come in the order of their rows: as soon as there are enough of
 * them. Where a window has become large without being many, its first file is done with for good.
 */
export function pickNeighbours<File extends PickedFile>(
  queue: readonly File[],
  { fileCountMin, targetBytes }: AppendPickLimits,
): Choice<File> {
  const window: File[] = []
  let bytes = 0
  for (const [i, file] of queue.entries()) {
    window.push(file)
    bytes += file.fileSize
    if (window.length >= fileCountMin) return { picked: window, left: queue.slice(i + 1) }
    if (bytes >= 2 * targetBytes) bytes -= window.shift()!.fileSize
  }
  return { picked: [], left: window }
}

/** Files that a full compaction of a bucket needs at least. */
const FULL_FILES_MIN = 3

/**
 * Chooses all files of a bucket but for large ones at its beginning. Where rows can be deleted (`isMarked` tells the files
 * that have a deletion vector), what is left is always taken; else only if more files are small than not.
 */
export function pickFull<File extends PickedFile>(
  queue: readonly File[],
  { smallBytes }: AppendPickLimits,
  options: { readonly isMarked: ((file: File) => boolean) | null; readonly rewritesAll: boolean },
): readonly File[] {
  const { isMarked, rewritesAll } = options
  if (rewritesAll) return queue
  if (isMarked === null && queue.length < FULL_FILES_MIN) return []
  const isSmall = ({ fileSize }: File): boolean => fileSize < smallBytes
  const first = queue.findIndex((file) => isSmall(file) || isMarked?.(file) === true)
  if (first < 0) return []
  const rest = queue.slice(first)
  if (isMarked !== null) return rest.length > 1 || isMarked(rest[0]!) ? rest : []
  const smallCount = rest.filter(isSmall).length
  return smallCount > rest.length - smallCount && rest.length >= FULL_FILES_MIN ? rest : []
}

/** The deletion vector of a file: the index file that it is in, and the rows that it deletes; null if unknown. */
export interface FileVector {
  readonly indexFile: string
  readonly cardinality: number | null
}

/** Whether a file of a table without buckets is one to be compacted: it is small, or many of its rows are deleted. */
export function isWorthCompacting(
  { fileSize, rowCount }: PickedFile,
  vector: FileVector | undefined,
  { smallBytes, deleteRatio }: AppendPickLimits,
): boolean {
  if (fileSize < smallBytes) return true
  if (vector === undefined) return false
  return vector.cardinality === null || vector.cardinality > rowCount * deleteRatio
}

/**
 * Packs the files of a partition without buckets into compactions, given those that are worth it. Files that are left
 * over are too few to be worth one yet.
 *
 * `vectorOf` tells the deletion vectors of files; null for a table that has none. Files whose vectors lie in one index
 * file are compacted together, since that file is written anew, and they always are.
 */
export function packSmallFiles<File extends PickedFile>(
  files: readonly File[],
  limits: AppendPickLimits,
  vectorOf: ((file: File) => FileVector | undefined) | null,
): { readonly packs: readonly (readonly File[])[]; readonly left: readonly File[] } {
  if (vectorOf === null) return packBySize(files, limits)
  const byIndexFile = Map.groupBy(files, (file) => vectorOf(file)?.indexFile)
  const unmarked = byIndexFile.get(undefined) ?? []
  byIndexFile.delete(undefined)
  const groups = [...byIndexFile.values()].toSorted((a, b) => bytesOf(a) - bytesOf(b))
  const packs: File[][] = []
  const bin = new Bin<File>(limits)
  for (const group of groups) {
    for (const file of group) bin.add(file)
    if (bin.isFull) packs.push(bin.drain())
  }
  if (bin.files.length > 0) packs.push(bin.drain())
  if (unmarked.length < 2) return { packs, left: unmarked }
  const rest = packBySize(unmarked, limits)
  return { packs: [...packs, ...rest.packs], left: rest.left }
}

function packBySize<File extends PickedFile>(
  files: readonly File[],
  limits: AppendPickLimits,
): { readonly packs: readonly (readonly File[])[]; readonly left: readonly File[] } {
  const packs: File[][] = []
  const bin = new Bin<File>(limits)
  for (const file of files.toSorted((a, b) => a.fileSize - b.fileSize)) {
    bin.add(file)
    if (bin.isFull) packs.push(bin.drain())
  }
  if (bin.files.length >= limits.fileCountMin) packs.push(bin.drain())
  return { packs, left: bin.files }
}

function bytesOf(files: readonly PickedFile[]): number {
  return files.reduce((sum, { fileSize }) => sum + fileSize, 0)
}

/** Files that are to become a compaction. */
class Bin<File extends PickedFile> {
  readonly #limits: AppendPickLimits
  files: File[] = []
  #bytes = 0

  constructor(limits: AppendPickLimits) {
    this.#limits = limits
  }

  add(file: File): void {
    this.files.push(file)
    this.#bytes += file.fileSize + this.#limits.openBytes
  }

  get isFull(): boolean {
    return this.files.length > 1 && this.#bytes >= 2 * this.#limits.targetBytes
  }

  drain(): File[] {
    const { files } = this
    this.files = []
    this.#bytes = 0
    return files
  }
}
