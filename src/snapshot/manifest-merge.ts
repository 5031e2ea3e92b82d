/**
 * Keeps the number of manifests small: before each commit those of the snapshots so far are merged where it is worth it.
 *
 * 1. Full: when manifests that are small or have deletions reach a size together, deletions and what they delete are
 *    dropped from all manifests, except from big ones without a deletion that none of the deletions can hit.
 * 2. Else minor: runs of small manifests that reach the target size become one, and so does a long rest.
 *
 * The choices are functions of the descriptions in the manifest list. Follows `ManifestFileMerger` of Paimon 1.4.
 */
import type { DataField } from '../types/data-type.ts'
import { mapOrdered } from '../util/async.ts'
import { LakeError } from '../util/errors.ts'
import { FILE_KIND } from './manifest-entry.ts'
import type { ManifestWriter } from './manifest-file.ts'
import type { ManifestFileMeta } from './manifest-list.ts'
import { identityAt, type ManifestRows, partitionAt } from './manifest-rows.ts'
import { latin1At } from './metadata-columns.ts'
import { mayHoldPartitions } from './partition-stats.ts'

export interface MergeOptions {
  /** `manifest.target-file-size`. */
  readonly targetSizeBytes: number
  /** `manifest.full-compaction-threshold-size`. */
  readonly fullSizeBytes: number
  /** `manifest.merge-min-count`. */
  readonly mergeCountMin: number
}

/** Manifests that become one, or one that stays. */
export type MergeGroup = readonly ManifestFileMeta[]

/** Whether a full merge is due. */
export function needsFullMerge(
  manifests: readonly ManifestFileMeta[],
  options: MergeOptions,
): boolean {
  const small = manifests.filter((meta) => mustChange(meta, options))
  return small.reduce((sum, meta) => sum + meta.fileSize, 0) >= options.fullSizeBytes
}

function mustChange(meta: ManifestFileMeta, { targetSizeBytes }: MergeOptions): boolean {
  return meta.numDeletedFiles > 0 || meta.fileSize < targetSizeBytes
}

/**
 * The manifests that a full merge looks into: those that must change, and those whose partitions some deletion may be
 * in. Null when that is not more than one, so that nothing is won.
 */
export function chooseFullMerge(
  manifests: readonly ManifestFileMeta[],
  deletedPartitions: readonly Uint8Array[],
  partitionFields: readonly DataField[],
  options: MergeOptions,
): { keep: ManifestFileMeta[]; open: ManifestFileMeta[] } | null {
  const mayBeHit = mayHoldPartitions(partitionFields, deletedPartitions)
  const keep: ManifestFileMeta[] = []
  const open: ManifestFileMeta[] = []
  for (const meta of manifests)
    (mustChange(meta, options) || mayBeHit(meta) ? open : keep).push(meta)
  return open.length <= 1 ? null : { keep, open }
}

/** The groups of a minor merge, in order: a group of one stays as it is. */
export function chooseMinorMerge(
  manifests: readonly ManifestFileMeta[],
  { targetSizeBytes, mergeCountMin }: MergeOptions,
): MergeGroup[] {
  const groups: MergeGroup[] = []
  let group: ManifestFileMeta[] = []
  let sizeBytes = 0
  for (const meta of manifests) {
    group.push(meta)
    sizeBytes += meta.fileSize
    if (sizeBytes < targetSizeBytes) continue
    groups.push(group)
    group = []
    sizeBytes = 0
  }
  if (group.length >= mergeCountMin) groups.push(group)
  else groups.push(...group.map((meta) => [meta]))
  return groups
}

/**
 * What a merge that was made for an attempt that failed is worth for the next one: the manifests of now with the merged
 * ones in their place; null when they are no longer there as they were.
 */
export function reuseMerge(
  before: readonly ManifestFileMeta[],
  after: readonly ManifestFileMeta[],
  now: readonly ManifestFileMeta[],
): ManifestFileMeta[] | null {
  const isPrefix = before.every((meta, i) => now[i]?.fileName === meta.fileName)
  return isPrefix ? [...after, ...now.slice(before.length)] : null
}

export interface MergeIo {
  readonly read: (meta: ManifestFileMeta) => Promise<ManifestRows>
  readonly newWriter: () => ManifestWriter
  readonly partitionFields: readonly DataField[]
}

/** How many manifests are read ahead of the one that is being merged. */
const READ_AHEAD = 4

