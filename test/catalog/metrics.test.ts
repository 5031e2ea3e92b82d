/** What a process measures, as an object and as text for Prometheus. */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { createCatalog } from '../../src/catalog/catalog.ts'
import { prometheusText } from '../../src/catalog/metrics.ts'
import { TableMetrics } from '../../src/snapshot/table-metrics.ts'
import { parseNewSchema } from '../../src/types/new-schema.ts'
import { testWarehouse } from '../support/cli.ts'

const SCHEMA = {
  fields: [
    { name: 'id', type: 'BIGINT' },
    { name: 'v', type: 'STRING' },
  ],
  primaryKeys: ['id'],
  options: { bucket: 1, 'num-sorted-run.compaction-trigger': 3 },
}

test('rows, plans, commits and compactions are counted', async () => {
  await using catalog = await createCatalog({ warehouse: `memory://${randomUUID()}/wh` })
  const table = await catalog.createTable('shop.users', parseNewSchema(SCHEMA))
  expect(table.metrics()).toMatchObject({
    scan: { lastScanDuration: null, scanDuration: null },
    commit: { numCommits: 0 },
  })
  await using writer = await table.writer({ commitUser: 'job' })
  for (let i = 1n; i <= 3n; i++) {
    await writer.write([
      { id: i, v: 'a' },
      { id: 9n, v: 'b' },
    ])
    await writer.commit({ identifier: i, waitForCompaction: true })
  }
  for await (const _ of table.changes({ from: 'earliest', follow: false }).batches());
  const streamed = table.metrics().reader.numRecordsIn
  expect(await table.read().toArray()).toHaveLength(4)

  const { scan, reader, writer: written, writeBuffer, commit, compaction } = table.metrics()
  expect(written).toMatchObject({ numRecordsOut: 6, numBytesOut: expect.any(Number) })
  expect(reader).toMatchObject({ numRecordsIn: streamed + 4, lastSnapshotId: expect.any(Number) })
  expect(scan).toMatchObject({ lastScannedManifests: expect.any(Number) })
  expect(scan.scanDuration!.count).toBeGreaterThan(0)
  expect(scan.lastScanResultedTableFiles).toBe(1)
  expect(writeBuffer).toMatchObject({ numWriters: 1, usedWriteBufferSizeByte: 0 })
  expect(commit).toMatchObject({
    numCommits: 3,
    numCommitsFailed: 0,
    numUpkeepFailed: 0,
    numIcebergFailed: 0,
    lastCommitAttempts: 2,
    lastGeneratedSnapshots: 2,
    lastTableFilesAppended: 1,
    lastTableFilesCommitCompacted: 4,
    lastDeltaRecordsAppended: 2,
    lastDeltaRecordsCommitCompacted: -2,
    lastPartitionsWritten: 1,
    lastBucketsWritten: 1,
  })
  expect(commit.lastCompactionInputFileSize).toBe(compaction.maxCompactionInputSize)
  expect(compaction).toMatchObject({
    compactionTotalCount: 1,
    compactionCompletedCount: 1,
    compactionQueuedCount: 0,
    maxLevel0FileCount: 0,
    maxTotalFileSize: commit.lastCompactionOutputFileSize,
  })
  expect(catalog.metrics().tables['shop.users']).toEqual(table.metrics())
})

test('the text for Prometheus has a family for each name, and a line for each table', () => {
  const metrics = new TableMetrics()
  metrics.add('commit.numCommits')
  for (let i = 1; i <= 200; i++) metrics.record('scan.scanDuration', i)
  const storage = { requestCounts: { read: 3 }, retryCount: 0, readBytes: 7, writtenBytes: 0 }
  const tables = { 'a.b': metrics.values(), 'a."\\\n': new TableMetrics().values() }
  const lines = prometheusText({ tables, storage }).split('\n')
  expect(lines).toContain('# TYPE paimon_table_commit_numCommits counter')
  expect(lines).toContain('paimon_table_commit_numCommits{table="a.b"} 1')
  expect(lines).toContain(String.raw`paimon_table_commit_numCommits{table="a.\"\\\n"} 0`)
  // Quantiles are of the last hundred, count and sum of all.
  expect(lines.filter((line) => line.includes('_scanDuration'))).toEqual([
    '# HELP paimon_table_scan_scanDuration Milliseconds that plans of reads take.',
    '# TYPE paimon_table_scan_scanDuration summary',
    'paimon_table_scan_scanDuration{table="a.b",quantile="0.5"} 150',
    'paimon_table_scan_scanDuration{table="a.b",quantile="0.75"} 175',
    'paimon_table_scan_scanDuration{table="a.b",quantile="0.95"} 195',
    'paimon_table_scan_scanDuration{table="a.b",quantile="0.99"} 199',
    'paimon_table_scan_scanDuration_sum{table="a.b"} 20100',
    'paimon_table_scan_scanDuration_count{table="a.b"} 200',
  ])
  expect(lines).toContain('millrace_storage_requests_total{kind="read"} 3')
  expect(lines).toContain('millrace_storage_read_bytes_total 7')
})

test('commands write them to a file, whole, and refuse one that cannot be', async () => {
  using wh = testWarehouse()
  const json = JSON.stringify(SCHEMA)
  await wh.ok(['create', 'shop.users', '--schema', '-'], { stdin: json })
  const file = wh.file('millrace.prom')
  const row = { stdin: '{"id":"1"}\n' }
  await wh.ok(['write', 'shop.users', '--metrics', file], row)
  expect(readFileSync(file, 'utf8')).toContain(
    'paimon_table_writer_numRecordsOut{table="shop.users"} 1\n',
  )
  const refused = await wh.run(['write', 'shop.users', '--metrics', wh.file('no/such')], row)
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('error IO: the metrics'),
  })
  const { stderr, stdout } = await wh.run(['changes', 'shop.users', '--metrics', '-'])
  expect(stderr).toContain('paimon_table_reader_numRecordsIn{table="shop.users"} 1\n')
  expect(stdout.trim().split('\n')).toHaveLength(1)
})
