import { expect, test } from 'vitest'

import { keyOrder, keyValueLayout, sequenceOrder } from '../../src/lsm/key-value.ts'
import type { DataType } from '../../src/types/data-type.ts'
import { firstSchema } from '../../src/types/new-schema.ts'

const int: DataType = { kind: 'INT', nullable: true }
const required: DataType = { ...int, nullable: false }

function layoutOf(options: Readonly<Record<string, string>>) {
  const fields = ['v', 's', 'k1', 'p', 'k0'].map((name, id) => ({
    id,
    name,
    type: name === 'v' || name === 's' ? int : required,
  }))
  const definition = {
    fields,
    hasIds: false,
    partitionKeys: ['p'],
    primaryKeys: ['k0', 'p', 'k1'],
    options: { bucket: '1', ...options },
  }
  return keyValueLayout(firstSchema(definition, 0))
}

test('rows are sorted by the primary key without partition keys, in its order', () => {
  const { keys, storedKeys, fields } = layoutOf({})
  expect(keys.map(({ name }) => name)).toEqual(['k0', 'k1'])
  expect(storedKeys.map(({ name }) => name)).toEqual(['_KEY_k0', '_KEY_k1'])
  expect(fields).toHaveLength(5)
  expect(keyOrder(layoutOf({}))).toEqual([{ type: required }, { type: required }])
})

test('sequence fields may be null, are in the order of the option, and descend together', () => {
  const layout = layoutOf({ 'sequence.field': 's,v', 'sequence.field.sort-order': 'descending' })
  expect(layout.sequence.map(({ name }) => name)).toEqual(['s', 'v'])
  expect(layout.sequenceDescending).toBe(true)
  const column = { type: int, descending: true, nullable: true }
  expect(sequenceOrder(layout, true)).toEqual([column, column])
})

test('without options nothing but the sequence number decides, and deletes count', () => {
  expect(layoutOf({})).toMatchObject({
    sequence: [],
    sequenceDescending: false,
    ignoreDelete: false,
  })
  expect(layoutOf({ 'ignore-delete': 'true' }).ignoreDelete).toBe(true)
})
