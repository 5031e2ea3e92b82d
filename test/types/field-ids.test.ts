import { describe, expect, test } from 'vitest'

import type { DataField } from '../../src/types/data-type.ts'
import {
  arrayElementId,
  assignFieldIds,
  collectFieldIds,
  isSystemFieldName,
  keyFieldId,
  mapKeyId,
  mapValueId,
} from '../../src/types/field-ids.ts'
import { fieldToJson, parseType } from '../../src/types/type-text.ts'
import { fixture } from '../support/java-vectors.ts'

interface Vectors {
  readonly schemas: readonly {
    columns: unknown[]
    fields: { id: number; name: string; description?: string }[]
    highestFieldId: number
  }[]
}

const { schemas } = fixture('type-texts.json') as Vectors

describe('new tables get the ids that Java gives them', () => {
  test.each(schemas.map((schema, i) => [i, schema] as const))('table %i', (_, schema) => {
    const fields = schema.columns.map((json, i): DataField => {
      const { name, description } = schema.fields[i]!
      return { id: -1, name, type: parseType(json), ...(description && { description }) }
    })
    const assigned = assignFieldIds(fields)
    expect(assigned.fields.map(fieldToJson)).toEqual(schema.fields)
    expect(assigned.highestFieldId).toBe(schema.highestFieldId)
    const ids = collectFieldIds(assigned.fields).toSorted((a, b) => a - b)
    expect(ids).toEqual(Array.from({ length: schema.highestFieldId + 1 }, (__, id) => id))
  })
})

test('later columns get the ids after the highest that was ever in use', () => {
  const column: DataField = { id: -1, name: 'x', type: parseType('INT') }
  expect(assignFieldIds([column], 41)).toMatchObject({ fields: [{ id: 42 }], highestFieldId: 42 })
})

/** The ids are those that Java's Parquet files of the golden tables have. */
test('parts of nested types have the Parquet ids of Java', () => {
  expect(arrayElementId(25, 1)).toBe(536_896_512)
  expect(mapKeyId(26, 1)).toBe(536_844_286)
  expect(mapValueId(26, 1)).toBe(536_897_536)
  expect(mapValueId(29, 1)).toBe(536_900_608)
  expect(arrayElementId(29, 2)).toBe(536_900_609)
  expect(arrayElementId(111, 1)).toBe(536_984_576)
  expect(keyFieldId(7)).toBe(1_073_741_830)
})

test('ids wrap as 32-bit integers do', () => {
  expect(arrayElementId(2_000_000_000, 1)).toBe((536_870_911 + 2_000_000_000 * 1024 + 1) | 0)
})

test.each(['_KEY_a', '_SEQUENCE_NUMBER', '_VALUE_KIND', '_LEVEL', 'rowkind', '_ROW_ID'])(
  '%s is kept for the system',
  (name) => {
    expect(isSystemFieldName(name)).toBe(true)
    expect(isSystemFieldName(`x${name}`)).toBe(false)
  },
)
