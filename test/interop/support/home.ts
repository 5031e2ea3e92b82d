/** Where the interop suite keeps what it sets up: jars, classes, a Python environment. It is not part of the repository. */
import { mkdir, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { sleep } from '../../../src/util/async.ts'

export const interopDirectory: string = join(import.meta.dirname, '../../../.interop')

/** A lock that is older than this was left by a process that died. */
const STALE_MS = 900_000

/** Runs `body` while no other process does so under the same name. */
export async function onceAtATime<T>(name: string, body: () => Promise<T>): Promise<T> {
  const lock = join(interopDirectory, `.${name}.lock`)
  await mkdir(interopDirectory, { recursive: true })
  while (!(await isTaken(lock))) await sleep(200)
  try {
    return await body()
  } finally {
    await rmdir(lock)
  }
}

async function isTaken(lock: string): Promise<boolean> {
  try {
    await mkdir(lock)
    return true
  } catch {
    const { mtimeMs } = await stat(lock).catch(() => ({ mtimeMs: Date.now() }))
    if (Date.now() - mtimeMs > STALE_MS) await rmdir(lock).catch(() => {})
    return false
  }
}
