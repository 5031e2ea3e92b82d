import { expect, test } from 'vitest'

import { ownBatch } from '../../src/types/batch-own.ts'
import { takeBatch } from '../../src/types/column-take.ts'
import type { Column } from '../../src/types/column.ts'
import type { DataField, DataType } from '../../src/types/data-type.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { appendCells } from '../support/parquet.ts'
import { batchOf } from '../support/random-columns.ts'

const text: DataType = { kind: 'VARCHAR', length: 100, nullable: true }
const list: DataType = { kind: 'ARRAY', element: text, nullable: true }
const row: DataType = { kind: 'ROW', fields: [{ id: 9, name: 'l', type: list }], nullable: true }
const fields: readonly DataField[] = [text, list, row].map((type, id) => ({
  id,
  name: `c${id}`,
  type,
}))

function bytesBehind(column: Column): number {
  if (column.layout === 'bytes') return column.data.length
  if (column.layout === 'list') return bytesBehind(column.child)
  return column.layout === 'struct'
    ? column.children.reduce((sum, each) => sum + bytesBehind(each), 0)
    : 0
}

const cell = (i: number): Uint8Array => utf8(`value ${i}`)

test('a few rows of many keep what they have and nothing else', () => {
  const rows = Array.from({ length: 500 }, (_, i) => [
    i % 5 === 0 ? null : cell(i),
    i % 7 === 0 ? null : [cell(i), null, cell(i + 1)],
    i % 3 === 0 ? null : [[cell(i)]],
  ])
  const batch = takeBatch(batchOf(fields, rows), Uint32Array.of(421, 7, 35, 12))
  const own = ownBatch(batch)
  const cellsOf = (from: typeof own) => {
    const cells = fields.map(() => [])
    appendCells(cells, from, fields)
    return cells
  }
  expect(cellsOf(own)).toEqual(cellsOf(batch))
  expect(own.columns.map(bytesBehind).every((size) => size > 0 && size < 60)).toBe(true)
  expect(ownBatch(own)).toBe(own)
})
