/**
 * Changes of rows of an append table, made visible together: rows go away, others come.
 *
 * Where the table has deletion vectors, rows are marked in them. Else each file that loses rows is written anew without
 * them, in its place among the others. Follows `DeleteFromPaimonTableCommand` of Spark and what it shares with updates.
 */
import { randomUUID } from 'node:crypto'

import { bitmapOfAscending } from '../../indexes/roaring.ts'
import {
  isOfLaterSchema,
  laterSchemaError,
  rewriteAppendFiles,
  rewriteTarget,
} from '../../lsm/append-rewrite.ts'
import type { FileTarget } from '../../lsm/file-target.ts'
import { type CommitMessage, EMPTY_INCREMENT } from '../../snapshot/commit-message.ts'
import { abort, mayHaveHappened } from '../../snapshot/commit.ts'
import { type DataFileMeta, FILE_SOURCE } from '../../snapshot/data-file-meta.ts'
import { bucketDirectory } from '../../snapshot/data-paths.ts'
import { bucketKey } from '../../snapshot/manifest-entry.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { Batch } from '../../types/column.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { type AppendBucket, appendBuckets, bucketDeletions, indexPlace } from '../append/buckets.ts'
import { withoutDeleted } from '../file/live-rows.ts'
import { type FileContext, fileContext, openTableFile } from '../file/table-file.ts'
import { hasDeletionVectors } from '../plan/deletion-files.ts'
import type { Split } from '../plan/split.ts'
import { commitRewritten } from '../write/commit-rows.ts'
import { TableWriter } from '../write/writer.ts'
import type { FileMatches } from './file-matches.ts'

export class AppendChanges implements AsyncDisposable {
  readonly #store: TableStore
  readonly #schema: TableSchema
  readonly #upkeepSchema: TableSchema
  readonly #snapshot: Snapshot | null
  readonly #signal: AbortSignal | undefined
  readonly #context: FileContext
  readonly #target: FileTarget
  #writer: TableWriter | null = null
  /** Files that lose rows, where these are marked: by bucket. */
  readonly #marked = new Map<string, Marked[]>()
  readonly #messages: CommitMessage[] = []

  /** Changes to what the snapshot has; null for a table without any. */
  constructor(
    store: TableStore,
    schema: TableSchema,
    snapshot: Snapshot | null,
    signal: AbortSignal | undefined,
  ) {
    this.#store = store
    this.#upkeepSchema = schema
    // A compaction beside it would take away the files in which rows are marked.
    this.#schema = { ...schema, options: { ...schema.options, 'write-only': 'true' } }
    this.#snapshot = snapshot
    this.#signal = signal
    this.#context = fileContext(store, schema)
    this.#target = rewriteTarget(store.io, schema, signal)
  }

  /** Takes rows of a file away; each file is given once. */
  async remove({ split, file, positions }: FileMatches): Promise<void> {
    if (isOfLaterSchema(file, this.#schema)) throw laterSchemaError(this.#store.location.root)
    if (!hasDeletionVectors(this.#schema)) {
      await this.#rewrite(split, file, positions)
      return
    }
    const key = bucketKey(split)
    const marked = this.#marked.get(key) ?? []
    marked.push({ split, fileName: file.fileName, positions })
    this.#marked.set(key, marked)
  }

  async #rewrite(split: Split, file: DataFileMeta, positions: Uint32Array): Promise<void> {
    const { partition, bucket, totalBuckets } = split
    let newFiles: readonly DataFileMeta[] = []
    if (positions.length < file.rowCount) {
      const directory = bucketDirectory(this.#context.layout, partition, bucket)
      const place = { directory, source: FILE_SOURCE.APPEND }
      const removed = bitmapOfAscending(positions)
      const rewritten = await rewriteAppendFiles(this.#target, place, [file], async () =>
        withoutDeleted(await openTableFile(this.#context, split, file, this.#signal), removed),
      )
      newFiles = rewritten.files
    }
    const change = { ...EMPTY_INCREMENT, newFiles, deletedFiles: [file] }
    this.#messages.push({ partition, bucket, totalBuckets, ...change })
  }

  /** Adds rows with the columns of the table. */
  async insert(batch: Batch): Promise<void> {
    if (batch.length === 0) return
    this.#writer ??= new TableWriter(this.#store, this.#schema, { signal: this.#signal })
    await this.#writer.writeBatch(batch, new Int8Array(batch.length))
  }

  /** Makes all of it visible; null where there was nothing. CONFLICT where a file that loses rows is gone meanwhile. */
  async commit(): Promise<Snapshot | null> {
    await this.#writeVectors()
    this.#messages.push(...((await this.#writer?.prepareCommit()) ?? []))
    if (this.#messages.length === 0) return null
    const table = { store: this.#store, schema: this.#schema }
    const messages = this.#messages.splice(0)
    try {
      const by = { commitUser: randomUUID(), signal: this.#signal }
      return await commitRewritten(table, messages, by, this.#upkeepSchema)
    } catch (error) {
      if (!mayHaveHappened(error)) await abort(table, messages).catch(() => {})
      throw error
    }
  }

  async #writeVectors(): Promise<void> {
    if (this.#marked.size === 0 || this.#snapshot === null) return
    for (const bucket of await this.#markedBuckets(this.#snapshot)) {
      const { partition, bucket: number, totalBuckets } = bucket
      const deletions = await bucketDeletions(this.#store, this.#schema, bucket, this.#signal)
      for (const { fileName, positions } of this.#marked.get(bucketKey(bucket))!)
        deletions.delete(fileName, positions)
      const place = indexPlace(this.#store, this.#schema, bucket, this.#signal)
      const change = { ...EMPTY_INCREMENT, ...(await deletions.prepare(place)) }
      this.#messages.push({ partition, bucket: number, totalBuckets, ...change })
    }
  }

  async #markedBuckets(snapshot: Snapshot): Promise<AppendBucket[]> {
    const partitions = [...this.#marked.values()].map((marked) => marked[0]!.split.partition)
    const filter = {
      partition: (bytes: Uint8Array) => partitions.some((own) => Buffer.from(bytes).equals(own)),
    }
    const options = { filter, signal: this.#signal }
    const buckets = await appendBuckets(this.#store, this.#schema, snapshot, options)
    return buckets.filter((bucket) => this.#marked.has(bucketKey(bucket)))
  }

  /** Drops what is not committed, and its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer?.close()
    const table = { store: this.#store, schema: this.#schema }
    await abort(table, this.#messages.splice(0)).catch(() => {})
  }
}

interface Marked {
  readonly split: Split
  readonly fileName: string
  readonly positions: Uint32Array
}
