import { describe, expect, test } from 'vitest'

import { bucketFunction } from '../../src/types/bucket-function.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { parseType, typeText } from '../../src/types/type-text.ts'
import { columnOf, fixture, vectorValue } from '../support/java-vectors.ts'

interface RowSet {
  readonly types: readonly unknown[]
  readonly rows: readonly { values: unknown[]; buckets?: number[]; mod?: number[] }[]
}

const SETS = (fixture('binary-rows.json') as RowSet[]).map((set) => ({
  ...set,
  key: set.types.map((json, id): DataField => ({ id, name: `f${id}`, type: parseType(json) })),
}))

/** The columns of the rows whose values fit into columns, and those rows. */
function columnsOf({ key, rows }: (typeof SETS)[number]) {
  const values = rows.map((row) => row.values.map((json, i) => vectorValue(key[i]!.type, json)))
  const fitting = values.map((row) =>
    row.every(
      (value, i) =>
        key[i]!.type.kind === 'DECIMAL' ||
        typeof value !== 'bigint' ||
        BigInt.asIntN(64, value) === value,
    ),
  )
  const kept = values.filter((_, i) => fitting[i])
  const columns = key.map((field, i) =>
    columnOf(
      field.type,
      kept.map((row) => row[i]!),
    ),
  )
  return { columns, rows: rows.filter((_, i) => fitting[i]) }
}

describe('the default function puts rows where Java puts them', () => {
  const sets = SETS.filter((set) => set.rows[0]!.buckets !== undefined)

  test.each(sets.map((set) => [set.key.map((field) => typeText(field.type)).join(', '), set]))(
    '%s',
    (_, set) => {
      const { columns, rows } = columnsOf(set)
      const assign = bucketFunction('default', set.key)
      for (const [i, bucketCount] of [1, 7, 4096].entries())
        expect([...assign(columns, rows.length, bucketCount)]).toEqual(
          rows.map((row) => row.buckets![i]),
        )
    },
  )
})

test('the mod function puts INT and BIGINT where Java puts them', () => {
  const sets = SETS.filter((set) => set.rows[0]!.mod !== undefined)
  expect(sets.map((set) => set.key[0]!.type.kind)).toEqual(['INT', 'BIGINT'])
  for (const set of sets) {
    const { columns, rows } = columnsOf(set)
    const assign = bucketFunction('mod', set.key)
    for (const [i, bucketCount] of [1, 7, 2147483647].entries())
      expect([...assign(columns, rows.length, bucketCount)]).toEqual(rows.map((row) => row.mod![i]))
  }
})

test('the mod function refuses keys that are not one integer', () => {
  for (const key of [[], [keyField('STRING')], [keyField('INT'), keyField('INT')]])
    expect(() => bucketFunction('mod', key)).toThrow(expect.objectContaining({ code: 'INVALID' }))
})

test('the hive function is refused by name', () => {
  expect(() => bucketFunction('hive', [])).toThrow(
    expect.objectContaining({
      code: 'UNSUPPORTED',
      message: 'the bucket function "hive" is not supported',
    }),
  )
})

function keyField(type: string): DataField {
  return { id: 0, name: 'a', type: parseType(type) }
}
