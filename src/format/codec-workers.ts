/**
 * Compresses and decompresses blocks in threads of our own.
 *
 * Node's thread pool does the same, but each block costs the main thread a stream object and a garbage collector's
 * attention. The threads are started once there is enough to do; until then, and where they cannot run, Node's pool
 * does the work.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { crc32 } from 'node:zlib'

import { corrupt, LakeError, type LakeErrorCode } from '../util/errors.ts'
import {
  type Codec,
  compress,
  compressAsync,
  cutToSize,
  decompress,
  decompressAsync,
} from './codec.ts'

interface CompressJob {
  readonly work: 'compress'
  readonly level: number | undefined
}

interface DecompressJob {
  readonly work: 'decompress'
  readonly sizeBytes: number
  /** What the CRC-32 of the block must be, if that is known. */
  readonly crc: number | undefined
}

interface Block {
  readonly id: number
  readonly codec: Codec
  readonly bytes: Uint8Array
}

export type CodecJob = Block & (CompressJob | DecompressJob)
/**
 * A job that was taken back has no bytes. A failure has the code of its `LakeError`, or null where it was another error.
 */
export type CodecAnswer =
  | { readonly id: number; readonly bytes: null }
  | { readonly id: number; readonly bytes: Uint8Array }
  | { readonly id: number; readonly code: LakeErrorCode | null; readonly message: string }

/** Bytes after which threads are started: below it they would not be ready in time. */
const START_BYTES = 16 << 20
const THREADS_MAX = 8
/** What may wait for each thread before the asker takes a block on itself. */
const BEHIND_BYTES = 3 << 20

/** Like {@link compressAsync}; where `bytes` lie in a SharedArrayBuffer they are not copied. */
export function compressInWorker(
  codec: Codec,
  bytes: Uint8Array,
  level?: number,
): Promise<Uint8Array> {
  if (isAlone) return Promise.resolve(cutToSize(compress(codec, bytes, level)))
  const thread = pickThread(bytes.length)
  if (thread === null) return compressAsync(codec, bytes, level)
  // Whoever is far ahead of the threads lends them a hand.
  if (thread.waitingBytes > BEHIND_BYTES)
    return Promise.resolve(cutToSize(compress(codec, bytes, level)))
  return thread.start(codec, bytes, { work: 'compress', level }).answer
}

/**
 * Like {@link decompressAsync}, and puts the block under way. The raw bytes are had by calling what is returned, once:
 * it does the work itself where no thread has begun it, and other work of the kind while a thread is at it. CORRUPT where
 * the block has another CRC-32 than `crc`.
 */
export function decompressInWorker(
  codec: Codec,
  bytes: Uint8Array,
  sizeBytes: number,
  crc?: number,
): () => Uint8Array | Promise<Uint8Array> {
  if (isAlone)
    return () => {
      checkCrc(bytes, crc)
      return decompress(codec, bytes, sizeBytes)
    }
  const thread = pickThread(bytes.length)
  if (thread === null) {
    checkCrc(bytes, crc)
    const answer = decompressAsync(codec, bytes, sizeBytes)
    // A failure is reported to whoever asks for the bytes; until then it is not an unhandled rejection.
    answer.catch(() => {})
    return () => answer
  }
  const raw = (): Uint8Array => {
    checkCrc(bytes, crc)
    return decompress(codec, bytes, sizeBytes)
  }
  const job = thread.start(codec, bytes, { work: 'decompress', sizeBytes, crc }, raw)
  job.answer.catch(() => {})
  return () => {
    if (job.takeBack()) return raw()
    // While the thread is at this block, another one can be done here.
    if (job.isBegun()) thread.help()
    return job.answer
  }
}

/** CORRUPT where `bytes` have another CRC-32. */
export function checkCrc(bytes: Uint8Array, crc: number | undefined): void {
  if (crc !== undefined && crc32(bytes) !== crc >>> 0)
    throw corrupt('the checksum of a page does not match its bytes')
}

let isAlone = false

/** From now on all work of this thread is done in it, at once: for threads of which there are enough already. */
export function doWithoutThreads(): void {
  isAlone = true
}

let threads: CodecThread[] | null = null
let bytesSeen = 0

/** The thread with the least to do; null while none is ready. */
function pickThread(sizeBytes: number): CodecThread | null {
  bytesSeen += sizeBytes
  if (bytesSeen < START_BYTES) return null
  threads ??= startThreads()
  let least: CodecThread | null = null
  for (const thread of threads)
    if (thread.isReady && (least === null || thread.waitingBytes < least.waitingBytes))
      least = thread
  return least
}

function startThreads(): CodecThread[] {
  const count = Math.min(THREADS_MAX, Math.max(1, availableParallelism() - 1))
  return Array.from({ length: count }, () => new CodecThread())
}

