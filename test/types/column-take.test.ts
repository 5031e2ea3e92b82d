import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { concatColumns, nullColumn, takeBatch, takeColumn } from '../../src/types/column-take.ts'
import type { Column } from '../../src/types/column.ts'
import { jsonReader } from '../../src/types/json-value.ts'
import { tables, toBatch } from './random-values.ts'

test('taken rows are the rows of those indices, in their order', () => {
  fc.assert(
    fc.property(tables, fc.array(fc.nat(1000), { maxLength: 30 }), (table, picks) => {
      const { fields, rows } = table
      const indices = rows.length === 0 ? [] : picks.map((pick) => pick % rows.length)
      const taken = takeBatch(toBatch(table), Uint32Array.from(indices))
      const read = jsonReader(taken, fields)
      expect(indices.map((_, row) => read(row))).toEqual(indices.map((index) => rows[index]))
    }),
    { numRuns: 300 },
  )
})

test('the index -1 takes a null', () => {
  fc.assert(
    fc.property(tables, (table) => {
      const { fields, rows } = table
      if (rows.length === 0) return
      const indices = Int32Array.from([-1, 0, -1])
      const columns = toBatch(table).columns.map((column) => takeColumn(column, indices))
      const read = jsonReader({ length: 3, columns }, fields)
      const nulls = Object.fromEntries(fields.map(({ name }) => [name, null]))
      expect([read(0), read(1), read(2)]).toEqual([nulls, rows[0], nulls])
    }),
    { numRuns: 100 },
  )
})

test('joined columns hold the rows of all, in order', () => {
  fc.assert(
    fc.property(tables, fc.array(fc.nat(20), { maxLength: 3 }), (table, cuts) => {
      const { fields, rows } = table
      const bounds = [0, ...cuts.map((cut) => cut % (rows.length + 1)), rows.length].toSorted(
        (a, b) => a - b,
      )
      const batch = toBatch(table)
      const parts = bounds.slice(1).map((to, i) => {
        const from = bounds[i]!
        return takeBatch(
          batch,
          Uint32Array.from({ length: to - from }, (_, row) => from + row),
        )
      })
      const columns = fields.map((_, i): Column =>
        concatColumns(parts.map((part) => part.columns[i]!)),
      )
      const read = jsonReader({ length: rows.length, columns }, fields)
      expect(rows.map((_, row) => read(row))).toEqual(rows)
    }),
    { numRuns: 300 },
  )
})

test('a column of nulls has a null in every row, at any type', () => {
  fc.assert(
    fc.property(tables, ({ fields }) => {
      const columns = fields.map(({ type }) => nullColumn(type, 9))
      const read = jsonReader({ length: 9, columns }, fields)
      const nulls = Object.fromEntries(fields.map(({ name }) => [name, null]))
      expect(Array.from({ length: 9 }, (_, row) => read(row))).toEqual(
        Array.from({ length: 9 }, () => nulls),
      )
    }),
    { numRuns: 100 },
  )
})
