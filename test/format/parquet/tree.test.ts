import { describe, expect, test } from 'vitest'

import {
  CONVERTED,
  PHYSICAL,
  REPETITION,
  type SchemaElement,
} from '../../../src/format/parquet/metadata.ts'
import { inferFields } from '../../../src/format/parquet/read/infer.ts'
import { leavesOf, schemaTree } from '../../../src/format/parquet/tree.ts'
import { fieldText } from '../../../src/types/type-text.ts'

const { REQUIRED, OPTIONAL, REPEATED } = REPETITION

const root = (childCount: number): SchemaElement => ({ name: 'root', childCount })
const leaf = (
  name: string,
  repetition: number,
  more: Partial<SchemaElement> = {},
): SchemaElement => ({
  name,
  physical: PHYSICAL.INT32,
  repetition,
  ...more,
})
const group = (
  name: string,
  repetition: number,
  childCount: number,
  more: Partial<SchemaElement> = {},
): SchemaElement => ({ name, repetition, childCount, ...more })

const list = { converted: CONVERTED.LIST, logical: { kind: 'LIST' } } as const
const oldList = { converted: CONVERTED.LIST }
const map = { converted: CONVERTED.MAP, logical: { kind: 'MAP' } } as const
const text = { physical: PHYSICAL.BYTE_ARRAY, converted: CONVERTED.UTF8 }

const integer = (bits: number, signed: boolean): Partial<SchemaElement> => ({
  physical: bits === 64 ? PHYSICAL.INT64 : PHYSICAL.INT32,
  logical: { kind: 'INTEGER', bits, signed },
})

/** What the elements below the root read as. */
function inferred(childCount: number, ...elements: SchemaElement[]): string[] {
  return inferFields(schemaTree([root(childCount), ...elements])).map(fieldText)
}

test('levels count the optional and the repeated nodes from the root', () => {
  const tree = schemaTree([
    root(2),
    group('a', OPTIONAL, 1, list),
    group('list', REPEATED, 1),
    group('element', OPTIONAL, 2),
    leaf('x', REQUIRED),
    group('y', REQUIRED, 1),
    leaf('z', OPTIONAL),
    leaf('b', REQUIRED),
  ])
  expect(
    leavesOf(tree).map(({ name, leaf: index, path, definition, repetitionLevel }) => ({
      name,
      index,
      path: path.join('.'),
      definition,
      repetitionLevel,
    })),
  ).toEqual([
    { name: 'x', index: 0, path: 'a.list.element.x', definition: 3, repetitionLevel: 1 },
    { name: 'z', index: 1, path: 'a.list.element.y.z', definition: 4, repetitionLevel: 1 },
    { name: 'b', index: 2, path: 'b', definition: 0, repetitionLevel: 0 },
  ])
})

describe('lists are recognised in every form that writers gave them', () => {
  test.each<[string, SchemaElement[], string]>([
    [
      'three levels',
      [group('a', OPTIONAL, 1, list), group('list', REPEATED, 1), leaf('element', OPTIONAL)],
      '`a` ARRAY<INT>',
    ],
    [
      'three levels under other names',
      [group('a', OPTIONAL, 1, oldList), group('bag', REPEATED, 1), leaf('item', OPTIONAL)],
      '`a` ARRAY<INT>',
    ],
    [
      'two levels',
      [group('a', OPTIONAL, 1, oldList), leaf('element', REPEATED)],
      '`a` ARRAY<INT NOT NULL>',
    ],
    [
      'two levels of a group of several fields',
      [
        group('a', OPTIONAL, 1, oldList),
        group('element', REPEATED, 2),
        leaf('x', OPTIONAL),
        leaf('y', OPTIONAL),
      ],
      '`a` ARRAY<ROW<`x` INT, `y` INT> NOT NULL>',
    ],
    [
      'a group called array, whatever it has',
      [group('a', OPTIONAL, 1, oldList), group('array', REPEATED, 1), leaf('x', OPTIONAL)],
      '`a` ARRAY<ROW<`x` INT> NOT NULL>',
    ],
    [
      'a group called after the list',
      [group('a', OPTIONAL, 1, oldList), group('a_tuple', REPEATED, 1), leaf('x', OPTIONAL)],
      '`a` ARRAY<ROW<`x` INT> NOT NULL>',
    ],
    [
      'a group whose only field repeats',
      [group('a', OPTIONAL, 1, oldList), group('list', REPEATED, 1), leaf('x', REPEATED)],
      '`a` ARRAY<ROW<`x` ARRAY<INT NOT NULL>> NOT NULL>',
    ],
    ['a repeated field alone', [leaf('a', REPEATED)], '`a` ARRAY<INT NOT NULL>'],
    [
      'a repeated group alone',
      [group('a', REPEATED, 1), leaf('x', OPTIONAL)],
      '`a` ARRAY<ROW<`x` INT> NOT NULL>',
    ],
  ])('%s', (_, elements, expected) => {
    expect(inferred(1, ...elements)).toEqual([expected])
  })
})

