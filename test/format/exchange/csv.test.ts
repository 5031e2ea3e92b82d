import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { csvHeader, csvLines } from '../../../src/format/exchange/csv-lines.ts'
import { type Cell, CsvReader } from '../../../src/format/exchange/csv-records.ts'
import { readCsvRows } from '../../../src/format/exchange/csv-rows.ts'
import { batchBuilder, finishBatch } from '../../../src/types/column-builder.ts'
import type { DataField } from '../../../src/types/data-type.ts'
import { jsonAppender, jsonReader } from '../../../src/types/json-value.ts'
import { parseTypeText } from '../../../src/types/type-text.ts'

function cells(...pieces: readonly string[]): (readonly Cell[])[] {
  const reader = new CsvReader('in.csv')
  const records = [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()]
  return records.map((record) => record.cells)
}

/** A record with every cell quoted. */
function quotedLine(record: readonly Cell[]): string {
  return record.map((cell) => (cell === null ? '' : `"${cell.replaceAll('"', '""')}"`)).join(',')
}

const CASES: readonly (readonly [what: string, text: string, records: (readonly Cell[])[]])[] = [
  ['nothing', '', []],
  [
    'a last line without a newline',
    'a,b\nc,d',
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  ['a last line with one', 'a\nb\n', [['a'], ['b']]],
  ['CRLF and CR', 'a\r\nb\rc', [['a'], ['b'], ['c']]],
  [
    'nulls and empty texts',
    ',""\n"",',
    [
      [null, ''],
      ['', null],
    ],
  ],
  ['an empty line', 'a\n\nb', [['a'], [null], ['b']]],
  ['commas, quotes and newlines in quotes', '"a,b","c""d","e\r\nf"', [['a,b', 'c"d', 'e\r\nf']]],
  ['blanks, which are kept', ' a , b ', [[' a ', ' b ']]],
  ['a comma at the end', 'a,\n', [['a', null]]],
]

describe('CSV records', () => {
  test.each(CASES)('%s', (_, text, records) => {
    expect(cells(text)).toEqual(records)
    expect(cells(...text.split(''))).toEqual(records)
  })

  test.each([
    ['a quote that is never closed', 'a\n"b', /line 2: a quote is never closed, in in\.csv/],
    ['a quote in the middle of a cell', 'a\n\nb"c', /line 3: a quote stands inside/],
    ['text behind a quote', '"a"b', /line 1: text stands behind a closing quote/],
    ['a line behind newlines in quotes', '"a\n\n"\nb"', /line 4: /],
  ])('%s is refused', (_, text, message) => {
    expect(() => cells(text)).toThrow(message)
  })

  test('any cells come back from any pieces of their text', () => {
    const text = fc.string({ unit: fc.constantFrom(',', '"', '\n', '\r', 'a', ' ', 'é', '😀') })
    const record = fc.array(fc.option(text), { minLength: 2, maxLength: 4 })
    fc.assert(
      fc.property(fc.array(record), fc.integer({ min: 1, max: 9 }), (records, size) => {
        const whole = records.map((each) => `${quotedLine(each)}\n`).join('')
        const pieces = whole.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
        expect(cells(...pieces)).toEqual(records)
      }),
    )
  })
})

function field(name: string, type: string, id: number): DataField {
  return { id, name, type: parseTypeText(type, { nested: true }) }
}

const FIELDS = Object.entries({
  i: 'INT',
  b: 'BIGINT',
  d: 'DOUBLE',
  n: 'DECIMAL(20, 3)',
  s: 'STRING',
  x: 'BYTES',
  t: 'TIMESTAMP(3)',
  f: 'BOOLEAN',
  a: 'ARRAY<STRING>',
  m: 'MAP<STRING, DOUBLE>',
}).map(([name, type], id) => field(name, type, id))

async function* once(bytes: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* bytes
}

async function rowsOf(text: string, others: string[] = []): Promise<Record<string, unknown>[]> {
  const source = once([new TextEncoder().encode(text)])
  const chunks = await Array.fromAsync(readCsvRows(source, FIELDS, { path: 'in.csv', others }))
  return chunks.flat().map((row) => ({ ...row }))
}

describe('CSV rows', () => {
  test('are values as JSON has them, by the types of their columns', async () => {
    const text =
      '\uFEFFd,i,b,n,f,s,a,_kind\n1.5e3,7,9007199254740993,0.10,TRUE,7,"[""x"",null]",-D\n'
    expect(await rowsOf(text, ['_kind'])).toEqual([
      {
        d: 1500,
        i: 7,
        b: '9007199254740993',
        n: '0.10',
        f: true,
        s: '7',
        a: ['x', null],
        _kind: '-D',
      },
    ])
  })

  test('leave what is no value of the type for the writer to refuse', async () => {
    expect(await rowsOf('i,f,a,d\nx,yes,[,NaN')).toEqual([{ i: 'x', f: 'yes', a: '[', d: 'NaN' }])
  })

  test('an empty line is a null of the only column, and else no row', async () => {
    expect(await rowsOf('s\n\nx\n')).toEqual([{ s: null }, { s: 'x' }])
    expect(await rowsOf('s,i\n\nx,1\n\n')).toEqual([{ s: 'x', i: 1 }])
  })

  test.each([
    ['s,i,s\n', /names the column "s" twice/],
    ['s,,i\n', /names a column ""/],
    ['s,_kind\n', /names a column "_kind"/],
    ['s,i\nx\n', /line 2 has 1 cells, and the first line names 2 columns/],
  ])('%j is refused', async (text, message) => {
    await expect(rowsOf(text)).rejects.toThrow(message)
  })

  test('come back as they were printed', async () => {
    const rows = [
      {
        i: -1,
        b: '9223372036854775807',
        d: -0.5,
        n: '-123.450',
        s: ' "quoted", and\nbroken ',
        x: '00ff',
        t: '2026-11-21T10:00:00.123',
        f: false,
        a: ['a,b', null, '"'],
        m: [['k', 1.5]],
      },
      { ...Object.fromEntries(FIELDS.map(({ name }) => [name, null])), s: '', x: '', a: [], m: [] },
      Object.fromEntries(FIELDS.map(({ name }) => [name, null])),
      { ...Object.fromEntries(FIELDS.map(({ name }) => [name, null])), d: 'NaN', s: 'null' },
    ]
    const build = (values: readonly unknown[]): ReturnType<typeof finishBatch> => {
      const builder = batchBuilder(FIELDS)
      const append = jsonAppender(FIELDS)
      for (const [i, row] of values.entries()) append(builder, row, i + 1)
      return finishBatch(builder)
    }
    const printed = Buffer.concat([csvHeader(FIELDS), ...csvLines(build(rows), FIELDS)]).toString()
    const batch = build(await rowsOf(printed))
    const read = jsonReader(batch, FIELDS)
    expect(Array.from({ length: batch.length }, (_, row) => read(row))).toEqual(rows)
  })
})
