/** Manifest lists are read back as they were written, by others too, and their lies are refused. */
import { expect, test } from 'vitest'

import { decodeAvroHeader } from '../../src/format/avro/reader.ts'
import type { IcebergManifest } from '../../src/iceberg-compat/entry.ts'
import {
  decodeIcebergManifestList,
  encodeIcebergManifestList,
} from '../../src/iceberg-compat/manifest-list.ts'
import { avscRows } from '../support/avro-witness.ts'

const MANIFEST: IcebergManifest = {
  path: '/t/metadata/m.avro',
  length: 2 ** 33,
  specId: 0,
  content: 1,
  sequenceNumber: 7,
  minSequenceNumber: 3,
  addedSnapshotId: 7,
  addedFiles: 1,
  existingFiles: 2,
  deletedFiles: 3,
  addedRows: 10,
  existingRows: 20,
  deletedRows: 2 ** 40,
  partitions: [
    { containsNull: true, containsNan: null, lowerBound: null, upperBound: null },
    {
      containsNull: false,
      containsNan: true,
      lowerBound: Uint8Array.of(1),
      upperBound: Uint8Array.of(),
    },
  ],
  firstRowId: null,
}
const OTHER: IcebergManifest = { ...MANIFEST, content: 0, partitions: [], firstRowId: 2n ** 50n }
const FORM = { codec: 'deflate', snapshotId: 7, parentId: null, sequenceNumber: 7 } as const

test('a list is read back as it was written, in both versions', () => {
  const list = encodeIcebergManifestList([MANIFEST, OTHER], {
    ...FORM,
    formatVersion: 3,
    firstRowId: 0n,
  })
  expect(decodeIcebergManifestList('l.avro', list)).toEqual([MANIFEST, OTHER])
  const older = encodeIcebergManifestList([OTHER], { ...FORM, formatVersion: 2, firstRowId: null })
  expect(decodeIcebergManifestList('l.avro', older)).toEqual([{ ...OTHER, firstRowId: null }])
})

const headerOf = (bytes: Uint8Array) =>
  Object.fromEntries(
    [...decodeAvroHeader('l', bytes).metadata]
      .map(([name, value]) => [name, new TextDecoder().decode(value)])
      .filter(([name]) => !name!.startsWith('avro.')),
  ) as Record<string, string>

test('a list tells its snapshot in the header, and its rows to others', async () => {
  const bytes = encodeIcebergManifestList([MANIFEST], { ...FORM, formatVersion: 3, firstRowId: 5n })
  expect(headerOf(bytes)).toEqual({
    'snapshot-id': '7',
    'parent-snapshot-id': 'null',
    'sequence-number': '7',
    'format-version': '3',
    'first-row-id': '5',
  })
  const older = encodeIcebergManifestList([], {
    ...FORM,
    parentId: 6,
    formatVersion: 2,
    firstRowId: null,
  })
  expect(headerOf(older)).toMatchObject({ 'format-version': '2', 'parent-snapshot-id': '6' })
  expect(await avscRows(bytes)).toMatchObject([
    {
      manifest_path: '/t/metadata/m.avro',
      manifest_length: 2n ** 33n,
      content: 1,
      first_row_id: null,
    },
  ])
})

test.each([
  ['CORRUPT', { ...MANIFEST, addedFiles: -1 }],
  ['CORRUPT', { ...MANIFEST, length: -1 }],
  ['CORRUPT', { ...MANIFEST, deletedRows: 2 ** 60 }],
  ['UNSUPPORTED', { ...MANIFEST, content: 2 }],
])('a list that lies is refused, by its name: %s', (code, manifest) => {
  const bytes = encodeIcebergManifestList([manifest], {
    ...FORM,
    formatVersion: 2,
    firstRowId: null,
  })
  expect(() => decodeIcebergManifestList('l.avro', bytes)).toThrow(
    expect.objectContaining({ code, path: 'l.avro' }),
  )
})
