import { describe, expect, test } from 'vitest'

import { chunkStart, type ColumnChunk } from '../../../../src/format/parquet/metadata.ts'
import {
  openParquet,
  ParquetCursor,
  type ParquetFile,
} from '../../../../src/format/parquet/read/file-reader.ts'
import type { RowRange } from '../../../../src/format/parquet/read/page-stream.ts'
import type { DataField } from '../../../../src/types/data-type.ts'
import { parseTypeText } from '../../../../src/types/type-text.ts'
import { inspect } from '../../../support/parquet-pages.ts'
import {
  byColumn,
  BytesIO,
  difference,
  openBytes,
  readColumns,
  TEST_PATH,
  writeParquet,
} from '../../../support/parquet.ts'
import { batchOf, fieldsOf, randomRows } from '../../../support/random-columns.ts'
import { between, seeded } from '../../../support/random.ts'

const FIELDS = fieldsOf(
  ['INT', 'STRING', 'BIGINT NOT NULL', 'ARRAY<STRING>', 'ROW<`a` INT, `b` STRING>', 'BOOLEAN'].map(
    (text) => parseTypeText(text),
  ),
)
const ROWS = randomRows({
  fields: FIELDS,
  rowCount: 20_000,
  seed: 6,
  nulls: 'some',
  spread: 'many',
})
/** Three row groups or more, many pages in each, and more than the tail that opening reads. */
const BYTES = await writeParquet(FIELDS, [batchOf(FIELDS, ROWS)], {
  rowGroupBytes: 350_000,
  pageRows: 500,
})

async function opened(scheme = 'memory'): Promise<{ io: BytesIO; file: ParquetFile }> {
  const io = new BytesIO(BYTES, scheme)
  const file = await openParquet(io.io, TEST_PATH)
  return { io, file }
}

const wantedRows = (fields: readonly DataField[], ranges: readonly RowRange[]): unknown =>
  byColumn(
    FIELDS,
    ROWS.filter((_, i) => ranges.some(({ from, to }) => from <= i && i < to)),
  ).filter((_, i) => fields.some((field) => field.id === i))

describe('a cursor', () => {
  test('never gives rows of two row groups at once, and says which rows they are', async () => {
    const { file } = await opened()
    const { rowGroups } = file.metadata
    expect(rowGroups.length).toBeGreaterThanOrEqual(3)
    const cursor = new ParquetCursor(file, { fields: [FIELDS[0]!] })
    const rows: RowRange[] = []
    const lengths: number[] = []
    for (let batch = await cursor.read(3000); batch !== null; batch = await cursor.read(3000)) {
      rows.push(...batch.rows)
      lengths.push(batch.length)
    }
    let at = 0
    for (const { from, to } of rows) {
      expect(from).toBe(at)
      at = to
    }
    expect(at).toBe(ROWS.length)
    const ends = new Set(rows.map(({ to }) => to))
    let end = 0
    for (const group of rowGroups) {
      end += group.rowCount
      expect(ends.has(end)).toBe(true)
    }
    expect(Math.max(...lengths)).toBe(3000)
    expect(await cursor.read(1)).toBeNull()
  })

  test('gives the rows of ranges that lie in several row groups', async () => {
    const { file } = await opened()
    const [first, second] = file.metadata.rowGroups
    const border = first!.rowCount
    const cases: RowRange[][] = [
      [],
      [{ from: 0, to: 0 }],
      [{ from: border - 1, to: border + 1 }],
      [{ from: border, to: border + 1 }],
      [
        { from: 0, to: 1 },
        { from: ROWS.length - 1, to: ROWS.length },
      ],
      [{ from: 10, to: border + second!.rowCount + 10 }],
      [{ from: ROWS.length - 1, to: ROWS.length + 1000 }],
      [{ from: ROWS.length, to: ROWS.length + 1 }],
      [
        { from: 5, to: 6 },
        { from: 6, to: 7 },
        { from: 499, to: 501 },
        { from: 9000, to: 9001 },
      ],
    ]
    for (const rows of cases)
      for (const batchRows of [1, 700, 100_000])
        expect(
          difference(
            await readColumns(file, { fields: FIELDS, rows, batchRows }),
            wantedRows(FIELDS, rows) as never,
          ),
        ).toBeNull()
  })

  test('tells the rows of ranges by their number in the file', async () => {
    const { file } = await opened()
    const rows = [
      { from: 3, to: 5 },
      { from: 700, to: 701 },
    ]
    const cursor = new ParquetCursor(file, { fields: [FIELDS[3]!], rows })
    expect((await cursor.read(100))!.rows).toEqual(rows)
  })

  test('reads a column that the file lacks as nulls', async () => {
    const { file } = await opened()
    const fields = [
      { id: 9, name: 'missing', type: parseTypeText('MAP<INT NOT NULL, STRING>') },
      FIELDS[0]!,
      { ...FIELDS[4]!, type: parseTypeText('ROW<`b` STRING, `a` INT, `c` ARRAY<INT>>') },
    ]
    const columns = await readColumns(file, { fields })
    const wanted = ROWS.map((row) => {
      const pair = row[4] as readonly (number | null)[] | null
      return [null, row[0]!, pair === null ? null : [pair[1]!, pair[0]!, null]]
    })
    expect(difference(columns, byColumn(fields, wanted))).toBeNull()
    const missing = await readColumns(file, { fields: [fields[0]!], batchRows: 999 })
    expect(missing[0]!.length).toBe(ROWS.length)
  })

  test('refuses a column that the file has under another name', async () => {
    const { file } = await opened()
    const renamed = { ...FIELDS[0]!, name: 'renamed' }
    const inner = { ...FIELDS[4]!, type: parseTypeText('ROW<`renamed` INT, `b` STRING>') }
    for (const [field, name] of [
      [renamed, 'c0'],
      [inner, 'a'],
    ] as const)
      await expect(readColumns(file, { fields: [field] })).rejects.toMatchObject({
        code: 'CORRUPT',
        message: expect.stringContaining(`column renamed is stored as ${name}`) as string,
      })
  })

  test.each([
    ['a number as text', 0, 'STRING', 'which does not read as VARCHAR'],
    ['text as a number', 1, 'INT', 'which does not read as INT'],
    ['a list as a row', 3, 'ROW<`x` INT>', 'the file has none of the fields of the row'],
    ['a list as text', 3, 'STRING', 'stored as a group'],
    ['a row as a list', 4, 'ARRAY<INT>', 'is not stored as a list'],
    ['a list as a map', 3, 'MAP<STRING NOT NULL, INT>', 'is not stored as a map'],
    ['a number as a row', 0, 'ROW<`x` INT>', 'is not stored as a group'],
  ])('refuses to read %s', async (_, index, text, words) => {
    const { file } = await opened()
    const fields = [{ ...FIELDS[index]!, type: parseTypeText(text) }]
    await expect(readColumns(file, { fields })).rejects.toThrow(words)
  })

  test('asks for a positive number of rows', async () => {
    const { file } = await opened()
    await expect(new ParquetCursor(file, { fields: FIELDS }).read(0)).rejects.toThrow('0 rows')
  })

  test('reads numbers as wider ones', async () => {
    const { file } = await opened()
    const fields = [{ ...FIELDS[0]!, type: parseTypeText('BIGINT') }]
    const columns = await readColumns(file, { fields })
    const wanted = ROWS.map(([value]) => (value === null ? null : BigInt(value as number)))
    expect(difference(columns, [wanted])).toBeNull()
  })
})

