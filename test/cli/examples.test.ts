import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { COMMANDS } from '../../src/cli/command-table.ts'
import { runLine } from '../support/shell-lines.ts'
import { type Shop, openShop } from '../support/shop-tables.ts'

let shop: Shop

beforeAll(async () => {
  shop = await openShop('examples')
})
afterAll(() => shop[Symbol.dispose]())

/** What has to be there, or to be gone, before the examples of a command, by its name or the first word of it. */
const BEFORE: Readonly<Record<string, readonly string[]>> = {
  create: ['millrace drop shop.users'],
  'tag create': [],
  rename: ['millrace describe shop.visits --json | millrace create archive.visits --schema -'],
  tag: ['millrace tag create shop.users v1 --snapshot 1'],
  rollback: ['millrace tag create shop.users v1 --snapshot 1'],
  'branch create': ['millrace tag create shop.users v1 --snapshot 1'],
  branch: [
    'millrace tag create shop.users v1 --snapshot 1',
    'millrace branch create shop.users dev',
    'millrace branch create shop.users fix --tag v1',
  ],
  consumer: ['millrace changes shop.users --consumer audit'],
  iceberg: ['millrace alter shop.visits "SET metadata.iceberg.storage = table-location"'],
}

/** Examples that undo what the one before them did, so that each starts from the tables as they were. */
const ALONE = new Set([
  'rename',
  'tag rename',
  'branch rename',
  'rollback',
  'drop',
  'write',
  'alter',
])

describe('each example of the help works', () => {
  test.each(COMMANDS.map((command) => [command.name, command] as const))(
    '%s',
    async (name, { examples }) => {
      expect(new Set(examples).size).toBe(examples.length)
      expect(examples.length).toBeGreaterThanOrEqual(2)
      let warehouse = ''
      for (const [i, example] of examples.entries()) {
        if (i === 0 || ALONE.has(name)) warehouse = await prepared(name, i)
        const controller = new AbortController()
        const isEndless = /--(?:watch|follow)\b|iceberg serve/.test(example)
        const env = { MILLRACE_WAREHOUSE: warehouse }
        const { signal } = controller
        if (isEndless) setTimeout(() => controller.abort(), 20)
        // Whatever else listens on this machine.
        const line = example.replace('--port 8181', '--port 0')
        const { code, text } = await runLine(line, { env, place: shop.place, signal })
        expect([example, code, text]).toEqual([example, isEndless ? 130 : 0, text])
        // What is interrupted before it has begun says so.
        expect(text).not.toMatch(/^error (?!ABORTED)/m)
      }
    },
  )
})

async function prepared(command: string, i: number): Promise<string> {
  const warehouse = await shop.copy(`examples-${command.replace(' ', '-')}-${i}`)
  const lines = BEFORE[command] ?? BEFORE[command.split(' ')[0]!] ?? []
  for (const line of lines) {
    const { code, text } = await runLine(line, { env: { MILLRACE_WAREHOUSE: warehouse } })
    expect([line, code, text]).toEqual([line, 0, text])
  }
  return warehouse
}
