/** Checks of what all aggregate functions have in common: names, types, null, retract and reversed merges. */
import { describe, expect, it } from 'vitest'

import { valueAggregate } from '../../../src/lsm/merge/value-aggregates.ts'
import { type InternalValue, utf8 } from '../../../src/types/internal-value.ts'
import { tableOptions } from '../../../src/types/options.ts'
import { parseTypeText } from '../../../src/types/type-text.ts'

function aggregate(name: string, type: string, options: Record<string, string> = {}) {
  const field = { id: 0, name: 'v', type: parseTypeText(type) }
  return valueAggregate(name, field, tableOptions(options))
}

describe('valueAggregate', () => {
  it('refuses an unknown function and names the nearest one', () => {
    expect(() => aggregate('sun', 'INT')).toThrow(
      expect.objectContaining({
        code: 'INVALID',
        message: 'column "v": there is no aggregate function "sun" (did you mean "sum"?)',
      }),
    )
  })

  it('takes no name of an object member for a function', () => {
    expect(() => aggregate('constructor', 'INT')).toThrow('no aggregate function')
  })

  it.each([
    ['sum', 'STRING'],
    ['product', 'BOOLEAN'],
    ['bool_and', 'INT'],
    ['bool_or', 'STRING'],
    ['listagg', 'INT'],
    ['listagg', 'VARCHAR(9)'],
    ['collect', 'STRING'],
    ['merge_map', 'STRING'],
    ['merge_map_with_keytime', 'MAP<INT, STRING>'],
    ['merge_map_with_keytime', 'MAP<INT, ROW<`a` STRING>>'],
    ['nested_update', 'ARRAY<INT>'],
    ['nested_partial_update', 'STRING'],
  ])('refuses %s on a column of %s', (name, type) => {
    expect(() => aggregate(name, type)).toThrow(
      expect.objectContaining({
        code: 'INVALID',
        message: expect.stringContaining(`but "v" is ${type}`),
      }),
    )
  })

  it('refuses ignore-retract together with aggregation.remove-record-on-delete', () => {
    const options = {
      'fields.v.ignore-retract': 'true',
      'aggregation.remove-record-on-delete': 'true',
    }
    expect(() => aggregate('sum', 'INT', options)).toThrow('exclude each other')
  })

  it.each([
    ['nested_update', 'nested-key', 'a,c', 'the rows have no field "c"'],
    ['nested_partial_update', undefined, '', 'needs a key'],
  ])('refuses %s with %s = "%s"', (name, option, value, message) => {
    const options = option === undefined ? {} : { [`fields.v.${option}`]: value }
    expect(() => aggregate(name, 'ARRAY<ROW<a INT, b INT>>', options)).toThrow(
      expect.objectContaining({ code: 'INVALID', message: expect.stringContaining(message) }),
    )
  })

  it('refuses a time field that the rows of a map do not have, or that is no string once two meet', () => {
    const type = 'MAP<INT, ROW<a INT, time STRING>>'
    expect(() =>
      aggregate('merge_map_with_keytime', type, { 'fields.v.ts-field': 'tine' }),
    ).toThrow('(did you mean "time"?)')
    const { agg } = aggregate('merge_map_with_keytime', type, { 'fields.v.ts-field': 'a' })
    expect(() => agg([[1, [1, null]]], [[1, [2, null]]])).toThrow('but field "a" is INT')
  })

  it.each(['max', 'min', 'first_value', 'first_non_null_value', 'bool_and', 'bool_or'])(
    'cannot take back from %s, and says how to ignore such rows',
    (name) => {
      const { retract } = aggregate(name, 'BOOLEAN')
      expect(() => retract(true, true)).toThrow(
        expect.objectContaining({
          code: 'INVALID',
          hint: expect.stringContaining('fields.v.ignore-retract = true'),
        }),
      )
      const ignoring = aggregate(name, 'BOOLEAN', { 'fields.v.ignore-retract': 'true' })
      expect(ignoring.retract(true, false)).toBe(true)
    },
  )
})

