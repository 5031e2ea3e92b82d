import { expect, test } from 'vitest'

import { createCatalog } from '../../../src/catalog/catalog.ts'
import type { Explanation } from '../../../src/table/plan/explain.ts'
import type { ReadRequest } from '../../../src/table/read.ts'
import { defineSchema, t } from '../../../src/types/schema.ts'
import { GOLDEN_WAREHOUSE } from '../../support/golden-expect.ts'

async function explain(
  name: string,
  request: Pick<ReadRequest, 'where' | 'limit' | 'columns' | 'options'> = {},
): Promise<Explanation> {
  await using catalog = await createCatalog({ warehouse: GOLDEN_WAREHOUSE })
  const { where, limit, columns, options } = request
  const table = (await catalog.table(`golden.${name}`)).withOptions(options ?? {})
  return await table
    .read({
      ...(typeof where === 'string' && { where }),
      ...(limit !== undefined && { limit }),
      ...(columns !== undefined && { columns }),
    })
    .explain()
}

async function modesOf(name: string, options = {}): Promise<Set<string>> {
  const { splits } = await explain(name, { options })
  return new Set(splits.map(({ mode }) => mode))
}

const filesLeft = ({ steps }: Explanation): Record<string, number> =>
  Object.fromEntries(steps.map(({ step, files }) => [step, files]))

test('each kind of pruning tells the files that it leaves', async () => {
  const explanation = await explain('mor', {
    where: "dt = '2026-11-01' AND region = 1 AND id < 0",
  })
  expect(explanation).toMatchObject({ snapshotId: 4, schemaId: 0 })
  expect(filesLeft(explanation)).toEqual({
    live: 69,
    partition: 12,
    keys: 0,
    values: 0,
    indexes: 0,
  })
  expect(explanation.splits).toEqual([])
})

test('a key leaves the bucket that it falls into', async () => {
  const explanation = await explain('mor', {
    where: "dt = '2026-11-01' AND region = 1 AND id = 17000051",
  })
  const { partition, bucket } = filesLeft(explanation)
  expect(partition).toBe(12)
  expect(bucket).toBe(4)
  expect(new Set(explanation.splits.map((split) => split.bucket)).size).toBe(1)
})

test('file indexes leave files out that statistics keep', async () => {
  const explanation = await explain('index_range_bitmap', { where: "qty = 3 AND name = 'x'" })
  expect(filesLeft(explanation)).toEqual({ live: 2, values: 2, indexes: 0 })
  const without = await explain('index_range_bitmap', {
    where: "qty = 3 AND name = 'x'",
    options: { 'file-index.read.enabled': 'false' },
  })
  expect(filesLeft(without)).toEqual({ live: 2, values: 2 })
  expect(without.splits.length).toBeGreaterThan(0)
})

test('level 0 is left out of tables with deletion vectors, and what these delete is told', async () => {
  const { steps, splits } = await explain('dv', { columns: ['id'] })
  expect(steps.map(({ step }) => step)).toEqual(['live', 'level'])
  expect(splits.every(({ mode }) => mode === 'raw')).toBe(true)
  expect(splits.reduce((sum, { deletedRows }) => sum + deletedRows!, 0)).toBe(10)
})

test('splits tell how they are read', async () => {
  expect(await modesOf('mor')).toEqual(new Set(['merge']))
  expect(await modesOf('types_append')).toEqual(new Set(['raw']))
  expect(await modesOf('tags_branches', { 'incremental-between': '1,3' })).toEqual(
    new Set(['changes']),
  )
  expect(await modesOf('tags_branches', { 'incremental-between': 'v1,v2' })).toEqual(
    new Set(['difference']),
  )
})

test.each([
  ['the difference of two states', { 'incremental-between': 'v1,v2' }, { live: 3, common: 1 }],
  ['a table with a second branch', { 'scan.fallback-branch': 'dev' }, { live: 6, branch: 3 }],
])('%s tells what both plans leave', async (_, options, left) => {
  const explanation = await explain('tags_branches', { options })
  expect(filesLeft(explanation)).toEqual(left)
  expect(explanation.manifests.total).toBe(left.live)
  expect(explanation.manifests.read).toBe(left.live)
})

test('a limit leaves the files that are enough', async () => {
  const { steps } = await explain('types_append', {
    limit: 1,
    options: { 'source.split.target-size': '1 b', 'source.split.open-file-cost': '1 b' },
  })
  expect(steps.at(-1)).toMatchObject({ step: 'limit', files: 1 })
})

test('a table without a snapshot has nothing to explain', async () => {
  await using catalog = await createCatalog({ warehouse: 'memory://explain/warehouse' })
  const table = await catalog.createTable('shop.empty', defineSchema({ columns: { id: t.int() } }))
  expect(await table.read().explain()).toMatchObject({
    snapshotId: null,
    columns: ['id'],
    manifests: { total: 0, read: 0 },
    steps: [],
    splits: [],
  })
})
