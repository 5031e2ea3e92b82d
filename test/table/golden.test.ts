/** The golden tables on every storage that has no server of its own, or the project's. */
import { expect, test } from 'vitest'

import type { FileIO } from '../../src/io/file-io.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { copyGoldenTables, GOLDEN_WAREHOUSE } from '../support/golden-expect.ts'
import { expectedStream, streamCases } from '../support/golden-streams.ts'
import { batchCases, type GoldenStorage, goldenSuite, REFUSED } from '../support/golden-suite.ts'
import { goldenTables } from '../support/golden-tables.ts'
import { startTestS3, type TestS3 } from '../support/s3-file-io.ts'

function storage(io: FileIO, warehouse: string, s3?: TestS3): GoldenStorage {
  return {
    io,
    warehouse,
    async [Symbol.asyncDispose]() {
      await io.close()
      await s3?.[Symbol.asyncDispose]()
    },
  }
}

async function copied(io: FileIO, warehouse: string, s3?: TestS3): Promise<GoldenStorage> {
  await copyGoldenTables(io, warehouse)
  return storage(io, warehouse, s3)
}

async function s3Storage(): Promise<GoldenStorage> {
  const s3 = await startTestS3({}, { idleTimeoutMs: 30_000 })
  return copied(s3.io, 's3://lake/golden', s3)
}

test('what is refused is one of the cases', () => {
  const names = [...batchCases, ...streamCases].map(({ name }) => name)
  for (const name of Object.keys(REFUSED)) expect(names).toContain(name)
})

test('every table has rows to compare with', () => {
  const compared = batchCases.filter(({ systemTable, at }) => systemTable === undefined && !at)
  expect(compared.map(({ table }) => table).toSorted()).toEqual(goldenTables)
})

test('no table, system table or snapshot that is served is among what is refused', () => {
  const tables =
    /^(types_.+|bucket_.+|codec_.+|mor|mor_levels|cow|thin_mode|(odd|typed)_partitions|data_path|sequence_.+|ignore_delete|rowkind_field|expired|format_avro)$/
  const systemTables = /^(snapshots|schemas|options|files|partitions|buckets|manifests)$/
  const served = batchCases.filter(({ table, systemTable }) =>
    systemTable === undefined ? tables.test(table) : systemTables.test(systemTable),
  )
  // 31 tables, one of them in an older snapshot too, and 22 system tables.
  expect(served).toHaveLength(54)
  const refused = served.filter(({ name }) => REFUSED[name] !== undefined)
  expect(refused.map(({ name }) => name)).toEqual([])
})

test('every stream has rows to compare with', () => {
  expect(streamCases).toHaveLength(14)
  for (const golden of streamCases) expect(expectedStream(golden)).not.toEqual([])
})

goldenSuite('local disk', async () => storage(new LocalFileIO(), GOLDEN_WAREHOUSE))
goldenSuite('memory', () => copied(new MemoryFileIO(), 'memory://golden/warehouse'))
goldenSuite('S3', s3Storage)
