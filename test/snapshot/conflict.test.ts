/** Which changes still apply to what a table has now. */
import { expect, test } from 'vitest'

import { findConflict } from '../../src/snapshot/conflict.ts'
import {
  DELETION_VECTORS_INDEX,
  type IndexManifestEntry,
} from '../../src/snapshot/index-manifest.ts'
import { FILE_KIND, type ManifestEntry } from '../../src/snapshot/manifest-entry.ts'
import type { CommitKind } from '../../src/snapshot/snapshot.ts'
import type { DataType } from '../../src/types/data-type.ts'
import { partitionOf } from '../support/commit-tables.ts'
import { entry, type EntryOptions } from '../support/manifests.ts'

const KEY: readonly DataType[] = [{ kind: 'BIGINT', nullable: false }]

interface Case {
  readonly base?: readonly EntryOptions[]
  readonly change: readonly EntryOptions[]
  readonly kind?: CommitKind
  /** Null for a table without keys. */
  readonly keyTypes?: readonly DataType[] | null
}

/** An index file of deletion vectors, and the data files that it has vectors of. */
interface Vectors {
  readonly index: string
  readonly files: readonly string[]
  readonly kind?: 'ADD' | 'DELETE'
  readonly bucket?: number
}

interface VectorCase extends Omit<Case, 'keyTypes' | 'change'> {
  readonly change?: readonly EntryOptions[]
  readonly vectors?: readonly Vectors[]
  readonly changeVectors?: readonly Vectors[]
  readonly bucketsAreCounted?: boolean
}

const cases: readonly [name: string, given: Case, conflict: RegExp | null][] = [
  ['a new file', { change: [{ name: 'x' }] }, null],
  ['nothing', { change: [] }, null],
  [
    'a file that is there',
    { base: [{ name: 'x' }], change: [{ name: 'x' }] },
    /in the table already/,
  ],
  [
    'a file of the same name elsewhere',
    {
      base: [{ name: 'x' }],
      change: [
        { name: 'x', bucket: 1 },
        { name: 'x', dt: 'b' },
      ],
    },
    null,
  ],
  ['a file twice', { change: [{ name: 'x' }, { name: 'x' }] }, /in the change twice/],
  ['a deletion', { base: [{ name: 'x' }], change: [{ name: 'x', kind: 'DELETE' }] }, null],
  [
    'a deletion of a file that is gone',
    { base: [{ name: 'y' }], change: [{ name: 'x', kind: 'DELETE' }] },
    /no longer in the table/,
  ],
  [
    'a deletion twice',
    {
      base: [{ name: 'x' }],
      change: [
        { name: 'x', kind: 'DELETE' },
        { name: 'x', kind: 'DELETE' },
      ],
    },
    /in the change twice/,
  ],
  [
    'a file that is added and deleted',
    { change: [{ name: 'x' }, { name: 'x', kind: 'DELETE' }] },
    /both added and deleted/,
  ],
  [
    'a file that is deleted and added',
    { base: [{ name: 'x' }], change: [{ name: 'x', kind: 'DELETE' }, { name: 'x' }] },
    /both added and deleted/,
  ],
  [
    'a file that moves up',
    {
      base: [{ name: 'x' }],
      change: [
        { name: 'x', kind: 'DELETE' },
        { name: 'x', level: 5 },
      ],
    },
    null,
  ],
  [
    'a file that has moved up already',
    {
      base: [{ name: 'x', level: 5 }],
      change: [
        { name: 'x', kind: 'DELETE' },
        { name: 'x', level: 5 },
      ],
    },
    /no longer in the table/,
  ],
  [
    'overlapping keys of level 0',
    { base: [{ keys: [1n, 9n] }], change: [{ keys: [2n, 3n] }] },
    null,
  ],
  [
    'overlapping keys of one level',
    { base: [{ level: 4, keys: [1n, 5n] }], change: [{ level: 4, keys: [3n, 9n] }] },
    /keys of two files of level 4 overlap/,
  ],
  [
    'keys of one level that touch',
    { base: [{ level: 4, keys: [1n, 5n] }], change: [{ level: 4, keys: [5n, 9n] }] },
    /overlap/,
  ],
  [
    'keys of one level that follow each other',
    { base: [{ level: 4, keys: [6n, 9n] }], change: [{ level: 4, keys: [1n, 5n] }] },
    null,
  ],
  [
    'overlapping keys of two levels',
    { base: [{ level: 5, keys: [1n, 5n] }], change: [{ level: 4, keys: [3n, 9n] }] },
    null,
  ],
  [
    'overlapping keys of two buckets',
    { base: [{ level: 5, keys: [1n, 5n] }], change: [{ level: 5, bucket: 1, keys: [3n, 9n] }] },
    null,
  ],
  [
    'overlapping keys in place of the file they overlap',
    {
      base: [{ name: 'x', level: 5, keys: [1n, 5n] }],
      change: [
        { name: 'x', level: 5, kind: 'DELETE', keys: [1n, 5n] },
        { level: 5, keys: [3n, 9n] },
      ],
    },
    null,
  ],
  [
    'overlapping keys within the change',
    {
      change: [
        { level: 5, keys: [1n, 5n] },
        { level: 5, keys: [-3n, 1n] },
      ],
    },
    /overlap/,
  ],
  [
    'overlapping keys without a key',
    { base: [{ level: 5 }], change: [{ level: 5 }], keyTypes: null },
    null,
  ],
  [
    'another number of buckets',
    { base: [{ totalBuckets: 2 }], change: [{ totalBuckets: 4 }] },
    /has 2 buckets, and files are written for 4/,
  ],
  [
    'another number of buckets in another partition',
    { base: [{ totalBuckets: 2 }], change: [{ totalBuckets: 4, dt: 'b' }] },
    null,
  ],
  [
    'another number of buckets in an overwrite',
    { base: [{ totalBuckets: 2 }], change: [{ totalBuckets: 4 }], kind: 'OVERWRITE' },
    null,
  ],
  [
    'buckets that are not counted',
    { base: [{ totalBuckets: -1 }, { totalBuckets: 2 }], change: [{ totalBuckets: -2 }] },
    null,
  ],
]

