/** `--json`, and what commands tell of the files that they free. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { type Freed, freedText } from '../../src/cli/freed.ts'
import { type TestWarehouse, testWarehouse } from '../support/cli.ts'

const SCHEMA =
  '{"fields": [{"name": "id", "type": "BIGINT NOT NULL"}], "options": {"bucket": "-1"}}'

let wh: TestWarehouse

beforeAll(async () => {
  wh = testWarehouse()
  await wh.ok(['create', 'db.t', '--schema', '-'], { stdin: SCHEMA })
})
afterAll(() => wh[Symbol.dispose]())

describe('--json', () => {
  test.each([
    [['create', 'db.u', '--schema', '-'], SCHEMA, { table: 'db.u', created: true }],
    [['write', 'db.t'], '{"id":1}\n{"id":"2"}', { rowCount: 2, snapshots: [1] }],
    [['delete', 'db.t', '--where', 'id = 1', '--dry-run'], '', { dryRun: true, deleted: 1 }],
    [['update', 'db.t', '--set', 'id=5', '--where', 'id = 2'], '', { updated: 1, snapshot: 2 }],
    [['compact', 'db.t'], '', { table: 'db.t', snapshots: [], droppedBuckets: 0 }],
    [['truncate', 'db.t', '--dry-run'], '', { dryRun: true, partitionCount: 1, snapshot: null }],
    [['check', 'db.t'], '', { damage: [] }],
    [['explain', 'db.t'], '', { snapshotId: 2 }],
    [['describe', 'db.t'], '', { fields: [{ name: 'id' }] }],
    [['databases'], '', { database: 'db' }],
    [['changes', 'db.t', '--limit', '1'], '', { _kind: '+I', id: '1' }],
  ] as const)('%j prints its result on stdout, and nothing else', async (argv, stdin, result) => {
    const { code, stdout, stderr } = await wh.run([...argv, '--json'], { stdin })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject(result)
  })

  test('prints rows as lines of JSON', async () => {
    expect(await wh.ok(['read', 'db.t', '--json'])).toMatch(/^\{"id":"\d"\}\n\{"id":"\d"\}\n$/)
  })

  test('tells a failure as one line of JSON, without secrets', async () => {
    const secret = ['--option', 's3.secret-key=hunter22hunter22']
    const { code, stdout, stderr } = await wh.run([
      'read',
      'db.hunter22hunter22',
      '--json',
      ...secret,
    ])
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).not.toContain('hunter22')
    const { error } = JSON.parse(stderr) as { error: object }
    expect(Object.keys(error)).toEqual(['code', 'exitCode', 'message', 'hint'])
    expect(error).toMatchObject({ code: 'NOT_FOUND', exitCode: 3 })
  })

  test('does not go together with another format', async () => {
    const { code, stderr } = await wh.run(['read', 'db.t', '--json', '--format', 'csv'])
    const { error } = JSON.parse(stderr) as { error: { message: string } }
    expect([code, error.message]).toEqual([2, '--json and --format csv do not go together'])
  })
})

const FREED: readonly (readonly [Freed, boolean, string])[] = [
  [{ fileCount: 12, sizeBytes: 3_400_000 }, false, '12 files (3.4 MB) freed'],
  [{ fileCount: 1, sizeBytes: 12 }, true, '1 file (12 B) would be freed'],
  [{ fileCount: 3, sizeBytes: null }, false, '3 files freed'],
  [{ fileCount: 2, sizeBytes: 999_960 }, false, '2 files (1.0 MB) freed'],
  [{ fileCount: 0, sizeBytes: 0 }, true, 'nothing to free'],
]

test.each(FREED)('%j (dry run: %s) is told as %s', (freed, dryRun, text) => {
  expect(freedText(freed, dryRun)).toBe(text)
})
