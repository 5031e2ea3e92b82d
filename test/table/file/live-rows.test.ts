import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import type { CursorOptions, DataFile, RowRange } from '../../../src/format/data-file.ts'
import { bitmapOf } from '../../../src/indexes/roaring.ts'
import { withoutDeleted } from '../../../src/table/file/live-rows.ts'
import { takeBatch } from '../../../src/types/column-take.ts'
import type { Batch } from '../../../src/types/column.ts'
import type { DataField } from '../../../src/types/data-type.ts'

const FIELD: DataField = { id: 0, name: 'row', type: { kind: 'INT', nullable: false } }

function rowsBatch(rows: readonly number[]): Batch {
  const { length } = rows
  const values = Int32Array.from(rows)
  return { length, columns: [{ layout: 'fixed', length, validity: null, values }] }
}

const rowsOf = (batch: Batch): number[] => {
  const [column] = batch.columns
  return column?.layout === 'fixed' ? Array.from(column.values, Number) : []
}

/** A file whose one column is the number of the row, with a boundary behind every `groupRows` rows. */
function numberedFile(rowCount: number, groupRows: number, leavesOut: boolean): DataFile {
  const cursor = ({ rows = [{ from: 0, to: rowCount }] }: CursorOptions) => {
    const wanted = rows.flatMap(({ from, to }) =>
      Array.from({ length: Math.min(to, rowCount) - from }, (_, i) => from + i),
    )
    const read = async (count: number): Promise<Batch | null> => {
      if (wanted.length === 0) return null
      const group = Math.floor(wanted[0]! / groupRows)
      const end = wanted.findIndex((row) => Math.floor(row / groupRows) !== group)
      return rowsBatch(wanted.splice(0, Math.min(count, end < 0 ? Infinity : end)))
    }
    const readKept = async (count: number, dropped: Uint32Array) => {
      const batch = await read(count)
      if (batch === null) return null
      const kept = [...Array.from({ length: batch.length }).keys()].filter(
        (i) => (dropped[i >> 5]! & (1 << (i & 31))) === 0,
      )
      return { batch: takeBatch(batch, Uint32Array.from(kept)), passed: batch.length }
    }
    return leavesOut ? { read, readKept } : { read }
  }
  return { path: 'f', columnNames: new Set(['row']), rowCount, prune: async () => null, cursor }
}

const cases = fc.record({
  rowCount: fc.integer({ min: 1, max: 400 }),
  groupRows: fc.integer({ min: 1, max: 150 }),
  deleted: fc.oneof(
    fc.uniqueArray(fc.nat(399)),
    fc.tuple(fc.nat(399), fc.nat(399)).map(([a, b]) => {
      const from = Math.min(a, b)
      return Array.from({ length: Math.abs(a - b) }, (_, i) => from + i)
    }),
  ),
  cuts: fc.option(fc.uniqueArray(fc.nat(399), { maxLength: 8 })),
  counts: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 }),
  leavesOut: fc.boolean(),
})

/** Ranges between each second pair of the cuts. */
function rangesOf(cuts: readonly number[] | null, rowCount: number): RowRange[] | undefined {
  if (cuts === null) return undefined
  const sorted = cuts.toSorted((a, b) => a - b).filter((cut) => cut < rowCount)
  return sorted.flatMap((from, i) => (i % 2 === 0 ? [{ from, to: sorted[i + 1] ?? rowCount }] : []))
}

test('a file without its deleted rows gives the others, in batches as long as asked for but at boundaries', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ rowCount, groupRows, deleted, cuts, counts, leavesOut }) => {
      const rows = rangesOf(cuts, rowCount)
      const file = numberedFile(rowCount, groupRows, leavesOut)
      const live = withoutDeleted(file, bitmapOf(deleted.filter((row) => row < rowCount)))
      const cursor = live.cursor({ fields: [FIELD], rows })
      const found: number[] = []
      const groupOf = (row: number): number => Math.floor(row / groupRows)
      for (let i = 0; ; i++) {
        const count = counts[i % counts.length]!
        const batch = await cursor.read(count)
        if (batch === null) break
        const next = rowsOf(batch)
        expect(next.length).toBeGreaterThan(0)
        expect(new Set(next.map(groupOf)).size).toBe(1)
        expect(next.length).toBeLessThanOrEqual(count)
        found.push(...next)
      }
      const isWanted = (row: number): boolean =>
        rows === undefined || rows.some(({ from, to }) => row >= from && row < to)
      const expected = [...Array.from({ length: rowCount }).keys()].filter(
        (row) => isWanted(row) && !deleted.includes(row),
      )
      expect(found).toEqual(expected)
    }),
    { numRuns: 150 },
  )
})

test('a second cursor gives the rows of each batch of the first again, in whichever pieces', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ rowCount, groupRows, deleted, counts, leavesOut }) => {
      const file = numberedFile(rowCount, groupRows, leavesOut)
      const live = withoutDeleted(file, bitmapOf(deleted.filter((row) => row < rowCount)))
      const first = live.cursor({ fields: [FIELD] })
      const second = live.cursor({ fields: [FIELD] })
      for (let i = 0; ; i++) {
        const batch = await first.read(counts[i % counts.length]!)
        if (batch === null) break
        const half = Math.ceil(batch.length / 2)
        const again = rowsOf((await second.read(half))!)
        if (half < batch.length) again.push(...rowsOf((await second.read(batch.length - half))!))
        expect(again).toEqual(rowsOf(batch))
      }
    }),
    { numRuns: 100 },
  )
})

const isLive = (row: number): boolean =>
  row !== 5 && row !== 39_000 && (row < 9999 || row >= 30_000)

test('rows that are deleted in thousands are not read', async () => {
  const asked: (readonly RowRange[] | undefined)[] = []
  const whole = numberedFile(40_000, 15_000, true)
  const file: DataFile = {
    ...whole,
    cursor: (options) => {
      asked.push(options.rows)
      return whole.cursor(options)
    },
  }
  const deleted = [...Array.from({ length: 20_000 }).keys()].map((row) => 10_000 + row)
  const live = withoutDeleted(file, bitmapOf([5, 9999, ...deleted, 39_000]))
  const read = async (rows?: readonly RowRange[]): Promise<number[]> => {
    const cursor = live.cursor({ fields: [FIELD], rows })
    const found: number[] = []
    for (;;) {
      const batch = await cursor.read(7000)
      if (batch === null) return found
      found.push(...rowsOf(batch))
    }
  }
  const all = [...Array.from({ length: 40_000 }).keys()]
  expect(await read()).toEqual(all.filter(isLive))
  const some = [
    { from: 0, to: 12_000 },
    { from: 13_000, to: 14_000 },
    { from: 29_000, to: 30_010 },
  ]
  expect(await read(some)).toEqual(
    all.filter((row) => isLive(row) && (row < 12_000 || (row >= 29_000 && row < 30_010))),
  )
  expect(asked).toEqual([
    [
      { from: 0, to: 9999 },
      { from: 30_000, to: 40_000 },
    ],
    [
      { from: 0, to: 9999 },
      { from: 30_000, to: 30_010 },
    ],
  ])
})

test('a reader that chooses rows by where they stand is given the deleted ones too', async () => {
  const live = withoutDeleted(numberedFile(5, 5, true), bitmapOf([1, 3]))
  const batch = await live.cursor({ fields: [FIELD], keepsDeleted: true }).read(10)
  expect(rowsOf(batch!)).toEqual([0, 1, 2, 3, 4])
})
