/** `--metrics`: what a command measures, in a file that Prometheus's node exporter or an agent picks up. */
import { rename, writeFile } from 'node:fs/promises'

import type { Catalog } from '../catalog/catalog.ts'
import { prometheusText } from '../catalog/metrics.ts'
import { LakeError } from '../util/errors.ts'
import type { CliStreams } from './streams.ts'

/** How often the file of a long command is written. */
const INTERVAL_MS = 10_000

/**
 * Does the work, and writes the metrics now and then and at its end, also where it fails. A file is replaced as a whole; `-`
 * is stderr, and gets them at the end alone. IO where the file cannot be written; before any work where that is known then.
 */
export async function withMetrics(
  target: string,
  streams: CliStreams,
  catalog: () => Catalog | null,
  work: () => Promise<number>,
): Promise<number> {
  if (target === '-') {
    try {
      return await work()
    } finally {
      streams.stderr.write(textOf(catalog()))
    }
  }
  // A file that cannot be written is told before anything is done.
  await replace(target, '')
  let writing = Promise.resolve()
  const timer = setInterval(() => {
    // One that cannot be written now may be later.
    writing = writing.then(() => replace(target, textOf(catalog()))).catch(() => {})
  }, INTERVAL_MS)
  timer.unref()
  const end = async (): Promise<void> => {
    clearInterval(timer)
    await writing
    await replace(target, textOf(catalog()))
  }
  let code: number
  try {
    code = await work()
  } catch (error) {
    await end().catch(() => {})
    throw error
  }
  await end()
  return code
}

function textOf(catalog: Catalog | null): string {
  return catalog === null ? '' : prometheusText(catalog.metrics())
}

async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    await writeFile(temporary, text)
    await rename(temporary, path)
  } catch (cause) {
    throw new LakeError('IO', 'the metrics cannot be written', {
      path,
      hint: 'give --metrics a file in a directory that is there, or - for stderr',
      cause,
    })
  }
}
