/**
 * Kills processes that write, compact, expire and read one table, on a local disk and on S3 (the tests' own server, over
 * HTTP), and prints one JSON line for each: `node scripts/process-kills.ts [--kills 100] [--seed 1] [--storage disk|s3]`.
 * Fails when an acknowledged commit is lost, one happens twice, or a snapshot that is there, or the tag, cannot be read.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { LocalFileIO } from '../src/io/local.ts'
import { killProcesses, type ProcessKillReport } from '../test/support/process-kills.ts'
import { startTestS3, storageOptionsOf } from '../test/support/s3-file-io.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    storage: { type: 'string' },
  },
})
const settings = { killCount: Number(values.kills), seed: Number(values.seed) }

async function onDisk(directory: string): Promise<ProcessKillReport> {
  const io = new LocalFileIO()
  try {
    const root = join(directory, 't')
    return await killProcesses({ ...settings, io, root, storageOptions: {}, directory })
  } finally {
    await io.close()
  }
}

async function onS3(directory: string): Promise<ProcessKillReport> {
  await using s3 = await startTestS3({}, { idleTimeoutMs: 30_000 })
  const storageOptions = storageOptionsOf(s3.server)
  const root = 's3://lake/t'
  return await killProcesses({ ...settings, io: s3.io, root, storageOptions, directory })
}

for (const [storage, kill] of Object.entries({ disk: onDisk, s3: onS3 })) {
  if (values.storage !== undefined && values.storage !== storage) continue
  const directory = await mkdtemp(join(tmpdir(), 'millrace-process-kills-'))
  try {
    const began = performance.now()
    const report = await kill(directory)
    const seconds = Math.round((performance.now() - began) / 1000)
    process.stdout.write(`${JSON.stringify({ storage, ...settings, seconds, ...report })}\n`)
    if (report.problems.length > 0) process.exitCode = 1
  } finally {
    await rm(directory, { recursive: true })
  }
}
