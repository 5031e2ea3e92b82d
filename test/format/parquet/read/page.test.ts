import zlib from 'node:zlib'

import { describe, expect, test } from 'vitest'

import { compress } from '../../../../src/format/codec.ts'
import { CODEC, ENCODING, PHYSICAL, REPETITION } from '../../../../src/format/parquet/metadata.ts'
import type { InternalValue } from '../../../../src/types/internal-value.ts'
import { utf8 } from '../../../../src/types/internal-value.ts'
import {
  deltaIntegers,
  deltaLengths,
  deltaStrings,
  packedRun,
  repeatedRun,
  withLength,
} from '../../../support/parquet-encode.ts'
import {
  concat,
  dictionary,
  failureOf,
  file,
  int32s,
  int64s,
  levels,
  page,
  page2,
  strings,
  texts,
  valuesOf,
} from '../../../support/parquet-handmade.ts'
import { assemble, type RawPage } from '../../../support/parquet-pages.ts'

const { OPTIONAL, REPEATED, REQUIRED } = REPETITION
const { INT32, INT64, BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY, BOOLEAN } = PHYSICAL

const rows = (...repetitions: number[]): Uint8Array => levels(packedRun(repetitions, 1))
const all = (count: number): Uint8Array => levels(repeatedRun(1, count, 1))

describe('levels', () => {
  test('of every kind of run tell which values are there', async () => {
    const body = concat(
      levels(repeatedRun(1, 2, 1), packedRun([0, 1, 0, 1, 1], 1)),
      int32s(1, 2, 3, 4, 5),
    )
    expect(await valuesOf(file(INT32, [page(7, body)]), 'INT')).toEqual([1, 2, null, 3, null, 4, 5])
  })

  test('in the deprecated encoding do too', async () => {
    // 1 0 1 1 0 0 0 1 | 1, from the highest bit down.
    const body = concat(Uint8Array.of(0b10110001, 0b10000000), int32s(1, 2, 3, 4, 5))
    const old = { definitionEncoding: ENCODING.BIT_PACKED }
    expect(await valuesOf(file(INT32, [page(9, body, old)]), 'INT')).toEqual([
      1,
      null,
      2,
      3,
      null,
      null,
      null,
      4,
      5,
    ])
  })

  test('of lists in the deprecated encoding do too', async () => {
    // Repetitions 0 1 0 0, definitions 1 1 0 1: the rows [1, 2], [] and [3].
    const body = concat(Uint8Array.of(0b01000000, 0b11010000), int32s(1, 2, 3))
    const old = { definitionEncoding: ENCODING.BIT_PACKED, repetitionEncoding: ENCODING.BIT_PACKED }
    const bytes = file(INT32, [page(4, body, old)], { repetition: REPEATED, rowCount: 3 })
    expect(await valuesOf(bytes, 'ARRAY<INT NOT NULL>')).toEqual([[1, 2], [], [3]])
  })

  test('of pages of version 2 lie in front without their lengths', async () => {
    const pages = [
      page2(3, packedRun([1, 0, 1], 1), int32s(7, 8)),
      page2(1, repeatedRun(1, 1, 1), int32s(9)),
    ]
    expect(await valuesOf(file(INT32, pages), 'INT')).toEqual([7, null, 8, 9])
  })

  test('a row of a list may go on in the next page', async () => {
    const pages = [
      page(3, concat(rows(0, 0, 1), all(3), int32s(1, 2, 3))),
      page(2, concat(rows(1, 1), all(2), int32s(4, 5))),
      page(3, concat(rows(1, 0, 1), all(3), int32s(6, 7, 8))),
    ]
    const bytes = file(INT32, pages, { repetition: REPEATED, rowCount: 3 })
    expect(await valuesOf(bytes, 'ARRAY<INT NOT NULL>')).toEqual([[1], [2, 3, 4, 5, 6], [7, 8]])
  })

  test.each<[string, Uint8Array, string]>([
    [
      'cut short',
      concat(Uint8Array.of(9, 0, 0, 0), repeatedRun(1, 2, 1)),
      'the levels of a page run past its end',
    ],
    ['without their length', Uint8Array.of(1, 0), 'the levels of a page run past its end'],
    [
      'fewer than values',
      concat(levels(repeatedRun(1, 2, 1)), int32s(1, 2, 3)),
      'RLE data ends early',
    ],
  ])('%s are CORRUPT', async (_, body, words) => {
    expect(await failureOf(file(INT32, [page(3, body)]), 'INT')).toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining(words),
    })
  })

  test('in another encoding are UNSUPPORTED', async () => {
    const bytes = file(INT32, [page(1, int32s(1), { definitionEncoding: ENCODING.PLAIN })])
    expect(await failureOf(bytes, 'INT')).toMatchObject({ code: 'UNSUPPORTED' })
  })

  test('above the highest of their column are CORRUPT', async () => {
    const body = concat(levels(repeatedRun(0, 1, 1)), levels(repeatedRun(3, 1, 2)), int32s(1))
    const bytes = assemble({
      schema: [
        { name: 'root', childCount: 1 },
        { name: 'a', childCount: 1, repetition: OPTIONAL },
        { name: 'b', physical: INT32, repetition: REPEATED },
      ],
      rowGroups: [
        {
          rowCount: 1,
          chunks: [{ physical: INT32, path: ['a', 'b'], valueCount: 1, pages: [page(1, body)] }],
        },
      ],
    })
    expect(await failureOf(bytes, 'ROW<`b` ARRAY<INT NOT NULL>>')).toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining('a level of 3 where 2 is the highest'),
    })
  })

  test('that begin in the middle of a row are CORRUPT', async () => {
    const body = concat(levels(packedRun([1, 0], 1)), levels(repeatedRun(1, 2, 1)), int32s(1, 2))
    const bytes = file(INT32, [page(2, body)], { repetition: REPEATED, rowCount: 1 })
    expect(await failureOf(bytes, 'ARRAY<INT NOT NULL>')).toMatchObject({ code: 'CORRUPT' })
  })
})

