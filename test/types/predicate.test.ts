import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { DataField, DataType } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import {
  columnsOf,
  conjuncts,
  equalityValues,
  projectTo,
} from '../../src/types/predicate-analysis.ts'
import { bindPredicate } from '../../src/types/predicate-bind.ts'
import { compareValues } from '../../src/types/predicate-literal.ts'
import { selectRows } from '../../src/types/predicate-rows.ts'
import { mayMatch } from '../../src/types/predicate-stats.ts'
import {
  and,
  between,
  contains,
  eq,
  gt,
  gte,
  isIn,
  isNotNull,
  isNull,
  like,
  lt,
  lte,
  ne,
  not,
  notIn,
  or,
  type Predicate,
  startsWith,
} from '../../src/types/predicate.ts'
import { batchOf, FIELDS, meaning, predicates, rows, type Row } from './predicate-model.ts'

const RUNS = { numRuns: 500 }

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Rows that pass, by index. */
function select(predicate: Predicate, list: readonly Row[], fields = FIELDS): number[] {
  const chosen = selectRows(bindPredicate(predicate, fields), batchOf(list, fields))
  return chosen === null ? list.map((_, i) => i) : [...chosen]
}

function expected(predicate: Predicate, list: readonly Row[]): number[] {
  return list.flatMap((row, i) => (meaning(predicate, row) === true ? [i] : []))
}

describe('choosing rows', () => {
  test('a predicate chooses the rows for which it means true', () => {
    fc.assert(
      fc.property(rows, predicates, (list, predicate) => {
        expect(select(predicate, list)).toEqual(expected(predicate, list))
      }),
      { numRuns: 2000 },
    )
  })

  test('a row passes a predicate, its negation, or neither', () => {
    fc.assert(
      fc.property(rows, predicates, (list, predicate) => {
        const chosen = select(predicate, list)
        const others = select(not(predicate), list)
        expect(chosen.filter((row) => others.includes(row))).toEqual([])
        expect(select(not(not(predicate)), list)).toEqual(chosen)
      }),
      RUNS,
    )
  })

  test("De Morgan's laws hold with nulls", () => {
    fc.assert(
      fc.property(rows, predicates, predicates, (list, a, b) => {
        expect(select(not(and(a, b)), list)).toEqual(select(or(not(a), not(b)), list))
        expect(select(not(or(a, b)), list)).toEqual(select(and(not(a), not(b)), list))
      }),
      RUNS,
    )
  })

  test('null comes back when every row passes, so that nothing is copied', () => {
    const list = batchOf([Array.from({ length: FIELDS.length }, () => null)])
    expect(selectRows(bindPredicate(and(), FIELDS), list)).toBeNull()
    expect(selectRows(bindPredicate(isNull('c_int'), FIELDS), list)).toBeNull()
    expect(selectRows(bindPredicate(or(), FIELDS), list)).toEqual(new Uint32Array(0))
  })
})

const field = (name: string, type: DataType): DataField => ({ id: 0, name, type })

/** Which of the values pass, for a single column. */
function passing(
  predicate: Predicate,
  type: DataType,
  values: readonly InternalValue[],
): InternalValue[] {
  const list = values.map((value) => [value])
  return select(predicate, list, [field('x', type)]).map((row) => values[row]!)
}

describe('orders', () => {
  test.each([
    [gt('x', Infinity), [Number.NaN]],
    [gte('x', Number.NaN), [Number.NaN]],
    [eq('x', Number.NaN), [Number.NaN]],
    [lt('x', 0), [-1, -0]],
    [eq('x', 0), [0]],
    [eq('x', -0), [-0]],
    [lte('x', -0), [-1, -0]],
    [gt('x', -0), [0, Infinity, Number.NaN]],
    [ne('x', Number.NaN), [-1, -0, 0, Infinity]],
    [isIn('x', [0, 7, 8, 9, Number.NaN]), [0, Number.NaN]],
  ])('floats are ordered as by Double.compare (%#)', (predicate, passed) => {
    const values = [-1, -0, 0, Infinity, Number.NaN]
    expect(passing(predicate, { kind: 'DOUBLE', nullable: true }, values)).toEqual(passed)
    expect(passing(predicate, { kind: 'FLOAT', nullable: true }, values)).toEqual(passed)
  })

  test('strings compare as unsigned bytes, which puts U+FFFD before a character of four bytes', () => {
    const type = { kind: 'VARCHAR', length: 10, nullable: true } as const
    const values = ['a', 'ÿ', '\uFFFD', '🚀'].map((text) => new TextEncoder().encode(text))
    expect(passing(lt('x', '🚀'), type, values)).toEqual(values.slice(0, 3))
    expect(passing(gt('x', 'z'), type, values)).toEqual(values.slice(1))
  })
})

