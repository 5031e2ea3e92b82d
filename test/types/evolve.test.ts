import { describe, expect, test } from 'vitest'

import { sliceBatch } from '../../src/types/column-slice.ts'
import { type DataField, type DataType, ofKind } from '../../src/types/data-type.ts'
import { typeMapping } from '../../src/types/evolve.ts'
import { cellValue, type InternalValue, utf8 } from '../../src/types/internal-value.ts'
import { parseTypeText } from '../../src/types/type-text.ts'
import { LakeError } from '../../src/util/errors.ts'
import { columnOf } from '../support/java-vectors.ts'

const row = (...fields: [id: number, name: string, type: DataType | string][]): DataType => ({
  kind: 'ROW',
  nullable: true,
  fields: fields.map(([id, name, type]): DataField => ({
    id,
    name,
    type: typeof type === 'string' ? parseTypeText(type) : type,
  })),
})
const array = (element: DataType): DataType => ({ kind: 'ARRAY', nullable: true, element })
const map = (value: DataType, key = 'INT NOT NULL'): DataType => ({
  kind: 'MAP',
  nullable: true,
  key: parseTypeText(key),
  value,
})

interface Case {
  readonly rule: string
  readonly from: DataType
  readonly to: DataType
  readonly values: readonly InternalValue[]
  readonly stored: DataType
  readonly expected: readonly InternalValue[]
}

const old = row([1, 'a', 'INT'], [2, 'b', 'STRING'], [3, 'c', row([4, 'd', 'BIGINT'])])

const cases: readonly Case[] = [
  {
    rule: 'fields of a row are told by their ids, in the order of the new type',
    from: old,
    to: row([2, 'renamed', 'STRING'], [1, 'b', 'INT']),
    values: [[1, utf8('x'), [5n]], null, [null, null, null]],
    stored: row([2, 'b', 'STRING'], [1, 'a', 'INT']),
    expected: [[utf8('x'), 1], null, [null, null]],
  },
  {
    rule: 'a field that came later is null, also in a row within a row',
    from: old,
    to: row(
      [1, 'a', 'INT'],
      [3, 'c', row([4, 'd', 'INT'], [9, 'e', array(ofKind('INT'))])],
      [8, 'f', 'DATE'],
    ),
    values: [
      [1, utf8('x'), [5_000_000_000n]],
      [2, null, null],
    ],
    stored: row([1, 'a', 'INT'], [3, 'c', row([4, 'd', 'BIGINT'])]),
    expected: [
      [1, [705_032_704, null], null],
      [2, null, null],
    ],
  },
  {
    rule: 'a row within a row that has none of its fields left is null',
    from: old,
    to: row([1, 'a', 'INT'], [3, 'c', row([7, 'd', 'BIGINT'])]),
    values: [[1, null, [5n]]],
    stored: row([1, 'a', 'INT']),
    expected: [[1, null]],
  },
  {
    rule: 'elements of arrays and values of maps change likewise',
    from: array(map(row([5, 'x', 'INT'], [6, 'y', 'INT']))),
    to: array(map(row([6, 'y', 'STRING']))),
    values: [
      [],
      null,
      [
        [[1, [7, 8]]],
        null,
        [
          [2, null],
          [3, [9, null]],
        ],
      ],
    ],
    stored: array(map(row([6, 'y', 'INT']))),
    expected: [
      [],
      null,
      [
        [[1, [utf8('8')]]],
        null,
        [
          [2, null],
          [3, [null]],
        ],
      ],
    ],
  },
  {
    rule: 'a whole row can become a text, with the fields that it was stored with',
    from: row([5, 'x', 'INT'], [6, 'y', 'BOOLEAN']),
    to: parseTypeText('STRING'),
    values: [[1, null]],
    stored: row([5, 'x', 'INT'], [6, 'y', 'BOOLEAN']),
    expected: [utf8('{1, null}')],
  },
]

