import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  allRows,
  batchRows,
  type BatchRows,
  type ColumnRows,
} from '../../../../src/format/column-rows.ts'
import {
  PARQUET_DEFAULTS,
  ParquetWriter,
} from '../../../../src/format/parquet/write/file-writer.ts'
import { concatColumns, nullColumn, takeColumn } from '../../../../src/types/column-take.ts'
import type { Batch } from '../../../../src/types/column.ts'
import type { DataField } from '../../../../src/types/data-type.ts'
import { parseTypeText } from '../../../../src/types/type-text.ts'
import { LakeError } from '../../../../src/util/errors.ts'
import { columnOf } from '../../../support/java-vectors.ts'
import {
  byColumn,
  BytesWriter,
  difference,
  openBytes,
  readColumns,
  writeParquet,
} from '../../../support/parquet.ts'
import {
  batchOf,
  fieldsOf,
  NULL_PATTERNS,
  randomRows,
  SPREADS,
  tablePlans,
  typesToDepth,
} from '../../../support/random-columns.ts'
import { between, type Random, seeded } from '../../../support/random.ts'

const field = (type: string): DataField[] => fieldsOf([parseTypeText(type)])

/** Rows chosen from several batches, and the plain rows that they are. */
function chosen(
  batches: readonly Batch[],
  rows: readonly (readonly unknown[][])[],
  length: number,
  random: Random,
): { source: BatchRows; wanted: unknown[][] } {
  const sourceOf = Uint16Array.from({ length }, () => between(random, 0, batches.length))
  const rowOf = Int32Array.from(sourceOf, (source) => between(random, 0, batches[source]!.length))
  const source = batchRows(length, (index): ColumnRows => ({
    columns: batches.map((batch) => batch.columns[index]!),
    sourceOf,
    rows: rowOf,
    length,
  }))
  return { source, wanted: Array.from(rowOf, (row, i) => rows[sourceOf[i]!]![row]!) }
}

