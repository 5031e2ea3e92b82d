/** Data files of Paimon as Iceberg's manifests name them. */
import { expect, test } from 'vitest'

import { clientPath, dataFileOf } from '../../src/iceberg-compat/data-file.ts'
import { dataLayout } from '../../src/snapshot/data-paths.ts'
import { encodePartition } from '../../src/types/partition.ts'
import { parseSchemaFile } from '../../src/types/schema-file.ts'
import { fileMeta } from '../support/commit-tables.ts'

test.each([
  ['/a/b c/%20.parquet', '/a/b c/%20.parquet'],
  ['file:/a/b.parquet', 'file:///a/b.parquet'],
  ['FILE:/a/b.parquet', 'file:///a/b.parquet'],
  ['file:///a/b.parquet', 'file:///a/b.parquet'],
  ['s3://bucket/a.parquet', 's3://bucket/a.parquet'],
])('clients open %s as %s', (path, expected) => {
  expect(clientPath(path)).toBe(expected)
})

const SCHEMA = parseSchemaFile(
  JSON.stringify({
    version: 3,
    id: 0,
    fields: [
      { id: 0, name: 'id', type: 'INT' },
      { id: 1, name: 'p', type: 'INT' },
    ],
    highestFieldId: 1,
    partitionKeys: ['p'],
    primaryKeys: [],
    options: {},
    timeMillis: 0,
  }),
  'schema-0',
)
const PARTITION = encodePartition(SCHEMA.fields.slice(1), [7])
const of = (file: object) =>
  dataFileOf(
    { partition: PARTITION, bucket: 3, file: { ...fileMeta(), ...file } },
    { layout: dataLayout('file:/wh/db.db/t', SCHEMA), fileSchema: SCHEMA },
  )

test.each(['parquet', 'orc', 'avro'])('a %s file is what its entry says, at its path', (format) => {
  const file = { fileName: `data-1.${format}`, rowCount: 5, fileSize: 99, firstRowId: 40n }
  expect(of(file)).toMatchObject({
    content: 0,
    filePath: `file:///wh/db.db/t/p=7/bucket-3/data-1.${format}`,
    fileFormat: format,
    partition: PARTITION,
    recordCount: 5,
    fileSize: 99,
    firstRowId: 40n,
    referencedDataFile: null,
  })
})

test('a file outside of the table has its own path, and one of another format is refused', () => {
  const fileName = 'data-1.parquet'
  const externalPath = `file:/other/${fileName}`
  expect(of({ fileName, externalPath }).filePath).toBe(`file:///other/${fileName}`)
  expect(() => of({ fileName: 'data-1.blob' })).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED', hint: expect.stringContaining('parquet') }),
  )
  expect(() => of({ fileName: '../data-1.parquet' })).toThrow(
    expect.objectContaining({ code: 'CORRUPT' }),
  )
})
