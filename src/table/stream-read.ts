/**
 * Streaming reads: the changes of a table, snapshot by snapshot, from a starting point on and as they come.
 *
 * docs/streaming.md tells where streams start, what they give, and what is promised when they are started again.
 */
import { ConsumerStore } from '../snapshot/consumer-store.ts'
import { schemaPath } from '../snapshot/paths.ts'
import type { TableStore } from '../snapshot/table-store.ts'
import type { DataField } from '../types/data-type.ts'
import { checkSettable } from '../types/option-checks.ts'
import { type RawOptions, tableOptions } from '../types/options.ts'
import { bindPredicate } from '../types/predicate-bind.ts'
import type { Predicate } from '../types/predicate.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { checkOverwriteReads, requireReadable } from '../types/schema-validation.ts'
import { parseWhere } from '../types/where-text.ts'
import { type Clock, systemClock, throwIfAborted } from '../util/async.ts'
import { decodingError, invalid, isNotFound } from '../util/errors.ts'
import { startupOf } from './plan/startup.ts'
import { readState } from './plan/time-travel.ts'
import { distinctFields } from './read.ts'
import { type Change, ChangeBatch } from './stream/change-batch.ts'
import { type Checkpoint, parseCheckpoint } from './stream/checkpoint.ts'
import { readPlan } from './stream/plan-rows.ts'
import { StreamProgress } from './stream/progress.ts'
import {
  type ChangesFrom,
  namesStart,
  startFrom,
  startOfOptions,
  type StreamStart,
} from './stream/start.ts'
import { type SnapshotPlan, StreamScan, type StreamStep } from './stream/stream-scan.ts'
import type { RowView } from './system/row-view.ts'
import { chooseOfView, markOfView, type ViewChoice } from './system/view-choice.ts'

export interface ChangesRequest {
  readonly from?: ChangesFrom | undefined
  readonly restore?: Checkpoint | number | undefined
  readonly consumer?: string | undefined
  readonly columns?: readonly string[] | undefined
  /** A text is parsed by `where-text.ts`. */
  readonly where?: Predicate | string | undefined
  readonly follow?: boolean | undefined
  readonly pollIntervalMs?: number | undefined
  /** Paimon's dynamic options, such as `scan.mode`. */
  readonly options?: RawOptions | undefined
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock | undefined
}

/**
 * A stream of changes: iterate it for rows, or ask it for batches, once. Nothing is read before that. It can be iterated
 * only once; another call of `changes` makes another stream.
 */
export interface Changes<Row> extends AsyncIterable<Change<Row>> {
  /** The rows as they lie in columns: much faster than one by one. */
  batches(): AsyncGenerator<ChangeBatch<Row>, void, undefined>
  /** The columns of the rows, in order. */
  fields(): Promise<readonly DataField[]>
  /** The place behind all that was acknowledged; null before it is known where the stream starts. */
  checkpoint(): Checkpoint | null
}

/** A stream whose start, columns and filter have been looked up. */
interface OpenStream {
  readonly schema: TableSchema
  readonly fields: readonly DataField[]
  readonly where: Predicate | undefined
  readonly view: ViewChoice | undefined
  readonly scan: StreamScan
  readonly progress: StreamProgress
}

export class TableChanges<Row> implements Changes<Row> {
  readonly #store: TableStore
  readonly #schema: TableSchema
  readonly #request: ChangesRequest
  readonly #view: RowView | undefined
  #prepared: Promise<OpenStream> | null = null
  #progress: StreamProgress | null = null
  #isTaken = false
  /** Whose rows were given last. */
  #lastSnapshotId = 0

  /** With a view its rows are given instead of those of the table, each as an insert. */
  constructor(store: TableStore, schema: TableSchema, request: ChangesRequest, view?: RowView) {
    const { options = {}, from, pollIntervalMs } = request
    checkSettable(
      options,
      schema.fields.map(({ name }) => name),
    )
    if (from !== undefined && namesStart(options))
      throw invalid('the start of a stream is given twice: as from, and as an option', {
        hint: 'leave one of them out',
      })
    if (pollIntervalMs !== undefined && !(pollIntervalMs > 0))
      throw invalid(`${pollIntervalMs} ms is no time to wait between looks`)
    if (from !== undefined) startFrom(from)
    if (request.restore !== undefined) parseCheckpoint(request.restore)
    this.#store = store
    this.#schema = { ...schema, options: { ...schema.options, ...options } }
    this.#request = request
    this.#view = view
  }

