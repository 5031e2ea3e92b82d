import { afterEach, beforeEach, expect, test } from 'vitest'

import { testWarehouse, type TestWarehouse } from '../support/cli.ts'

const SCHEMA = JSON.stringify({
  fields: [
    { name: 'region', type: 'STRING' },
    { name: 'id', type: 'BIGINT' },
    { name: 'name', type: 'STRING' },
  ],
  partitionKeys: ['region'],
  primaryKeys: ['region', 'id'],
  options: { bucket: 1 },
})

let wh: TestWarehouse
beforeEach(async () => {
  wh = testWarehouse()
  await wh.ok(['create', 'shop.orders', '--schema', '-'], { stdin: SCHEMA })
  for (const name of ['first', 'second'])
    await wh.ok(['write', 'shop.orders', '-'], {
      stdin: ['eu', 'us']
        .map((region) => `${JSON.stringify({ region, id: '1', name })}\n`)
        .join(''),
    })
})
afterEach(() => wh[Symbol.dispose]())

test('explain tells people what is left, and how it is read', async () => {
  const text = await wh.ok(['explain', 'shop.orders', '--where', "region = 'eu'"])
  expect(text.replaceAll(/\d+\.\d kB/g, 'N kB')).toBe(
    `snapshot 2, schema 0, columns region, id, name
2 of 2 manifests are read

left by               files  rows   bytes
live files                4     4  N kB
partitions                2     2  N kB
statistics of values      2     2  N kB
file indexes              2     2  N kB

splits: 1 merged (N kB)
read    partition  bucket  files  runs  rows  deleted   bytes
merged  {eu}            0      2     2     2        0  N kB
`,
  )
})

test('explain as JSON has everything', async () => {
  const text = await wh.ok(['explain', 'shop.orders', '--format', 'json', '--select', 'name'])
  const { splits, ...rest } = JSON.parse(text) as { splits: { partition: string }[] }
  expect(rest).toMatchObject({
    snapshotId: 2,
    columns: ['name'],
    steps: [{ step: 'live', files: 4, rows: 4 }],
  })
  expect(splits.toSorted((a, b) => a.partition.localeCompare(b.partition))).toMatchObject([
    { partition: '{eu}', mode: 'merge', runs: 2 },
    { partition: '{us}', mode: 'merge', runs: 2 },
  ])
})

test('a system table has no files of its own to explain', async () => {
  const { code, stderr } = await wh.run(['explain', 'shop.orders$files'])
  expect(code).toBe(2)
  expect(stderr).toContain('hint:')
})
