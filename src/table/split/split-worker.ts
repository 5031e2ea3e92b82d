/** The thread that split-threads.ts hands splits to: reads one after another and sends their batches ahead of the asker. */
import { parentPort } from 'node:worker_threads'

import { doWithoutThreads } from '../../format/codec-workers.ts'
import type { FileIO } from '../../io/file-io.ts'
import { openFileIO } from '../../io/resolve.ts'
import { openTableStore, type TableStore } from '../../snapshot/table-store.ts'
import { packBatch } from '../../types/batch-transfer.ts'
import { LakeError } from '../../util/errors.ts'
import { fileContext } from '../file/table-file.ts'
import { readSplit } from './split-read.ts'
import {
  BATCHES_AHEAD,
  type SplitAnswer,
  type SplitFailure,
  type SplitJob,
  type SplitMessage,
} from './split-threads.ts'

// There is a thread like this for each core already.
doWithoutThreads()

const storages = new Map<string, FileIO>()
const stores = new Map<string, TableStore>()

function storageOf({ storage }: SplitJob): FileIO {
  const key = JSON.stringify(storage)
  let io = storages.get(key)
  if (io === undefined) {
    io = openFileIO(storage.location, storage.options)
    storages.set(key, io)
  }
  return io
}

function storeOf(job: SplitJob): TableStore {
  const { root, branch } = job.location
  const key = JSON.stringify([job.storage, root, branch])
  let store = stores.get(key)
  if (store === undefined) {
    store = openTableStore(storageOf(job), root, { branch })
    stores.set(key, store)
  }
  return store
}

/** Batches that were sent and not taken yet, of all jobs, and whoever waits for that to change. */
let ahead = 0
let wake: (() => void) | null = null
function isFarAhead(): boolean {
  return ahead >= BATCHES_AHEAD
}

/** What ends the jobs whose answers nobody wants any more. */
const stops = new Map<number, AbortController>()

async function work(job: SplitJob, signal: AbortSignal): Promise<void> {
  const { id, schema, split, options } = job
  const io = storageOf(job)
  try {
    const context = fileContext(storeOf(job), schema)
    for await (const batch of readSplit(context, split, { ...options, signal })) {
      while (isFarAhead() && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve))
      if (signal.aborted) break
      ahead++
      const packed = packBatch(batch)
      post({ id, batch: packed }, [packed.buffer])
    }
    post({ id, end: io.stats() })
  } catch (error) {
    post({ id, failure: failureOf(error) })
  } finally {
    stops.delete(id)
  }
}

function post(answer: SplitAnswer, moved: ArrayBuffer[] = []): void {
  parentPort!.postMessage(answer, moved)
}

function failureOf(error: unknown): SplitFailure {
  const { message } = error as Error
  if (!(error instanceof LakeError)) return { code: null, message }
  const { code, path, hint, retriable } = error
  return { code, message, path, hint, retriable }
}

let last: Promise<void> = Promise.resolve()

parentPort?.on('message', (message: SplitMessage) => {
  if ('read' in message) {
    const job = message.read
    const controller = new AbortController()
    stops.set(job.id, controller)
    last = last.then(() => work(job, controller.signal))
    return
  }
  if ('taken' in message) ahead -= message.taken
  else stops.get(message.stop)?.abort()
  wake?.()
})
