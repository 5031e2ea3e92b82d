import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { type DeletionFile, readDeletionVector } from '../../src/indexes/deletion-vector.ts'
import { bitmapValues, encodeBitmap, bitmapOf } from '../../src/indexes/roaring.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { createFileCache } from '../../src/snapshot/file-cache.ts'
import { LakeError } from '../../src/util/errors.ts'
import { goldenRoot, goldenStore } from '../support/golden-tables.ts'
import { between, seeded } from '../support/random.ts'
import { framed, vectorBytes, vectorFile, type VectorForm } from '../support/vector-files.ts'

const PATH = 'memory://vectors/index-0'
const ROWS = [0, 3, 4, 5, 6, 70, 100_000]
const ROW_COUNT = 100_001

interface ReadOptions {
  readonly rowCount?: number
  readonly entry?: Partial<DeletionFile>
}

/** The rows that the `n`-th vector of the file deletes. */
async function read(
  bytes: Uint8Array,
  range: { offset: number; length: number; cardinality: number | null },
  { rowCount = ROW_COUNT, entry = {} }: ReadOptions = {},
): Promise<number[]> {
  const io = new MemoryFileIO()
  await io.write(PATH, bytes)
  const file = { path: PATH, fileSize: bytes.length, ...range, ...entry }
  return [...bitmapValues(await readDeletionVector(io, createFileCache(1 << 20), file, rowCount))]
}

const corrupt = (message: RegExp) =>
  expect.objectContaining({
    code: 'CORRUPT',
    path: PATH,
    message: expect.stringMatching(message) as string,
  }) as Error

describe.each<VectorForm>([32, 64])('a vector of %i bits', (form) => {
  const { bytes, ranges } = vectorFile(
    new Map([
      ['a', ROWS],
      ['b', [1]],
      ['c', Array.from({ length: 90_000 }, (_, i) => i)],
    ]),
    form,
  )

  test('is read from where it lies among others', async () => {
    expect(await read(bytes, ranges[0]!)).toEqual(ROWS)
    expect(await read(bytes, ranges[1]!)).toEqual([1])
    expect((await read(bytes, ranges[2]!)).length).toBe(90_000)
  })

  test('is read from a large file by its range alone', async () => {
    const large = new Uint8Array((1 << 20) + bytes.length)
    large.set(bytes, 1 << 20)
    const io = new MemoryFileIO()
    await io.write(PATH, large)
    const { offset, ...rest } = ranges[0]!
    const file = { path: PATH, fileSize: large.length, offset: offset + (1 << 20), ...rest }
    const cache = createFileCache<Uint8Array>(1 << 24)
    const before = io.stats().readBytes
    const vector = await readDeletionVector(io, cache, file, ROW_COUNT)
    expect([...bitmapValues(vector)]).toEqual(ROWS)
    expect(io.stats().readBytes - before).toBeLessThan(200)
  })

  test('may lack its cardinality, and none other than its own is taken', async () => {
    const [first] = ranges
    expect(await read(bytes, { ...first!, cardinality: null })).toEqual(ROWS)
    await expect(read(bytes, { ...first!, cardinality: 3 })).rejects.toThrow(
      corrupt(/deletes 7 rows, and its entry says 3/),
    )
  })

  test('deletes no rows that the data file does not have', async () => {
    await expect(read(bytes, ranges[0]!, { rowCount: 100_000 })).rejects.toThrow(
      corrupt(/deletes row 100000 of a file of 100000/),
    )
  })

  test('has the length that its entry says', async () => {
    for (const length of [0, 5, ranges[0]!.length + 1])
      await expect(read(bytes, { ...ranges[0]!, length })).rejects.toThrow(corrupt(/entry says/))
  })

  test('lies within its file', async () => {
    const { length } = bytes
    for (const offset of [0, length - 3, length, 2 ** 31 - 1])
      await expect(read(bytes, { ...ranges[0]!, offset })).rejects.toThrow(corrupt(/vector/))
    await expect(read(bytes.subarray(0, 40), ranges[0]!)).rejects.toThrow(corrupt(/cut short/))
    const entry = { fileSize: bytes.length + 1 }
    await expect(read(bytes, ranges[0]!, { entry })).rejects.toThrow(corrupt(/index manifest says/))
  })

  test('with a changed byte is CORRUPT by the name of the index file', async () => {
    const random = seeded(form)
    const { offset, length } = ranges[0]!
    for (let i = 0; i < 200; i++) {
      const changed = bytes.slice()
      changed[between(random, offset, offset + length)]! ^= 1 << between(random, 0, 8)
      await expect(read(changed, ranges[0]!)).rejects.toThrow(corrupt(/./))
    }
  })

  test('with a bitmap that its checksum fits is decoded with all care', async () => {
    const random = seeded(form + 1)
    const whole = vectorBytes(ROWS, form)
    for (let i = 0; i < 300; i++) {
      const stored = whole.slice(4, -4)
      stored[between(random, 4, stored.length)] = between(random, 0, 256)
      const frame = framed(stored.subarray(0, between(random, 4, stored.length + 1)))
      const length = form === 32 ? frame.length - 8 : frame.length
      const changed = Uint8Array.of(1, ...frame)
      expect(await outcome(changed, { offset: 1, length, cardinality: null })).toMatch(
        /^(?:rows|CORRUPT)$/,
      )
    }
  })
})