/** Function, type, accumulated, input, and what agg and retract give. */
const CASES: readonly [
  string,
  string,
  InternalValue,
  InternalValue,
  InternalValue,
  InternalValue,
][] = [
  ['sum', 'TINYINT', 127, 1, -128, 126],
  ['sum', 'SMALLINT', -32768, 1, -32767, 32767],
  ['sum', 'INT', 2147483647, 1, -2147483648, 2147483646],
  ['sum', 'BIGINT', 2n ** 63n - 1n, 1n, -(2n ** 63n), 2n ** 63n - 2n],
  ['sum', 'FLOAT', 0.5, 16777216, 16777216, -16777216],
  ['sum', 'DOUBLE', null, 2.5, 2.5, -2.5],
  ['sum', 'INT', null, -2147483648, -2147483648, -2147483648],
  ['sum', 'INT', 3, null, 3, 3],
  ['sum', 'INT', null, null, null, null],
  ['sum', 'DECIMAL(3, 1)', 999n, 2n, 1001n, 997n],
  ['sum', 'DECIMAL(38, 0)', 10n ** 38n - 1n, 1n, null, 10n ** 38n - 2n],
  ['product', 'TINYINT', -128, -1, -128, -128],
  ['product', 'INT', 123456789, 1000003, Math.imul(123456789, 1000003), 123],
  ['product', 'BIGINT', -7n, 2n, -14n, -3n],
  ['product', 'DOUBLE', 1, 0, 0, Infinity],
  ['product', 'DECIMAL(5, 2)', 5n, 10n, 1n, 50n],
  ['product', 'DECIMAL(5, 2)', 99999n, 200n, null, 50000n],
  ['product', 'INT', null, 4, 4, null],
  ['last_value', 'INT', 1, null, null, null],
  ['last_non_null_value', 'INT', 1, null, 1, 1],
  ['last_non_null_value', 'INT', 1, 2, 2, null],
  ['primary-key', 'INT', 1, 2, 2, 2],
]

describe('sum, product and the last values', () => {
  it.each(CASES)(
    '%s of %s: %s with %s is %s, and without it %s',
    (name, type, acc, input, merged, left) => {
      const { agg, retract } = aggregate(name, type)
      expect(agg(acc, input)).toBe(merged)
      expect(retract(acc, input)).toBe(left)
    },
  )

  it.each([
    ['INT', 1, 0],
    ['DECIMAL(5, 2)', 100n, 0n],
    ['DECIMAL(5, 2)', 100n, 300n],
  ])('refuses a quotient of %s that has no end', (type, acc, input) => {
    expect(() => aggregate('product', type).retract(acc, input)).toThrow(
      expect.objectContaining({ code: 'INVALID' }),
    )
  })
})

describe('max and min', () => {
  it.each<[string, InternalValue, InternalValue, InternalValue, InternalValue]>([
    ['INT', 1, 2, 2, 1],
    ['DOUBLE', NaN, 1, NaN, 1],
    ['DOUBLE', 1, NaN, NaN, 1],
    ['DOUBLE', -0, 0, 0, -0],
    ['DOUBLE', 0, -0, 0, -0],
    ['BIGINT', null, 5n, 5n, 5n],
    ['BIGINT', 5n, null, 5n, 5n],
  ])('of %s %s and %s are %s and %s', (type, acc, input, greatest, least) => {
    expect(aggregate('max', type).agg(acc, input)).toBe(greatest)
    expect(aggregate('min', type).agg(acc, input)).toBe(least)
  })

  it('compares strings by their bytes, and keeps the older maximum and the newer minimum of equal ones', () => {
    const [private_, emoji] = [new TextEncoder().encode('\u{E000}'), new TextEncoder().encode('😀')]
    expect(aggregate('max', 'STRING').agg(private_, emoji)).toBe(emoji)
    const [one, other] = [Uint8Array.of(1), Uint8Array.of(1)]
    expect(aggregate('max', 'BYTES').agg(one, other)).toBe(one)
    expect(aggregate('min', 'BYTES').agg(one, other)).toBe(other)
  })

  it('refuse types without an order once two values meet', () => {
    const { agg } = aggregate('max', 'BOOLEAN')
    expect(agg(null, true)).toBe(true)
    expect(() => agg(true, false)).toThrow('values of type BOOLEAN have no order')
  })
})

describe('the first values', () => {
  it('keep the first since the reset, null too or the first that is not null', () => {
    const first = aggregate('first_value', 'INT')
    const firstNonNull = aggregate('first_not_null_value', 'INT')
    for (let round = 0; round < 2; round++) {
      first.reset()
      firstNonNull.reset()
      expect([null, 1, 2].reduce<InternalValue>(first.agg, null)).toBe(null)
      expect([null, 1, 2].reduce<InternalValue>(firstNonNull.agg, null)).toBe(1)
    }
  })

  it('give way to an older input in a reversed merge', () => {
    const { agg, aggReversed } = aggregate('first_value', 'INT')
    expect(aggReversed(agg(null, 5), 3)).toBe(3)
  })
})

