import { describe, expect, test } from 'vitest'

import { displayWidth, printable, shortened } from '../../src/cli/printable.ts'
import { TableWriter } from '../../src/cli/table-writer.ts'
import { batchBuilder, finishBatch } from '../../src/types/column-builder.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { jsonAppender } from '../../src/types/json-value.ts'
import { parseTypeText } from '../../src/types/type-text.ts'

const FIELDS: DataField[] = [
  { id: 0, name: 'n', type: parseTypeText('INT') },
  { id: 1, name: 'name', type: parseTypeText('STRING') },
]

async function table(batches: readonly (readonly [n: number | null, name: string | null][])[]) {
  const chunks: Uint8Array[] = []
  const out = {
    write: async (bytes: Uint8Array) => void chunks.push(bytes),
    close: async () => {},
    abort: async () => {},
  }
  const writer = new TableWriter(FIELDS, out)
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

test.each([
  ['abc', 3],
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