describe('rows', () => {
  test('of several batches, in any order, are written as they are chosen', async () => {
    const plans = fc.record({
      plan: tablePlans(typesToDepth(2), 200),
      patterns: fc.array(fc.constantFrom(...NULL_PATTERNS), { minLength: 1, maxLength: 4 }),
      spread: fc.constantFrom(...SPREADS),
      length: fc.nat(500),
      dictionary: fc.boolean(),
      pageRows: fc.constantFrom(7, 100, 20_000),
    })
    await fc.assert(
      fc.asyncProperty(plans, async ({ plan, patterns, spread, length, dictionary, pageRows }) => {
        const { fields } = plan
        // Batches of different null patterns, so that some have validity and others have none.
        const rows = patterns.map((nulls, i) =>
          randomRows({ ...plan, nulls, spread, seed: plan.seed + i, rowCount: plan.rowCount + 1 }),
        )
        const batches = rows.map((each) => batchOf(fields, each))
        const { source, wanted } = chosen(batches, rows, length, seeded(plan.seed))
        const bytes = await writeParquet(fields, [source], {
          dictionary,
          pageRows,
          pageBytes: 3000,
        })
        const columns = await readColumns(await openBytes(bytes), { fields })
        expect(difference(columns, byColumn(fields, wanted as never))).toBeNull()
      }),
      { numRuns: 60 },
    )
  })

  test('of one batch by index alone', async () => {
    const fields = fieldsOf([
      parseTypeText('INT'),
      parseTypeText('STRING'),
      parseTypeText('BOOLEAN'),
    ])
    const rows = randomRows({ fields, rowCount: 300, seed: 5, nulls: 'some', spread: 'many' })
    const batch = batchOf(fields, rows)
    const order = Uint32Array.from({ length: 300 }, (_, i) => (i * 101) % 300)
    const source = batchRows(300, (i) => ({
      columns: [batch.columns[i]!],
      sourceOf: null,
      rows: order,
      length: 300,
    }))
    const bytes = await writeParquet(fields, [source])
    const columns = await readColumns(await openBytes(bytes), { fields })
    expect(
      difference(
        columns,
        byColumn(
          fields,
          Array.from(order, (row) => rows[row]!),
        ),
      ),
    ).toBeNull()
  })

  test('of several columns without indices are those of the first', async () => {
    const fields = field('INT')
    const columns = [columnOf(fields[0]!.type, [1, 2, 3]), columnOf(fields[0]!.type, [7, 8, 9])]
    const bytes = await writeParquet(fields, [
      batchRows(3, () => ({ columns, sourceOf: null, rows: null, length: 3 })),
      batchRows(3, () => ({ columns, sourceOf: Uint16Array.of(1, 0, 1), rows: null, length: 3 })),
    ])
    const read = await readColumns(await openBytes(bytes), { fields })
    expect(read).toEqual([[1, 2, 3, 7, 2, 9]])
  })

  test('are written in pieces of any size', async () => {
    const fields = fieldsOf([parseTypeText('STRING'), parseTypeText('ARRAY<INT>')])
    const rows = randomRows({ fields, rowCount: 500, seed: 3, nulls: 'some', spread: 'many' })
    const source = allRows(batchOf(fields, rows))
    const out = new BytesWriter()
    const writer = new ParquetWriter(fields, out, PARQUET_DEFAULTS)
    for (const [from, to] of [
      [0, 0],
      [0, 1],
      [1, 300],
      [300, 300],
      [300, 500],
    ] as const)
      await writer.write(source, from, to)
    expect(writer.rowCount).toBe(500)
    await writer.close()
    const columns = await readColumns(await openBytes(out.bytes), { fields })
    expect(difference(columns, byColumn(fields, rows))).toBeNull()
  })

  test('may lie in views of larger buffers', async () => {
    const fields = fieldsOf(
      ['BIGINT', 'INT', 'SMALLINT', 'DOUBLE', 'DECIMAL(38, 0)', 'DECIMAL(5, 0)', 'STRING'].map(
        (text) => parseTypeText(text),
      ),
    )
    const rows = randomRows({ fields, rowCount: 90, seed: 9, nulls: 'some', spread: 'many' })
    const batch = batchOf(fields, rows)
    // A column that starts in the middle of its buffers, as those of a larger batch do.
    const columns = batch.columns.map((column) => {
      const doubled = concatColumns([column, column])
      return takeColumn(
        doubled,
        Int32Array.from({ length: 90 }, (_, i) => 90 + i),
      )
    })
    const shifted = columns.map((column) =>
      column.layout === 'fixed' ? { ...column, values: misaligned(column.values) } : column,
    )
    const bytes = await writeParquet(fields, [{ length: 90, columns: shifted }])
    const read = await readColumns(await openBytes(bytes), { fields })
    expect(difference(read, byColumn(fields, rows))).toBeNull()
  })
})

/** The same values behind 16 other bytes. */
function misaligned<
  V extends { buffer: ArrayBufferLike; byteLength: number; byteOffset: number; length: number },
>(values: V): V {
  const buffer = new ArrayBuffer(values.byteLength + 16)
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  new Uint8Array(buffer, 16).set(bytes)
  const Type = values.constructor as unknown as new (
    buffer: ArrayBuffer,
    at: number,
    n: number,
  ) => V
  return new Type(buffer, 16, values.length)
}

describe('row groups', () => {
  test('end once they are full', async () => {
    const fields = field('BIGINT')
    const rows = Array.from({ length: 100_000 }, (_, i) => [BigInt(i) * 7919n])
    const bytes = await writeParquet(fields, [batchOf(fields, rows)], {
      rowGroupBytes: 200_000,
      pageRows: 2000,
    })
    const { metadata } = await openBytes(bytes)
    const { rowGroups } = metadata
    expect(rowGroups.reduce((sum, group) => sum + group.rowCount, 0)).toBe(100_000)
    for (const { uncompressedBytes, rowCount } of rowGroups.slice(0, -1)) {
      expect(uncompressedBytes).toBeGreaterThanOrEqual(200_000)
      // Full by eight bytes a row, give or take.
      expect(rowCount).toBeLessThanOrEqual(25_000 + 1000)
    }
    const read = await readColumns(await openBytes(bytes), { fields, batchRows: 30_000 })
    expect(difference(read, byColumn(fields, rows))).toBeNull()
  })

  test('are not judged by fewer rows than the first 4096', async () => {
    const fields = field('INT')
    const rows = Array.from({ length: 10_000 }, (_, i) => [i])
    const bytes = await writeParquet(fields, [batchOf(fields, rows)], { rowGroupBytes: 1 })
    const { metadata } = await openBytes(bytes)
    expect(metadata.rowGroups.map((group) => group.rowCount)).toEqual([4096, 4096, 1808])
  })

  test('are none in a file without rows', async () => {
    const fields = fieldsOf([parseTypeText('INT'), parseTypeText('MAP<STRING NOT NULL, INT>')])
    for (const batches of [[], [batchOf(fields, [])]]) {
      const bytes = await writeParquet(fields, batches)
      const file = await openBytes(bytes)
      expect([file.metadata.rowCount, file.metadata.rowGroups.length]).toEqual([0, 0])
      expect(await readColumns(file, { fields })).toEqual([[], []])
    }
  })
})

