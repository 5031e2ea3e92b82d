import { expect, test } from 'vitest'

import { keyValueLayout } from '../../src/lsm/key-value.ts'
import type { RunFile } from '../../src/lsm/run-reader.ts'
import { readRun } from '../../src/lsm/single-run.ts'
import type { DataType } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import { keyedSchema, type KeyValueRow, memoryRun } from '../support/memory-runs.ts'
import { appendCells } from '../support/parquet.ts'

const int: DataType = { kind: 'INT', nullable: true }
const schema = keyedSchema({ k: { kind: 'INT', nullable: false }, v: int })

const rowsOf = (kinds: readonly number[], from = 0): KeyValueRow[] =>
  kinds.map((kind, i) => ({ row: [from + i, 10 * (from + i)], number: BigInt(i), kind }))

async function read(files: readonly RunFile[], signal?: AbortSignal): Promise<InternalValue[][]> {
  const columns: InternalValue[][] = [[], []]
  const merge = { layout: keyValueLayout(schema), fields: schema.fields, windowRows: 3, signal }
  for await (const batch of readRun(files, merge)) {
    expect(batch.length).toBeGreaterThan(0)
    appendCells(columns, batch, schema.fields)
  }
  return columns
}

test('rows come file after file, without those that retract', async () => {
  const files = [rowsOf([0, 3, 2, 1, 3, 3, 3, 0]), rowsOf([]), rowsOf([1]), rowsOf([2, 0], 10)]
  const [keys, values] = await read(files.map((rows) => memoryRun(schema, rows)))
  expect(keys).toEqual([0, 2, 7, 10, 11])
  expect(values).toEqual([0, 20, 70, 100, 110])
})

test('kinds are not read of files without rows that retract', async () => {
  const run = memoryRun(schema, rowsOf([0, 2, 0]))
  await read([run])
  expect(run.asked).toEqual([['k', 'v']])
})

test('only the rows that were chosen come', async () => {
  const run = memoryRun(schema, rowsOf([0, 3, 0, 0, 0]), { rows: [{ from: 1, to: 4 }] })
  expect((await read([run]))[0]).toEqual([2, 3])
})

test('it stops at its signal', async () => {
  await expect(read([memoryRun(schema, rowsOf([0]))], AbortSignal.abort())).rejects.toMatchObject({
    code: 'ABORTED',
  })
})
