/**
 * Puts the small files of a table without keys and buckets together. Writers leave this to whoever asks for it.
 *
 * Follows `AppendCompactCoordinator`, which plans, and `AppendCompactTask`, which does it.
 */
import { randomUUID } from 'node:crypto'

import {
  appendPickLimits,
  type FileVector,
  isWorthCompacting,
  packSmallFiles,
} from '../../lsm/append-pick.ts'
import { isOfLaterSchema, rewriteAppendFiles, rewriteTarget } from '../../lsm/append-rewrite.ts'
import type { FileTarget } from '../../lsm/file-target.ts'
import { type CommitMessage, EMPTY_INCREMENT } from '../../snapshot/commit-message.ts'
import { abort, mayHaveHappened } from '../../snapshot/commit.ts'
import { type DataFileMeta, FILE_SOURCE } from '../../snapshot/data-file-meta.ts'
import { bucketDirectory } from '../../snapshot/data-paths.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { throwIfAborted } from '../../util/async.ts'
import { unsupported } from '../../util/errors.ts'
import { compactingSchema } from '../compact/keyed.ts'
import { type FileContext, fileContext, openTableFile } from '../file/table-file.ts'
import { commitRewritten } from '../write/commit-rows.ts'
import { type AppendBucket, appendBuckets, bucketDeletions, indexPlace } from './buckets.ts'

export interface AppendCompactOptions {
  /** Whether small files are put together too that are too few to be worth it. */
  readonly full?: boolean | undefined
  /** Which partitions are compacted, by their bytes; all unless told. */
  readonly partition?: ((partition: Uint8Array) => boolean) | undefined
  readonly signal?: AbortSignal | undefined
  /** Told of the files that are done, and of all that are to be. */
  readonly onProgress?: ((doneFiles: number, allFiles: number) => void) | undefined
}

/**
 * Compacts, in one commit unless there are more files than `compaction.file-num-limit`; the last snapshot, or null where
 * there was nothing to do. CONFLICT where a file is gone meanwhile.
 */
export async function compactAppendTable(
  store: TableStore,
  schema: TableSchema,
  options: AppendCompactOptions = {},
): Promise<Snapshot | null> {
  requireRewritable(schema)
  let last: Snapshot | null = null
  for (;;) {
    const snapshot = await store.snapshots.readLatest({ signal: options.signal })
    if (snapshot === null) return null
    const { plans, isCut } = await planCompactions(store, schema, snapshot, options)
    if (plans.length === 0) return last
    last = await commitPlans(store, schema, plans, options)
    if (!isCut) return last
  }
}

async function commitPlans(
  store: TableStore,
  schema: TableSchema,
  plans: readonly BucketPlan[],
  options: AppendCompactOptions,
): Promise<Snapshot | null> {
  const { signal } = options
  const messages: CommitMessage[] = []
  const table = { store, schema }
  try {
    await runPlans(store, schema, plans, options, (message) => messages.push(message))
    const by = { commitUser: randomUUID(), signal }
    return await commitRewritten(table, messages, by, compactingSchema(schema))
  } catch (error) {
    if (!mayHaveHappened(error)) await abort(table, messages).catch(() => {})
    throw error
  }
}

/** UNSUPPORTED for tables whose rows lie in several files each. */
export function requireRewritable(schema: TableSchema): void {
  if (tableOptions(schema.options).get('data-evolution.enabled'))
    throw unsupported('the files of a table with data-evolution.enabled cannot be written anew yet')
}

interface BucketPlan {
  readonly bucket: AppendBucket
  /** What is to become new files, each by itself, in the order of its rows. */
  readonly packs: readonly (readonly DataFileMeta[])[]
}

/** What is to be done, and whether there were more files than one plan takes. */
interface CompactionPlan {
  readonly plans: readonly BucketPlan[]
  readonly isCut: boolean
}

async function planCompactions(
  store: TableStore,
  schema: TableSchema,
  snapshot: Snapshot,
  { full = false, partition, signal }: AppendCompactOptions,
): Promise<CompactionPlan> {
  const options = tableOptions(schema.options)
  const limits = appendPickLimits(options)
  const hasVectors = options.get('deletion-vectors.enabled')
  const buckets = await appendBuckets(store, schema, snapshot, { filter: { partition }, signal })
  const countMax = options.get('compaction.file-num-limit')
  let count = 0
  const plans = buckets.flatMap((bucket) => {
    const vectorOf = ({ fileName }: DataFileMeta): FileVector | undefined => {
      const vector = bucket.deletionFiles.get(fileName)
      return vector && { indexFile: vector.path, cardinality: vector.cardinality }
    }
    const worth = bucket.files.filter(
      (file) => isWorthCompacting(file, vectorOf(file), limits) && !isOfLaterSchema(file, schema),
    )
    const taken = worth.slice(0, Math.max(0, countMax - count))
    count += worth.length
    const { packs, left } = packSmallFiles(taken, limits, hasVectors ? vectorOf : null)
    const all = full && left.length > 1 ? [...packs, left] : packs
    if (all.length === 0) return []
    const place = new Map(bucket.files.map((file, i) => [file, i]))
    const inOrder = (pack: readonly DataFileMeta[]): DataFileMeta[] =>
      pack.toSorted((a, b) => place.get(a)! - place.get(b)!)
    return [{ bucket, packs: all.map(inOrder) }]
  })
  return { plans, isCut: count > countMax }
}

async function runPlans(
  store: TableStore,
  schema: TableSchema,
  plans: readonly BucketPlan[],
  { signal, onProgress }: AppendCompactOptions,
  take: (message: CommitMessage) => void,
): Promise<void> {
  const target = rewriteTarget(store.io, schema, signal)
  const context = fileContext(store, schema)
  const allFiles = plans.reduce((sum, { packs }) => sum + packs.flat().length, 0)
  let doneFiles = 0
  for (const { bucket, packs } of plans) {
    const { partition, bucket: number, totalBuckets } = bucket
    const place = { partition, bucket: number, totalBuckets }
    for (const pack of packs) {
      throwIfAborted(signal)
      const compactAfter = await rewritePack(context, target, bucket, pack)
      take({ ...place, ...EMPTY_INCREMENT, compactBefore: pack, compactAfter })
      doneFiles += pack.length
      onProgress?.(doneFiles, allFiles)
    }
    if (bucket.deletionFiles.size === 0) continue
    const deletions = await bucketDeletions(store, schema, bucket, signal)
    for (const { fileName } of packs.flat()) deletions.removeFile(fileName)
    const change = await deletions.prepare(indexPlace(store, schema, bucket, signal))
    take({
      ...place,
      ...EMPTY_INCREMENT,
      compactNewIndexFiles: change.newIndexFiles,
      compactDeletedIndexFiles: change.deletedIndexFiles,
    })
  }
}

async function rewritePack(
  context: FileContext,
  target: FileTarget,
  bucket: AppendBucket,
  pack: readonly DataFileMeta[],
): Promise<readonly DataFileMeta[]> {
  const { signal } = target
  const directory = bucketDirectory(context.layout, bucket.partition, bucket.bucket)
  const open = async (file: DataFileMeta) => await openTableFile(context, bucket, file, signal)
  const place = { directory, source: FILE_SOURCE.COMPACT }
  return (await rewriteAppendFiles(target, place, pack, open)).files
}
