import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { createCatalog, parseNewSchema, type Table } from '../../src/index.ts'

const KEYED = {
  fields: [
    { name: 'id', type: 'INT NOT NULL' },
    { name: 'name', type: 'STRING' },
  ],
  primaryKeys: ['id'],
  options: { bucket: 1 },
}

async function tableOf(schema: object): Promise<{ table: Table; again: () => Promise<Table> }> {
  const catalog = await createCatalog({ warehouse: `memory://${randomUUID()}/wh` })
  const table = await catalog.createTable('db.t', parseNewSchema(schema))
  return { table, again: async () => await catalog.table('db.t') }
}

async function rowsOf(table: Table): Promise<unknown[]> {
  const rows = await table.read().toArray()
  return rows.toSorted((a, b) => Number(a['id']) - Number(b['id']))
}

test('rows stay, in the columns of the new schema, and all snapshots in their own', async () => {
  const { table, again } = await tableOf(KEYED)
  await table.write([{ id: 1, name: '7' }])
  const altered = await table.alter([
    { action: 'addColumn', column: 'note', type: 'STRING', position: { after: 'id' } },
    { action: 'updateColumnType', column: 'name', type: 'BIGINT' },
    { action: 'renameColumn', column: 'id', to: 'key' },
  ])
  expect(altered.schema).toMatchObject({ id: 1, primaryKeys: ['key'] })
  await altered.write([{ key: 2, note: 'x', name: 8n }])
  expect(await (await again()).read().toArray()).toEqual([
    { key: 1, note: null, name: 7n },
    { key: 2, note: 'x', name: 8n },
  ])
  expect(await altered.read({ at: { snapshot: 1 } }).toArray()).toEqual([{ id: 1, name: '7' }])
  expect((await altered.schemas()).map(({ id }) => id)).toEqual([0, 1])
})

test('two who alter at once make their changes one after the other', async () => {
  const { table, again } = await tableOf(KEYED)
  await Promise.all(
    ['a', 'b', 'c'].map((column) => table.alter([{ action: 'addColumn', column, type: 'INT' }])),
  )
  const { schema } = await again()
  expect(schema.fields.map(({ name }) => name).toSorted()).toEqual(['a', 'b', 'c', 'id', 'name'])
  expect(schema).toMatchObject({ id: 3, highestFieldId: 4 })
})

test('options are frozen once there is a snapshot, and a dry run stores nothing', async () => {
  const { table } = await tableOf(KEYED)
  const change = { action: 'setOption', name: 'merge-engine', value: 'partial-update' } as const
  expect((await table.alter([change], { dryRun: true })).schema.id).toBe(1)
  expect(await table.schemas()).toHaveLength(1)
  await table.write([{ id: 1, name: 'x' }])
  await expect(table.alter([change])).rejects.toMatchObject({ code: 'INVALID' })
})

test('options that merge engines and file indexes refuse are not stored', async () => {
  const { table } = await tableOf({
    ...KEYED,
    options: { bucket: 1, 'file-index.bitmap.columns': 'name' },
  })
  const drop = table.alter([
    { action: 'dropColumn', column: 'name' },
    { action: 'addColumn', column: 'v', type: 'INT' },
  ])
  await expect(drop).rejects.toThrow('name')
})

test('a writer goes on with its columns, and leaves files of a later schema uncompacted', async () => {
  const options = {
    bucket: 1,
    'num-sorted-run.compaction-trigger': 2,
    'changelog-producer': 'lookup',
  }
  const { table, again } = await tableOf({ ...KEYED, options })
  await using old = await table.writer({ commitUser: 'old' })
  await old.write([{ id: 1, name: 'a' }])
  await old.commit({ waitForCompaction: true })
  const altered = await table.alter([{ action: 'addColumn', column: 'note', type: 'STRING' }])
  await altered.write([{ id: 2, name: 'b', note: 'kept' }])
  for (const id of [3, 4, 5]) {
    await old.write([{ id, name: 'c' }])
    const { snapshots } = await old.commit({ waitForCompaction: true })
    expect(snapshots.at(-1)?.schemaId).toBe(altered.schema.id)
  }
  await expect(table.compact({ full: true })).rejects.toMatchObject({ code: 'CONFLICT' })
  await (await again()).compact({ full: true })
  expect(await rowsOf(altered)).toEqual([
    { id: 1, name: 'a', note: null },
    { id: 2, name: 'b', note: 'kept' },
    ...[3, 4, 5].map((id) => ({ id, name: 'c', note: null })),
  ])
  expect((await altered.check()).damage).toEqual([])
})

test('a compactor that watches goes on with the columns of the new schema', async () => {
  const { table } = await tableOf({
    ...KEYED,
    options: { bucket: 1, 'write-only': true, 'continuous.discovery-interval': '1 ms' },
  })
  await table.write([{ id: 1, name: 'a' }])
  const controller = new AbortController()
  const rounds: (() => Promise<unknown>)[] = [
    async () => {
      const altered = await table.alter([{ action: 'addColumn', column: 'note', type: 'STRING' }])
      await altered.write([{ id: 2, name: 'b', note: 'kept' }])
    },
    async () => {
      controller.abort()
      await Promise.resolve()
    },
  ]
  const onRound = (): unknown => rounds.shift()?.()
  const watch = table.watchCompactions({ full: true, signal: controller.signal, onRound })
  await expect(watch).rejects.toMatchObject({ code: 'ABORTED' })
  const latest = await table.alter([{ action: 'updateComment', comment: 'done' }])
  expect(await rowsOf(latest)).toEqual([
    { id: 1, name: 'a', note: null },
    { id: 2, name: 'b', note: 'kept' },
  ])
  const files = await latest.store.snapshots.readLatest()
  expect(files?.commitKind).toBe('COMPACT')
})

test('a stream goes on with its columns', async () => {
  const { table } = await tableOf({ ...KEYED, primaryKeys: [], options: {} })
  await table.write([{ id: 1, name: 'a' }])
  const seen: unknown[] = []
  const changes = table.changes({ from: 'earliest', pollIntervalMs: 1 })
  for await (const { row } of changes) {
    seen.push(row)
    if (seen.length === 2) break
    const altered = await table.alter([
      { action: 'renameColumn', column: 'name', to: 'title' },
      { action: 'addColumn', column: 'name', type: 'INT', position: 'first' },
    ])
    await altered.write([{ id: 2, title: 'b', name: 5 }])
  }
  expect(seen).toEqual([
    { id: 1, name: 'a' },
    { id: 2, name: 'b' },
  ])
})
