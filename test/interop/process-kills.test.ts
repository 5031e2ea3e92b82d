/**
 * Processes that work on one table and are killed, as `scripts/process-kills.ts` does it a hundred times. It stands here
 * because many processes are started, which takes too long for the unit tests.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { LocalFileIO } from '../../src/io/local.ts'
import { killProcesses } from '../support/process-kills.ts'

test('writers, a compactor, an expirer and readers are killed, and no commit is lost or doubled', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-process-kills-'))
  const io = new LocalFileIO()
  try {
    const root = join(directory, 't')
    const report = await killProcesses({
      io,
      root,
      storageOptions: {},
      directory,
      killCount: 15,
      seed: 1,
    })
    expect(report.problems).toEqual([])
    expect(report.commitCount).toBeGreaterThan(20)
  } finally {
    await io.close()
    await rm(directory, { recursive: true })
  }
})
