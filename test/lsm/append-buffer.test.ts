import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { AppendBuffer } from '../../src/lsm/append-buffer.ts'
import { gatherColumn } from '../../src/lsm/gather.ts'
import { SpillSpace } from '../../src/lsm/spill/spill-space.ts'
import type { DataField } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { appendCells } from '../support/parquet.ts'
import { batchOf } from '../support/random-columns.ts'

const fields: readonly DataField[] = [
  { id: 0, name: 'n', type: { kind: 'INT', nullable: false } },
  { id: 1, name: 't', type: { kind: 'VARCHAR', length: 100, nullable: true } },
]

async function taken(buffer: AppendBuffer): Promise<InternalValue[]> {
  const cells: InternalValue[][] = fields.map(() => [])
  for await (const rows of buffer.take()) {
    const columns = fields.map((_, i) => gatherColumn(rows.column(i)))
    appendCells(cells, { length: rows.length, columns }, fields)
  }
  return cells[0]!
}

test('rows come out in the order that they came in, wherever they were meanwhile', async () => {
  const step = fc.record({ rowCount: fc.integer({ min: 1, max: 40 }), spills: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const buffer = new AppendBuffer(
        new SpillSpace({ maxBytes: Infinity, codec: 'none', level: undefined }),
      )
      let count = 0
      for (const { rowCount, spills } of steps) {
        const rows = Array.from({ length: rowCount }, () => [count++, utf8(`row ${count}`)])
        buffer.append(batchOf(fields, rows))
        if (!spills) continue
        expect(await buffer.spill()).toBe(true)
        expect(buffer.sizeBytes).toBe(0)
      }
      expect(buffer.isEmpty).toBe(count === 0)
      expect(await taken(buffer)).toEqual([...Array(count).keys()])
      expect(buffer.isEmpty).toBe(true)
    }),
    { numRuns: 40 },
  )
})

test('rows stay in memory where nothing may be spilled', async () => {
  const buffer = new AppendBuffer(null)
  buffer.append(batchOf(fields, [[1, null]]))
  expect(await buffer.spill()).toBe(false)
  expect(await taken(buffer)).toEqual([1])
})
