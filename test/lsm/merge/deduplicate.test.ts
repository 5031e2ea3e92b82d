import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { mergeOrder } from '../../../src/lsm/merge-order.ts'
import { deduplicate } from '../../../src/lsm/merge/deduplicate.ts'
import { type SortColumn, sortKeys } from '../../../src/lsm/sort-keys.ts'
import type { DataType } from '../../../src/types/data-type.ts'
import type { InternalValue } from '../../../src/types/internal-value.ts'
import { DELETE, INSERT, isRetract, UPDATE_BEFORE } from '../../../src/types/row-kind.ts'
import { columnOf } from '../../support/java-vectors.ts'
import { between, pick, type Random, seeded } from '../../support/random.ts'
import { compareRows } from '../../support/row-order.ts'

const UPDATE_AFTER = 2
const int: DataType = { kind: 'INT', nullable: true }
const key: readonly SortColumn[] = [{ type: { ...int, nullable: false } }]

interface Entry {
  readonly key: number
  readonly number: bigint
  readonly kind?: number
  readonly sequence?: readonly InternalValue[]
}

interface Options {
  readonly ignoreDelete?: boolean
  readonly keepDeletes?: boolean
  /** The order of the sequence fields. */
  readonly sequence?: readonly SortColumn[]
}

/** Merges runs; the rows that stay, as [run, row]. */
function merged(
  runs: readonly (readonly Entry[])[],
  { ignoreDelete = false, keepDeletes = false, sequence = [] }: Options = {},
): [number, number][] {
  const ranges = runs.map((entries) => {
    const column = columnOf(
      key[0]!.type,
      entries.map((entry) => entry.key),
    )
    return { keys: sortKeys(key, [column], entries.length), from: 0, to: entries.length }
  })
  const precedences = runs.map((entries) => {
    const numbers = BigInt64Array.from(entries, ({ number }) => number)
    const columns = sequence.map(({ type }, i) =>
      columnOf(
        type,
        entries.map((entry) => entry.sequence![i]!),
      ),
    )
    return {
      sequence: sequence.length === 0 ? null : sortKeys(sequence, columns, entries.length),
      numbers: new Int32Array(numbers.buffer),
      kinds: Int8Array.from(entries, ({ kind = INSERT }) => kind),
    }
  })
  const options = { ignoreDelete, keepDeletes }
  const { length, runOf, rows } = deduplicate(mergeOrder(ranges), precedences, options)
  return Array.from({ length }, (_, i) => [runOf[i]!, rows[i]!])
}

describe('of the rows of a key', () => {
  test('the one of the highest sequence number stays, in whichever run it is', () => {
    expect(merged([[{ key: 1, number: 5n }], [{ key: 1, number: 9n }]])).toEqual([[1, 0]])
    expect(merged([[{ key: 1, number: 9n }], [{ key: 1, number: 5n }]])).toEqual([[0, 0]])
    const within = [
      { key: 1, number: 2n },
      { key: 1, number: 3n },
    ]
    expect(merged([within])).toEqual([[0, 1]])
  })

  test.each([
    [2n ** 31n, 2n ** 31n - 1n],
    [2n ** 32n, 2n ** 32n - 1n],
    [2n ** 32n, 5n],
    [2n ** 40n + 2n ** 31n, 2n ** 40n + 7n],
    [2n ** 62n, 2n ** 62n - 2n ** 33n],
    [0n, -1n],
  ])('sequence number %d is above %d', (more, less) => {
    expect(merged([[{ key: 1, number: less }], [{ key: 1, number: more }]])).toEqual([[1, 0]])
    expect(merged([[{ key: 1, number: more }], [{ key: 1, number: less }]])).toEqual([[0, 0]])
  })

  const ascending = [{ type: int, nullable: true }]
  const descending = [{ type: int, nullable: true, descending: true }]

  test.each<[string, SortColumn[], InternalValue, InternalValue, number]>([
    ['ascending, the greater sequence field', ascending, 7, 8, 1],
    ['ascending, the greater sequence field', ascending, 8, 7, 0],
    ['descending, the lesser sequence field', descending, 7, 8, 0],
    ['descending, the lesser sequence field', descending, 8, 7, 1],
    ['ascending, any rather than null', ascending, -5, null, 0],
    ['descending, any rather than null', descending, -5, null, 0],
    ['of equal sequence fields, the higher number', ascending, 7, 7, 1],
    ['of two nulls, the higher number', descending, null, null, 1],
  ])('%s stays (%j, %j, %j)', (_, sequence, first, second, winner) => {
    const runs = [[{ key: 1, number: 1n, sequence: [first] }]]
    runs.push([{ key: 1, number: 2n, sequence: [second] }])
    expect(merged(runs, { sequence })).toEqual([[winner, 0]])
  })
})

