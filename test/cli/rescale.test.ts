/** Numbers of buckets on the command line: `rescale`, and tables that postpone them. */
import { expect, test } from 'vitest'

import { testWarehouse } from '../support/cli.ts'

test('rescale tells what it would do, does it, and says what it did', async () => {
  using warehouse = testWarehouse()
  const schema = JSON.stringify({
    fields: [
      { name: 'dt', type: 'STRING NOT NULL' },
      { name: 'id', type: 'INT NOT NULL' },
    ],
    partitionKeys: ['dt'],
    primaryKeys: ['dt', 'id'],
    options: { bucket: '2' },
  })
  await warehouse.run(['create', 'db.t', '--schema', '-'], { stdin: schema })
  const rows = ['a', 'b'].flatMap((dt) => [1, 2, 3, 4].map((id) => JSON.stringify({ dt, id })))
  await warehouse.run(['write', 'db.t', '-'], { stdin: rows.join('\n') })

  const missing = await warehouse.run(['rescale', 'db.t'])
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('--buckets 8') })
  const dry = await warehouse.run(['rescale', 'db.t', '--buckets', '3', '--dry-run'])
  expect(dry.stderr).toContain('dt=a would go from 2 buckets to 3')
  const one = await warehouse.run(['rescale', 'db.t', '--buckets', '3', '--partition', 'dt=a'])
  expect(one.stderr).toContain('dt=a went from 2 buckets to 3\nwritten anew in snapshot 2')
  const whole = await warehouse.run(['rescale', 'db.t', '--buckets', '3'])
  expect(whole.stderr).not.toContain('dt=a')
  expect(whole.stderr).toContain('bucket = 3 from schema 1 on')
  const read = await warehouse.run(['read', 'db.t', '--format', 'jsonl'])
  expect(read.stdout.trim().split('\n')).toHaveLength(8)
})

test('write decides postponed buckets, a numbered commit leaves them to compact', async () => {
  using warehouse = testWarehouse()
  const schema = JSON.stringify({
    fields: [{ name: 'id', type: 'INT NOT NULL' }],
    primaryKeys: ['id'],
    options: { bucket: '-2' },
  })
  await warehouse.ok(['create', 'db.t', '--schema', '-'], { stdin: schema })
  const read = async (): Promise<string> =>
    await warehouse.ok(['read', 'db.t', '--format', 'jsonl'])
  await warehouse.ok(['write', 'db.t', '-'], { stdin: '{"id": 1}' })
  expect(await read()).toBe('{"id":1}\n')
  const numbered = ['--user', 'job', '--commit-id', '7']
  await warehouse.ok(['write', 'db.t', '-', ...numbered], { stdin: '{"id": 2}' })
  expect(await read()).toBe('{"id":1}\n')
  await warehouse.ok(['compact', 'db.t'])
  expect(await read()).toBe('{"id":1}\n{"id":2}\n')
})
