import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { COMMANDS } from '../../../src/cli/command-table.ts'
import { wantedAt } from '../../../src/cli/completion/wanted.ts'
import { type TestWarehouse, testWarehouse } from '../../support/cli.ts'

let wh: TestWarehouse

beforeAll(async () => {
  wh = testWarehouse()
  const stdin = '{"fields": [{"name": "id", "type": "INT"}], "options": {"bucket": "-1"}}'
  for (const name of ['shop.users', 'shop.visits', 'stock.items'])
    await wh.ok(['create', name, '--schema', '-'], { stdin })
  await wh.ok(['write', 'shop.users'], { stdin: '{"id": 1}' })
  await wh.ok(['tag', 'create', 'shop.users', 'first'])
})
afterAll(() => wh[Symbol.dispose]())

/** What can follow, without what it means. */
async function offered(...words: string[]): Promise<string[]> {
  const lines = await wh.ok(['complete', '--', ...words])
  return lines
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t')[0]!)
}

const CASES: readonly (readonly [words: readonly string[], offered: readonly string[]])[] = [
  [['upd'], ['update']],
  [['tag', 'cr'], ['create']],
  [
    ['help', 'bra'],
    ['branches', 'branch'],
  ],
  [['help', 'tag', 'del'], ['delete']],
  [
    ['read', 's'],
    ['shop.', 'stock.'],
  ],
  [
    ['read', 'shop.'],
    ['shop.users', 'shop.visits'],
  ],
  [['tables', 'sh'], ['shop']],
  [['read', 'shop.users', '--fo'], ['--format']],
  [['read', 'shop.users', '--format', 'j'], ['jsonl']],
  [['read', 'shop.users', '--format=j'], ['--format=jsonl']],
  [['read', '--limit', '5', 'shop.v'], ['shop.visits']],
  [['read', 'shop.users', '--option', 'scan.snap'], ['scan.snapshot-id=']],
  [['tag', 'delete', 'shop.users', ''], ['first']],
  [['tag', 'create', 'shop.users', ''], []],
  [['write', 'shop.users', ''], [':files']],
  [['read', 'shop.users', '-o', ''], [':files']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['read', 'shop.users', ''], []],
  [['nothing', ''], []],
  [['read', 'nowhere.'], []],
]

describe('what can follow', () => {
  test.each(CASES)('%j', async (words, expected) => {
    expect((await offered(...words)).toSorted()).toEqual([...expected].toSorted())
  })

  test('comes from the warehouse that the words name', async () => {
    const { stdout } = await wh.run(['complete', 'read', '--warehouse', wh.directory, 'sh'], {
      env: { MILLRACE_WAREHOUSE: wh.file('elsewhere') },
    })
    expect(stdout).toBe('shop.\tdatabase\n')
  })

  test('is nothing, and no error, where there is no warehouse', async () => {
    const env = { MILLRACE_WAREHOUSE: '' }
    expect(await wh.run(['complete', 'read', ''], { env })).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    })
  })

  test('has every command and each of its flags, with what they mean', () => {
    for (const { name, flags } of COMMANDS) {
      const words = name.split(' ')
      const found = wantedAt(words).candidates.find(({ word }) => word === words.at(-1))
      expect(found?.summary).toMatch(/./)
      expect(wantedAt([...words, '--']).candidates.length).toBe(flags.length + 3)
    }
  })
})

test.each(['bash', 'zsh', 'fish'])(
  '%s has a script, which asks for what follows',
  async (shell) => {
    expect(await wh.ok(['completion', shell])).toContain('millrace complete -- ')
  },
)

test('another shell is told which there are', async () => {
  const { code, stderr } = await wh.run(['completion', 'bsh'])
  expect([code, stderr]).toEqual([2, expect.stringContaining('did you mean "bash"')])
})
