/**
 * Puts rows whose buckets were postponed into their buckets, in one commit that takes the postponed files away.
 *
 * Follows what Flink's `CompactAction` does to such a table: the rows go file by file, in the order that they were written,
 * through writers of a table with a fixed number of buckets, which compact as they do. A partition has the number of
 * buckets that its files have, a new one `postpone.default-bucket-num`.
 */
import { randomUUID } from 'node:crypto'

import { isOfLaterSchema, laterSchemaError } from '../lsm/append-rewrite.ts'
import { kindsOf } from '../lsm/row-kinds.ts'
import { bucketCounts } from '../snapshot/bucket-counts.ts'
import { type CommitMessage, EMPTY_INCREMENT } from '../snapshot/commit-message.ts'
import { abort, mayHaveHappened } from '../snapshot/commit.ts'
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import {
  type DataLayout,
  dataLayout,
  pathsOfFile,
  POSTPONE_BUCKET,
} from '../snapshot/data-paths.ts'
import type { ManifestEntry } from '../snapshot/manifest-entry.ts'
import { scanEntries } from '../snapshot/manifest-scan.ts'
import { latin1Of } from '../snapshot/metadata-columns.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { TableStore } from '../snapshot/table-store.ts'
import { tableOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { throwIfAborted } from '../util/async.ts'
import { compactingSchema } from './compact/keyed.ts'
import { fileContext } from './file/table-file.ts'
import { readSplit } from './split/split-read.ts'
import { commitRewritten } from './write/commit-rows.ts'
import { TableWriter } from './write/writer.ts'

export interface PostponeCompactOptions {
  /** Which partitions are compacted, by their bytes; all unless told. */
  readonly partition?: ((partition: Uint8Array) => boolean) | undefined
  readonly signal?: AbortSignal | undefined
  /** Told of the files that are done, and of all that are to be. */
  readonly onProgress?: ((doneFiles: number, allFiles: number) => void) | undefined
}

/** The snapshot of the commit, or null where no row waits for its bucket. CONFLICT where a file is gone meanwhile. */
export async function compactPostponed(
  store: TableStore,
  schema: TableSchema,
  options: PostponeCompactOptions = {},
): Promise<Snapshot | null> {
  const { signal } = options
  const snapshot = await store.snapshots.readLatest({ signal })
  if (snapshot === null) return null
  const filter = { partition: options.partition, bucket: isPostponed }
  const entries = await scanEntries(store.manifests, snapshot, 'all', filter, { signal })
  if (entries.length === 0) return null
  if (entries.some(({ file }) => isOfLaterSchema(file, schema)))
    throw laterSchemaError(store.location.root)
  const table = { store, schema }
  const messages: CommitMessage[] = []
  try {
    await rewrite(table, entries, await writerCounts(table, snapshot, entries, signal), {
      ...options,
      take: (message) => messages.push(message),
    })
    const by = { commitUser: randomUUID(), signal }
    return await commitRewritten(table, messages, by, compactingSchema(schema))
  } catch (error) {
    if (!mayHaveHappened(error)) await abort(table, messages).catch(() => {})
    throw error
  }
}

function isPostponed(bucket: number): boolean {
  return bucket === POSTPONE_BUCKET
}

interface CompactedTable {
  readonly store: TableStore
  readonly schema: TableSchema
}

/** How many buckets each partition of the entries gets. */
async function writerCounts(
  { store, schema }: CompactedTable,
  snapshot: Snapshot,
  entries: readonly ManifestEntry[],
  signal: AbortSignal | undefined,
): Promise<(partition: Uint8Array) => number> {
  const wanted = new Set(entries.map(({ partition }) => latin1Of(partition)))
  const partition = (bytes: Uint8Array): boolean => wanted.has(latin1Of(bytes))
  const known = await bucketCounts(store, snapshot, { partition }, { signal })
  const byDefault = tableOptions(schema.options).get('postpone.default-bucket-num')
  return (bytes) => known.get(latin1Of(bytes))?.totalBuckets ?? byDefault
}

interface Rewrite extends PostponeCompactOptions {
  readonly take: (message: CommitMessage) => void
}

/** Writes the rows of all entries to their buckets, one number of buckets after the other. */
async function rewrite(
  table: CompactedTable,
  entries: readonly ManifestEntry[],
  countOf: (partition: Uint8Array) => number,
  { take, signal, onProgress }: Rewrite,
): Promise<void> {
  const { store, schema } = table
  const context = fileContext(store, schema)
  const layout = dataLayout(store.location.root, schema)
  let doneFiles = 0
  for (const [count, own] of Map.groupBy(entries, ({ partition }) => countOf(partition))) {
    const counted = { ...schema, options: { ...schema.options, ...asFixed(count) } }
    await using writer = new TableWriter(store, counted, { signal })
    for (const entry of own.toSorted(compareAge)) {
      throwIfAborted(signal)
      const { partition, bucket, totalBuckets, file } = entry
      const split = { partition, bucket, totalBuckets, files: [file], rawConvertible: false }
      const read = { fields: schema.fields, kinds: true, signal }
      for await (const { length, columns } of readSplit(
        context,
        { ...split, isStreaming: true },
        read,
      ))
        await writer.writeBatch({ length, columns: columns.slice(0, -1) }, kindsOf(columns.at(-1)!))
      onProgress?.(++doneFiles, entries.length)
    }
    const messages = await writer.prepareCommit({ waitForCompaction: true })
    for (const message of messages) take(asCompaction(message))
    for (const entry of own) take(withoutFile(entry))
    await store.io.deleteAll(messages.flatMap((message) => passingPaths(layout, message)))
  }
}

function asFixed(count: number): Readonly<Record<string, string>> {
  return { bucket: String(count), 'write-only': 'false' }
}

/** Files of one writer follow each other by their names, where they were made in one millisecond. */
function compareAge({ file: a }: ManifestEntry, { file: b }: ManifestEntry): number {
  const [aTime, bTime] = [a.creationTime ?? 0n, b.creationTime ?? 0n]
  if (aTime !== bTime) return aTime < bTime ? -1 : 1
  return countIn(a.fileName) - countIn(b.fileName)
}

/** The number that a writer counts up in the names of its files. */
function countIn(fileName: string): number {
  return Number(/-(\d+)\.[^-]*$/.exec(fileName)?.[1] ?? 0)
}

/** The message with all of its files made by a compaction: rows were in the table before, and none comes twice. */
function asCompaction(message: CommitMessage): CommitMessage {
  const { partition, bucket, totalBuckets, newFiles, compactBefore, compactAfter } = message
  const [isNew, isReplaced] = [isIn(newFiles), isIn(compactBefore)]
  return {
    ...EMPTY_INCREMENT,
    partition,
    bucket,
    totalBuckets,
    compactBefore: compactBefore.filter((file) => !isNew(file)),
    compactAfter: [...newFiles.filter((file) => !isReplaced(file)), ...compactAfter],
    compactChangelog: [...message.changelogFiles, ...message.compactChangelog],
    compactNewIndexFiles: [...message.newIndexFiles, ...message.compactNewIndexFiles],
    compactDeletedIndexFiles: [...message.deletedIndexFiles, ...message.compactDeletedIndexFiles],
  }
}

/** The paths of files that were written and compacted before anything was committed. */
function passingPaths(layout: DataLayout, message: CommitMessage): string[] {
  const { partition, bucket, newFiles, compactBefore, compactAfter } = message
  const [isReplaced, isAfter] = [isIn(compactBefore), isIn(compactAfter)]
  return newFiles
    .filter((file) => isReplaced(file) && !isAfter(file))
    .flatMap((file) => pathsOfFile(layout, { partition, bucket, file }))
}

function isIn(files: readonly DataFileMeta[]): (file: DataFileMeta) => boolean {
  const names = new Set(files.map(({ fileName }) => fileName))
  return ({ fileName }) => names.has(fileName)
}

/** Takes a postponed file away. */
function withoutFile({ partition, bucket, totalBuckets, file }: ManifestEntry): CommitMessage {
  return { ...EMPTY_INCREMENT, partition, bucket, totalBuckets, compactBefore: [file] }
}
