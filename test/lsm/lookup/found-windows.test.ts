import { expect, test } from 'vitest'

import { readFound } from '../../../src/lsm/lookup/found-windows.ts'
import type { DataType } from '../../../src/types/data-type.ts'
import { cellValue } from '../../../src/types/internal-value.ts'
import { lookupBucket } from '../../support/lookup-buckets.ts'
import { keyedSchema } from '../../support/memory-runs.ts'
import type { LeveledRow } from '../../support/merge-model.ts'

const key: DataType = { kind: 'INT', nullable: false }
const text: DataType = { kind: 'VARCHAR', length: 100, nullable: true }
const ROWS = 6000
const upTo = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step)

/** Row i has the key 2i, the number 7i and the text of i, or none where 5 divides it. */
const rows = upTo(0, ROWS).map((i): LeveledRow => ({
  row: [2 * i, i % 5 === 0 ? null : Buffer.from(`row ${i}`)],
  number: BigInt(7 * i),
  kind: i % 3 === 0 ? 2 : 0,
  level: 4,
}))

test.each([
  ['that lie close together', upTo(100, 300)],
  ['with a few others between them', upTo(17, 5000, 3)],
  ['far from each other', [0, 1, 1500, 2600, 2601, 5999]],
  ['here and there', upTo(3, ROWS, 90)],
])('rows are read by their positions, %s', async (_title, positions) => {
  const schema = keyedSchema({ k: key, v: text })
  const { context, files } = await lookupBucket(schema, [rows], { windowRows: 10, marks: false })
  const [meta] = files
  const upper = { meta: meta!, open: async () => await context.openRun(meta!).open() }
  // Every other probe was not found.
  const fileOf = Int32Array.from(positions.flatMap(() => [0, -1]))
  const found = {
    files: [upper],
    fileOf,
    positions: Uint32Array.from(positions.flatMap((position) => [position, 0])),
    count: positions.length,
  }
  const values = schema.fields.filter(({ name }) => name === 'v')
  const { windows, windowOf, rows: places } = await readFound(found, context.layout, values)
  const shown = positions.map((_position, i) => {
    const { window, values: columns } = windows[windowOf[2 * i]!]!
    const row = places[2 * i]!
    const value = cellValue(columns.columns[0]!, text, row)
    return [
      cellValue(window.columns[0]!, key, row),
      window.precedence.numbers[2 * row],
      window.precedence.kinds[row],
      value === null ? null : Buffer.from(value as Uint8Array).toString(),
    ]
  })
  expect(shown).toEqual(
    positions.map((at) => [
      2 * at,
      7 * at,
      at % 3 === 0 ? 2 : 0,
      at % 5 === 0 ? null : `row ${at}`,
    ]),
  )
  expect(windowOf.filter((_window, i) => i % 2 === 1)).toEqual(
    new Int32Array(positions.length).fill(-1),
  )
  expect(windows.every(({ window }) => window.level === 4)).toBe(true)
})
