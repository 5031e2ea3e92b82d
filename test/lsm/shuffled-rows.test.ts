import { describe, expect, test } from 'vitest'

import type { ColumnPiece } from '../../src/format/column-rows.ts'
import { gatherColumn } from '../../src/lsm/gather.ts'
import { ShuffledRows } from '../../src/lsm/shuffled-rows.ts'
import { takeColumn } from '../../src/types/column-take.ts'
import type { BytesColumn, Column } from '../../src/types/column.ts'
import { type DataType, MAX_LENGTH } from '../../src/types/data-type.ts'
import { cellValue, type InternalValue } from '../../src/types/internal-value.ts'
import { columnOf } from '../support/java-vectors.ts'
import { difference } from '../support/parquet.ts'
import { type NullPattern, randomRows } from '../support/random-columns.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { KEY_TYPES, typeTitle } from '../support/row-order.ts'

/** Rows of a block, as the sorted order is parted. */
const BLOCK_ROWS = 16_384

/** Sources of so many rows, and an order of all their rows, or of some of them. */
interface Shuffle {
  readonly lengths: readonly number[]
  readonly runOf: Uint16Array
  readonly rows: Uint32Array
}

function shuffle(lengths: readonly number[], random: Random, share = 1): Shuffle {
  const all = lengths.flatMap((length, run) => Array.from({ length }, (_, row) => ({ run, row })))
  const chosen = all.filter(() => random() < share)
  for (let i = chosen.length - 1; i > 0; i--) {
    const j = between(random, 0, i + 1)
    const other = chosen[i]!
    chosen[i] = chosen[j]!
    chosen[j] = other
  }
  return {
    lengths,
    runOf: Uint16Array.from(chosen, ({ run }) => run),
    rows: Uint32Array.from(chosen, ({ row }) => row),
  }
}

/** Columns of the type, whose values are few, so that they are made quickly. */
function sources(type: DataType, { lengths }: Shuffle, nulls: NullPattern = 'none') {
  const random = seeded(5)
  const fields = [{ id: 0, name: 'c', type }]
  const pool = randomRows({ fields, rowCount: 200, seed: 6, nulls, spread: 'many' })
  const values = lengths.map((length) =>
    Array.from({ length }, (): InternalValue => pick(random, pool)[0]!),
  )
  return { values, columns: values.map((list) => columnOf(type, list)) }
}

/** Reads the pieces one after the other, each before the next is asked for. */
function read(pieces: Iterable<ColumnPiece>, type: DataType): InternalValue[] {
  const values: InternalValue[] = []
  for (const { rows, from, to } of pieces) {
    const column = gatherColumn(rows)
    for (let row = from; row < to; row++) values.push(cellValue(column, type, row))
  }
  return values
}

function expected(
  { runOf, rows }: Shuffle,
  values: readonly (readonly InternalValue[])[],
  from = 0,
  to = rows.length,
): InternalValue[] {
  return Array.from(rows.subarray(from, to), (row, i) => values[runOf[from + i]!]![row]!)
}

const LENGTHS = [9_000, 0, 16_011, 1, 9_000]
const text: DataType = { kind: 'VARCHAR', length: MAX_LENGTH, nullable: true }

