/** Tables whose rows are written anew in an order. */
import { beforeEach, expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import type { Table } from '../../../src/table/table.ts'
import { createRowTable, openRowTable, rowsOf } from '../../support/row-tables.ts'
import { addVectors } from '../../support/vector-files.ts'

let count = 0
let io: MemoryFileIO
let root: string

beforeEach(() => {
  io = new MemoryFileIO()
  root = `memory://sort-compact-${++count}/t`
})

/** Points of a grid of 64 by 64, scattered over files of each of two partitions. */
async function gridTable(
  options: Readonly<Record<string, unknown>> = {},
  rowCount = 2048,
): Promise<Table> {
  await createRowTable(io, root, {
    fields: [
      { name: 'dt', type: 'STRING NOT NULL' },
      { name: 'id', type: 'BIGINT NOT NULL' },
      { name: 'v', type: 'INT' },
    ],
    options: { bucket: -1, 'target-file-size': '8 kb', ...options },
  })
  const table = await openRowTable(io, root)
  for (let part = 0; part < 4; part++) {
    const rows = Array.from({ length: rowCount }, (_, i) => {
      const point = (i * 4 + part) * 2731
      return {
        dt: point % 3 === 0 ? 'a' : 'b',
        id: BigInt(point % 64),
        v: Math.floor(point / 64) % 64,
      }
    })
    await table.write(rows as never)
  }
  return await openRowTable(io, root)
}

async function filesRead(table: Table, where: string): Promise<readonly [number, number]> {
  const { fileCounts } = await table.read({ where }).plan()
  return [fileCounts.read, fileCounts.considered]
}

test('the rows stay the same, and filters leave most files out', async () => {
  const table = await gridTable()
  const rows = await rowsOf(table)
  const [before, all] = await filesRead(table, 'id = 7')
  expect(before).toBe(all)
  for (const [strategy, columns] of [
    ['zorder', ['id', 'v']],
    ['zorder', ['v', 'id']],
    ['order', ['id']],
  ] as const) {
    const { snapshots } = await table.compact({ orderBy: { strategy, columns } })
    expect(snapshots.map(({ commitKind }) => commitKind)).toEqual(['OVERWRITE'])
    for (const column of columns) {
      const [read, considered] = await filesRead(table, `${column} = 7`)
      expect(considered).toBeGreaterThan(6)
      expect(read / considered).toBeLessThan(strategy === 'order' ? 0.4 : 0.7)
    }
  }
  expect(await rowsOf(table)).toEqual(rows)
  expect((await table.check({ allSnapshots: true })).damage).toEqual([])
})

test('rows beyond the memory are sorted over the disk', async () => {
  const table = await gridTable({}, 512)
  const rows = await rowsOf(table)
  const small = table.withOptions({ 'write-buffer-size': '32 kb' })
  await small.compact({ orderBy: { columns: ['id', 'v'], strategy: 'order' } })
  expect(await rowsOf(table)).toEqual(rows)
  const sorted = await table.read({ where: "dt = 'b'" }).toArray()
  const places = sorted.map(({ id, v }) => Number(id) * 64 + Number(v))
  expect(places).toEqual(places.toSorted((a, b) => a - b))
})

test('a chosen partition is sorted, and its deleted rows are gone', async () => {
  await gridTable({}, 128)
  await addVectors(io, root, () => [0, 1, 2])
  const table = await openRowTable(io, root)
  const rows = await rowsOf(table)
  await table.compact({ orderBy: { columns: ['v'] }, partition: { dt: 'a' } })
  expect(await rowsOf(table)).toEqual(rows)
  const { manifests } = table.store
  const entries = await manifests.readIndexEntries((await table.latestSnapshot())!)
  const vectors = entries.flatMap(({ indexFile }) => indexFile.deletionVectors ?? [])
  const left = (await table.read({ where: "dt = 'b'" }).plan()).splits.flatMap(({ files }) => files)
  expect(vectors.map(({ dataFileName }) => dataFileName).toSorted()).toEqual(
    left.map(({ fileName }) => fileName).toSorted(),
  )
  expect((await table.check({ allSnapshots: true })).damage).toEqual([])
})

test('files may have the same number of rows instead of the same size', async () => {
  const table = await gridTable({ 'sort-compaction.range-strategy': 'QUANTITY' })
  await table.compact({ orderBy: { columns: ['id'] } })
  const { splits } = await table.read({ where: "dt = 'b'" }).plan()
  const counts = splits.flatMap(({ files }) => files.map(({ rowCount }) => rowCount))
  expect(counts.length).toBeGreaterThan(1)
  expect(new Set(counts.slice(0, -1)).size).toBe(1)
})

test('what cannot be sorted is refused', async () => {
  const table = await gridTable({}, 4)
  const by = (columns: readonly string[]) => table.compact({ orderBy: { columns } })
  await expect(by([])).rejects.toThrow(/no column/)
  await expect(by(['nothing'])).rejects.toThrow(/no column "nothing"/)
  const hilbert = { columns: ['id'], strategy: 'hilbert' as never }
  await expect(table.compact({ orderBy: hilbert })).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  root += '-keyed'
  await createRowTable(io, root)
  const keyed = await openRowTable(io, root)
  await expect(keyed.compact({ orderBy: { columns: ['id'] } })).rejects.toThrow(/bucket = -1/)
})
