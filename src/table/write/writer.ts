/**
 * Writes rows to a table in two phases: files first, then a commit that makes them visible.
 *
 * Follows `TableWriteImpl`, `AbstractFileStoreWrite` and `TableCommitImpl`. What buckets hold is in `open-buckets.ts`.
 */
import { randomUUID } from 'node:crypto'

import { needsLookup } from '../../lsm/compaction-pick.ts'
import type { CommitMessage } from '../../snapshot/commit-message.ts'
import { abort, mayHaveHappened } from '../../snapshot/commit.ts'
import type { OverwriteScope } from '../../snapshot/overwrite.ts'
import { BATCH_IDENTIFIER } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { Batch } from '../../types/column.ts'
import { tableOptions } from '../../types/options.ts'
import { DELETE } from '../../types/row-kind.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { hasPrimaryKey } from '../../types/schema-keys.ts'
import { requireWritable } from '../../types/schema-validation.ts'
import { throwIfAborted } from '../../util/async.ts'
import { invalid, LakeError } from '../../util/errors.ts'
import { expirySettled } from '../maintain/expire-step.ts'
import { type BucketAssigner, bucketAssigner, withIndexes } from './bucket-assign.ts'
import { CommitIdentifiers } from './commit-identifiers.ts'
import { commitRows, type WriterCommitResult } from './commit-rows.ts'
import {
  type InputReader,
  inputReader,
  type JsonData,
  type KindedBatch,
  pieces,
  type WriteData,
} from './input.ts'
import { OpenBuckets } from './open-buckets.ts'
import { type OverwriteOptions, overwriteScope } from './overwrite.ts'
import { decidesBuckets } from './postpone-buckets.ts'

export interface WriterOptions {
  /** Who commits: the same text for each run of a stream, so that a commit is known again after a crash. */
  readonly commitUser?: string | undefined
  /** Whether the one commit of this writer replaces what is in the table, and what of it; `{}` as the table's options say. */
  readonly overwrite?: OverwriteOptions | undefined
  /**
   * Whether rows come as a stream, which is so for `Table.writer` unless told: a table with `bucket = -2` decides the buckets
   * of a stream later, and those of a batch at once.
   */
  readonly isStream?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

export interface WriterCommitOptions {
  /**
   * Tells this commit from all others of the user; it has to grow. A commit that is made again, with the same one,
   * happens once. Without it each commit is a new one.
   */
  readonly identifier?: bigint | undefined
  readonly watermark?: bigint | undefined
  readonly properties?: Readonly<Record<string, string>> | undefined
  /**
   * Whether the compactions that are under way, and those that the rows of this commit make due, are part of it. Unless
   * told: for a batch, where `commit.force-compact` is set, and where compactions look rows up and `lookup-wait` is on.
   */
  readonly waitForCompaction?: boolean | undefined
  /** @internal Whether no snapshot is made where nothing was written; see `CommitOptions`. */
  readonly ignoreEmptyCommit?: boolean | undefined
  /**
   * Called with what is to be committed, before it is: whoever keeps it can recover the commit after a crash, or after the
   * commit has failed; the files are not deleted then. An error of it lets the commit fail; nothing is in the table then.
   */
  readonly onPrepared?: ((messages: readonly CommitMessage[]) => Promise<void> | void) | undefined
}

export interface WriterPrepareOptions extends Pick<WriterCommitOptions, 'waitForCompaction'> {
  /** The identifier of the commit to come: where some commits compact all, it tells which. */
  readonly identifier?: bigint | undefined
}

/**
 * Takes rows in any number of calls, and makes them visible by commits; `Table.writer` opens one. Its memory is bounded by
 * `write-buffer-size`: what is above it goes to files early. Calls are made one after another.
 *
 * A row that does not fit is INVALID; of the rows before it in the same call some may have been taken, so close the writer
 * unless these may be committed. When a file fails, rows are lost between memory and storage: the writer commits nothing
 * more then, and the rows have to be written again with a new one.
 */
export class TableWriter<Row = Record<string, unknown>> implements AsyncDisposable {
  readonly #store: TableStore
  readonly #schema: TableSchema
  readonly #assigner: BucketAssigner
  readonly #input: InputReader
  readonly #signal: AbortSignal | undefined
  readonly commitUser: string
  /** Whether nobody can have tried to commit as this user. */
  #isNewUser: boolean
  readonly #buckets: OpenBuckets
  readonly #overwrite: OverwriteScope | undefined
  /** Whether others may have given a partition another number of buckets meanwhile. */
  readonly #checksAppend: boolean
  #hasOverwritten = false
  /** Prepared, but not known to be committed. */
  #pending: CommitMessage[] = []
  /** A commit that may have happened: its identifier, and how many of the pending messages are its own. */
  #unsettled: { readonly identifier: bigint; readonly messageCount: number } | null = null
  /** How many of the pending messages others have kept, to commit them after a failure: their files stay. */
  #keptCount = 0
  /** Why rows were lost on their way to files. */
  #failure: unknown
  #closed = false
  readonly #identifiers: CommitIdentifiers
  readonly #waitsForLookups: boolean

