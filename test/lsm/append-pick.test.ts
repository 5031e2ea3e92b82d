/** Which small files of append tables are put together, in words of sizes: `a10` is a file `a` of ten megabytes. */
import { describe, expect, test } from 'vitest'

import {
  type AppendPickLimits,
  type FileVector,
  isWorthCompacting,
  packSmallFiles,
  type PickedFile,
  pickFull,
  pickNeighbours,
} from '../../src/lsm/append-pick.ts'

const MB = 1 << 20
const LIMITS: AppendPickLimits = {
  targetBytes: 100 * MB,
  smallBytes: 70 * MB,
  fileCountMin: 3,
  openBytes: 4 * MB,
  deleteRatio: 0.2,
}

const filesOf = (text: string): PickedFile[] =>
  text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => ({
      fileName: word[0]!,
      fileSize: Number(word.slice(1)) * MB,
      rowCount: 100,
    }))
const namesOf = (files: readonly PickedFile[]): string =>
  files.map(({ fileName }) => fileName).join('')

describe('neighbours in a bucket', () => {
  test.each([
    ['', '', ''],
    ['a10 b10', '', 'ab'],
    ['a10 b10 c10', 'abc', ''],
    ['a10 b10 c10 d10 e10', 'abc', 'de'],
    ['a150 b60 c10 d10', 'bcd', ''],
    ['a210 b10', '', 'b'],
    ['a150 b150 c150', '', 'c'],
    ['a100 b100 c100', '', 'c'],
    ['a90 b100 c10', 'abc', ''],
  ])('of %o are %o, and %o are looked at again', (files, picked, left) => {
    const choice = pickNeighbours(filesOf(files), LIMITS)
    expect([namesOf(choice.picked), namesOf(choice.left)]).toEqual([picked, left])
  })
})

describe('all files of a bucket', () => {
  test.each([
    ['', null, ''],
    ['a1 b1', null, ''],
    ['a1 b1 c1', null, 'abc'],
    ['a70 b1 c1 d1', null, 'bcd'],
    ['a70 b1 c1', null, ''],
    ['a1 b70 c1 d70', null, ''],
    ['a1 b70 c1 d1', null, 'abcd'],
    ['a70 b70 c70', null, ''],
    ['a1', '', ''],
    ['a1', 'a', 'a'],
    ['a1 b1', '', 'ab'],
    ['a70 b70 c1', 'b', 'bc'],
    ['a70 b70', 'a', 'ab'],
    ['a70 b70', '', ''],
  ])('of %o, deletions in %o: %o', (files, marked, picked) => {
    const isMarked =
      marked === null ? null : ({ fileName }: PickedFile) => marked.includes(fileName)
    const options = { isMarked, rewritesAll: false }
    expect(namesOf(pickFull(filesOf(files), LIMITS, options))).toBe(picked)
  })

  test('are all taken where all are to be written anew', () => {
    const files = filesOf('a70 b70')
    expect(pickFull(files, LIMITS, { isMarked: null, rewritesAll: true })).toEqual(files)
  })
})

/** `aX2`: two rows of the file `a` are marked, in the index file `X`. */
function vectorsOf(text: string): Map<string, FileVector> {
  const words = text.split(' ').filter((word) => word !== '')
  return new Map(
    words.map((word) => {
      const count = word.slice(2)
      const cardinality = count === '?' ? null : Number(count)
      return [word[0]!, { indexFile: word[1]!, cardinality }]
    }),
  )
}

describe('files without buckets', () => {
  test.each([
    ['a1 b69 c70', '', 'ab'],
    ['a1 c70 d80', 'cX20 dX21', 'ad'],
    ['c70', 'cX?', 'c'],
  ])('of %o with vectors %o those worth it are %o', (text, vectorText, worth) => {
    const vectors = vectorsOf(vectorText)
    const chosen = filesOf(text).filter((file) =>
      isWorthCompacting(file, vectors.get(file.fileName), LIMITS),
    )
    expect(namesOf(chosen)).toBe(worth)
  })

  test.each([
    ['a1 b2', null, [], 'ab'],
    ['a3 b2 c1', null, ['cba'], ''],
    ['a96 b96 c60', null, ['cab'], ''],
    ['a96 b97 c98 d99 e9', null, ['eab', 'cd'], ''],
    ['a97 b95 c98', null, ['ba'], 'c'],
    ['a60 b60 c60 d60 e60', null, ['abcd'], 'e'],
    ['a1 b1', '', [], 'ab'],
    ['a1', 'aX1', ['a'], ''],
    ['a5 b1 c9 d1 e1', 'aX1 bY1 cX1', ['bac'], 'de'],
    ['a60 b60 c69 d1', 'aX1 bX1 cX1 dY1', ['dabc'], ''],
    ['a1 b2 c3 d60', 'dX1', ['d', 'abc'], ''],
    ['a1 b2', 'bX1', ['b'], 'a'],
  ])('of %o with vectors %o are packed as %o', (text, vectorText, packs, left) => {
    const vectors = vectorText === null ? null : vectorsOf(vectorText)
    const vectorOf = vectors && (({ fileName }: PickedFile) => vectors.get(fileName))
    const packed = packSmallFiles(filesOf(text), LIMITS, vectorOf)
    expect(packed.packs.map(namesOf)).toEqual(packs)
    expect(namesOf(packed.left)).toBe(left)
  })
})
