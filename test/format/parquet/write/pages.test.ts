import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { ENCODING } from '../../../../src/format/parquet/metadata.ts'
import { ThriftReader } from '../../../../src/format/parquet/thrift.ts'
import type { ParquetWriteOptions } from '../../../../src/format/parquet/write/file-writer.ts'
import type { DataType } from '../../../../src/types/data-type.ts'
import { type InternalValue, utf8 } from '../../../../src/types/internal-value.ts'
import { parseTypeText } from '../../../../src/types/type-text.ts'
import { inspect, type InspectedChunk } from '../../../support/parquet-pages.ts'
import { difference, openBytes, readColumns, writeParquet } from '../../../support/parquet.ts'
import {
  batchOf,
  fieldsOf,
  randomRows,
  tablePlans,
  typesToDepth,
} from '../../../support/random-columns.ts'

/** The one chunk of a file with one column. */
async function written(
  type: DataType | string,
  values: readonly InternalValue[],
  options: Partial<ParquetWriteOptions> = {},
): Promise<InspectedChunk> {
  const fields = fieldsOf([typeof type === 'string' ? parseTypeText(type) : type])
  const batch = batchOf(
    fields,
    values.map((value) => [value]),
  )
  const bytes = await writeParquet(fields, [batch], options)
  const columns = await readColumns(await openBytes(bytes), { fields })
  expect(difference(columns, [values])).toBeNull()
  const groups = await inspect(bytes)
  expect(groups.length).toBe(1)
  return groups[0]![0]!
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
const encodings = ({ dataPages }: InspectedChunk): number[] =>
  dataPages.map(({ encoding }) => encoding)

describe('the choice between dictionary and plain', () => {
  test.each<[string, string, InternalValue[]]>([
    ['integers', 'INT', range(9000).map((i) => i % 10)],
    ['64-bit integers', 'BIGINT', range(9000).map((i) => BigInt(i % 10))],
    ['strings', 'STRING', range(9000).map((i) => utf8(`word ${i % 10}`))],
    ['timestamps of nanoseconds', 'TIMESTAMP(9)', range(9000).map((i) => BigInt(i % 10))],
    ['doubles', 'DOUBLE', range(9000).map((i) => (i % 10) / 3)],
    ['decimals', 'DECIMAL(18, 2)', range(9000).map((i) => BigInt(i % 10))],
  ])('%s of few values stay in a dictionary', async (_, type, values) => {
    const chunk = await written(type, values, { pageRows: 1000 })
    expect(encodings(chunk)).toEqual(Array.from({ length: 9 }, () => ENCODING.PLAIN_DICTIONARY))
    expect(chunk.dictionary?.valueCount).toBe(10)
    expect(chunk.chunk.encodings).toContain(ENCODING.PLAIN_DICTIONARY)
    expect(chunk.chunk.encodings).not.toContain(ENCODING.PLAIN)
  })

  test.each<[string, string, InternalValue[]]>([
    ['integers', 'INT', range(9000)],
    ['strings', 'STRING', range(9000).map((i) => utf8(`word ${i}`))],
    ['doubles', 'DOUBLE', range(9000).map((i) => i / 3)],
  ])('%s that all differ are plain from the first page on', async (_, type, values) => {
    const chunk = await written(type, values, { pageRows: 1000 })
    expect(encodings(chunk)).toEqual(Array.from({ length: 9 }, () => ENCODING.PLAIN))
    expect(chunk.dictionary).toBeUndefined()
    expect(chunk.chunk.dictionaryPageOffset).toBeUndefined()
  })

  test('booleans and wide decimals never have a dictionary, as in Java', async () => {
    const booleans = await written(
      'BOOLEAN',
      range(900).map((i) => i % 2 === 0),
    )
    const decimals = await written(
      'DECIMAL(38, 2)',
      range(900).map((i) => BigInt(i % 2)),
    )
    expect([booleans.dictionary, decimals.dictionary]).toEqual([undefined, undefined])
    expect([encodings(booleans), encodings(decimals)]).toEqual([[ENCODING.PLAIN], [ENCODING.PLAIN]])
  })

  test('no column has one where it is turned off', async () => {
    const values = range(500).map(() => utf8('the same'))
    const chunk = await written('STRING', values, { dictionary: false })
    expect(encodings(chunk)).toEqual([ENCODING.PLAIN])
  })

  test.each<[string, InternalValue[]]>([
    ['TIMESTAMP(0)', range(90).map((i) => BigInt(i % 9))],
    ['TIMESTAMP(3) WITH LOCAL TIME ZONE', range(90).map((i) => (i < 9 ? null : 7n))],
    ['ARRAY<TIMESTAMP(3)>', range(90).map((i) => [BigInt(i % 9), null])],
  ])('%s in plain numbers has neither dictionary nor bounds', async (type, values) => {
    const plain = await written(type, values, { plainMillis: true, pageRows: 30 })
    expect(encodings(plain)).toEqual([ENCODING.PLAIN, ENCODING.PLAIN, ENCODING.PLAIN])
    expect(plain.dictionary).toBeUndefined()
    expect(plain.columnIndex).toBeNull()
    const usual = await written(type, values, { pageRows: 30 })
    const { nullCount } = usual.chunk.statistics!
    expect(plain.chunk.statistics).toEqual({ nullCount })
    expect(usual.dictionary).toBeDefined()
  })

  test('plain numbers of milliseconds change nothing for microseconds', async () => {
    const values = range(90).map((i) => BigInt(i % 9))
    const chunk = await written('TIMESTAMP(6)', values, { plainMillis: true })
    expect(chunk.dictionary).toBeDefined()
    expect(chunk.chunk.statistics?.min).toBeDefined()
  })

  test('a dictionary that outgrows its limit is kept by the pages that have it', async () => {
    const values = range(4000).map((i) => BigInt(i < 2000 ? i % 50 : i))
    const chunk = await written('BIGINT', values, { pageRows: 500, dictionaryBytes: 2000 })
    expect(encodings(chunk)).toEqual([2, 2, 2, 2, 0, 0, 0, 0])
    // What only the page that broke the limit referred to is left out again.
    expect(chunk.dictionary?.valueCount).toBe(50)
    expect(chunk.dictionary?.uncompressedBytes).toBe(400)
    expect(chunk.chunk.encodings).toEqual([ENCODING.PLAIN_DICTIONARY, ENCODING.PLAIN, ENCODING.RLE])
  })

  test('a page of nulls alone decides nothing', async () => {
    const some = range(3000).map((i) => (i < 1000 ? null : utf8(`word ${i % 3}`)))
    const repeated = await written('STRING', some, { pageRows: 1000 })
    expect(encodings(repeated)).toEqual([ENCODING.PLAIN, 2, 2])
    const different = range(3000).map((i) => (i < 1000 ? null : utf8(`word ${i}`)))
    const plain = await written('STRING', different, { pageRows: 1000 })
    expect(encodings(plain)).toEqual([0, 0, 0])
    expect(plain.dictionary).toBeUndefined()
    const nothing = await written(
      'STRING',
      range(3000).map(() => null),
      { pageRows: 1000 },
    )
    expect(encodings(nothing)).toEqual([0, 0, 0])
    expect(nothing.dictionary).toBeUndefined()
  })

  test('a new row group begins with a new dictionary', async () => {
    const fields = fieldsOf([parseTypeText('INT')])
    const rows = range(4096 * 2).map((i) => [Math.floor(i / 4096) * 100 + (i % 3)])
    const bytes = await writeParquet(fields, [batchOf(fields, rows)], { rowGroupBytes: 1 })
    const groups = await inspect(bytes)
    expect(groups.map(([chunk]) => chunk!.dictionary?.valueCount)).toEqual([3, 3])
    const columns = await readColumns(await openBytes(bytes), { fields })
    expect(difference(columns, [rows.map(([value]) => value!)])).toBeNull()
  })
})

describe('pages', () => {
  test.each<[string, string, (i: number) => InternalValue]>([
    ['integers', 'INT', (i) => i * 7919],
    ['integers in a dictionary', 'BIGINT', (i) => BigInt(i % 100)],
    ['strings', 'STRING', (i) => utf8(`${'x'.repeat(i % 300)}${i}`)],
    ['strings in a dictionary', 'STRING', (i) => utf8('y'.repeat(200 + (i % 10)))],
    ['wide decimals', 'DECIMAL(38, 0)', (i) => 10n ** 37n + BigInt(i)],
    ['strings with nulls', 'STRING', (i) => (i % 3 === 0 ? null : utf8('z'.repeat(i % 500)))],
  ])('of %s hold at most 20,000 rows and a MiB by default', async (_, type, value) => {
    const chunk = await written(type, range(45_000).map(value))
    expect(chunk.dataPages.length).toBeGreaterThanOrEqual(3)
    for (const { uncompressedBytes, valueCount } of chunk.dataPages) {
      expect(valueCount).toBeLessThanOrEqual(20_000)
      // The levels come on top: a bit a value and a little.
      expect(uncompressedBytes).toBeLessThanOrEqual((1 << 20) + valueCount / 4 + 32)
    }
  })

  test('keep to the limits that are asked for', async () => {
    const limits = [
      { pageBytes: 1000, pageRows: 20_000 },
      { pageBytes: 1 << 20, pageRows: 37 },
      { pageBytes: 64, pageRows: 3 },
    ]
    for (const { pageBytes, pageRows } of limits)
      for (const dictionary of [true, false]) {
        const values = range(3000).map((i) => BigInt(i % 5))
        const chunk = await written('BIGINT', values, { pageBytes, pageRows, dictionary })
        expect(Math.max(...chunk.dataPages.map((page) => page.valueCount))).toBe(
          Math.min(pageRows, Math.floor(pageBytes / 8)),
        )
      }
  })

  test('a value larger than a page has a page of its own', async () => {
    const values = [utf8('a'), utf8('b'.repeat(5000)), utf8('c'), utf8('d'.repeat(90))]
    for (const dictionary of [true, false]) {
      const chunk = await written('STRING', values, { pageBytes: 100, dictionary })
      expect(chunk.dataPages.map((page) => page.valueCount)).toEqual([1, 1, 2])
    }
  })

  test('of nested columns end between rows', async () => {
    const fields = fieldsOf([parseTypeText('ARRAY<INT>')])
    const rows = range(2000).map((i) => [range(i % 9).map((j) => i * j)])
    const bytes = await writeParquet(fields, [batchOf(fields, rows)], {
      pageBytes: 100,
      pageRows: 20,
    })
    const [chunk] = (await inspect(bytes))[0]!
    const starts = chunk!.offsetIndex!.map((page) => page.firstRow)
    expect(starts[0]).toBe(0)
    expect(starts.length).toBeGreaterThan(99)
    // A page that is read alone, by the index, gives whole rows.
    const file = await openBytes(bytes)
    for (const [i, from] of starts.entries()) {
      const to = starts[i + 1] ?? rows.length
      expect(to - from).toBeLessThanOrEqual(20)
      const columns = await readColumns(file, { fields, rows: [{ from, to }] })
      expect(difference(columns, [rows.slice(from, to).map(([value]) => value!)])).toBeNull()
    }
  })

  test('have checksums, dictionaries too', async () => {
    const values = range(900).map((i) => utf8(`${i % 4}`))
    const chunk = await written('STRING', values, { pageRows: 100 })
    expect(chunk.pages.length).toBe(10)
    expect(chunk.pages.every(({ header }) => header.crc !== undefined)).toBe(true)
  })
})

describe('the indexes', () => {
  const options = fc.record({
    codec: fc.constantFrom('none' as const, 'zstd' as const),
    pageRows: fc.constantFrom(1, 5, 100),
    pageBytes: fc.constantFrom(32, 1000, 1 << 20),
    rowGroupBytes: fc.constantFrom(1, 1 << 20),
    dictionary: fc.boolean(),
  })

  test('tell where every page lies and which row it begins with', async () => {
    await fc.assert(
      fc.asyncProperty(tablePlans(typesToDepth(2), 400), options, async (plan, limits) => {
        const batch = batchOf(plan.fields, randomRows(plan))
        const bytes = await writeParquet(plan.fields, [batch], limits)
        const { metadata } = await openBytes(bytes)
        for (const [g, chunks] of (await inspect(bytes)).entries())
          for (const { chunk, pages, offsetIndex, columnIndex, dictionary } of chunks) {
            const dataPages = pages.slice(dictionary === undefined ? 0 : 1)
            expect(offsetIndex!.map((page) => [page.offset, page.compressedBytes])).toEqual(
              dataPages.map(({ at, to }) => [at, to - at]),
            )
            expect(chunk.dataPageOffset).toBe(dataPages[0]!.at)
            expect(columnIndex?.nullPages.length ?? dataPages.length).toBe(dataPages.length)
            const ends = offsetIndex!.slice(1).map((page) => page.firstRow)
            for (const [i, page] of offsetIndex!.entries())
              expect(ends[i] ?? metadata.rowGroups[g]!.rowCount).toBeGreaterThan(page.firstRow)
          }
      }),
      { numRuns: 60 },
    )
  })

  test('say where the bounds ascend or descend as they are written', async () => {
    expect(await order([1, 2, 2, 3, 4, 5])).toBe(1)
    expect(await order([5, 4, 4, 2, 1, 1])).toBe(2)
    expect(await order([1, 9, 2, 3, 4, 5])).toBe(0)
    expect(await order([1, 2, null, null, 4, 5])).toBe(1)
    expect(await order([7, 7, 7, 7])).toBe(1)
    expect(await order([Infinity, Infinity, Infinity, Infinity], 'DOUBLE')).toBe(1)
    // The long values ascend, but what is written of them does not: the first is rounded up beyond the second.
    const long = [`a${'é'.repeat(40)}`, `a${'ü'.repeat(10)}`].map(utf8)
    expect(await order([long[0]!, long[0]!, long[1]!, long[1]!], 'STRING')).toBe(0)
  })
})

/** The order that the column index of pages of two values claims. */
async function order(values: readonly InternalValue[], type = 'INT'): Promise<number> {
  const fields = fieldsOf([parseTypeText(type)])
  const batch = batchOf(
    fields,
    values.map((value) => [value]),
  )
  const bytes = await writeParquet(fields, [batch], { pageRows: 2, dictionary: false })
  const { chunk } = (await inspect(bytes))[0]![0]!
  return boundaryOrder(bytes.subarray(chunk.columnIndexOffset))
}

/** The fourth field of a column index. */
function boundaryOrder(bytes: Uint8Array): number {
  const reader = new ThriftReader(bytes)
  let found = -1
  reader.struct((id, type) => {
    if (id === 4) found = reader.int(type)
    else reader.skip(type)
  })
  return found
}

describe('the statistics of a chunk', () => {
  test('count nulls and bound the values', async () => {
    const { chunk } = await written('INT', [3, null, -7, 12, null])
    const { min, max, nullCount } = chunk.statistics!
    expect(nullCount).toBe(2)
    expect([min, max].map((bytes) => Buffer.from(bytes!).readInt32LE())).toEqual([-7, 12])
  })

  test('of nested leaves count every place without a value', async () => {
    const fields = fieldsOf([parseTypeText('ARRAY<INT>')])
    const rows = [[[1, null]], [null], [[]], [[5]]]
    const bytes = await writeParquet(fields, [batchOf(fields, rows)])
    const { chunk } = (await inspect(bytes))[0]![0]!
    expect([chunk.valueCount, chunk.statistics?.nullCount]).toEqual([5, 3])
  })

  test('leave bounds of 4 KiB out, as Java does', async () => {
    const short = await written('STRING', [utf8('a'.repeat(2000)), utf8('b'.repeat(2095))])
    const long = await written('STRING', [utf8('a'.repeat(2000)), utf8('b'.repeat(2096))])
    expect(short.chunk.statistics?.max?.length).toBe(2095)
    expect(long.chunk.statistics).toEqual({ nullCount: 0 })
    // The column index has them, shortened.
    expect(long.columnIndex?.maxValues.map((max) => max.length)).toEqual([64])
  })

  test('of pages without bounds there is no column index', async () => {
    const nan = await written('DOUBLE', [1, Number.NaN, 3], { pageRows: 1 })
    const int96 = await written('TIMESTAMP(9)', [1n, 2n])
    expect([nan.columnIndex, int96.columnIndex]).toEqual([null, null])
    expect(nan.chunk.statistics).toEqual({ nullCount: 0 })
    const nulls = await written('DOUBLE', [null, null], { pageRows: 1 })
    expect(nulls.columnIndex?.nullPages).toEqual([true, true])
  })
})
