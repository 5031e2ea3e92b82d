/** Expiry on the command line. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { testWarehouse } from '../support/cli.ts'

test('expire tells what it would do, does it, and says what is left', async () => {
  using warehouse = testWarehouse()
  const schema = JSON.stringify({ fields: [{ name: 'id', type: 'INT' }] })
  await warehouse.ok(['create', 'db.t', '--schema', '-'], { stdin: schema })
  for (const id of [1, 2, 3])
    await warehouse.ok(['write', 'db.t', '-'], { stdin: JSON.stringify({ id }) })
  const few = ['expire', 'db.t', '--retain-min', '1', '--retain-max', '1']
  const dry = await warehouse.run([...few, '--dry-run'])
  expect(dry.stderr).toMatch(/2 snapshots of db.t would expire\nthe earliest would be snapshot 3\n/)
  expect(dry.stderr).toMatch(/\d+ files \(.+\) would be freed/)
  const one = await warehouse.run([...few, '--max-deletes', '1'])
  expect(one.stderr).toContain('1 snapshot of db.t expired\nthe earliest is snapshot 2\n')
  const report = await warehouse.ok([...few, '--json'])
  expect(JSON.parse(report)).toMatchObject({
    table: 'db.t',
    dryRun: false,
    snapshotCount: 1,
    earliestSnapshotId: 3,
  })
  const wrong = await warehouse.run(['expire', 'db.t', '--retain-min', '3', '--retain-max', '2'])
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('at most 2') })
  const rows = await warehouse.ok(['read', 'db.t', '--format', 'jsonl'])
  expect(rows.trim().split('\n')).toHaveLength(3)
})

test('write tells that its rows are committed where the upkeep behind them fails', async () => {
  using warehouse = testWarehouse()
  const options = { 'snapshot.num-retained.min': '1', 'snapshot.num-retained.max': '1' }
  const schema = JSON.stringify({ fields: [{ name: 'id', type: 'INT' }], options })
  await warehouse.ok(['create', 'db.t', '--schema', '-'], { stdin: schema })
  await warehouse.ok(['write', 'db.t', '-'], { stdin: '{"id": 1}' })
  const consumers = join(warehouse.directory, 'db.db/t/consumer')
  mkdirSync(consumers)
  writeFileSync(join(consumers, 'consumer-job'), 'nonsense')
  const second = await warehouse.run(['write', 'db.t', '-'], { stdin: '{"id": 2}' })
  expect(second).toMatchObject({ code: 0, stderr: expect.stringContaining('consumer-job') })
})