async function outcome(
  bytes: Uint8Array,
  range: { offset: number; length: number; cardinality: number | null },
): Promise<string> {
  try {
    const rows = await read(bytes, range)
    return rows.every((row) => row < ROW_COUNT) ? 'rows' : 'rows that are not there'
  } catch (error) {
    return error instanceof LakeError && error.path === PATH ? error.code : String(error)
  }
}

test('a file of another version, or with another magic number, is refused', async () => {
  const { bytes, ranges } = vectorFile(new Map([['a', ROWS]]), 32)
  const other = bytes.slice()
  other[0] = 2
  await expect(read(other, ranges[0]!)).rejects.toThrow(corrupt(/first byte 2/))
  const stranger = framed(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
  await expect(
    read(Uint8Array.of(1, ...stranger), { offset: 1, length: 8, cardinality: null }),
  ).rejects.toThrow(corrupt(/magic number/))
})

const range = (bytes: Uint8Array) => ({ offset: 1, length: bytes.length - 1, cardinality: null })

test('a 64-bit vector of several parts deletes rows of the first alone', async () => {
  const parts = (second: readonly number[]): Uint8Array => {
    const head = Buffer.alloc(16)
    head.writeUInt32LE(1_681_511_377)
    head.writeBigUInt64LE(2n, 4)
    const key = Uint8Array.of(1, 0, 0, 0)
    const bitmaps = [encodeBitmap(bitmapOf(ROWS)), key, encodeBitmap(bitmapOf(second))]
    return Uint8Array.of(1, ...framed(Buffer.concat([head, ...bitmaps])))
  }
  const empty = parts([])
  expect(await read(empty, range(empty))).toEqual(ROWS)
  const beyond = parts([1])
  await expect(read(beyond, range(beyond))).rejects.toThrow(corrupt(/no data file has/))
})

test.each(['dv', 'iceberg_v3_dv'])(
  'the vectors that Java wrote of %s have the bytes that the tests write',
  async (table) => {
    const store = goldenStore(table)
    const snapshot = (await store.snapshots.readLatest())!
    const entries = await store.manifests.readIndexEntries(snapshot)
    let vectors = 0
    for (const { indexFile } of entries) {
      const path = `${goldenRoot(table)}/index/${indexFile.fileName}`
      const bytes = new Uint8Array(readFileSync(path))
      for (const { offset, length, cardinality } of indexFile.deletionVectors!) {
        const file = { path, fileSize: indexFile.fileSize, offset, length, cardinality }
        const vector = await readDeletionVector(store.io, store.indexFiles, file, 1000)
        const rows = bitmapValues(vector)
        expect(rows).toHaveLength(cardinality!)
        const form = table === 'dv' ? 32 : 64
        const written = vectorBytes(rows, form)
        expect(written).toEqual(bytes.subarray(offset, offset + written.length))
        expect(length).toBe(form === 32 ? written.length - 8 : written.length)
        vectors++
      }
    }
    expect(vectors).toBeGreaterThan(0)
  },
)
