import { PassThrough } from 'node:stream'

import { describe, expect, test } from 'vitest'

import { paintFor, PLAIN } from '../../src/cli/colour.ts'
import { displayWidth, printable, shortened } from '../../src/cli/printable.ts'
import { columnWidths } from '../../src/cli/table-widths.ts'
import { type TableLook, TableWriter } from '../../src/cli/table-writer.ts'
import { batchBuilder, finishBatch } from '../../src/types/column-builder.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { jsonAppender } from '../../src/types/json-value.ts'
import { parseTypeText } from '../../src/types/type-text.ts'

const FIELDS: DataField[] = [
  { id: 0, name: 'n', type: parseTypeText('INT') },
  { id: 1, name: 'name', type: parseTypeText('STRING') },
]

async function table(
  batches: readonly (readonly [n: number | null, name: string | null][])[],
  look?: TableLook,
) {
  const chunks: Uint8Array[] = []
  const out = {
    write: async (bytes: Uint8Array) => void chunks.push(bytes),
    close: async () => {},
    abort: async () => {},
  }
  const writer = new TableWriter(FIELDS, out, look)
  for (const rows of batches) {
    const builder = batchBuilder(FIELDS)
    const append = jsonAppender(FIELDS)
    for (const [i, [n, name]] of rows.entries()) append(builder, { n, name }, i + 1)
    await writer.write(finishBatch(builder))
  }
  await writer.close()
  return Buffer.concat(chunks).toString().split('\n').slice(0, -1)
}

describe('a printed table', () => {
  test('aligns numbers to the right and texts to the left, over all batches', async () => {
    expect(
      await table([
        [[1, 'a']],
        [
          [-100, 'long name'],
          [null, null],
        ],
      ]),
    ).toEqual(['   n  name', '----  ---------', '   1  a', '-100  long name', 'null  null'])
  })

  test('without rows has its names', async () => {
    expect(await table([])).toEqual(['n  name', '-  ----'])
  })

  test('is printed as it comes once the widths are judged', async () => {
    const rows = Array.from({ length: 1500 }, (_, n): [number, string] => [n, `row ${n}`])
    const lines = await table([rows.slice(0, 700), rows.slice(700)])
    expect(lines).toHaveLength(1502)
    expect(lines[2]).toBe('  0  row 0')
    expect(lines.at(-1)).toBe('1499  row 1499')
  })

  test('shows control characters and never obeys them', async () => {
    const [, , line] = await table([[[1, 'a\n\u001b[31mred\u202e\t']]])
    expect(line).toBe('1  a\\n\\u001b[31mred\\u202e\\t')
  })

  test('shortens long texts in their middle', async () => {
    const [, , line] = await table([[[1, `${'a'.repeat(1_000_000)}end`]]])
    expect(line).toMatch(/^1 {2}a{40}…a{36}end$/)
  })
})

describe('on a terminal', () => {
  const rows: [number, string][] = [
    [1234567, 'a text that is longer than what fits'],
    [1, '日本語日本語日本語日本語'],
  ]

  test('a table is no wider than it, and numbers stay whole', async () => {
    expect(await table([rows], { width: 20, paint: PLAIN })).toEqual([
      '      n  name',
      '-------  -----------',
      '1234567  a tex… fits',
      '      1  日本…本語',
    ])
  })

  test('rows are blocks where columns would tell nothing', async () => {
    expect(await table([rows], { width: 12, paint: PLAIN })).toEqual([
      '-- 1 -------',
      'n     1234567',
      'name  a te…its',
      '-- 2 -------',
      'n     1',
      'name  日本…語',
    ])
  })

  test('names are bold and nulls dim, and alignment does not count the colour', async () => {
    const paint = paintFor(Object.assign(new PassThrough(), { isTTY: true }), {})
    expect(await table([[[1, null]]], { width: 80, paint })).toEqual([
      '\u001b[1mn\u001b[22m  \u001b[1mname\u001b[22m',
      '\u001b[2m-  ----\u001b[22m',
      '1  \u001b[2mnull\u001b[22m',
    ])
  })
})

test.each([
  [
    'as they need',
    [
      [5, 5],
      [3, 5],
    ],
    12,
    [5, 5],
  ],
  [
    'the widest name cut',
    [
      [20, 5],
      [3, 5],
    ],
    16,
    [9, 5],
  ],
  [
    'names cut before values',
    [
      [20, 12],
      [3, 30],
    ],
    44,
    [12, 30],
  ],
  [
    'the widest text cut',
    [
      [2, 5],
      [3, 50],
    ],
    20,
    [5, 13],
  ],
  [
    'texts cut alike',
    [
      [9, 30],
      [9, 50],
      [9, 8],
    ],
    50,
    [19, 19, 8],
  ],
  [
    'too narrow',
    [
      [9, 30],
      [9, 50],
    ],
    13,
    null,
  ],
] as const)('columns are %s: %j in %i are %j wide', (_, needs, widthMax, widths) => {
  const columns = needs.map(([name, values]) => ({ name, values, isWhole: false }))
  expect(columnWidths(columns, widthMax)).toEqual(widths)
})

test('columns of numbers and times are never cut', () => {
  const columns = [
    { name: 18, values: 12, isWhole: true },
    { name: 4, values: 40, isWhole: false },
  ]
  expect(columnWidths(columns, 30)).toEqual([12, 16])
  expect(columnWidths(columns, 19)).toBeNull()
})

test.each([
  [true, {}, true],
  [false, {}, false],
  [true, { NO_COLOR: '1' }, false],
  [true, { NO_COLOR: '' }, true],
  [true, { TERM: 'dumb' }, false],
  [false, { FORCE_COLOR: '1' }, true],
  [true, { FORCE_COLOR: '0' }, false],
  [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
] as const)('a terminal (%s) with %j has colour: %s', (isTTY, env, coloured) => {
  const paint = paintFor(Object.assign(new PassThrough(), { isTTY }), env)
  expect(paint.red('x') !== 'x').toBe(coloured)
})

test.each([
  ['abc', 3],
  ['✅', 2],
  ['🇩🇪', 2],
  ['👩‍👩‍👧', 2],
  ['한국', 4],
  ['❤\ufe0f', 2],
  ['é', 1],
  ['e\u0301', 1],
  ['日本', 4],
  ['😀', 2],
  ['', 0],
])('%j takes %i columns', (text, width) => {
  expect(displayWidth(text)).toBe(width)
})

test('a shortened text fits, whatever its characters', () => {
  expect(shortened('日本日本日本日本', 7)).toBe('日…本')
  expect(displayWidth(shortened('日本日本日本日本', 9))).toBeLessThanOrEqual(9)
  expect(shortened('short', 5)).toBe('short')
  expect(printable('a\u0000\u0085')).toBe('a\\u0000\\u0085')
})
