/** The thread that codec-workers.ts hands blocks to: takes jobs in order and answers each. */
import { parentPort, workerData } from 'node:worker_threads'

import { LakeError } from '../util/errors.ts'
import type { CodecAnswer, CodecJob } from './codec-workers.ts'
import { compress, decompress } from './codec.ts'

function work(job: CodecJob): Uint8Array {
  const { codec, bytes } = job
  if (job.work === 'compress') return compress(codec, bytes, job.level)
  return decompress(codec, bytes, job.sizeBytes)
}

const waitingBytes = workerData as Int32Array

parentPort?.on('message', (job: CodecJob) => {
  let answer: CodecAnswer
  const taken = job.bytes.length
  try {
    const bytes = work(job)
    // What the codec filled only in part is cut to size, since it waits for its file; it is not to be moved with others.
    const isWhole = bytes.length > 0.9 * bytes.buffer.byteLength
    answer = { id: job.id, bytes: isWhole ? bytes : bytes.slice() }
  } catch (error) {
    const code = error instanceof LakeError ? error.code : null
    answer = { id: job.id, code, message: (error as Error).message }
  }
  Atomics.sub(waitingBytes, 0, taken)
  parentPort!.postMessage(answer, 'bytes' in answer ? [answer.bytes.buffer as ArrayBuffer] : [])
})
