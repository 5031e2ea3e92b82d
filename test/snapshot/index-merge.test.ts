/** What becomes of the index files of a table. */
import { expect, test } from 'vitest'

import {
  DELETION_VECTORS_INDEX,
  HASH_INDEX,
  type IndexManifestEntry,
} from '../../src/snapshot/index-manifest.ts'
import { mergeIndexEntries } from '../../src/snapshot/index-merge.ts'
import { FILE_KIND } from '../../src/snapshot/manifest-entry.ts'
import { partitionOf } from '../support/commit-tables.ts'

interface Options {
  readonly type?: string
  readonly kind?: keyof typeof FILE_KIND
  readonly dt?: string
  readonly bucket?: number
  readonly vectors?: readonly string[]
}

function index(fileName: string, options: Options = {}): IndexManifestEntry {
  const {
    type = DELETION_VECTORS_INDEX,
    kind = 'ADD',
    dt = 'a',
    bucket = 0,
    vectors = [],
  } = options
  return {
    kind: FILE_KIND[kind],
    partition: partitionOf(dt),
    bucket,
    indexFile: {
      indexType: type,
      fileName,
      fileSize: 1,
      rowCount: vectors.length,
      deletionVectors: vectors.map((dataFileName) => ({
        dataFileName,
        offset: 1,
        length: 1,
        cardinality: 1,
      })),
      externalPath: null,
      globalIndex: null,
    },
  }
}

const namesOf = (entries: readonly IndexManifestEntry[]): string[] =>
  entries.map(({ indexFile }) => indexFile.fileName).toSorted()

test.each<[string, IndexManifestEntry[], IndexManifestEntry[], boolean, string[]]>([
  ['a new file takes the place of the bucket’s old one', [index('1')], [index('2')], true, ['2']],
  [
    'files of other buckets stay',
    [index('1', { bucket: 1 }), index('3', { dt: 'b' })],
    [index('2')],
    true,
    ['1', '2', '3'],
  ],
  ['files of other kinds stay', [index('1', { type: HASH_INDEX })], [index('2')], true, ['1', '2']],
  ['a deleted file goes', [index('1')], [index('1', { kind: 'DELETE' })], true, []],
  [
    'a deletion does not hit what is added with it',
    [index('1')],
    [index('2'), index('1', { kind: 'DELETE' })],
    true,
    ['2'],
  ],
  ['without buckets files add up', [index('1')], [index('2')], false, ['1', '2']],
  [
    'without buckets one is replaced by its name',
    [index('1'), index('3')],
    [index('1', { kind: 'DELETE' }), index('2')],
    false,
    ['2', '3'],
  ],
  [
    'hash indexes have buckets always',
    [index('1', { type: HASH_INDEX })],
    [index('2', { type: HASH_INDEX })],
    false,
    ['2'],
  ],
  [
    'global indexes are told apart by name',
    [index('1', { type: 'btree' })],
    [index('2', { type: 'btree' })],
    true,
    ['1', '2'],
  ],
])('%s', (_, current, change, counted, names) => {
  expect(namesOf(mergeIndexEntries(current, change, counted))).toEqual(names)
})

test.each<[string, IndexManifestEntry[], IndexManifestEntry[]]>([
  ['the deletion of a file that is not there', [], [index('1', { kind: 'DELETE' })]],
  ['a file that is there', [index('1')], [index('1')]],
  [
    'a second vector of a data file',
    [index('1', { vectors: ['f'] })],
    [index('2', { vectors: ['f'] })],
  ],
])('without buckets %s is a conflict', (_, current, change) => {
  expect(() => mergeIndexEntries(current, change, false)).toThrow(
    expect.objectContaining({ code: 'CONFLICT' }),
  )
})

test('a vector moves with the replacement of its file', () => {
  const current = [index('1', { vectors: ['f', 'g'] })]
  const change = [
    index('1', { kind: 'DELETE', vectors: ['f', 'g'] }),
    index('2', { vectors: ['f'] }),
  ]
  expect(namesOf(mergeIndexEntries(current, change, false))).toEqual(['2'])
})
