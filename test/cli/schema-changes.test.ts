/** Tables that change, move and go on the command line. */
import { expect, test } from 'vitest'

import { testWarehouse } from '../support/cli.ts'

const SCHEMA = JSON.stringify({
  fields: [
    { name: 'id', type: 'INT' },
    { name: 'name', type: 'STRING' },
  ],
  primaryKeys: ['id'],
  options: { bucket: 1 },
})

test('a table is altered by changes close to SQL, told, and read on', async () => {
  using warehouse = testWarehouse()
  await warehouse.ok(['create', 'db.t', '--schema', '-'], { stdin: SCHEMA })
  await warehouse.ok(['write', 'db.t', '-'], { stdin: '{"id": 1, "name": "7"}' })
  const changes = [
    'add column note string first',
    'ALTER name TYPE INT',
    'SET target-file-size = 1 mb',
  ]
  const dry = await warehouse.run(['alter', 'db.t', ...changes, '--dry-run'])
  expect(dry.stderr).toContain(
    'db.t would have schema 1\n' +
      '  - `name` STRING\n' +
      '  + `note` STRING\n' +
      '  + `name` INT\n' +
      '  + target-file-size = 1 mb\n',
  )
  expect((await warehouse.run(['alter', 'db.t', ...changes])).stderr).toContain('has schema 1')
  const read = await warehouse.ok(['read', 'db.t', '--format', 'jsonl'])
  expect(read).toBe('{"note":null,"id":1,"name":7}\n')
  const json = await warehouse.ok(['alter', 'db.t', 'DROP COLUMN note', '--json'])
  expect(JSON.parse(json)).toMatchObject({ table: 'db.t', dryRun: false, schema: { id: 2 } })
})

test('a number of buckets that rows do not have yet is told, and rescale moves them', async () => {
  using warehouse = testWarehouse()
  await warehouse.ok(['create', 'db.t', '--schema', '-'], { stdin: SCHEMA })
  await warehouse.ok(['write', 'db.t', '-'], { stdin: '{"id": 1}\n{"id": 2}' })
  const { stderr } = await warehouse.run(['alter', 'db.t', 'SET bucket = 2'])
  expect(stderr).toContain('millrace rescale db.t --buckets 2')
  const refused = await warehouse.run(['write', 'db.t', '-'], { stdin: '{"id": 3}' })
  expect(refused.code).toBeGreaterThan(0)
  await warehouse.ok(['rescale', 'db.t', '--buckets', '2'])
  await warehouse.ok(['write', 'db.t', '-'], { stdin: '{"id": 3}' })
  const read = await warehouse.ok(['read', 'db.t', '--format', 'jsonl'])
  expect(read.trim().split('\n')).toHaveLength(3)
})

const REFUSED: readonly (readonly [argv: readonly string[], message: string])[] = [
  [['alter', 'db.t'], 'no change is told'],
  [['alter', 'db.t', 'DROP COLUMN nam'], 'did you mean "name"'],
  [['alter', 'db.t', 'ADD x'], 'expected a type'],
  [['alter', 'db.t', 'DROP name', '--option', 'write-only=true'], 'SET write-only = value'],
  [['drop', 'db.t', '--cascade'], 'is for databases'],
  [['drop', 'db'], 'drop the tables first'],
  [['rename', 'db.t', 'db.t'], 'already'],
]

test('mistakes are told with the way out', async () => {
  using warehouse = testWarehouse()
  await warehouse.ok(['create', 'db.t', '--schema', '-'], { stdin: SCHEMA })
  for (const [argv, message] of REFUSED) {
    const { code, stderr } = await warehouse.run(argv)
    expect(code).toBeGreaterThan(0)
    expect(stderr).toContain(message)
  }
})

test('a table gets another name and is dropped, and its database with it', async () => {
  using warehouse = testWarehouse()
  await warehouse.ok(['create', 'db.t', '--schema', '-'], { stdin: SCHEMA })
  await warehouse.ok(['rename', 'db.t', 'db.u'])
  const dry = await warehouse.run(['drop', 'db.u', '--dry-run'])
  expect(dry.stderr).toMatch(
    /^the table db\.u would be dropped\n1 file \(\d+ B\) would be freed\n$/,
  )
  await warehouse.ok(['create', 'db.v', '--schema', '-'], { stdin: SCHEMA })
  await warehouse.ok(['drop', 'db.u'])
  const gone = await warehouse.run(['drop', 'db.u', '--if-exists'])
  expect(gone).toMatchObject({ code: 0, stderr: expect.stringContaining('there is no table db.u') })
  await warehouse.ok(['drop', 'db', '--cascade'])
  expect(await warehouse.ok(['databases', '--format', 'jsonl'])).toBe('')
})