describe('rows of several blocks come out in the order asked for', () => {
  const shuffled = shuffle(LENGTHS, seeded(1))
  const { runOf, rows, lengths } = shuffled

  test.each(
    [
      ...KEY_TYPES,
      { kind: 'ARRAY', element: text, nullable: true } as const,
      { kind: 'ROW', fields: [{ id: 1, name: 'f', type: text }], nullable: true } as const,
    ].map((type) => [typeTitle(type), type] as const),
  )('with a column of %s', (_, type) => {
    const { columns, values } = sources(type, shuffled)
    const pieces = new ShuffledRows(runOf, rows, lengths).pieces(columns, 0, rows.length)
    expect(difference([read(pieces, type)], [expected(shuffled, values)])).toBeNull()
  })

  test.each<NullPattern>(['some', 'all', 'head'])('with nulls (%s) among them', (nulls) => {
    for (const type of [text, { ...KEY_TYPES[4]!, nullable: true }]) {
      const { columns, values } = sources(type, shuffled, nulls)
      const pieces = new ShuffledRows(runOf, rows, lengths).pieces(columns, 0, rows.length)
      expect(difference([read(pieces, type)], [expected(shuffled, values)])).toBeNull()
    }
  })

  test('part by part, for one column after the other', () => {
    const [first, second] = [sources(text, shuffled), sources(KEY_TYPES[4]!, shuffled)]
    const order = new ShuffledRows(runOf, rows, lengths)
    for (const [from, to] of [
      [0, 10_000],
      [10_000, 10_001],
      [10_001, 10_001 + BLOCK_ROWS],
      [10_001 + BLOCK_ROWS, rows.length],
    ] as const) {
      const texts = read(order.pieces(first.columns, from, to), text)
      expect(difference([texts], [expected(shuffled, first.values, from, to)])).toBeNull()
      const numbers = read(order.pieces(second.columns, from, to), KEY_TYPES[4]!)
      expect(difference([numbers], [expected(shuffled, second.values, from, to)])).toBeNull()
    }
  })

  test('where most rows of the sources are not among them', () => {
    for (const share of [0.5, 0.3, 0.01]) {
      const some = shuffle(LENGTHS, seeded(2), share)
      for (const type of [text, KEY_TYPES[1]!, KEY_TYPES[14]!]) {
        const { columns, values } = sources(type, some)
        const pieces = new ShuffledRows(some.runOf, some.rows, lengths).pieces(
          columns,
          0,
          some.rows.length,
        )
        expect(difference([read(pieces, type)], [expected(some, values)])).toBeNull()
      }
    }
  })

  test('of two columns that are read side by side', () => {
    const [first, second] = [sources(text, shuffled), sources(text, shuffled)]
    const order = new ShuffledRows(runOf, rows, lengths)
    const others = order.pieces(second.columns, 0, rows.length)[Symbol.iterator]()
    const found: InternalValue[] = []
    const beside: InternalValue[] = []
    for (const piece of order.pieces(first.columns, 0, rows.length)) {
      const other = others.next()
      found.push(...read([piece], text))
      if (!other.done) beside.push(...read([other.value], text))
    }
    expect(difference([found], [expected(shuffled, first.values)])).toBeNull()
    expect(difference([beside], [expected(shuffled, second.values)])).toBeNull()
  })
})

/** Whether all rows are one piece of the columns as they are. */
function isDirect(order: ShuffledRows, columns: readonly Column[], to: number): boolean {
  const [piece, ...others] = [...order.pieces(columns, 0, to)]
  return others.length === 0 && piece!.rows.columns === columns
}

describe('rows are taken directly', () => {
  test('where they are few', () => {
    const { runOf, rows, lengths } = shuffle([30_000], seeded(1))
    const columns = [
      columnOf(
        KEY_TYPES[3]!,
        Array.from({ length: 30_000 }, () => 1),
      ),
    ]
    const order = new ShuffledRows(runOf, rows, lengths)
    expect(isDirect(order, columns, 100)).toBe(true)
    expect(isDirect(order, columns, BLOCK_ROWS)).toBe(false)
  })

  test('where strings do not lie one behind the other', () => {
    const shuffled = shuffle([20_000], seeded(1))
    const { columns, values } = sources(text, shuffled)
    const back = Int32Array.from({ length: 20_000 }, (_, i) => 19_999 - i)
    const scattered = [takeColumn(columns[0]!, back)]
    const order = new ShuffledRows(shuffled.runOf, shuffled.rows, shuffled.lengths)
    expect(isDirect(order, scattered, 20_000)).toBe(true)
    const turned = [values[0]!.toReversed()]
    expect(
      difference([read(order.pieces(scattered, 0, 20_000), text)], [expected(shuffled, turned)]),
    ).toBeNull()
  })

  test('where strings are more than an arena is to hold', () => {
    // Only the offsets say that there are so many bytes: nothing may be copied before they were looked at.
    const offsets = Int32Array.from({ length: 20_001 }, (_, i) => i * 30_000)
    const large: BytesColumn = {
      layout: 'bytes',
      length: 20_000,
      validity: null,
      data: new Uint8Array(10),
      starts: offsets.subarray(0, 20_000),
      ends: offsets.subarray(1),
    }
    const { runOf, rows, lengths } = shuffle([20_000], seeded(1))
    expect(isDirect(new ShuffledRows(runOf, rows, lengths), [large], 20_000)).toBe(true)
  })
})
