/** Random rows of every merge engine in the write buffer, merged and compared with a plain model. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { gatherColumn } from '../../src/lsm/gather.ts'
import { keyValueLayout } from '../../src/lsm/key-value.ts'
import { Memtable } from '../../src/lsm/memtable.ts'
import type { RunRows } from '../../src/lsm/run-writer.ts'
import { SEQUENCE_NUMBER_FIELD, VALUE_KIND_FIELD } from '../../src/types/field-ids.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import { inKeyOrder } from '../support/memory-runs.ts'
import { type LeveledRow, mergedByModel } from '../support/merge-model.ts'
import { type EngineName, randomMergeRow, randomMergeTable } from '../support/merge-tables.ts'
import { appendCells } from '../support/parquet.ts'
import { batchOf } from '../support/random-columns.ts'
import { between, pick, seeded } from '../support/random.ts'
import { compareRows } from '../support/row-order.ts'

const ENGINES: readonly EngineName[] = ['deduplicate', 'first-row', 'aggregation', 'partial-update']

/** The cells of the rows, then their number and kind. */
function cellsOf(schema: TableSchema, pieces: Iterable<RunRows>): InternalValue[][] {
  const fields = [...schema.fields, SEQUENCE_NUMBER_FIELD, VALUE_KIND_FIELD]
  const cells: InternalValue[][] = fields.map(() => [])
  for (const { length, values, sequences, kinds } of pieces) {
    const columns = schema.fields.map((_, i) => gatherColumn(values.column(i)))
    appendCells(
      cells,
      { length, columns: [...columns, gatherColumn(sequences), gatherColumn(kinds)] },
      fields,
    )
  }
  return cells[0]!.map((_, row) => cells.map((values) => values[row]!))
}

test.each(ENGINES)('%s merges what is flushed together as its rules say', (engine) => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const random = seeded(seed)
      const table = randomMergeTable(engine, random, { forged: true })
      const { schema } = table
      const rows = Array.from({ length: between(random, 1, 60) }, (_, i): LeveledRow => ({
        row: randomMergeRow(table, between(random, 0, 12), random),
        number: BigInt(i + 5),
        kind: pick(random, table.kinds),
        level: 0,
      }))
      const layout = keyValueLayout(schema)
      const memtable = new Memtable(layout)
      for (let from = 0; from < rows.length;) {
        const part = rows.slice(from, from + between(random, 1, 30))
        from += part.length
        memtable.append(
          batchOf(
            schema.fields,
            part.map(({ row }) => row),
          ),
          Int8Array.from(part, ({ kind }) => kind),
        )
      }
      // Sequence fields order ascending within a flush, whatever the table says.
      const ascending = {
        ...schema,
        options: { ...schema.options, 'sequence.field.sort-order': 'ascending' },
      }
      const sorted = memtable.sorted(5n, true)
      const merged = cellsOf(schema, sorted.merged())
      expect(merged.map((cells) => cells.toSpliced(-2, 1))).toEqual(
        mergedByModel(ascending, rows).map(({ row, kind }) => [...row, kind]),
      )
      expect(cellsOf(schema, memtable.sorted(5n).merged())).toEqual(merged)
      const sequence = layout.sequence.map((field) => layout.fields.indexOf(field))
      const keys = layout.keys.map((field) => layout.fields.indexOf(field))
      const order = [...layout.keys, ...layout.sequence]
      const at = ({ row }: LeveledRow) => [...keys, ...sequence].map((place) => row[place]!)
      const all = (inKeyOrder(schema, rows) as LeveledRow[]).toSorted((a, b) =>
        compareRows(order, at(a), at(b)),
      )
      expect(cellsOf(schema, [sorted.all()])).toEqual(
        all.map(({ row, number, kind }) => [...row, number, kind]),
      )
    }),
    { numRuns: 40 },
  )
})
