import { expectTypeOf, test } from 'vitest'

import type { Change, Checkpoint, RowKind, Table } from '../../src/index.ts'
import { defineSchema, eq, t } from '../../src/index.ts'

const orders = defineSchema({
  columns: {
    region: t.string().notNull(),
    orderId: t.bigint().notNull(),
    amount: t.decimal(10, 2),
  },
  primaryKey: ['orderId'],
  options: { bucket: 1 },
})
declare const table: Table<(typeof orders)['columns']>

test('a change has the row of the columns that are read', () => {
  const stream = table.changes({ columns: ['orderId', 'amount'], from: 'latest' })
  type Item = typeof stream extends AsyncIterable<infer Each> ? Each : never
  type Row = { readonly orderId: bigint; readonly amount: string | null }
  expectTypeOf<Item>().toEqualTypeOf<Change<Row>>()
  expectTypeOf<Item['row']>().toEqualTypeOf<Row>()
  expectTypeOf<Item['kind']>().toEqualTypeOf<RowKind>()
  expectTypeOf<Item['checkpoint']>().toEqualTypeOf<Checkpoint>()
})

test('every start can be named', () => {
  table.changes({ from: 'earliest' })
  table.changes({ from: 3 })
  table.changes({ from: { snapshot: 3, full: true } })
  table.changes({ from: { timestamp: new Date() } })
  table.changes({ restore: 3, consumer: 'job', follow: false, where: eq('region', 'eu') })
  // @ts-expect-error -- no start of that name
  table.changes({ from: 'oldest' })
  // @ts-expect-error -- a time needs a name
  table.changes({ from: new Date() })
})

test('wrong columns and values are compile errors', () => {
  // @ts-expect-error -- no such column
  table.changes({ columns: ['orders'] })
  // @ts-expect-error -- BIGINT is a bigint
  table.changes({ where: eq('orderId', 'x') })
})
