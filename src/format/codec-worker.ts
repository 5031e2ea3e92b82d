/** The thread that codec-workers.ts hands blocks to: takes jobs in order and answers each. */
import { parentPort, workerData } from 'node:worker_threads'

import { releaseBytes } from '../io/allocate.ts'
import { LakeError } from '../util/errors.ts'
import {
  BEGUN,
  checkCrc,
  type CodecAnswer,
  type CodecJob,
  DONE,
  JOBS_MAX,
  type Shared,
  WAITING,
} from './codec-workers.ts'
import { compress, cutToSize, decompress } from './codec.ts'

const { states, waitingBytes } = workerData as Shared

function work(job: CodecJob): CodecAnswer {
  const { id, codec } = job
  if (Atomics.compareExchange(states, id % JOBS_MAX, WAITING, BEGUN) !== WAITING)
    return { id, bytes: null }
  try {
    if (job.work === 'decompress') checkCrc(job.bytes, job.crc)
    const bytes =
      job.work === 'compress'
        ? compress(codec, job.bytes, job.level)
        : decompress(codec, job.bytes, job.sizeBytes)
    if (bytes.buffer !== job.bytes.buffer) releaseBytes(job.bytes)
    return { id, bytes: cutToSize(bytes) }
  } catch (error) {
    const code = error instanceof LakeError ? error.code : null
    return { id, code, message: (error as Error).message }
  }
}

parentPort?.on('message', (job: CodecJob) => {
  const { length } = job.bytes
  const answer = work(job)
  Atomics.compareExchange(states, job.id % JOBS_MAX, BEGUN, DONE)
  Atomics.sub(waitingBytes, 0, length)
  const moved =
    'bytes' in answer && answer.bytes !== null ? [answer.bytes.buffer as ArrayBuffer] : []
  parentPort!.postMessage(answer, moved)
})
