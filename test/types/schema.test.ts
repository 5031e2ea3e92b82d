import { describe, expect, test } from 'vitest'

import { defaultValue } from '../../src/types/default-value.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { firstSchema } from '../../src/types/new-schema.ts'
import { checkDefinition, defineSchema, newSchemaOf, t } from '../../src/types/schema.ts'
import { parseType, typeText } from '../../src/types/type-text.ts'

describe('builders make the types of Paimon', () => {
  test.each([
    [t.boolean(), 'BOOLEAN'],
    [t.tinyint(), 'TINYINT'],
    [t.smallint(), 'SMALLINT'],
    [t.int().notNull(), 'INT NOT NULL'],
    [t.bigint(), 'BIGINT'],
    [t.float(), 'FLOAT'],
    [t.double(), 'DOUBLE'],
    [t.decimal(10, 2), 'DECIMAL(10, 2)'],
    [t.decimal(5), 'DECIMAL(5, 0)'],
    [t.string(), 'STRING'],
    [t.varchar(20), 'VARCHAR(20)'],
    [t.char(5), 'CHAR(5)'],
    [t.bytes(), 'BYTES'],
    [t.varbinary(3), 'VARBINARY(3)'],
    [t.binary(4), 'BINARY(4)'],
    [t.date(), 'DATE'],
    [t.time(), 'TIME(3)'],
    [t.timestamp(), 'TIMESTAMP(6)'],
    [t.timestampLtz(9), 'TIMESTAMP(9) WITH LOCAL TIME ZONE'],
    [t.array(t.int().notNull()).notNull(), 'ARRAY<INT NOT NULL> NOT NULL'],
    [t.map(t.string(), t.bigint()), 'MAP<STRING NOT NULL, BIGINT>'],
    [t.multiset(t.string()), 'MULTISET<STRING NOT NULL>'],
    [
      t.row({ a: t.int().comment('x'), b: t.date().notNull() }),
      "ROW<`a` INT COMMENT 'x', `b` DATE NOT NULL>",
    ],
    [t.vector(t.float(), 3), 'VECTOR<FLOAT, 3>'],
    [t.variant(), 'VARIANT'],
    [t.blob(), 'BLOB'],
  ])('%#: %s', (definition, text) => {
    expect(typeText(definition.type)).toBe(text)
  })
})

const orders = defineSchema({
  columns: {
    region: t.string().notNull().default('eu').comment('where'),
    id: t.bigint().notNull(),
    detail: t.row({ a: t.int(), b: t.row({ c: t.int() }) }),
    at: t.timestamp(3).default(new Date('2020-01-02T03:04:05.678Z')),
  },
  primaryKey: ['region', 'id'],
  partitionBy: ['region'],
  options: { bucket: 4, 'write-buffer-size': '64 mb' },
  comment: 'orders',
})

test('a definition becomes a schema, with ids as Java gives them', () => {
  const schema = firstSchema(newSchemaOf(orders), 5)
  expect(schema).toMatchObject({
    id: 0,
    highestFieldId: 6,
    primaryKeys: ['region', 'id'],
    partitionKeys: ['region'],
    options: { bucket: '4', 'write-buffer-size': '64 mb' },
    comment: 'orders',
    timeMillis: 5,
    fields: [
      { id: 0, name: 'region', description: 'where', defaultValue: 'eu' },
      { id: 1, name: 'id' },
      { id: 2, type: { fields: [{ id: 3 }, { id: 5, type: { fields: [{ id: 4 }] } }] } },
      { id: 6, name: 'at', defaultValue: '2020-01-02 03:04:05.678' },
    ],
  })
})

test('a nullable column in the primary key is refused', () => {
  expect(() => defineSchema({ columns: { a: t.int() }, primaryKey: ['a'] })).toThrow(
    expect.objectContaining({ code: 'INVALID', hint: 'declare it with .notNull()' }),
  )
})

describe('a definition is compared with the table that it is used for', () => {
  const schema = firstSchema(newSchemaOf(orders), 5)
  const { columns } = orders

  test.each([
    [{ id: columns.id }],
    [{ id: t.bigint(), region: t.string() }],
    [{ detail: t.row({ a: t.int().comment('other'), b: t.row({ c: t.int() }) }) }],
  ])('%#: fits', (some) => {
    expect(() => checkDefinition(defineSchema({ columns: some }), schema)).not.toThrow()
  })

  test.each([
    [{ idd: t.bigint() }, 'the table has no column "idd" (did you mean "id"?)'],
    [{ id: t.int() }, 'column "id" of the table has the type BIGINT NOT NULL, not INT'],
    [{ at: t.timestamp(3).notNull() }, 'has the type TIMESTAMP(3), not TIMESTAMP(3) NOT NULL'],
    [{ detail: t.row({ a: t.int() }) }, 'column "detail" of the table has the type ROW<'],
  ])('%#: %s', (some, message) => {
    expect(() => checkDefinition(defineSchema({ columns: some }), schema)).toThrow(message)
  })
})

describe('default values', () => {
  test.each([
    ['INT', '5', 5],
    ['INT', "'5'", 5],
    ['BIGINT', ' 7 ', 7n],
    ['STRING', "'it is'", utf8('it is')],
    ['STRING', 'plain', utf8('plain')],
    ['STRING', "'", utf8("'")],
    ['CHAR(5)', 'ab', utf8('ab   ')],
    ['VARCHAR(3)', 'abcdef', utf8('abc')],
    ['VARCHAR(2)', '😀😀😀', utf8('😀😀')],
    ['BINARY(4)', 'ab', Uint8Array.of(97, 98, 0, 0)],
    ['VARBINARY(1)', 'ab', Uint8Array.of(97)],
    ['DATE', '2020-01-02', 18263],
    ['TIMESTAMP(3)', '2020-01-02 03:04:05.678', 1577934245678n],
    ['BOOLEAN', 'true', true],
    ['DECIMAL(5, 2)', '1.5', 150n],
  ])('%s %s', (type, text, value) => {
    const field = { id: 0, name: 'a', type: parseType(type), defaultValue: text }
    expect(defaultValue(field)).toEqual(value)
  })

  test('a column without one has null', () => {
    expect(defaultValue({ id: 0, name: 'a', type: parseType('INT') })).toBeNull()
  })

  test.each([
    ['INT', 'x'],
    ['ARRAY<INT>', '[1]'],
    ['DATE', '2020-13-01'],
  ])('%s has no default %s', (type, text) => {
    const json = type === 'ARRAY<INT>' ? { type: 'ARRAY', element: 'INT' } : type
    const field = { id: 0, name: 'a', type: parseType(json), defaultValue: text }
    expect(() => defaultValue(field)).toThrow(
      expect.objectContaining({
        code: 'INVALID',
        message: expect.stringContaining('the default value of column "a"'),
      }),
    )
  })

  test.each([
    [t.date().default(new Date('2020-01-02T00:00:00Z')), '2020-01-02'],
    [t.timestampLtz(3).default('2020-01-02T03:04:05.678Z'), '2020-01-02 03:04:05.678'],
    [t.bigint().default(5), '5'],
    [t.boolean().default(true), 'true'],
    [t.decimal(5, 2).default('1.50'), '1.50'],
    [t.bytes().default(utf8('ab')), 'ab'],
  ])('%#: is stored as %s', (column, text) => {
    expect(column.defaultValue).toBe(text)
    expect(() =>
      defaultValue({ id: 0, name: 'a', type: column.type, defaultValue: text }),
    ).not.toThrow()
  })
})
