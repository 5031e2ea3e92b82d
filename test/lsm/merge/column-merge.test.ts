/** Checks of the fast forms of column functions against the same functions applied value by value. */
import { describe, expect, test } from 'vitest'

import { aggregateFunction, ColumnMerge } from '../../../src/lsm/merge/column-merge.ts'
import { FlatMemory } from '../../../src/lsm/merge/flat-columns.ts'
import type { KeyedRows } from '../../../src/lsm/merge/keyed-rows.ts'
import {
  ADD,
  ADD_BEFORE,
  CLEAR,
  type Operations,
  RETRACT,
  SET,
  SET_RETRACT,
  SKIP,
} from '../../../src/lsm/merge/operations.ts'
import { valueAggregate } from '../../../src/lsm/merge/value-aggregates.ts'
import { foldValues } from '../../../src/lsm/merge/value-fold.ts'
import type { Column } from '../../../src/types/column.ts'
import type { DataField, DataType } from '../../../src/types/data-type.ts'
import { cellValue, type InternalValue, utf8 } from '../../../src/types/internal-value.ts'
import { tableOptions } from '../../../src/types/options.ts'
import { parseTypeText } from '../../../src/types/type-text.ts'
import { LakeError } from '../../../src/util/errors.ts'
import { columnOf } from '../../support/java-vectors.ts'
import { between, pick, type Random, seeded } from '../../support/random.ts'

const FLOATS = [0, -0, NaN, 1.5, -7.25, Infinity]
const LONGS = [0n, 1n, -5n, 2n ** 63n - 1n, -(2n ** 63n)]

const NUMBERS: Readonly<Record<string, readonly InternalValue[]>> = {
  TINYINT: [0, 1, -5, 127, -128],
  SMALLINT: [0, 1, -5, 32767, -32768],
  INT: [0, 1, -5, 2147483647, -2147483648],
  BIGINT: LONGS,
  FLOAT: FLOATS,
  DOUBLE: [...FLOATS, 0.1],
  'DECIMAL(3, 1)': [0n, 15n, 999n, -999n],
  'DECIMAL(18, 0)': [0n, 10n ** 18n - 1n, 1n - 10n ** 18n],
  'DECIMAL(19, 0)': [0n, 10n ** 18n, 10n ** 19n - 1n, 1n - 10n ** 19n],
  'DECIMAL(38, 5)': [0n, 1n, 10n ** 38n - 1n, 1n - 10n ** 38n],
}

const OTHERS: Readonly<Record<string, readonly InternalValue[]>> = {
  BOOLEAN: [true, false],
  STRING: ['', 'a', 'ab', 'a string of more than sixteen bytes', '\u{e000}', '😀'].map(utf8),
  BYTES: [Uint8Array.of(), Uint8Array.of(0), Uint8Array.of(200, 1)],
  DATE: [0, -1, 20000],
  'TIMESTAMP(9)': LONGS,
}

const POOLS = { ...NUMBERS, ...OTHERS }
const ANY = Object.keys(POOLS)

const FUNCTIONS: readonly (readonly [name: string, types: readonly string[]])[] = [
  ['sum', Object.keys(NUMBERS)],
  ['product', Object.keys(NUMBERS)],
  ['max', ANY.filter((type) => type !== 'BOOLEAN')],
  ['min', ANY.filter((type) => type !== 'BOOLEAN')],
  ['last_value', ANY],
  ['last_non_null_value', ANY],
  ['first_value', ANY],
  ['first_non_null_value', ANY],
  ['bool_and', ['BOOLEAN']],
  ['bool_or', ['BOOLEAN']],
  ['primary-key', ANY],
]

/** A few keys with rows of two sources. */
function randomKeys(random: Random, lengths: readonly number[]): KeyedRows {
  const keyCount = between(random, 1, 6)
  const starts = new Uint32Array(keyCount + 1)
  for (let key = 0; key < keyCount; key++) starts[key + 1] = starts[key]! + between(random, 1, 6)
  const length = starts[keyCount]!
  const runOf = Uint16Array.from({ length }, () => between(random, 0, lengths.length))
  const rows = Uint32Array.from(runOf, (run) => between(random, 0, lengths[run]!))
  const isLone = new Uint8Array(keyCount)
  return {
    length,
    runOf,
    rows,
    kinds: new Int8Array(length),
    keyCount,
    starts,
    isLone,
    hasRetracts: true,
    sourceOrder: null,
  }
}

/** Null for none, or operations of each row, with some that take back or without. Sums are never told to become null. */
function randomOperations(random: Random, name: string, length: number): Operations {
  const adding = [SKIP, SET, ADD, ADD, ADD_BEFORE, name === 'sum' ? SKIP : CLEAR]
  const all = [...adding, RETRACT, RETRACT, SET_RETRACT]
  const words = pick(random, [null, adding, all])
  return words === null ? null : Uint8Array.from({ length }, () => pick(random, words))
}

function randomColumn(random: Random, type: DataType, pool: readonly InternalValue[]): Column {
  const nulls = pick(random, [0, 0.4])
  const values = Array.from({ length: 8 }, () => (random() < nulls ? null : pick(random, pool)))
  return columnOf(type, values)
}

/** The values as texts, or the code of the error. */
function shown(type: DataType, make: () => Column): string[] | string {
  try {
    const column = make()
    return Array.from({ length: column.length }, (_, key) => {
      const value = cellValue(column, type, key)
      if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
      return Object.is(value, -0) ? '-0' : String(value)
    })
  } catch (error) {
    if (error instanceof LakeError) return error.code
    throw error
  }
}

describe.each(FUNCTIONS)('%s', (name, types) => {
  test.each(types)('of %s columns gives what it gives value by value', (typeText) => {
    const random = seeded(types.indexOf(typeText) + 1)
    const type = parseTypeText(typeText)
    const field: DataField = { id: 0, name: 'v', type }
    for (let trial = 0; trial < 60; trial++) {
      const ignoresRetract = random() < 0.3
      const options = tableOptions(ignoresRetract ? { 'fields.v.ignore-retract': 'true' } : {})
      const columns = [0, 1].map(() => randomColumn(random, type, POOLS[typeText]!))
      const keyed = randomKeys(random, [8, 8])
      const operations = randomOperations(random, name, keyed.length)
      const fast = aggregateFunction(name, field, options)
      const slow = valueAggregate(name, field, options)
      const merge = new ColumnMerge(keyed, [8, 8], new FlatMemory())
      const merged = shown(type, () => merge.merge(fast, operations, columns))
      const folded = shown(type, () => foldValues(type, slow, keyed, operations, columns))
      expect(merged).toEqual(folded)
    }
  })
})
