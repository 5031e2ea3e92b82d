import { expect, test } from 'vitest'

import * as millrace from '../../src/index.ts'

test('these values are public, and no others', () => {
  const values =
    'BATCH_IDENTIFIER LakeError Table createCatalog decodeBlobDescriptor defineSchema parseNewSchema prometheusText t ' +
    'decodeJavaMessage decodeMessages encodeJavaMessage encodeMessages serveIceberg streamInto ' +
    'and between contains endsWith eq gt gte isIn isNotNull isNull like lt lte ne not notIn or startsWith'
  expect(Object.keys(millrace).toSorted()).toEqual(values.split(' ').toSorted())
})

test('a table is made of a schema as JSON has it, like on the command line', async () => {
  const { createCatalog, Table, parseNewSchema } = millrace
  await using catalog = await createCatalog({ warehouse: 'memory://public/warehouse' })
  const json = {
    fields: [
      { name: 'id', type: 'BIGINT' },
      { name: 'name', type: 'STRING' },
    ],
    primaryKeys: ['id'],
    options: { bucket: 1 },
  }
  const table = await catalog.createTable('shop.users', parseNewSchema(json))
  expect(table).toBeInstanceOf(Table)
  await table.write([{ id: 1n, name: 'Ada' }])
  expect(await table.read().toArray()).toEqual([{ id: 1n, name: 'Ada' }])
  expect(() => parseNewSchema({ ...json, primaryKey: ['id'] })).toThrow(
    'did you mean "primaryKeys"',
  )
})
