/** Reads the splits of a plan in their order, later ones ahead of time in threads where that is worth it. */
import { availableParallelism } from 'node:os'

import type { FileIO } from '../../io/file-io.ts'
import { addressOf, type StorageAddress } from '../../io/resolve.ts'
import type { TableLocation } from '../../snapshot/paths.ts'
import type { Batch } from '../../types/column.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { throwIfAborted } from '../../util/async.ts'
import type { Split } from '../plan/split.ts'
import type { SplitReadOptions } from './split-read.ts'
import { borrowThreads, type SplitThread } from './split-threads.ts'

export interface ParallelRead {
  readonly io: FileIO
  readonly location: TableLocation
  readonly schema: TableSchema
  readonly options: SplitReadOptions
  /** Threads at most; 0 for none. As many as there are cores unless told. */
  readonly threads?: number | undefined
  /** Reads a split in this thread. */
  readonly readHere: (split: Split) => AsyncIterable<Batch>
}

/** Compressed bytes of a plan from which threads are worth their start. */
const PARALLEL_BYTES_MIN = 128 << 20
/** With fewer cores than this the codec threads leave none for others. */
const CORES_MIN = 4

/** The batches of the splits, in the order of the splits. */
export async function* readSplits(
  splits: readonly Split[],
  read: ParallelRead,
): AsyncGenerator<Batch, void, undefined> {
  const threads = threadsFor(splits, read)
  if (threads.length === 0) {
    for (const split of splits) yield* read.readHere(split)
    return
  }
  const ahead = new ReadAhead(splits, read, threads)
  try {
    for (const index of splits.keys()) yield* ahead.take(index)
  } finally {
    for (const thread of threads) thread.giveBack()
  }
}

function threadsFor(splits: readonly Split[], { io, threads }: ParallelRead): SplitThread[] {
  if (threads === 0 || splits.length < 2 || addressOf(io) === null) return []
  const bytes = splits.reduce(
    (sum, { files }) => sum + files.reduce((size, { fileSize }) => size + fileSize, 0),
    0,
  )
  if (threads === undefined && (bytes < PARALLEL_BYTES_MIN || availableParallelism() < CORES_MIN))
    return []
  return borrowThreads(Math.min(splits.length, threads ?? Infinity))
}

/** Which thread reads which split. Threads take splits in ascending order, so the first one that is missing is under way. */
class ReadAhead {
  readonly #splits: readonly Split[]
  readonly #read: ParallelRead
  readonly #threads: readonly SplitThread[]
  readonly #storage: StorageAddress
  readonly #started = new Map<number, { readonly thread: SplitThread; readonly id: number }>()
  /** The first split that nobody reads. */
  #next = 0

  constructor(splits: readonly Split[], read: ParallelRead, threads: readonly SplitThread[]) {
    this.#splits = splits
    this.#read = read
    this.#threads = threads
    this.#storage = addressOf(read.io)!
    for (const thread of threads) thread.onIdle = () => this.#feed(thread)
  }

  async *take(index: number): AsyncGenerator<Batch, void, undefined> {
    const { signal } = this.#read.options
    throwIfAborted(signal)
    for (const thread of this.#threads) this.#feed(thread)
    const started = this.#started.get(index)
    if (started === undefined) {
      this.#next = index + 1
      yield* this.#read.readHere(this.#splits[index]!)
      return
    }
    const { thread, id } = started
    for (;;) {
      const taken = await thread.take(id, signal)
      throwIfAborted(signal)
      if (!('columns' in taken)) {
        this.#read.io.addStats?.(taken)
        return
      }
      yield taken
    }
  }

  #feed(thread: SplitThread): void {
    if (!thread.isIdle || thread.hasEnded || this.#next >= this.#splits.length) return
    const index = this.#next++
    const { location, schema, options } = this.#read
    const { signal: _, ...rest } = options
    const split = this.#splits[index]!
    const id = thread.start({ storage: this.#storage, location, schema, split, options: rest })
    this.#started.set(index, { thread, id })
  }
}