test.each(cases)('$rule', ({ from, to, values, stored, expected }) => {
  const mapping = typeMapping(from, to)!
  expect(mapping.stored).toEqual(stored)
  const column = mapping.convert(columnOf(mapping.stored, pruned(from, mapping.stored, values)))
  expect(column.length).toBe(values.length)
  expect(values.map((_, i) => cellValue(column, to, i))).toEqual(expected)
})

/** The values as they are read with the stored type. */
function pruned(
  from: DataType,
  stored: DataType,
  values: readonly InternalValue[],
): readonly InternalValue[] {
  return values.map((value) => prunedValue(from, stored, value))
}

function prunedValue(from: DataType, stored: DataType, value: InternalValue): InternalValue {
  if (!Array.isArray(value)) return value
  const parts = value as InternalValue[]
  if (from.kind === 'ROW' && stored.kind === 'ROW')
    return stored.fields.map((field) => {
      const at = from.fields.findIndex(({ id }) => id === field.id)
      return prunedValue(from.fields[at]!.type, field.type, parts[at]!)
    })
  if (from.kind === 'ARRAY' && stored.kind === 'ARRAY')
    return parts.map((part) => prunedValue(from.element, stored.element, part))
  if (from.kind === 'MAP' && stored.kind === 'MAP')
    return parts.map((entry) => {
      const [key, each] = entry as InternalValue[]
      return [key!, prunedValue(from.value, stored.value, each!)]
    })
  return value
}

describe('nothing is copied', () => {
  test.each<[string, DataType, DataType]>([
    ['where only NOT NULL changed', parseTypeText('INT NOT NULL'), parseTypeText('INT')],
    ['where fields were renamed', row([1, 'a', 'INT']), row([1, 'b', 'INT'])],
    [
      'where fields changed their order',
      row([1, 'a', 'INT'], [2, 'b', 'INT']),
      row([2, 'b', 'INT'], [1, 'a', 'INT']),
    ],
    [
      'where fields were dropped from the rows of an array',
      array(old),
      array(row([1, 'a', 'INT'])),
    ],
    ['where a text may be longer', parseTypeText('VARCHAR(5)'), parseTypeText('STRING')],
    [
      'where a decimal may have more digits',
      parseTypeText('DECIMAL(5, 2)'),
      parseTypeText('DECIMAL(20, 2)'),
    ],
  ])('%s', (_, from, to) => {
    const mapping = typeMapping(from, to)!
    const column = columnOf(mapping.stored, [])
    expect(mapping.convert(column)).toBe(column)
  })
})

test('elements that no row of a list has are not looked at', () => {
  const from = array(parseTypeText('STRING'))
  const whole = columnOf(from, [[utf8('x')], [utf8('1'), null], [], [utf8('2')], [utf8('y')]])
  const part = sliceBatch({ length: 5, columns: [whole] }, 1, 4).columns[0]!
  const to = array(ofKind('INT'))
  const column = typeMapping(from, to)!.convert(part)
  expect([0, 1, 2].map((i) => cellValue(column, to, i))).toEqual([[1, null], [], [2]])
  expect(() => typeMapping(from, to)!.convert(whole)).toThrow(LakeError)
})

test.each<[string, DataType, DataType]>([
  [
    'keys of maps cannot change',
    map(ofKind('INT'), 'INT NOT NULL'),
    map(ofKind('INT'), 'BIGINT NOT NULL'),
  ],
  [
    'a multiset cannot become another',
    parseTypeText('MULTISET<INT>'),
    parseTypeText('MULTISET<BIGINT>'),
  ],
  ['a date cannot become a number', ofKind('DATE'), ofKind('INT')],
  ['a date cannot become a short text', ofKind('DATE'), parseTypeText('VARCHAR(20)')],
  ['a row cannot become an array', row([1, 'a', 'INT']), array(ofKind('INT'))],
])('%s, and is refused', (_, from, to) => {
  expect(() => typeMapping(from, to)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
})

test('a row that has none of its fields left has no mapping', () => {
  expect(typeMapping(array(row([1, 'a', 'INT'])), array(row([2, 'a', 'INT'])))).toBeNull()
})
