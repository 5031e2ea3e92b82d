import { describe, expect, test } from 'vitest'

import { keyValueLayout } from '../../src/lsm/key-value.ts'
import { RunReader, type RunFile, type RunWindow } from '../../src/lsm/run-reader.ts'
import type { Batch, Column } from '../../src/types/column.ts'
import type { DataType } from '../../src/types/data-type.ts'
import { cellValue, type InternalValue } from '../../src/types/internal-value.ts'
import { columnOf } from '../support/java-vectors.ts'
import { keyedSchema, type KeyValueRow, memoryRun } from '../support/memory-runs.ts'

const int: DataType = { kind: 'INT', nullable: true }
const bigint: DataType = { kind: 'BIGINT', nullable: true }
const schema = keyedSchema(
  { v: int, k: { kind: 'INT', nullable: false }, s: int },
  { 'sequence.field': 's', 'sequence.field.sort-order': 'descending' },
)
const layout = keyValueLayout(schema)

function rows(from: number, to: number): KeyValueRow[] {
  return Array.from({ length: to - from }, (_, i) => ({
    row: [10 * (from + i), from + i, (from + i) % 3 === 0 ? null : i],
    number: BigInt(from + i) << 20n,
    kind: i % 4,
  }))
}

async function windowsOf(files: readonly RunFile[], rowCount: number): Promise<RunWindow[]> {
  const reader = new RunReader(files, { layout, values: schema.fields.slice(0, 1) })
  const windows: RunWindow[] = []
  for (;;) {
    const window = await reader.next(rowCount)
    if (window === null) return windows
    windows.push(window)
  }
}

const valuesOf = (column: Column, type: DataType): InternalValue[] =>
  Array.from({ length: column.length }, (_, row) => cellValue(column, type, row))

describe('a window', () => {
  test('is of one file, and has no more rows than were asked for', async () => {
    const files = [rows(0, 7), [], rows(7, 9)].map((part) => memoryRun(schema, part))
    const windows = await windowsOf(files, 3)
    expect(windows.map(({ length }) => length)).toEqual([3, 3, 1, 2])
  })

  test('has key, sequence field, number and kind of its rows, and where to read the rest', async () => {
    const [window] = await windowsOf([memoryRun(schema, rows(0, 4))], 10)
    const [k, s] = window!.columns
    expect(valuesOf(k!, int)).toEqual([0, 1, 2, 3])
    expect(valuesOf(s!, int)).toEqual([null, 1, 2, null])
    const { numbers, kinds, sequence } = window!.precedence
    expect(Array.from(new BigInt64Array(numbers.slice().buffer))).toEqual([
      0n,
      1n << 20n,
      2n << 20n,
      3n << 20n,
    ])
    expect(Array.from(kinds)).toEqual([0, 1, 2, 3])
    expect(sequence).not.toBeNull()
    const values = await window!.values!.read(4)
    expect(valuesOf(values!.columns[0]!, int)).toEqual([0, 10, 20, 30])
  })

  test('finds its keys among the columns of the table where they are not stored apart', async () => {
    const [window] = await windowsOf([memoryRun(schema, rows(0, 4), { thin: true })], 10)
    expect(valuesOf(window!.columns[0]!, int)).toEqual([0, 1, 2, 3])
  })
})

const KEY = 0
const NUMBER = 1
const KIND = 2

/** A file one of whose columns is another. */
function damaged(at: number, column: Column): RunFile {
  const damage = ({ length, columns }: Batch): Batch => ({
    length,
    columns: columns.map((each, i) => (i === at ? column : each)),
  })
  return memoryRun(schema, rows(0, 4), { damage })
}

test.each([
  ['a key that is null', damaged(KEY, columnOf(int, [0, null, 2, 3]))],
  ['a sequence number that is null', damaged(NUMBER, columnOf(bigint, [0n, null, 2n, 3n]))],
  ['sequence numbers of 32 bits', damaged(NUMBER, columnOf(int, [0, 1, 2, 3]))],
  [
    'a kind that is null',
    damaged(KIND, columnOf({ kind: 'TINYINT', nullable: true }, [0, null, 0, 0])),
  ],
  [
    'a kind that there is not',
    damaged(KIND, columnOf({ kind: 'TINYINT', nullable: true }, [0, 9, 0, 0])),
  ],
])('%s is CORRUPT', async (_, file) => {
  await expect(windowsOf([file], 10)).rejects.toMatchObject({ code: 'CORRUPT' })
})