  async fields(): Promise<readonly DataField[]> {
    return (await this.#open()).fields
  }

  checkpoint(): Checkpoint | null {
    return this.#progress?.checkpoint ?? null
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Change<Row>, void, undefined> {
    for await (const batch of this.batches()) yield* batch.changes()
  }

  async *batches(): AsyncGenerator<ChangeBatch<Row>, void, undefined> {
    if (this.#isTaken)
      throw invalid('the stream has been read already', {
        hint: 'call changes() again, and restore the checkpoint of this one to go on behind it',
      })
    this.#isTaken = true
    const stream = await this.#open()
    const { scan, progress } = stream
    let ahead = begun(scan.next())
    try {
      for (;;) {
        const step = await ahead
        if (step.kind === 'read') {
          const { plan } = step
          await progress.begin(plan.checkpointAt(plan.skippedRows, false))
          // The next snapshot is planned while the rows of this one are used.
          ahead = begun(scan.next())
          yield* this.#planBatches(stream, plan)
          continue
        }
        if (scan.position !== null) {
          await progress.begin(scan.position)
          await progress.rest(scan.position)
        }
        if (step.kind === 'end') return
        await this.#sleep(step.waitMs)
        ahead = begun(scan.next())
      }
    } finally {
      // No work goes on behind the back of who has stopped reading.
      await Promise.allSettled([ahead])
    }
  }

  async *#planBatches(
    { schema, fields, where, view, scan, progress }: OpenStream,
    plan: SnapshotPlan,
  ): AsyncGenerator<ChangeBatch<Row>, void, undefined> {
    const { signal } = this.#request
    const { snapshot, isFull } = plan
    let before = plan.skippedRows
    const read = { store: this.#store, schema, fields, where, view, signal }
    const batches = readPlan(plan, read)
    try {
      for (;;) {
        const next = await batches.next().catch(async (error: unknown) => {
          throw await scan.explain(error, plan)
        })
        if (next.done === true) return
        throwIfAborted(signal)
        const { batch, kinds, isLast } = next.value
        const start = before
        before += batch.length
        this.#count(batch.length, snapshot)
        const number = progress.give(batch.length)
        const checkpointAt = (rowCount: number): Checkpoint =>
          plan.checkpointAt(start + rowCount, isLast && rowCount === batch.length)
        yield new ChangeBatch<Row>(fields, batch, kinds, {
          snapshotId: snapshot.id,
          isFull,
          checkpointAt,
          ack: async (rowCount) =>
            await progress.ack({ batch: number, row: rowCount - 1 }, checkpointAt(rowCount)),
        })
      }
    } finally {
      await batches.return()
    }
  }

  #count(rowCount: number, { id, timeMillis }: SnapshotPlan['snapshot']): void {
    const { metrics } = this.#store
    metrics.add('reader.numRecordsIn', rowCount)
    metrics.add('reader.numBatchesIn')
    if (this.#lastSnapshotId === id) return
    this.#lastSnapshotId = id
    const { clock = systemClock } = this.#request
    metrics.set('reader.lastSnapshotId', id)
    metrics.set('reader.currentFetchEventTimeLag', Math.max(0, clock.now() - timeMillis))
  }

  async #sleep(waitMs: number): Promise<void> {
    const { clock = systemClock, signal } = this.#request
    await clock.sleep(waitMs, signal)
  }

  async #open(): Promise<OpenStream> {
    this.#prepared ??= this.#prepare()
    return await this.#prepared
  }

  async #prepare(): Promise<OpenStream> {
    const { signal, follow = true, clock } = this.#request
    throwIfAborted(signal)
    const { start, progress } = await this.#place()
    const schema = await this.#readSchema()
    // A filter that does not fit is refused before anything is read.
    const { fields, where, view, viewMark } = this.#choose(schema)
    const pollMs =
      this.#request.pollIntervalMs ??
      tableOptions(schema.options).get('continuous.discovery-interval')
    const plans = { store: this.#store, schema, where, viewMark, signal }
    const scan = new StreamScan({ ...plans, start, follow, pollMs, clock })
    this.#progress = progress
    return { schema, fields, where, view, scan, progress }
  }

  #choose(schema: TableSchema): Pick<OpenStream, 'fields' | 'where' | 'view'> & {
    readonly viewMark?: string
  } {
    const { columns, where: given } = this.#request
    if (this.#view !== undefined) {
      const view = chooseOfView(this.#view, schema, this.#request)
      return { fields: view.fields, where: view.where, view, viewMark: markOfView(view) }
    }
    const fields = columns === undefined ? schema.fields : distinctFields(schema, columns)
    const where = typeof given === 'string' ? parseWhere(given, schema.fields) : given
    if (where !== undefined) bindPredicate(where, schema.fields)
    return { fields, where, view: undefined }
  }

  /** Where the stream starts or goes on: what is restored comes first, then the consumer's progress. */
  async #place(): Promise<{
    readonly start: StreamStart | Checkpoint
    readonly progress: StreamProgress
  }> {
    const { io, location } = this.#store
    const { from, restore, signal } = this.#request
    const options = tableOptions(this.#schema.options)
    const name = this.#request.consumer ?? options.get('consumer-id')
    if (name === '') throw invalid('the name of the consumer is empty')
    const consumer = name === undefined ? null : { store: new ConsumerStore(io, location), name }
    const stored = consumer && (await consumer.store.find(consumer.name, { signal }))
    const progress = new StreamProgress(consumer, stored)
    if (restore !== undefined) return { start: parseCheckpoint(restore), progress }
    if (stored !== null && !options.get('consumer.ignore-progress'))
      return { start: { nextSnapshot: Math.max(1, stored) }, progress }
    const start = from === undefined ? startOfOptions(options.raw) : startFrom(from)
    return { start, progress }
  }

  /**
   * The schema that rows are read with: that of the state which an option names, as `AbstractFileStoreTable.copy` takes
   * it, else the one that the table was opened with.
   */
  async #readSchema(): Promise<TableSchema> {
    const { location } = this.#store
    const schema = this.#schema
    checkOverwriteReads(schema)
    try {
      requireReadable(schema)
    } catch (error) {
      throw decodingError(schemaPath(location, schema.id), error)
    }
    const { from, signal } = this.#request
    const namesState = from === undefined && 'target' in startupOf(tableOptions(schema.options))
    if (!namesState) return schema
    try {
      return (await readState(this.#store, schema, {}, signal)).schema
    } catch (error) {
      if (isNotFound(error)) return schema
      throw error
    }
  }
}

/** Work that is begun before anybody waits for it: its failure is told when its turn comes. */
function begun(step: Promise<StreamStep>): Promise<StreamStep> {
  step.catch(() => {})
  return step
}