describe('maps', () => {
  test.each<[string, SchemaElement[], string]>([
    [
      'have keys and values',
      [
        group('a', OPTIONAL, 1, map),
        group('key_value', REPEATED, 2),
        leaf('key', REQUIRED, text),
        leaf('value', OPTIONAL),
      ],
      '`a` MAP<STRING NOT NULL, INT>',
    ],
    [
      'have keys that are never null, whatever the schema says',
      [
        group('a', OPTIONAL, 1, { converted: CONVERTED.MAP_KEY_VALUE }),
        group('map', REPEATED, 2),
        leaf('key', OPTIONAL),
        leaf('value', OPTIONAL),
      ],
      '`a` MAP<INT NOT NULL, INT>',
    ],
    [
      'without values are lists of their keys',
      [group('a', OPTIONAL, 1, map), group('key_value', REPEATED, 1), leaf('key', REQUIRED)],
      '`a` ARRAY<INT NOT NULL>',
    ],
  ])('%s', (_, elements, expected) => {
    expect(inferred(1, ...elements)).toEqual([expected])
  })
})

describe('a schema that lies is CORRUPT', () => {
  test.each<[string, SchemaElement[], string]>([
    ['no elements', [], 'ends early'],
    ['fewer elements than children', [root(2), leaf('a', REQUIRED)], 'claims 2 children'],
    [
      'more elements than children',
      [root(1), leaf('a', REQUIRED), leaf('b', REQUIRED)],
      'more than one root',
    ],
    ['a leaf as the root', [leaf('a', REQUIRED)], 'no root group'],
    ['a negative number of children', [root(1), group('a', OPTIONAL, -1)], 'claims -1 children'],
    [
      'billions of children',
      [root(1), group('a', OPTIONAL, 2 ** 31 - 1)],
      'claims 2147483647 children',
    ],
    ['an unknown repetition', [root(1), leaf('a', 3)], 'has repetition 3'],
    [
      'an unknown physical type',
      [root(1), leaf('a', REQUIRED, { physical: 8 })],
      'unknown physical type 8',
    ],
    [
      'a negative physical type',
      [root(1), leaf('a', REQUIRED, { physical: -1 })],
      'unknown physical type -1',
    ],
    [
      'a negative width',
      [root(1), leaf('a', REQUIRED, { physical: 7, typeLength: -1 })],
      'values of -1 bytes',
    ],
    ['no width', [root(1), leaf('a', REQUIRED, { physical: 7 })], 'values of 0 bytes'],
    [
      'a vast width',
      [root(1), leaf('a', REQUIRED, { physical: 7, typeLength: 2 ** 30 })],
      'values of 1073741824 bytes',
    ],
    [
      'nesting beyond a hundred levels',
      [root(1), ...Array.from({ length: 200 }, () => group('a', OPTIONAL, 1)), leaf('b', REQUIRED)],
      'nested too deeply',
    ],
  ])('%s', (_, elements, words) => {
    expect(() => schemaTree(elements)).toThrow(words)
  })
})

test('integers of any sign and width, times and halves read as the type that holds them', () => {
  const cases: [Partial<SchemaElement>, string][] = [
    [integer(8, true), 'TINYINT'],
    [integer(16, true), 'SMALLINT'],
    [integer(32, true), 'INT'],
    [integer(64, true), 'BIGINT'],
    [integer(8, false), 'SMALLINT'],
    [integer(16, false), 'INT'],
    [integer(32, false), 'BIGINT'],
    [integer(64, false), 'DECIMAL(20, 0)'],
    [{ converted: CONVERTED.INT_8 }, 'TINYINT'],
    [{ converted: CONVERTED.UINT_8 }, 'SMALLINT'],
    [{ converted: CONVERTED.UINT_32 }, 'BIGINT'],
    [{ physical: PHYSICAL.INT64, converted: CONVERTED.UINT_64 }, 'DECIMAL(20, 0)'],
    [{ converted: CONVERTED.DATE }, 'DATE'],
    [{ converted: CONVERTED.TIME_MILLIS }, 'TIME(3)'],
    [{ physical: PHYSICAL.INT64, converted: CONVERTED.TIME_MICROS }, 'TIME(3)'],
    [{ converted: CONVERTED.DECIMAL, precision: 7, scale: 2 }, 'DECIMAL(7, 2)'],
    [
      { physical: PHYSICAL.INT64, converted: CONVERTED.TIMESTAMP_MICROS },
      'TIMESTAMP(6) WITH LOCAL TIME ZONE',
    ],
    [
      { physical: PHYSICAL.INT64, logical: { kind: 'TIMESTAMP', utc: false, unit: 'NANOS' } },
      'TIMESTAMP(9)',
    ],
    [{ physical: PHYSICAL.INT96 }, 'TIMESTAMP(9)'],
    [{ physical: PHYSICAL.BYTE_ARRAY }, 'BYTES'],
    [{ physical: PHYSICAL.BYTE_ARRAY, converted: CONVERTED.ENUM }, 'STRING'],
    [{ physical: PHYSICAL.BYTE_ARRAY, logical: { kind: 'JSON' } }, 'STRING'],
    [{ physical: PHYSICAL.FIXED_LEN_BYTE_ARRAY, typeLength: 16 }, 'BINARY(16)'],
    [
      { physical: PHYSICAL.FIXED_LEN_BYTE_ARRAY, typeLength: 2, logical: { kind: 'FLOAT16' } },
      'FLOAT',
    ],
  ]
  expect(cases.map(([more]) => inferred(1, leaf('a', OPTIONAL, more))[0])).toEqual(
    cases.map(([, type]) => `\`a\` ${type}`),
  )
})

test('a decimal of more digits than Paimon has is UNSUPPORTED', () => {
  expect(() =>
    inferred(
      1,
      leaf('a', OPTIONAL, { physical: 6, converted: CONVERTED.DECIMAL, precision: 50, scale: 0 }),
    ),
  ).toThrow('DECIMAL(50, 0); 38 digits are the most')
})
