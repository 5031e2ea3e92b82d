/**
 * Puts an endless stream of rows into a table, with commits on an interval or a number of rows, so that each row is there
 * once whatever happens to the process.
 *
 * 1. Items are taken one by one, as fast as the table takes them.
 * 2. When a commit is due, its files are ended, and a checkpoint is saved: where the stream is, and what is to be committed.
 * 3. Then it is committed. After a crash the commit of the last checkpoint is made unless it has happened, and the stream
 *    goes on behind it.
 *
 * Follows the committer of Paimon's Flink sink, where the checkpoint is Flink's.
 */
import type { RecordBatch, Table as ArrowTable } from 'apache-arrow'

import { newestIdentifier } from '../snapshot/commit-history.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { Table } from '../table/table.ts'
import { isArrowData, type WriteData } from '../table/write/input.ts'
import type { TableWriter } from '../table/write/writer.ts'
import { abortedError, throwIfAborted } from '../util/async.ts'
import { invalid } from '../util/errors.ts'
import { preparedOf, type SinkCheckpoint, sinkCheckpoint } from './checkpoint.ts'

/** A row, several rows, or Arrow data. */
export type StreamItem<Row> = Row | readonly Row[] | RecordBatch | ArrowTable

export interface StreamSinkOptions<Row> {
  /** Who commits: the same text for each run of the stream, and for no other. */
  readonly user: string
  /** How long after the first row of a commit it is made at the latest; a minute unless told. */
  readonly commitIntervalMs?: number | undefined
  /** How many rows a commit has before it is made, roughly; any number unless told. */
  readonly commitRows?: number | undefined
  /** Keeps the checkpoint before each commit; when it fails, so does the stream. Without it, rows may come twice after a crash. */
  readonly save?: ((checkpoint: SinkCheckpoint) => Promise<void> | void) | undefined
  /** The last checkpoint that was saved. The source has to go on behind its `position`. */
  readonly restore?: SinkCheckpoint | undefined
  /** Where the stream is behind the item, as JSON, for the checkpoint: an offset, say. */
  readonly positionOf?: ((item: StreamItem<Row>) => unknown) | undefined
  /** The event time of the item, in milliseconds: the table's watermark follows the highest, and never goes back. */
  readonly watermarkOf?: ((item: StreamItem<Row>) => number | bigint | undefined) | undefined
  /** Told of each commit. */
  readonly onCommit?: ((snapshots: readonly Snapshot[]) => void) | undefined
  /** Stops the stream: what is not committed is dropped. To stop behind a commit, end the source. */
  readonly signal?: AbortSignal | undefined
}

export interface StreamResult {
  readonly rowCount: number
  readonly commitCount: number
  /** What the last commit left, which is also the last that was saved; undefined without commits. */
  readonly checkpoint: SinkCheckpoint | undefined
}

const INTERVAL_MS = 60_000
/** Single rows are handed to the writer in groups of so many. */
const ROWS_AT_ONCE = 1_000

/**
 * Writes all items of the source, which may be an async iterable or a Node stream in object mode; resolves when the source has
 * ended and all is committed. In a pipeline: `pipeline(readable, (source) => streamInto(table, source, options))`.
 *
 * Whatever fails, the source is closed and what is not committed is dropped; errors are those of `TableWriter` and of the
 * source.
 */
export async function streamInto<Row>(
  table: Pick<Table, 'recover' | 'store' | 'writer'>,
  source: AsyncIterable<StreamItem<Row>> | Iterable<StreamItem<Row>>,
  options: StreamSinkOptions<Row>,
): Promise<StreamResult> {
  const { user, restore, signal } = options
  throwIfAborted(signal)
  if (restore !== undefined && restore.user !== user)
    throw invalid(`the checkpoint is of ${restore.user}, and ${user} is to commit`)
  let last = await newestIdentifier(table.store.snapshots, user, { signal })
  if (restore !== undefined) {
    await table.recover([preparedOf(restore)], { user, ...(signal !== undefined && { signal }) })
    if (BigInt(restore.identifier) > last) last = BigInt(restore.identifier)
  }
  await using writer = (await table.writer({ commitUser: user, signal })) as TableWriter<Row>
  const sink = new StreamSink(writer, options, last)
  await consume(source, sink, options)
  return sink.result
}

/** Hands items to the sink, and lets it commit when time is up, also while no item comes. */
async function consume<Row>(
  source: AsyncIterable<StreamItem<Row>> | Iterable<StreamItem<Row>>,
  sink: StreamSink<Row>,
  { signal }: StreamSinkOptions<Row>,
): Promise<void> {
  using alarm = new Alarm(signal)
  const iterator = iteratorOf(source)
  let next = Promise.resolve(iterator.next())
  let hasEnded = false
  try {
    for (;;) {
      const result = await alarm.orDue(next, sink.dueAt)
      if (result === 'due') await sink.commit()
      else if (result.done === true) break
      else {
        await sink.take(result.value)
        next = Promise.resolve(iterator.next())
      }
    }
    hasEnded = true
    await sink.commit()
  } finally {
    if (!hasEnded) {
      // The item that was asked for may never come, so the source is told without waiting for it.
      next.catch(() => {})
      void Promise.resolve(iterator.return?.()).catch(() => {})
    }
  }
}

