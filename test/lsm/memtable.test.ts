import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { gatherColumn } from '../../src/lsm/gather.ts'
import { keyValueLayout } from '../../src/lsm/key-value.ts'
import { Memtable } from '../../src/lsm/memtable.ts'
import type { RunRows } from '../../src/lsm/run-writer.ts'
import { takeBatch } from '../../src/types/column-take.ts'
import type { DataType } from '../../src/types/data-type.ts'
import { cellValue, type InternalValue, utf8 } from '../../src/types/internal-value.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import { deduplicated, keyedSchema, type KeyValueRow } from '../support/memory-runs.ts'
import { batchOf, presentValue } from '../support/random-columns.ts'
import { between, pick, seeded } from '../support/random.ts'
import { KEY_TYPES, keyRows } from '../support/row-order.ts'

const int: DataType = { kind: 'INT', nullable: true }
const key: DataType = { kind: 'INT', nullable: false }
const text: DataType = { kind: 'VARCHAR', length: 100, nullable: true }
const bigint: DataType = { kind: 'BIGINT', nullable: false }
const tinyint: DataType = { kind: 'TINYINT', nullable: false }

type Kinded = Pick<KeyValueRow, 'row' | 'kind'>

/** A memtable of the rows, in batches of so many rows. */
function filled(schema: TableSchema, rows: readonly Kinded[], batchRows = rows.length): Memtable {
  const memtable = new Memtable(keyValueLayout(schema))
  for (let from = 0; from < rows.length; from += batchRows) {
    const part = rows.slice(from, from + batchRows)
    const batch = batchOf(
      schema.fields,
      part.map(({ row }) => row),
    )
    memtable.append(
      batch,
      Int8Array.from(part, ({ kind }) => kind),
    )
  }
  return memtable
}

function toRows(schema: TableSchema, pieces: Iterable<RunRows>): KeyValueRow[] {
  return [...pieces].flatMap((rows) => pieceRows(schema, rows))
}

function pieceRows(schema: TableSchema, rows: RunRows): KeyValueRow[] {
  const columns = schema.fields.map((_, i) => gatherColumn(rows.values.column(i)))
  const [numbers, kinds] = [gatherColumn(rows.sequences), gatherColumn(rows.kinds)]
  return Array.from({ length: rows.length }, (_, at) => ({
    row: schema.fields.map(({ type }, i) => cellValue(columns[i]!, type, at)),
    number: cellValue(numbers, bigint, at) as bigint,
    kind: cellValue(kinds, tinyint, at) as number,
  }))
}

const numbered = (rows: readonly Kinded[], from: bigint): KeyValueRow[] =>
  rows.map((row, i) => ({ ...row, number: from + BigInt(i) }))

describe('rows are merged to one a key', () => {
  const plans = fc.record({
    keys: fc.array(fc.constantFrom(...KEY_TYPES), { minLength: 1, maxLength: 2 }),
    sequences: fc.nat(2),
    descending: fc.boolean(),
    ignoreDelete: fc.boolean(),
    rowCount: fc.integer({ min: 1, max: 120 }),
    batchRows: fc.integer({ min: 1, max: 130 }),
    seed: fc.nat(),
  })

  test('by the rules, whatever the rows, keys and sequence fields', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const { keys, sequences, descending, ignoreDelete, rowCount, batchRows, seed } = plan
        const random = seeded(seed)
        const names = Array.from({ length: sequences }, (_, i) => `s${i}`)
        const schema = keyedSchema(
          {
            ...Object.fromEntries(names.map((name) => [name, int])),
            ...Object.fromEntries(keys.map((type, i) => [`k${i}`, type])),
            v: text,
          },
          {
            'ignore-delete': String(ignoreDelete),
            ...(sequences > 0 && {
              'sequence.field': names.join(','),
              'sequence.field.sort-order': descending ? 'descending' : 'ascending',
            }),
          },
        )
        const order = keys.map((type) => ({ type }))
        const pool = keyRows(order, 30, 15, random)
        const rows = Array.from({ length: rowCount }, (): Kinded => {
          const chosen = pick(random, pool)
          const row = schema.fields.map(({ name, type }): InternalValue => {
            if (name.startsWith('k')) return chosen[Number(name.slice(1))]!
            if (random() < 0.2) return null
            return name.startsWith('s') ? between(random, 0, 4) : presentValue(type, random)
          })
          return { row, kind: between(random, 0, 4) }
        })
        const found = toRows(schema, filled(schema, rows, batchRows).sorted(7n).merged())
        // Within one flush Java sorts ascending, whatever the order of the sequence fields.
        const rules = { descending: false, keepDeletes: true }
        expect(found).toEqual(deduplicated(schema, numbered(rows, 7n), rules))
      }),
      { numRuns: 120 },
    )
  })

  test('the greater sequence field wins although the order descends, until files are merged', () => {
    const options = { 'sequence.field': 's', 'sequence.field.sort-order': 'descending' }
    const schema = keyedSchema({ k: key, s: int }, options)
    const rows = [5, 3, null].map((s) => ({ row: [1, s], kind: 0 }))
    expect(toRows(schema, filled(schema, rows).sorted(0n).merged())).toEqual([
      { row: [1, 5], kind: 0, number: 0n },
    ])
  })

  test('and a delete stays, for the files below', () => {
    const schema = keyedSchema({ k: key, v: text })
    const rows = [
      { row: [2, null], kind: 0 },
      { row: [1, null], kind: 0 },
      { row: [2, null], kind: 3 },
      { row: [3, null], kind: 1 },
    ]
    expect(toRows(schema, filled(schema, rows, 2).sorted(0n).merged())).toEqual([
      { row: [1, null], kind: 0, number: 1n },
      { row: [2, null], kind: 3, number: 2n },
      { row: [3, null], kind: 1, number: 3n },
    ])
  })
})

