/** Orders of keys that `new HashMap` of Java printed. */
import { expect, test } from 'vitest'

import { hashMapOrder } from '../../src/util/java-hash-map.ts'

test('keys come by their slot', () => {
  const keys = Array.from({ length: 30 }, (_, i) => `fields.c${i % 7}.option-${i}`)
  const numbers = hashMapOrder(keys).map((key) => Number(key.split('-')[1]))
  expect(numbers).toEqual([
    4, 8, 15, 21, 17, 1, 26, 11, 10, 18, 3, 23, 28, 6, 13, 14, 0, 16, 29, 5, 7, 24, 25, 2, 12, 9,
    20, 19, 27, 22,
  ])
})

test('keys of one slot come as they were put in', () => {
  const keys = ['Aa', 'BB', 'AaAa', 'BBBB', 'AaBB', 'BBAa', 'c', 'a', 'b']
  expect(hashMapOrder(keys)).toEqual(['Aa', 'BB', 'a', 'b', 'c', 'AaAa', 'BBBB', 'AaBB', 'BBAa'])
})
