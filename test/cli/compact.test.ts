/** `compact`: what it prints, and what it leaves. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { testWarehouse, type TestWarehouse } from '../support/cli.ts'

const SCHEMA = JSON.stringify({
  fields: [
    { name: 'region', type: 'STRING' },
    { name: 'id', type: 'BIGINT' },
    { name: 'v', type: 'STRING' },
  ],
  partitionKeys: ['region'],
  primaryKeys: ['region', 'id'],
  options: { bucket: 1, 'write-only': true },
})

let wh: TestWarehouse
beforeEach(async () => {
  wh = testWarehouse()
  await wh.ok(['create', 'shop.orders', '--schema', '-'], { stdin: SCHEMA })
  for (const v of ['a', 'b'])
    await wh.ok(['write', 'shop.orders', '-'], {
      stdin: `{"region":"eu","id":"1","v":"${v}"}\n{"region":"us","id":"1","v":"${v}"}\n`,
    })
})
afterEach(() => wh[Symbol.dispose]())

const levels = async (): Promise<string[]> => {
  const printed = await wh.ok(['files', 'shop.orders', '--select', 'level', '--format', 'csv'])
  return printed.trim().split('\n').slice(1).toSorted()
}

describe('compact', () => {
  test('leaves alone what is not due', async () => {
    const { code, stdout, stderr } = await wh.run(['compact', 'shop.orders'])
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '',
      stderr: 'there was nothing to compact\n',
    })
  })

  test('merges all files, or those of a partition', async () => {
    const some = await wh.run(['compact', 'shop.orders', '--full', '--partition', 'region=eu'])
    expect(some).toMatchObject({ code: 0, stderr: 'compacted in snapshot 3\n' })
    expect(await levels()).toEqual(['0', '0', '5'])
    await wh.ok(['compact', 'shop.orders', '--full', '--where', "region = 'us'"])
    expect(await levels()).toEqual(['5', '5'])
    const rows = await wh.ok(['read', 'shop.orders', '--format', 'jsonl'])
    expect(rows.trim().split('\n').toSorted()).toEqual([
      '{"region":"eu","id":"1","v":"b"}',
      '{"region":"us","id":"1","v":"b"}',
    ])
    await wh.ok(['check', 'shop.orders', '--all-snapshots'])
  })

  test.each([
    [[], '2 buckets of shop.orders: compacted in snapshot 3\n', ''],
    [['--json'], '', '{"table":"shop.orders","bucketCount":2,"snapshots":[3]}\n'],
  ])('watches until it is interrupted, and leaves nothing behind %j', async (flags, told, json) => {
    const controller = new AbortController()
    const words = ['compact', 'shop.orders', '--full', '--watch', ...flags]
    const input = { signal: controller.signal, onOutput: () => controller.abort() }
    expect(await wh.run(words, input)).toMatchObject({
      code: 130,
      stdout: json,
      stderr: `${told}stopped watching shop.orders, after 1 snapshot\n`,
    })
    expect(await levels()).toEqual(['5', '5'])
    const report = await wh.ok(['check', 'shop.orders', '--json'])
    expect(JSON.parse(report)).toMatchObject({ damage: [], counts: { orphanFiles: 0 } })
  })

  test.each([
    ['a column that is no partition key', ['--where', 'id = 1']],
    ['a partition that has no name', ['--partition', 'eu']],
    ['a partition key that there is not', ['--partition', 'regio=eu']],
  ])('refuses %s', async (_, flags) => {
    const { code, stderr } = await wh.run(['compact', 'shop.orders', ...flags])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^error INVALID: .*\nhint: .*\n$/)
  })
})