/**
 * The manifests after merging, which have the same live files. New ones are stored on the way, also when it fails in
 * the middle: whoever calls this deletes them then. CONFLICT when a file was added twice.
 */
export async function mergeManifests(
  manifests: readonly ManifestFileMeta[],
  options: MergeOptions,
  io: MergeIo,
): Promise<ManifestFileMeta[]> {
  if (needsFullMerge(manifests, options)) {
    const merged = await mergeFully(manifests, options, io)
    if (merged !== null) return merged
  }
  const merged: ManifestFileMeta[] = []
  for (const group of chooseMinorMerge(manifests, options))
    merged.push(...(group.length === 1 ? group : await mergeGroup(group, io)))
  return merged
}

async function mergeFully(
  manifests: readonly ManifestFileMeta[],
  options: MergeOptions,
  io: MergeIo,
): Promise<ManifestFileMeta[] | null> {
  const deleted = new Set<string>()
  const partitions = new Map<string, Uint8Array>()
  const deleting = manifests.filter((meta) => meta.numDeletedFiles > 0)
  for await (const rows of mapOrdered(deleting, READ_AHEAD, io.read)) {
    for (let row = 0; row < rows.length; row++) {
      if (rows.kinds[row] !== FILE_KIND.DELETE) continue
      deleted.add(identityAt(rows, row))
      const key = latin1At(rows.partitions, row)
      if (!partitions.has(key)) partitions.set(key, partitionAt(rows, row).slice())
    }
  }
  const choice = chooseFullMerge(manifests, [...partitions.values()], io.partitionFields, options)
  if (choice === null) return null
  const { keep, open } = choice
  const writer = io.newWriter()
  for await (const { meta, rows } of readAhead(open, io)) {
    const live = liveRows(rows, deleted)
    if (live.length === rows.length && !mustChange(meta, options)) keep.push(meta)
    else if (live.length > 0) await writer.write(rows, live)
  }
  return [...keep, ...(await writer.finish())]
}

function readAhead(
  metas: readonly ManifestFileMeta[],
  io: MergeIo,
): AsyncIterable<{ meta: ManifestFileMeta; rows: ManifestRows }> {
  return mapOrdered(metas, READ_AHEAD, async (meta) => ({ meta, rows: await io.read(meta) }))
}

/** The additions of files that were not deleted. */
function liveRows(rows: ManifestRows, deleted: ReadonlySet<string>): Int32Array {
  const live = new Int32Array(rows.length)
  let count = 0
  for (let row = 0; row < rows.length; row++) {
    if (rows.kinds[row] !== FILE_KIND.ADD) continue
    if (deleted.size > 0 && deleted.has(identityAt(rows, row))) continue
    live[count++] = row
  }
  return live.subarray(0, count)
}

/** Makes one manifest (or as many as the entries fill) of several; a deletion whose file is elsewhere stays. */
async function mergeGroup(group: MergeGroup, io: MergeIo): Promise<ManifestFileMeta[]> {
  const parts: ManifestRows[] = []
  /** What is left, in order of appearance: which part and which row. */
  const left = new Map<string, readonly [part: number, row: number]>()
  for await (const { meta, rows } of readAhead(group, io)) {
    for (let row = 0; row < rows.length; row++) cancel(left, rows, row, parts.length, meta.fileName)
    parts.push(rows)
  }
  const writer = io.newWriter()
  for (const [part, indices] of runsOf(left.values()))
    await writer.write(parts[part]!, Int32Array.from(indices))
  return writer.finish()
}

function cancel(
  left: Map<string, readonly [number, number]>,
  rows: ManifestRows,
  row: number,
  part: number,
  manifest: string,
): void {
  const identity = identityAt(rows, row)
  if (rows.kinds[row] === FILE_KIND.DELETE) {
    if (!left.delete(identity)) left.set(identity, [part, row])
    return
  }
  if (left.has(identity))
    throw new LakeError('CORRUPT', 'adds a file that another manifest has added', {
      path: manifest,
    })
  left.set(identity, [part, row])
}

/** Consecutive rows of the same part, together. */
function* runsOf(
  places: Iterable<readonly [part: number, row: number]>,
): Generator<[part: number, indices: number[]]> {
  let open: [number, number[]] | undefined
  for (const [part, row] of places) {
    if (open?.[0] === part) open[1].push(row)
    else {
      if (open !== undefined) yield open
      open = [part, [row]]
    }
  }
  if (open !== undefined) yield open
}
