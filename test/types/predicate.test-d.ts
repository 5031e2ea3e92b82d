import { expectTypeOf, test } from 'vitest'

import {
  and,
  between,
  contains,
  eq,
  gte,
  isIn,
  isNotNull,
  isNull,
  like,
  not,
  or,
  type Predicate,
  startsWith,
} from '../../src/types/predicate.ts'

interface Row {
  readonly region: string
  readonly id: bigint
  readonly n: number | null
}
declare function read(where: Predicate<Row>): void
declare function readAny(where: Predicate): void

test('a filter on columns of the row fits it', () => {
  read(eq('region', 'eu'))
  read(and(eq('region', 'eu'), gte('n', 3)))
  read(or(isIn('id', [1n, 2n]), not(isNull('n')), between('n', 1, 2)))
  read(and(like('region', 'e%'), startsWith('region', 'e'), contains('region', 'u')))
  read(and())
  read(isNotNull('id'))
})

test('any filter fits a table of unknown columns', () => {
  readAny(and(eq('whatever', 1), gte('n', 3)))
  expectTypeOf(eq('whatever', 1)).toExtend<Predicate>()
})

test('a wrong column or literal is a compile error', () => {
  // @ts-expect-error no such column
  read(eq('regio', 'eu'))
  // @ts-expect-error no such column
  read(isNull('regio'))
  // @ts-expect-error bigint column, number literal
  read(eq('id', 1))
  // @ts-expect-error bigint column, number values
  read(isIn('id', [1, 2]))
  // @ts-expect-error nothing equals null: ask isNull
  read(eq('n', null))
  // @ts-expect-error a text test on a number column
  read(like('n', 'a%'))
  // @ts-expect-error one bad leaf spoils the tree
  read(and(eq('region', 'eu'), not(gte('nope', 3))))
})
