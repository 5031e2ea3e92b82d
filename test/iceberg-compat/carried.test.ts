import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import {
  requireCarried,
  requireCarriedChange,
  requireReadAs,
} from '../../src/iceberg-compat/carried.ts'
import { createCatalog, parseNewSchema, type Table } from '../../src/index.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import { parseType } from '../../src/types/type-text.ts'

const ON = { 'metadata.iceberg.storage': 'table-location' }

/** A table of one column, and what its options are. */
function tableOf(type: unknown, options: Readonly<Record<string, string>> = ON): TableSchema {
  const fields = [{ id: 0, name: 'c', type: parseType(type) }]
  const keys = { partitionKeys: [], primaryKeys: [] }
  return { version: 3, id: 0, fields, highestFieldId: 0, ...keys, options, timeMillis: 0 }
}

const row = (type: string): unknown => ({ type: 'ROW', fields: [{ id: 1, name: 'x', type }] })

test.each<[unknown, unknown]>([
  ['TINYINT', 'BIGINT'],
  ['FLOAT', 'DOUBLE'],
  ['DECIMAL(9, 2)', 'DECIMAL(20, 2)'],
  ['INT NOT NULL', 'INT'],
  ['CHAR(3)', 'VARCHAR(3)'],
  ['VARCHAR(3)', 'STRING'],
  ['BINARY(3)', 'BYTES'],
  ['TIMESTAMP(0)', 'TIMESTAMP(6)'],
  [row('INT'), row('BIGINT')],
  [
    { type: 'ARRAY', element: 'FLOAT' },
    { type: 'ARRAY', element: 'DOUBLE' },
  ],
  [
    { type: 'MAP', key: 'INT', value: 'INT' },
    { type: 'MAP', key: 'INT', value: 'BIGINT' },
  ],
])('%j may become %j', (from, to) => {
  expect(() => requireCarriedChange(tableOf(from), tableOf(to), [tableOf(from)])).not.toThrow()
})

test.each<[unknown, unknown]>([
  ['BIGINT', 'INT'],
  ['INT', 'STRING'],
  ['INT', 'DOUBLE'],
  ['INT', 'DECIMAL(10, 0)'],
  ['DECIMAL(9, 2)', 'DECIMAL(20, 3)'],
  ['DECIMAL(9, 2)', 'DECIMAL(8, 2)'],
  ['VARCHAR(3)', 'VARCHAR(2)'],
  ['VARCHAR(3)', 'CHAR(3)'],
  ['BINARY(3)', 'BINARY(4)'],
  ['DATE', 'TIMESTAMP(6)'],
  ['TIMESTAMP(6)', 'TIMESTAMP(3)'],
  ['TIMESTAMP(6)', 'TIMESTAMP(6) WITH LOCAL TIME ZONE'],
  [row('INT'), row('STRING')],
])('%j must not become %j, whether or not rows are emitted yet', (from, to) => {
  const refusal = expect.objectContaining({
    code: 'UNSUPPORTED',
    message: expect.stringMatching(/^column "c(\.x)?" cannot change from /) as string,
  }) as Error
  expect(() => requireCarriedChange(tableOf(from), tableOf(to), [tableOf(from)])).toThrow(refusal)
  expect(() => requireCarriedChange(tableOf(to, {}), tableOf(to), [tableOf(from, {})])).toThrow(
    refusal,
  )
  expect(() =>
    requireCarriedChange(tableOf(from, {}), tableOf(to, {}), [tableOf(from)]),
  ).not.toThrow()
})

test('a column must not become NOT NULL, and a new one is no change', () => {
  expect(() => requireReadAs(tableOf('INT'), tableOf('INT NOT NULL'))).toThrow(
    'cannot become NOT NULL',
  )
  const added = { ...tableOf('INT'), fields: [{ id: 1, name: 'c', type: parseType('STRING') }] }
  expect(() => requireReadAs(tableOf('INT'), added)).not.toThrow()
})

test('the version of Iceberg only grows', () => {
  const [two, three] = ['2', '3'].map((version) =>
    tableOf('INT', { ...ON, 'metadata.iceberg.format-version': version }),
  ) as [TableSchema, TableSchema]
  expect(() => requireCarriedChange(two, three, [])).not.toThrow()
  expect(() => requireCarriedChange(three, two, [])).toThrow('from 3 back to 2')
})

test('options that Iceberg has nothing for are refused', () => {
  const wrong = { ...ON, 'metadata.iceberg.format-version': '1' }
  expect(() => requireCarried(tableOf('INT', wrong))).toThrow('format-version is 1')
  const apart = { ...ON, 'row-tracking.enabled': 'true', 'data-evolution.enabled': 'true' }
  expect(() => requireCarried(tableOf('INT', apart))).toThrow('data-evolution.enabled')
})

test('a table that another engine made so can still be altered', () => {
  const time = tableOf('TIME(0)')
  expect(() => requireCarried(time)).toThrow('column "c" has the type TIME(0)')
  expect(() => requireCarriedChange(time, { ...time, comment: 'x' }, [time])).not.toThrow()
  expect(() => requireCarriedChange(tableOf('TIME(0)', {}), time, [])).toThrow('column "c" has')
})

test('tables are made and altered as their Iceberg metadata allow', async () => {
  const catalog = await createCatalog({ warehouse: `memory://${randomUUID()}/wh` })
  const made = async (name: string, type: string, options: object): Promise<Table> =>
    await catalog.createTable(name, parseNewSchema({ fields: [{ name: 'c', type }], options }))
  await expect(made('db.t', 'TIME(0)', ON)).rejects.toThrow('column "c" has the type TIME(0)')
  const switchOn = [
    { action: 'setOption', name: 'metadata.iceberg.storage', value: 'table-location' },
  ] as const
  const toText = [{ action: 'updateColumnType', column: 'c', type: 'STRING' }] as const
  const table = await made('db.t', 'INT', {})
  await table.alter([...switchOn, ...toText], { dryRun: true })
  await table.write([{ c: 1 }])
  const altered = await table.alter(toText)
  await expect(altered.alter(switchOn)).rejects.toThrow('column "c" cannot change from INT')
  const shown = await (await made('db.shown', 'INT', ON)).alter(toText)
  expect(shown.schema.fields[0]!.type.kind).toBe('VARCHAR')
})
