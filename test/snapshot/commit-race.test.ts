/** Many writers that commit to one table at the same time: no acknowledged commit is lost, none happens twice. */
import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { FileIO } from '../../src/io/file-io.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { commit } from '../../src/snapshot/commit.ts'
import { unreachableMetadata } from '../support/commit-scenarios.ts'
import {
  createTestTable,
  fileMeta,
  liveFiles,
  message,
  openTestTable,
} from '../support/commit-tables.ts'
import { startTestS3 } from '../support/s3-file-io.ts'

const isFull = process.env['RELIABILITY'] === 'full'
const PROCESSES = 8
const COMMITS = isFull ? 200 : 25

interface Report {
  readonly ready?: boolean
  readonly done?: boolean
  readonly file?: string
  readonly snapshotId?: number
  readonly error?: string
}

/** The acknowledged commits of processes that race. */
async function raceOf(root: string, options: Record<string, string>): Promise<Report[]> {
  const script = join(import.meta.dirname, '../support/commit-contender.ts')
  const children = Array.from({ length: PROCESSES }, (_, i) =>
    fork(script, [`process-${i}`, root, String(COMMITS), JSON.stringify(options)], {
      execArgv: ['--no-warnings'],
    }),
  )
  try {
    const ready = children.map((child) => reportsUntil(child, (report) => report.ready === true))
    await Promise.all(ready)
    const reports = children.map((child) => reportsUntil(child, (report) => report.done === true))
    for (const child of children) child.send('go')
    const all = (await Promise.all(reports)).flat()
    return all.filter((report) => report.file !== undefined)
  } finally {
    for (const child of children) child.kill()
  }
}

function reportsUntil(child: ChildProcess, isLast: (report: Report) => boolean): Promise<Report[]> {
  return new Promise((resolve, reject) => {
    const reports: Report[] = []
    const onExit = (code: number | null): void => reject(new Error(`a process ended with ${code}`))
    const onMessage = (report: Report): void => {
      reports.push(report)
      if (report.error !== undefined) reject(new Error(report.error))
      if (!isLast(report)) return
      child.off('message', onMessage)
      child.off('exit', onExit)
      resolve(reports)
    }
    child.on('message', onMessage)
    child.once('exit', onExit)
  })
}

/** What the table says of the race. */
async function outcomeOf(io: FileIO, root: string): Promise<unknown> {
  const table = openTestTable(io, root)
  return {
    files: await liveFiles(table),
    range: await table.store.snapshots.range(),
    rows: (await table.store.snapshots.readLatest())?.totalRecordCount,
    unreachable: await unreachableMetadata(io, root),
  }
}

/** Every acknowledged file is live, once, and each was acknowledged with a snapshot of its own. */
function expectedOf(acknowledged: readonly Report[]): unknown {
  const count = PROCESSES * COMMITS
  expect(new Set(acknowledged.map(({ snapshotId }) => snapshotId)).size).toBe(count)
  return {
    files: acknowledged.map(({ file }) => String(file)).toSorted(),
    range: { earliest: 1, latest: count },
    rows: 10 * count,
    unreachable: [],
  }
}

test('8 processes lose none of 200 commits on a local disk', { timeout: 3_600_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-commit-race-'))
  const io = new LocalFileIO()
  try {
    const root = join(directory, 't')
    await createTestTable(io, root)
    const acknowledged = await raceOf(root, {})
    expect(await outcomeOf(io, root)).toEqual(expectedOf(acknowledged))
  } finally {
    await io.close()
    await rm(directory, { recursive: true })
  }
})

test('8 processes lose none of 200 commits on S3', { timeout: 3_600_000 }, async () => {
  await using s3 = await startTestS3({}, { idleTimeoutMs: 30_000 })
  const root = 's3://lake/t'
  await createTestTable(s3.io, root)
  const acknowledged = await raceOf(root, {
    's3.endpoint': s3.server.endpoint,
    's3.access-key': s3.server.credentials.accessKey,
    's3.secret-key': s3.server.credentials.secretKey,
    's3.region': 'us-east-1',
    's3.path.style.access': 'true',
  })
  expect(await outcomeOf(s3.io, root)).toEqual(expectedOf(acknowledged))
})

test(
  '30 writers of one process commit 300 times in turns, and compact meanwhile',
  { timeout: 120_000 },
  async () => {
    const io = new MemoryFileIO()
    const root = `memory://${randomUUID()}/t`
    await createTestTable(io, root)
    const written: string[] = []
    const writer = async (name: string): Promise<void> => {
      const table = openTestTable(io, root)
      for (let i = 0; i < 10; i++) {
        const file = fileMeta({ name: `${name}-${i}`, keys: [BigInt(i), BigInt(i)] })
        // Each writer has a partition of its own, where it moves its files up a level as it goes.
        const upgrade =
          i % 2 === 0 ? {} : { compactBefore: [file], compactAfter: [{ ...file, level: 5 }] }
        const change = message({ dt: name, newFiles: [file], ...upgrade })
        await commit(table, [change], { commitUser: name, identifier: BigInt(i) })
        written.push(file.fileName)
      }
    }
    await Promise.all(Array.from({ length: 30 }, (_, i) => writer(`writer-${i}`)))
    const table = openTestTable(io, root)
    expect(await liveFiles(table)).toEqual(written.toSorted())
    expect(await table.store.snapshots.range()).toEqual({ earliest: 1, latest: 450 })
    expect(await unreachableMetadata(io, root)).toEqual([])
  },
)
