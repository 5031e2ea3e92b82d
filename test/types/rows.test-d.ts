import { expectTypeOf, test } from 'vitest'

import type { RowChanges } from '../../src/table/rows/change-rows.ts'
import type { Table } from '../../src/table/table.ts'
import { eq } from '../../src/types/predicate.ts'
import { defineSchema, t } from '../../src/types/schema.ts'

const orders = defineSchema({
  columns: {
    orderId: t.bigint().notNull(),
    amount: t.decimal(10, 2),
    note: t.string(),
  },
  primaryKey: ['orderId'],
})
declare const table: Table<(typeof orders)['columns']>
declare const untyped: Table

test('rows are deleted by filters on columns that are there', () => {
  expectTypeOf(table.deleteWhere(eq('orderId', 1n))).resolves.toEqualTypeOf<RowChanges>()
  void table.deleteWhere('amount is null', { dryRun: true })
  // @ts-expect-error there is no such column
  void table.deleteWhere(eq('order', 1n))
  void untyped.deleteWhere(eq('anything', 1n))
})

test('columns are set to what they take, or to what a function of the row gives', () => {
  void table.update({ where: eq('orderId', 1n), set: { note: 'paid', amount: null } })
  void table.update({ set: { note: (row) => `${row.orderId} ${row.amount}` } })
  // @ts-expect-error a text is no number
  void table.update({ set: { note: 5 } })
  // @ts-expect-error a function gives what the column takes
  void table.update({ set: { note: () => 5 } })
  void untyped.update({ set: { anything: 5 } })
})

test('a merge takes rows of the table, and rules on its columns', () => {
  void table.mergeInto([{ orderId: 1n, note: 'new' }])
  void table.mergeInto([{ orderId: 1n }], {
    on: ['orderId'],
    whenMatched: (target, source) => (source.note === null ? 'delete' : { ...target, note: 'x' }),
    whenNotMatched: (source) => (source.amount === null ? 'skip' : source),
  })
  // @ts-expect-error there is no such column
  void table.mergeInto([{ orderId: 1n }], { on: ['id'] })
  // @ts-expect-error there is no such rule
  void table.mergeInto([{ orderId: 1n }], { whenMatched: 'replace' })
})
