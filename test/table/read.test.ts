/** What a read refuses before it reads anything. */
import { expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { GOLDEN_WAREHOUSE } from '../support/golden-expect.ts'

test.each<[string, Record<string, string>, string, string]>([
  ['unknown', { 'scan.snapshot-idd': '1' }, 'INVALID', 'did you mean "scan.snapshot-id"?'],
  ['of another type', { 'scan.snapshot-id': 'x' }, 'INVALID', 'scan.snapshot-id: "x"'],
  ['not implemented', { 'scan.tag-name': 'v1' }, 'UNSUPPORTED', 'scan.tag-name'],
])('an option that is %s is refused by its name', async (_, options, code, message) => {
  await using catalog = new Catalog(new LocalFileIO(), GOLDEN_WAREHOUSE)
  const table = await catalog.table('golden.mor')
  expect(() => table.read({ options })).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) as string }),
  )
})
