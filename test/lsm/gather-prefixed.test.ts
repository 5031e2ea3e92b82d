import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { prefixedColumn, PrefixedPage } from '../../src/format/prefixed-bytes.ts'
import { gatherPrefixed, picksOf } from '../../src/lsm/gather-prefixed.ts'
import { gatherColumn } from '../../src/lsm/gather.ts'
import { type BytesColumn } from '../../src/types/column.ts'
import { prefixedPage } from '../support/prefixed.ts'

function textsOf({ data, starts, ends, length }: BytesColumn): string[] {
  return Array.from({ length }, (_, i) => Buffer.from(data.subarray(starts[i], ends[i])).toString())
}

const pageTexts = fc.array(
  fc.oneof(fc.string(), fc.string({ minLength: 60, maxLength: 70 }), fc.constant('é'.repeat(300))),
  { minLength: 1, maxLength: 40 },
)

/** Sources of pages each, and which rows of them are picked in which order. */
const gathers = fc
  .array(fc.array(pageTexts, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 })
  .chain((sources) => {
    const counts = sources.map((pages) => pages.flat().length)
    const picked = fc.tuple(
      ...counts.map((count) =>
        fc
          .subarray(Array.from({ length: count }, (_, i) => i))
          .map((rows) => rows.toSorted((a, b) => a - b)),
      ),
    )
    return fc.tuple(fc.constant(sources), picked, fc.infiniteStream(fc.nat()))
  })
  .map(([sources, picked, chances]) => {
    const rest = picked.map((rows) => [...rows])
    const order: { source: number; row: number }[] = []
    for (const chance of chances) {
      const open = rest.flatMap((rows, source) => (rows.length > 0 ? [source] : []))
      if (open.length === 0) break
      const source = open[chance % open.length]!
      order.push({ source, row: rest[source]!.shift()! })
    }
    return { sources, order }
  })

test('rows of several sources are gathered in their order, over the pages of each', () => {
  fc.assert(
    fc.property(gathers, ({ sources, order }) => {
      const flat = sources.map((pages) => pages.flat())
      const sourceOf = Uint16Array.from(order, ({ source }) => source)
      const rows = Uint32Array.from(order, ({ row }) => row)
      const picks = picksOf(
        sourceOf,
        rows,
        flat.map((all) => all.length),
      )
      const columns = sources.map((pages) =>
        prefixedColumn(
          pages.map((page) => prefixedPage(page).piece(0, page.length)),
          pages.flat().length,
        ),
      )
      const wanted = order.map(({ source, row }) => flat[source]![row]!)
      const rowsOf = { columns, sourceOf, rows, length: order.length }
      // Once by picks, once by where each value lies.
      expect(textsOf(gatherColumn(rowsOf, picks) as BytesColumn)).toEqual(wanted)
      expect(textsOf(gatherColumn(rowsOf) as BytesColumn)).toEqual(wanted)
    }),
    { numRuns: 150 },
  )
})

test('a page is gathered from bit by bit', () => {
  const page = prefixedPage(['a', 'b', 'c', 'd', 'e'])
  const take = (row: number, count: number, rows: number[]): string[] => {
    const picks = picksOf(new Uint16Array(rows.length), Uint32Array.from(rows), [count])!
    return textsOf(gatherPrefixed([[page.piece(row, count)]], picks)!)
  }
  expect(take(0, 2, [0])).toEqual(['a'])
  expect(take(2, 1, [])).toEqual([])
  expect(take(3, 2, [0, 1])).toEqual(['d', 'e'])
})

/** Every third row of two pages of many texts, which come in turns. */
function manyRows(texts: readonly (readonly string[])[]) {
  const count = Math.ceil(texts[0]!.length / 3)
  const sourceOf = Uint16Array.from({ length: 2 * count }, (_, i) => i % 2)
  const rows = Uint32Array.from({ length: 2 * count }, (_, i) => 3 * (i >> 1))
  const picks = picksOf(
    sourceOf,
    rows,
    texts.map((all) => all.length),
  )!
  const wanted = Array.from(rows, (row, i) => texts[sourceOf[i]!]![row]!)
  return { rowsOf: { sourceOf, rows, length: rows.length }, picks, wanted }
}

test('more rows than a block has are gathered block by block', () => {
  const texts = ['a', 'b'].map((name) => Array.from({ length: 20_000 }, (_, i) => `${name}${i}`))
  const { picks, wanted } = manyRows(texts)
  const pages = texts.map((all) => prefixedPage(all, true))
  const sources = pages.map((page) => [page.piece(0, 15_000), page.piece(15_000, 5000)])
  expect(textsOf(gatherPrefixed(sources, picks)!)).toEqual(wanted)
  // Every piece was finished, so the pages are gone.
  expect(pages.map((page) => page.bytes.length)).toEqual([0, 0])
})

test('where the first values of a page are its longest they are located one by one', () => {
  const long = Array.from({ length: 4000 }, (_, i) => (i < 2000 ? `${i}`.repeat(9) : `${i}`))
  const texts = [long, long.map((text) => `b${text}`)]
  const pages = texts.map((all) => prefixedPage(all))
  const halves = texts.map((all) => all.slice(0, 2000))
  const { rowsOf, picks, wanted } = manyRows(halves)
  const pieces = pages.map((page) => [page.piece(0, 2000)])
  expect(gatherPrefixed(pieces, picks)).toBeNull()
  const columns = pieces.map((each) => prefixedColumn(each, 2000))
  expect(textsOf(gatherColumn({ columns, ...rowsOf }, picks) as BytesColumn)).toEqual(wanted)
})

test('a page that is damaged is CORRUPT, and named', () => {
  const { bytes } = prefixedPage(['abc', 'def', 'ghi'])
  const values = { bytes: bytes.with(7, 99), from: 0, to: bytes.length, count: 3, isOwn: false }
  const page = new PrefixedPage(values, 'bucket-0/data')
  const columns = [prefixedColumn([page.piece(0, 3)], 3)]
  const rowsOf = { sourceOf: Uint16Array.of(0), rows: Uint32Array.of(2), length: 1 }
  const picks = picksOf(rowsOf.sourceOf, rowsOf.rows, [3])
  expect(() => gatherColumn({ columns, ...rowsOf }, picks)).toThrow(
    expect.objectContaining({ code: 'CORRUPT', path: 'bucket-0/data' }),
  )
})

test('rows of a source that do not ascend have no picks', () => {
  expect(picksOf(Uint16Array.of(0, 1, 0), Uint32Array.of(1, 0, 1), [2, 1])).toBeNull()
})
