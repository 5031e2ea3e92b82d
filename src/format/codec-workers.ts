/**
 * Compresses and decompresses blocks in threads of our own.
 *
 * Node's thread pool does the same, but each block costs the main thread a stream object and a garbage collector's
 * attention. The threads are started once there is enough to do; until then, and where they cannot run, Node's pool
 * does the work.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

import { LakeError, type LakeErrorCode } from '../util/errors.ts'
import { type Codec, compress, compressAsync, decompressAsync } from './codec.ts'

interface CompressJob {
  readonly work: 'compress'
  readonly level: number | undefined
}

interface DecompressJob {
  readonly work: 'decompress'
  readonly sizeBytes: number
}

interface Block {
  readonly id: number
  readonly codec: Codec
  readonly bytes: Uint8Array
}

export type CodecJob = Block & (CompressJob | DecompressJob)
/** A failure has the code of its `LakeError`, or null where it was another error. */
export type CodecAnswer =
  | { readonly id: number; readonly bytes: Uint8Array }
  | { readonly id: number; readonly code: LakeErrorCode | null; readonly message: string }

/** Bytes after which threads are started: below it they would not be ready in time. */
const START_BYTES = 4 << 20
const THREADS_MAX = 8
/** What may wait for each thread before the asker compresses a block itself. */
const BEHIND_BYTES = 4 << 20

/** Like {@link compressAsync}; where `bytes` lie in a SharedArrayBuffer they are not copied. */
export function compressInWorker(
  codec: Codec,
  bytes: Uint8Array,
  level?: number,
): Promise<Uint8Array> {
  const thread = pickThread(bytes.length)
  if (thread === null) return compressAsync(codec, bytes, level)
  // Whoever is far ahead of the threads lends them a hand.
  if (thread.waitingBytes > BEHIND_BYTES) return Promise.resolve(compress(codec, bytes, level))
  return thread.run(codec, bytes, { work: 'compress', level })
}

/** Like {@link decompressAsync}. */
export function decompressInWorker(
  codec: Codec,
  bytes: Uint8Array,
  sizeBytes: number,
): Promise<Uint8Array> {
  const thread = pickThread(bytes.length)
  return thread === null
    ? decompressAsync(codec, bytes, sizeBytes)
    : thread.run(codec, bytes, { work: 'decompress', sizeBytes })
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

interface Waiting {
  readonly resolve: (bytes: Uint8Array) => void
  readonly reject: (error: Error) => void
}

class CodecThread {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 0
  /** Bytes that the thread has still to take, as it counts them itself: messages wait for the main thread's turn. */
  readonly #waitingBytes = new Int32Array(new SharedArrayBuffer(4))
  isReady = false

  constructor() {
    this.#worker = new Worker(WORKER_URL, { workerData: this.#waitingBytes })
    // A thread without work does not keep the process from ending.
    this.#worker.unref()
    this.#worker.once('online', () => (this.isReady = true))
    this.#worker.on('message', (answer: CodecAnswer) => this.#settle(answer))
    this.#worker.on('error', (error) => this.#end(error as Error))
    this.#worker.on('exit', () => this.#end(new Error('a codec thread ended')))
  }

  get waitingBytes(): number {
    return Atomics.load(this.#waitingBytes, 0)
  }

  run(codec: Codec, bytes: Uint8Array, job: CompressJob | DecompressJob): Promise<Uint8Array> {
    const id = this.#nextId++
    const isShared = bytes.buffer instanceof SharedArrayBuffer
    const sent = isShared ? bytes : bytes.slice()
    this.#worker.postMessage(
      { id, codec, bytes: sent, ...job } satisfies CodecJob,
      isShared ? [] : [sent.buffer as ArrayBuffer],
    )
    if (this.#waiting.size === 0) this.#worker.ref()
    Atomics.add(this.#waitingBytes, 0, bytes.length)
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }

  #settle(answer: CodecAnswer): void {
    const waiting = this.#waiting.get(answer.id)!
    this.#waiting.delete(answer.id)
    if (this.#waiting.size === 0) this.#worker.unref()
    if ('bytes' in answer) waiting.resolve(answer.bytes)
    else
      waiting.reject(
        answer.code === null
          ? new Error(answer.message)
          : new LakeError(answer.code, answer.message),
      )
  }

  #end(error: Error): void {
    this.isReady = false
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
