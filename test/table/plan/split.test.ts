import { describe, expect, test } from 'vitest'

import type { DataFileMeta } from '../../../src/snapshot/data-file-meta.ts'
import { packAppendFiles, packKeyedFiles, packRowRanges } from '../../../src/table/plan/split.ts'
import type { DataField } from '../../../src/types/data-type.ts'
import { fileMeta } from '../../support/commit-tables.ts'

const KEY: readonly DataField[] = [{ id: 1, name: 'id', type: { kind: 'BIGINT', nullable: false } }]
const LIMITS = { targetBytes: 100, openBytes: 10 }

interface Shape {
  readonly level?: number
  readonly sizeBytes?: number
  readonly deletes?: number | null
}

/** A file of the keys `from` to `to`, called by them. */
function file(from: number, to: number, shape: Shape = {}): DataFileMeta {
  const { level = 0, sizeBytes = 1, deletes = 0 } = shape
  const meta = fileMeta({ name: `${from}-${to}`, keys: [BigInt(from), BigInt(to)], level })
  return { ...meta, fileSize: sizeBytes, deleteRowCount: deletes }
}

/** The names of each pack's files, and whether its rows are the table's. */
function packed(packs: ReturnType<typeof packKeyedFiles>): string[] {
  return packs.map(
    ({ files, rawConvertible }) =>
      files.map(({ fileName }) => fileName).join(' ') + (rawConvertible ? ' raw' : ''),
  )
}

const keyed = (files: readonly DataFileMeta[]): string[] =>
  packed(packKeyedFiles(files, KEY, LIMITS))

describe('of a table with a primary key', () => {
  test('files of one level above 0 are packed one by one, and their rows are the rows of the table', () => {
    const files = [0, 10, 20].map((from) => file(from, from + 5, { level: 5, sizeBytes: 60 }))
    expect(keyed(files)).toEqual(['0-5 raw', '10-15 raw', '20-25 raw'])
    expect(keyed(files.map((each) => ({ ...each, fileSize: 40 })))).toEqual([
      '0-5 10-15 raw',
      '20-25 raw',
    ])
  })

  test.each([0, 5])('of level %i with deletes, or such that do not say so, are merged', (level) => {
    for (const deletes of [1, null])
      expect(keyed([file(0, 5, { level, deletes }), file(10, 15, { level })])).toEqual([
        '0-5 10-15',
      ])
  })

  test('a file alone is the rows of the table, unless some of them delete', () => {
    expect(keyed([file(0, 5)])).toEqual(['0-5 raw'])
    expect(keyed([file(0, 5, { deletes: 1 })])).toEqual(['0-5'])
    expect(keyed([file(0, 5, { deletes: null })])).toEqual(['0-5'])
  })

  test('files of level 0, or of several levels, are merged', () => {
    expect(keyed([file(0, 5), file(10, 15)])).toEqual(['0-5 10-15'])
    const levels = [file(0, 5, { level: 4 }), file(10, 15, { level: 5 })]
    expect(keyed(levels)).toEqual(['0-5 10-15'])
  })

  test('files that share a key stay together, however large they are', () => {
    const files = [file(0, 9), file(9, 20), file(21, 30), file(25, 26)]
    const large = files.map((each) => ({ ...each, fileSize: 500 }))
    expect(keyed(large)).toEqual(['0-9 9-20', '21-30 25-26'])
  })

  test('a section counts for what it takes as a whole, and at least for opening a file', () => {
    const files = Array.from({ length: 12 }, (_, i) => file(10 * i, 10 * i + 1))
    expect(packKeyedFiles(files, KEY, LIMITS).map((pack) => pack.files.length)).toEqual([10, 2])
  })
})

describe('of a table without a primary key', () => {
  test('files are packed in the order of their sequence numbers', () => {
    const files = [file(30, 31), file(10, 11), file(2, 3)]
    expect(packed(packAppendFiles(files, LIMITS))).toEqual(['2-3 10-11 30-31 raw'])
  })

  test('a pack is closed where the next file would make it larger than the target', () => {
    const files = [60, 40, 1, 200, 5].map((sizeBytes, i) => file(i, i, { sizeBytes }))
    expect(packed(packAppendFiles(files, LIMITS))).toEqual([
      '0-0 1-1 raw',
      '2-2 raw',
      '3-3 raw',
      '4-4 raw',
    ])
  })

  test('no files are no pack', () => {
    expect(packAppendFiles([], LIMITS)).toEqual([])
    expect(keyed([])).toEqual([])
  })
})

const sized = (from: number, to: number): DataFileMeta => file(from, to, { sizeBytes: 40 })

describe('of a table whose columns are written apart', () => {
  test('files of the same rows stay together, in the order of the rows', () => {
    const groups = [[sized(0, 1), sized(0, 2)], [sized(3, 4)], [sized(5, 6)]]
    expect(packed(packRowRanges(groups, LIMITS))).toEqual(['0-1 0-2', '3-4 5-6 raw'])
  })

  test('files larger than a split make one', () => {
    const groups = [[file(0, 1, { sizeBytes: 200 }), sized(0, 2)], [sized(3, 4)]]
    expect(packed(packRowRanges(groups, LIMITS))).toEqual(['0-1 0-2', '3-4 raw'])
  })
})