const entries = (options: readonly EntryOptions[]): ManifestEntry[] => options.map(entry)

test.each(cases)('%s: %o conflicts: %s', (_, given, conflict) => {
  const { base = [], change, kind = 'COMPACT', keyTypes = KEY } = given
  const found = findConflict({
    kind,
    base: entries(base),
    change: entries(change),
    baseIndexes: [],
    changeIndexes: [],
    bucketsAreCounted: true,
    keyTypes,
  })
  const matches = conflict === null ? found === null : conflict.test(found?.what ?? '')
  expect([found?.what, matches]).toEqual([found?.what, true])
  expect(found === null || found.files.length > 0).toBe(true)
})

const vectorCases: readonly [name: string, given: VectorCase, conflict: RegExp | null][] = [
  [
    'a first vector of a file',
    { base: [{ name: 'x' }], changeVectors: [{ index: 'i', files: ['x'] }] },
    null,
  ],
  [
    'a vector of a file that is gone',
    { base: [{ name: 'y' }], changeVectors: [{ index: 'i', files: ['x'] }] },
    /data file that is gone/,
  ],
  [
    'a vector of a file that goes, which Java leaves behind',
    {
      base: [{ name: 'x' }],
      vectors: [{ index: 'i', files: ['x'] }],
      change: [{ name: 'x', kind: 'DELETE' }, { name: 'z' }],
      changeVectors: [{ index: 'j', files: ['x', 'z'] }],
      bucketsAreCounted: true,
    },
    null,
  ],
  [
    'a vector of a file of another bucket',
    { base: [{ name: 'x', bucket: 1 }], changeVectors: [{ index: 'i', files: ['x'] }] },
    /data file that is gone/,
  ],
  [
    'a vector of a file that comes with it',
    { change: [{ name: 'x' }], changeVectors: [{ index: 'i', files: ['x'] }] },
    null,
  ],
  [
    'a vector in place of the one that is there',
    {
      base: [{ name: 'x' }],
      vectors: [{ index: 'i', files: ['x'] }],
      changeVectors: [
        { index: 'i', files: ['x'], kind: 'DELETE' },
        { index: 'j', files: ['x'] },
      ],
    },
    null,
  ],
  [
    'a vector in place of one that another commit replaced',
    {
      base: [{ name: 'x' }],
      vectors: [{ index: 'k', files: ['x'] }],
      changeVectors: [
        { index: 'i', files: ['x'], kind: 'DELETE' },
        { index: 'j', files: ['x'] },
      ],
    },
    /changed by another commit/,
  ],
  [
    'a first vector of a file that has got one meanwhile',
    {
      base: [{ name: 'x' }],
      vectors: [{ index: 'k', files: ['x'] }],
      changeVectors: [{ index: 'j', files: ['x'] }],
    },
    /changed by another commit/,
  ],
  [
    'a compaction of a file whose rows another commit deleted',
    {
      base: [{ name: 'x' }],
      vectors: [{ index: 'k', files: ['x'] }],
      change: [{ name: 'x', kind: 'DELETE' }, { name: 'z' }],
    },
    /were deleted by another commit/,
  ],
  [
    'a compaction of a file and its vector, with others kept',
    {
      base: [{ name: 'x' }, { name: 'y' }],
      vectors: [{ index: 'i', files: ['x', 'y'] }],
      change: [{ name: 'x', kind: 'DELETE' }, { name: 'z' }],
      changeVectors: [
        { index: 'i', files: ['x', 'y'], kind: 'DELETE' },
        { index: 'j', files: ['y'] },
      ],
    },
    null,
  ],
  [
    'a compaction in a counted bucket of a file whose rows another commit deleted',
    {
      base: [{ name: 'x' }],
      vectors: [{ index: 'k', files: ['x'] }],
      change: [{ name: 'x', kind: 'DELETE' }, { name: 'z' }],
      bucketsAreCounted: true,
    },
    /were deleted by another commit/,
  ],
  [
    'a compaction in a counted bucket of a file and its vector',
    {
      base: [{ name: 'x' }],
      vectors: [{ index: 'k', files: ['x'] }],
      change: [{ name: 'x', kind: 'DELETE' }, { name: 'z' }],
      changeVectors: [{ index: 'l', files: [] }],
      bucketsAreCounted: true,
    },
    null,
  ],
  [
    'a file of a counted bucket that changes its level and keeps its vector',
    {
      base: [{ name: 'x', level: 0 }],
      vectors: [{ index: 'k', files: ['x'] }],
      change: [
        { name: 'x', level: 0, kind: 'DELETE' },
        { name: 'x', level: 5 },
      ],
      bucketsAreCounted: true,
    },
    null,
  ],
  [
    'vectors of a counted bucket without the name of those before',
    {
      base: [{ name: 'x' }],
      vectors: [{ index: 'k', files: ['x'] }],
      changeVectors: [{ index: 'j', files: ['x'] }],
      bucketsAreCounted: true,
    },
    null,
  ],
  [
    'vectors of a counted bucket on top of those that are there',
    {
      base: [{ name: 'x' }],
      vectors: [{ index: 'k', files: ['x'] }],
      changeVectors: [
        { index: 'k', files: ['x'], kind: 'DELETE' },
        { index: 'j', files: ['x'] },
      ],
      bucketsAreCounted: true,
    },
    null,
  ],
  [
    'the first vectors of a counted bucket',
    {
      base: [{ name: 'x' }],
      vectors: [{ index: 'k', files: [], bucket: 1 }],
      changeVectors: [
        { index: '', files: [], kind: 'DELETE' },
        { index: 'j', files: ['x'] },
      ],
      bucketsAreCounted: true,
    },
    null,
  ],
  [
    'the first vectors of a counted bucket that has got some meanwhile',
    {
      base: [{ name: 'x' }],
      vectors: [{ index: 'k', files: ['x'] }],
      changeVectors: [
        { index: '', files: [], kind: 'DELETE' },
        { index: 'j', files: ['x'] },
      ],
      bucketsAreCounted: true,
    },
    /vectors of a bucket were changed/,
  ],
  [
    'vectors of a counted bucket on top of older ones',
    {
      base: [{ name: 'x' }],
      vectors: [{ index: 'k', files: ['x'] }],
      changeVectors: [
        { index: 'i', files: ['x'], kind: 'DELETE' },
        { index: 'j', files: ['x'] },
      ],
      bucketsAreCounted: true,
    },
    /vectors of a bucket were changed/,
  ],
  [
    'vectors of a counted bucket that are replaced twice in one commit',
    {
      base: [{ name: 'x' }],
      vectors: [{ index: 'i', files: ['x'] }],
      changeVectors: [
        { index: 'i', files: ['x'], kind: 'DELETE' },
        { index: 'j', files: ['x'] },
        { index: 'j', files: ['x'], kind: 'DELETE' },
        { index: 'k', files: ['x'] },
      ],
      bucketsAreCounted: true,
    },
    null,
  ],
]

const indexes = (vectors: readonly Vectors[]): IndexManifestEntry[] =>
  vectors.map(({ index, files, kind = 'ADD', bucket = 0 }) => ({
    kind: FILE_KIND[kind],
    partition: partitionOf('a'),
    bucket,
    indexFile: {
      indexType: DELETION_VECTORS_INDEX,
      fileName: index,
      fileSize: 10,
      rowCount: files.length,
      deletionVectors: files.map((dataFileName) => ({
        dataFileName,
        offset: 1,
        length: 8,
        cardinality: 1,
      })),
      externalPath: null,
      globalIndex: null,
    },
  }))

test.each(vectorCases)('%s: %o conflicts: %s', (_, given, conflict) => {
  const { base = [], change = [], vectors = [], changeVectors = [] } = given
  const found = findConflict({
    kind: 'OVERWRITE',
    base: entries(base),
    change: entries(change),
    baseIndexes: indexes(vectors),
    changeIndexes: indexes(changeVectors),
    bucketsAreCounted: given.bucketsAreCounted === true,
    keyTypes: null,
  })
  const matches = conflict === null ? found === null : conflict.test(found?.what ?? '')
  expect([found?.what, matches]).toEqual([found?.what, true])
})
