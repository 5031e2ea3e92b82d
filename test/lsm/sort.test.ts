import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { type SortColumn, sortKeys } from '../../src/lsm/sort-keys.ts'
import { sortPermutation } from '../../src/lsm/sort.ts'
import type { DataType } from '../../src/types/data-type.ts'
import { type InternalValue, utf8 } from '../../src/types/internal-value.ts'
import { columnOf } from '../support/java-vectors.ts'
import { seeded } from '../support/random.ts'
import { KEY_TYPES, keyRows, sortedPositions, sortOrders, typeTitle } from '../support/row-order.ts'

type Rows = readonly (readonly InternalValue[])[]

function sorted(order: readonly SortColumn[], rows: Rows): number[] {
  const columns = order.map(({ type }, i) =>
    columnOf(
      type,
      rows.map((row) => row[i]!),
    ),
  )
  return Array.from(sortPermutation(sortKeys(order, columns, rows.length)))
}

function sortedValues(type: DataType, values: readonly InternalValue[]): InternalValue[] {
  const rows = values.map((value) => [value])
  return sorted([{ type }], rows).map((row) => values[row]!)
}

describe('rows are sorted by a key', () => {
  test.each(KEY_TYPES.map((type) => [typeTitle(type), type] as const))('of %s', (_, type) => {
    fc.assert(
      fc.property(
        fc.nat(400),
        fc.constantFrom(2, 20, 1000),
        fc.nat(),
        (rowCount, poolSize, seed) => {
          const rows = keyRows([{ type }], rowCount, poolSize, seeded(seed))
          expect(sorted([{ type }], rows)).toEqual(sortedPositions([{ type }], rows))
        },
      ),
      { numRuns: 15 },
    )
  })

  test('of several columns, descending ones and such with nulls among them', () => {
    fc.assert(
      fc.property(sortOrders(false), fc.nat(400), fc.nat(), (order, rowCount, seed) => {
        const rows = keyRows(order, rowCount, 6, seeded(seed))
        expect(sorted(order, rows)).toEqual(sortedPositions(order, rows))
      }),
      { numRuns: 150 },
    )
  })

  test('that only differs far behind where more rows agree than are compared one by one', () => {
    const type: DataType = { kind: 'VARBINARY', length: 100, nullable: false }
    const random = seeded(3)
    const rows = Array.from({ length: 3000 }, () => {
      const bytes = new Uint8Array(40 + Math.floor(random() * 3)).fill(9)
      bytes[35] = random() * 4
      bytes[39] = random() * 250
      return [bytes]
    })
    expect(sorted([{ type }], rows)).toEqual(sortedPositions([{ type }], rows))
  })
})

describe('the order of values is that of Java', () => {
  test('-0 is below 0, NaN is above all and one value whatever its bits', () => {
    const payload = new Float64Array(new BigInt64Array([-1n]).buffer)[0]!
    const values = [payload, 0, Infinity, -0, Number.NaN, -Infinity, -1.5, 5e-324]
    const type: DataType = { kind: 'DOUBLE', nullable: false }
    expect(sortedValues(type, values)).toEqual([
      -Infinity,
      -1.5,
      -0,
      0,
      5e-324,
      Infinity,
      payload,
      Number.NaN,
    ])
  })

  test('texts are compared as unsigned bytes, so that what UTF-16 puts first comes last', () => {
    const type: DataType = { kind: 'VARCHAR', length: 100, nullable: false }
    const texts = ['\u{1F680}', '\uFFFF', 'é', 'z', 'a', 'ab', '', 'a\0', 'a\0\0', 'a\u0001']
    const order = sortedValues(type, texts.map(utf8)).map((bytes) =>
      new TextDecoder().decode(bytes as Uint8Array),
    )
    const expected = ['', 'a', 'a\0', 'a\0\0', 'a\u0001', 'ab', 'z', 'é', '\uFFFF', '\u{1F680}']
    expect(order).toEqual(expected)
  })

  test('decimals are compared over all 128 bits', () => {
    const type: DataType = { kind: 'DECIMAL', precision: 38, scale: 0, nullable: false }
    const values = [10n ** 37n, -1n, 2n ** 64n, 2n ** 63n, -(2n ** 64n), 0n, -(10n ** 37n), 1n]
    expect(sortedValues(type, values)).toEqual([
      -(10n ** 37n),
      -(2n ** 64n),
      -1n,
      0n,
      1n,
      2n ** 63n,
      2n ** 64n,
      10n ** 37n,
    ])
  })

  test('nulls come first, whether the order ascends or descends', () => {
    const type: DataType = { kind: 'INT', nullable: true }
    const rows = [[3], [null], [5], [null], [-4]]
    expect(sorted([{ type, nullable: true }], rows)).toEqual([1, 3, 4, 0, 2])
    expect(sorted([{ type, nullable: true, descending: true }], rows)).toEqual([1, 3, 2, 0, 4])
  })
})

test('no rows are sorted, and one', () => {
  for (const type of KEY_TYPES) {
    expect(sorted([{ type }], [])).toEqual([])
    expect(sorted([{ type }], keyRows([{ type }], 1, 1, seeded(1)))).toEqual([0])
  }
})

test('pairs of equal keys beyond any number of arguments are put in order', () => {
  const length = 260_000
  const bytes = new Uint8Array(20 * length)
  const view = new DataView(bytes.buffer)
  for (let row = 0; row < length; row++) {
    view.setUint32(20 * row + 8, (length - row) >> 1)
    view.setUint32(20 * row + 16, row)
  }
  const offsets = Int32Array.from({ length: length + 1 }, (_, row) => 20 * row)
  const zeros = new Uint32Array(length)
  const rows = sortPermutation({ length, high: zeros, low: zeros, tail: { bytes, offsets } })
  expect([rows[0], rows[1], rows[2], rows.at(-1)]).toEqual([length - 1, length - 3, length - 2, 0])
})