describe('encodings', () => {
  const required = { repetition: REQUIRED }

  test.each<[string, number, number, Uint8Array, string, InternalValue[]]>([
    [
      'deltas of integers',
      INT32,
      ENCODING.DELTA_BINARY_PACKED,
      deltaIntegers([5n, -7n, 2n ** 31n - 1n], { bits: 32 }),
      'INT',
      [5, -7, 2 ** 31 - 1],
    ],
    [
      'deltas of 64-bit integers',
      INT64,
      ENCODING.DELTA_BINARY_PACKED,
      deltaIntegers([2n ** 63n - 1n, -(2n ** 63n), 0n]),
      'BIGINT',
      [2n ** 63n - 1n, -(2n ** 63n), 0n],
    ],
    [
      'lengths and bytes',
      BYTE_ARRAY,
      ENCODING.DELTA_LENGTH_BYTE_ARRAY,
      deltaLengths(texts('ab', '', 'c')),
      'STRING',
      texts('ab', '', 'c'),
    ],
    [
      'shared prefixes',
      BYTE_ARRAY,
      ENCODING.DELTA_BYTE_ARRAY,
      deltaStrings(texts('abc', 'abd', 'ab')),
      'STRING',
      texts('abc', 'abd', 'ab'),
    ],
    [
      'shared prefixes of fixed width',
      FIXED_LEN_BYTE_ARRAY,
      ENCODING.DELTA_BYTE_ARRAY,
      deltaStrings(texts('abc', 'abd', 'xyz')),
      'BYTES',
      texts('abc', 'abd', 'xyz'),
    ],
    [
      'streams of bytes',
      INT32,
      ENCODING.BYTE_STREAM_SPLIT,
      Uint8Array.of(1, 2, 3, 0, 0, 1, 0, 0, 0, 0, 0, 255),
      'INT',
      [1, 2, 3 + 256 - 2 ** 24],
    ],
    [
      'runs of booleans',
      BOOLEAN,
      ENCODING.RLE,
      withLength(concat(repeatedRun(1, 2, 1), packedRun([0], 1))),
      'BOOLEAN',
      [true, true, false],
    ],
    [
      'bits of booleans',
      BOOLEAN,
      ENCODING.PLAIN,
      Uint8Array.of(0b011),
      'BOOLEAN',
      [true, true, false],
    ],
  ])('%s', async (_, physical, encoding, body, type, wanted) => {
    const options = { ...required, element: { typeLength: 3 } }
    expect(await valuesOf(file(physical, [page(3, body, { encoding })], options), type)).toEqual(
      wanted,
    )
  })

  test.each<[string, number, number, string]>([
    ['deltas of floats', PHYSICAL.FLOAT + 100, ENCODING.DELTA_LENGTH_BYTE_ARRAY, 'INT'],
    ['streams of strings', BYTE_ARRAY, ENCODING.BYTE_STREAM_SPLIT, 'STRING'],
    ['deltas of booleans', BOOLEAN, ENCODING.DELTA_BINARY_PACKED, 'BOOLEAN'],
    ['an encoding that does not exist', INT64, 77, 'BIGINT'],
  ])('%s are UNSUPPORTED', async (_, physical, encoding, type) => {
    const bytes = file(
      physical > 99 ? INT32 : physical,
      [page(1, new Uint8Array(64), { encoding })],
      required,
    )
    expect(await failureOf(bytes, type)).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining(`parquet encoding ${encoding}`),
    })
  })

  test.each<[string, number, number, Uint8Array, string]>([
    ['integers', INT32, ENCODING.PLAIN, int32s(1), 'INT'],
    ['strings', BYTE_ARRAY, ENCODING.PLAIN, strings('a'), 'STRING'],
    ['a string of negative length', BYTE_ARRAY, ENCODING.PLAIN, int32s(-1, 0, 0), 'STRING'],
    [
      'a string longer than the page',
      BYTE_ARRAY,
      ENCODING.PLAIN,
      int32s(2 ** 31 - 1, 0, 0),
      'STRING',
    ],
    ['booleans', BOOLEAN, ENCODING.PLAIN, new Uint8Array(0), 'BOOLEAN'],
    ['runs of booleans', BOOLEAN, ENCODING.RLE, withLength(repeatedRun(1, 1, 1)), 'BOOLEAN'],
    [
      'runs of booleans beyond the page',
      BOOLEAN,
      ENCODING.RLE,
      Uint8Array.of(9, 0, 0, 0, 4, 1),
      'BOOLEAN',
    ],
    ['bytes of fixed width', FIXED_LEN_BYTE_ARRAY, ENCODING.PLAIN, new Uint8Array(5), 'BYTES'],
    [
      'shared prefixes of another width',
      FIXED_LEN_BYTE_ARRAY,
      ENCODING.DELTA_BYTE_ARRAY,
      deltaStrings(texts('ab', 'abcd')),
      'BYTES',
    ],
    ['deltas', INT32, ENCODING.DELTA_BINARY_PACKED, deltaIntegers([5n]), 'INT'],
    ['lengths', BYTE_ARRAY, ENCODING.DELTA_LENGTH_BYTE_ARRAY, deltaLengths(texts('a')), 'STRING'],
    ['streams', INT64, ENCODING.BYTE_STREAM_SPLIT, new Uint8Array(8), 'BIGINT'],
  ])('too few values are CORRUPT: %s', async (_, physical, encoding, body, type) => {
    const options = { ...required, element: { typeLength: 3 } }
    const bytes = file(physical, [page(2, body, { encoding })], options)
    expect(await failureOf(bytes, type)).toMatchObject({ code: 'CORRUPT' })
  })
})

