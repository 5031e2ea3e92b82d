import { randomUUID } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import { MemoryFileIO } from '../../src/io/memory.ts'
import { commit } from '../../src/snapshot/commit.ts'
import type { DataFileMeta } from '../../src/snapshot/data-file-meta.ts'
import {
  bucketDirectory,
  dataFilePath,
  dataLayout,
  partitionDirectory,
  pathsOfFile,
  POSTPONE_BUCKET,
} from '../../src/snapshot/data-paths.ts'
import { Table } from '../../src/table/table.ts'
import {
  createTestTable,
  fileMeta,
  message,
  openTestTable,
  partitionOf,
  testSchema,
} from '../support/commit-tables.ts'
import { FaultyFileIO } from '../support/faults.ts'

const ROOT = 's3://lake/wh/db.db/t'
const layout = dataLayout(ROOT, testSchema())
const CORRUPT = expect.objectContaining({ code: 'CORRUPT' }) as Error

function placed(file: Partial<DataFileMeta>) {
  return { partition: partitionOf('a'), bucket: 3, file: { ...fileMeta(), ...file } }
}

test('a data file lies in the directory of its partition and bucket, and so do those that belong to it', () => {
  const paths = pathsOfFile(
    layout,
    placed({ fileName: 'data-1.parquet', extraFiles: ['data-1.index'] }),
  )
  expect(paths).toEqual([
    `${ROOT}/dt=a/bucket-3/data-1.parquet`,
    `${ROOT}/dt=a/bucket-3/data-1.index`,
  ])
  expect(bucketDirectory(layout, partitionOf('a'), POSTPONE_BUCKET)).toBe(
    `${ROOT}/dt=a/bucket-postpone`,
  )
})

test('data files lie in the directory of the option, inside the table', () => {
  const inside = dataLayout(ROOT, testSchema({ 'data-file.path-directory': 'data/files' }))
  expect(bucketDirectory(inside, partitionOf('a'), 0)).toBe(`${ROOT}/data/files/dt=a/bucket-0`)
  expect(() => dataLayout(ROOT, testSchema({ 'data-file.path-directory': '../other' }))).toThrow(
    expect.objectContaining({ code: 'INVALID' }) as Error,
  )
})

test.each(['..', '../..', 'a/../../b', '/etc', '.', 'a/b', '%2e%2e', '\0', 'é漢🚀', 'a\\b'])(
  'the partition %j is one level of the path',
  (value) => {
    const directory = partitionDirectory(layout, partitionOf(value))
    expect(directory.startsWith(`${ROOT}/dt=`)).toBe(true)
    expect(directory.slice(ROOT.length + 1)).not.toContain('/')
  },
)

const CLIMBING = ['../x', '../../../etc/passwd', '..', '.', '', 'a/b', '/etc/passwd', 'x/../../y']

describe('a file whose metadata leads elsewhere is CORRUPT', () => {
  test.each(CLIMBING)('by the name %j', (name) => {
    expect(() => dataFilePath(layout, placed({ fileName: name }))).toThrow(CORRUPT)
    expect(() => pathsOfFile(layout, placed({ extraFiles: [name] }))).toThrow(CORRUPT)
  })

  test.each([
    ['of another name', 's3://other/dir/data-2.parquet'],
    ['on another kind of storage', '/dir/data-1.parquet'],
    ['that climbs', 's3://other/dir/../data-1.parquet'],
    ['that is relative', 'dir/data-1.parquet'],
    ['that is a bucket', 's3://other'],
    ['that is nothing', ''],
  ])('by an external path %s', (_, externalPath) => {
    const file = placed({ fileName: 'data-1.parquet', externalPath })
    expect(() => dataFilePath(layout, file)).toThrow(CORRUPT)
  })
})

test.each(['s3://other/dir/data-1.parquet', 's3a://other/data-1.parquet'])(
  'the external path %s is taken as it is',
  (externalPath) => {
    const file = placed({ fileName: 'data-1.parquet', externalPath, extraFiles: ['i'] })
    const [path, extra] = pathsOfFile(layout, file)
    expect(path).toBe(externalPath)
    expect(extra).toBe(`${externalPath.slice(0, externalPath.lastIndexOf('/'))}/i`)
  },
)

test.each(CLIMBING.filter((name) => name !== ''))(
  'a read of a table whose manifest names the file %j looks at nothing outside of the table',
  async (name) => {
    const io = new MemoryFileIO()
    const root = `memory://${randomUUID()}/db/t`
    await createTestTable(io, root)
    const messages = [message({ newFiles: [fileMeta({ name })] })]
    await commit(openTestTable(io, root), messages, { commitUser: 'u' })
    const noting = new FaultyFileIO(io)
    const { store, schema } = openTestTable(noting, root)
    const table = new Table(store, 'db.t', schema)
    await expect(table.read().toArray()).rejects.toMatchObject({ code: 'CORRUPT' })
    expect((await table.check()).damage).not.toEqual([])
    const outside = noting.operations.filter(({ path }) => !`${path}/`.startsWith(`${root}/`))
    expect(outside).toEqual([])
    expect(noting.operations.length).toBeGreaterThan(3)
  },
)
