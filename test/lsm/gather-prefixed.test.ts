import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { prefixedColumn } from '../../src/format/prefixed-bytes.ts'
import { gatherPrefixed, picksOf } from '../../src/lsm/gather-prefixed.ts'
import { gatherColumn } from '../../src/lsm/gather.ts'
import { type BytesColumn } from '../../src/types/column.ts'
import { prefixedPage } from '../support/prefixed.ts'

function textsOf({ data, starts, ends, length }: BytesColumn): string[] {
  return Array.from({ length }, (_, i) => Buffer.from(data.subarray(starts[i], ends[i])).toString())
}

const texts = fc.array(
  fc.oneof(fc.string(), fc.string({ minLength: 60, maxLength: 70 }), fc.constant('é'.repeat(300))),
  { minLength: 1, maxLength: 40 },
)

/** Sources of pages each, and which rows of them are picked in which order. */
const gathers = fc
  .array(fc.array(texts, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 })
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
    return textsOf(gatherPrefixed([[page.piece(row, count)]], picks))
  }
  expect(take(0, 2, [0])).toEqual(['a'])
  expect(take(2, 1, [])).toEqual([])
  expect(take(3, 2, [0, 1])).toEqual(['d', 'e'])
})

test('rows of a source that do not ascend have no picks', () => {
  expect(picksOf(Uint16Array.of(0, 1, 0), Uint32Array.of(1, 0, 1), [2, 1])).toBeNull()
})
