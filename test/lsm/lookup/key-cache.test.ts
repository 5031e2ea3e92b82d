import { expect, test } from 'vitest'

import { keyValueLayout } from '../../../src/lsm/key-value.ts'
import { FileKeys, seekKey } from '../../../src/lsm/lookup/file-keys.ts'
import { KeyCache } from '../../../src/lsm/lookup/key-cache.ts'
import { type SortKeys, sortKeys } from '../../../src/lsm/sort-keys.ts'
import type { DataType } from '../../../src/types/data-type.ts'
import { keyedSchema, memoryRun } from '../../support/memory-runs.ts'
import { batchOf } from '../../support/random-columns.ts'

const key: DataType = { kind: 'INT', nullable: false }
const schema = keyedSchema({ k: key })

/** The keys of a file of 30 rows, in blocks of ten. */
function fileKeys(first = 0): FileKeys {
  const rows = Array.from({ length: 30 }, (_, i) => ({
    row: [first + i],
    number: BigInt(i),
    kind: 0,
  }))
  const run = memoryRun(schema, rows, { stops: [10, 20] })
  return new FileKeys(keyValueLayout(schema), () => run.open())
}

const BLOCK_BYTES = 120

function keysOf(values: readonly number[]): SortKeys {
  const { columns, length } = batchOf(
    [{ id: 0, name: 'k', type: key }],
    values.map((value) => [value]),
  )
  return sortKeys([{ type: key }], columns, length)
}

test('keys are loaded block by block, and each block says where its rows stand', async () => {
  const keys = fileKeys()
  expect((await keys.block(1))?.firstRow).toBe(10)
  expect(keys.sizeBytes).toBe(2 * BLOCK_BYTES)
  expect((await keys.block(0))?.firstRow).toBe(0)
  expect((await keys.block(2))?.keys.length).toBe(10)
  expect(await keys.block(3)).toBeNull()
})

test('what is kept of a file is there for the next lookup', async () => {
  const cache = new KeyCache(10 * BLOCK_BYTES)
  const keys = cache.open('a', () => fileKeys())
  await cache.block('a', keys, 2)
  expect(cache.sizeBytes).toBe(3 * BLOCK_BYTES)
  expect(cache.open('a', () => fileKeys())).toBe(keys)
  expect(cache.sizeBytes).toBe(3 * BLOCK_BYTES)
  cache.drop('a')
  expect(cache.sizeBytes).toBe(0)
})

test('the files that were used longest ago make room', async () => {
  const cache = new KeyCache(7 * BLOCK_BYTES)
  const files = ['a', 'b'].map((path) => [path, cache.open(path, () => fileKeys())] as const)
  for (const [path, keys] of files) await cache.block(path, keys, 2)
  expect(cache.open('a', () => fileKeys())).toBe(files[0]![1])
  await cache.block(
    'c',
    cache.open('c', () => fileKeys()),
    2,
  )
  expect(cache.sizeBytes).toBe(6 * BLOCK_BYTES)
  expect(cache.open('a', () => fileKeys())).toBe(files[0]![1])
  expect(cache.open('b', () => fileKeys())).not.toBe(files[1]![1])
})

test('of a file that is too large only the block in use is kept, and it is read anew', async () => {
  const cache = new KeyCache(BLOCK_BYTES)
  const keys = cache.open('a', () => fileKeys())
  for (const [index, firstRow] of [0, 10, 20].entries())
    expect((await cache.block('a', keys, index))?.firstRow).toBe(firstRow)
  expect(cache.sizeBytes).toBe(BLOCK_BYTES)
  expect(cache.open('a', () => fileKeys())).not.toBe(keys)
})

test('a file that failed to be read is read anew', async () => {
  const cache = new KeyCache(10 * BLOCK_BYTES)
  const failing = new FileKeys(keyValueLayout(schema), () => Promise.reject(new Error('no file')))
  const keys = cache.open('a', () => failing)
  await expect(cache.block('a', keys, 0)).rejects.toThrow('no file')
  const again = cache.open('a', () => fileKeys())
  expect((await cache.block('a', again, 0))?.firstRow).toBe(0)
})

test('a key is found from any place before it', () => {
  const even = keysOf(Array.from({ length: 50 }, (_, i) => 2 * i))
  const wanted = Array.from({ length: 102 }, (_, i) => i - 1)
  const probes = keysOf(wanted)
  for (const [at, value] of wanted.entries())
    for (let from = 0; from <= Math.max(0, Math.ceil(value / 2)) && from <= 50; from++)
      expect(seekKey(even, from, probes, at)).toBe(Math.min(50, Math.max(0, Math.ceil(value / 2))))
})
