import { expect, test } from 'vitest'

import { didYouMean, nearest } from '../../src/util/nearest.ts'

const WORDS = ['bucket', 'bucket-key', 'merge-engine', 'write-only']

test.each([
  ['buket', 'bucket'],
  ['bukcet', 'bucket'],
  ['MERGE_ENGINE', 'merge-engine'],
  ['bucketkey', 'bucket-key'],
  ['writeonly', 'write-only'],
])('%s most likely means %s', (word, expected) => {
  expect(nearest(word, WORDS)).toBe(expected)
})

test.each(['', 'x', 'something-else'])('nothing is near to "%s"', (word) => {
  expect(nearest(word, WORDS)).toBeUndefined()
  expect(didYouMean(word, WORDS)).toBe('')
})

test('the hint names the near word', () => {
  expect(didYouMean('buckets', WORDS)).toBe(' (did you mean "bucket"?)')
})

test('a word of a million letters costs no more than a long one', () => {
  expect(nearest('b'.repeat(1_000_000), WORDS)).toBeUndefined()
})