  /** @internal `Table.writer` opens writers. */
  constructor(store: TableStore, schema: TableSchema, options: WriterOptions = {}) {
    requireWritable(schema)
    const values = tableOptions(schema.options)
    this.#store = store
    this.#schema = schema
    this.#signal = options.signal
    this.#input = inputReader(schema)
    this.#overwrite =
      options.overwrite === undefined ? undefined : overwriteScope(schema, options.overwrite)
    const isOverwrite = this.#overwrite !== undefined
    this.#isNewUser = options.commitUser === undefined
    this.#waitsForLookups =
      !values.get('write-only') && needsLookup(values) && values.get('lookup-wait')
    const prefix = values.get('commit.user-prefix')
    this.commitUser =
      options.commitUser ?? (prefix === undefined ? randomUUID() : `${prefix}_${randomUUID()}`)
    const { commitUser } = this
    const { signal, isStream = false } = options
    const isBatch = !isStream
    this.#identifiers = new CommitIdentifiers(store.snapshots, commitUser, values, signal)
    this.#checksAppend = decidesBuckets(schema, isBatch)
    const asWritten = this.#checksAppend ? withoutCompaction(schema) : schema
    this.#buckets = new OpenBuckets(store, asWritten, signal, isOverwrite, commitUser)
    this.#assigner = bucketAssigner(store, schema, { commitUser, isOverwrite, isBatch, signal })
  }

  /** Takes rows. They are visible to nobody before a commit. */
  async write(data: WriteData<Row>): Promise<void> {
    await this.#take(this.#input.read(data as WriteData<unknown>))
  }

  /**
   * Takes rows as parsed JSON: BIGINT and DECIMAL as strings, bytes as hexadecimal digits, dates and times as ISO text,
   * maps as arrays of [key, value].
   */
  async writeJson(rows: JsonData): Promise<void> {
    await this.#take(this.#input.readJson(rows))
  }

