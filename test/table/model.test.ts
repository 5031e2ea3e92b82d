/** Random tables against a plain model, on every storage; see `model-scenarios.ts`. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { LocalFileIO } from '../../src/io/local.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { checkScenarios } from '../support/model-scenarios.ts'
import { startTestS3 } from '../support/s3-file-io.ts'

const timeout = 3_600_000

test('tables in memory hold what the model holds', { timeout }, async () => {
  await expect(checkScenarios(new MemoryFileIO(), 'memory://model', 60)).resolves.toBeUndefined()
})

test('tables on local disk hold what the model holds', { timeout }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-model-'))
  const io = new LocalFileIO()
  try {
    await expect(checkScenarios(io, directory, 15)).resolves.toBeUndefined()
  } finally {
    await io.close()
    await rm(directory, { recursive: true })
  }
})

test('tables on S3 hold what the model holds', { timeout }, async () => {
  await using s3 = await startTestS3({ pageKeysMax: 7 }, { idleTimeoutMs: 30_000 })
  await expect(checkScenarios(s3.io, 's3://lake', 8)).resolves.toBeUndefined()
})
