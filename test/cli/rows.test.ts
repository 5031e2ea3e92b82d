/** `delete`, `update`, `merge` and `compact --order-by` on the command line. */
import { expect, test } from 'vitest'

import { type TestWarehouse, testWarehouse } from '../support/cli.ts'

async function visits(warehouse: TestWarehouse): Promise<void> {
  const schema = JSON.stringify({
    fields: [
      { name: 'id', type: 'BIGINT NOT NULL' },
      { name: 'page', type: 'STRING' },
      { name: 'price', type: 'DECIMAL(10, 2)' },
      { name: 'day', type: 'DATE' },
    ],
    options: { bucket: '-1' },
  })
  await warehouse.ok(['create', 'db.t', '--schema', '-'], { stdin: schema })
  const rows = [1, 2, 3, 4].map((id) => JSON.stringify({ id: String(id), page: `p${id}` }))
  await warehouse.ok(['write', 'db.t', '-'], { stdin: rows.join('\n') })
}

async function rowsOf(warehouse: TestWarehouse): Promise<string[]> {
  const text = await warehouse.ok(['read', 'db.t', '--format', 'csv'])
  return text.trim().split('\n').slice(1)
}

test('rows are deleted, updated and merged, and what was done is told', async () => {
  using warehouse = testWarehouse()
  await visits(warehouse)
  const where = ['--where', 'id in (2, 3)']
  const dry = await warehouse.run(['delete', 'db.t', ...where, '--dry-run'])
  expect(dry.stderr).toContain('2 rows deleted if it were done: db.t is as it was')
  const gone = await warehouse.run(['delete', 'db.t', ...where])
  expect(gone.stderr).toContain('2 rows deleted in snapshot 2 of db.t')
  const set = ['page=a text', 'price=9.99', 'day=2026-11-21'].flatMap((each) => ['--set', each])
  const updated = await warehouse.run(['update', 'db.t', ...set, '--where', 'id = 4'])
  expect(updated.stderr).toContain('1 row updated in snapshot 3 of db.t')
  expect(await rowsOf(warehouse)).toEqual(['1,p1,,', '4,a text,9.99,2026-11-21'])
  await warehouse.ok(['update', 'db.t', '--set', "page='null'", '--set', 'price=NULL'])
  expect(await rowsOf(warehouse)).toEqual(['1,"null",,', '4,"null",,2026-11-21'].map(unquoted))
  const stdin = 'id,page\n4,merged\n5,new\n'
  const merge = ['merge', 'db.t', '-', '--format', 'csv', '--on', 'id']
  const merged = await warehouse.run(merge, { stdin })
  expect(merged.stderr).toContain('1 row updated, 1 row inserted in snapshot 5 of db.t')
  expect(await rowsOf(warehouse)).toEqual(['1,null,,', '5,new,,', '4,merged,,'].toSorted())
  const sorted = await warehouse.run(['compact', 'db.t', '--order-by', 'page,id'])
  expect(sorted.stderr).toContain('compacted in snapshot 6')
})

const unquoted = (line: string): string => line.replaceAll('"', '')

test('what is missing or does not fit is wrong use', async () => {
  using warehouse = testWarehouse()
  await visits(warehouse)
  for (const [argv, message] of [
    [['delete', 'db.t'], 'no condition'],
    [['update', 'db.t'], 'no column is told'],
    [['update', 'db.t', '--set', 'page'], 'is not COLUMN=VALUE'],
    [['update', 'db.t', '--set', 'id=x'], 'no value of the type BIGINT'],
    [['update', 'db.t', '--set', 'pages=x'], 'no column "pages"'],
    [['compact', 'db.t', '--strategy', 'zorder'], '--strategy goes with --order-by'],
  ] as const) {
    const result = await warehouse.run(argv)
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining(message)])
  }
})
