/** Tables whose columns change between commits: ids keep old files readable. */
import type { SchemaChange } from '../../../../src/types/schema-change.ts'
import type { CaseTable, IcebergCase } from './case.ts'

const FIELDS = {
  id: 'INT',
  n: 'INT',
  f: 'FLOAT',
  d: 'DECIMAL(5, 2)',
  v: 'STRING',
  short: 'VARCHAR(20)',
  at: 'TIMESTAMP(3)',
  place: 'ROW<city STRING, zip INT>',
  items: 'ARRAY<ROW<sku STRING, n INT>>',
}

const CHANGES: Readonly<Record<string, readonly SchemaChange[]>> = {
  add: [
    { action: 'addColumn', column: 'more', type: 'STRING' },
    { action: 'addColumn', column: 'first', type: 'BIGINT', position: 'first' },
  ],
  drop: [
    { action: 'dropColumn', column: 'v' },
    { action: 'dropColumn', column: 'place' },
  ],
  rename: [
    { action: 'renameColumn', column: 'v', to: 'text' },
    { action: 'renameColumn', column: 'n', to: 'number' },
  ],
  swap: [
    { action: 'renameColumn', column: 'v', to: 'w' },
    { action: 'addColumn', column: 'v', type: 'INT' },
  ],
  widen: [
    { action: 'updateColumnType', column: 'n', type: 'BIGINT' },
    { action: 'updateColumnType', column: 'f', type: 'DOUBLE' },
    { action: 'updateColumnType', column: 'd', type: 'DECIMAL(20, 2)' },
    { action: 'updateColumnType', column: 'short', type: 'STRING' },
    { action: 'updateColumnType', column: 'at', type: 'TIMESTAMP(6)' },
  ],
  nested: [
    { action: 'addColumn', column: ['place', 'country'], type: 'STRING' },
    { action: 'renameColumn', column: ['place', 'zip'], to: 'code' },
    { action: 'addColumn', column: ['items', 'element', 'at'], type: 'DATE' },
    { action: 'dropColumn', column: ['items', 'element', 'n'] },
  ],
  reorder: [{ action: 'updateColumnPosition', column: 'v', position: 'first' }],
  comment: [
    { action: 'updateColumnComment', column: 'v', comment: 'what it says' },
    { action: 'setOption', name: 'target-file-size', value: '64 mb' },
  ],
}

const appended = Object.entries(CHANGES).map(([name, changes]): IcebergCase => ({
  name: `evolve_${name}`,
  group: 'Evolution',
  fields: FIELDS,
  steps: async (table) => {
    await table.writeValues(10)
    await table.keep()
    await table.alter(changes)
    await table.writeValues(10, 10)
  },
}))

/** A column that is dropped and made again is another one, with another id. */
async function remake(table: CaseTable): Promise<void> {
  await table.writeValues(8)
  await table.alter([{ action: 'dropColumn', column: 'n' }])
  await table.writeValues(8, 8)
  await table.alter([{ action: 'addColumn', column: 'n', type: 'STRING' }])
  await table.writeValues(8, 16)
}

export const EVOLUTION_CASES: readonly IcebergCase[] = [
  ...appended,
  { name: 'evolve_remade', group: 'Evolution', fields: FIELDS, steps: remake },
  {
    name: 'evolve_key_v3',
    group: 'Evolution',
    version: 3,
    fields: FIELDS,
    primaryKeys: ['id'],
    options: { 'deletion-vectors.enabled': 'true', 'deletion-vectors.bitmap64': 'true' },
    steps: async (table) => {
      await table.writeValues(10)
      await table.keep()
      for (const [i, changes] of [
        CHANGES['add']!,
        CHANGES['widen']!,
        CHANGES['nested']!,
      ].entries()) {
        await table.alter(changes)
        await table.writeValues(6, i * 5)
      }
      await table.compact()
    },
  },
  {
    name: 'evolve_key',
    group: 'Evolution',
    fields: FIELDS,
    primaryKeys: ['id'],
    steps: async (table) => {
      await table.writeValues(10)
      await table.compact()
      await table.keep()
      await table.alter([...CHANGES['rename']!, ...CHANGES['add']!])
      await table.writeValues(10, 5)
      await table.compact()
    },
  },
]
