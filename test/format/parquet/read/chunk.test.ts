import { describe, expect, test } from 'vitest'

import { PAGE, PHYSICAL, REPETITION } from '../../../../src/format/parquet/metadata.ts'
import { offsetIndexBytes } from '../../../../src/format/parquet/write/metadata-writer.ts'
import { parseTypeText } from '../../../../src/types/type-text.ts'
import { packedRun, repeatedRun, withLength } from '../../../support/parquet-encode.ts'
import {
  concat,
  type ColumnOptions,
  failureOf,
  file,
  int32s,
  int64s,
  levels,
  page,
  valuesOf,
} from '../../../support/parquet-handmade.ts'
import { assemble, inspect, type RawPage } from '../../../support/parquet-pages.ts'
import { openBytes, readColumns, writeParquet } from '../../../support/parquet.ts'
import { batchOf, fieldsOf } from '../../../support/random-columns.ts'

const { REPEATED, REQUIRED } = REPETITION
const { INT32, INT96, BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY } = PHYSICAL

describe('chunks', () => {
  const required = { repetition: REQUIRED }

  test('pages of other kinds, empty pages and padding are passed over', async () => {
    const pages = [
      page(0, new Uint8Array(0)),
      page(1, int32s(5)),
      page(3, new Uint8Array(20), { type: PAGE.INDEX }),
      page(0, new Uint8Array(0)),
      page(1, int32s(6)),
    ]
    const padding = new Uint8Array(30).fill(0xff)
    const bytes = file(INT32, pages, { ...required, chunk: { padding } })
    expect(await valuesOf(bytes, 'INT')).toEqual([5, 6])
  })

  test.each<[string, RawPage[], ColumnOptions, string]>([
    ['more values than rows', [page(2, int32s(1, 2))], { rowCount: 1 }, '2 values of 1 rows'],
    ['fewer values than rows', [page(2, int32s(1, 2))], { rowCount: 3 }, '2 values of 3 rows'],
    [
      'pages with more values than the footer says',
      [page(2, int32s(1, 2))],
      { rowCount: 1, valueCount: 1 },
      'more values than it has',
    ],
    [
      'pages with fewer values than the footer says',
      [page(2, int32s(1, 2))],
      { rowCount: 3, valueCount: 3 },
      'has no page for row 2',
    ],
    ['no pages', [], { rowCount: 1, valueCount: 1 }, 'has no page for row 0'],
    [
      'a page of more values than are taken',
      [page(2 ** 26 + 1, int32s(1))],
      {},
      'of 67108865 values',
    ],
    [
      'a page of a negative number of values',
      [page(-5, int32s(1))],
      { rowCount: 1, valueCount: 1 },
      'negative number',
    ],
  ])('%s are refused', async (_, pages, options, words) => {
    const error = await failureOf(file(INT32, pages, { ...required, ...options }), 'INT')
    expect(error).toMatchObject({ message: expect.stringContaining(words) })
  })

  test('that share bytes are CORRUPT', async () => {
    const element = { physical: INT32, repetition: REQUIRED }
    const raw = { physical: INT32, valueCount: 9, pages: [page(9, new Uint8Array(36))] }
    const whole = assemble({
      schema: [
        { name: 'root', childCount: 2 },
        { ...element, name: 'a' },
        { ...element, name: 'b' },
      ],
      rowGroups: [
        {
          rowCount: 9,
          chunks: [
            { ...raw, path: ['a'] },
            { ...raw, path: ['b'], padding: new Uint8Array(99) },
          ],
        },
      ],
    })
    expect(await valuesOf(whole, 'INT')).toEqual(Array.from({ length: 9 }, () => 0))
    const mixed = assemble({
      schema: [
        { name: 'root', childCount: 2 },
        { ...element, name: 'a' },
        { ...element, name: 'c' },
      ],
      rowGroups: [
        {
          rowCount: 9,
          chunks: [
            { ...raw, path: ['a'] },
            { ...raw, path: ['b'] },
          ],
        },
      ],
    })
    expect(await failureOf(mixed, 'INT')).toMatchObject({
      message: expect.stringContaining('column c is called b as well'),
    })
  })

  test('a repeated column does not read as a single value', async () => {
    const body = concat(levels(packedRun([0, 1], 1)), levels(repeatedRun(1, 2, 1)), int32s(1, 2))
    const bytes = file(INT32, [page(2, body)], { repetition: REPEATED, rowCount: 1 })
    for (const type of ['INT', 'ROW<`x` INT>', 'MAP<INT NOT NULL, INT>'])
      expect(await failureOf(bytes, type)).toMatchObject({
        message: expect.stringContaining('column a repeats'),
      })
  })
})

