import { expect, test } from 'vitest'

import { restoreBuckets } from '../../src/snapshot/restore.ts'
import { tableOptions } from '../../src/types/options.ts'
import { partitionFields } from '../../src/types/schema-keys.ts'
import { goldenSchema, goldenStore } from '../support/golden-tables.ts'

test.each([
  { table: 'dv', indexType: 'DELETION_VECTORS' },
  { table: 'dynamic_bucket', indexType: 'HASH' },
])('a bucket of $table has the index files that the snapshot names', async (golden) => {
  const store = goldenStore(golden.table)
  const schema = await goldenSchema(golden.table)
  const restore = await restoreBuckets(store, {
    partitionFields: partitionFields(schema),
    totalBuckets: tableOptions(schema.options).get('bucket'),
  })
  const entries = await store.manifests.readIndexEntries(restore.snapshot!)
  expect(entries.length).toBeGreaterThan(0)
  for (const { partition, bucket, indexFile } of entries) {
    const restored = await restore.bucket(partition, bucket)
    expect(restored.indexFiles).toEqual([indexFile])
    expect(indexFile.indexType).toBe(golden.indexType)
    const names = restored.files.map(({ fileName }) => fileName)
    for (const { dataFileName } of indexFile.deletionVectors ?? [])
      expect(names).toContain(dataFileName)
  }
  const { partition } = entries[0]!
  expect(await restore.bucket(partition, 99)).toMatchObject({ files: [], indexFiles: [] })
})
