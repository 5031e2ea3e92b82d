/** `orphans` on the command line: what it prints, and that it deletes nothing before it is meant to. */
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { testWarehouse } from '../support/cli.ts'

test('orphans of a table or a database are printed by a dry run, and deleted else', async () => {
  using warehouse = testWarehouse()
  const schema = JSON.stringify({ fields: [{ name: 'id', type: 'INT' }] })
  await warehouse.ok(['create', 'db.t', '--schema', '-'], { stdin: schema })
  await warehouse.ok(['write', 'db.t', '-'], { stdin: '{"id": 1}' })
  const directory = join(warehouse.directory, 'db.db', 't', 'bucket-0')
  mkdirSync(directory, { recursive: true })
  const path = join(directory, 'data-x.parquet')
  writeFileSync(path, 'x'.repeat(1500))
  const old = new Date(Date.now() - 30 * 3_600_000)
  utimesSync(path, old, old)

  const tooYoung = await warehouse.run(['orphans', 'db.t', '--older-than', '2 d'])
  expect(tooYoung).toMatchObject({ code: 0, stdout: '', stderr: 'nothing to free\n' })
  const dry = await warehouse.run(['orphans', 'db.t', '--dry-run'])
  expect(dry).toMatchObject({ code: 0, stdout: `${path}\n` })
  expect(dry.stderr).toBe('db.t: 1 orphan, 1.5 kB\n1 file (1.5 kB) would be freed\n')
  expect(readdirSync(directory)).toHaveLength(2)
  const done = await warehouse.run(['orphans', 'db', '--format', 'json'])
  expect(JSON.parse(done.stdout)).toMatchObject({
    dryRun: false,
    tables: [{ table: 'db.t', files: [{ path, sizeBytes: 1500 }], uploads: [] }],
    fileCount: 1,
    sizeBytes: 1500,
  })
  expect(readdirSync(directory)).toHaveLength(1)

  const never = await warehouse.run(['orphans', 'db.t', '--older-than', 'never'])
  expect(never).toMatchObject({ code: 2, stderr: expect.stringContaining('36 h or 7 d') })
  const none = await warehouse.run(['orphans', 'db.u'])
  expect(none).toMatchObject({ code: 3, stderr: expect.stringContaining('did you mean "t"') })

  writeFileSync(join(directory, 'data-y.parquet'), 'x')
  utimesSync(join(directory, 'data-y.parquet'), old, old)
  await warehouse.ok(['create', 'db.damaged', '--schema', '-'], { stdin: schema })
  mkdirSync(join(warehouse.directory, 'db.db', 'damaged', 'branch', 'branch-b'), {
    recursive: true,
  })
  const some = await warehouse.run(['orphans', 'db'])
  expect(some).toMatchObject({ code: 1, stderr: expect.stringContaining('1 file (1 B) freed') })
  expect(some.stderr).toContain('error CORRUPT: the branch has no schema')
})