const indices = (width: number, ...values: number[]): Uint8Array =>
  concat(Uint8Array.of(width), packedRun(values, width))
const byDictionary = (count: number, body: Uint8Array): RawPage =>
  page(count, body, { encoding: ENCODING.RLE_DICTIONARY })

describe('dictionaries', () => {
  const options = { repetition: REQUIRED, element: { typeLength: 2 } }

  test.each<[string, number, Uint8Array, string, InternalValue[]]>([
    ['integers', INT32, int32s(7, 8, 9), 'INT', [9, 7, 8, 8]],
    ['64-bit integers', INT64, int64s(7n, 8n, 2n ** 60n), 'BIGINT', [2n ** 60n, 7n, 8n, 8n]],
    ['strings', BYTE_ARRAY, strings('a', 'bc', ''), 'STRING', texts('', 'a', 'bc', 'bc')],
    [
      'bytes of fixed width',
      FIXED_LEN_BYTE_ARRAY,
      utf8('aabbcc'),
      'BYTES',
      texts('cc', 'aa', 'bb', 'bb'),
    ],
  ])('hold %s', async (_, physical, body, type, wanted) => {
    const pages = [dictionary(3, body), byDictionary(4, indices(2, 2, 0, 1, 1))]
    expect(await valuesOf(file(physical, pages, options), type)).toEqual(wanted)
  })

  test('are kept from page to page, between plain ones too', async () => {
    const pages = [
      dictionary(2, int32s(7, 8)),
      byDictionary(1, indices(1, 1)),
      page(1, int32s(5)),
      byDictionary(2, concat(Uint8Array.of(0), repeatedRun(0, 2, 0))),
      byDictionary(1, indices(1, 1)),
    ]
    expect(await valuesOf(file(INT32, pages, options), 'INT')).toEqual([8, 5, 7, 7, 8])
  })

  test.each<[string, number, RawPage[], string]>([
    ['that are not there', INT32, [byDictionary(1, indices(1, 0))], 'not there'],
    ['that are not there, of strings', BYTE_ARRAY, [byDictionary(1, indices(1, 0))], 'not there'],
    [
      'shorter than their values',
      INT32,
      [dictionary(3, int32s(7, 8)), byDictionary(1, indices(1, 0))],
      'shorter than its values',
    ],
    [
      'of fewer strings than claimed',
      BYTE_ARRAY,
      [dictionary(9, strings('a')), byDictionary(1, indices(1, 0))],
      'claims 9 strings',
    ],
    [
      'of a string that runs past the end',
      BYTE_ARRAY,
      [dictionary(1, int32s(9)), byDictionary(1, indices(1, 0))],
      'runs past the end',
    ],
    [
      'with an index beyond their end',
      INT32,
      [dictionary(2, int32s(7, 8)), byDictionary(1, indices(2, 2))],
      'dictionary index 2 of 2',
    ],
    [
      'with an index beyond their end, of strings',
      BYTE_ARRAY,
      [dictionary(1, strings('a')), byDictionary(1, indices(2, 1))],
      'dictionary index 1 of 1',
    ],
    [
      'with a negative index',
      INT32,
      [
        dictionary(1, int32s(7)),
        byDictionary(1, concat(Uint8Array.of(32), repeatedRun(2 ** 32 - 1, 1, 32))),
      ],
      'dictionary index -1 of 1',
    ],
    [
      'with indices of 33 bits',
      INT32,
      [dictionary(1, int32s(7)), byDictionary(1, Uint8Array.of(33, 2, 0, 0, 0, 0, 0))],
      'values of 33 bits',
    ],
    [
      'without indices',
      INT32,
      [dictionary(1, int32s(7)), byDictionary(1, new Uint8Array(0))],
      'has no indices',
    ],
    [
      'two of them',
      INT32,
      [dictionary(1, int32s(7)), dictionary(1, int32s(8)), byDictionary(1, indices(1, 0))],
      'two dictionaries',
    ],
    [
      'of booleans',
      BOOLEAN,
      [dictionary(1, int32s(7)), byDictionary(1, indices(1, 0))],
      'a boolean column has a dictionary',
    ],
  ])('%s are CORRUPT', async (_, physical, pages, words) => {
    const type = physical === INT32 ? 'INT' : physical === BOOLEAN ? 'BOOLEAN' : 'STRING'
    const error = await failureOf(file(physical, pages, options), type)
    expect(error).toMatchObject({ code: 'CORRUPT', message: expect.stringContaining(words) })
  })
})