describe('literals', () => {
  const ints = [-128, 0, 127]
  test.each([
    [eq('x', 300), []],
    [ne('x', 300), ints],
    [not(eq('x', 300)), ints],
    [lt('x', 300), ints],
    [gte('x', -129), ints],
    [gt('x', 300n), []],
    [between('x', -1000, 0), [-128, 0]],
    [isIn('x', [0, 300]), [0]],
    [notIn('x', [0, 300]), [-128, 127]],
    [lt('x', 0.5), [-128, 0]],
    [gt('x', -0.5), [0, 127]],
    [eq('x', 0.5), []],
    [lt('x', Infinity), ints],
    [gt('x', -Infinity), ints],
  ])('a literal that a TINYINT cannot hold compares soundly (%#)', (predicate, passed) => {
    expect(passing(predicate, { kind: 'TINYINT', nullable: true }, [...ints, null])).toEqual(passed)
  })

  test('a decimal literal with more digits than the column lies between two values', () => {
    const type = { kind: 'DECIMAL', precision: 10, scale: 2, nullable: true } as const
    expect(passing(gt('x', '1.005'), type, [100n, 101n])).toEqual([101n])
    expect(passing(lte('x', '-1.005'), type, [-100n, -101n])).toEqual([-101n])
    expect(passing(eq('x', '1.005'), type, [100n, 101n])).toEqual([])
  })

  test('a number on a FLOAT column means the nearest float', () => {
    const type = { kind: 'FLOAT', nullable: true } as const
    expect(passing(eq('x', 0.1), type, [Math.fround(0.1)])).toHaveLength(1)
  })

  test('local times compare with local texts, instants with any zone', () => {
    const local = { kind: 'TIMESTAMP', precision: 6, nullable: true } as const
    const instant = { kind: 'TIMESTAMP_LTZ', precision: 6, nullable: true } as const
    const noon = 43_200_000_000n
    expect(passing(eq('x', '1970-01-01 12:00'), local, [noon])).toHaveLength(1)
    expect(passing(eq('x', '1970-01-01T14:00:00+02:00'), instant, [noon])).toHaveLength(1)
    expect(() => passing(eq('x', '1970-01-01T14:00:00+02:00'), local, [noon])).toThrow(/TIMESTAMP/)
  })

  test.each([
    [eq('x', '5'), 'INT', /column x is INT and cannot be compared with "5"/],
    [eq('x', true), 'INT', /with true/],
    [eq('x', Number.NaN), 'INT', /with NaN/],
    [isIn('x', [1, 'a']), 'INT', /with "a"/],
    [eq('x', 5), 'DATE', /with 5/],
    [eq('x', '2023-02-30'), 'DATE', /with "2023-02-30"/],
    [like('x', 'a%'), 'INT', /x is INT, which like does not apply to/],
    [eq('y', 5), 'INT', /no column "y"/],
    [isIn('x', 5 as never), 'INT', /looked for among are 5/],
    [eq('x', 1), 'VARIANT', /cannot be compared/],
    [eq('x', null), 'VARIANT', /cannot be compared/],
    [{ op: 'equals', args: ['x', 1] } as never, 'INT', /"equals" is no operator/],
  ])('a wrong predicate is refused with the reason (%#)', (predicate, kind, message) => {
    expect(() => passing(predicate, { kind, nullable: true } as DataType, [])).toThrow(message)
  })

  test('a mistyped column is answered with the nearest one', () => {
    const fields = [field('region', { kind: 'INT', nullable: true })]
    expect(() => bindPredicate(eq('regoin', 1), fields)).toThrow(/did you mean "region"/)
  })

  test('predicates that nest without end are refused', () => {
    let deep: Predicate = isNull('x')
    for (let i = 0; i < 100_000; i++) deep = { op: 'and', args: [deep] }
    expect(() => bindPredicate(deep, FIELDS)).toThrow(/nests/)
  })
})

