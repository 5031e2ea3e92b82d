/** What a read refuses before it reads anything. */
import { expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { GOLDEN_WAREHOUSE } from '../support/golden-expect.ts'

test('options of a read are texts or values', async () => {
  await using catalog = new Catalog(new LocalFileIO(), GOLDEN_WAREHOUSE)
  const table = await catalog.table('golden.mor')
  const plans = [
    table.read({ options: { 'scan.snapshot-id': 2 } }).plan(),
    table.read({ options: { 'scan.snapshot-id': '2' } }).plan(),
    table.withOptions({ 'scan.snapshot-id': 2 }).read().plan(),
    table.read({ at: { snapshot: 2 } }).plan(),
  ]
  for (const plan of plans) expect((await plan).snapshotId).toBe(2)
  const files = await catalog.systemTable('golden.mor$files')
  const rows = await files.read({ options: { 'scan.snapshot-id': 2 } }).toArray()
  expect(rows).toHaveLength((await plans[0]!).fileCounts.considered)
})

test.each<[string, Record<string, string>, string, string]>([
  ['unknown', { 'scan.snapshot-idd': '1' }, 'INVALID', 'did you mean "scan.snapshot-id"?'],
  ['of another type', { 'scan.snapshot-id': 'x' }, 'INVALID', 'scan.snapshot-id: "x"'],
  ['not implemented', { 'query-auth.enabled': 'true' }, 'UNSUPPORTED', 'query-auth.enabled'],
])('an option that is %s is refused by its name', async (_, options, code, message) => {
  await using catalog = new Catalog(new LocalFileIO(), GOLDEN_WAREHOUSE)
  const table = await catalog.table('golden.mor')
  expect(() => table.read({ options })).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) as string }),
  )
})
