import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { COMMANDS } from '../../src/cli/command-table.ts'
import { SESSIONS } from '../support/sessions.ts'
import { type LineInput, runLine } from '../support/shell-lines.ts'
import { openShop, type Shop } from '../support/shop-tables.ts'

let shop: Shop

beforeAll(async () => {
  shop = await openShop('sessions')
})
afterAll(() => shop[Symbol.dispose]())

describe('a recorded session shows what the command line prints (vitest -u records anew)', () => {
  test.each(Object.entries(SESSIONS))('%s', async (name, { lines, columns, env }) => {
    const warehouse = await shop.copy(`session-${name}`)
    let shown = ''
    for (const line of lines) {
      const { code, text } = await runLine(line.replace('--port 8181', '--port 0'), {
        env: { MILLRACE_WAREHOUSE: warehouse, ...env },
        place: shop.place,
        columns,
        ...untilServing(line),
      })
      const ending = code === 0 ? '' : `(exit code ${code})\n`
      shown += `$ ${line}\n${steady(text, `${shop.place('')}/`)}${ending}\n`
    }
    await expect(shown).toMatchFileSnapshot(join(import.meta.dirname, 'sessions', `${name}.txt`))
  })

  test('and each command is in one', () => {
    const lines = Object.values(SESSIONS).flatMap((session) => session.lines)
    const isShown = (name: string): boolean =>
      lines.some((line) => `${line} `.includes(`millrace ${name} `))
    expect(COMMANDS.map(({ name }) => name).filter((name) => !isShown(name))).toEqual([])
  })
})

/** A server is interrupted as soon as it says where it is. */
function untilServing(line: string): Pick<LineInput, 'signal' | 'onOutput'> {
  if (!line.includes(' serve')) return {}
  const controller = new AbortController()
  const onOutput = (text: string): void => {
    if (text.includes('http://')) controller.abort()
  }
  return { signal: controller.signal, onOutput }
}

/** What differs from run to run, made alike in as many columns: names, times, colours and places. */
function steady(text: string, directory: string): string {
  return text
    .replaceAll(directory, '')
    .replaceAll(/memory:\/\/session-[a-z]+\//g, '/data/')
    .replaceAll('\u001b', '␛')
    .replaceAll(
      /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g,
      '00000000-0000-0000-0000-000000000000',
    )
    .replaceAll(
      /(?<![=/'])\b20\d\d-\d\d-\d\d([T ])\d\d:\d\d:\d\d(?:\.\d{3})?/g,
      (time, between: string) => `2026-01-01${between}00:00:00.000`.slice(0, time.length),
    )
    .replaceAll(/\d+\.\d\d s\b/g, '0.00 s')
    .replaceAll(/(127\.0\.0\.1):\d+/g, '$1:8181')
}
