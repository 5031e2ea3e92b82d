import { describe, expect, test } from 'vitest'

import type { DataFile } from '../../../src/format/data-file.ts'
import { rowIdTest, rowsWithIds, trackedFile } from '../../../src/table/file/row-tracking.ts'
import { ROW_ID_FIELD, SEQUENCE_NUMBER_FIELD } from '../../../src/types/field-ids.ts'
import { cellValue } from '../../../src/types/internal-value.ts'
import { and, eq, gte, isIn, lt, not, or } from '../../../src/types/predicate.ts'
import { fileMeta } from '../../support/commit-tables.ts'
import { batchOf } from '../../support/random-columns.ts'

const META = { ...fileMeta({ rowCount: 5000 }), firstRowId: 10_000n, maxSequenceNumber: 3n }

describe('a filter leaves', () => {
  test.each([
    ['the rows with an id', eq('_ROW_ID', 12_000n), [{ from: 1024, to: 2048 }]],
    ['those of a range', and(gte('_ROW_ID', 14_900n), eq('v', 1)), [{ from: 4096, to: 5000 }]],
    [
      'those of a list',
      isIn('_ROW_ID', [1n, 10_000n, 14_999n]),
      [
        { from: 0, to: 1024 },
        { from: 4096, to: 5000 },
      ],
    ],
    ['none that is not in the file', lt('_ROW_ID', 10_000n), []],
    ['all that are not another', not(eq('_ROW_ID', 10_500n)), [{ from: 0, to: 5000 }]],
  ])('%s', (_, predicate, ranges) => {
    expect(rowsWithIds([META], rowIdTest(predicate)!)).toEqual(ranges)
  })

  test('all rows where it says nothing of ids', () => {
    expect(rowIdTest(or(eq('_ROW_ID', 1n), eq('v', 1)))).toBeUndefined()
    expect(rowIdTest(undefined)).toBeUndefined()
  })

  test('all rows of a file whose rows have other ids, or none', () => {
    const isWanted = rowIdTest(eq('_ROW_ID', 1n))!
    expect(rowsWithIds([{ ...META, writeCols: ['v', '_ROW_ID'] }], isWanted)).toBeNull()
    expect(rowsWithIds([{ ...META, firstRowId: null }], isWanted)).toBeNull()
  })

  test('rows by the file that has all of them', () => {
    const part = { ...META, firstRowId: 13_000n, rowCount: 10 }
    const isWanted = rowIdTest(eq('_ROW_ID', 10_001n))!
    expect(rowsWithIds([part, META], isWanted)).toEqual([{ from: 0, to: 1024 }])
  })
})

test('ids count from the first row of the file, whichever rows are read', async () => {
  const stored: DataFile = {
    path: 'f',
    columnNames: new Set(),
    rowCount: 10,
    prune: () => Promise.resolve(null),
    cursor: ({ fields, rows = [{ from: 0, to: 10 }] }) => {
      let left = rows.reduce((sum, { from, to }) => sum + to - from, 0)
      return {
        read: (count) => {
          const length = Math.min(left, count, 3)
          left -= length
          const nulls = Array.from({ length }, () => fields.map(() => null))
          return Promise.resolve(length === 0 ? null : batchOf(fields, nulls))
        },
      }
    },
  }
  const fields = [ROW_ID_FIELD, SEQUENCE_NUMBER_FIELD]
  const rows = [
    { from: 1, to: 3 },
    { from: 5, to: 5 },
    { from: 6, to: 9 },
  ]
  const cursor = trackedFile(stored, META).cursor({ fields, rows })
  const ids: unknown[] = []
  for (let batch = await cursor.read(4); batch !== null; batch = await cursor.read(4))
    for (let row = 0; row < batch.length; row++) {
      const { columns } = batch
      ids.push(fields.map(({ type }, i) => cellValue(columns[i]!, type, row)))
    }
  expect(ids).toEqual([10_001n, 10_002n, 10_006n, 10_007n, 10_008n].map((id) => [id, 3n]))
})
