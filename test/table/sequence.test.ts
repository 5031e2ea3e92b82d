/** How rows are numbered across flushes, commits and writers: the later write of a key wins. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../src/io/memory.ts'
import { scanEntries } from '../../src/snapshot/manifest-scan.ts'
import type { Table } from '../../src/table/table.ts'
import { createRowTable, openRowTable, type Row, rowsOf } from '../support/row-tables.ts'

const io = new MemoryFileIO()

const row = (id: number, v: string, dt = 'a'): Row => ({ dt, id: BigInt(id), v })

async function newTable(options: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const root = `memory://${randomUUID()}/t`
  await createRowTable(io, root, { primaryKeys: ['dt', 'id'], options: { bucket: 1, ...options } })
  return root
}

/** The first and the last number of each live file, in the order of the files' numbers. */
async function numbersOf({ store }: Table): Promise<[bigint, bigint][]> {
  const entries = await scanEntries(store.manifests, (await store.snapshots.readLatest())!, 'all')
  return entries
    .map(({ file }): [bigint, bigint] => [file.minSequenceNumber, file.maxSequenceNumber])
    .toSorted(([a], [b]) => Number(a - b))
}

test('a writer goes on after the highest number of the bucket', async () => {
  const root = await newTable()
  await (await openRowTable(io, root)).write([row(1, 'a'), row(2, 'a'), row(1, 'b')])
  await (await openRowTable(io, root)).write([row(1, 'c')])
  const table = await openRowTable(io, root)
  expect(await numbersOf(table)).toEqual([
    [1n, 2n],
    [3n, 3n],
  ])
  expect(await rowsOf(table)).toEqual(['a 1 c', 'a 2 a'])
})

test('a stream goes on after what others have committed meanwhile', async () => {
  const root = await newTable({ 'write-only': true })
  await using stream = await (await openRowTable(io, root)).writer({ commitUser: 'stream' })
  for (const v of ['first', 'third', 'fifth']) {
    await stream.write([row(1, v)])
    await stream.commit()
    expect(await rowsOf(await openRowTable(io, root))).toEqual([`a 1 ${v}`])
    await (await openRowTable(io, root)).write([row(1, 'of another')])
    expect(await rowsOf(await openRowTable(io, root))).toEqual(['a 1 of another'])
  }
  const numbers = await numbersOf(await openRowTable(io, root))
  expect(numbers).toEqual([0n, 1n, 2n, 3n, 4n, 5n].map((n) => [n, n]))
})

test('every partition and bucket counts by itself', async () => {
  const root = await newTable()
  for (let i = 0; i < 2; i++)
    await (
      await openRowTable(io, root)
    ).write([row(1, 'x', 'a'), row(1, 'x', 'b'), row(2, 'x', 'b')])
  expect(await numbersOf(await openRowTable(io, root))).toEqual([
    [0n, 0n],
    [0n, 1n],
    [1n, 1n],
    [2n, 3n],
  ])
})

test('a buffer that is full is written out before the commit, and its rows are the earlier ones', async () => {
  const root = await newTable({
    'write-buffer-size': '20 kb',
    'write-buffer-spillable': false,
    'write-only': true,
  })
  await using writer = await (await openRowTable(io, root)).writer()
  for (let round = 0; round < 5; round++)
    await writer.write(Array.from({ length: 200 }, (_, i) => row(i, `${round} ${'x'.repeat(50)}`)))
  await writer.commit()
  const table = await openRowTable(io, root)
  const numbers = await numbersOf(table)
  // A row takes more than 70 bytes, so no flush can have had 300 of the thousand.
  expect(numbers.length).toBeGreaterThan(3)
  for (const [i, [first, last]] of numbers.entries()) {
    expect(first).toBeGreaterThan(numbers[i - 1]?.[1] ?? -1n)
    expect(last - first).toBeLessThan(300n)
  }
  const rows = await rowsOf(table)
  expect(rows).toHaveLength(200)
  expect(rows.every((each) => / 4 x+$/.test(each))).toBe(true)
})