/** Sources run as they are; a package has the worker beside the bundle. */
const WORKER_URL = new URL(
  import.meta.url.endsWith('.ts') ? './codec-worker.ts' : './codec-worker.mjs',
  import.meta.url,
)

/** How many of the newest jobs are looked at for one to help with. */
const HELP_LOOKS = 64

/** The states of jobs, by their number modulo the number of states, as both threads see them. */
export const WAITING = 1
export const BEGUN = 2
export const DONE = 3
const TAKEN_BACK = 4
/** No more jobs than this wait for a thread. */
export const JOBS_MAX = 4096

/** What a thread shares with the main one; messages alone would have to wait for the main thread's turn. */
export interface Shared {
  readonly states: Int32Array
  /** One number: the bytes of the jobs that the thread has still to see. */
  readonly waitingBytes: Int32Array
}

interface Job {
  readonly answer: Promise<Uint8Array>
  /** True where no thread has begun the job, and none will any more. */
  readonly takeBack: () => boolean
  /** Whether a thread is at the job. */
  readonly isBegun: () => boolean
}

interface Waiting {
  /** What the thread would do, done here. */
  readonly work: (() => Uint8Array) | undefined
  readonly resolve: (bytes: Uint8Array) => void
  readonly reject: (error: Error) => void
}

class CodecThread {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #shared: Shared = {
    states: new Int32Array(new SharedArrayBuffer(4 * JOBS_MAX)),
    waitingBytes: new Int32Array(new SharedArrayBuffer(4)),
  }
  #nextId = 0
  #isOnline = false

  constructor() {
    this.#worker = new Worker(WORKER_URL, { workerData: this.#shared })
    this.#worker.once('online', () => (this.#isOnline = true))
    this.#worker.on('message', (answer: CodecAnswer) => this.#settle(answer))
    this.#worker.on('error', (error) => this.#end(error as Error))
    this.#worker.on('exit', () => this.#end(new Error('a codec thread ended')))
    // A thread without work does not keep the process from ending. Listening for messages would, so this comes last.
    this.#worker.unref()
  }

  get isReady(): boolean {
    return this.#isOnline && this.#waiting.size < JOBS_MAX
  }

  get waitingBytes(): number {
    return Atomics.load(this.#shared.waitingBytes, 0)
  }

  /** `work` does the job where the asker helps with it. */
  start(
    codec: Codec,
    bytes: Uint8Array,
    job: CompressJob | DecompressJob,
    work?: () => Uint8Array,
  ): Job {
    const id = this.#nextId++
    const { states, waitingBytes } = this.#shared
    Atomics.store(states, id % JOBS_MAX, WAITING)
    Atomics.add(waitingBytes, 0, bytes.length)
    const isShared = bytes.buffer instanceof SharedArrayBuffer
    const sent = isShared ? bytes : bytes.slice()
    this.#worker.postMessage(
      { id, codec, bytes: sent, ...job } satisfies CodecJob,
      isShared ? [] : [sent.buffer as ArrayBuffer],
    )
    if (this.#waiting.size === 0) this.#worker.ref()
    const answer = new Promise<Uint8Array>((resolve, reject) =>
      this.#waiting.set(id, { work, resolve, reject }),
    )
    const takeBack = (): boolean => this.#takeBack(id)
    const isBegun = (): boolean =>
      this.#waiting.has(id) && Atomics.load(states, id % JOBS_MAX) === BEGUN
    return { answer, takeBack, isBegun }
  }

  #takeBack(id: number): boolean {
    const { states } = this.#shared
    return (
      this.#waiting.has(id) &&
      Atomics.compareExchange(states, id % JOBS_MAX, WAITING, TAKEN_BACK) === WAITING
    )
  }

  /** Does the newest job that waits and can be done here, since the thread takes the oldest. */
  help(): void {
    const newest = this.#nextId - 1
    for (let id = newest; id >= 0 && id > newest - HELP_LOOKS; id--) {
      const waiting = this.#waiting.get(id)
      if (waiting?.work === undefined || !this.#takeBack(id)) continue
      try {
        waiting.resolve(waiting.work())
      } catch (error) {
        waiting.reject(error as Error)
      }
      return
    }
  }

  #settle(answer: CodecAnswer): void {
    const waiting = this.#waiting.get(answer.id)!
    this.#waiting.delete(answer.id)
    if (this.#waiting.size === 0) this.#worker.unref()
    if (!('bytes' in answer)) {
      const { code, message } = answer
      waiting.reject(code === null ? new Error(message) : new LakeError(code, message))
    } else if (answer.bytes !== null) waiting.resolve(answer.bytes)
  }

  #end(error: Error): void {
    this.#isOnline = false
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
