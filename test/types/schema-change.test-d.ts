import { expectTypeOf, test } from 'vitest'

import type { Table, TableSchema } from '../../src/index.ts'

declare const table: Table

test('changes of a schema are told by their action, each with what it needs', () => {
  void table.alter([
    { action: 'addColumn', column: ['address', 'city'], type: 'STRING', position: 'first' },
    { action: 'updateColumnPosition', column: 'id', position: { after: 'name' } },
    { action: 'setOption', name: 'target-file-size', value: '1 mb' },
    { action: 'dropPrimaryKey' },
  ])
  // @ts-expect-error -- no such action
  void table.alter([{ action: 'removeColumn', column: 'id' }])
  // @ts-expect-error -- a new column needs a type
  void table.alter([{ action: 'addColumn', column: 'id' }])
  // @ts-expect-error -- no such position
  void table.alter([{ action: 'updateColumnPosition', column: 'id', position: 'middle' }])
})

test('the table comes back with its new schema', () => {
  expectTypeOf<Awaited<ReturnType<Table['alter']>>>().toEqualTypeOf<Table>()
  expectTypeOf<Table['schema']>().toEqualTypeOf<TableSchema>()
})
