/**
 * The place of a stream in the history of its table: finds the start, goes from snapshot to snapshot, and says what is to
 * be read, when to look again, and when it ends.
 *
 * Follows `DataTableStreamScan` and `NextSnapshotFetcher`. Beyond these, a snapshot that is not there although it should be
 * is an error at once, and not after some time.
 */
import { snapshotPath } from '../../snapshot/paths.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { type Clock, systemClock, throwIfAborted } from '../../util/async.ts'
import { decodingError, invalid, LakeError, notFound } from '../../util/errors.ts'
import { type ChangeScan, planChanges, type PlannedSplit, planState } from './change-plan.ts'
import { type Checkpoint, filterMark, type PlaceWithin } from './checkpoint.ts'
import { findStart, type StreamBegin } from './find-start.ts'
import {
  followRules,
  type FollowRules,
  followStep,
  isBeyond,
  keepsChangelogs,
  pollWaitMs,
  waitMsFor,
} from './follow.ts'
import { StreamHistory } from './history.ts'
import type { StreamStart } from './start.ts'

export interface StreamScanOptions extends ChangeScan {
  /** Where to start; or where to go on. */
  readonly start: StreamStart | Checkpoint
  /** Whether to wait for snapshots to come; else the stream ends with the latest of when it starts. */
  readonly follow: boolean
  /** How long to wait at most before looking for a snapshot again. */
  readonly pollMs: number
  readonly clock?: Clock | undefined
}

/** What is read of one snapshot. */
export interface SnapshotPlan {
  readonly snapshot: Snapshot
  readonly isFull: boolean
  readonly splits: readonly PlannedSplit[]
  /** So many rows of it come before the place where the stream goes on. */
  readonly skippedRows: number
  /** The place in the snapshot behind so many of its rows, the last of them or not. */
  checkpointAt(rowCount: number, isLast: boolean): Checkpoint
}

export type StreamStep =
  | { readonly kind: 'read'; readonly plan: SnapshotPlan }
  | { readonly kind: 'wait'; readonly waitMs: number }
  | { readonly kind: 'end' }

/** A snapshot that is not there is looked for in the whole history the first time, and then each time after so many. */
const MISSES_PER_CHECK = 16

export class StreamScan {
  readonly #options: StreamScanOptions
  readonly #rules: FollowRules
  readonly #history: StreamHistory
  readonly #clock: Clock
  #position: Checkpoint | null
  /** The last snapshot to read; null for a stream that follows, undefined as long as it is not known. */
  #lastId: number | null | undefined
  #missCount = 0
  #hasEnded = false

  constructor(options: StreamScanOptions) {
    this.#options = options
    this.#rules = followRules(options.schema)
    this.#history = new StreamHistory(options.store, keepsChangelogs(options.schema))
    this.#clock = options.clock ?? systemClock
    this.#position = 'mode' in options.start ? null : options.start
    this.#lastId = options.follow ? null : undefined
  }

  /** The place behind all that was planned or passed over; null as long as the start is not known. */
  get position(): Checkpoint | null {
    return this.#position
  }