function chunkRange(chunk: ColumnChunk): RowRange {
  const from = chunkStart(chunk)
  return { from, to: from + chunk.compressedBytes }
}

async function twoColumns(scheme: string): Promise<BytesIO> {
  const { io, file } = await opened(scheme)
  io.reads.length = 0
  await readColumns(file, { fields: [FIELDS[0]!, FIELDS[5]!] })
  return io
}

describe('only what is needed is asked for', () => {
  test('opening reads the end of the file alone', async () => {
    const { io } = await opened()
    expect(io.reads).toEqual([{ from: BYTES.length - 65_536, to: BYTES.length }])
  })

  test('a footer longer than that takes one more request', async () => {
    const types = Array.from({ length: 900 }, () => parseTypeText('INT'))
    const fields = fieldsOf(types)
    const rows = [types.map((_, i) => i)]
    const bytes = await writeParquet(fields, [batchOf(fields, rows)])
    const io = new BytesIO(bytes)
    const file = await openParquet(io.io, TEST_PATH, { sizeBytes: bytes.length })
    expect(io.reads.length).toBe(2)
    expect(io.readBytes).toBeLessThan(bytes.length)
    expect(difference(await readColumns(file, { fields }), byColumn(fields, rows))).toBeNull()
  })

  test('of one column that are its chunks', async () => {
    const { io, file } = await opened()
    io.reads.length = 0
    await readColumns(file, { fields: [FIELDS[2]!] })
    const wanted = file.metadata.rowGroups.map((group) => chunkRange(group.columns[2]!))
    expect(io.reads).toEqual(wanted.filter(({ from }) => from < BYTES.length - 65_536))
  })

  test('of two columns that is little more than their chunks', async () => {
    for (const pair of [
      [0, 1],
      [0, 5],
      [1, 3],
    ]) {
      const { io, file } = await opened()
      io.reads.length = 0
      await readColumns(file, { fields: pair.map((i) => FIELDS[i]!) })
      const names = new Set(pair.map((i) => FIELDS[i]!.name))
      const chunks = file.metadata.rowGroups.flatMap((group) => group.columns)
      const needed = chunks.filter((chunk) => names.has(chunk.path[0]!))
      const bytes = needed.reduce((sum, chunk) => sum + chunk.compressedBytes, 0)
      // Chunks that lie near each other come with what is between them, up to 16 KiB.
      expect(io.readBytes).toBeLessThan(bytes + file.metadata.rowGroups.length * 17_000)
    }
  })

  test('of a few rows that is their pages', async () => {
    const { io, file } = await opened()
    io.reads.length = 0
    const fields = [FIELDS[1]!, FIELDS[3]!]
    const rows = [{ from: 1234, to: 1240 }]
    const columns = await readColumns(file, { fields, rows })
    expect(difference(columns, wantedRows(fields, rows) as never)).toBeNull()
    const whole = file.metadata.rowGroups[0]!.columns
    expect(io.readBytes).toBeLessThan((whole[1]!.compressedBytes + whole[3]!.compressedBytes) / 5)
    const pages = (await inspect(BYTES))[0]![1]!.offsetIndex!
    const page = pages[2]!
    expect(io.reads.some(({ from, to }) => from <= page.offset && page.offset < to)).toBe(true)
  })

  test('of row groups without wanted rows that is nothing', async () => {
    const { io, file } = await opened()
    io.reads.length = 0
    const start = file.metadata.rowGroups[0]!.rowCount + 10
    await readColumns(file, { fields: FIELDS, rows: [{ from: start, to: start + 5 }] })
    const second = file.metadata.rowGroups[1]!.columns
    const from = chunkStart(second[0]!)
    const last = second.at(-1)!
    const to = chunkStart(last) + last.compressedBytes
    expect(io.reads.length).toBeGreaterThan(0)
    for (const read of io.reads.filter((each) => each.from < BYTES.length - 65_536))
      expect([read.from >= from, read.to <= to]).toEqual([true, true])
  })

  test('from S3 fewer requests are made, for more bytes', async () => {
    const [local, s3] = [await twoColumns('file'), await twoColumns('s3')]
    expect(s3.reads.length).toBeLessThan(local.reads.length)
    expect(s3.readBytes).toBeGreaterThan(local.readBytes)
  })
})

