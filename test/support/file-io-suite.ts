/** What every storage must do, as one list of tests that each of them runs. */
import { randomBytes } from 'node:crypto'

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import type { FileIO } from '../../src/io/file-io.ts'
import { joinPath } from '../../src/io/path.ts'
import { mapAll } from '../../src/util/async.ts'
import {
  allOf,
  type FileIoContext,
  type FileIoFixture,
  type FileIoSuiteOptions,
  pathsOf,
  string,
  text,
} from './file-io-context.ts'
import {
  abortTests,
  deletingTests,
  exclusionTests,
  streamingTests,
  writingTests,
} from './file-io-suite-writes.ts'

/** Names that URLs, XML, shells and sorts get wrong. */
const ODD_NAMES = [
  'é %',
  'a=b',
  'a+b c',
  '%2F',
  '%2e%2e',
  'quote\'"<&>;',
  '日本語-🜁',
  'e\u0301',
  '#hash?query',
  '~!@$^*()[]{}|,`',
  '.hidden',
  '...',
  'trailing ',
  'x'.repeat(200),
]

export function fileIoSuite(
  name: string,
  open: () => Promise<FileIoFixture>,
  options: FileIoSuiteOptions = {},
): void {
  describe(`${name} as a FileIO`, () => {
    let fixture: FileIoFixture
    let io: FileIO
    let directoryCount = 0
    /** A directory that no other test uses. */
    const freshDirectory = (): string => joinPath(fixture.root, `d${++directoryCount}`)

    beforeAll(async () => {
      fixture = await open()
      io = fixture.io
    })
    afterEach(async () => {
      const leftovers = await fixture.leftovers()
      if (leftovers.length > 0) throw new Error(`the test left behind ${leftovers.join(', ')}`)
    })
    afterAll(() => fixture.close())

    const context = { io: () => io, freshDirectory, options }
    readingTests(context)
    listingTests(context)
    writingTests(context)
    exclusionTests(context)
    streamingTests(context)
    deletingTests(context)
    abortTests(context)
  })
}

