/** The command as a process: exit codes, signals, and pipes that close. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { testWarehouse, type TestWarehouse } from '../support/cli.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const SCHEMA =
  '{"fields":[{"name":"id","type":"INT"},{"name":"pad","type":"STRING"}],"options":{"bucket":"-1"}}'

let wh: TestWarehouse

beforeAll(async () => {
  wh = testWarehouse()
  await wh.ok(['create', 'shop.rows', '--schema', '-'], { stdin: SCHEMA })
  const rows = Array.from({ length: 20_000 }, (_, id) => `{"id":${id},"pad":"${'x'.repeat(50)}"}\n`)
  await wh.ok(['write', 'shop.rows'], { stdin: rows.join('') })
})
afterAll(() => wh[Symbol.dispose]())

function start(argv: readonly string[]): ChildProcessWithoutNullStreams {
  const env = {
    ...process.env,
    MILLRACE_WAREHOUSE: wh.directory,
    XDG_CACHE_HOME: wh.file('cache'),
    NODE_COMPILE_CACHE: undefined,
  }
  const child = spawn(process.execPath, [MAIN, ...argv], { env, stdio: 'pipe' })
  child.stdin.on('error', () => {})
  return child
}

async function ended(
  child: ChildProcessWithoutNullStreams,
): Promise<{ code: number | null; stderr: string }> {
  const [stderr, [code]] = await Promise.all([
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  return { code, stderr }
}

describe('the process', () => {
  test('prints rows, and ends with 0', async () => {
    const child = start(['read', 'shop.rows', '--format', 'csv', '--limit', '2'])
    const [stdout, { code, stderr }] = await Promise.all([text(child.stdout), ended(child)])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.split('\n')).toHaveLength(4)
    // What was compiled is kept for the next start.
    expect(readdirSync(wh.file('cache/millrace'))).not.toHaveLength(0)
  })

  test('ends with the code of the failure', async () => {
    const child = start(['read', 'shop.row'])
    child.stdout.resume()
    expect(await ended(child)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('did you mean "rows"') as string,
    })
  })

  test('does not wait for input that it does not read', async () => {
    const child = start(['write', 'shop.row', '-'])
    child.stdout.resume()
    expect((await ended(child)).code).toBe(3)
  })

  test('ends quietly when the reader of its output goes away', async () => {
    const child = start(['read', 'shop.rows', '--format', 'jsonl'])
    const done = ended(child)
    await once(child.stdout, 'data')
    child.stdout.destroy()
    expect(await done).toEqual({ code: 0, stderr: '' })
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s while it writes commits nothing and leaves no files',
    async (signal, exitCode) => {
      const before = readdirSync(wh.directory, { recursive: true }).length
      const child = start(['write', 'shop.rows', '-'])
      child.stdout.resume()
      const done = ended(child)
      // More than pipes hold: when it is taken, the child is reading. The input stays open, so it cannot end by itself.
      const rows = Array.from({ length: 100_000 }, (_, id) => `{"id":${id}}\n`)
      await new Promise((taken) => child.stdin.write(rows.join(''), taken))
      child.kill(signal)
      const { code, stderr } = await done
      expect(code).toBe(exitCode)
      expect(stderr).toMatch(/^error ABORTED: /)
      expect(readdirSync(wh.directory, { recursive: true })).toHaveLength(before)
    },
  )

  test('prints changes as they come, and ends in order when it is interrupted', async () => {
    const quick = ['--option', 'continuous.discovery-interval=20ms']
    const child = start(['changes', 'shop.rows', '--from', 'latest-full', '--follow', ...quick])
    const done = ended(child)
    let printed = ''
    for await (const chunk of child.stdout) {
      if (printed === '') await wh.ok(['write', 'shop.rows'], { stdin: '{"id":-1,"pad":"new"}' })
      printed += String(chunk)
      if (printed.endsWith('{"_kind":"+I","id":-1,"pad":"new"}\n')) child.kill('SIGINT')
    }
    expect(printed.split('\n')).toHaveLength(20_002)
    expect(await done).toEqual({ code: 130, stderr: '' })
  })
})
