/** What is done to the files of a compaction. */
import { describe, expect, test } from 'vitest'

import {
  dropsDeletes,
  fullUnit,
  planCompaction,
  type PlanRules,
  unitOf,
} from '../../src/lsm/compaction-plan.ts'
import { levelRuns, levelsOf } from '../../src/lsm/levels.ts'
import { planOf } from '../support/compaction-plans.ts'
import { filesOf, KEY_FIELDS, namesOf } from '../support/lsm-files.ts'

/** `level:min-max*bytes`, with `d` behind for a file that holds deletes and `?` for one that does not tell. */
function parse(text: string) {
  return text.split(' ').map((word) => {
    const [, level, min, max, bytes, mark] = /^(\d):(\d+)-(\d+)\*(\d+)([d?]?)$/.exec(word)!
    const deletes = mark === 'd' ? 3 : mark === '?' ? null : 0
    return {
      level: Number(level),
      min: Number(min),
      max: Number(max),
      bytes: Number(bytes),
      deletes,
    }
  })
}

describe('files of a compaction to the last level are merged or moved; 70 bytes are large', () => {
  test.each([
    ['a lone file is moved, however small', '0:1-9*10', 'move f1'],
    ['a lone file with deletes is rewritten', '0:1-9*10d', 'merge f1'],
    ['one that does not tell is taken to have some', '0:1-9*10?', 'merge f1'],
    ['a file that is there already stays', '5:1-9*10', ''],
    ['but not if it holds deletes', '5:1-9*10d', 'merge f1'],
    ['files that share keys are merged', '0:1-9*100 0:5-12*100', 'merge f1 f2 as 2 runs'],
    ['large ones that do not are moved', '0:1-9*100 0:10-12*100', 'move f1; move f2'],
    ['small ones that do not are put together', '0:1-9*10 0:10-12*10', 'merge f1 , f2'],
    [
      'small ones beside a merge join it, up to the next large one',
      '0:1-9*10 0:12-15*100 5:14-20*100 0:30-31*10 0:40-50*70 0:60-70*10',
      'merge f1 , f2 f3 as 2 runs , f4; move f5; move f6',
    ],
    [
      'a large one with deletes is rewritten by itself',
      '0:1-9*10 0:20-29*100d',
      'move f1; merge f2',
    ],
    ['the last level stays where nothing meets it', '0:1-9*10 5:20-29*100 5:30-39*100', 'move f1'],
    [
      'small neighbours on the last level are put together too',
      '5:1-9*10 5:20-29*10',
      'merge f1 , f2',
    ],
  ])('%s', (_, files, plan) => {
    const unit = { files: parse(files), outputLevel: 5, maxLevel: 5 }
    expect(planOf({ ...unit, smallFileBytes: 70, rewritesAll: false })).toBe(plan)
  })

  test('on a lower level deletes stay', () => {
    const unit = { files: parse('0:1-9*10d'), outputLevel: 4, maxLevel: 5 }
    expect(planOf({ ...unit, smallFileBytes: 70, rewritesAll: false })).toBe('move f1')
  })

  test('all are rewritten where the option asks for it', () => {
    const unit = { files: parse('0:1-9*100 5:20-30*100'), outputLevel: 5, maxLevel: 5 }
    expect(planOf({ ...unit, smallFileBytes: 70, rewritesAll: true })).toBe('merge f1; merge f2')
  })
})

const RULES: PlanRules = {
  smallFileBytes: 1,
  rewritesAll: false,
  hasExpired: () => false,
  hasDeletionVector: () => false,
}

describe('a unit', () => {
  test('is nothing where its one file is where it goes already', () => {
    const runs = levelRuns(levelsOf(KEY_FIELDS, filesOf('a@5:1-9'), 6))
    expect(unitOf(runs, { runCount: 1, outputLevel: 5 })).toBeNull()
    expect(unitOf(runs, { runCount: 0, outputLevel: 5 })).toBeNull()
    expect(unitOf(runs, { runCount: 1, outputLevel: 4 })?.files).toHaveLength(1)
  })

  test('of the last level alone takes files whose rows have expired, each for itself', () => {
    const levels = levelsOf(KEY_FIELDS, filesOf('a@5:1-9 b@5:10-19 c@5:20-29'), 6)
    const rules = {
      ...RULES,
      hasExpired: ({ fileName }: { readonly fileName: string }) => fileName !== 'b',
    }
    const unit = fullUnit(levels, rules)!
    expect(namesOf(unit.files)).toBe('a@5 c@5')
    const steps = planCompaction(unit, KEY_FIELDS, 5, RULES)
    expect(steps.map(({ kind }) => kind)).toEqual(['rewrite', 'rewrite'])
  })

  test('drops deletes where nothing older lies below it, or where vectors say what is deleted there', () => {
    const levels = levelsOf(KEY_FIELDS, filesOf('a@0:1-9 b@3:1-9 c@4:1-9'), 6)
    const to = (outputLevel: number, hasVectors = false): boolean =>
      dropsDeletes({ outputLevel, files: [], rewritesEach: false }, levels, hasVectors)
    expect([to(0), to(3), to(4), to(5)]).toEqual([false, false, true, true])
    expect([to(0, true), to(3, true)]).toEqual([false, true])
  })
})
