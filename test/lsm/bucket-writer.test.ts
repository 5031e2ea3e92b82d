import { randomUUID } from 'node:crypto'

import { beforeEach, describe, expect, test } from 'vitest'

import { openDataFile } from '../../src/format/data-file.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { AppendWriter } from '../../src/lsm/append-writer.ts'
import { type FileTarget, fileTarget } from '../../src/lsm/file-target.ts'
import { decodeKey } from '../../src/lsm/key-compare.ts'
import { MergeTreeWriter } from '../../src/lsm/merge-tree-writer.ts'
import type { DataFileMeta } from '../../src/snapshot/data-file-meta.ts'
import type { RestoredBucket } from '../../src/snapshot/restore.ts'
import type { DataField, DataType } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { trimmedKeyFields } from '../../src/types/schema-keys.ts'
import { faultAt, type FaultKind, type FaultSchedule, FaultyFileIO } from '../support/faults.ts'
import { keyedSchema } from '../support/memory-runs.ts'
import { appendCells } from '../support/parquet.ts'
import { batchOf } from '../support/random-columns.ts'
import { between, seeded } from '../support/random.ts'

const key: DataType = { kind: 'INT', nullable: false }
const text: DataType = { kind: 'VARCHAR', length: 100, nullable: true }
const keyed = keyedSchema({ k: key, v: text }, { 'target-file-size': '20 kb' })
const plain = keyedSchema({ a: key, v: text }, { 'target-file-size': '20 kb', 'bucket-key': 'a' })

let io: MemoryFileIO
let directory: string

beforeEach(() => {
  io = new MemoryFileIO()
  directory = `memory://${randomUUID()}/bucket-0`
})

async function filesIn(): Promise<string[]> {
  const files = await Array.fromAsync(io.list(directory))
  return files.map(({ path }) => path.slice(directory.length + 1)).toSorted()
}

/** Rows of texts that do not compress, so that a thousand of them take more than a file is to have. */
function rows(from: number, to: number): InternalValue[][] {
  const random = seeded(from)
  return Array.from({ length: to - from }, (_, i) => [
    from + i,
    utf8(Array.from({ length: 30 }, () => String.fromCharCode(between(random, 33, 127))).join('')),
  ])
}

async function readFile(file: DataFileMeta, fields: readonly DataField[]) {
  const columns: InternalValue[][] = fields.map(() => [])
  const cursor = (await openDataFile(io, `${directory}/${file.fileName}`)).cursor({ fields })
  for (let batch = await cursor.read(500); batch !== null; batch = await cursor.read(500))
    appendCells(columns, batch, fields)
  return columns
}

/** Rows as columns; tables with and without a primary key have the same ones. */
const batch = (part: InternalValue[][]) => batchOf(keyed.fields, part)
const kinds = (part: InternalValue[][]): Int8Array => new Int8Array(part.length)
const open = (target: FileTarget = fileTarget(io, keyed)) => new MergeTreeWriter(target, directory)
/** A bucket whose rows are numbered up to, but without, `next`. */
const bucketUpTo = (next: bigint): RestoredBucket => ({
  files: [],
  indexFiles: [],
  maxSequenceNumber: next - 1n,
})
const openPlain = () => new AppendWriter(fileTarget(io, plain), directory)