describe('checksums', () => {
  test('that do not match are CORRUPT, of data pages and dictionaries', async () => {
    const options = { repetition: REQUIRED }
    const wrong = { crc: 1 }
    const data = file(INT32, [page(1, int32s(5), wrong)], options)
    const ofDictionary = file(
      INT32,
      [
        { ...dictionary(1, int32s(5)), ...wrong },
        page(1, indices(1, 0), { encoding: ENCODING.RLE_DICTIONARY }),
      ],
      options,
    )
    for (const bytes of [data, ofDictionary])
      expect(await failureOf(bytes, 'INT')).toMatchObject({
        code: 'CORRUPT',
        message: expect.stringContaining('the checksum of a page does not match'),
      })
  })

  test('that match, or are missing, are fine', async () => {
    const body = int32s(5)
    const crc = zlib.crc32(body)
    const options = { repetition: REQUIRED }
    expect(await valuesOf(file(INT32, [page(1, body, { crc })], options), 'INT')).toEqual([5])
    expect(await valuesOf(file(INT32, [page(1, body)], options), 'INT')).toEqual([5])
  })
})

describe('codecs', () => {
  const body = int32s(...Array.from({ length: 100 }, (_, i) => i % 7))
  const wanted = Array.from({ length: 100 }, (_, i) => i % 7)
  const packedFile = (codec: number, packed: Uint8Array, size = body.length): Uint8Array =>
    file(INT32, [page(100, body.length === size ? body : new Uint8Array(size), { packed })], {
      repetition: REQUIRED,
      chunk: { codec },
    })

  test.each<[string, number, Uint8Array]>([
    ['snappy', CODEC.SNAPPY, compress('snappy', body)],
    ['gzip', CODEC.GZIP, zlib.gzipSync(body)],
    [
      'gzip of two members',
      CODEC.GZIP,
      concat(zlib.gzipSync(body.subarray(0, 9)), zlib.gzipSync(body.subarray(9))),
    ],
    ['brotli', CODEC.BROTLI, zlib.brotliCompressSync(body)],
    ['zstd', CODEC.ZSTD, zlib.zstdCompressSync(body)],
    ['lz4 in frames', CODEC.LZ4, compress('lz4', body)],
    ['a bare lz4 block under the older name', CODEC.LZ4, compress('lz4_raw', body)],
    ['a bare lz4 block', CODEC.LZ4_RAW, compress('lz4_raw', body)],
  ])('%s', async (_, codec, packed) => {
    expect(await valuesOf(packedFile(codec, packed), 'INT')).toEqual(wanted)
  })

  test('levels of version 2 are not compressed, and nor are the values where the page says so', async () => {
    const definitions = repeatedRun(1, 2, 1)
    const values = int32s(1, 2)
    const squeezed = zlib.zstdCompressSync(values)
    const compressed = page2(2, definitions, values, { packed: concat(definitions, squeezed) })
    const pages = [
      { ...compressed, v2: { ...compressed.v2!, compressed: true } },
      page2(2, definitions, values),
      // A page of nulls alone has nothing to compress.
      {
        ...page2(2, repeatedRun(0, 2, 1), new Uint8Array(0)),
        v2: { ...compressed.v2!, compressed: true },
      },
    ]
    const bytes = file(INT32, pages, { chunk: { codec: CODEC.ZSTD } })
    expect(await valuesOf(bytes, 'INT')).toEqual([1, 2, 1, 2, null, null])
  })

  test.each<[string, number, string]>([
    ['LZO', CODEC.LZO, 'parquet codec 3 (LZO)'],
    ['one that does not exist', 99, 'parquet codec 99'],
  ])('%s is UNSUPPORTED', async (_, codec, words) => {
    const error = await failureOf(packedFile(codec, body), 'INT')
    expect(error).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining(words) })
  })

  test.each<[string, number, Uint8Array, number]>([
    ['bytes that are no zstd', CODEC.ZSTD, body, 400],
    ['less than the header says', CODEC.ZSTD, zlib.zstdCompressSync(body.subarray(4)), 400],
    ['more than the header says', CODEC.ZSTD, zlib.zstdCompressSync(body), 396],
    ['more than the header says, in gzip', CODEC.GZIP, zlib.gzipSync(new Uint8Array(1 << 20)), 400],
    ['a claim that the codec cannot keep', CODEC.GZIP, zlib.gzipSync(body), 1 << 24],
    ['another size without a codec', CODEC.UNCOMPRESSED, body, 396],
  ])('%s is CORRUPT', async (_, codec, packed, size) => {
    expect(await failureOf(packedFile(codec, packed, size), 'INT')).toMatchObject({
      code: 'CORRUPT',
    })
  })
})
