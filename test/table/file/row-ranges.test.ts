/** Which files hold the same rows, and which of them a filter leaves. */
import { describe, expect, test } from 'vitest'

import type { DataFileMeta } from '../../../src/snapshot/data-file-meta.ts'
import { encodeStats } from '../../../src/snapshot/stats.ts'
import { groupByRowIds } from '../../../src/table/file/row-ranges.ts'
import { filterRowRanges } from '../../../src/table/plan/row-range-scan.ts'
import { bindPredicate } from '../../../src/types/predicate-bind.ts'
import { eq, gt, isNull, type Predicate } from '../../../src/types/predicate.ts'
import { parseSchemaFile, type TableSchema } from '../../../src/types/schema-file.ts'
import { parseType } from '../../../src/types/type-text.ts'
import { fileMeta } from '../../support/commit-tables.ts'

const schemaOf = (id: number, fields: readonly unknown[]): TableSchema =>
  parseSchemaFile(
    JSON.stringify({
      version: 3,
      id,
      fields,
      highestFieldId: 9,
      partitionKeys: [],
      primaryKeys: [],
      options: {},
      timeMillis: 0,
    }),
    'a test schema',
  )

const OLD = schemaOf(0, [
  { id: 0, name: 'a', type: 'INT' },
  { id: 1, name: 'b', type: 'INT' },
  { id: 2, name: 'c', type: 'INT' },
])
/** `b` has become wider, and `d` is new. */
const NEW = schemaOf(1, [
  { id: 0, name: 'a', type: 'INT' },
  { id: 1, name: 'b', type: 'BIGINT' },
  { id: 2, name: 'c', type: 'INT' },
  { id: 3, name: 'd', type: 'INT' },
])

interface Shape {
  readonly from: number
  readonly count?: number
  readonly sequence?: number
  /** The least and greatest value of each column that the file has; null where they are not known. */
  readonly columns?: Readonly<Record<string, readonly [number, number] | null>>
}

function file(name: string, { from, count = 10, sequence = 1, columns = {} }: Shape): DataFileMeta {
  const known = Object.entries(columns).filter(([, bounds]) => bounds !== null)
  const stats = known.map(([, bounds]) => ({ min: bounds![0], max: bounds![1], nullCount: 0 }))
  return {
    ...fileMeta({ name, rowCount: count }),
    firstRowId: BigInt(from),
    maxSequenceNumber: BigInt(sequence),
    writeCols: Object.keys(columns),
    valueStatsCols: known.map(([column]) => column),
    valueStats: encodeStats(
      known.map(() => parseType('INT')),
      stats,
    ),
  }
}

const namesOf = (files: readonly DataFileMeta[]): string[] => files.map(({ fileName }) => fileName)

test('files of overlapping rows are a group, in the order of the rows', () => {
  const files = [
    file('c', { from: 20, count: 10 }),
    file('a', { from: 0, count: 10 }),
    file('b', { from: 10, count: 10 }),
    file('b1.blob', { from: 10, count: 4 }),
    file('b2.blob', { from: 14, count: 6 }),
    file('a1', { from: 0, count: 10 }),
  ]
  const groups = groupByRowIds(files).map(namesOf)
  expect(groups).toEqual([['a', 'a1'], ['b', 'b1.blob', 'b2.blob'], ['c']])
})

const first = file('first', { from: 0, columns: { a: [0, 9], b: [0, 9], c: null } })
const update = file('update', { from: 0, sequence: 2, columns: { b: [50, 59] } })
const other = file('other', { from: 10, columns: { a: [10, 19] } })

function leftOfRows(predicate: Predicate | undefined): string[] {
  const bound = predicate && bindPredicate(predicate, OLD.fields)
  return namesOf(filterRowRanges([first, update], bound, () => OLD))
}

describe('a filter', () => {
  const files = [first, update, other]

  const left = (predicate: Predicate): string[] =>
    namesOf(
      filterRowRanges(files, bindPredicate(predicate, NEW.fields), ({ schemaId }) =>
        schemaId === 0 ? OLD : NEW,
      ),
    )

  test.each<[string, Predicate, string[]]>([
    ['leaves all files of the same rows', eq('a', 5), ['first', 'update']],
    ['knows nothing of a column without statistics', eq('c', 5), ['first', 'update']],
    ['knows nothing of a column that changed its type', eq('b', 5), ['first', 'update']],
    ['knows that a column which no file has is null', eq('d', 1), []],
    ['leaves rows that have no value of a column', isNull('d'), ['first', 'update', 'other']],
    ['leaves nothing where no statistics fit', gt('a', 19), []],
  ])('%s', (_, predicate, names) => {
    expect(left(predicate)).toEqual(names)
  })

  test('does not look at what is said of columns that are kept apart', () => {
    const apart = file('c.vector.avro', { from: 0, columns: { c: [0, 9] } })
    const predicate = bindPredicate(eq('c', 50), OLD.fields)
    const rows = file('rows', { from: 0, columns: { a: [0, 9] } })
    expect(namesOf(filterRowRanges([rows, apart], predicate, () => OLD))).toHaveLength(2)
  })

  test('looks at the latest values of a column only', () => {
    expect(leftOfRows(eq('b', 5))).toEqual([])
    expect(leftOfRows(eq('b', 55))).toEqual(['first', 'update'])
    expect(leftOfRows(undefined)).toEqual(['first', 'update'])
  })
})