  /** Deletes the rows of these keys; columns that are no key and may be null can be left out. */
  async delete(rows: WriteData<Partial<Row>>): Promise<void> {
    if (!hasPrimaryKey(this.#schema))
      throw invalid('rows of a table without primary key cannot be deleted by a writer')
    await this.#take(this.#input.read(rows as WriteData<unknown>, DELETE))
  }

  /** @internal Takes rows that have the table's columns already, such as rows that were read from it. */
  async writeBatch(batch: Batch, kinds: Int8Array): Promise<void> {
    if (batch.length > 0) await this.#take([{ batch, kinds }])
  }

  async #take(batches: AsyncIterable<KindedBatch> | readonly KindedBatch[]): Promise<void> {
    this.#requireOpen()
    for await (const batch of batches)
      for (const part of pieces(batch, this.#buckets.budgetBytes / 4)) {
        throwIfAborted(this.#signal)
        const assigned = await this.#orFail(this.#assigner.assign(part.batch, part.kinds))
        for (const rows of assigned) await this.#orFail(this.#buckets.write(rows))
        await this.#orFail(this.#buckets.keepBudget())
        this.#store.metrics.add('writer.numRecordsOut', part.batch.length)
      }
  }

  /**
   * Ends all files and describes them: the messages can be handed to {@link Table.commit}, also by another process. The
   * rows are then out of this writer's hands.
   */
  async prepareCommit(options: WriterPrepareOptions = {}): Promise<CommitMessage[]> {
    this.#requireOpen()
    if (this.#unsettled !== null)
      throw invalid('whether the last commit happened is not known', {
        hint: 'commit again before more is prepared',
      })
    await this.#prepare(options, this.#identifiers.compactsAll(options.identifier))
    const messages = this.#pending
    this.#pending = []
    return messages
  }

  /**
   * Writes what was taken so far to files, and starts a compaction of a bucket: of all its files, or of those that are
   * due. It is part of the next commit that it has ended before, or that waits for it. `partition` is a serialised
   * BinaryRow, as messages have it.
   */
  async compact({
    partition,
    bucket,
    full = false,
  }: {
    readonly partition: Uint8Array
    readonly bucket: number
    readonly full?: boolean | undefined
  }): Promise<void> {
    this.#requireOpen()
    await this.#orFail(this.#buckets.compact(partition, bucket, full))
  }

  async #prepare(
    { identifier, waitForCompaction }: WriterPrepareOptions,
    isFull: boolean,
  ): Promise<void> {
    const first = this.#pending.length
    const waits = waitForCompaction ?? (identifier === BATCH_IDENTIFIER || this.#waitsForLookups)
    const options = { waits: waits || isFull, isFull, holdsBack: this.#unsettled !== null }
    await this.#orFail(this.#buckets.prepare((message) => this.#pending.push(message), options))
    const indexes = await this.#orFail(this.#assigner.prepare())
    this.#pending = withIndexes(this.#pending, first, indexes)
  }

  /** Rows that do not reach a file cannot be committed any more, and so neither can those written with them. */
  async #orFail<Result>(writing: Result | Promise<Result>): Promise<Result> {
    try {
      return await writing
    } catch (error) {
      this.#failure ??= error
      throw error
    }
  }

  /**
   * Makes everything written so far visible, in one snapshot or not at all. After an error it may be called again: with
   * the same identifier, or without one both times. A commit whose outcome is not known is settled first.
   */
  async commit(options: WriterCommitOptions = {}): Promise<WriterCommitResult> {
    this.#requireOpen()
    const isFull = this.#identifiers.compactsAll(options.identifier)
    await this.#prepare(options, isFull)
    const settled = await this.#settle(options)
    const hasMore = this.#pending.length > 0 || options.identifier !== settled?.identifier
    if (settled !== null && !hasMore) return settled.result
    const isNew = options.identifier === undefined || this.#isNewUser
    const identifier = options.identifier ?? (await this.#identifiers.next(isFull, this.#isNewUser))
    if (options.onPrepared !== undefined) {
      // Also when it fails they may have been kept.
      this.#keptCount = this.#pending.length
      await options.onPrepared(this.#pending)
    }
    const result = await this.#commit(this.#pending, { ...options, identifier }, isNew)
    if (settled === null) return result
    return {
      ...result,
      snapshots: [...settled.result.snapshots, ...result.snapshots],
      isCompactionDropped: settled.result.isCompactionDropped || result.isCompactionDropped,
      upkeepErrors: [...settled.result.upkeepErrors, ...result.upkeepErrors],
    }
  }

  /** Finds out whether the commit happened whose outcome is not known, or makes it happen. */
  async #settle(options: WriterCommitOptions): Promise<{
    readonly identifier: bigint | undefined
    readonly result: WriterCommitResult
  } | null> {
    if (this.#unsettled === null) return null
    const { identifier, messageCount } = this.#unsettled
    const isSame = options.identifier === identifier
    if (isSame && messageCount < this.#pending.length)
      throw invalid(`rows were written since commit ${identifier}, whose outcome is not known`, {
        hint: 'commit again before rows are written, or commit those rows with a higher identifier',
      })
    const messages = this.#pending.slice(0, messageCount)
    const result = await this.#commit(messages, { ...options, identifier })
    return { identifier: isSame ? identifier : undefined, result }
  }

  async #commit(
    messages: readonly CommitMessage[],
    options: WriterCommitOptions & { readonly identifier: bigint },
    isNew = false,
  ): Promise<WriterCommitResult> {
    const isFirstTry = this.#unsettled === null
    this.#isNewUser = false
    const table = { store: this.#store, schema: this.#schema }
    let result: WriterCommitResult
    try {
      result = await commitRows(table, messages, {
        ...options,
        commitUser: this.commitUser,
        overwrite: this.#overwrite,
        checksAppend: this.#checksAppend,
        // What cannot have happened need not be looked for.
        mayBeCommitted: isNew ? false : undefined,
        signal: this.#signal,
      })
    } catch (error) {
      if (mayHaveHappened(error))
        this.#unsettled = { identifier: options.identifier, messageCount: messages.length }
      throw error
    }
    if (result.isCompactionDropped) await this.#buckets.dropCompactions(messages)
    this.#hasOverwritten = this.#overwrite !== undefined
    this.#pending = this.#pending.slice(messages.length)
    this.#unsettled = null
    this.#keptCount = 0
    this.#buckets.committed(result.snapshots, messages)
    this.#assigner.committed?.(messages)
    // An earlier process has committed the same rows in files of its own.
    if (result.alreadyCommitted && isFirstTry) await abort(table, messages).catch(() => {})
    return result
  }

  /** Drops what is not committed, and its files; the writer takes nothing more. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#buckets.abort()
    // Files whose commit may have happened stay: orphan cleaning removes them if it did not.
    const keptCount = Math.max(this.#unsettled?.messageCount ?? 0, this.#keptCount)
    const dropped = this.#pending.slice(keptCount)
    this.#pending = []
    await abort({ store: this.#store, schema: this.#schema }, dropped)
    await expirySettled(this.#store)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #requireOpen(): void {
    if (this.#closed) throw invalid('the writer is closed')
    if (this.#hasOverwritten)
      throw invalid('a writer that overwrites makes one commit, and has made it', {
        hint: 'open another writer',
      })
    throwIfAborted(this.#signal)
    if (this.#failure !== undefined)
      throw new LakeError(
        'IO',
        'the writer failed before, and has lost rows since its last commit',
        {
          hint: 'open a new writer and write the rows again; nothing of them is in the table',
          cause: this.#failure,
        },
      )
  }
}

/** A batch that decides postponed buckets leaves compactions to others. */
function withoutCompaction(schema: TableSchema): TableSchema {
  return { ...schema, options: { ...schema.options, 'write-only': 'true' } }
}
