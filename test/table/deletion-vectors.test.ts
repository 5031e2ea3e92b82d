/** Reads of tables whose rows are deleted by vectors. */
import * as fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import type { IndexManifestEntry } from '../../src/snapshot/index-manifest.ts'
import type { Split } from '../../src/table/plan/split.ts'
import type { ReadOptions } from '../../src/table/table-options.ts'
import { expectedRows, GOLDEN_WAREHOUSE, goldenCases, readRows } from '../support/golden-expect.ts'
import { createRowTable, openRowTable, type Row, rowsOf, textOf } from '../support/row-tables.ts'
import { addVectors, setOptions, type VectorForm } from '../support/vector-files.ts'

let count = 0
let io: MemoryFileIO
let root: string

beforeEach(() => {
  io = new MemoryFileIO()
  root = `memory://vectors-${++count}/t`
})

const rowsFrom = (from: number, to: number): Row[] =>
  Array.from({ length: to - from }, (_, i) => ({ dt: 'a', id: from + i, v: `v${from + i}` }))

/** A table without primary key, of two files with a hundred rows each: ids 0 to 99 and 100 to 199. */
async function appendTable(definition: Record<string, unknown> = {}): Promise<void> {
  await createRowTable(io, root, { options: { bucket: -1 }, ...definition })
  for (const from of [0, 100]) {
    const table = await openRowTable(io, root)
    await table.write(rowsFrom(from, from + 100) as never)
  }
}

/** The ids that a read gives, in its order. */
async function idsOf(options: ReadOptions = {}): Promise<number[]> {
  const table = await openRowTable(io, root)
  const rows = await table.read(options).toArray()
  return rows.map(({ id }) => Number(id))
}

/** The positions deleted of the files, by the order of their rows. */
async function deleteRows(
  positions: readonly (readonly number[])[],
  options: Parameters<typeof addVectors>[3] = {},
): Promise<void> {
  const table = await openRowTable(io, root)
  const files = (await table.read().plan()).splits.flatMap((split) => split.files)
  const names = files
    .toSorted((a, b) => Number(a.minSequenceNumber - b.minSequenceNumber))
    .map(({ fileName }) => fileName)
  await addVectors(io, root, (name) => positions[names.indexOf(name)] ?? [], options)
}

const allBut = (deleted: (id: number) => boolean): number[] =>
  Array.from({ length: 200 }, (_, id) => id).filter((id) => !deleted(id))

const withoutCardinality = (entry: IndexManifestEntry): IndexManifestEntry => ({
  ...entry,
  indexFile: {
    ...entry.indexFile,
    deletionVectors: entry.indexFile.deletionVectors!.map((range) => ({
      ...range,
      cardinality: null,
    })),
  },
})

