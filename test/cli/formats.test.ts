/** Rows through every format and back, and the golden tables through the command line. */
import { readFileSync } from 'node:fs'

import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { EXCHANGE_FORMATS } from '../../src/format/exchange/row-writer.ts'
import { cli, testWarehouse, type TestWarehouse } from '../support/cli.ts'
import {
  canonicalRow,
  differences,
  comparableRows,
  expectedRows,
  GOLDEN_WAREHOUSE,
  type GoldenCase,
  goldenCases,
  isOfTheCopy,
  NO_DIFFERENCES,
} from '../support/golden-expect.ts'

const GOLDEN = ['--warehouse', GOLDEN_WAREHOUSE]

/** Tables of every type that can be read, with nulls, odd texts and nested values. */
const TABLES = ['types_pk', 'types_append', 'types_key', 'typed_partitions', 'odd_partitions']

function rows(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => canonicalRow(JSON.parse(line) as unknown))
    .toSorted()
}

const golden: Map<string, string> = new Map()
let wh: TestWarehouse

beforeAll(async () => {
  wh = testWarehouse()
  for (const table of TABLES) {
    const { stdout } = await cli(['read', `golden.${table}`, '--format', 'jsonl', ...GOLDEN])
    golden.set(table, stdout)
    const schema = await cli(['describe', `golden.${table}`, '--format', 'json', ...GOLDEN])
    for (const format of EXCHANGE_FORMATS)
      for (const way of ['pipe', 'file'])
        await wh.ok(['create', `${way}.${table}_${format}`, '--schema', '-'], {
          stdin: schema.stdout,
        })
  }
})
afterAll(() => wh[Symbol.dispose]())

describe.each(EXCHANGE_FORMATS)('as %s', (format) => {
  test.each(TABLES)('the rows of %s come back from a pipe', async (table) => {
    const printed = await cli(['read', `golden.${table}`, '--format', format, ...GOLDEN])
    expect(printed).toMatchObject({ code: 0, stderr: '' })
    const copy = `pipe.${table}_${format}`
    await wh.ok(['write', copy, '-', '--format', format], { stdin: printed.stdoutBytes })
    const read = await wh.ok(['read', copy, '--format', 'jsonl'])
    expect(differences(rows(read), rows(golden.get(table)!))).toEqual(NO_DIFFERENCES)
    expect(rows(read).length).toBeGreaterThan(0)
  })

  test.each(TABLES)('the rows of %s come back from a file', async (table) => {
    const file = wh.file(`${table}.${format}`)
    expect(await cli(['read', `golden.${table}`, '-o', file, ...GOLDEN])).toMatchObject({
      code: 0,
      stdout: '',
    })
    const copy = `file.${table}_${format}`
    await wh.ok(['write', copy, file])
    const read = await wh.ok(['read', copy, '--format', 'jsonl'])
    expect(differences(rows(read), rows(golden.get(table)!))).toEqual(NO_DIFFERENCES)
  })

  test('no rows are an empty table', async () => {
    const none = ['read', 'golden.types_pk', '--limit', '0', ...GOLDEN]
    const printed = await cli([...none, '--format', format])
    await cli([...none, '-o', wh.file(`none.${format}`)])
    for (const argv of [['-', '--format', format], [wh.file(`none.${format}`)]]) {
      const written = await wh.run(['write', 'pipe.types_pk_jsonl', ...argv], {
        stdin: printed.stdoutBytes,
      })
      expect(written).toMatchObject({ code: 0, stderr: 'there was nothing to write\n' })
    }
  })
})

test('Arrow data is a stream on stdout and a file with an index behind --output', async () => {
  const argv = ['read', 'golden.types_pk', ...GOLDEN]
  const { stdoutBytes } = await cli([...argv, '--format', 'arrow'])
  expect(stdoutBytes.subarray(0, 6).toString('latin1')).not.toBe('ARROW1')
  await cli([...argv, '-o', wh.file('rows.arrow')])
  const file = readFileSync(wh.file('rows.arrow'))
  expect(file.subarray(0, 6).toString('latin1')).toBe('ARROW1')
  const count = rows(golden.get('types_pk')!).length
  expect(tableFromIPC(stdoutBytes).numRows).toBe(count)
  expect(tableFromIPC(file).numRows).toBe(count)
})

test('Arrow data that is cut is refused, or gives whole batches', async () => {
  const { stdoutBytes } = await cli(['read', 'golden.types_pk', '--format', 'arrow', ...GOLDEN])
  await cli(['read', 'golden.types_pk', '-o', wh.file('cut.arrow'), ...GOLDEN])
  const count = rows(golden.get('types_pk')!).length
  for (const whole of [stdoutBytes, readFileSync(wh.file('cut.arrow'))])
    for (const share of [0.1, 0.5, 0.8, 0.95]) {
      const stdin = whole.subarray(0, Math.floor(whole.length * share))
      const argv = ['write', 'pipe.types_append_arrow', '-', '--format', 'arrow']
      const { code, stderr } = await wh.run(argv, { stdin })
      expect(stderr).toMatch(new RegExp(`^error CORRUPT|^${count} rows|^there was nothing`))
      expect(stderr.startsWith('error') ? 1 : 0).toBe(code)
    }
})

describe('the golden tables through the command line', () => {
  const cases = goldenCases.filter(
    ({ isStream, at }) => !isStream && (at === undefined || /^\d+$/.test(at)),
  )

  test.each(cases.map((each) => [each.name, each] as const))('%s', async (_, each: GoldenCase) => {
    const { table, systemTable, at } = each
    const name = `golden.${table}${systemTable === undefined ? '' : `$${systemTable}`}`
    const travel = at === undefined ? [] : ['--option', `scan.snapshot-id=${at}`]
    const result = await cli(['read', name, '--format', 'jsonl', ...travel, ...GOLDEN])
    expect(result).toMatchObject({ code: 0, stderr: '' })
    const expected = expectedRows(each, GOLDEN_WAREHOUSE)
    const actual = rows(result.stdout).map((row) => {
      const columns = Object.entries(JSON.parse(row) as object)
      const kept = columns.filter(([column]) => !isOfTheCopy(each, column))
      return canonicalRow(Object.fromEntries(kept))
    })
    expect(differences(comparableRows(each, actual), comparableRows(each, expected))).toEqual(
      NO_DIFFERENCES,
    )
  })
})