const schema = keyedSchema({ k: key, v: text })
const someRows = Array.from({ length: 10 }, (_, i) => ({ row: [9 - i, null], kind: 0 }))

test.each([0n, 2n ** 31n - 4n, 2n ** 32n - 4n, 2n ** 33n - 1n, 2n ** 45n - 5n])(
  'rows are numbered on from %d in the order in which they came',
  (first) => {
    const rows = toRows(schema, filled(schema, someRows, 3).sorted(first).merged())
    expect(rows.map(({ number }) => number - first)).toEqual([
      9n,
      8n,
      7n,
      6n,
      5n,
      4n,
      3n,
      2n,
      1n,
      0n,
    ])
  },
)

describe('what it holds', () => {
  test('is at least the bytes of its rows, and nothing once it is cleared', () => {
    const memtable = new Memtable(keyValueLayout(schema))
    expect(memtable.sizeBytes).toBe(0)
    const value = new Uint8Array(1000).fill(65)
    const rows = someRows.map(({ row }) => [row[0]!, value])
    for (let i = 1; i <= 5; i++) {
      memtable.append(batchOf(schema.fields, rows), new Int8Array(10))
      expect(memtable.rowCount).toBe(10 * i)
      // Of each row an INT, a text and where it lies, and what sorting adds: a sequence number, a kind and its order.
      expect(memtable.sizeBytes).toBeGreaterThanOrEqual(10 * i * (4 + 1000 + 4 + 8 + 1))
      expect(memtable.sizeBytes).toBeLessThan(10 * i * 1060 + 500 * i)
    }
    memtable.clear()
    expect([memtable.sizeBytes, memtable.rowCount, memtable.isFull]).toEqual([0, 0, false])
    memtable.append(batchOf(schema.fields, [[7, value]]), Int8Array.of(3))
    expect(toRows(schema, memtable.sorted(1n).merged())).toEqual([
      { row: [7, value], kind: 3, number: 1n },
    ])
  })

  test('is sorted as often as it is asked for, and stays as it is', () => {
    const memtable = filled(schema, someRows, 4)
    const first = toRows(schema, memtable.sorted(5n).merged())
    expect(toRows(schema, memtable.sorted(5n).merged())).toEqual(first)
    expect(memtable.rowCount).toBe(10)
  })

  test('is little more than the rows, however few come at a time', () => {
    const memtable = new Memtable(keyValueLayout(schema))
    const batch = batchOf(schema.fields, [[1, null]])
    const kinds = new Int8Array(1)
    const count = 20_000
    for (let i = 0; i < count; i++) memtable.append(batch, kinds)
    expect(memtable.isFull).toBe(false)
    expect(memtable.sizeBytes).toBeLessThan(55 * count)
    expect(toRows(schema, memtable.sorted(0n).merged())).toEqual([
      { row: [1, null], kind: 0, number: BigInt(count - 1) },
    ])
  })

  test('does not keep the rows of others alive that came with them', () => {
    const whole = batchOf(
      schema.fields,
      Array.from({ length: 1000 }, (_, i) => [i, utf8('x'.repeat(1000))]),
    )
    const memtable = new Memtable(keyValueLayout(schema))
    memtable.append(takeBatch(whole, Uint32Array.of(7, 3)), new Int8Array(2))
    const { columns } = memtable.sorted(0n).all().values.column(1)
    expect(
      columns.map((column) => column.layout === 'bytes' && column.data.buffer.byteLength),
    ).toEqual([expect.toSatisfy((size: number) => size < 5000)])
  })
})
