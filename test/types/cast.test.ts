import { describe, expect, test } from 'vitest'

import { castColumn, findCast } from '../../src/types/cast.ts'
import type { Column } from '../../src/types/column.ts'
import { type DataType, isSameType } from '../../src/types/data-type.ts'
import { cellValue, type InternalValue, utf8 } from '../../src/types/internal-value.ts'
import { parseType, parseTypeText, typeToJson } from '../../src/types/type-text.ts'
import { LakeError } from '../../src/util/errors.ts'
import { columnOf, fixture, vectorValue } from '../support/java-vectors.ts'

interface TypeVectors {
  readonly from: unknown
  readonly values: readonly unknown[]
  readonly casts: Readonly<Record<string, readonly unknown[]>>
}

const vectors = fixture('casts.json') as TypeVectors[]
const types = vectors.map(({ from }) => parseType(from))

function parseTypeKey(text: string): DataType {
  return parseType(text.startsWith('{') ? JSON.parse(text) : text)
}

/** What Java's result is here: a value, or the code of the error. */
function expected(to: DataType, json: unknown): unknown {
  if (isMark(json, 'error')) return 'INVALID'
  if (isMark(json, 'beyond')) return 'UNSUPPORTED'
  return comparable(to, vectorValue(to, json))
}

function isMark(json: unknown, mark: string): boolean {
  return typeof json === 'object' && json !== null && mark in json
}

/** Maps sorted: Java's have no order. */
function comparable(type: DataType, value: InternalValue): unknown {
  if (type.kind !== 'MAP' || value === null) return value
  return (value as InternalValue[]).toSorted((a, b) => (keyName(a) < keyName(b) ? -1 : 1))
}

function keyName(entry: InternalValue): string {
  return String((entry as InternalValue[])[0])
}

function castOne(column: Column, from: DataType, to: DataType): unknown {
  try {
    return comparable(to, cellValue(castColumn(column, from, to), to, 0))
  } catch (error) {
    if (error instanceof LakeError) return error.code
    throw error
  }
}

describe.each(vectors)('values of $from', ({ from: fromJson, values: jsons, casts }) => {
  const from = parseType(fromJson)
  const values = jsons.map((json) => vectorValue(from, json))

  test('are cast to the types that Java has a rule for, and to no other', () => {
    const castable = types.filter((to) => !isSameType(from, to) && findCast(from, to) !== undefined)
    const keys = castable.map((to) => {
      const json = typeToJson(to)
      return typeof json === 'string' ? json : JSON.stringify(json)
    })
    expect(keys.toSorted()).toEqual(
      Object.keys(casts)
        .map((key) => (key.startsWith('{') ? JSON.stringify(typeToJson(parseTypeKey(key))) : key))
        .toSorted(),
    )
  })

  test('become what Java makes of them, one by one', () => {
    for (const [key, results] of Object.entries(casts)) {
      const to = parseTypeKey(key)
      for (const [i, value] of values.entries()) {
        if (isMark(results[i], 'longer')) continue
        const result = castOne(columnOf(from, [value]), from, to)
        expect(result, `${JSON.stringify(jsons[i])} to ${key}`).toEqual(expected(to, results[i]))
      }
    }
  })

  test('become the same as one column', () => {
    for (const [key, results] of Object.entries(casts)) {
      const to = parseTypeKey(key)
      const kept = results.flatMap((result, i) =>
        ['error', 'beyond', 'longer'].some((mark) => isMark(result, mark)) ? [] : [i],
      )
      const column = castColumn(
        columnOf(
          from,
          kept.map((i) => values[i]!),
        ),
        from,
        to,
      )
      expect(column.length).toBe(kept.length)
      for (const [row, i] of kept.entries())
        expect(
          comparable(to, cellValue(column, to, row)),
          `${JSON.stringify(jsons[i])} to ${key}`,
        ).toEqual(expected(to, results[i]))
    }
  })
})

test.each([
  ['DOUBLE', '1'.repeat(1_000_000) + 'x'],
  ['DOUBLE', `x${' '.repeat(1_000_000)}x`],
  ['DECIMAL(9, 2)', '1'.repeat(1_000_000) + 'x'],
  ['INT', '0'.repeat(1_000_000) + 'x'],
  ['DATE', `2020-${'1'.repeat(1_000_000)}`],
  ['TIME(3)', `1${':'.repeat(1_000_000)}`],
  ['TIMESTAMP(3)', `2020-${'1'.repeat(1_000_000)}-x`],
  ['ARRAY<INT>', `[${' '.repeat(1_000_000)}x]`],
  ['MAP<INT, INT>', `{x${' '.repeat(1_000_000)}x}`],
])('a long text that is no %s is refused without delay', (to, text) => {
  const from = parseTypeText('STRING')
  expect(castOne(columnOf(from, [utf8(text)]), from, parseTypeText(to))).toBe('INVALID')
})

test('values are not filled up to lengths that take all memory', () => {
  const from = parseTypeText('STRING')
  const column = columnOf(from, [utf8('x')])
  expect(castOne(column, from, parseTypeText('CHAR(2147483647)'))).toBe('UNSUPPORTED')
  expect(castOne(column, from, parseTypeText('BINARY(2147483647)'))).toBe('UNSUPPORTED')
})