function readingTests({ io, freshDirectory }: FileIoContext): void {
  test('what was written is read back whole, by range, and by size', async () => {
    const path = joinPath(freshDirectory(), 'file')
    const bytes = new Uint8Array(randomBytes(100_000))
    const beforeMs = Date.now()
    await io().write(path, bytes)
    expect(await io().read(path)).toEqual(bytes)
    expect(await io().readRange(path, 0, 10)).toEqual(bytes.slice(0, 10))
    expect(await io().readRange(path, 99_990, 10)).toEqual(bytes.slice(99_990))
    expect(await io().readRange(path, 5_000, 70_000)).toEqual(bytes.slice(5_000, 75_000))
    const status = await io().stat(path)
    expect(status).toMatchObject({ path, sizeBytes: 100_000 })
    expect(Math.abs((status?.modifiedMs ?? 0) - beforeMs)).toBeLessThan(60_000)
  })

  test('bytes are handed out as plain arrays that may be changed without changing the file', async () => {
    const path = joinPath(freshDirectory(), 'file')
    await io().write(path, text('unchanged'))
    for (const bytes of [await io().read(path), await io().readRange(path, 0, 9)]) {
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
      bytes.fill(0)
    }
    expect(string(await io().read(path))).toBe('unchanged')
  })

  test('an empty file is a file', async () => {
    const path = joinPath(freshDirectory(), 'empty')
    await io().write(path, new Uint8Array(0))
    expect(await io().read(path)).toEqual(new Uint8Array(0))
    expect(await io().readRange(path, 0, 0)).toEqual(new Uint8Array(0))
    expect((await io().stat(path))?.sizeBytes).toBe(0)
  })

  test.for([
    [0, 11],
    [10, 1],
    [9, 2],
    [11, 1],
    [1e12, 1],
    [0, 2 ** 45],
  ] as const)(
    'a range [%i, +%i) past the end of ten bytes is CORRUPT',
    async ([offset, length]) => {
      const path = joinPath(freshDirectory(), 'ten')
      await io().write(path, text('0123456789'))
      await expect(io().readRange(path, offset, length)).rejects.toMatchObject({
        code: 'CORRUPT',
        path,
      })
    },
  )

  test.for([
    [-1, 1],
    [0, -1],
    [0.5, 1],
    [Number.NaN, 1],
    [Number.MAX_SAFE_INTEGER, 1],
  ] as const)('a range [%d, +%d) that no file can have is INVALID', async ([offset, length]) => {
    const path = joinPath(freshDirectory(), 'ten')
    await expect(io().readRange(path, offset, length)).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('a file that is not there is NOT_FOUND to read, and null to look at', async () => {
    const path = joinPath(freshDirectory(), 'absent')
    await expect(io().read(path)).rejects.toMatchObject({ code: 'NOT_FOUND', path })
    await expect(io().readRange(path, 0, 1)).rejects.toMatchObject({ code: 'NOT_FOUND', path })
    expect(await io().stat(path)).toBeNull()
    expect(await io().readVersioned(path)).toBeNull()
  })

  test('a directory is no file', async () => {
    const directory = freshDirectory()
    await io().write(joinPath(directory, 'sub', 'file'), text('x'))
    expect(await io().stat(joinPath(directory, 'sub'))).toBeNull()
    await expect(io().read(joinPath(directory, 'sub'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  test('many ranges of many files are read at the same time without mixing them up', async () => {
    const directory = freshDirectory()
    const files = Array.from({ length: 100 }, (_, index) => index)
    const pathOf = (index: number): string => joinPath(directory, `f${index}`)
    await mapAll(files, 16, (index) => io().write(pathOf(index), new Uint8Array(1_000).fill(index)))
    await mapAll([...files, ...files, ...files], 50, async (index) => {
      const bytes = await io().readRange(pathOf(index), index, 500)
      expect(bytes.every((byte) => byte === index)).toBe(true)
    })
  })

  test.for(['relative/path', 'gopher://host/x', '', '/a/../b', '/a/./b', '/a//b', '/a\0b'])(
    'the path %j is refused as INVALID and nothing is done',
    async (suffix) => {
      const path = suffix.startsWith('/') ? freshDirectory() + suffix : suffix
      const before = io().stats().requestCounts
      for (const call of [
        io().read(path),
        io().stat(path),
        io().write(path, text('x')),
        io().create(path, text('x')),
        io().delete(path),
        io().deleteDirectory(path),
        io().openWriter(path),
        Array.fromAsync(io().list(path)),
      ]) {
        await expect(call).rejects.toMatchObject({ code: 'INVALID' })
      }
      expect(io().stats().requestCounts).toEqual(before)
    },
  )
}

function listingTests({ io, freshDirectory, options }: FileIoContext): void {
  test('a listing has the files directly in the directory, or all below it', async () => {
    const directory = freshDirectory()
    for (const name of ['a', 'b', 'sub/c', 'sub/deep/d', 'sub2/e']) {
      await io().write(`${directory}/${name}`, text(name))
    }
    const below = (names: string[]): string[] => names.map((name) => `${directory}/${name}`)
    expect(await pathsOf(io().list(directory))).toEqual(below(['a', 'b']))
    expect(await pathsOf(io().list(`${directory}/`))).toEqual(below(['a', 'b']))
    expect(await pathsOf(io().list(directory, { recursive: true }))).toEqual(
      below(['a', 'b', 'sub/c', 'sub/deep/d', 'sub2/e']),
    )
    expect(await pathsOf(io().list(joinPath(directory, 'sub')))).toEqual(below(['sub/c']))
    expect(await pathsOf(io().list(directory, { recursive: true, namePrefix: 'sub/d' }))).toEqual(
      below(['sub/deep/d']),
    )
    expect((await io().listDirectories(directory)).toSorted()).toEqual(['sub', 'sub2'])
    expect(await io().listDirectories(joinPath(directory, 'sub'))).toEqual(['deep'])
  })

  test('a listing tells size and time', async () => {
    const directory = freshDirectory()
    await io().write(joinPath(directory, 'one'), text('1'))
    const [file] = await allOf(io().list(directory))
    const status = await io().stat(joinPath(directory, 'one'))
    expect(file).toEqual({ ...status, modifiedMs: file?.modifiedMs })
    expect(file?.sizeBytes).toBe(1)
    // HTTP headers tell whole seconds.
    expect(Math.abs((file?.modifiedMs ?? 0) - (status?.modifiedMs ?? 0))).toBeLessThan(1_000)
  })

  test('a directory that is not there is empty', async () => {
    const directory = freshDirectory()
    expect(await pathsOf(io().list(directory))).toEqual([])
    expect(await pathsOf(io().list(directory, { recursive: true }))).toEqual([])
    expect(await io().listDirectories(directory)).toEqual([])
  })

  test('a directory whose name begins with that of another is not mixed up with it', async () => {
    const directory = freshDirectory()
    await io().write(joinPath(directory, 'bucket-1', 'x'), text('1'))
    await io().write(joinPath(directory, 'bucket-10', 'y'), text('10'))
    expect(await pathsOf(io().list(joinPath(directory, 'bucket-1'), { recursive: true }))).toEqual([
      joinPath(directory, 'bucket-1', 'x'),
    ])
    await io().deleteDirectory(joinPath(directory, 'bucket-1'))
    expect(await io().listDirectories(directory)).toEqual(['bucket-10'])
  })

  test('an empty directory that was made is listed, and has no files', async () => {
    const directory = freshDirectory()
    await io().createDirectory(joinPath(directory, 'made', 'deep'))
    await io().createDirectory(joinPath(directory, 'made', 'deep'))
    expect(await io().listDirectories(directory)).toEqual(['made'])
    expect(await io().listDirectories(joinPath(directory, 'made'))).toEqual(['deep'])
    expect(await pathsOf(io().list(directory, { recursive: true }))).toEqual([])
    await io().deleteDirectory(joinPath(directory, 'made'))
    expect(await io().listDirectories(directory)).toEqual([])
  })

  test('more files than one page holds are all listed, once each', async () => {
    const directory = freshDirectory()
    const count = options.manyFiles ?? 1_200
    const files = Array.from({ length: count }, (_, index) => `p=${index % 7}/f-${index}`)
    await mapAll(files, 50, (name) => io().write(`${directory}/${name}`, text('x')))
    const listed = await pathsOf(io().list(directory, { recursive: true }))
    expect(listed).toHaveLength(count)
    expect(new Set(listed)).toEqual(new Set(files.map((name) => `${directory}/${name}`)))
    expect(await io().listDirectories(directory)).toHaveLength(7)
    const some = await pathsOf(io().list(joinPath(directory, 'p=3'), { namePrefix: 'f-10' }))
    const expected = files.filter((name) => name.startsWith('p=3/f-10'))
    expect(new Set(some)).toEqual(new Set(expected.map((name) => `${directory}/${name}`)))
    await io().deleteAll(listed)
    expect(await pathsOf(io().list(directory, { recursive: true }))).toEqual([])
  })

  test.for(ODD_NAMES)('the name %j survives in files and directories', async (name) => {
    const directory = freshDirectory()
    const inner = joinPath(directory, name)
    const path = joinPath(inner, name)
    expect(await io().create(path, text(name))).toBe(true)
    expect(await io().create(path, text('other'))).toBe(false)
    expect(string(await io().read(path))).toBe(name)
    expect(string(await io().readRange(path, 0, 1))).toBe(string(text(name).slice(0, 1)))
    expect(await pathsOf(io().list(inner))).toEqual([path])
    expect(await pathsOf(io().list(directory, { recursive: true, namePrefix: name }))).toEqual([
      path,
    ])
    expect(await io().listDirectories(directory)).toEqual([name])
    await io().deleteAll([path])
    expect(await io().stat(path)).toBeNull()
  })
}
