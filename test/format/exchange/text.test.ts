import { describe, expect, test } from 'vitest'

import { readJsonRows, ROWS_PER_CHUNK } from '../../../src/format/exchange/json-rows.ts'
import { formatOfName } from '../../../src/format/exchange/row-writer.ts'
import { textLines } from '../../../src/format/exchange/text.ts'

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

const lines = async (bytes: Uint8Array, size: number): Promise<string[]> =>
  (await Array.fromAsync(textLines(pieces(bytes, size), 'in'))).flat()

describe('lines of text', () => {
  test.each([1, 2, 3, 1000])('come whole from pieces of %i bytes', async (size) => {
    expect(await lines(bytesOf('\uFEFFé\n\n😀 x\nlast'), size)).toEqual(['é', '', '😀 x', 'last'])
    expect(await lines(bytesOf('a\n'), size)).toEqual(['a'])
    expect(await lines(bytesOf(''), size)).toEqual([])
  })

  test.each([
    ['a byte that is none', Uint8Array.of(0x61, 0xff)],
    ['a character that is cut', Uint8Array.of(0x61, 0xc3)],
  ])('%s is no UTF-8', async (_, bytes) => {
    await expect(lines(bytes, 1)).rejects.toMatchObject({
      code: 'INVALID',
      message: 'the text is no UTF-8, in in',
    })
  })
})

const rows = async (text: string, size = 7): Promise<unknown[][]> =>
  await Array.fromAsync(readJsonRows(pieces(bytesOf(text), size), 'rows.jsonl'))

describe('rows of JSON lines', () => {
  test('skip blank lines and keep large integers', async () => {
    expect(await rows('{"a":9007199254740993}\r\n\n  \n[1]\n')).toEqual([
      [{ a: 9007199254740993n }, [1]],
    ])
  })

  test('come in arrays of bounded size', async () => {
    const found = await rows('1\n'.repeat(ROWS_PER_CHUNK + 2))
    expect(found.map((chunk) => chunk.length)).toEqual([ROWS_PER_CHUNK, 2])
    const long = await rows(`"${'x'.repeat(3 << 20)}"\n`.repeat(3), 1 << 20)
    expect(long.map((chunk) => chunk.length)).toEqual([2, 1])
  })

  test('tell the line that is no JSON', async () => {
    await expect(rows('1\n\n{"a":\n')).rejects.toThrow(/^line 3 is no JSON: .*, in rows\.jsonl$/)
    await expect(rows('['.repeat(100_000))).rejects.toThrow(/^line 1 .*nests more than/)
  })
})

test.each([
  ['a.jsonl', 'jsonl'],
  ['a.b.NDJSON', 'jsonl'],
  ['/x/y.csv', 'csv'],
  ['y.feather', 'arrow'],
  ['y.parquet', 'parquet'],
  ['y.txt', undefined],
  ['csv', undefined],
  ['a.constructor', undefined],
])('the format of %s is %s', (name, format) => {
  expect(formatOfName(name)).toBe(format)
})
