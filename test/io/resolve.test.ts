import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { LocalFileIO } from '../../src/io/local.ts'
import { dropMemoryStore, MemoryFileIO } from '../../src/io/memory.ts'
import { joinPath, resolveLocation } from '../../src/io/path.ts'
import { openFileIO } from '../../src/io/resolve.ts'
import { S3FileIO } from '../../src/io/s3.ts'
import { startS3Server } from '../support/s3-server.ts'

test.for([
  ['/wh', LocalFileIO],
  ['wh', LocalFileIO],
  ['file:///wh', LocalFileIO],
  ['memory://x/wh', MemoryFileIO],
  ['s3://bucket/wh', S3FileIO],
  ['S3A://bucket/wh', S3FileIO],
] as const)('%s has its storage', async ([location, type]) => {
  const io = openFileIO(location)
  expect(io).toBeInstanceOf(type)
  await io.close()
})

test.for([
  'hdfs://host/wh',
  'oss://bucket/wh',
  'gs://bucket/wh',
  'abfss://c@a/wh',
  'http://host/wh',
])('%s is refused with the ways out', (location) => {
  expect(() => openFileIO(location)).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED', hint: expect.stringContaining('s3://') }),
  )
})

test('a wrong option of the storage is refused at once, an option of another is not looked at', () => {
  expect(() => openFileIO('s3://bucket/wh', { 's3.endpint': 'x' })).toThrow('s3.endpint')
  expect(() => openFileIO('/wh', { 's3.endpint': 'x' })).not.toThrow()
})

test('one and the same code works on every storage', async () => {
  await using server = await startS3Server({ buckets: ['lake'] })
  const directory = await mkdtemp(join(tmpdir(), 'millrace-resolve-'))
  const options = {
    's3.endpoint': server.endpoint,
    's3.access-key': server.credentials.accessKey,
    's3.secret-key': server.credentials.secretKey,
  }
  for (const location of [
    `${directory}/`,
    `file:${directory}/x`,
    'memory://resolve',
    's3://lake//wh/',
  ]) {
    const root = resolveLocation(location)
    const io = openFileIO(root, options)
    const path = joinPath(root, 'db.db', 't', 'schema', 'schema-0')
    expect(await io.create(path, new Uint8Array([1]))).toBe(true)
    const files = await Array.fromAsync(io.list(root, { recursive: true }))
    expect(files.map((file) => file.path)).toContain(path)
    await io.close()
  }
  expect(server.keys('lake')).toEqual(['wh/db.db/t/schema/schema-0'])
  dropMemoryStore('resolve')
  await rm(directory, { recursive: true })
})
