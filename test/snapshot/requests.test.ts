/** What commits cost on S3, request by request: Java makes 55 requests for a commit of one row. */
import { expect, test } from 'vitest'

import { commit, type CommitTable } from '../../src/snapshot/commit.ts'
import { restoreBuckets } from '../../src/snapshot/restore.ts'
import { partitionFields } from '../../src/types/schema-keys.ts'
import {
  createTestTable,
  fileMeta,
  message,
  openTestTable,
  partitionOf,
  writeDataFiles,
} from '../support/commit-tables.ts'
import { createRowTable, openRowTable } from '../support/row-tables.ts'
import { PATIENT, startTestS3, type TestS3 } from '../support/s3-file-io.ts'

const ROOT = 's3://lake/wh/db.db/t'

/** The requests since the last call, names of files without what is random in them. */
function requestsSince(s3: TestS3, seen: number): string[] {
  return s3.server.log.slice(seen).map(({ operation, key }) => {
    const name = key
      .replace(/^wh\/db\.db\/t\//, '')
      .replace(/[0-9a-f-]{36}-\d+/, '*')
      .replace(/snapshot-\d+$/, 'snapshot-N')
    return `${operation} ${name}`.trim()
  })
}

async function append(table: CommitTable, commitUser: string): Promise<void> {
  const messages = [message({ newFiles: [fileMeta()] })]
  await writeDataFiles(table, messages)
  await commit(table, messages, { commitUser })
}

/** A table with three commits; what the storage asks of the server only once has been asked. */
async function usedTable(s3: TestS3): Promise<CommitTable> {
  const table = await createTestTable(s3.io, ROOT)
  for (let i = 0; i < 3; i++) await append(table, `user ${i}`)
  return table
}

test('a new process opens a table, plans, writes a file and commits with 16 requests', async () => {
  await using s3 = await startTestS3({}, PATIENT)
  await usedTable(s3)
  const seen = s3.server.log.length
  const table = openTestTable(s3.open(), ROOT)
  await table.store.schemas.readLatest()
  const restore = await restoreBuckets(table.store, {
    partitionFields: partitionFields(table.schema),
    totalBuckets: 2,
  })
  expect((await restore.bucket(partitionOf('other'), 0)).files).toEqual([])
  await append(table, 'new')
  expect(requestsSince(s3, seen)).toEqual([
    // Opening.
    'ListObjectsV2',
    'GetObject schema/schema-0',
    // Planning.
    'ListObjectsV2',
    'GetObject snapshot/snapshot-N',
    'GetObject manifest/manifest-list-*',
    'GetObject manifest/manifest-list-*',
    // Writing.
    'PutObject dt=a/bucket-0/data-*.parquet',
    // Committing: the latest snapshot and schema, the metadata, the snapshot, its base, the hint.
    'ListObjectsV2',
    'ListObjectsV2',
    'PutObject manifest/manifest-*',
    'PutObject manifest/manifest-list-*',
    'PutObject manifest/manifest-list-*',
    'PutObject snapshot/snapshot-N',
    'GetObject snapshot/snapshot-N',
    'GetObject snapshot/LATEST',
    'PutObject snapshot/LATEST',
  ])
})

test('the next commit of the same process makes 10 requests, its data file included', async () => {
  await using s3 = await startTestS3({}, PATIENT)
  const table = await usedTable(s3)
  const seen = s3.server.log.length
  await append(table, 'again')
  expect(requestsSince(s3, seen)).toEqual([
    'PutObject dt=a/bucket-0/data-*.parquet',
    'ListObjectsV2',
    'ListObjectsV2',
    'PutObject manifest/manifest-*',
    'PutObject manifest/manifest-list-*',
    'PutObject manifest/manifest-list-*',
    'PutObject snapshot/snapshot-N',
    'GetObject snapshot/snapshot-N',
    'GetObject snapshot/LATEST',
    'PutObject snapshot/LATEST',
  ])
})

test('a compaction in the same commit adds 5 requests, and reads nothing of what was just written', async () => {
  await using s3 = await startTestS3({}, PATIENT)
  const table = await usedTable(s3)
  const file = fileMeta()
  const upgrade = { compactBefore: [file], compactAfter: [{ ...file, level: 5 }] }
  const messages = [message({ dt: 'b', newFiles: [file], ...upgrade })]
  const seen = s3.server.log.length
  await commit(table, messages, { commitUser: 'u' })
  expect(requestsSince(s3, seen).slice(6)).toEqual([
    'GetObject snapshot/snapshot-N',
    'PutObject manifest/manifest-*',
    'PutObject manifest/manifest-list-*',
    'PutObject manifest/manifest-list-*',
    'PutObject snapshot/snapshot-N',
    'GetObject snapshot/snapshot-N',
    'GetObject snapshot/LATEST',
    'PutObject snapshot/LATEST',
  ])
})

test('a commit of many partitions makes no more requests than one of a single bucket', async () => {
  await using s3 = await startTestS3({}, PATIENT)
  const table = await usedTable(s3)
  const messages = Array.from({ length: 50 }, (_, i) =>
    message({ dt: `day ${i}`, newFiles: [fileMeta()] }),
  )
  const seen = s3.server.log.length
  await commit(table, messages, { commitUser: 'u' })
  expect(s3.server.log.length - seen).toBe(9)
})

test('a reader finds the latest snapshot with five requests, in two rounds', async () => {
  await using s3 = await startTestS3({}, PATIENT)
  await usedTable(s3)
  const seen = s3.server.log.length
  expect(await openTestTable(s3.open(), ROOT).store.snapshots.readLatest()).toMatchObject({ id: 3 })
  expect(requestsSince(s3, seen).toSorted()).toEqual([
    'GetObject snapshot/EARLIEST',
    'GetObject snapshot/LATEST',
    'GetObject snapshot/snapshot-N',
    'HeadObject snapshot/snapshot-N',
    'HeadObject snapshot/snapshot-N',
  ])
})

/** A table of rows with three commits. */
async function usedRowTable(s3: TestS3): Promise<void> {
  await createRowTable(s3.io, ROOT, {
    primaryKeys: ['dt', 'id'],
    options: { bucket: 2, 'write-only': true },
  })
  for (const id of [1n, 2n, 3n])
    await (await openRowTable(s3.io, ROOT)).write([{ dt: 'a', id, v: 'old' }])
}

test('a process that opens a table, upserts a row and commits makes no more than 19 requests', async () => {
  await using s3 = await startTestS3({}, PATIENT)
  await usedRowTable(s3)
  const seen = s3.server.log.length
  await (await openRowTable(s3.open(), ROOT)).write([{ dt: 'a', id: 1n, v: 'new' }])
  expect(requestsSince(s3, seen).length).toBeLessThanOrEqual(19)
})

test('a stream that goes on makes 11 requests for each commit of a row', async () => {
  await using s3 = await startTestS3({}, PATIENT)
  await usedRowTable(s3)
  const table = await openRowTable(s3.open(), ROOT)
  await using writer = await table.writer({ commitUser: 'job' })
  const counts: number[] = []
  for (let identifier = 0n; identifier <= 10n; identifier++) {
    const seen = s3.server.log.length
    await writer.write([{ dt: 'a', id: identifier, v: 'new' }])
    expect((await writer.commit({ identifier })).snapshots).toHaveLength(1)
    counts.push(s3.server.log.length - seen)
  }
  expect(counts.slice(1)).toEqual(Array(10).fill(11))
})