describe('LIKE', () => {
  test.each([
    ['a%', ['a', 'ab', 'a\nb'], ['b', 'ba', '']],
    ['%b', ['b', 'ab'], ['ba', '']],
    ['%', ['', 'x'], []],
    ['_', ['a', '漢', '🚀', '\n'], ['', 'ab']],
    ['__%', ['ab', '漢🚀', 'abc'], ['a', '漢']],
    ['%_b', ['ab', '漢b', 'aab'], ['b', 'ba']],
    ['a_c%e', ['abce', 'a漢cde'], ['ace', 'abcd']],
    ['%ab%ab', ['abab', 'ab-ab', 'xabab'], ['ab', 'aab']],
    ['a\\%b', ['a%b'], ['axb', 'a\\%b']],
    ['a\\_', ['a_'], ['ab']],
    ['\\\\', ['\\'], ['\\\\']],
    ['', [''], ['a']],
    ['a', ['a'], ['ab']],
  ])('%s', (pattern, yes, no) => {
    const type = { kind: 'VARCHAR', length: 10, nullable: true } as const
    const texts = [...yes, ...no].map((text) => new TextEncoder().encode(text))
    expect(passing(like('x', pattern), type, texts)).toEqual(texts.slice(0, yes.length))
    expect(passing(not(like('x', pattern)), type, [...texts, null])).toEqual(
      texts.slice(yes.length),
    )
  })

  test.each(['a\\', 'a\\b'])('a stray backslash in %s is refused, as Java does', (pattern) => {
    const fields = [field('x', { kind: 'VARCHAR', length: 10, nullable: true })]
    expect(() => bindPredicate(like('x', pattern), fields)).toThrow(/stray backslash/)
  })
})

/** The least statistics that are true of the rows, optionally with bounds moved outwards. */
function statsOf(list: readonly Row[], column: number) {
  const values = list.map((row) => row[column]!).filter((value) => value !== null) as never[]
  const sorted = values.toSorted(compareValues)
  return {
    min: (sorted[0] as InternalValue | undefined) ?? null,
    max: (sorted.at(-1) as InternalValue | undefined) ?? null,
    nullCount: list.length - values.length,
  }
}