describe('nested rows with the options of Paimon 2.0', () => {
  const type = 'ARRAY<ROW<k INT, at INT, v INT>>'
  const keyed = { 'fields.v.nested-key': 'k' }

  it('give way only to rows whose sequence is as great or greater, and null is the least', () => {
    const { agg } = aggregate('nested_update', type, {
      ...keyed,
      'fields.v.nested-sequence-field': 'at',
    })
    const acc = agg(null, [
      [1, 5, 0],
      [1, 4, 1],
      [2, null, 2],
      [3, 1, 3],
    ])
    expect(acc).toEqual([
      [1, 5, 0],
      [2, null, 2],
      [3, 1, 3],
    ])
    const input = [
      [1, 5, 4],
      [2, 0, 5],
      [3, null, 6],
    ]
    expect(agg(acc, input)).toEqual([
      [1, 5, 4],
      [2, 0, 5],
      [3, 1, 3],
    ])
  })

  it('are limited in their keys only', () => {
    const { agg } = aggregate('nested_update', type, {
      ...keyed,
      'fields.v.nested-sequence-field': 'at',
      'fields.v.count-limit': '1',
    })
    const input = [
      [1, 1, 1],
      [2, 1, 1],
      [1, 2, 2],
    ]
    expect(agg(null, input)).toEqual([[1, 2, 2]])
  })

  it.each(['nested_update', 'nested_partial_update'])(
    'may do without a null in a key of %s',
    (name) => {
      const ofStrategy = (strategy: string) =>
        aggregate(name, type, { ...keyed, 'fields.v.nested-key-null-strategy': strategy }).agg
      const input = [
        [null, 1, 1],
        [1, 1, 1],
      ]
      expect(ofStrategy('ignore')(null, input)).toEqual([[1, 1, 1]])
      expect(ofStrategy('MERGE')(null, input)).toEqual(input)
      expect(() => ofStrategy('error')(null, input)).toThrow('a nested key has a null')
    },
  )

  it.each(['nested-sequence-field', 'nested-key-null-strategy'])('need a key for %s', (option) => {
    const value = option === 'nested-sequence-field' ? 'at' : 'ignore'
    const make = () => aggregate('nested_update', type, { [`fields.v.${option}`]: value })
    expect(make).toThrow(`fields.v.${option} means nothing without a nested key`)
  })
})

describe('distinct nested elements', () => {
  it.each<[string, InternalValue, number]>([
    ['ROW<k INT, v DOUBLE>', [null, 0], 1],
    ['ROW<k INT, v DOUBLE>', [1, NaN], 2],
    ['ARRAY<INT>', [1, 2], 1],
    ['ARRAY<INT>', [1, null], 2],
    ['ARRAY<DOUBLE>', [NaN], 2],
    ['MAP<STRING, INT>', [[utf8('a'), 1]], 1],
    ['MAP<STRING, INT>', [[utf8('a'), null]], 2],
  ])('of %s: %j and its like are %d', (element, value, count) => {
    const { agg } = aggregate('collect', `ARRAY<${element}>`, { 'fields.v.distinct': 'true' })
    const like = structuredClone(value)
    expect(agg([value], [like])).toHaveLength(count)
  })

  it('are equal as 0 and -0 are, and maps in any order', () => {
    const distinct = { 'fields.v.distinct': 'true' }
    expect(aggregate('collect', 'ARRAY<ARRAY<DOUBLE>>', distinct).agg([[0]], [[-0]])).toEqual([[0]])
    const [a, b] = [[1, 2] as const, [3, 4] as const]
    const maps = aggregate('collect', 'ARRAY<MAP<INT, INT>>', distinct)
    expect(maps.agg([[a, b]], [[b, a]])).toEqual([[a, b]])
  })
})

describe('bytes', () => {
  it('are told apart by what they are, as elements and as keys', () => {
    const [one, other] = [Uint8Array.of(1, 2), Uint8Array.of(1, 2)]
    const distinct = aggregate('collect', 'ARRAY<BYTES>', { 'fields.v.distinct': 'true' })
    expect(distinct.agg([one], [other, null])).toEqual([one, null])
    expect(aggregate('collect', 'ARRAY<BYTES>').retract([one, null], [other])).toEqual([null])
    const map = aggregate('merge_map', 'MAP<BYTES, INT>')
    expect(map.agg([[one, 1]], [[other, 2]])).toEqual([[other, 2]])
    expect(map.retract([[one, 1]], [[other, 2]])).toEqual([])
  })
})

describe('aggReversed', () => {
  it('merges the input as if it had come before', () => {
    expect(aggregate('last_non_null_value', 'INT').aggReversed(1, 2)).toBe(1)
    expect(aggregate('last_non_null_value', 'INT').aggReversed(null, 2)).toBe(2)
  })
})
