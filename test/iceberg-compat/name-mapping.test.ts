import { expect, test } from 'vitest'

import { nameMapping } from '../../src/iceberg-compat/name-mapping.ts'
import { firstSchema, parseNewSchema } from '../../src/types/new-schema.ts'
import { changedSchema, type SchemaChange } from '../../src/types/schema-change.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'

function history(first: object, ...changes: readonly SchemaChange[]): TableSchema[] {
  const schemas = [firstSchema(parseNewSchema(first), 0)]
  for (const change of changes)
    schemas.push(changedSchema(schemas.at(-1)!, [change], { hasSnapshots: true, timeMillis: 1 }))
  return schemas
}

test('fields keep all of their names, save those that another had too', () => {
  const tree = {
    type: 'ARRAY',
    element: {
      type: 'ROW',
      fields: [{ name: 'x', type: { type: 'MAP', key: 'INT', value: 'INT' } }],
    },
  }
  const fields = [
    { name: 'a', type: 'INT' },
    { name: 'b', type: 'INT' },
    { name: 'tree', type: tree },
  ]
  const schemas = history(
    { fields },
    { action: 'renameColumn', column: 'a', to: 'c' },
    { action: 'addColumn', column: 'a', type: 'INT' },
    { action: 'dropColumn', column: 'b' },
    { action: 'renameColumn', column: ['tree', 'element', 'x'], to: 'y' },
    { action: 'renameColumn', column: 'c', to: 'd' },
  )
  const map = [
    { 'field-id': 536_867_838, names: ['key'] },
    { 'field-id': 536_873_984, names: ['value'] },
  ]
  const element = [{ 'field-id': 3, names: ['y', 'x'], fields: map }]
  expect(JSON.parse(nameMapping(schemas))).toEqual([
    { 'field-id': 0, names: ['d', 'c'] },
    {
      'field-id': 2,
      names: ['tree'],
      fields: [{ 'field-id': 536_872_960, names: ['element'], fields: element }],
    },
    { 'field-id': 1, names: ['b'] },
  ])
})

test('the system columns of files have their ids', () => {
  const fields = [{ name: 'k', type: 'INT' }]
  const idsOf = (first: object): unknown =>
    (JSON.parse(nameMapping(history({ fields, ...first }))) as { names: string[] }[]).flatMap(
      ({ names }) => names,
    )
  expect(idsOf({ primaryKeys: ['k'], options: { bucket: '1' } })).toEqual([
    'k',
    '_KEY_k',
    '_SEQUENCE_NUMBER',
    '_VALUE_KIND',
  ])
  expect(idsOf({ options: { 'row-tracking.enabled': 'true' } })).toEqual([
    'k',
    '_ROW_ID',
    '_SEQUENCE_NUMBER',
  ])
})
