/**
 * Threads that read splits ahead of whoever asks for them. They open the storage anew, so they help only where it can be
 * opened by its address and options; nothing depends on them.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

import type { IoStats } from '../../io/file-io.ts'
import type { StorageAddress } from '../../io/resolve.ts'
import type { TableLocation } from '../../snapshot/paths.ts'
import { type PackedBatch, unpackBatch } from '../../types/batch-transfer.ts'
import type { Batch } from '../../types/column.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { throwIfAborted } from '../../util/async.ts'
import { LakeError, type LakeErrorCode } from '../../util/errors.ts'
import type { Split } from '../plan/split.ts'
import type { SplitReadOptions } from './split-read.ts'

/** A split to read; all of it can be sent to a thread. */
export interface SplitJob {
  readonly id: number
  readonly storage: StorageAddress
  readonly location: TableLocation
  readonly schema: TableSchema
  readonly split: Split
  readonly options: Omit<SplitReadOptions, 'signal'>
}

/** What a thread is told: to read, that so many batches were taken, that a job's answers are not wanted any more. */
export type SplitMessage =
  | { readonly read: SplitJob }
  | { readonly taken: number }
  | { readonly stop: number }

export interface SplitFailure {
  /** Null where it was no `LakeError`. */
  readonly code: LakeErrorCode | null
  readonly message: string
  readonly path?: string | undefined
  readonly hint?: string | undefined
  readonly retriable?: boolean | undefined
}

/** What a thread says of a job; `end` are the figures of its storage so far. */
export type SplitAnswer =
  | { readonly id: number; readonly batch: PackedBatch }
  | { readonly id: number; readonly end: IoStats }
  | { readonly id: number; readonly failure: SplitFailure }

/** A thread sends no more batches than this before some are taken. */
export const BATCHES_AHEAD = 4
const THREADS_MAX = 16

/** Sources run as they are; a package has the worker beside the bundle. */
const WORKER_URL = new URL(
  import.meta.url.endsWith('.ts') ? './split-worker.ts' : './split-worker.mjs',
  import.meta.url,
)

let threads: SplitThread[] | null = null

/** Threads that nobody uses, for the asker alone until they are given back; none where all are in use. */
export function borrowThreads(count: number): SplitThread[] {
  threads ??= []
  threads = threads.filter((thread) => !thread.hasEnded)
  const most = Math.min(THREADS_MAX, availableParallelism())
  const free = threads.filter((thread) => !thread.isBorrowed)
  while (free.length < count && threads.length < most) {
    const thread = new SplitThread()
    threads.push(thread)
    free.push(thread)
  }
  const borrowed = free.slice(0, count)
  for (const thread of borrowed) thread.isBorrowed = true
  return borrowed
}

/** The answers to one job, in the order in which they came. */
interface Reading {
  readonly answers: SplitAnswer[]
  wake: (() => void) | null
}

/** A thread of its own that reads splits one after another. */
export class SplitThread {
  readonly #worker = new Worker(WORKER_URL)
  readonly #readings = new Map<number, Reading>()
  #nextId = 0
  #failure: Error | null = null
  #counted: IoStats | null = null
  isBorrowed = false
  isReady = false
  /** Called when the thread has read a split to its end, or can take its first. */
  onIdle: (() => void) | null = null

  constructor() {
    this.#worker.once('online', () => {
      this.isReady = true
      this.onIdle?.()
    })
    this.#worker.on('message', (answer: SplitAnswer) => this.#answer(answer))
    this.#worker.on('error', (error) => this.#end(error as Error))
    this.#worker.on('exit', () => this.#end(new Error('a thread that reads splits ended')))
    // A thread that nobody waits for does not keep the process from ending. Listening would, so this comes last.
    this.#worker.unref()
  }

  get hasEnded(): boolean {
    return this.#failure !== null
  }

  /** Whether the thread has read all that it was given, though not all of it may be taken. */
  get isIdle(): boolean {
    return this.isReady && ![...this.#readings.values()].some((reading) => !isComplete(reading))
  }

  /** Begins to read; the batches are had from {@link SplitThread.take}. Returns the number of the job. */
  start(job: Omit<SplitJob, 'id'>): number {
    const id = this.#nextId++
    this.#readings.set(id, { answers: [], wake: null })
    this.#post({ read: { ...job, id } })
    return id
  }

  /** The next batch of the job; at its end, what the thread has asked of the storage since the last end. */
  async take(id: number, signal?: AbortSignal): Promise<Batch | IoStats> {
    const reading = this.#readings.get(id)!
    const wake = (): void => reading.wake?.()
    signal?.addEventListener('abort', wake)
    try {
      while (reading.answers.length === 0) {
        throwIfAborted(signal)
        if (this.#failure !== null) throw this.#failure
        this.#worker.ref()
        await new Promise<void>((resolve) => (reading.wake = resolve))
        this.#worker.unref()
      }
    } finally {
      signal?.removeEventListener('abort', wake)
    }
    const answer = reading.answers.shift()!
    if ('batch' in answer) {
      this.#post({ taken: 1 })
      return unpackBatch(answer.batch)
    }
    this.#readings.delete(id)
    if ('failure' in answer) throw errorOf(answer.failure)
    return this.#sinceLast(answer.end)
  }

  /** Ends all jobs, whose answers are not wanted any more, and gives the thread back. */
  giveBack(): void {
    this.onIdle = null
    for (const [id, reading] of this.#readings) {
      const waiting = reading.answers.filter((answer) => 'batch' in answer).length
      if (waiting > 0) this.#post({ taken: waiting })
      if (!isComplete(reading)) this.#post({ stop: id })
    }
    this.#readings.clear()
    this.isBorrowed = false
  }

  #post(message: SplitMessage): void {
    this.#worker.postMessage(message, [])
  }

  #answer(answer: SplitAnswer): void {
    const reading = this.#readings.get(answer.id)
    if (reading === undefined) {
      // Nobody wants it any more, but the thread counts what was not taken.
      if ('batch' in answer) this.#post({ taken: 1 })
      return
    }
    reading.answers.push(answer)
    reading.wake?.()
    reading.wake = null
    if (!('batch' in answer)) this.onIdle?.()
  }

  #sinceLast(now: IoStats): IoStats {
    const before = this.#counted
    this.#counted = now
    if (before === null) return now
    const requestCounts = Object.fromEntries(
      Object.entries(now.requestCounts).map(([kind, count]) => [
        kind,
        count - (before.requestCounts[kind] ?? 0),
      ]),
    )
    return {
      requestCounts,
      retryCount: now.retryCount - before.retryCount,
      readBytes: now.readBytes - before.readBytes,
      writtenBytes: now.writtenBytes - before.writtenBytes,
    }
  }

  #end(error: Error): void {
    this.#failure ??= error
    for (const { wake } of this.#readings.values()) wake?.()
  }
}

function isComplete({ answers }: Reading): boolean {
  const last = answers.at(-1)
  return last !== undefined && !('batch' in last)
}

function errorOf({ code, message, path, hint, retriable }: SplitFailure): Error {
  return code === null
    ? new Error(message)
    : new LakeError(code, message, { path, hint, retriable })
}
