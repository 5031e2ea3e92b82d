import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { inspectionPage } from '../../src/cli/inspect/page.ts'
import type { Inspection } from '../../src/table/inspect/inspection.ts'
import { testWarehouse, type TestWarehouse } from '../support/cli.ts'

let wh: TestWarehouse
beforeAll(async () => {
  wh = testWarehouse()
  const fields = [
    { name: 'dt', type: 'STRING' },
    { name: 'id', type: 'BIGINT' },
    { name: HOSTILE, type: 'STRING' },
  ]
  const schema = {
    fields,
    partitionKeys: ['dt'],
    primaryKeys: ['dt', 'id'],
    options: { bucket: 1 },
  }
  await wh.ok(['create', 'shop.users', '--schema', '-'], { stdin: JSON.stringify(schema) })
  for (const id of ['1', '2'])
    await wh.ok(['write', 'shop.users', '-'], {
      stdin: JSON.stringify({ dt: HOSTILE, id, [HOSTILE]: 'x' }),
    })
})
afterAll(() => wh[Symbol.dispose]())

const HOSTILE = `</script><img src=x onerror='alert("1")'>&amp;\u202e\u0007`

test('text tells the state and each bucket, and JSON has everything', async () => {
  const text = await wh.ok(['inspect', 'shop.users'])
  expect(text).toMatch(/^shop\.users, snapshot 2 of .* UTC\n2 rows, 2 files, /)
  expect(text).toContain(', bucket 0: 2 runs, 2 files, ')
  const seen = JSON.parse(await wh.ok(['inspect', 'shop.users', '--format', 'json'])) as Inspection
  expect(seen).toMatchObject({ table: 'shop.users', snapshotId: 2, totals: { runsMax: 2 } })
})

test('the page lets nothing run or be fetched but its own script and style, whatever names say', async () => {
  const file = wh.file('users.html')
  const { stdout, stderr } = await wh.run(['inspect', 'shop.users', '--html', file])
  expect([stdout, stderr]).toEqual(['', expect.stringContaining('users.html')])
  const page = readFileSync(file, 'utf8')
  const [, policy = ''] =
    /http-equiv="Content-Security-Policy"\s+content="([^"]*)"/.exec(page) ?? []
  expect(policy).toContain(`default-src &#39;none&#39;`)
  for (const element of ['script', 'style']) {
    const [[, content = ''] = [], ...others] = page.matchAll(
      new RegExp(`<${element}[^>]*>(.*?)</${element}>`, 'gs'),
    )
    expect(others).toEqual([])
    const hash = createHash('sha256').update(content).digest('base64')
    expect(policy).toContain(`${element}-src &#39;sha256-${hash}&#39;`)
  }
  expect(page).not.toContain('<img')
  expect(page).not.toContain('\u0007')
  expect(page).not.toMatch(/\u202e|\son\w+=["']|\sstyle=|https?:/)
  expect(page).toContain('&#60;/script&#62;&#60;img src=x')
})

test('a page of a large table says what it leaves out', async () => {
  const seen = JSON.parse(await wh.ok(['inspect', 'shop.users', '--format', 'json'])) as Inspection
  const leftOut = { ...seen.leftOut, snapshots: 9_700, buckets: 1, files: 200_000 }
  const snapshots = Array.from({ length: 300 }, (_, i) => ({
    ...seen.snapshots[0]!,
    id: 9_701 + i,
    totalRows: i,
  }))
  const page = inspectionPage({ ...seen, snapshots, leftOut }, { madeMillis: 0, version: '1' })
  expect(page).toContain('9,700 snapshots, 1 bucket, 200,000 files')
  // However many snapshots there are, no curve is cut.
  expect(page.match(/class="curve" d="[^"]*V\d+(\.\d+)?H600"/g)).toHaveLength(3)
})