describe('a table without primary key', () => {
  test.each<[VectorForm, number]>([
    [32, -1],
    [64, -1],
    [32, 1],
  ])('leaves out what vectors of %i bits delete, with bucket = %i', async (form, bucket) => {
    const key = bucket === 1 ? { 'bucket-key': 'id' } : {}
    await appendTable({ options: { bucket, ...key } })
    await deleteRows([[0, 7, 99], [50]], { form })
    expect(await idsOf()).toEqual(allBut((id) => [0, 7, 99, 150].includes(id)))
  })

  test('shows all rows while the option is off, as Java does', async () => {
    await appendTable()
    await deleteRows([[0, 7, 99], [50]])
    await setOptions(io, root, { 'deletion-vectors.enabled': 'false' })
    expect(await idsOf()).toEqual(allBut(() => false))
  })

  test('is filtered by the rows that are left', async () => {
    await appendTable()
    await deleteRows([
      [0, 7, 99],
      [50, 51, 52, 53],
    ])
    expect(await idsOf({ where: 'id < 10' })).toEqual([1, 2, 3, 4, 5, 6, 8, 9])
    expect(await idsOf({ where: "v = 'v150'" })).toEqual([])
    expect(await idsOf({ where: 'id >= 149 and id < 156' })).toEqual([149, 154, 155])
    expect(await idsOf({ where: 'id in (7, 8)', columns: ['id'] })).toEqual([8])
  })

  test('is filtered and deleted from as a list would be', async () => {
    await appendTable()
    const rows = fc.array(fc.nat(99), { maxLength: 120 })
    await fc.assert(
      fc.asyncProperty(rows, rows, fc.nat(199), fc.nat(40), async (first, second, from, length) => {
        await deleteRows([first, second])
        const isDeleted = (id: number): boolean =>
          id < 100 ? first.includes(id) : second.includes(id - 100)
        const where = `id >= ${from} and id < ${from + length}`
        const expected = allBut(isDeleted).filter((id) => id >= from && id < from + length)
        expect(await idsOf({ where })).toEqual(expected)
        expect(await idsOf()).toEqual(allBut(isDeleted))
      }),
      { numRuns: 20 },
    )
  })

  test('is read as far as a limit needs, which counts the rows that are left', async () => {
    await appendTable({ options: { bucket: -1, 'source.split.target-size': '1 b' } })
    await deleteRows([Array.from({ length: 60 }, (_, i) => i)])
    const table = await openRowTable(io, root)
    const splitsFor = async (limit: number): Promise<number> =>
      (await table.read({ limit }).plan()).splits.length
    expect(await splitsFor(40)).toBe(1)
    expect(await splitsFor(41)).toBe(2)
    expect(await idsOf({ limit: 45 })).toEqual([
      ...Array.from({ length: 40 }, (_, i) => 60 + i),
      100,
      101,
      102,
      103,
      104,
    ])
  })

  test('is read on where a vector does not say how many rows it deletes', async () => {
    await appendTable({ options: { bucket: -1, 'source.split.target-size': '1 b' } })
    await deleteRows([[5]], { change: withoutCardinality })
    const table = await openRowTable(io, root)
    expect((await table.read({ limit: 1 }).plan()).splits).toHaveLength(2)
    expect((await idsOf()).length).toBe(199)
  })

  test('is planned with the place of each vector beside its file', async () => {
    await appendTable()
    await deleteRows([[1, 2, 3]])
    const table = await openRowTable(io, root)
    const { splits } = await table.read().plan()
    // What a split holds goes to another thread or process.
    const [split] = structuredClone(splits) as [Split]
    const [file] = split.files
    expect([...split.deletionFiles!]).toEqual([
      [
        file!.fileName,
        { path: `${root}/index/index-0`, fileSize: 35, offset: 1, length: 26, cardinality: 3 },
      ],
    ])
  })

  test('is read in Avro files too, whose rows are deleted in thousands', async () => {
    await createRowTable(io, root, { options: { bucket: -1, 'file.format': 'avro' } })
    await (await openRowTable(io, root)).write(rowsFrom(0, 12_000) as never)
    const deleted = Array.from({ length: 9000 }, (_, i) => 1000 + i)
    await deleteRows([[...deleted, 11_000]])
    const ids = await idsOf()
    expect(ids).toEqual(
      [...Array.from({ length: 12_000 }).keys()].filter(
        (id) => id < 1000 || (id >= 10_000 && id !== 11_000),
      ),
    )
    expect(await idsOf({ where: 'id >= 9990 and id < 10003' })).toEqual([10_000, 10_001, 10_002])
  })

  test('is refused where a file has two vectors, by the name of the snapshot', async () => {
    await appendTable()
    await deleteRows([[1]], {
      change: (entry) => ({
        ...entry,
        indexFile: {
          ...entry.indexFile,
          deletionVectors: entry.indexFile.deletionVectors!.flatMap((range) => [range, range]),
        },
      }),
    })
    await expect(idsOf()).rejects.toMatchObject({
      code: 'CORRUPT',
      path: `${root}/snapshot/snapshot-2`,
    })
  })

  test('is refused where its index file is gone, by the name of that', async () => {
    await appendTable()
    await deleteRows([[1]])
    await io.delete(`${root}/index/index-0`)
    await expect(idsOf()).rejects.toMatchObject({
      code: 'NOT_FOUND',
      path: `${root}/index/index-0`,
    })
  })

  test('has its index files beside the data where the option says so', async () => {
    await appendTable({ partitionKeys: ['dt'] })
    await deleteRows([[1]], { options: { 'index-file-in-data-file-dir': 'true' } })
    await io.write(`${root}/dt=a/bucket-0/index-0`, await io.read(`${root}/index/index-0`))
    await io.delete(`${root}/index/index-0`)
    expect((await idsOf()).length).toBe(199)
  })
})

