import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { LocalFileIO } from '../../src/io/local.ts'
import { fileIoSuite } from '../support/file-io-suite.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

fileIoSuite('LocalFileIO', async () => {
  const root = await mkdtemp(join(tmpdir(), 'millrace-io-'))
  const io = new LocalFileIO()
  return {
    io,
    root,
    leftovers: async () =>
      (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.tmp')),
    close: async () => {
      await io.close()
      await rm(root, { recursive: true })
    },
  }
})

let root: string
const io = new LocalFileIO()
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-local-'))
})
afterAll(async () => {
  await io.close()
  await rm(root, { recursive: true })
})

test.for(['file:', 'file://', 'file://localhost'])(
  'the URI form %s/dir is the plain path, and listings keep the form',
  async (prefix) => {
    const uri = `${prefix}${root}/uri %41`
    await io.write(`${uri}/a`, text('x'))
    expect(await readFile(join(root, 'uri %41', 'a'), 'utf8')).toBe('x')
    const [file] = await Array.fromAsync(io.list(uri))
    expect(file?.path).toBe(`${uri}/a`)
  },
)

test('a file of another machine is refused', async () => {
  await expect(io.read('file://elsewhere/a')).rejects.toMatchObject({ code: 'INVALID' })
})

test('links to files are listed as files, links to directories as directories, and no circle is entered', async () => {
  const directory = join(root, 'links')
  await io.write(join(directory, 'sub', 'file'), text('abc'))
  await symlink(join(directory, 'sub', 'file'), join(directory, 'to-file'))
  await symlink(directory, join(directory, 'sub', 'circle'))
  await symlink(join(directory, 'nowhere'), join(directory, 'dangling'))
  expect(await Array.fromAsync(io.list(directory))).toMatchObject([
    { path: join(directory, 'to-file'), sizeBytes: 3 },
  ])
  const all = await Array.fromAsync(io.list(directory, { recursive: true }))
  expect(all.map((file) => file.path).toSorted()).toEqual([
    join(directory, 'sub', 'file'),
    join(directory, 'to-file'),
  ])
  expect(await io.listDirectories(join(directory, 'sub'))).toEqual(['circle'])
})

test('deleting a directory does not follow links out of it', async () => {
  await io.write(join(root, 'outside', 'file'), text('kept'))
  await io.write(join(root, 'inside', 'file'), text('x'))
  await symlink(join(root, 'outside'), join(root, 'inside', 'link'))
  await io.deleteDirectory(join(root, 'inside'))
  expect(await readFile(join(root, 'outside', 'file'), 'utf8')).toBe('kept')
})

test('a writer that is dropped like in a crash leaves only a temporary file', async () => {
  const other = new LocalFileIO()
  const writer = await other.openWriter(join(root, 'crash', 'data'))
  await writer.write(new Uint8Array(2_000_000))
  await other.close()
  const names = await readdir(join(root, 'crash'))
  expect(names).toHaveLength(1)
  expect(names[0]).toMatch(/^\.data\.[0-9a-f-]{36}\.tmp$/)
})

test('a file in the place of a directory is an IO error, not a missing file', async () => {
  await writeFile(join(root, 'plain'), 'x')
  await expect(io.write(join(root, 'plain', 'below'), text('x'))).rejects.toMatchObject({
    code: 'IO',
  })
  expect(await io.stat(join(root, 'plain', 'below'))).toBeNull()
  expect(await Array.fromAsync(io.list(join(root, 'plain')))).toEqual([])
})

test('a name that is too long for the file system is INVALID', async () => {
  await expect(io.write(join(root, 'x'.repeat(1_024)), text('x'))).rejects.toMatchObject({
    code: 'INVALID',
  })
})

test('the root of the file system is not deleted', async () => {
  await expect(io.deleteDirectory('/')).rejects.toMatchObject({ code: 'INVALID' })
})
