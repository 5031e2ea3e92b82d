import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { serializeBinaryRow } from '../../src/types/binary-row.ts'
import { markDifferences } from '../../src/types/column-equal.ts'
import type { Column } from '../../src/types/column.ts'
import type { DataField, DataType } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import {
  batchOf,
  fieldsOf,
  randomRows,
  tablePlans,
  typesToDepth,
} from '../support/random-columns.ts'

test('rows differ where their binary rows differ, whatever the type', () => {
  fc.assert(
    fc.property(tablePlans(typesToDepth(2), 12), fc.nat(), (plan, other) => {
      const few = { ...plan, spread: 'few' } as const
      const [a, b] = [randomRows(few), randomRows({ ...few, seed: plan.seed + (other % 2) })]
      for (const [c, field] of plan.fields.entries()) {
        const texts = [a, b].map((rows) => rows.map((row) => bytesText(field, row[c]!)))
        const columns = [a, b].map((rows) => batchOf(plan.fields, rows).columns[c]!)
        const pairs = a.flatMap((_, i) => b.map((__, j) => [i, j] as const))
        expect(differing(columns[0]!, columns[1]!, pairs)).toEqual(
          pairs.map(([i, j]) => texts[0]![i] !== texts[1]![j]),
        )
      }
    }),
    { numRuns: 60 },
  )
})

function bytesText(field: DataField, value: InternalValue): string {
  return Buffer.from(serializeBinaryRow([field.type], [value])).toString('hex')
}

function differing(a: Column, b: Column, pairs: readonly (readonly [number, number])[]): boolean[] {
  const differs = new Uint8Array(pairs.length)
  const [left, right] = [pairs.map(([i]) => i), pairs.map(([, j]) => j)]
  markDifferences(a, Uint32Array.from(left), b, Uint32Array.from(right), differs)
  return [...differs].map((flag) => flag === 1)
}

const nullable = (kind: string): DataType => ({ kind, nullable: true }) as DataType

test.each<[string, DataType, readonly InternalValue[]]>([
  ['zeros of either sign', nullable('DOUBLE'), [0, -0]],
  ['null and zero', nullable('INT'), [null, 0]],
  ['null and false', nullable('BOOLEAN'), [null, false]],
  [
    'an empty array and one of null',
    { kind: 'ARRAY', element: nullable('INT'), nullable: true },
    [[], [null]],
  ],
])('%s differ', (_, type, [a, b]) => {
  const fields = fieldsOf([type])
  const { columns } = batchOf(fields, [[a!], [b!]])
  const column = columns[0]!
  expect(
    differing(column, column, [
      [0, 0],
      [0, 1],
      [1, 1],
    ]),
  ).toEqual([false, true, false])
})

test('a NaN is equal to itself, and rows that differ already stay so', () => {
  const { columns } = batchOf(fieldsOf([nullable('FLOAT')]), [[Number.NaN], [Number.NaN]])
  expect(differing(columns[0]!, columns[0]!, [[0, 1]])).toEqual([false])
  const differs = Uint8Array.of(1)
  markDifferences(columns[0]!, Uint32Array.of(0), columns[0]!, Uint32Array.of(0), differs)
  expect(differs).toEqual(Uint8Array.of(1))
})
