import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { ColumnRows } from '../../src/format/column-rows.ts'
import { gatherColumn } from '../../src/lsm/gather.ts'
import { takeColumn } from '../../src/types/column-take.ts'
import type { Column } from '../../src/types/column.ts'
import { type DataType, MAX_LENGTH } from '../../src/types/data-type.ts'
import { cellValue, type InternalValue } from '../../src/types/internal-value.ts'
import { columnOf } from '../support/java-vectors.ts'
import { NULL_PATTERNS, randomRows, SPREADS, typesToDepth } from '../support/random-columns.ts'
import { between, type Random, seeded } from '../support/random.ts'
import { KEY_TYPES, typeTitle } from '../support/row-order.ts'

function valuesOf(column: Column, type: DataType): InternalValue[] {
  return Array.from({ length: column.length }, (_, row) => cellValue(column, type, row))
}

interface Source {
  readonly type: DataType
  readonly seed: number
  readonly nulls: (typeof NULL_PATTERNS)[number]
  readonly spread: (typeof SPREADS)[number]
}

/** Random rows of up to four columns of the type, and the values that they are. */
function randomRowsOf({ type, seed, nulls, spread }: Source): {
  readonly rows: ColumnRows
  readonly values: readonly InternalValue[]
} {
  const random = seeded(seed)
  const lists = Array.from({ length: between(random, 1, 5) }, (_, i) => {
    const rowCount = between(random, i === 0 ? 1 : 0, 60)
    const fields = [{ id: 0, name: 'c', type }]
    return randomRows({ fields, rowCount, seed: seed + i, nulls, spread }).map(([value]) => value!)
  })
  const columns = lists.map((values) => scattered(type, values, random))
  const filled = lists.flatMap((list, i) => (list.length > 0 ? [i] : []))
  const length = between(random, 0, 200)
  const sourceOf = Uint16Array.from({ length }, () => filled[between(random, 0, filled.length)]!)
  const rows = Uint32Array.from(sourceOf, (source) => between(random, 0, lists[source]!.length))
  const values = Array.from(rows, (row, i) => lists[sourceOf[i]!]![row]!)
  return { rows: { columns, sourceOf, rows, length }, values }
}

/** A column of the values, whose bytes lie in any order. */
function scattered(type: DataType, values: readonly InternalValue[], random: Random): Column {
  if (random() < 0.5) return columnOf(type, values)
  const order = [...values.keys()].toSorted(() => random() - 0.5)
  const back = Int32Array.from(values, (_, row) => order.indexOf(row))
  const shuffled = columnOf(
    type,
    order.map((row) => values[row]!),
  )
  return takeColumn(shuffled, back)
}

const sources = (types: fc.Arbitrary<DataType>): fc.Arbitrary<Source> =>
  fc.record({
    type: types,
    seed: fc.nat(),
    nulls: fc.constantFrom(...NULL_PATTERNS),
    spread: fc.constantFrom(...SPREADS),
  })

function check(source: Source): void {
  const { rows, values } = randomRowsOf(source)
  const column = gatherColumn(rows)
  expect(column.length).toBe(values.length)
  expect(valuesOf(column, source.type)).toEqual(values)
}

describe('rows of several columns are one column of the same values', () => {
  test.each(KEY_TYPES.map((type) => [typeTitle(type), { ...type, nullable: true }] as const))(
    'of %s',
    (_, type) => {
      expect(() =>
        fc.assert(fc.property(sources(fc.constant(type)), check), { numRuns: 20 }),
      ).not.toThrow()
    },
  )

  test('of any type, nested ones too', () => {
    expect(() =>
      fc.assert(fc.property(sources(typesToDepth(2)), check), { numRuns: 100 }),
    ).not.toThrow()
  })
})

const bytes: DataType = { kind: 'VARBINARY', length: MAX_LENGTH, nullable: true }

describe('strings', () => {
  test('that are far longer than the first of them have room', () => {
    const values = Array.from({ length: 300 }, (_, i) =>
      new Uint8Array(i % 7 === 3 ? 5000 + i : 1).fill(i),
    )
    const column = columnOf(bytes, values)
    // What is guessed by rows 0, 4, 8 and so on of a list without long values in those places.
    const rows = Uint32Array.from({ length: 300 }, (_, i) => (i % 4 === 0 ? 0 : (i * 7 + 3) % 300))
    const gathered = gatherColumn({ columns: [column], sourceOf: null, rows, length: 300 })
    expect(valuesOf(gathered, bytes)).toEqual(Array.from(rows, (row) => values[row]))
  })

  test('at the end of their bytes are not read beyond it', () => {
    const values = Array.from({ length: 40 }, (_, i) => new Uint8Array(i).fill(i))
    for (const value of values) {
      const column = columnOf(bytes, [value])
      const gathered = gatherColumn({ columns: [column], sourceOf: null, rows: null, length: 1 })
      expect(valuesOf(gathered, bytes)).toEqual([value])
    }
  })

  test('lie one behind the other, whatever they were taken from', () => {
    const column = columnOf(bytes, [Uint8Array.of(1, 2), Uint8Array.of(3), Uint8Array.of(4, 5)])
    const rows = Uint32Array.of(2, 0, 2)
    const gathered = gatherColumn({ columns: [column], sourceOf: null, rows, length: 3 })
    expect(gathered).toMatchObject({
      data: Uint8Array.of(4, 5, 1, 2, 4, 5),
      starts: Int32Array.of(0, 2, 4),
      ends: Int32Array.of(2, 4, 6),
      validity: null,
    })
  })
})

test('a column without rows beside others does not decide what their values are', () => {
  const type: DataType = { kind: 'DECIMAL', precision: 38, scale: 0, nullable: true }
  const columns = [columnOf(type, []), columnOf(type, [-(10n ** 30n), 10n ** 25n])]
  const rows = { sourceOf: Uint16Array.of(1, 1), rows: Uint32Array.of(1, 0), length: 2 }
  expect(valuesOf(gatherColumn({ columns, ...rows }), type)).toEqual([10n ** 25n, -(10n ** 30n)])
})

test('rows that are all present need no bitmap, although their column has nulls', () => {
  const type: DataType = { kind: 'INT', nullable: true }
  const columns = [columnOf(type, [1, null, 3])]
  const rows = { sourceOf: null, rows: Uint32Array.of(2, 0), length: 2 }
  expect(gatherColumn({ columns, ...rows })).toMatchObject({
    validity: null,
    values: Int32Array.of(3, 1),
  })
})
