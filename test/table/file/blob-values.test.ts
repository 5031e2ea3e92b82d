/** BLOB columns whose files hold descriptors. */
import { expect, test } from 'vitest'

import type { DataFile } from '../../../src/format/data-file.ts'
import { MemoryFileIO } from '../../../src/io/memory.ts'
import { withBlobValues } from '../../../src/table/file/blob-values.ts'
import { type BlobDescriptor, encodeBlobDescriptor } from '../../../src/types/blob-descriptor.ts'
import type { DataField } from '../../../src/types/data-type.ts'
import { cellValue, type InternalValue, utf8 } from '../../../src/types/internal-value.ts'
import { batchOf } from '../../support/random-columns.ts'

const FIELDS: DataField[] = [
  { id: 0, name: 'id', type: { kind: 'INT', nullable: true } },
  { id: 1, name: 'b', type: { kind: 'BLOB', nullable: true } },
]
const PATH = 'memory://blobs/t/data-1.parquet'
const URI = 'memory://blobs/far/away'

function fileOf(values: readonly (Uint8Array | null)[]): DataFile {
  const rows = values.map((value, i): [number, InternalValue] => [i, value])
  return {
    path: PATH,
    columnNames: new Set(['id', 'b']),
    rowCount: rows.length,
    prune: () => Promise.resolve(null),
    cursor: ({ fields }) => ({
      read: (count) => {
        const taken = rows.splice(0, count)
        const places = fields.map(({ id }) => id)
        const columns = batchOf(
          fields,
          taken.map((row) => places.map((place) => row[place]!)),
        )
        return Promise.resolve(taken.length === 0 ? null : columns)
      },
    }),
  }
}

async function valuesOf(...descriptors: readonly (BlobDescriptor | Uint8Array | null)[]) {
  const io = new MemoryFileIO()
  await io.write(URI, utf8('hello world'))
  const stored = descriptors.map((each) =>
    each === null || each instanceof Uint8Array ? each : encodeBlobDescriptor(each),
  )
  const cursor = withBlobValues(fileOf(stored), io, undefined).cursor({ fields: FIELDS })
  const values: unknown[] = []
  for (let batch = await cursor.read(1000); batch !== null; batch = await cursor.read(1000))
    for (let row = 0; row < batch.length; row++) {
      const [id, value] = FIELDS.map(({ type }, i) => cellValue(batch.columns[i]!, type, row))
      values.push([id, value && Buffer.from(value as Uint8Array).toString()])
    }
  return values
}

test('values are read from where their descriptors say', async () => {
  const values = await valuesOf(
    { uri: URI, offset: 0, lengthBytes: 5 },
    null,
    { uri: URI, offset: 6, lengthBytes: -1 },
    { uri: URI, offset: 11, lengthBytes: 0 },
  )
  expect(values).toEqual([
    [0, 'hello'],
    [1, null],
    [2, 'world'],
    [3, ''],
  ])
})

test('columns of other types, and reads without BLOB columns, are left as they are', async () => {
  const io = new MemoryFileIO()
  const file = withBlobValues(fileOf([null]), io, undefined)
  const batch = await file.cursor({ fields: FIELDS.slice(0, 1) }).read(10)
  expect(batch?.length).toBe(1)
})

test.each<[string, string, BlobDescriptor | Uint8Array]>([
  ['bytes that are no descriptor', 'CORRUPT', Uint8Array.of(1, 2, 3)],
  ['another storage', 'UNSUPPORTED', { uri: 's3://bucket/key', offset: 0, lengthBytes: 1 }],
  ['a URL', 'UNSUPPORTED', { uri: 'http://host/key', offset: 0, lengthBytes: 1 }],
  ['more than the file has', 'CORRUPT', { uri: URI, offset: 0, lengthBytes: 12 }],
  ['far more', 'CORRUPT', { uri: URI, offset: 0, lengthBytes: 2 ** 50 }],
  ['what lies behind the file', 'CORRUPT', { uri: URI, offset: 12, lengthBytes: -1 }],
  ['a file that is not there', 'NOT_FOUND', { uri: `${URI}?`, offset: 0, lengthBytes: -1 }],
  ['a path that climbs', 'CORRUPT', { uri: `${URI}/../x`, offset: 0, lengthBytes: 1 }],
])('%s: %s', async (_, code, descriptor) => {
  await expect(valuesOf(descriptor)).rejects.toMatchObject({ code })
})