describe('statistics', () => {
  test('a file with a row that passes is never skipped', () => {
    const droppings = fc.array(fc.constantFrom('min', 'max', 'nullCount', 'all', 'none'), {
      minLength: FIELDS.length,
      maxLength: FIELDS.length,
    })
    fc.assert(
      fc.property(rows, predicates, droppings, (list, predicate, dropped) => {
        const may = mayMatch(bindPredicate(predicate, FIELDS), list.length, (column) => {
          const drop = dropped[column]!
          if (drop === 'all') return undefined
          const stats = statsOf(list, column)
          return drop === 'none' ? stats : { ...stats, [drop]: null }
        })
        expect(may || expected(predicate, list).length === 0).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  const ints = field('x', { kind: 'INT', nullable: true })
  const texts = field('s', { kind: 'VARCHAR', length: 10, nullable: true })
  const fields = [ints, texts]
  const stats = [
    { min: 10, max: 20, nullCount: 0 },
    { min: bytes('bbb'), max: bytes('ddd'), nullCount: 0 },
  ]

  test.each([
    [eq('x', 9), false],
    [eq('x', 10), true],
    [lt('x', 10), false],
    [lte('x', 10), true],
    [gt('x', 20), false],
    [between('x', 21, 30), false],
    [isIn('x', [1, 2, 30]), false],
    [isIn('x', [1, 15]), true],
    [isNull('x'), false],
    [isNotNull('x'), true],
    [or(eq('x', 9), eq('s', 'c')), true],
    [and(eq('x', 10), eq('s', 'a')), false],
    [startsWith('s', 'b'), true],
    [startsWith('s', 'bbbb'), true],
    [startsWith('s', 'a'), false],
    [startsWith('s', 'ddda'), false],
    [like('s', 'e%x'), false],
    [like('s', '%e'), true],
    [not(startsWith('s', 'a')), true],
    [contains('s', 'zzz'), true],
    [eq('x', null), false],
  ])('files are skipped by what their bounds rule out (%#)', (predicate, may) => {
    expect(mayMatch(bindPredicate(predicate, fields), 5, (column) => stats[column])).toBe(may)
  })

  test.each([
    [ne('x', 7), false],
    [not(between('x', 7, 8)), false],
    [not(between('x', 8, 9)), true],
    [notIn('x', [7, 8]), false],
    [ne('x', 8), true],
  ])('a file of one value is skipped by what excludes that value (%#)', (predicate, may) => {
    const one = { min: 7, max: 7, nullCount: 1 }
    expect(mayMatch(bindPredicate(predicate, fields), 5, () => one)).toBe(may)
  })

  test.each([
    [eq('x', 1), false],
    [ne('x', 1), false],
    [isNotNull('x'), false],
    [isNull('x'), true],
  ])('a file of nulls is judged by its null count (%#)', (predicate, may) => {
    const nulls = { min: null, max: null, nullCount: 5 }
    expect(mayMatch(bindPredicate(predicate, fields), 5, () => nulls)).toBe(may)
  })

  test('only columns of the predicate are asked for', () => {
    const asked: number[] = []
    mayMatch(bindPredicate(eq('s', 'c'), fields), 5, (column) => {
      asked.push(column)
      return undefined
    })
    expect(asked).toEqual([1])
  })
})

describe('analyses', () => {
  test('a row passes a predicate exactly when it passes all of its conjuncts', () => {
    fc.assert(
      fc.property(rows, predicates, (list, predicate) => {
        expect(select(and(...conjuncts(predicate)), list)).toEqual(select(predicate, list))
      }),
      RUNS,
    )
  })

  test('the projection lets every row pass that the predicate does, and looks at no other column', () => {
    const names = fc.uniqueArray(fc.constantFrom(...FIELDS.map(({ name }) => name)))
    fc.assert(
      fc.property(rows, predicates, names, (list, predicate, columns) => {
        const projected = projectTo(predicate, columns)
        if (projected === undefined) return
        expect(columnsOf(projected).filter((name) => !columns.includes(name))).toEqual([])
        const wider = select(projected, list)
        expect(select(predicate, list).filter((row) => !wider.includes(row))).toEqual([])
      }),
      RUNS,
    )
  })

  test('a disjunction projects through the conjunctions in it', () => {
    const predicate = or(and(eq('a', 1), eq('b', 2)), eq('a', 3))
    expect(projectTo(predicate, ['a'])).toEqual(or(eq('a', 1), eq('a', 3)))
    expect(projectTo(predicate, ['b'])).toBeUndefined()
    expect(columnsOf(predicate)).toEqual(['a', 'b'])
  })

  test('every row that passes has one of the tuples of values', () => {
    const columns = fc.uniqueArray(fc.nat(FIELDS.length - 1), { minLength: 1, maxLength: 2 })
    fc.assert(
      fc.property(rows, predicates, columns, (list, predicate, of) => {
        const tuples = equalityValues(bindPredicate(predicate, FIELDS), of)
        if (tuples === undefined) return
        for (const row of select(predicate, list)) {
          const values = of.map((column) => list[row]![column] as never)
          expect(
            tuples.some((tuple) =>
              tuple.every((value, i) => compareValues(value, values[i]!) === 0),
            ),
          ).toBe(true)
        }
      }),
      { numRuns: 2000 },
    )
  })

  const fields = [
    field('a', { kind: 'INT', nullable: true }),
    { ...field('b', { kind: 'INT', nullable: true }), id: 1 },
  ]
  const tuples = (predicate: Predicate, limit?: number) =>
    equalityValues(bindPredicate(predicate, fields), [0, 1], limit)

  test.each([
    [
      and(eq('a', 1), isIn('b', [3, 2, 3])),
      [
        [1, 2],
        [1, 3],
      ],
    ],
    [
      and(or(eq('a', 1), eq('a', 2)), eq('b', 5), isNotNull('a')),
      [
        [1, 5],
        [2, 5],
      ],
    ],
    [
      and(isIn('a', [1, 2, 3]), isIn('a', [2, 3, 4]), eq('b', 0)),
      [
        [2, 0],
        [3, 0],
      ],
    ],
    [and(eq('a', 1), eq('a', 2), eq('b', 0)), []],
    [and(between('a', 4, 4), eq('b', 0)), [[4, 0]]],
    [eq('a', 1), undefined],
    [or(eq('a', 1), eq('b', 2)), undefined],
    [and(ne('a', 1), eq('b', 2)), undefined],
    [and(isNull('a'), eq('b', 2)), undefined],
  ])('equalities and lists bound the tuples (%#)', (predicate, expectedTuples) => {
    expect(tuples(predicate)).toEqual(expectedTuples)
  })

  test('too many tuples bound nothing', () => {
    const many = Array.from({ length: 40 }, (_, i) => i)
    const predicate = and(isIn('a', many), isIn('b', many))
    expect(tuples(predicate)).toBeUndefined()
    expect(tuples(predicate, 1600)).toHaveLength(1600)
  })
})
