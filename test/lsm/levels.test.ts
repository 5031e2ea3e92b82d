/** The sorted runs of a bucket, and how they change. */
import { describe, expect, test } from 'vitest'

import {
  allFiles,
  highestLevel,
  levelRuns,
  levelsOf,
  runCount,
  updateLevels,
} from '../../src/lsm/levels.ts'
import { fileOf, filesOf, KEY_FIELDS, namesOf } from '../support/lsm-files.ts'

const open = (text: string, levelCount = 6) => levelsOf(KEY_FIELDS, filesOf(text), levelCount)
const print = (levels: ReturnType<typeof open>): string =>
  levelRuns(levels)
    .map(({ files }) => namesOf(files))
    .join(' | ')

describe('the runs of a bucket', () => {
  test('are the files of level 0, then each level by key', () => {
    const levels = open('c@3:7-9 a@0:1-9 x@5:20-30 y@5:1-10 b@3:1-2')
    expect(print(levels)).toBe('a@0 | b@3 c@3 | y@5 x@5')
    expect([runCount(levels), highestLevel(levels), levels.levelCount]).toEqual([3, 5, 6])
    expect(levelRuns(levels).map(({ level, sizeBytes }) => [level, sizeBytes])).toEqual([
      [0, 1],
      [3, 2],
      [5, 2],
    ])
  })

  test('stand on level 0 with the newest rows first; names decide at last', () => {
    const level0 = [
      fileOf({ name: 'old', sequence: [0, 9] }),
      fileOf({ name: 'b', sequence: [20, 29] }),
      fileOf({ name: 'wide', sequence: [15, 29] }),
      fileOf({ name: 'a', sequence: [20, 29] }),
    ]
    const levels = levelsOf(KEY_FIELDS, level0, 6)
    expect(levels.level0.map(({ fileName }) => fileName)).toEqual(['wide', 'a', 'b', 'old'])
  })

  test('are none without files', () => {
    const levels = open('')
    expect([runCount(levels), highestLevel(levels), allFiles(levels)]).toEqual([0, -1, []])
  })

  test('have more levels than asked for where a file is on one', () => {
    expect(open('a@8:1-2').levelCount).toBe(9)
    expect(open('a@0:1-2', 1).levelCount).toBe(2)
  })

  test('are damaged where files of a level share keys', () => {
    expect(() => open('a@2:1-5 b@2:5-9')).toThrow(/share keys/)
    expect(print(open('a@0:1-5 b@0:5-9'))).toBe('a@0 | b@0')
  })
})

describe('a compaction', () => {
  test('puts files in the place of others', () => {
    const levels = open('a@0:1-9 b@0:3-5 c@4:1-3 d@5:1-99')
    const after = updateLevels(levels, filesOf('b@0:3-5 c@4:1-3'), filesOf('n@4:1-2 m@4:3-5'))
    expect(print(after)).toBe('a@0 | n@4 m@4 | d@5')
    expect(print(levels)).toBe('a@0 | b@0 | c@4 | d@5')
  })

  test('moves a file to another level under its name', () => {
    const levels = open('a@0:1-9 b@0:30-50')
    expect(print(updateLevels(levels, filesOf('a@0:1-9'), filesOf('a@5:1-9')))).toBe('b@0 | a@5')
  })

  test('may leave nothing', () => {
    expect(print(updateLevels(open('a@0:1-9'), filesOf('a@0:1-9'), []))).toBe('')
  })
})
