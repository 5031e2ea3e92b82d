import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { CursorOptions, DataFile } from '../../../src/format/data-file.ts'
import { openDataFile } from '../../../src/format/data-file.ts'
import { decodeBlobDescriptor } from '../../../src/types/blob-descriptor.ts'
import type { DataField } from '../../../src/types/data-type.ts'
import { cellValue, type InternalValue } from '../../../src/types/internal-value.ts'
import { blobFile } from '../../support/blob-file.ts'
import { checkedError } from '../../support/malformed.ts'
import { BytesIO } from '../../support/parquet.ts'

const PATH = 'memory://test/data-1.blob'
const BLOB: DataField = { id: 3, name: 'b', type: { kind: 'BLOB', nullable: true } }

async function open(bytes: Uint8Array, blobsAsDescriptors = false): Promise<DataFile> {
  return openDataFile(new BytesIO(bytes).io, PATH, { blobsAsDescriptors })
}

async function values(
  file: DataFile,
  options: Partial<CursorOptions> & { readonly batchRows?: number } = {},
): Promise<InternalValue[]> {
  const { fields = [BLOB], rows, batchRows = 1000 } = options
  const cursor = file.cursor({ fields, rows })
  const found: InternalValue[] = []
  for (;;) {
    const batch = await cursor.read(batchRows)
    if (batch === null) return found
    for (let row = 0; row < batch.length; row++)
      found.push(cellValue(batch.columns[0]!, fields[0]!.type, row))
  }
}

const blobs = fc.array(fc.option(fc.uint8Array({ maxLength: 300 })), { maxLength: 40 })

test('the values of any rows come back, however many are asked for at a time', async () => {
  await fc.assert(
    fc.asyncProperty(
      blobs,
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.nat(40), { maxLength: 6 }),
      async (stored, batchRows, cuts) => {
        const file = await open(blobFile(stored))
        expect(file.rowCount).toBe(stored.length)
        expect(await values(file, { batchRows })).toEqual(stored)
        const edges = [...new Set(cuts)].toSorted((a, b) => a - b)
        const rows = edges.flatMap((from, i) =>
          i % 2 === 0 && i + 1 < edges.length ? [{ from, to: edges[i + 1]! }] : [],
        )
        const chosen = rows.flatMap(({ from, to }) => stored.slice(from, to))
        expect(await values(file, { rows, batchRows })).toEqual(chosen)
      },
    ),
    { numRuns: 100 },
  )
})

test('values far apart are read without what lies between', async () => {
  const stored = [Uint8Array.of(1), new Uint8Array(1 << 20), Uint8Array.of(2)]
  const source = new BytesIO(blobFile(stored))
  const file = await openDataFile(source.io, PATH)
  const rows = [
    { from: 0, to: 1 },
    { from: 2, to: 3 },
  ]
  expect(await values(file, { rows })).toEqual([stored[0], stored[2]])
  expect(source.readBytes).toBeLessThan(1 << 17)
})

test('large values come few at a time', async () => {
  const large = new Uint8Array(20 << 20)
  const cursor = (await open(blobFile([large, large, null, null]))).cursor({ fields: [BLOB] })
  const lengths: number[] = []
  for (let batch = await cursor.read(4); batch !== null; batch = await cursor.read(4))
    lengths.push(batch.length)
  expect(lengths).toEqual([1, 3])
})

test('descriptors say where the values lie, which are not read', async () => {
  const stored = [Uint8Array.of(7, 8, 9), null, new Uint8Array(1 << 20)]
  const bytes = blobFile(stored)
  const source = new BytesIO(bytes)
  const file = await openDataFile(source.io, PATH, { blobsAsDescriptors: true })
  const [first, second, third] = await values(file)
  expect(decodeBlobDescriptor(first as Uint8Array)).toEqual({
    uri: PATH,
    offset: 4,
    lengthBytes: 3,
  })
  expect(second).toBeNull()
  const { offset, lengthBytes } = decodeBlobDescriptor(third as Uint8Array)
  expect(bytes.subarray(offset, offset + lengthBytes)).toEqual(stored[2])
  expect(source.readBytes).toBeLessThan(1 << 15)
})

test('other columns are null: the file has one', async () => {
  const id: DataField = { id: 1, name: 'id', type: { kind: 'INT', nullable: true } }
  expect(await values(await open(blobFile([null, null])), { fields: [id] })).toEqual([null, null])
})

/** What reading the file throws. */
async function errorOf(bytes: Uint8Array): Promise<unknown> {
  return open(bytes)
    .then((file) => values(file))
    .catch((error: unknown) => error)
}

describe('is CORRUPT and names the file', () => {
  const stored = [Uint8Array.of(1, 2, 3), null, new Uint8Array(0), Buffer.from('x'.repeat(300))]
  const bytes = blobFile(stored)

  test('when any byte is another', async () => {
    for (let at = 0; at < bytes.length; at++)
      for (const flip of [1, 0x80, 0xff]) {
        const damaged = Uint8Array.from(bytes)
        damaged[at]! ^= flip
        const error = checkedError(await errorOf(damaged), PATH)
        expect(error, `byte ${at}`).toMatchObject({ code: 'CORRUPT' })
      }
  })

  test('when it is cut', async () => {
    for (let length = 0; length < bytes.length; length++)
      expect(checkedError(await errorOf(bytes.subarray(0, length)), PATH).code).toBe('CORRUPT')
  })

  test('when the index is longer than the file', async () => {
    const damaged = Uint8Array.from(bytes)
    new DataView(damaged.buffer).setInt32(bytes.length - 5, 0x7fff_ffff, true)
    expect(checkedError(await errorOf(damaged), PATH)).toMatchObject({ code: 'CORRUPT' })
  })
})