describe('an offset index that does not fit its pages', () => {
  const flat = fieldsOf([parseTypeText('INT')])
  const nested = fieldsOf([parseTypeText('ARRAY<INT>')])

  /** A file of ten pages of ten rows whose index was changed. */
  async function lying(
    isNested: boolean,
    change: (rows: { offset: number; firstRow: number; compressedBytes: number }[]) => void,
  ): Promise<Uint8Array> {
    const fields = isNested ? nested : flat
    const rows = Array.from({ length: 100 }, (_, i) => [isNested ? [i, i] : i])
    const bytes = await writeParquet(fields, [batchOf(fields, rows)], {
      pageRows: 10,
      dictionary: false,
    })
    const { chunk, offsetIndex } = (await inspect(bytes))[0]![0]!
    const pages = offsetIndex!.map((each) => ({ ...each }))
    change(pages)
    const changed = offsetIndexBytes(pages as never)
    expect(changed.length).toBe(chunk.offsetIndexLength)
    bytes.set(changed, chunk.offsetIndexOffset)
    return bytes
  }

  test.each<
    [string, (pages: { offset: number; firstRow: number; compressedBytes: number }[]) => void]
  >([
    ['other first rows', (pages) => (pages[3]!.firstRow += 1)],
    ['rows that go back', (pages) => (pages[3]!.firstRow = 5)],
    ['a page too long', (pages) => (pages[9]!.compressedBytes += 1)],
    ['a page outside of the chunk', (pages) => (pages[0]!.offset = 1)],
    ['a page in the middle of another', (pages) => (pages[4]!.offset += 3)],
    ['the same page twice', (pages) => (pages[4]!.offset = pages[3]!.offset)],
  ])('%s: CORRUPT, and never other rows', async (_, change) => {
    for (const isNested of [false, true]) {
      const bytes = await lying(isNested, change)
      const fields = isNested ? nested : flat
      for (let from = 0; from < 97; from += 7) {
        const read = readColumns(await openBytes(bytes), { fields, rows: [{ from, to: from + 3 }] })
        const value = await read.catch((error: unknown) => error)
        const wanted = [from, from + 1, from + 2].map((i) => (isNested ? [i, i] : i))
        const isRefused = value instanceof Error && (value as { code?: string }).code === 'CORRUPT'
        expect(isRefused ? [wanted] : value).toEqual([wanted])
      }
    }
  })
})

function instant(julianDay: bigint, nanosOfDay: bigint): Uint8Array {
  return concat(int64s(nanosOfDay), int32s(Number(julianDay)))
}

describe('INT96', () => {
  const day = 86_400_000_000_000n
  test('counts nanoseconds of a day, which Java makes negative before 1970', async () => {
    const epoch = 2_440_588n
    const body = concat(
      instant(epoch, 0n),
      instant(epoch, 1n),
      instant(epoch - 1n, day - 1n),
      instant(epoch, -1n),
      instant(epoch - 5n, -7n),
      instant(epoch + 106_751n, 85_636_854_775_807n),
    )
    const bytes = file(INT96, [page(6, body)], { repetition: REQUIRED })
    const wanted = [0n, 1n, -1n, -1n, -5n * day - 7n, 2n ** 63n - 1n]
    expect(await valuesOf(bytes, 'TIMESTAMP(9)')).toEqual(wanted)
    expect(await valuesOf(bytes, 'TIMESTAMP(3)')).toEqual(
      wanted.map((nanos) => (nanos < 0n ? (nanos - 999_999n) / 1_000_000n : nanos / 1_000_000n)),
    )
  })

  test('beyond what nanoseconds can count is UNSUPPORTED, unless coarser ones are wanted', async () => {
    const bytes = file(INT96, [page(1, instant(5_373_484n, 0n))], { repetition: REQUIRED })
    expect(await failureOf(bytes, 'TIMESTAMP(9)')).toMatchObject({ code: 'UNSUPPORTED' })
    expect(await valuesOf(bytes, 'TIMESTAMP(6)')).toEqual([253_402_214_400_000_000n])
  })
})

test('decimals in byte strings have any length', async () => {
  const wide = Uint8Array.of(
    255,
    255,
    255,
    255,
    255,
    255,
    255,
    255,
    255,
    255,
    255,
    255,
    255,
    255,
    255,
    255,
    255,
    1,
  )
  const values = [
    Uint8Array.of(5),
    Uint8Array.of(0xff),
    Uint8Array.of(1, 0),
    wide,
    new Uint8Array(0),
  ]
  const body = concat(...values.map(withLength))
  const decimal = { element: { logical: { kind: 'DECIMAL', precision: 30, scale: 2 } as const } }
  const bytes = file(BYTE_ARRAY, [page(5, body)], { repetition: REQUIRED, ...decimal })
  expect(await valuesOf(bytes, 'DECIMAL(30, 2)')).toEqual([5n, -1n, 256n, -255n, 0n])
  const tooWide = Uint8Array.of(1, ...wide)
  const broken = file(BYTE_ARRAY, [page(1, withLength(tooWide))], {
    repetition: REQUIRED,
    ...decimal,
  })
  expect(await failureOf(broken, 'DECIMAL(30, 2)')).toMatchObject({ code: 'CORRUPT' })
  expect(await failureOf(bytes, 'DECIMAL(30, 3)')).toMatchObject({ code: 'CORRUPT' })
})

test('a width that only the footer claims allocates nothing', async () => {
  const options = { repetition: REQUIRED, element: { typeLength: 1 << 24 } }
  const before = process.memoryUsage().arrayBuffers
  const bytes = file(FIXED_LEN_BYTE_ARRAY, [page(1000, new Uint8Array(1000))], options)
  expect(await failureOf(bytes, 'BYTES')).toMatchObject({ code: 'CORRUPT' })
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000)
})
