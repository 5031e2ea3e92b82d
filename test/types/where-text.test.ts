import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { DataField, DataType } from '../../src/types/data-type.ts'
import { bindPredicate } from '../../src/types/predicate-bind.ts'
import { selectRows } from '../../src/types/predicate-rows.ts'
import {
  and,
  between,
  contains,
  endsWith,
  eq,
  gt,
  gte,
  isIn,
  isNotNull,
  isNull,
  like,
  lt,
  ne,
  not,
  or,
  startsWith,
} from '../../src/types/predicate.ts'
import { whereText } from '../../src/types/where-print.ts'
import { parseWhere } from '../../src/types/where-text.ts'
import { LakeError } from '../../src/util/errors.ts'
import { batchOf, FIELDS, predicates, rows } from './predicate-model.ts'

const COLUMNS: Record<string, DataType> = {
  k: { kind: 'INT', nullable: true },
  id: { kind: 'BIGINT', nullable: true },
  name: { kind: 'VARCHAR', length: 20, nullable: true },
  dt: { kind: 'DATE', nullable: true },
  ts: { kind: 'TIMESTAMP', precision: 6, nullable: true },
  t: { kind: 'TIME', precision: 3, nullable: true },
  x: { kind: 'DOUBLE', nullable: true },
  price: { kind: 'DECIMAL', precision: 38, scale: 2, nullable: true },
  ok: { kind: 'BOOLEAN', nullable: true },
  b: { kind: 'VARBINARY', length: 20, nullable: true },
  date: { kind: 'DATE', nullable: true },
  'odd name': { kind: 'INT', nullable: true },
  'q"t': { kind: 'INT', nullable: true },
  größe: { kind: 'INT', nullable: true },
  or: { kind: 'INT', nullable: true },
}
const fields: DataField[] = Object.entries(COLUMNS).map(([name, type], id) => ({ id, name, type }))

describe('reading conditions', () => {
  test.each([
    ['k = 12345', eq('k', 12345)],
    ['k != -5', ne('k', -5)],
    ['k <> +5', ne('k', 5)],
    ['5 < k', gt('k', 5)],
    ["'a' = name", eq('name', 'a')],
    ['-1.5 >= x', { op: 'lte', args: ['x', -1.5] }],
    ['id = 5', eq('id', 5n)],
    ['id = 9223372036854775807', eq('id', 2n ** 63n - 1n)],
    ['k = 99999999999999999999', eq('k', 99999999999999999999n)],
    ['k < 3.5', lt('k', 3.5)],
    ['price = 12345678901234567890.12', eq('price', '12345678901234567890.12')],
    ['price > -.5', gt('price', '-.5')],
    ['x >= 1e-3', gte('x', 0.001)],
    ["x = 'NaN'", eq('x', 'NaN')],
    ["name = 'it''s'", eq('name', "it's")],
    ["name = ''", eq('name', '')],
    ['ok', eq('ok', true)],
    ['not ok', not(eq('ok', true))],
    ['ok = FALSE', eq('ok', false)],
    ['k = null', eq('k', null)],
    ["b = X'0aFF'", eq('b', Uint8Array.of(10, 255))],
    ["dt = date '2026-11-01'", eq('dt', '2026-11-01')],
    ["date = '2026-11-01'", eq('date', '2026-11-01')],
    ["ts < TIMESTAMP '2026-11-01 10:00:00'", lt('ts', '2026-11-01 10:00:00')],
    ["t between '10:00' and '11:00'", between('t', '10:00', '11:00')],
    ['k is null', isNull('k')],
    ['k is not null', isNotNull('k')],
    ['k in (1, 2,3)', isIn('k', [1, 2, 3])],
    ['k not in (1, null)', not(isIn('k', [1, null]))],
    ["name like 'a%'", like('name', 'a%')],
    ["name NOT LIKE 'a%'", not(like('name', 'a%'))],
    ['k not between 1 and 2', not(between('k', 1, 2))],
    ["starts_with(name, 'a')", startsWith('name', 'a')],
    ["Ends_With(name, 'a')", endsWith('name', 'a')],
    ["contains(name, '')", contains('name', '')],
    ['"odd name" = 1', eq('odd name', 1)],
    ['`odd name` = 1', eq('odd name', 1)],
    ['"q""t" = 1', eq('q"t', 1)],
    ['größe=1', eq('größe', 1)],
    ['"or" = 1 or "or" = 2', or(eq('or', 1), eq('or', 2))],
    ['k=1 and x<2 or ok', or(and(eq('k', 1), lt('x', 2)), eq('ok', true))],
    ['k=1 and (x<2 or ok)', and(eq('k', 1), or(lt('x', 2), eq('ok', true)))],
    ['not not k = 1', eq('k', 1)],
    ['k between 1 and 2 and ok', and(between('k', 1, 2), eq('ok', true))],
    ['true', and()],
    ['false or k = 1', or(or(), eq('k', 1))],
    [
      "k = 12345 and (name like 'a%' or dt in ('2026-11-01', '2026-11-02')) and not (x is null)",
      and(
        eq('k', 12345),
        or(like('name', 'a%'), isIn('dt', ['2026-11-01', '2026-11-02'])),
        not(isNull('x')),
      ),
    ],
  ])('%s', (text, predicate) => {
    expect(parseWhere(text, fields)).toEqual(predicate)
  })

  test.each([
    ['', 'expected a column, found the end, at character 1'],
    ['k', 'expected a comparison (=, <, IN, BETWEEN, LIKE, IS NULL, ...), found the end'],
    ['k = ', 'expected a value, found the end, at character 5'],
    ['k = 1 k', 'expected AND, OR or the end, found "k", at character 7'],
    ['(k = 1', 'expected ")", found the end'],
    ['k in 1', 'expected "(", found "1"'],
    ['k in ()', 'expected a value, found ")"'],
    ['k not 5', 'expected IN, BETWEEN or LIKE, found "5"'],
    ['k between 1 or 2', 'expected AND, found "or"'],
    ['k is 5', 'expected NULL, found "5"'],
    ['naem = 5', 'there is no column "naem" (did you mean "name"?), at character 1'],
    ['start_with(name, 5)', 'there is no function start_with (did you mean "STARTS_WITH"?)'],
    ["name = 'a", "the quote ' is never closed, at character 8"],
    [
      'name = 5',
      "column name is VARCHAR(20): write a text in single quotes: 'text', at character 8",
    ],
    ["k = '5'", 'column k is INT: write a number without quotes'],
    ["k = date '2026-11-01'", 'column k is INT'],
    ["k like 'a'", 'LIKE is for strings, and column k is INT'],
    ['name like 5', 'expected a text in single quotes, found "5"'],
    ['k = 12abc', 'a number ends in a letter'],
    ["b = x'abc'", 'a byte has two hexadecimal digits'],
    ['k = #', '"#" belongs to nothing, at character 5'],
    ['k == 5', 'expected a value, found "="'],
    ['x = 1e999', 'the number is too large'],
    ['5', 'expected a comparison (=, <, ...), found the end'],
    ['and = 5', 'expected a column, found "and"'],
    ['k = - name', 'expected a number, found "name"'],
  ])('%s is refused with the reason', (text, message) => {
    expect(() => parseWhere(text, fields)).toThrow(message)
  })

  test('the mistake is pointed at', () => {
    const error = caught(() => parseWhere(`${'k = 1 and '.repeat(20)}naem = 5 or k = 2`, fields))
    expect(error.code).toBe('INVALID')
    const [, shown, caret] = error.message.split('\n')
    expect(shown!.slice(caret!.indexOf('^'))).toBe('naem = 5 or k = 2')
  })

  test('nesting without end is refused', () => {
    expect(() => parseWhere('('.repeat(100_000), fields)).toThrow(/nests more than 100 deep/)
    expect(parseWhere(`${'not '.repeat(100_001)}ok`, fields)).toEqual(not(eq('ok', true)))
  })

  test('a long text is read in one go', () => {
    const text = 'x'.repeat(1_000_000)
    expect(parseWhere(`name = '${text}'`, fields)).toEqual(eq('name', text))
    expect(parseWhere(`name = '${"''".repeat(500_000)}'`, fields)).toEqual(
      eq('name', "'".repeat(500_000)),
    )
  })
})