test('the size of the file is known while it is written, and exact at the end', async () => {
  const fields = fieldsOf([parseTypeText('BIGINT'), parseTypeText('STRING')])
  const out = new BytesWriter()
  const writer = new ParquetWriter(fields, out, { ...PARQUET_DEFAULTS, rowGroupBytes: 1 << 19 })
  let last = writer.sizeBytes
  expect(last).toBe(0)
  for (let part = 0; part < 8; part++) {
    const rows = randomRows({ fields, rowCount: 20_000, seed: part, nulls: 'some', spread: 'many' })
    await writer.write(allRows(batchOf(fields, rows)))
    expect(writer.sizeBytes).toBeGreaterThan(last)
    last = writer.sizeBytes
  }
  await writer.close()
  expect(writer.sizeBytes).toBe(out.bytes.length)
  expect(last).toBeGreaterThan(out.bytes.length * 0.6)
  expect(last).toBeLessThan(out.bytes.length * 1.3)
})

describe('what cannot be written is refused', () => {
  test.each(['BLOB', 'VECTOR<FLOAT, 3>', 'ROW<`a` BLOB>'])('%s', async (text) => {
    const error = await writeParquet(field(text), []).catch((cause: unknown) => cause)
    expect(error).toBeInstanceOf(LakeError)
    expect((error as LakeError).code).toBe('UNSUPPORTED')
  })

  test.each([
    ['a column', 'INT NOT NULL', null],
    ['the elements of a list', 'ARRAY<INT NOT NULL>', [1, null]],
    ['a field of a row', 'ROW<`a` ROW<`b` STRING NOT NULL>>', [[null]]],
    ['the values of a map', 'MAP<INT NOT NULL, INT NOT NULL>', [[1, null]]],
    ['a list', 'ARRAY<INT> NOT NULL', null],
  ])('a null in %s that is NOT NULL', async (_, text, value) => {
    const fields = field(text)
    const nullable = fields.map((each) => ({ ...each, type: { ...each.type, nullable: true } }))
    const batch = batchOf(nullable, [[value]])
    await expect(writeParquet(fields, [batch])).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('but nulls in rows that are not chosen do not matter', async () => {
    const fields = field('INT NOT NULL')
    const column = columnOf(parseTypeText('INT'), [1, null, 3])
    const rows: ColumnRows = {
      columns: [column],
      sourceOf: null,
      rows: Int32Array.of(0, 2),
      length: 2,
    }
    const bytes = await writeParquet(fields, [batchRows(2, () => rows)])
    expect(await readColumns(await openBytes(bytes), { fields })).toEqual([[1, 3]])
  })

  test('a column of nulls is no column of a type that is NOT NULL', async () => {
    const fields = field('STRING NOT NULL')
    const batch = { length: 2, columns: [nullColumn(fields[0]!.type, 2)] }
    await expect(writeParquet(fields, [batch])).rejects.toThrow('column c0 is NOT NULL')
  })
})

test('a failing codec or storage fails the write, once', async () => {
  const fields = field('BIGINT')
  const rows = allRows(
    batchOf(
      fields,
      Array.from({ length: 9000 }, (_, i) => [BigInt(i)]),
    ),
  )
  class FailingWriter extends BytesWriter {
    override async write(): Promise<void> {
      throw new LakeError('IO', 'the disk is full')
    }
  }
  const writer = new ParquetWriter(fields, new FailingWriter(), PARQUET_DEFAULTS)
  await writer.write(rows)
  await expect(writer.close()).rejects.toThrow('the disk is full')
  const wrong = new ParquetWriter(fields, new BytesWriter(), {
    ...PARQUET_DEFAULTS,
    codec: 'gzip',
    level: 99,
  })
  await wrong.write(rows)
  await expect(wrong.close()).rejects.toThrow('level')
})
