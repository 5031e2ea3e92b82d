import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'

import * as fc from 'fast-check'
import parquet from 'parquetjs-lite'
import { afterAll, describe, expect, test } from 'vitest'

import type { Codec } from '../../../src/format/codec.ts'
import type { ParquetWriteOptions } from '../../../src/format/parquet/write/file-writer.ts'
import type { DataField, DataType } from '../../../src/types/data-type.ts'
import { textOf } from '../../../src/types/internal-value.ts'
import { parseTypeText } from '../../../src/types/type-text.ts'
import { toWitness, witnessRows } from '../../support/parquet-witness.ts'
import {
  byColumn,
  difference,
  openBytes,
  readColumns,
  writeParquet,
} from '../../support/parquet.ts'
import {
  batchOf,
  fieldsOf,
  NULL_PATTERNS,
  randomRows,
  type Row,
  SPREADS,
  tablePlans,
  typesToDepth,
} from '../../support/random-columns.ts'

const CODECS: Codec[] = ['none', 'zstd', 'snappy', 'gzip', 'lz4', 'lz4_raw', 'brotli']

/** Limits small enough that tables of a few rows have many pages, row groups and dictionaries that are given up. */
const options = fc.record({
  codec: fc.constantFrom(...CODECS),
  pageRows: fc.constantFrom(1, 7, 64, 1000, 20_000),
  pageBytes: fc.constantFrom(16, 300, 5000, 1 << 20),
  rowGroupBytes: fc.constantFrom(1, 1000, 50_000, 128 << 20),
  dictionary: fc.boolean(),
  dictionaryBytes: fc.constantFrom(20, 500, 1 << 20),
})

const windows = fc.oneof(
  fc.constantFrom(1, 3, 100, 10_000),
  fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 }),
)

/** Row ranges with gaps of every size between them. */
const rowRanges = fc
  .array(fc.tuple(fc.nat(150), fc.integer({ min: 1, max: 150 })), { maxLength: 6 })
  .map((steps) => {
    let at = 0
    return steps.map(([gap, length]) => {
      const from = at + gap
      at = from + length
      return { from, to: at }
    })
  })

test('what is written is read back, whatever the schema, the options and the windows', async () => {
  await fc.assert(
    fc.asyncProperty(
      tablePlans(typesToDepth(4), 800),
      options,
      windows,
      fc.boolean(),
      async (plan, limits, batchRows, views) => {
        const { fields } = plan
        const rows = randomRows(plan)
        const bytes = await writeParquet(fields, [batchOf(fields, rows)], limits)
        const columns = await readColumns(await openBytes(bytes), { fields, batchRows, views })
        expect(difference(columns, byColumn(fields, rows))).toBeNull()
      },
    ),
    { numRuns: 100 },
  )
})

test('any rows of any columns are read alone', async () => {
  await fc.assert(
    fc.asyncProperty(
      tablePlans(typesToDepth(3), 800),
      options,
      windows,
      rowRanges,
      fc.nat(),
      async (plan, limits, batchRows, ranges, choice) => {
        const all = randomRows(plan)
        const bytes = await writeParquet(plan.fields, [batchOf(plan.fields, all)], limits)
        const fields = plan.fields.filter((_, i) => (choice >> i) & 1)
        const columns = await readColumns(await openBytes(bytes), {
          fields,
          batchRows,
          rows: ranges,
        })
        const rows = all.filter((_, i) => ranges.some(({ from, to }) => from <= i && i < to))
        const wanted = fields.map(({ id }) => rows.map((row) => row[id]!))
        expect(difference(columns, wanted)).toBeNull()
      },
    ),
    { numRuns: 100 },
  )
})

test('hyparquet reads the same values', async () => {
  await fc.assert(
    fc.asyncProperty(tablePlans(typesToDepth(3), 400), options, async (plan, limits) => {
      const { fields } = plan
      const rows = randomRows(plan)
      const bytes = await writeParquet(fields, [batchOf(fields, rows)], limits)
      const wanted = rows.map((row) => fields.map(({ type }, i) => toWitness(type, row[i]!)))
      expect(isDeepStrictEqual(await witnessRows(bytes, fields), wanted)).toBe(true)
    }),
    { numRuns: 80 },
  )
})