test('threads leave out the rows that vectors delete too', async () => {
  await using local = { io: new LocalFileIO(), [Symbol.asyncDispose]: () => local.io.close() }
  const table = await new Catalog(local.io, GOLDEN_WAREHOUSE).table('golden.dv')
  const { splits } = await table.read().plan()
  const deleted = splits.flatMap(({ deletionFiles }) => [...(deletionFiles ?? [])])
  expect({ splits: splits.length > 2, deleted: deleted.length > 0 }).toEqual({
    splits: true,
    deleted: true,
  })
  const rows = await readRows(table.read({ threads: 2 }))
  const [golden] = goldenCases.filter(({ name }) => name === 'dv')
  expect(rows).toEqual(expectedRows(golden!, GOLDEN_WAREHOUSE))
})

describe('a table with a primary key', () => {
  /** Rows of keys 0 to 9, of which 5 to 9 are written again; nothing is compacted. */
  async function keyedTable(options: Record<string, unknown> = {}): Promise<void> {
    const primaryKeys = ['dt', 'id']
    await createRowTable(io, root, { primaryKeys, options: { bucket: 1, ...options } })
    const table = await openRowTable(io, root)
    await table.write(rowsFrom(0, 10) as never)
    await table.write(rowsFrom(5, 10).map((row) => ({ ...row, v: 'new' })) as never)
    await setOptions(io, root, { 'deletion-vectors.enabled': 'true' })
  }

  const merged = rowsFrom(0, 10).map((row, i) => textOf(i < 5 ? row : { ...row, v: 'new' }))

  test('hides level 0 from a batch read until it is compacted', async () => {
    await keyedTable()
    expect(await idsOf()).toEqual([])
    expect(await idsOf({ where: 'id = 3' })).toEqual([])
  })

  test('shows level 0 merged with deletion-vectors.merge-on-read, or when a compaction reads', async () => {
    await keyedTable()
    const table = await openRowTable(io, root)
    for (const options of [
      { 'deletion-vectors.merge-on-read': 'true' },
      { 'batch-scan-mode': 'compact' },
    ]) {
      const rows = await table.read({ options }).toArray()
      expect(rows.map((row) => textOf(row)).toSorted()).toEqual(merged)
    }
  })

  test('leaves deleted rows out before it merges', async () => {
    await keyedTable()
    // The second file's rows are keys 5 to 9: of those deleted there the older row is the latest one again.
    await addVectors(io, root, (_, rowCount) => (rowCount === 5 ? [0, 4] : [1]))
    await setOptions(io, root, { 'deletion-vectors.merge-on-read': 'true' })
    const expected = rowsFrom(0, 10)
      .filter(({ id }) => id !== 1)
      .map((row) => textOf([6, 7, 8].includes(row['id'] as number) ? { ...row, v: 'new' } : row))
    expect(await rowsOf(await openRowTable(io, root))).toEqual(expected)
  })

  test('is merged under filters on the key and on values too', async () => {
    await keyedTable()
    await addVectors(io, root, (_, rowCount) => (rowCount === 5 ? [0] : []))
    await setOptions(io, root, { 'deletion-vectors.merge-on-read': 'true' })
    expect(await idsOf({ where: 'id >= 5 and id < 7' })).toEqual([5, 6])
    expect(await idsOf({ where: "v = 'v5'" })).toEqual([5])
    expect(await idsOf({ where: "v = 'new'" })).toEqual([6, 7, 8, 9])
  })
})
