/**
 * Follows a table in processes that are killed while it is written to, on a local disk and on S3 (the tests' own server,
 * over HTTP), and prints one JSON line for each: `node scripts/stream-kills.ts [--kills 100] [--seed 1]`. Half of the
 * followers go on from the checkpoint that their sink keeps, half from their consumer in the table. Fails when a change
 * is lost, comes twice, or comes in another order than it was committed in.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { LocalFileIO } from '../src/io/local.ts'
import { startTestS3, storageOptionsOf } from '../test/support/s3-file-io.ts'
import { killFollowers, type KillReport } from '../test/support/stream-kills.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
  },
})
const settings = { killCount: Number(values.kills), seed: Number(values.seed) }

async function onDisk(directory: string): Promise<KillReport> {
  const io = new LocalFileIO()
  try {
    const root = join(directory, 't')
    return await killFollowers({ ...settings, io, root, storageOptions: {}, directory })
  } finally {
    await io.close()
  }
}

async function onS3(directory: string): Promise<KillReport> {
  await using s3 = await startTestS3({}, { idleTimeoutMs: 30_000 })
  const storageOptions = storageOptionsOf(s3.server)
  const root = 's3://lake/t'
  return await killFollowers({ ...settings, io: s3.io, root, storageOptions, directory })
}

for (const [storage, kill] of Object.entries({ disk: onDisk, s3: onS3 })) {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-stream-kills-'))
  try {
    const report = await kill(directory)
    process.stdout.write(`${JSON.stringify({ storage, ...settings, ...report })}\n`)
    if (report.problems.length > 0) process.exitCode = 1
  } finally {
    await rm(directory, { recursive: true })
  }
}
