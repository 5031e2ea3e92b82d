import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { castColumn } from '../../src/types/cast.ts'
import { type DataField, type DataType, ofKind } from '../../src/types/data-type.ts'
import { castStats, evolvePredicate } from '../../src/types/evolve-stats.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import { bindPredicate } from '../../src/types/predicate-bind.ts'
import { compareValues, type ScalarValue } from '../../src/types/predicate-literal.ts'
import { selectRows } from '../../src/types/predicate-rows.ts'
import type { ColumnStats } from '../../src/types/predicate-stats.ts'
import {
  and,
  between,
  eq,
  gt,
  gte,
  isIn,
  isNull,
  lt,
  lte,
  ne,
  not,
  notIn,
  or,
  type Predicate,
} from '../../src/types/predicate.ts'
import { parseType, parseTypeText } from '../../src/types/type-text.ts'
import { columnOf, fixture, vectorValue } from '../support/java-vectors.ts'

interface TypeVectors {
  readonly from: string | { readonly type: string }
  readonly values: readonly unknown[]
  readonly casts: Readonly<Record<string, readonly unknown[]>>
}

const vectors = (fixture('casts.json') as TypeVectors[]).filter(
  ({ from }) => typeof from === 'string',
)

function statsOf(values: readonly ScalarValue[]): ColumnStats {
  const sorted = values.toSorted(compareValues)
  return { min: sorted[0]!, max: sorted.at(-1)!, nullCount: 0 }
}

function isWithin(value: ScalarValue | null, { min, max }: ColumnStats): boolean {
  if (value === null) return false
  return (
    compareValues(min as ScalarValue, value) <= 0 && compareValues(max as ScalarValue, value) >= 0
  )
}

describe('statistics that are cast hold for the values as Java casts them', () => {
  test.each(vectors)('from $from', ({ from: fromText, values, casts }) => {
    const from = parseType(fromText)
    const inputs = values.map((value) => vectorValue(from, value)).filter((value) => value !== null)
    for (const [key, results] of Object.entries(casts)) {
      if (key.startsWith('{')) continue
      const to = parseType(key)
      const stats = castStats(from, to, statsOf(inputs as ScalarValue[]))
      if (stats === undefined) continue
      for (const [i, json] of results.entries()) {
        if (values[i] === null || (typeof json === 'object' && json !== null && 'longer' in json))
          continue
        const result = vectorValue(to, json) as ScalarValue | null
        expect({ key, isWithin: isWithin(result, stats) }).toEqual({ key, isWithin: true })
      }
    }
  })
})

test.each<[from: string, to: string, min: InternalValue, cast: InternalValue | undefined]>([
  ['TINYINT', 'BIGINT', -5, -5n],
  ['INT', 'DOUBLE', 7, 7],
  ['DATE', 'TIMESTAMP(6)', 1, 86_400_000_000n],
  ['DECIMAL(5, 2)', 'DECIMAL(9, 3)', 150n, 1500n],
  ['VARCHAR(5)', 'STRING', new Uint8Array([65]), new Uint8Array([65])],
  // Values may wrap, become null or be cut, and texts have another order than numbers.
  ['BIGINT', 'INT', 5n, undefined],
  ['INT', 'DECIMAL(5, 2)', 5, undefined],
  ['STRING', 'VARCHAR(5)', new Uint8Array([65]), undefined],
  ['INT', 'STRING', 5, undefined],
  ['DOUBLE', 'FLOAT', 5, undefined],
  ['TIMESTAMP(6)', 'TIMESTAMP(3)', 5n, undefined],
])('a least value of %s is one of %s if order and nulls are kept', (from, to, min, cast) => {
  const stats = { min, max: null, nullCount: 2 }
  const expected = cast === undefined ? undefined : { min: cast, max: null, nullCount: 2 }
  expect(castStats(parseTypeText(from), parseTypeText(to), stats)).toEqual(expected)
})

const narrow = ['TINYINT', 'SMALLINT', 'INT'] as const
const wide = ['SMALLINT', 'INT', 'BIGINT'] as const
const edges = [7, 8, 15, 16, 31, 32].flatMap((bits) =>
  [-1n, 0n, 1n].flatMap((offset) => [
    (1n << BigInt(bits)) + offset,
    -(1n << BigInt(bits)) + offset,
  ]),
)
const literal = fc.oneof(
  fc.constantFrom(0n, 1n, -1n, ...edges, 2n ** 63n - 1n, -(2n ** 63n)),
  fc.bigInt({ min: -300n, max: 300n }),
)

const leaf: fc.Arbitrary<Predicate> = fc.oneof(
  fc
    .tuple(fc.constantFrom(eq, ne, lt, lte, gt, gte), literal)
    .map(([compare, value]) => compare('a', value)),
  fc.tuple(literal, literal).map(([low, high]) => between('a', low, high)),
  fc
    .tuple(fc.constantFrom(isIn, notIn), fc.array(literal, { maxLength: 4 }))
    .map(([among, values]) => among('a', values)),
  fc.constant(isNull('a')),
)
const predicate = fc.letrec<{ tree: Predicate }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => and(a, b)),
    fc.tuple(tie('tree'), tie('tree')).map(([a, b]) => or(a, b)),
    tie('tree').map((each) => not(each)),
  ),
})).tree

const fieldOf = (type: DataType): DataField => ({ id: 0, name: 'a', type })

test('a filter on a wider integer finds the same rows as its form for the narrower one', () => {
  const types = fc.tuple(fc.constantFrom(...narrow), fc.constantFrom(...wide))
  const pairs = types.filter(([from, to]) => wide.indexOf(to as never) >= narrow.indexOf(from))
  fc.assert(
    fc.property(pairs, predicate, fc.array(fc.option(literal)), ([from, to], where, numbers) => {
      const bits = { TINYINT: 8, SMALLINT: 16, INT: 32 }[from]
      const values = numbers.map((value) =>
        value === null ? null : Number(BigInt.asIntN(bits, value)),
      )
      const column = columnOf(ofKind(from), values)
      const bound = bindPredicate(where, [fieldOf(ofKind(to))])
      const evolved = evolvePredicate(bound.root, [{ from: ofKind(from), to: ofKind(to) }])
      expect(evolved.known).toEqual([true])
      const { length } = column
      const cast = castColumn(column, ofKind(from), ofKind(to))
      const stored = { fields: [fieldOf(ofKind(from))], root: evolved.root }
      expect(selectRows(stored, { length, columns: [column] })).toEqual(
        selectRows(bound, { length, columns: [cast] }),
      )
    }),
  )
})

test.each<[from: string | undefined, to: string, known: boolean]>([
  ['INT', 'INT', true],
  ['INT NOT NULL', 'BIGINT', true],
  ['VARCHAR(3)', 'STRING', true],
  ['BIGINT', 'INT', false],
  ['INT', 'DOUBLE', false],
  ['FLOAT', 'DOUBLE', false],
  ['STRING', 'VARCHAR(3)', false],
  [undefined, 'INT', false],
])(
  'what a filter asks of a column that was %s and is %s can be asked of the file: %s',
  (from, to, known) => {
    const types = {
      from: from === undefined ? undefined : parseTypeText(from),
      to: parseTypeText(to),
    }
    expect(evolvePredicate({ op: 'isNull', column: 0 }, [types]).known).toEqual([known])
  },
)