describe('views', () => {
  test('are the same values as compact ones, in windows of any size', async () => {
    const { file } = await opened()
    const random = seeded(11)
    const fields = [FIELDS[1]!, FIELDS[3]!, FIELDS[4]!]
    for (let i = 0; i < 5; i++) {
      const from = between(random, 0, 15_000)
      const rows = [
        { from, to: from + between(random, 1, 3000) },
        { from: from + 3500, to: from + 4000 },
      ]
      const batchRows = [between(random, 1, 50), between(random, 50, 5000)]
      const compact = await readColumns(file, { fields, rows, batchRows })
      const views = await readColumns(file, { fields, rows, batchRows, views: true })
      expect(difference(views, compact)).toBeNull()
      expect(difference(views, wantedRows(fields, rows) as never)).toBeNull()
    }
  })

  test('point into their page instead of copying it', async () => {
    const fields = fieldsOf([parseTypeText('STRING NOT NULL')])
    const rows = randomRows({ fields, rowCount: 400, seed: 1, nulls: 'none', spread: 'many' })
    const bytes = await writeParquet(fields, [batchOf(fields, rows)], {
      dictionary: false,
      codec: 'none',
    })
    const cursor = new ParquetCursor(await openBytes(bytes), { fields, views: true })
    const [column] = (await cursor.read(400))!.columns
    expect(column!.layout === 'bytes' && column!.ends[0] !== column!.starts[1]).toBe(true)
  })
})

/** Zeros that end as a file with a footer of the length. */
function tail(length: number, magic: string): Uint8Array {
  const bytes = Buffer.alloc(40)
  bytes.writeUInt32LE(length, 32)
  bytes.write(magic, 36)
  return new Uint8Array(bytes)
}

describe('what is no Parquet file', () => {
  test.each<[string, Uint8Array, string, string]>([
    ['no bytes', new Uint8Array(0), 'CORRUPT', 'a file of 0 bytes is no Parquet file'],
    ['too few', new Uint8Array(11), 'CORRUPT', 'a file of 11 bytes is no Parquet file'],
    ['another magic', tail(3, 'PAR2'), 'CORRUPT', 'does not end as a Parquet file'],
    ['an encrypted footer', tail(3, 'PARE'), 'UNSUPPORTED', 'is encrypted'],
    ['a footer longer than the file', tail(29, 'PAR1'), 'CORRUPT', 'longer than the file'],
    ['a footer of four gigabytes', tail(2 ** 32 - 1, 'PAR1'), 'CORRUPT', 'longer than the file'],
    ['a footer of zeros', tail(28, 'PAR1'), 'CORRUPT', 'lacks its version'],
  ])('%s', async (_, bytes, code, words) => {
    const error = await openBytes(bytes).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code, path: TEST_PATH })
    expect((error as Error).message).toContain(words)
  })

  test('a file that is not there', async () => {
    const io = { ...new BytesIO(new Uint8Array(0)).io, stat: async () => null }
    await expect(openParquet(io, TEST_PATH)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})
