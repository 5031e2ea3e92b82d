import { expectTypeOf, test } from 'vitest'

import {
  defineSchema,
  type InsertOf,
  type RowOf,
  type SchemaDefinition,
  t,
} from '../../src/types/schema.ts'

const orders = defineSchema({
  columns: {
    region: t.string().notNull(),
    orderId: t.bigint().notNull(),
    amount: t.decimal(10, 2),
    tags: t.array(t.string().notNull()),
  },
  primaryKey: ['region', 'orderId'],
  partitionBy: ['region'],
  options: { bucket: 4, 'merge-engine': 'partial-update', 'sequence.field': 'orderId' },
})
type Orders = (typeof orders)['columns']

test('rows are inferred from the schema', () => {
  expectTypeOf<RowOf<Orders>>().toEqualTypeOf<{
    readonly region: string
    readonly orderId: bigint
    readonly amount: string | null
    readonly tags: string[] | null
  }>()
})

test('every type has its value', () => {
  const everything = {
    boolean: t.boolean(),
    tinyint: t.tinyint(),
    smallint: t.smallint(),
    int: t.int(),
    float: t.float(),
    double: t.double(),
    varchar: t.varchar(5),
    char: t.char(5),
    bytes: t.bytes(),
    varbinary: t.varbinary(3),
    binary: t.binary(3),
    date: t.date(),
    time: t.time(),
    timestamp: t.timestamp(9),
    ltz: t.timestampLtz(),
    array: t.array(t.array(t.int())),
    map: t.map(t.string(), t.bigint()),
    multiset: t.multiset(t.date()),
    row: t.row({ a: t.int().notNull(), b: t.timestamp() }),
    vector: t.vector(t.float(), 3),
    variant: t.variant(),
    blob: t.blob(),
  }
  expectTypeOf<RowOf<typeof everything>>().toEqualTypeOf<{
    boolean: boolean | null
    tinyint: number | null
    smallint: number | null
    int: number | null
    float: number | null
    double: number | null
    varchar: string | null
    char: string | null
    bytes: Uint8Array | null
    varbinary: Uint8Array | null
    binary: Uint8Array | null
    date: string | null
    time: string | null
    timestamp: string | null
    ltz: string | null
    array: ((number | null)[] | null)[] | null
    map: Map<string, bigint | null> | null
    multiset: Map<string, number> | null
    row: { readonly a: number; readonly b: string | null } | null
    vector: number[] | null
    variant: unknown
    blob: Uint8Array | null
  }>()
})

test('nullable columns and those with a default may be left out of what is written', () => {
  const columns = {
    id: t.int().notNull(),
    name: t.string().notNull().default('none'),
    at: t.timestamp(3),
    count: t.bigint().notNull().comment('how many'),
  }
  type Insert = InsertOf<typeof columns>
  const least: Insert = { id: 1, count: 5 }
  const most: Insert = { id: 1, count: 5n, name: 'x', at: new Date(0) }
  const nulls: Insert = { id: 1, count: 5n, at: null }
  void [least, most, nulls]
  // @ts-expect-error count is NOT NULL
  const missing: Insert = { id: 1 }
  // @ts-expect-error NOT NULL
  const isNull: Insert = { id: null, count: 1n }
  // @ts-expect-error NOT NULL even with a default value
  const isNullDefault: Insert = { id: 1, count: 1n, name: null }
  // @ts-expect-error no such column
  const unknown: Insert = { id: 1, count: 1n, nmae: 'x' }
  // @ts-expect-error no string
  const wrong: Insert = { id: '1', count: 1n }
  void [missing, isNull, isNullDefault, unknown, wrong]
})

test('what is written may be wider than what is read, where nothing is lost', () => {
  const insert: InsertOf<Orders> = { region: 'eu', orderId: 1, amount: 12n, tags: ['a'] as const }
  void insert
  // @ts-expect-error a DECIMAL is written as a string or a bigint
  const inexact: InsertOf<Orders> = { region: 'eu', orderId: 1n, amount: 9.99 }
  void inexact
})

test('a row that was read can be written', () => {
  expectTypeOf<RowOf<Orders>>().toExtend<InsertOf<Orders>>()
})

test('wrong columns, options and values do not compile', () => {
  const columns = { a: t.int().notNull(), b: t.int() }
  defineSchema({ columns, primaryKey: ['a'], options: { 'sequence.field': 'b,a' } })
  // @ts-expect-error a primary key must be a column
  defineSchema({ columns, primaryKey: ['c'] })
  // @ts-expect-error a partition key must be a column
  defineSchema({ columns, partitionBy: ['c'] })
  // @ts-expect-error not a merge engine
  defineSchema({ columns, options: { 'merge-engine': 'dedup' } })
  // @ts-expect-error misspelt option
  defineSchema({ columns, options: { 'merge-engin': 'deduplicate' } })
  // @ts-expect-error no such column
  defineSchema({ columns, options: { 'fields.zz.aggregate-function': 'sum' } })
  // @ts-expect-error no such column
  defineSchema({ columns, options: { 'bucket-key': 'c' } })
  // @ts-expect-error a vector of texts
  t.vector(t.string(), 3)
  // @ts-expect-error no number
  t.int().default('five')
  // @ts-expect-error arrays have no default value
  t.array(t.int()).default([1])
})

test('definitions of unknown columns take any name', () => {
  const columns: Record<string, ReturnType<typeof t.int>> = {}
  const loose = defineSchema({ columns, primaryKey: ['anything'] })
  expectTypeOf<RowOf<(typeof loose)['columns']>>().toEqualTypeOf<{
    [x: string]: number | null
  }>()
})

test('functions can take the definition of any table', () => {
  expectTypeOf(orders).toExtend<SchemaDefinition>()
})
