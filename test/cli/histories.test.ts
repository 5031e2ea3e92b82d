/** Tags, branches, rollbacks and consumers on the command line. */
import { afterAll, beforeAll, expect, test } from 'vitest'

import { testWarehouse, type TestWarehouse } from '../support/cli.ts'

let wh: TestWarehouse
beforeAll(async () => {
  wh = testWarehouse()
  const schema = JSON.stringify({ fields: [{ name: 'id', type: 'INT' }] })
  await wh.ok(['create', 'db.t', '--schema', '-'], { stdin: schema })
  for (const id of [1, 2]) await wh.ok(['write', 'db.t'], { stdin: JSON.stringify({ id }) })
})
afterAll(() => wh[Symbol.dispose]())

/** What is told of what is done. */
async function told(...argv: readonly string[]): Promise<string> {
  const { code, stderr } = await wh.run(argv)
  expect({ argv, code, stderr }).toMatchObject({ code: 0 })
  return stderr
}

const rows = async (table: string): Promise<number> =>
  (await wh.ok(['read', table, '--format', 'jsonl'])).trim().split('\n').filter(Boolean).length

test('a table is tagged, branched, brought forward and taken back', async () => {
  expect(await told('tag', 'create', 'db.t', 'v1', '--snapshot', '1', '--retain', '30 d')).toBe(
    'the tag v1 of db.t keeps snapshot 1\n',
  )
  await told('tag', 'create', 'db.t', 'v2')
  expect(await told('tag', 'replace', 'db.t', 'v2', '--tag', 'v1')).toMatch(/keeps snapshot 1\n$/)
  expect(await told('tag', 'rename', 'db.t', 'v2', 'v9')).toMatch(/is called v9 now/)
  expect(await told('tag', 'expire', 'db.t')).toMatch(/^0 tags of db.t deleted\nnothing to free/)

  expect(await told('branch', 'create', 'db.t', 'dev', '--tag', 'v1')).toBe(
    'the branch dev of db.t begins as the tag v1\nread and write it as db.t$branch_dev\n',
  )
  await wh.ok(['write', 'db.t$branch_dev'], { stdin: '{"id": 7}\n{"id": 8}' })
  await told('branch', 'rename', 'db.t', 'dev', 'next')
  expect(await told('branch', 'fast-forward', 'db.t', 'next')).toMatch(
    /^the latest snapshot of db.t is 2, that of next\n1 snapshot and 1 tag lost\n2 files \(.+\) freed\n$/,
  )
  expect(await rows('db.t')).toBe(3)

  await told('consumer', 'reset', 'db.t', 'audit', '--next', 'latest')
  const back = ['rollback', 'db.t', '--snapshot', '1']
  expect(await told(...back, '--dry-run')).toMatch(/would be 1 of .*\n1 snapshot .* would be lost/)
  expect(await told(...back)).toMatch(/millrace consumer reset db.t audit --next 2\n1 file/)
  expect(await rows('db.t')).toBe(1)

  const report = await wh.ok(['consumer', 'delete', 'db.t', 'audit', '--json'])
  expect(JSON.parse(report)).toMatchObject({ dryRun: false, consumers: ['audit'], fileCount: 1 })
  expect(await told('branch', 'delete', 'db.t', 'next')).toMatch(/deleted\n.*orphans\n\d files/)
  expect(await told('tag', 'delete', 'db.t', 'v1', '--dry-run')).toMatch(
    /^1 tag of db.t would be deleted\nv1\n1 file .* would be freed\n$/,
  )
})

test.each([
  [['rollback', 'db.t'], 2, '--dry-run'],
  [['rollback', 'db.t', '--snapshot', '1', '--tag', 'a'], 2, 'several flags name a snapshot'],
  [['rollback', 'db.t', '--time', 'soon'], 2, 'is no time'],
  [['tag', 'create', 'db.t', 'x', '--retain', 'long'], 2, '"7 d"'],
  [['tag', 'delete', 'db.t', 'v33'], 3, 'there is no tag'],
  [['branch', 'delete', 'db.t', 'v33'], 3, 'the table has no branch'],
  [['consumer', 'reset', 'db.t', 'c', '--next', 'latst'], 2, 'did you mean "latest"'],
  [['consumer', 'reset', 'db.t', 'c'], 2, '--next earliest'],
  [['consumer', 'expire', 'db.t'], 2, 'consumer.expiration-time'],
])('%j is refused', async (argv, code, problem) => {
  const result = await wh.run(argv)
  expect(result.stderr).toContain(problem)
  expect(result.code).toBe(code)
})