function iteratorOf<Item>(
  source: AsyncIterable<Item> | Iterable<Item>,
): AsyncIterator<Item> | Iterator<Item> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
}

/** Waits for items no longer than until a commit is due: one timer for all items of a commit, one listener for all. */
class Alarm implements Disposable {
  readonly #signal: AbortSignal | undefined
  /** Ends the wait under way. */
  #wake: PromiseWithResolvers<unknown> | null = null
  #timer: NodeJS.Timeout | undefined
  #armedFor: number | undefined

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
    signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  readonly #onAbort = (): void => this.#wake?.reject(abortedError(this.#signal!))

  /** What comes first: the item, or the time when a commit is due (never for undefined). ABORTED when the signal fires. */
  async orDue<Result>(next: Promise<Result>, dueAt: number | undefined): Promise<Result | 'due'> {
    throwIfAborted(this.#signal)
    const waiting = Promise.withResolvers<Result | 'due'>()
    this.#wake = waiting as PromiseWithResolvers<unknown>
    next.then(waiting.resolve, waiting.reject)
    this.#arm(dueAt)
    try {
      return await waiting.promise
    } finally {
      this.#wake = null
    }
  }

  #arm(dueAt: number | undefined): void {
    if (dueAt === this.#armedFor) return
    clearTimeout(this.#timer)
    this.#armedFor = dueAt
    if (dueAt === undefined) return
    const inMs = Math.max(0, dueAt - Date.now())
    this.#timer = setTimeout(() => {
      // Where nobody waits the sink looks at the time itself, or else the next wait is told at once.
      this.#armedFor = undefined
      this.#wake?.resolve('due')
    }, inMs)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }
}

/** What has been taken since the last commit, and the commits so far. */
class StreamSink<Row> {
  readonly #writer: TableWriter<Row>
  readonly #options: StreamSinkOptions<Row>
  #identifier: bigint
  #rows: Row[] = []
  /** Since the last commit. */
  #rowCount = 0
  #dueAt: number | undefined
  #position: unknown = null
  #watermark: bigint | undefined
  #allRows = 0
  #commits = 0
  #checkpoint: SinkCheckpoint | undefined

  constructor(writer: TableWriter<Row>, options: StreamSinkOptions<Row>, identifier: bigint) {
    this.#writer = writer
    this.#options = options
    this.#identifier = identifier
    this.#position = options.restore?.position ?? null
  }

  get result(): StreamResult {
    return {
      rowCount: this.#allRows,
      commitCount: this.#commits,
      checkpoint: this.#checkpoint ?? this.#options.restore,
    }
  }

  /** When a commit is due, by the clock; undefined while nothing is to be committed. */
  get dueAt(): number | undefined {
    return this.#dueAt
  }

  async take(item: StreamItem<Row>): Promise<void> {
    const { commitIntervalMs = INTERVAL_MS, commitRows, positionOf, watermarkOf } = this.#options
    this.#dueAt ??= Date.now() + commitIntervalMs
    this.#rowCount += rowCountOf(item)
    if (isArrowData(item) || Array.isArray(item)) {
      await this.#flush()
      await this.#writer.write(item as WriteData<Row>)
    } else {
      this.#rows.push(item as Row)
      if (this.#rows.length >= ROWS_AT_ONCE) await this.#flush()
    }
    if (positionOf !== undefined) this.#position = positionOf(item)
    const time = watermarkOf?.(item)
    if (time !== undefined && (this.#watermark === undefined || BigInt(time) > this.#watermark))
      this.#watermark = BigInt(time)
    const isFull = commitRows !== undefined && this.#rowCount >= commitRows
    if (isFull || Date.now() >= this.#dueAt) await this.commit()
  }

  async #flush(): Promise<void> {
    if (this.#rows.length === 0) return
    const rows = this.#rows
    this.#rows = []
    await this.#writer.write(rows as WriteData<Row>)
  }

  /** Commits what was taken, if anything was. */
  async commit(): Promise<void> {
    if (this.#dueAt === undefined) return
    const { user, save, onCommit } = this.#options
    await this.#flush()
    const identifier = this.#identifier + 1n
    const watermark = this.#watermark
    const { snapshots } = await this.#writer.commit({
      identifier,
      watermark,
      onPrepared: async (messages) => {
        const position = this.#position
        const prepared = { identifier, messages, watermark }
        this.#checkpoint = sinkCheckpoint(user, prepared, position)
        await save?.(this.#checkpoint)
      },
    })
    this.#identifier = identifier
    this.#allRows += this.#rowCount
    this.#commits++
    this.#rowCount = 0
    this.#dueAt = undefined
    onCommit?.(snapshots)
  }
}

function rowCountOf(item: unknown): number {
  if (Array.isArray(item)) return item.length
  return isArrowData(item) ? item.numRows : 1
}