const ATOMIC: DataType[] = [
  'BOOLEAN',
  'TINYINT',
  'SMALLINT',
  'INT',
  'BIGINT',
  'FLOAT',
  'DOUBLE',
  'DATE',
  'TIME(3)',
  'TIMESTAMP(0)',
  'TIMESTAMP(3)',
  'TIMESTAMP(6)',
  'TIMESTAMP(9)',
  'TIMESTAMP(3) WITH LOCAL TIME ZONE',
  'TIMESTAMP(6) WITH LOCAL TIME ZONE',
  'TIMESTAMP(9) WITH LOCAL TIME ZONE',
  'CHAR(5)',
  'VARCHAR(9)',
  'STRING',
  'BINARY(5)',
  'BYTES',
  ...Array.from({ length: 38 }, (_, i) => `DECIMAL(${i + 1}, ${Math.floor(i / 2)})`),
].map((text) => parseTypeText(text))

/** Writes and reads the rows, compact and as views; what differs first, or null. */
async function roundTrip(
  fields: readonly DataField[],
  rows: readonly Row[],
  limits: Partial<ParquetWriteOptions>,
): Promise<string | null> {
  const bytes = await writeParquet(fields, [batchOf(fields, rows)], limits)
  const file = await openBytes(bytes)
  const wanted = byColumn(fields, rows)
  const compact = difference(await readColumns(file, { fields }), wanted)
  return compact ?? difference(await readColumns(file, { fields, views: true }), wanted)
}

describe.each(NULL_PATTERNS)('nulls: %s', (nulls) => {
  test.each(SPREADS)('a column of every type, values: %s', async (spread) => {
    const fields = fieldsOf(ATOMIC)
    const rows = randomRows({ fields, rowCount: 300, seed: 77, nulls, spread })
    expect(await roundTrip(fields, rows, { pageRows: 90 })).toBeNull()
    expect(await roundTrip(fields, rows, { dictionary: false, codec: 'none' })).toBeNull()
  })
})

describe('decimals', () => {
  test.each(Array.from({ length: 38 }, (_, i) => i + 1))(
    'of %i digits keep their extremes',
    async (precision) => {
      const fields = fieldsOf([{ kind: 'DECIMAL', precision, scale: 0, nullable: true }])
      const top = 10n ** BigInt(precision) - 1n
      const rows = [top, -top, 0n, 1n, -1n, top - 1n, null, -top + 1n].map((value) => [value])
      expect(await roundTrip(fields, rows, { dictionary: false })).toBeNull()
      expect(await roundTrip(fields, [...rows, ...rows, ...rows, ...rows, ...rows], {})).toBeNull()
    },
  )
})

describe('timestamps of nanoseconds', () => {
  test('before and after 1970 are the same instant again', async () => {
    const fields = fieldsOf([parseTypeText('TIMESTAMP(9)')])
    const day = 86_400_000_000_000n
    const rows = [
      0n,
      1n,
      -1n,
      day,
      day - 1n,
      -day,
      -day - 1n,
      -day + 1n,
      3n * day + 7n,
      -3n * day - 7n,
      2n ** 63n - 1n,
      -(2n ** 63n),
      1_234_567_890_123_456_789n,
      -1_234_567_890_123_456_789n,
    ].map((value) => [value])
    expect(await roundTrip(fields, rows, {})).toBeNull()
    expect(await roundTrip(fields, rows, { dictionary: false })).toBeNull()
  })
})

describe('parquetjs-lite', () => {
  const types = ['BOOLEAN NOT NULL', 'INT', 'BIGINT', 'FLOAT', 'DOUBLE', 'STRING']
  const folder = mkdtempSync(join(tmpdir(), 'parquetjs-'))
  afterAll(() => {
    rmSync(folder, { recursive: true })
  })

  test.each<Codec>(['none', 'snappy'])(
    'reads flat files without dictionaries, codec %s',
    async (codec) => {
      const fields = fieldsOf(types.map((text) => parseTypeText(text)))
      const rows = randomRows({ fields, rowCount: 500, seed: 8, nulls: 'some', spread: 'many' })
      const path = join(folder, `${codec}.parquet`)
      const limits = { codec, dictionary: false, pageRows: 100 }
      writeFileSync(path, await writeParquet(fields, [batchOf(fields, rows)], limits))
      const reader = await parquet.ParquetReader.openFile(path)
      const cursor = reader.getCursor()
      const read: unknown[][] = []
      for (let row = await cursor.next(); row !== null; row = await cursor.next()) {
        const values = row
        read.push(fields.map(({ name }) => values[name] ?? null))
      }
      await reader.close()
      expect(read).toEqual(
        rows.map((row) =>
          fields.map(({ type }, i) =>
            type.kind === 'VARCHAR' && row[i] !== null ? textOf(row[i] as Uint8Array) : row[i],
          ),
        ),
      )
    },
  )
})