describe('the writer of a bucket with a primary key', () => {
  test('makes sorted files of disjoint keys on level 0, with what manifests say of them', async () => {
    const writer = open()
    const part = rows(0, 5000).toReversed()
    await writer.write(batch(part), kinds(part))
    const files = (await writer.prepare()).newFiles
    expect(files.length).toBeGreaterThan(2)
    expect(await filesIn()).toEqual(files.map(({ fileName }) => fileName).toSorted())
    let next = 0
    for (const file of files) {
      const [minKey] = decodeKey(trimmedKeyFields(keyed), file.minKey)
      const [maxKey] = decodeKey(trimmedKeyFields(keyed), file.maxKey)
      expect([minKey, maxKey]).toEqual([next, next + file.rowCount - 1])
      const found = await readFile(file, keyed.fields)
      expect(found[0]).toEqual(Array.from({ length: file.rowCount }, (_, i) => next + i))
      next += file.rowCount
      // The rows came in descending order of their keys, so that the last have the lowest numbers.
      expect(file).toMatchObject({
        level: 0,
        deleteRowCount: 0,
        minSequenceNumber: BigInt(5000 - next),
        maxSequenceNumber: BigInt(5000 - next + file.rowCount - 1),
      })
      const { sizeBytes } = (await io.stat(`${directory}/${file.fileName}`))!
      expect(file.fileSize).toBe(sizeBytes)
    }
    expect(next).toBe(5000)
  })

  test('numbers rows on, from one flush to the next, merged away or not', async () => {
    const writer = open()
    await writer.restore(bucketUpTo(100n))
    await writer.restore(bucketUpTo(50n))
    const part = [...rows(0, 10), ...rows(0, 10)]
    await writer.write(batch(part), kinds(part))
    await writer.relieve()
    const more = rows(3, 5)
    await writer.write(batch(more), Int8Array.of(0, 3))
    const [first, second] = (await writer.prepare()).newFiles
    expect(first).toMatchObject({ rowCount: 10, minSequenceNumber: 110n, maxSequenceNumber: 119n })
    expect(second).toMatchObject({
      rowCount: 2,
      minSequenceNumber: 120n,
      maxSequenceNumber: 121n,
      deleteRowCount: 1,
    })
  })

  test('is empty after its files were taken, and hands them out once', async () => {
    const writer = open()
    expect([writer.isDirty, writer.sizeBytes]).toEqual([false, 0])
    const part = rows(0, 10)
    await writer.write(batch(part), kinds(part))
    expect(writer.isDirty).toBe(true)
    expect(writer.sizeBytes).toBeGreaterThan(10 * 30)
    await writer.relieve()
    expect([writer.isDirty, writer.sizeBytes]).toEqual([true, 0])
    expect((await writer.prepare()).newFiles).toHaveLength(1)
    expect(writer.isDirty).toBe(false)
    expect((await writer.prepare()).newFiles).toEqual([])
  })

  test('makes no file where all rows of a flush are passed over', async () => {
    const ignoring = keyedSchema({ k: key, v: text }, { 'ignore-delete': 'true' })
    const writer = open(fileTarget(io, ignoring))
    await writer.write(batch([...rows(1, 2), ...rows(1, 2)]), Int8Array.of(3, 3))
    expect((await writer.prepare()).newFiles).toEqual([])
    expect([await filesIn(), writer.sizeBytes]).toEqual([[], 0])
  })

  test('deletes what was not taken when it is aborted, and nothing that was', async () => {
    const writer = open()
    const part = rows(0, 3000)
    await writer.write(batch(part), kinds(part))
    const taken = (await writer.prepare()).newFiles
    await writer.write(batch(part), kinds(part))
    await writer.relieve()
    await writer.write(batch(part), kinds(part))
    expect((await filesIn()).length).toBeGreaterThan(taken.length)
    await writer.abort()
    expect(await filesIn()).toEqual(taken.map(({ fileName }) => fileName).toSorted())
    expect([writer.isDirty, writer.sizeBytes]).toEqual([false, 0])
  })

  // What is made without an answer is not known to be there, and left to orphan cleaning.
  test.each<FaultKind>(['fail', 'transient'])(
    'leaves no file of a flush that fails (%s) at any operation, and can flush again',
    async (fault) => {
      const part = rows(0, 1500)
      const flush = async (schedule?: FaultSchedule) => {
        const faulty = new FaultyFileIO(io, schedule)
        const writer = open(fileTarget(faulty, keyed))
        await writer.write(batch(part), kinds(part))
        return { faulty, writer, flushed: writer.prepare().then(({ newFiles }) => newFiles) }
      }
      const untroubled = await flush()
      const names = (await untroubled.flushed).map(({ fileName }) => fileName)
      expect(names.length).toBeGreaterThan(1)
      const { length } = untroubled.faulty.operations
      expect(length).toBeGreaterThan(5)
      await io.deleteDirectory(directory)
      for (let number = 1; number <= length; number++) {
        const { writer, flushed } = await flush(faultAt(number, fault))
        await expect(flushed).rejects.toMatchObject({ code: 'IO' })
        expect(await filesIn()).toEqual([])
        const files = (await writer.prepare()).newFiles
        expect(await filesIn()).toEqual(files.map(({ fileName }) => fileName).toSorted())
        expect(files.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBe(1500)
        await io.deleteDirectory(directory)
      }
    },
  )
})

describe('the writer of a bucket without a primary key', () => {
  test('keeps the rows in the order in which they came, file after file', async () => {
    const writer = openPlain()
    await writer.restore(bucketUpTo(7n))
    for (let from = 0; from < 5000; from += 700) await writer.write(batch(rows(from, from + 700)))
    const files = (await writer.prepare()).newFiles
    expect(files.length).toBeGreaterThan(1)
    const found: InternalValue[] = []
    let next = 7n
    for (const file of files) {
      found.push(...(await readFile(file, plain.fields))[0]!)
      const last = next + BigInt(file.rowCount) - 1n
      expect(file).toMatchObject({ level: 0, minSequenceNumber: next, maxSequenceNumber: last })
      next = last + 1n
    }
    expect(found).toEqual(Array.from({ length: 5600 }, (_, i) => i))
    expect([writer.isDirty, writer.sizeBytes]).toEqual([false, 0])
  })

  test('deletes what was not taken when it is aborted, and nothing that was', async () => {
    const writer = openPlain()
    await writer.write(batch(rows(0, 3000)))
    const taken = (await writer.prepare()).newFiles
    await writer.write(batch(rows(0, 3000)))
    await writer.relieve()
    await writer.write(batch(rows(0, 3000)))
    expect(writer.isDirty).toBe(true)
    await writer.abort()
    expect(await filesIn()).toEqual(taken.map(({ fileName }) => fileName).toSorted())
    expect([writer.isDirty, writer.sizeBytes]).toEqual([false, 0])
  })

  test('takes very many batches of a row each', async () => {
    const writer = openPlain()
    const single = batch(rows(1, 2))
    for (let i = 0; i < 66_000; i++) await writer.write(single)
    const files = (await writer.prepare()).newFiles
    expect(files.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBe(66_000)
  })
})
