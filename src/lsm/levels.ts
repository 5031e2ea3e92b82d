/**
 * The files of one bucket as the sorted runs that a merge sees: each file of level 0 is a run, and so is each level above.
 *
 * Follows the Java classes `Levels` and `LevelSortedRun`.
 */
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import type { DataField } from '../types/data-type.ts'
import { corrupt } from '../util/errors.ts'
import { compareKeyValues, decodeKey, type Key } from './key-compare.ts'

export interface Levels {
  /** The trimmed primary key, which files are sorted by. */
  readonly keyFields: readonly DataField[]
  /** How many levels there are, level 0 among them. */
  readonly levelCount: number
  /** The files of level 0, those of the newest rows first. */
  readonly level0: readonly DataFileMeta[]
  /** The files of level 1 and of each level above it, ascending by key. */
  readonly upper: readonly (readonly DataFileMeta[])[]
}

export interface LevelRun {
  readonly level: number
  readonly files: readonly DataFileMeta[]
  readonly sizeBytes: number
}

/** The levels of a bucket that has these files. There are more than `levelCount` where a file says so. */
export function levelsOf(
  keyFields: readonly DataField[],
  files: readonly DataFileMeta[],
  levelCount: number,
): Levels {
  const empty = { keyFields, levelCount: Math.max(2, levelCount), level0: [], upper: [] }
  return updateLevels(empty, [], files)
}

/** The levels once `before` is replaced by `after`. Files are known by name and level: a file may only change its level. */
export function updateLevels(
  levels: Levels,
  before: readonly DataFileMeta[],
  after: readonly DataFileMeta[],
): Levels {
  const { keyFields } = levels
  const highest = after.reduce((max, { level }) => Math.max(max, level), 0)
  const levelCount = Math.max(levels.levelCount, highest + 1)
  const removed = Map.groupBy(before, ({ level }) => level)
  const added = Map.groupBy(after, ({ level }) => level)
  const updated = (level: number, files: readonly DataFileMeta[]): readonly DataFileMeta[] => {
    const gone = new Set(removed.get(level)?.map(({ fileName }) => fileName))
    const come = added.get(level) ?? []
    if (gone.size === 0 && come.length === 0) return files
    const left = files.filter(({ fileName }) => !gone.has(fileName))
    return level === 0
      ? [...left, ...come].toSorted(newestFirst)
      : sortedRun(keyFields, level, [...left, ...come])
  }
  return {
    keyFields,
    levelCount,
    level0: updated(0, levels.level0),
    upper: Array.from({ length: levelCount - 1 }, (_, i) => updated(i + 1, levels.upper[i] ?? [])),
  }
}

/** The runs, the newest first: those of level 0, then each level that has files. */
export function levelRuns({ level0, upper }: Levels): LevelRun[] {
  return [
    ...level0.map((file) => ({ level: 0, files: [file], sizeBytes: file.fileSize })),
    ...upper
      .map((files, i) => ({ level: i + 1, files, sizeBytes: sizeOf(files) }))
      .filter(({ files }) => files.length > 0),
  ]
}

export function runCount({ level0, upper }: Levels): number {
  return level0.length + upper.filter((files) => files.length > 0).length
}

/** The highest level with files; -1 without any. */
export function highestLevel({ level0, upper }: Levels): number {
  const above = upper.findLastIndex((files) => files.length > 0)
  if (above !== -1) return above + 1
  return level0.length === 0 ? -1 : 0
}

export function allFiles({ level0, upper }: Levels): DataFileMeta[] {
  return [...level0, ...upper.flat()]
}

function sizeOf(files: readonly DataFileMeta[]): number {
  return files.reduce((sum, { fileSize }) => sum + fileSize, 0)
}

/** Writers that do not know of each other may give files the same numbers, so names decide at last. */
function newestFirst(a: DataFileMeta, b: DataFileMeta): number {
  return (
    compareLongs(b.maxSequenceNumber, a.maxSequenceNumber) ||
    compareLongs(a.minSequenceNumber, b.minSequenceNumber) ||
    compareLongs(a.creationTime ?? 0n, b.creationTime ?? 0n) ||
    (a.fileName < b.fileName ? -1 : Number(a.fileName > b.fileName))
  )
}

function compareLongs(a: bigint, b: bigint): number {
  return a < b ? -1 : Number(a > b)
}

/** The files of a level above 0 by key; CORRUPT when they share keys. */
function sortedRun(
  keyFields: readonly DataField[],
  level: number,
  files: readonly DataFileMeta[],
): DataFileMeta[] {
  const decoded = files.map((file) => ({ file, min: decodeKey(keyFields, file.minKey) }))
  decoded.sort((a, b) => compareKeyValues(a.min, b.min))
  let last: Key | null = null
  for (const { file, min } of decoded) {
    if (last !== null && compareKeyValues(min, last) <= 0)
      throw corrupt(`files of level ${level} share keys`, { path: file.fileName })
    last = decodeKey(keyFields, file.maxKey)
  }
  return decoded.map(({ file }) => file)
}
