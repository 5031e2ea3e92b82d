/** Many writers that commit to one table at the same time: no acknowledged commit is lost, none happens twice. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { LocalFileIO } from '../../src/io/local.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { commit } from '../../src/snapshot/commit.ts'
import { TableWriter } from '../../src/table/write/writer.ts'
import { raceOfCommits } from '../support/commit-race.ts'
import { unreachableMetadata } from '../support/commit-scenarios.ts'
import {
  createTestTable,
  fileMeta,
  liveFiles,
  message,
  openTestTable,
} from '../support/commit-tables.ts'
import { createRowTable, openRowTable, rowsOf } from '../support/row-tables.ts'
import { PATIENT, startTestS3, storageOptionsOf } from '../support/s3-file-io.ts'

const isFull = process.env['RELIABILITY'] === 'full'

test('processes lose no commit on a local disk', { timeout: 3_600_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-commit-race-'))
  const io = new LocalFileIO()
  try {
    const report = await raceOfCommits({
      io,
      root: join(directory, 't'),
      storageOptions: {},
      processCount: isFull ? 8 : 4,
      commitCount: isFull ? 200 : 25,
      seed: 0,
    })
    expect(report).toMatchObject({ problems: [], snapshotCount: isFull ? 1_600 : 100 })
  } finally {
    await io.close()
    await rm(directory, { recursive: true })
  }
})

// Each process has an S3 client to load: the whole race is `scripts/commit-race.ts`.
test('processes lose no commit on S3', { timeout: 3_600_000 }, async () => {
  await using s3 = await startTestS3({}, PATIENT)
  const report = await raceOfCommits({
    io: s3.io,
    root: 's3://lake/t',
    storageOptions: storageOptionsOf(s3.server),
    processCount: isFull ? 8 : 3,
    commitCount: isFull ? 100 : 8,
    seed: 0,
  })
  expect(report).toMatchObject({ problems: [], snapshotCount: isFull ? 800 : 24 })
})

test(
  '4 writers of one process commit rows on S3, and each row is there once',
  { timeout: 3_600_000 },
  async () => {
    const commitCount = isFull ? 200 : 20
    await using s3 = await startTestS3({}, PATIENT)
    const root = 's3://lake/t'
    const options = { bucket: 2, 'write-only': true }
    await createRowTable(s3.io, root, { primaryKeys: ['dt', 'id'], options })
    const writer = async (name: string): Promise<string[]> => {
      const { store, schema } = await openRowTable(s3.open(), root)
      await using rows = new TableWriter(store, schema, { commitUser: name })
      const written: string[] = []
      for (let i = 0; i < commitCount; i++) {
        await rows.write([{ dt: name, id: BigInt(i), v: 'x' }])
        await rows.commit({ identifier: BigInt(i) })
        written.push(`${name} ${i} x`)
      }
      return written
    }
    const written = await Promise.all(['a', 'b', 'c', 'd'].map(writer))
    const table = await openRowTable(s3.io, root)
    expect(await rowsOf(table)).toEqual(written.flat().toSorted())
    expect(await table.snapshots()).toHaveLength(4 * commitCount)
    expect((await table.check()).damage).toEqual([])
  },
)

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
