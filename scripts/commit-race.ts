/**
 * Lets processes commit to one table at the same time, on a local disk and on S3 (the tests' own server, over HTTP), and
 * prints one JSON line for each: `node scripts/commit-race.ts [--processes 8] [--commits 25] [--seed 1]`. Fails when a
 * commit is lost or made twice, or when the table does not pass its check.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { LocalFileIO } from '../src/io/local.ts'
import { raceOfCommits, type RaceReport } from '../test/support/commit-race.ts'
import { startTestS3, storageOptionsOf } from '../test/support/s3-file-io.ts'

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: '8' },
    commits: { type: 'string', default: '25' },
    seed: { type: 'string', default: '0' },
  },
})
const settings = {
  processCount: Number(values.processes),
  commitCount: Number(values.commits),
  seed: Number(values.seed),
}

async function onDisk(): Promise<RaceReport> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-commit-race-'))
  const io = new LocalFileIO()
  try {
    return await raceOfCommits({ ...settings, io, root: join(directory, 't'), storageOptions: {} })
  } finally {
    await io.close()
    await rm(directory, { recursive: true })
  }
}

async function onS3(): Promise<RaceReport> {
  await using s3 = await startTestS3({}, { idleTimeoutMs: 30_000 })
  const storageOptions = storageOptionsOf(s3.server)
  return await raceOfCommits({ ...settings, io: s3.io, root: 's3://lake/t', storageOptions })
}

for (const [storage, race] of Object.entries({ disk: onDisk, s3: onS3 })) {
  const report = await race()
  process.stdout.write(`${JSON.stringify({ storage, ...settings, ...report })}\n`)
  if (report.problems.length > 0) process.exitCode = 1
}
