import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { openOrcData } from '../../../src/format/orc/data-file.ts'
import { type InternalValue, textOf } from '../../../src/types/internal-value.ts'
import { bindPredicate } from '../../../src/types/predicate-bind.ts'
import { eq, gte, isNull, type Predicate } from '../../../src/types/predicate.ts'
import { GOLDEN_WAREHOUSE } from '../../support/golden-expect.ts'
import { goldenSchema } from '../../support/golden-tables.ts'
import { type HandmadeFile, literals, orcFile, varint, zigzag } from '../../support/orc-bytes.ts'
import { ORC_PATH, orcBatches, orcFields } from '../../support/orc-files.ts'
import { BytesIO } from '../../support/parquet.ts'

const [PRESENT, DATA, LENGTH, DICTIONARY, SECONDARY] = [0, 1, 2, 3, 5]
const chars = (text: string): number[] => [...Buffer.from(text)]

/** Strings for the bytes among the values. */
function shown(value: InternalValue): unknown {
  if (value instanceof Uint8Array) return textOf(value)
  return Array.isArray(value) ? value.map(shown) : value
}

/** Rows of an id, a text of a dictionary, and a list of rows of a CHAR; three in each of two stripes. */
const NESTED: HandmadeFile = {
  types: [
    { kind: 12, subtypes: [1, 2, 3], names: ['id', 'word', 'list'] },
    { kind: 3, fieldId: 0 },
    { kind: 7, fieldId: 1 },
    { kind: 10, subtypes: [4], fieldId: 2 },
    { kind: 12, subtypes: [5], names: ['c'] },
    { kind: 17 },
  ],
  stripes: [10, 20].map((base) => ({
    rowCount: 3,
    encodings: { 2: [1, 2] as const },
    streams: [
      { kind: DATA, column: 1, bytes: [0, 1, ...zigzag(base)] },
      { kind: PRESENT, column: 2, bytes: [0xff, 0xa0] },
      { kind: DATA, column: 2, bytes: literals([1], [0]) },
      { kind: LENGTH, column: 2, bytes: literals([1], [3]) },
      { kind: DICTIONARY, column: 2, bytes: chars('abcd') },
      { kind: PRESENT, column: 3, bytes: [0xff, 0xc0] },
      { kind: LENGTH, column: 3, bytes: literals([2], [1]) },
      { kind: PRESENT, column: 4, bytes: [0xff, 0xc0] },
      { kind: LENGTH, column: 5, bytes: literals([3], [3]) },
      { kind: DATA, column: 5, bytes: chars('x   y ') },
    ],
  })),
}
const NESTED_FIELDS = orcFields({
  id: 'INT',
  word: 'STRING',
  list: {
    type: 'ARRAY',
    element: { type: 'ROW', fields: [{ id: 9, name: 'c', type: 'CHAR(3)' }] },
  },
})
const nestedRows = (base: number): unknown[][] => [
  [base, 'bcd', [['x'], [' y']]],
  [base + 1, null, [null]],
  [base + 2, 'a', null],
]

describe('a file', () => {
  test.each([undefined, 'deflate', 'zstd', 'lz4_raw', 'snappy'] as const)(
    'reads by stripes, compressed by %s or not',
    async (codec) => {
      const bytes = orcFile({ ...NESTED, ...(codec && { codec }) })
      const batches = await orcBatches(bytes, { fields: NESTED_FIELDS })
      expect(batches.map(shown as never)).toEqual([nestedRows(10), nestedRows(20)])
    },
  )

  test('reads ranges of rows in batches that end with stripes', async () => {
    const rows = [
      { from: 0, to: 1 },
      { from: 2, to: 4 },
      { from: 5, to: 6 },
    ]
    const bytes = orcFile(NESTED)
    const read = (batchRows: number): Promise<unknown[]> =>
      orcBatches(bytes, { fields: NESTED_FIELDS, rows }, batchRows).then((batches) =>
        batches.map(shown as never),
      )
    const [a, , c] = nestedRows(10)
    const [d, , f] = nestedRows(20)
    expect(await read(2)).toEqual([
      [a, c],
      [d, f],
    ])
    expect(await read(1)).toEqual([[a], [c], [d], [f]])
  })

  test('gives columns by name, and nulls for those that it does not have', async () => {
    const fields = orcFields({ other: 'BIGINT', id: 'INT' })
    const [first] = await orcBatches(orcFile(NESTED), { fields })
    expect(first).toEqual([
      [null, 10],
      [null, 11],
      [null, 12],
    ])
    const renamed = [{ ...fields[0]!, id: 1 }]
    await expect(orcBatches(orcFile(NESTED), { fields: renamed })).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining('column other is stored as word') as string,
    })
  })

  test('gives nulls for rows of nothing, and for what is asked for under no name', async () => {
    const [list] = orcFields({ list: { type: 'ROW', fields: [] } })
    const fields = [list!, { ...NESTED_FIELDS[0]!, id: 0, name: '' }]
    const [first] = await orcBatches(orcFile(NESTED), { fields }, 1)
    expect(first).toEqual([[null, null]])
  })

  test('joins decimals of rows that are not there with those of rows that are', async () => {
    const types = [
      { kind: 12, subtypes: [1], names: ['r'] },
      { kind: 12, subtypes: [2], names: ['d'] },
      { kind: 14 },
    ]
    const streams = [
      { kind: PRESENT, column: 1, bytes: [0xff, 0x10] },
      { kind: DATA, column: 2, bytes: zigzag(123) },
      { kind: SECONDARY, column: 2, bytes: literals(zigzag(0)) },
    ]
    const bytes = orcFile({ types, stripes: [{ rowCount: 4, streams }] })
    const fields = orcFields({
      r: { type: 'ROW', fields: [{ id: 9, name: 'd', type: 'DECIMAL(5, 2)' }] },
    })
    const rows = [
      { from: 0, to: 2 },
      { from: 3, to: 4 },
    ]
    expect(await orcBatches(bytes, { fields, rows })).toEqual([[[null], [null], [[12300n]]]])
  })

  test('fetches the streams of the wanted columns alone', async () => {
    const long = 'x'.repeat(100_000)
    const types = [{ kind: 12, subtypes: [1, 2], names: ['a', 'b'] }, { kind: 7 }, { kind: 3 }]
    const streams = [
      { kind: LENGTH, column: 1, bytes: literals(varint(long.length)) },
      { kind: DATA, column: 1, bytes: chars(long) },
      { kind: DATA, column: 2, bytes: literals(zigzag(7)) },
    ]
    const stripe = { rowCount: 1, streams }
    const io = new BytesIO(orcFile({ types, stripes: [stripe, stripe] }))
    const file = await openOrcData(io.io, ORC_PATH, {})
    const cursor = file.cursor({ fields: orcFields({ b: 'INT' }), rows: [{ from: 0, to: 1 }] })
    expect((await cursor.read(9))?.length).toBe(1)
    expect(await cursor.read(9)).toBeNull()
    expect(io.readBytes).toBeLessThan(50_000)
  })
})

