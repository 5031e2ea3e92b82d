/** `millrace changes`: what it prints, where it starts, and how its consumers move. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { testWarehouse, type TestWarehouse } from '../support/cli.ts'

const SCHEMA = `{"fields": [{"name": "id", "type": "BIGINT NOT NULL"}, {"name": "v", "type": "STRING"}],
  "primaryKeys": ["id"], "options": {"bucket": "1"}}`

let wh: TestWarehouse

beforeEach(async () => {
  wh = testWarehouse()
  await wh.ok(['create', 'shop.t', '--schema', '-'], { stdin: SCHEMA })
})
afterEach(() => wh[Symbol.dispose]())

/** One commit for each argument. */
async function write(...commits: readonly string[]): Promise<void> {
  for (const stdin of commits) await wh.ok(['write', 'shop.t'], { stdin })
}

async function changes(...flags: readonly string[]): Promise<string[]> {
  const printed = await wh.ok(['changes', 'shop.t', ...flags])
  return printed.split('\n').slice(0, -1)
}

const ONE = '{"_kind":"+I","id":"1","v":"one"}'
const TWO = '{"_kind":"+I","id":"2","v":"two"}'
const GONE = '{"_kind":"-D","id":"1","v":"one"}'

describe('what is printed', () => {
  test('rows with their kinds, from the earliest snapshot to the latest', async () => {
    await write(ONE, `${TWO}\n${GONE}`)
    expect(await changes()).toEqual([ONE, GONE, TWO])
  })

  test('nothing for a table without snapshots, or from the latest on', async () => {
    expect(await changes()).toEqual([])
    await write(ONE)
    expect(await changes('--from', 'latest')).toEqual([])
  })

  test('from a snapshot, a time, or a state', async () => {
    await write(ONE, GONE, TWO)
    expect(await changes('--from', '2')).toEqual([GONE, TWO])
    expect(await changes('--from', '2000-01-01')).toEqual([ONE, GONE, TWO])
    expect(await changes('--from', 'latest-full')).toEqual([TWO])
    expect(await changes('--option', 'scan.mode=latest-full')).toEqual([TWO])
    expect(await changes('--option', 'scan.snapshot-id=3')).toEqual([TWO])
  })

  test('columns and rows that are asked for', async () => {
    await write(ONE, `${TWO}\n${GONE}`)
    expect(await changes('--select', 'v', '--where', 'id = 2')).toEqual([
      '{"_kind":"+I","v":"two"}',
    ])
    expect(await changes('--limit', '2')).toEqual([ONE, GONE])
    expect(await changes('--format', 'csv', '--limit', '1')).toEqual(['_kind,id,v', '+I,1,one'])
  })

  test('the audit log, which has the kinds in a column of its own', async () => {
    await write(ONE, GONE)
    const printed = await wh.ok(['changes', 'shop.t$audit_log', '--where', 'id = 1'])
    expect(printed).toBe(
      '{"rowkind":"+I","id":"1","v":"one"}\n{"rowkind":"-D","id":"1","v":"one"}\n',
    )
  })

  test('a file, in the format that its name tells', async () => {
    await write(ONE)
    const file = wh.file('changes.csv')
    await wh.ok(['changes', 'shop.t', '-o', file])
    expect(readFileSync(file, 'utf8')).toBe('_kind,id,v\n+I,1,one\n')
  })
})

function consumerPath(name: string): string {
  return join(wh.directory, 'shop.db', 't', 'consumer', `consumer-${name}`)
}

describe('a consumer', () => {
  test('goes on behind what was printed', async () => {
    await write(ONE)
    expect(await changes('--consumer', 'audit')).toEqual([ONE])
    expect(readFileSync(consumerPath('audit'), 'utf8')).toBe('{\n  "nextSnapshot" : 2\n}')
    await write(TWO, GONE)
    expect(await changes('--consumer', 'audit')).toEqual([TWO, GONE])
    expect(await changes('--consumer', 'audit')).toEqual([])
  })

  test('does not pass a snapshot that was printed in part', async () => {
    await write(`${ONE}\n${TWO}`)
    expect(await changes('--consumer', 'audit', '--limit', '1')).toEqual([ONE])
    expect(await changes('--consumer', 'audit')).toEqual([ONE, TWO])
  })

  test('passes what goes to a file when the file is there', async () => {
    await write(ONE)
    const argv = ['changes', 'shop.t', '--consumer', 'audit', '-o']
    expect(await wh.run([...argv, wh.file('missing/out.txt.gz')])).toMatchObject({ code: 2 })
    expect(existsSync(consumerPath('audit'))).toBe(false)
    await wh.ok([...argv, wh.file('out.parquet')])
    expect(await changes('--consumer', 'audit')).toEqual([])
  })
})

describe('what is refused', () => {
  test.each([
    [['--from', 'oldest'], 2, '--from "oldest" is no start of a stream'],
    [['--from', 'lates'], 2, 'did you mean "latest"'],
    [['--from', '7'], 3, 'snapshot 7 is beyond those of the table'],
    [['--follow', '-o', 'x.jsonl'], 2, 'a file appears at its end'],
    [['--follow', '--format', 'parquet'], 2, 'a stream that follows has no end'],
    [['--from', 'latest', '--option', 'scan.snapshot-id=1'], 2, 'given twice'],
    [['--option', 'incremental-between=1,2'], 1, 'cannot start by incremental-between'],
  ] as const)('%j', async (flags, code, problem) => {
    await write(ONE)
    const result = await wh.run(['changes', 'shop.t', ...flags])
    expect(result.stderr).toContain(problem)
    expect(result.code).toBe(code)
  })

  test('changes of a system table that has none', async () => {
    const result = await wh.run(['changes', 'shop.t$files'])
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toContain('cannot be followed')
  })
})