/** A row, and one of the kind after it. */
const rowThen = (kind: number): Entry[][] => [
  [{ key: 1, number: 1n }],
  [{ key: 1, number: 2n, kind }],
]

describe('a key whose last row retracts', () => {
  test.each([
    ['-D', DELETE],
    ['-U', UPDATE_BEFORE],
  ])('by %s is hidden from readers, with other rows or without', (_, kind) => {
    expect(merged(rowThen(kind))).toEqual([])
    expect(merged([rowThen(kind)[1]!])).toEqual([])
  })

  test('does not do so with +U, which is a row like any other', () => {
    expect(merged(rowThen(UPDATE_AFTER))).toEqual([[1, 0]])
  })

  test('is kept with its kind where files below may have the key', () => {
    expect(merged(rowThen(DELETE), { keepDeletes: true })).toEqual([[1, 0]])
  })

  test('keeps its row before, where deletes are ignored', () => {
    expect(merged(rowThen(DELETE), { ignoreDelete: true })).toEqual([[0, 0]])
    expect(merged(rowThen(UPDATE_BEFORE), { ignoreDelete: true })).toEqual([[0, 0]])
  })

  test('and has no other row is passed on untouched even so', () => {
    const only = [rowThen(DELETE)[1]!]
    expect(merged(only, { ignoreDelete: true, keepDeletes: true })).toEqual([[0, 0]])
    expect(merged(only, { ignoreDelete: true })).toEqual([])
  })

  test('and has only such rows leaves nothing where deletes are ignored', () => {
    const two = [[{ key: 1, number: 1n, kind: DELETE }], [{ key: 1, number: 2n, kind: DELETE }]]
    expect(merged(two, { ignoreDelete: true, keepDeletes: true })).toEqual([])
    expect(merged(two, { keepDeletes: true })).toEqual([[1, 0]])
  })
})

/** One row a key in each run, and numbers that no two rows share, as writers give them. */
function randomRuns(sequence: readonly SortColumn[], random: Random): Entry[][] {
  const numbers = Array.from({ length: 400 }, (_, i) => BigInt(i)).toSorted(() => random() - 0.5)
  return Array.from({ length: between(random, 1, 7) }, () => {
    const keys = Array.from({ length: 30 }, (_, i) => i).filter(() => random() < 0.5)
    return keys.map((each) => ({
      key: each,
      number: numbers.pop()!,
      kind: between(random, 0, 4),
      sequence: sequence.map(() => pick(random, [null, 1, 2, 3])),
    }))
  })
}

/** The same by the rules, in words of rows. */
function expectedRows(runs: readonly (readonly Entry[])[], options: Options): [number, number][] {
  const { ignoreDelete = false, keepDeletes = false, sequence = [] } = options
  const all = runs.flatMap((entries, run) => entries.map((entry, row) => ({ run, row, entry })))
  const winners: [number, number][] = []
  for (let each = 0; each < 30; each++) {
    const rows = all.filter(({ entry }) => entry.key === each)
    const counted =
      rows.length > 1 && ignoreDelete ? rows.filter(({ entry }) => !isRetract(entry.kind!)) : rows
    const last = counted
      .toSorted(
        (a, b) =>
          compareRows(sequence, a.entry.sequence!, b.entry.sequence!) ||
          Number(a.entry.number - b.entry.number),
      )
      .at(-1)
    if (last === undefined || (isRetract(last.entry.kind!) && !keepDeletes)) continue
    winners.push([last.run, last.row])
  }
  return winners
}

test('whatever the runs hold, the rows that stay are those of the rules', () => {
  const column = fc.record({ type: fc.constant(int), descending: fc.boolean() })
  const options = fc.record({
    ignoreDelete: fc.boolean(),
    keepDeletes: fc.boolean(),
    sequence: fc.array(
      column.map((each) => ({ ...each, nullable: true })),
      { maxLength: 3 },
    ),
  })
  fc.assert(
    fc.property(options, fc.nat(), (chosen, seed) => {
      const runs = randomRuns(chosen.sequence, seeded(seed))
      expect(merged(runs, chosen)).toEqual(expectedRows(runs, chosen))
    }),
    { numRuns: 150 },
  )
})