  /** What to do next. NOT_FOUND, with the way out, where the next snapshot has expired or was rolled back. */
  async next(): Promise<StreamStep> {
    const { signal } = this.#options
    throwIfAborted(signal)
    this.#lastId ??= this.#options.follow ? null : await this.#latestId()
    if (this.#position === null && !(await this.#begin())) return this.#wait()
    for (;;) {
      throwIfAborted(signal)
      const { nextSnapshot, within } = this.#position!
      if (this.#hasEnded) return { kind: 'end' }
      const isFull = within?.isFull === true
      if (!isFull && this.#lastId !== null && nextSnapshot > this.#lastId) {
        if (nextSnapshot > this.#lastId + 1) await this.#requireComing(nextSnapshot)
        return { kind: 'end' }
      }
      const snapshot = await this.#find(nextSnapshot, isFull)
      if (snapshot === null) return await this.#miss(nextSnapshot, isFull)
      this.#missCount = 0
      try {
        const step = await this.#stepOf(snapshot, within)
        if (step !== null) return step
      } catch (error) {
        throw await this.explain(error, { snapshot, isFull })
      }
    }
  }

  /** What the failure of reading a plan comes from: its snapshot has expired meanwhile, or says what is not so. */
  async explain(
    error: unknown,
    { snapshot, isFull }: Pick<SnapshotPlan, 'snapshot' | 'isFull'>,
  ): Promise<unknown> {
    if (!(error instanceof LakeError)) return error
    if (error.code === 'CORRUPT' && error.path === undefined)
      return decodingError(snapshotPath(this.#options.store.location, snapshot.id), error)
    if (error.code !== 'NOT_FOUND') return error
    try {
      return (await this.#history.missing(snapshot.id, isFull)) ?? withHint(error, snapshot)
    } catch {
      return error
    }
  }

  async #latestId(): Promise<number> {
    return (await this.#history.latest(this.#options.signal))?.id ?? 0
  }

  /** Finds the start; false as long as the table has no snapshots to tell. */
  async #begin(): Promise<boolean> {
    const { schema, start, signal } = this.#options
    if (!('mode' in start)) return true
    const begin = await findStart(this.#history, schema, start, signal)
    if (begin === null) return false
    this.#position = await this.#placeOf(begin)
    return true
  }

  async #placeOf(begin: StreamBegin): Promise<Checkpoint> {
    if (begin.kind === 'full') {
      const { snapshot, createdSinceMillis } = begin
      const within = { ...this.#placeIn(snapshot, 0), isFull: true }
      return {
        nextSnapshot: snapshot.id,
        within: createdSinceMillis === undefined ? within : { ...within, createdSinceMillis },
      }
    }
    const { nextSnapshot } = begin
    if (this.#rules.boundedWatermark !== undefined && nextSnapshot > 1) {
      const before = await this.#history.snapshot(nextSnapshot - 1, this.#options.signal)
      this.#hasEnded = before !== null && isBeyond(before, this.#rules)
    }
    return { nextSnapshot }
  }

  #placeIn({ deltaManifestList }: Snapshot, rowCount: number): PlaceWithin {
    const filter = filterMark(this.#options)
    return { rowCount, isFull: false, deltaManifestList, filter }
  }

  async #find(snapshotId: number, isFull: boolean): Promise<Snapshot | null> {
    const { signal } = this.#options
    // The whole state needs the snapshot itself; a changelog knows only what changed.
    if (isFull || this.#missCount % MISSES_PER_CHECK !== 0)
      return await this.#history.snapshot(snapshotId, signal)
    return await this.#history.find(snapshotId, signal)
  }

  /** Null where the snapshot is passed over. */
  async #stepOf(snapshot: Snapshot, within: PlaceWithin | undefined): Promise<StreamStep | null> {
    if (within !== undefined) this.#requireSame(snapshot, within)
    if (within?.isFull === true) {
      const splits = await planState(this.#options, snapshot, within.createdSinceMillis)
      this.#hasEnded = isBeyond(snapshot, this.#rules)
      return this.#read(snapshot, splits, within)
    }
    const nowMs = this.#clock.now()
    const step = followStep(snapshot, this.#rules, nowMs)
    if (step === 'end') return { kind: 'end' }
    if (step === 'wait') {
      if (!this.#options.follow) return { kind: 'end' }
      const { pollMs } = this.#options
      return { kind: 'wait', waitMs: Math.min(pollMs, waitMsFor(snapshot, this.#rules, nowMs)) }
    }
    if (step !== 'skip') {
      const splits = await planChanges(this.#options, snapshot, step)
      if (splits.length > 0) return this.#read(snapshot, splits, within)
    }
    this.#position = { nextSnapshot: snapshot.id + 1 }
    return null
  }

  #read(
    snapshot: Snapshot,
    splits: readonly PlannedSplit[],
    within: PlaceWithin | undefined,
  ): StreamStep {
    this.#position = { nextSnapshot: snapshot.id + 1 }
    return { kind: 'read', plan: this.#planOf(snapshot, splits, within) }
  }

  #planOf(
    snapshot: Snapshot,
    splits: readonly PlannedSplit[],
    within: PlaceWithin | undefined,
  ): SnapshotPlan {
    const nextSnapshot = snapshot.id
    const place = within ?? this.#placeIn(snapshot, 0)
    return {
      snapshot,
      isFull: place.isFull,
      splits,
      skippedRows: place.rowCount,
      checkpointAt: (rowCount, isLast) => {
        if (isLast) return { nextSnapshot: nextSnapshot + 1 }
        const isBegun = rowCount > 0 || place.isFull
        return isBegun ? { nextSnapshot, within: { ...place, rowCount } } : { nextSnapshot }
      },
    }
  }

  /** A place within a snapshot means nothing in another one, or with another filter. */
  #requireSame(snapshot: Snapshot, { deltaManifestList, filter, rowCount }: PlaceWithin): void {
    if (snapshot.deltaManifestList !== deltaManifestList)
      throw notFound(`snapshot ${snapshot.id} is not the one that the stream had come to`, {
        hint: 'the table was rolled back or made anew since: start the stream again, from earliest or latest-full',
      })
    if (rowCount > 0 && filter !== filterMark(this.#options))
      throw invalid(`the checkpoint within snapshot ${snapshot.id} is of another filter`, {
        hint: 'restore it with the same where; another one can take over where a snapshot ends',
      })
  }

  async #miss(snapshotId: number, isFull: boolean): Promise<StreamStep> {
    // What was there when the stream started, or when its state began to be read, is not to come.
    const isOld = isFull || this.#lastId !== null
    if (isOld || this.#missCount % MISSES_PER_CHECK === 0)
      await this.#requireComing(snapshotId, isFull)
    return this.#wait()
  }

  async #requireComing(snapshotId: number, isFull = false): Promise<void> {
    const error = await this.#history.missing(snapshotId, isFull, this.#options.signal)
    if (error !== null) throw error
  }

  #wait(): StreamStep {
    if (!this.#options.follow) return { kind: 'end' }
    return { kind: 'wait', waitMs: pollWaitMs(this.#missCount++, this.#options.pollMs) }
  }
}

/** A file is gone of a snapshot that is there: an expiry deletes the files first. */
function withHint({ message, path, retriable, cause }: LakeError, { id }: Snapshot): LakeError {
  const hint = `if snapshot ${id} is just expiring, start again from a later one; else check the table`
  return new LakeError('NOT_FOUND', message, { path, retriable, cause, hint })
}
