/** Compactions that follow each other before a commit, and what others do to a bucket meanwhile. */
import { describe, expect, test } from 'vitest'

import { reconcile, stillUncommitted, type Uncommitted } from '../../src/lsm/bucket-reconcile.ts'
import {
  chainCompactions,
  type CompactionChange,
  identityOf,
  NO_COMPACTION,
} from '../../src/lsm/compaction-chain.ts'
import type { IndexFileMeta } from '../../src/snapshot/index-manifest.ts'
import { filesOf, namesOf } from '../support/lsm-files.ts'

/** `a@0 b@0 > c@5`: what a compaction replaced, and by what. */
function change(text: string): CompactionChange {
  const [before = '', after = ''] = text.split('>').map((side) => side.trim())
  return { ...NO_COMPACTION, before: filesOf(before), after: filesOf(after) }
}

const index = (fileName: string): IndexFileMeta =>
  ({ fileName, indexType: 'DELETION_VECTORS' }) as IndexFileMeta

describe('compactions that follow each other', () => {
  test.each([
    ['of different files add up', 'a@0 > b@5', 'c@0 > d@4', 'a@0 c@0 > b@5 d@4', ''],
    [
      'leave out what the first made and the second replaced',
      'a@0 b@0 > c@4',
      'c@4 d@5 > e@5',
      'a@0 b@0 d@5 > e@5',
      'c@4',
    ],
    ['move a file twice', 'a@0 > a@4', 'a@4 > a@5', 'a@0 > a@5', ''],
    [
      'replace a file that was moved: it was there before',
      'a@0 > a@4',
      'a@4 > b@5',
      'a@0 > b@5',
      '',
    ],
    ['move a file that was made', 'a@0 > b@4', 'b@4 > b@5', 'a@0 > b@5', ''],
    ['leave nothing', 'a@0 > b@4', 'b@4 >', 'a@0 >', 'b@4'],
    ['keep half of what was made', 'a@0 > b@4 c@4', 'b@4 > d@5', 'a@0 > c@4 d@5', 'b@4'],
  ])('%s', (_, first, second, whole, obsolete) => {
    const chained = chainCompactions(change(first), change(second))
    const { before, after } = chained.change
    expect(`${namesOf(before)} > ${namesOf(after)}`.trim()).toBe(whole)
    expect(namesOf(chained.obsolete)).toBe(obsolete)
  })

  test('keep the last of their index files, and all changelogs', () => {
    const first = {
      ...change('a@0 > b@4'),
      changelog: filesOf('x@0'),
      newIndexFiles: [index('i1')],
      deletedIndexFiles: [index('i0')],
    }
    const second = {
      ...change('c@0 > d@4'),
      changelog: filesOf('y@0'),
      newIndexFiles: [index('i2')],
      deletedIndexFiles: [index('i1')],
    }
    const { change: whole, obsoleteIndexFiles } = chainCompactions(first, second)
    expect(whole.newIndexFiles.map(({ fileName }) => fileName)).toEqual(['i2'])
    expect(whole.deletedIndexFiles.map(({ fileName }) => fileName)).toEqual(['i0'])
    expect(obsoleteIndexFiles.map(({ fileName }) => fileName)).toEqual(['i1'])
    expect(namesOf(whole.changelog)).toBe('x@0 y@0')
  })
})

/** `n@0; a@0 b@0 > c@5`: files that were written, and a compaction. */
function uncommitted(text: string): Uncommitted {
  const [written = '', compaction = ''] = text.split(';').map((part) => part.trim())
  const { before, after } = change(compaction)
  return { newFiles: filesOf(written), compactBefore: before, compactAfter: after }
}

describe('what a writer knows of a bucket is compared with the table', () => {
  test.each([
    ['nothing has changed', 'a@0 b@5', [], 'a@0 b@5', 'same'],
    ['its own files are not there yet', 'a@0', ['n@0;'], 'a@0 n@0', 'same'],
    ['its own compaction is not there yet', 'a@0 b@5', ['; a@0 b@5 > c@5'], 'c@5', 'same'],
    ['two of its compactions', 'a@0', ['n@0; a@0 > b@4', '; n@0 b@4 > c@5'], 'c@5', 'same'],
    ['others have written', 'a@0 x@0', ['n@0;'], 'a@0 n@0', 'same x@0'],
    ['others have compacted', 'x@5', [], 'a@0 b@5', 'changed'],
    ['others have compacted what it compacts', 'x@5', ['; a@0 > b@5'], 'b@5', 'changed'],
    ['others have put a file on a level', 'a@0 x@4', [], 'a@0', 'changed'],
    ['others have moved a file', 'a@5', [], 'a@0', 'changed'],
    ['others have emptied it', '', [], 'a@0', 'changed'],
  ])('%s', (_, table, own, known, expected) => {
    const found = reconcile(filesOf(table), own.map(uncommitted), filesOf(known))
    expect(found.isSame ? `same ${namesOf(found.added)}`.trim() : 'changed').toBe(expected)
  })

  test.each([
    ['nothing of it', 'a@0', '', 'n@0; a@0 > b@5', 'n@0; a@0 > b@5'],
    ['its rows', 'a@0 n@0', '', 'n@0; a@0 > b@5', '; a@0 > b@5'],
    ['all of it', 'b@5 n@0', '', 'n@0; a@0 > b@5', null],
    ['all of it, the rows compacted with the rest', 'b@5', '', 'n@0; a@0 n@0 > b@5', null],
    ['rows that others compacted since', 'x@5', 'n@0', 'n@0;', null],
    [
      'rows that others compacted since, without its compaction',
      'x@5',
      'n@0',
      'n@0; n@0 > n@4',
      '; n@0 > n@4',
    ],
    ['a compaction that left nothing', '', '', '; a@0 >', null],
  ])('of what it handed out is committed: %s', (_, table, added, handed, left) => {
    const names = new Set(filesOf(added).map(identityOf))
    const found = stillUncommitted(filesOf(table), names, [uncommitted(handed)])
    expect(found).toEqual(left === null ? [] : [uncommitted(left)])
  })
})