describe('timestamps', () => {
  const types = [{ kind: 12, subtypes: [1, 2], names: ['t', 'z'] }, { kind: 9 }, { kind: 18 }]
  /** Seconds after 2015 in UTC, and nanoseconds as they are stored. */
  const file = (seconds: number, nanos: number, zone?: string): Uint8Array => {
    const streams = [1, 2].flatMap((column) => [
      { kind: DATA, column, bytes: literals(zigzag(seconds)) },
      { kind: SECONDARY, column, bytes: literals(varint(nanos)) },
    ])
    return orcFile({ types, stripes: [{ rowCount: 1, streams, ...(zone && { zone }) }] })
  }
  const fields = orcFields({ t: 'TIMESTAMP(9)', z: 'TIMESTAMP(6) WITH LOCAL TIME ZONE' })
  const read = async (bytes: Uint8Array, isLegacyOrcLtz: boolean): Promise<InternalValue[]> =>
    (await orcBatches(bytes, { fields }, 1, { isLegacyOrcLtz }))[0]![0]!
  const BASE = Date.UTC(2015, 0, 1)

  test('have nanoseconds whose last zeros are told by number', async () => {
    const nanos = BigInt(BASE) * 1_000_000n + 3_000_000_000n
    expect(await read(file(3, (5 << 3) | 7), true)).toEqual([
      nanos + 500_000_000n,
      BigInt(BASE) * 1000n + 3_500_000n,
    ])
    expect((await read(file(3, 123_456_789 * 8), true))[0]).toBe(nanos + 123_456_789n)
  })

  test('before 1970 get back the second that they were rounded by, as in Java', async () => {
    const toEpoch = -BASE / 1000
    const half = (5 << 3) | 7
    expect((await read(file(toEpoch - 1, half), true))[0]).toBe(-1_500_000_000n)
    // In the last second Java reads a second late.
    expect((await read(file(toEpoch, half), true))[0]).toBe(500_000_000n)
  })

  test('are what the clock of the writer showed', async () => {
    const summer = (Date.UTC(2020, 6, 1) - BASE) / 1000
    const micros = BigInt(Date.UTC(2020, 6, 1)) * 1000n
    const hour = 3_600_000_000n
    // The base is midnight of a winter's day in New York, where clocks are set forward in summer.
    expect(await read(file(summer, 0, 'America/New_York'), true)).toEqual([
      (micros + hour) * 1000n,
      micros - 4n * hour,
    ])
    expect((await read(file(summer, 0, 'America/New_York'), false))[1]).toBe(micros)
    expect(await read(file(summer, 0, 'GMT+05:30'), true)).toEqual([
      micros * 1000n,
      micros + (11n * hour) / 2n,
    ])
    await expect(read(file(0, 0, 'Mars/Olympus'), true)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      path: ORC_PATH,
    })
  })
})

describe('stripes of the golden table', () => {
  const bucket = join(GOLDEN_WAREHOUSE, 'golden.db/format_orc/bucket-0')
  const files = readdirSync(bucket).map((name) => readFileSync(join(bucket, name)))

  test.each(files)('are pruned by their statistics', async (bytes) => {
    const { fields } = await goldenSchema('format_orc')
    const file = await openOrcData(new BytesIO(bytes).io, ORC_PATH, {})
    const prune = (where: Predicate): Promise<unknown> => file.prune(bindPredicate(where, fields))
    const [ids] = await orcBatches(bytes, { fields: fields.slice(0, 1) })
    expect(await prune(eq('id', ids![0]![0] as number))).toBeNull()
    expect(await prune(gte('id', 1_000_000))).toEqual([])
    expect(await prune(isNull('id'))).toEqual([])
    expect(await prune(gte('c_bigint', 2n ** 63n - 1n))).toEqual([])
    expect(await prune(gte('c_string', '\u{10ffff}'))).toEqual([])
    expect(await prune(gte('c_double', 1e300))).toBeNull()
    expect(await prune(gte('c_decimal_9_2', '9999999.99'))).toBeNull()
    expect(await prune(eq('c_char', 'nobody'))).toBeNull()
  })
})
