import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { packBatch, unpackBatch } from '../../src/types/batch-transfer.ts'
import { takeBatch } from '../../src/types/column-take.ts'
import type { Batch } from '../../src/types/column.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { cellValue } from '../../src/types/internal-value.ts'
import { batchOf, randomRows, tablePlans, typesToDepth } from '../support/random-columns.ts'

function valuesOf(batch: Batch, fields: readonly DataField[]): unknown[] {
  return batch.columns.map((column, i) =>
    Array.from({ length: batch.length }, (_, row) => cellValue(column, fields[i]!.type, row)),
  )
}

test('a batch that was moved to another thread holds what it held before', () => {
  fc.assert(
    fc.property(tablePlans(typesToDepth(2), 60), (plan) => {
      const whole = batchOf(plan.fields, randomRows(plan))
      // Every other row, backwards: ranges that do not follow each other.
      const rows = Uint32Array.from(
        { length: whole.length >> 1 },
        (_, i) => whole.length - 1 - 2 * i,
      )
      for (const batch of [whole, takeBatch(whole, rows)]) {
        const packed = packBatch(batch)
        const moved = structuredClone(packed, { transfer: [packed.buffer] })
        expect(valuesOf(unpackBatch(moved), plan.fields)).toEqual(valuesOf(batch, plan.fields))
      }
    }),
    { numRuns: 60 },
  )
})
