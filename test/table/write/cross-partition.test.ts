/** Tables whose primary key lacks a partition key: a key has one row, whatever partition it comes with. */
import { randomUUID } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import { KeyPlaces } from '../../../src/indexes/key-places.ts'
import { MemoryFileIO } from '../../../src/io/memory.ts'
import { createRowTable, openRowTable, type Row, rowsOf } from '../../support/row-tables.ts'

const io = new MemoryFileIO()

const row = (dt: string, id: number, v: string | null): Row => ({ dt, id: BigInt(id), v })

async function crossTable(options: Readonly<Record<string, unknown>> = {}) {
  const root = `memory://${randomUUID()}/t`
  await createRowTable(io, root, { primaryKeys: ['id'], options: { bucket: -1, ...options } })
  return { root, table: await openRowTable(io, root) }
}

describe('a row that comes with another partition', () => {
  test.each([
    ['deduplicate', ['a 2 two', 'b 1 again', 'b 3 three']],
    ['partial-update', ['a 1 again', 'a 2 two', 'b 3 three']],
    ['aggregation', ['a 1 again', 'a 2 two', 'b 3 three']],
    ['first-row', ['a 1 one', 'a 2 two', 'b 3 three']],
  ])('with %s', async (engine, expected) => {
    const { root, table } = await crossTable({ 'merge-engine': engine })
    await table.write([row('a', 1, 'one'), row('a', 2, 'two')])
    await (await openRowTable(io, root)).write([row('b', 1, 'again'), row('b', 3, 'three')])
    // First rows are shown once a compaction has seen them.
    const options = engine === 'first-row' ? { 'batch-scan-mode': 'compact' } : {}
    const rows = await Array.fromAsync(table.read({ options }).rows())
    const shown = rows.map(({ dt, id, v }) => [dt, id, v].join(' ')).toSorted()
    expect(shown).toEqual(expected)
    expect((await table.check()).damage).toEqual([])
  })
})

test('rows of one key in one batch are taken in their order', async () => {
  const { table } = await crossTable()
  const moves = ['a', 'b', 'c', 'a', 'c', 'b'].map((dt, i) => row(dt, 1, `step ${i}`))
  await table.write([...moves, row('a', 2, 'here'), row('b', 2, 'there'), row('a', 2, 'back')])
  expect(await rowsOf(table)).toEqual(['a 2 back', 'b 1 step 5'])
})

test('a deletion takes the row away wherever it is', async () => {
  const { root, table } = await crossTable({ 'dynamic-bucket.target-row-num': 2 })
  await table.write(Array.from({ length: 7 }, (_, i) => row('a', i, 'v')))
  const again = await openRowTable(io, root)
  await again.delete([row('b', 3, null), row('a', 4, null)])
  await again.write([row('c', 3, 'new')])
  expect(await rowsOf(table)).toEqual(['a 0 v', 'a 1 v', 'a 2 v', 'a 5 v', 'a 6 v', 'c 3 new'])
})

test('writers that take turns find the rows of the other', async () => {
  const { root, table } = await crossTable({ 'dynamic-bucket.target-row-num': 3 })
  const other = await openRowTable(io, root)
  await using one = await table.writer()
  await using two = await other.writer()
  for (let turn = 0; turn < 6; turn++) {
    const writer = turn % 2 === 0 ? one : two
    const dt = 'abc'[turn % 3]!
    await writer.write(Array.from({ length: 5 }, (_, i) => row(dt, i + turn, `turn ${turn}`)))
    await writer.commit()
  }
  const rows = await rowsOf(table)
  expect(rows).toHaveLength(10)
  expect(rows.filter((each) => each.endsWith('turn 5'))).toHaveLength(5)
})

test('a writer that was overtaken is refused', async () => {
  const { root, table } = await crossTable()
  await using writer = await table.writer()
  await writer.write([row('a', 1, 'mine')])
  await (await openRowTable(io, root)).write([row('b', 1, 'theirs')])
  await expect(writer.commit()).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(await rowsOf(table)).toEqual(['b 1 theirs'])
})

test('keys of files older than the index keeps are taken for new', async () => {
  const { root, table } = await crossTable({ 'cross-partition-upsert.index-ttl': '1 ms' })
  await table.write([row('a', 1, 'old')])
  await new Promise((resolve) => {
    setTimeout(resolve, 20)
  })
  await (await openRowTable(io, root)).write([row('b', 1, 'new')])
  expect(await rowsOf(table)).toEqual(['a 1 old', 'b 1 new'])
})

describe('the index of keys', () => {
  test('tells keys apart by all of their bytes', () => {
    const places = new KeyPlaces()
    const words = new Int32Array(4)
    for (let i = 0; i < 20_000; i++) {
      words.set([i % 7, i, i % 3, 0])
      places.add(words, 0, 2 + (i % 3), i, i % 5)
    }
    expect(places.count).toBe(20_000)
    words.set([6, 10_002, 0, 0])
    expect(places.partitionOf(places.find(words, 0, 2))).toBe(10_002)
    expect(places.find(words, 0, 3)).toBe(-1)
  })

  test('refuses to grow beyond its budget', () => {
    const places = new KeyPlaces(5 << 20)
    const add = (i: number): void => places.add(Int32Array.of(i), 0, 1, 0, 0)
    expect(() => {
      for (let i = 0; i < 200_000; i++) add(i)
    }).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
    expect(places.sizeBytes).toBeLessThanOrEqual(5 << 20)
  })
})
