/** The commands of docs/operations.md, run one after the other on two tables, as an operator does. */
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { testWarehouse, type TestWarehouse } from '../support/cli.ts'
import { runbook, runbookLines, wordsOf } from '../support/runbook.ts'

let wh: TestWarehouse
/** Between the first commits and the later ones. */
let then: Date

function field(name: string, type: string): object {
  return { name, type }
}

beforeAll(async () => {
  wh = testWarehouse()
  const orders = {
    fields: [field('dt', 'STRING'), field('id', 'BIGINT'), field('status', 'STRING')],
    partitionKeys: ['dt'],
    primaryKeys: ['dt', 'id'],
    options: { bucket: 2 },
  }
  const visits = { fields: [field('user_id', 'BIGINT'), field('page', 'STRING')] }
  const create = async (name: string, schema: object): Promise<string> =>
    await wh.ok(['create', name, '--schema', '-'], { stdin: JSON.stringify(schema) })
  await create('shop.orders', orders)
  await create('shop.visits', visits)
  const write = async (name: string, rows: readonly object[]): Promise<string> =>
    await wh.ok(['write', name, '-'], {
      stdin: rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
    })
  const days = ['2026-11-19', '2026-11-20', '2026-11-21']
  const rowsOf = (status: string): object[] =>
    days.flatMap((dt) => [1, 3, 7].map((id) => ({ dt, id, status })))
  await write('shop.orders', rowsOf('new'))
  await wait(5)
  then = new Date()
  await wait(5)
  await write('shop.orders', rowsOf('damaged'))
  for (const user_id of [7, 8]) await write('shop.visits', [{ user_id, page: '/' }])
})
afterAll(() => wh[Symbol.dispose]())

test('the commands of the runbook work, one after the other', async () => {
  const local = new Date(then.getTime() - then.getTimezoneOffset() * 60_000)
  const now = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000)
  const rows = wh.file('today.jsonl')
  writeFileSync(rows, '{"dt": "2026-11-21", "id": "9", "status": "new"}\n')
  const failed: string[] = []
  for (const line of runbookLines) {
    const words = wordsOf(line)
      .map((word) => word.replace('2026-11-20T08:00:00Z', then.toISOString()))
      .map((word) => word.replace('2026-11-20 08:00:00', localText(local)))
      .map((word) => word.replace('2026-11-20 20:00:00', localText(now)))
      .map((word) => (FILES.has(word) ? wh.file(word) : word))
    const signal = isEndless(words) ? AbortSignal.timeout(50) : new AbortController().signal
    const { code, stderr } = await wh.run(words, { signal })
    if (code !== (isEndless(words) ? 130 : 0)) failed.push(`${line}: ${code} ${stderr}`)
  }
  expect(failed).toEqual([])
})

test('what the runbook restores is there, and what it drops is gone', async () => {
  const rows = await wh.ok(['read', 'shop.orders', '--format', 'jsonl'])
  const kept = ['2026-11-20', '2026-11-21'].flatMap((dt) =>
    [1, 3, 7].map((id) => JSON.stringify({ dt, id: String(id), status: 'new', note: null })),
  )
  expect(rows.trim().split('\n').toSorted()).toEqual(kept)
  expect(
    await wh.ok(['read', 'shop.page_visits', '--format', 'jsonl', '--select', 'user_id']),
  ).toBe('{"user_id":"8"}\n')
  for (const table of ['shop.orders', 'shop.page_visits']) await wh.ok(['check', table])
})

test('the metrics are there that the runbook names', () => {
  const named = [...runbook.matchAll(/`((?:paimon|millrace)_\w+)`/g)].map(([, name = '']) => name)
  const measured = readFileSync(wh.file('loader.prom'), 'utf8')
  expect(named.length).toBeGreaterThan(3)
  expect(named.filter((name) => !measured.includes(`\n${name}`))).toEqual([])
})

/** Those that go on until they are interrupted. */
function isEndless(words: readonly string[]): boolean {
  return words.includes('--watch')
}

const FILES = new Set([
  'orders.html',
  'today.jsonl',
  'restored.parquet',
  'loader.prom',
  'compactor.prom',
])

/** `2026-11-20 08:00:00.125` */
function localText(time: Date): string {
  return time.toISOString().slice(0, -1).replace('T', ' ')
}
