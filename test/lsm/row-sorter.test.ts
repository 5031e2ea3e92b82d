/** Sorting rows in memory and beyond it. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { materialize } from '../../src/format/column-rows.ts'
import { RowSorter } from '../../src/lsm/row-sorter.ts'
import { sortKeys } from '../../src/lsm/sort-keys.ts'
import { SpillSpace } from '../../src/lsm/spill/spill-space.ts'
import { batchBuilder, finishBatch } from '../../src/types/column-builder.ts'
import type { Batch } from '../../src/types/column.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { rowAppender, rowReader } from '../../src/types/row-value.ts'
import { parseTypeText } from '../../src/types/type-text.ts'

const FIELDS: DataField[] = [
  { id: 0, name: 'k', type: parseTypeText('STRING') },
  { id: 1, name: 'n', type: parseTypeText('INT') },
]

type Pair = readonly [string | null, number]

function batchOf(rows: readonly Pair[]): Batch {
  const builder = batchBuilder(FIELDS)
  const append = rowAppender(FIELDS)
  for (const [i, [k, n]] of rows.entries()) append(builder, { k, n }, i + 1)
  return finishBatch(builder)
}

async function sortedBy(
  batches: readonly (readonly Pair[])[],
  options: { budgetBytes: number; spill: SpillSpace | null },
): Promise<Pair[]> {
  const order = [{ type: FIELDS[0]!.type, nullable: true }]
  const placeOf = ({ columns, length }: Batch) => sortKeys(order, [columns[0]!], length)
  const sorter = new RowSorter(FIELDS, placeOf, { ...options, runsMax: 4 })
  for (const rows of batches) await sorter.add(batchOf(rows))
  const found: Pair[] = []
  for await (const rows of sorter.sorted()) {
    const columns = FIELDS.map((_, i) => materialize(0, rows.length, rows.column(i)))
    const read = rowReader({ length: rows.length, columns }, FIELDS)
    for (let i = 0; i < rows.length; i++) found.push(Object.values(read(i)) as unknown as Pair)
  }
  await sorter.clear()
  return found
}

const space = (): SpillSpace =>
  new SpillSpace({ maxBytes: 1 << 30, codec: 'none', level: undefined })

test('rows come in order, those of the same place as they came, whatever fits into memory', async () => {
  const pair = fc.tuple(
    fc.oneof(fc.constant(null), fc.string({ maxLength: 3, unit: 'binary-ascii' })),
    fc.constant(0),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(pair, { minLength: 1, maxLength: 20 }), { maxLength: 12 }),
      fc.constantFrom(1, 1000, 1 << 30),
      async (given, budgetBytes) => {
        let n = 0
        const batches = given.map((rows) => rows.map(([k]): Pair => [k, n++]))
        const expected = batches
          .flat()
          .toSorted(([a], [b]) => (a === b ? 0 : a === null ? -1 : b === null ? 1 : a < b ? -1 : 1))
        expect(await sortedBy(batches, { budgetBytes, spill: space() })).toEqual(expected)
      },
    ),
    { numRuns: 40 },
  )
})

test('rows that may not go to the disk are refused beyond the memory', async () => {
  const batches = [[['a', 1]], [['b', 2]]] as const
  await expect(sortedBy(batches, { budgetBytes: 1, spill: null })).rejects.toThrow(
    /write-buffer-spillable|may not go to the disk/,
  )
})