function caught(body: () => unknown): LakeError {
  try {
    body()
  } catch (error) {
    if (error instanceof LakeError) return error
  }
  throw new Error('nothing was thrown')
}

function outcome(text: string): string {
  try {
    parseWhere(text, fields)
    return 'parsed'
  } catch (error) {
    return error instanceof LakeError && error.code === 'INVALID' ? 'refused' : String(error)
  }
}

describe('printing conditions', () => {
  test.each([
    [eq('k', 1), 'k = 1'],
    [and(eq('k', 1), or(eq('k', 2), isNull('name'))), 'k = 1 AND (k = 2 OR name IS NULL)'],
    [not(isIn('name', ["it's"])), "NOT (name IN ('it''s'))"],
    [eq('odd name', new Date(0)), `"odd name" = '1970-01-01T00:00:00.000Z'`],
  ])('prints %#', (predicate, text) => {
    expect(whereText(predicate)).toBe(text)
  })

  test('what prints reads back with the same meaning', () => {
    fc.assert(
      fc.property(rows, predicates, (list, predicate) => {
        const batch = batchOf(list)
        const again = parseWhere(whereText(predicate), FIELDS)
        expect(selectRows(bindPredicate(again, FIELDS), batch)).toEqual(
          selectRows(bindPredicate(predicate, FIELDS), batch),
        )
      }),
      { numRuns: 1000 },
    )
  })

  test('no text crashes the parser', () => {
    const tokens = [
      'k',
      '=',
      '(',
      ')',
      'and',
      'or',
      'not',
      "'a'",
      '5',
      'in',
      'like',
      'is',
      'null',
      ',',
      '"',
      "X'",
    ]
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(fc.constantFrom(...tokens)).map((t) => t.join(' ')),
        ),
        (text) => {
          expect(['parsed', 'refused']).toContain(outcome(text))
        },
      ),
      { numRuns: 1000 },
    )
  })
})
