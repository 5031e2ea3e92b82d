/** What is synced when, so that a power cut after an answer takes nothing back. */
import type * as FsPromises from 'node:fs/promises'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'

import { LocalFileIO } from '../../src/io/local.ts'

const fake = vi.hoisted(() => ({ log: [] as string[], failsDirectorySync: false }))

function nameOf(path: string): string {
  return path.endsWith('.tmp') ? 'temporary' : basename(path)
}

function logged(what: string, body: () => Promise<unknown>): () => Promise<unknown> {
  return async () => {
    if (what.startsWith('sync') && fake.failsDirectorySync)
      throw Object.assign(new Error('EIO: fsync'), { code: 'EIO' })
    fake.log.push(what)
    return await body()
  }
}

vi.mock('node:fs/promises', async (importOriginal) => {
  const original = await importOriginal<typeof FsPromises>()
  return {
    ...original,
    async open(path: string, flags: string) {
      const handle = await original.open(path, flags)
      handle.datasync = logged(`datasync ${nameOf(path)}`, () => original.access(path)) as never
      handle.sync = logged(`sync ${nameOf(path)}`, () => original.access(path)) as never
      return handle
    },
    link: (from: string, to: string) =>
      logged(`link ${nameOf(from)} ${nameOf(to)}`, () => original.link(from, to))(),
    rename: (from: string, to: string) =>
      logged(`rename ${nameOf(from)} ${nameOf(to)}`, () => original.rename(from, to))(),
  }
})

const bytes = new TextEncoder().encode('{}')
const io = new LocalFileIO()
let root: string
let directory: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-sync-'))
  directory = join(root, 'snapshot')
  await io.createDirectory(directory)
})
beforeEach(() => {
  fake.log = []
  fake.failsDirectorySync = false
})
afterAll(() => rm(root, { recursive: true }))

test('a created file is synced before it gets its name, and its directory before the answer', async () => {
  expect(await io.create(join(directory, 'snapshot-1'), bytes)).toBe(true)
  expect(fake.log).toEqual(['datasync temporary', 'link temporary snapshot-1', 'sync snapshot'])
})

test('a written file is synced before it replaces the old one, and its directory before the answer', async () => {
  await io.write(join(directory, 'LATEST'), bytes)
  expect(fake.log).toEqual(['datasync temporary', 'rename temporary LATEST', 'sync snapshot'])
})

test('a streamed file is synced before it gets its name, and its directory before the answer', async () => {
  const writer = await io.openWriter(join(directory, 'data'))
  await writer.write(bytes)
  await writer.close()
  expect(fake.log).toEqual([
    expect.stringMatching(/^(data)?sync temporary$/),
    'rename temporary data',
    'sync snapshot',
  ])
})

test('new directories are synced into their parents', async () => {
  await io.create(join(root, 'a', 'b', 'file'), bytes)
  expect(fake.log.slice(0, 2).toSorted()).toEqual(['sync a', `sync ${basename(root)}`].toSorted())
  expect(fake.log.at(-1)).toBe('sync b')
})

test('a file whose directory cannot be synced may be there or not', async () => {
  fake.failsDirectorySync = true
  await expect(io.create(join(directory, 'snapshot-2'), bytes)).rejects.toMatchObject({
    code: 'OUTCOME_UNKNOWN',
  })
})
