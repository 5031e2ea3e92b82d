/** The half of the storage suite that is about writing, excluding others, streaming, deleting and aborting. */
import { randomBytes } from 'node:crypto'

import { expect, test } from 'vitest'

import { joinPath } from '../../src/io/path.ts'
import { type FileIoContext, pathsOf, string, text } from './file-io-context.ts'

export function writingTests({ io, freshDirectory }: FileIoContext): void {
  test('writing replaces the whole file', async () => {
    const path = joinPath(freshDirectory(), 'file')
    await io().write(path, text('a longer first version'))
    expect(string(await io().readRange(path, 0, 8))).toBe('a longer')
    await io().write(path, text('short'))
    expect(string(await io().read(path))).toBe('short')
    expect(string(await io().readRange(path, 0, 5))).toBe('short')
  })

  test('readers see one whole version while a file is being replaced', async () => {
    const path = joinPath(freshDirectory(), 'file')
    const versions = Array.from({ length: 20 }, (_, index) => new Uint8Array(50_000).fill(index))
    await io().write(path, new Uint8Array(50_000))
    const progress = { done: false }
    const writing = (async () => {
      for (const version of versions) await io().write(path, version)
      progress.done = true
    })()
    while (!progress.done) {
      const bytes = await io().read(path)
      expect(bytes).toHaveLength(50_000)
      expect(bytes.every((byte) => byte === bytes[0])).toBe(true)
    }
    await writing
  })

  test('replace needs the version that was read, and null stands for no file', async () => {
    const path = joinPath(freshDirectory(), 'hint')
    expect(await io().replace(path, text('1'), null)).toBe(true)
    expect(await io().replace(path, text('x'), null)).toBe(false)
    const first = await io().readVersioned(path)
    expect(string(first?.bytes ?? text(''))).toBe('1')
    expect(await io().replace(path, text('2'), first?.version ?? '')).toBe(true)
    expect(await io().replace(path, text('3'), first?.version ?? '')).toBe(false)
    expect(string(await io().read(path))).toBe('2')
    const second = await io().readVersioned(path)
    await io().delete(path)
    expect(await io().replace(path, text('4'), second?.version ?? '')).toBe(false)
    expect(await io().stat(path)).toBeNull()
  })

  test('the statistics count requests and bytes', async () => {
    const path = joinPath(freshDirectory(), 'file')
    const before = io().stats()
    await io().write(path, new Uint8Array(1_000))
    await io().read(path)
    await io().readRange(path, 10, 500)
    const after = io().stats()
    const total = (stats: typeof after): number =>
      Object.values(stats.requestCounts).reduce((sum, count) => sum + count, 0)
    expect(total(after) - total(before)).toBe(3)
    expect(after.readBytes - before.readBytes).toBe(1_500)
    expect(after.writtenBytes - before.writtenBytes).toBe(1_000)
    expect(after.retryCount - before.retryCount).toBe(0)
  })
}

export function exclusionTests({ io, freshDirectory, options }: FileIoContext): void {
  test('create makes the file once, with its directories, and leaves the first contents alone', async () => {
    const path = joinPath(freshDirectory(), 'snapshot', 'snapshot-1')
    expect(await io().create(path, text('first'))).toBe(true)
    expect(await io().create(path, text('second'))).toBe(false)
    expect(string(await io().read(path))).toBe('first')
    await io().delete(path)
    expect(await io().create(path, text('third'))).toBe(true)
    expect(string(await io().read(path))).toBe('third')
  })

  test('of 32 that create one file at the same time exactly one wins, and the file is its own', async () => {
    const directory = freshDirectory()
    for (let round = 0; round < (options.raceRounds ?? 10); round++) {
      const path = joinPath(directory, `snapshot-${round}`)
      const won = await Promise.all(
        Array.from({ length: 32 }, (_, index) => io().create(path, text(`contender ${index}`))),
      )
      expect(won.filter(Boolean)).toHaveLength(1)
      expect(string(await io().read(path))).toBe(`contender ${won.indexOf(true)}`)
    }
  })

  test('of 16 that replace one version at the same time exactly one wins', async () => {
    const path = joinPath(freshDirectory(), 'hint')
    await io().write(path, text('base'))
    for (let round = 0; round < (options.raceRounds ?? 10); round++) {
      const base = await io().readVersioned(path)
      const won = await Promise.all(
        Array.from({ length: 16 }, (_, index) =>
          io().replace(path, text(`${round}: ${index}`), base?.version ?? ''),
        ),
      )
      expect(won.filter(Boolean)).toHaveLength(1)
      expect(string(await io().read(path))).toBe(`${round}: ${won.indexOf(true)}`)
    }
  })
}

export function streamingTests({ io, freshDirectory, options }: FileIoContext): void {
  test('a streamed file is invisible until it is closed, then whole', async () => {
    const directory = freshDirectory()
    const path = joinPath(directory, 'data', 'file')
    const writer = await io().openWriter(path)
    await writer.write(text('hello '))
    await writer.write(new Uint8Array(0))
    await writer.write(text('world'))
    expect(await io().stat(path)).toBeNull()
    await writer.close()
    expect(string(await io().read(path))).toBe('hello world')
    expect(await pathsOf(io().list(directory, { recursive: true }))).toEqual([path])
    await writer.abort()
    expect(string(await io().read(path))).toBe('hello world')
  })

  test('a streamed file without a byte is an empty file', async () => {
    const path = joinPath(freshDirectory(), 'empty')
    const writer = await io().openWriter(path)
    await writer.close()
    expect(await io().read(path)).toEqual(new Uint8Array(0))
  })

  test('a streamed file replaces an existing one when it closes', async () => {
    const path = joinPath(freshDirectory(), 'file')
    await io().write(path, text('old'))
    expect(string(await io().readRange(path, 0, 3))).toBe('old')
    const writer = await io().openWriter(path)
    await writer.write(text('new and longer'))
    expect(string(await io().read(path))).toBe('old')
    await writer.close()
    expect(string(await io().readRange(path, 0, 14))).toBe('new and longer')
  })

  test('a large file of chunks of any size arrives byte for byte', async () => {
    const path = joinPath(freshDirectory(), 'big')
    const all = new Uint8Array(randomBytes(options.bigBytes ?? 5_000_000))
    const writer = await io().openWriter(path)
    let offset = 0
    for (let step = 1; offset < all.byteLength; step = (step * 7 + 3) % 400_009) {
      await writer.write(all.subarray(offset, offset + step))
      offset += step
    }
    expect(await io().stat(path)).toBeNull()
    await writer.close()
    expect(Buffer.compare(await io().read(path), all)).toBe(0)
    const middle = Math.floor(all.byteLength / 2)
    expect(
      Buffer.compare(
        await io().readRange(path, middle, 1_234_567),
        all.subarray(middle, middle + 1_234_567),
      ),
    ).toBe(0)
  })

  test('one chunk larger than every buffer arrives byte for byte', async () => {
    const path = joinPath(freshDirectory(), 'big')
    const all = new Uint8Array(randomBytes(options.bigBytes ?? 5_000_000))
    const writer = await io().openWriter(path)
    await writer.write(all)
    await writer.close()
    expect(Buffer.compare(await io().read(path), all)).toBe(0)
  })

  test('chunks that are handed over arrive as others do', async () => {
    const path = joinPath(freshDirectory(), 'file')
    const writer = await io().openWriter(path)
    const chunks = Array.from({ length: 40 }, () => new Uint8Array(randomBytes(50_000)))
    const whole = new Uint8Array(Buffer.concat(chunks))
    for (const [i, chunk] of chunks.entries()) await writer.write(chunk, i % 3 > 0)
    await writer.close()
    expect(Buffer.compare(await io().read(path), whole)).toBe(0)
    // Those that were not are the caller's still.
    const kept = chunks.filter((_, i) => i % 3 === 0)
    expect(kept.map((chunk) => chunk.length)).toEqual(kept.map(() => 50_000))
  })

  test('an aborted file never appears and leaves nothing behind, however often it is aborted', async () => {
    const directory = freshDirectory()
    const path = joinPath(directory, 'file')
    const small = await io().openWriter(path)
    await small.write(text('x'))
    await small.abort()
    await small.abort()
    const big = await io().openWriter(path)
    await big.write(new Uint8Array(options.bigBytes ?? 5_000_000))
    await big.write(text('x'))
    await big.abort()
    expect(await pathsOf(io().list(directory, { recursive: true }))).toEqual([])
    await expect(big.write(text('x'))).rejects.toMatchObject({ code: 'INVALID' })
    await expect(big.close()).rejects.toMatchObject({ code: 'INVALID' })
    expect(await io().stat(path)).toBeNull()
  })

  test('a closed writer takes nothing more', async () => {
    const writer = await io().openWriter(joinPath(freshDirectory(), 'file'))
    await writer.close()
    await expect(writer.write(text('x'))).rejects.toMatchObject({ code: 'INVALID' })
    await expect(writer.close()).rejects.toMatchObject({ code: 'INVALID' })
  })
}

export function deletingTests({ io, freshDirectory }: FileIoContext): void {
  test('deleting is idempotent, one or many', async () => {
    const directory = freshDirectory()
    const paths = ['a', 'b', 'c'].map((name) => joinPath(directory, name))
    for (const path of paths.slice(0, 2)) await io().write(path, text('x'))
    await io().delete(joinPath(directory, 'a'))
    await io().delete(joinPath(directory, 'a'))
    await io().deleteAll(paths)
    await io().deleteAll([])
    expect(await pathsOf(io().list(directory))).toEqual([])
  })

  test('a deleted file is gone for whole and ranged reads', async () => {
    const path = joinPath(freshDirectory(), 'file')
    await io().write(path, text('0123456789'))
    expect(await io().readRange(path, 0, 5)).toHaveLength(5)
    await io().delete(path)
    await expect(io().readRange(path, 0, 5)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(io().read(path)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('deleting a directory takes everything below it and nothing beside it', async () => {
    const directory = freshDirectory()
    for (const name of ['t/a', 't/b/c', 't/.hidden', 't2/d', 'tt']) {
      await io().write(`${directory}/${name}`, text('x'))
    }
    await io().readRange(`${directory}/t/a`, 0, 1)
    await io().deleteDirectory(joinPath(directory, 't'))
    await io().deleteDirectory(joinPath(directory, 't'))
    expect(await pathsOf(io().list(directory, { recursive: true }))).toEqual([
      `${directory}/t2/d`,
      `${directory}/tt`,
    ])
    await expect(io().readRange(`${directory}/t/a`, 0, 1)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  test('a directory gets another name whole, unless something has it', async () => {
    // Storages without directories cannot do it.
    if (!('renameDirectory' in io())) return
    const directory = freshDirectory()
    const rename = async (from: string, to: string): Promise<boolean> =>
      await io().renameDirectory!(joinPath(directory, from), joinPath(directory, to))
    for (const name of ['a/x', 'a/sub/y', 'ab/z', 'taken/t'])
      await io().write(`${directory}/${name}`, text(name))
    await io().readRange(`${directory}/a/x`, 0, 1)
    expect(await rename('a', 'taken')).toBe(false)
    expect(await rename('a', 'b')).toBe(true)
    const paths = await pathsOf(io().list(directory, { recursive: true }))
    expect(paths.map((path) => path.slice(directory.length + 1)).toSorted()).toEqual([
      'ab/z',
      'b/sub/y',
      'b/x',
      'taken/t',
    ])
    await expect(io().readRange(`${directory}/a/x`, 0, 1)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    await expect(rename('a', 'c')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('a directory that holds something, or is not there, is not deleted as an empty one', async () => {
    const directory = freshDirectory()
    await io().write(`${directory}/t/a`, text('x'))
    await io().createDirectory(joinPath(directory, 'made'))
    expect(await io().deleteEmptyDirectory(joinPath(directory, 't'))).toBe(false)
    expect(await io().deleteEmptyDirectory(directory)).toBe(false)
    expect(await io().deleteEmptyDirectory(joinPath(directory, 'none'))).toBe(false)
    const wasDeleted = await io().deleteEmptyDirectory(joinPath(directory, 'made'))
    // A storage without directories has nothing to delete.
    expect((await io().listDirectories(directory)).toSorted()).toEqual(
      wasDeleted ? ['t'] : ['made', 't'],
    )
    expect(string(await io().read(`${directory}/t/a`))).toBe('x')
  })
}

export function abortTests({ io, freshDirectory, options }: FileIoContext): void {
  test('every operation with a fired signal is ABORTED and changes nothing', async () => {
    const directory = freshDirectory()
    const path = joinPath(directory, 'file')
    await io().write(path, text('kept'))
    const version = (await io().readVersioned(path))?.version ?? ''
    const signal = AbortSignal.abort(new Error('enough'))
    for (const call of [
      () => io().read(path, { signal }),
      () => io().readRange(path, 0, 1, { signal }),
      () => io().readVersioned(path, { signal }),
      () => io().stat(path, { signal }),
      () => Array.fromAsync(io().list(directory, { signal })),
      () => io().listDirectories(directory, { signal }),
      () => io().createDirectory(joinPath(directory, 'sub'), { signal }),
      () => io().write(path, text('lost'), { signal }),
      () => io().create(joinPath(directory, 'new'), text('lost'), { signal }),
      () => io().replace(path, text('lost'), version, { signal }),
      () => io().openWriter(path, { signal }),
      () => io().delete(path, { signal }),
      () => io().deleteAll([path], { signal }),
      () => io().deleteDirectory(directory, { signal }),
      () => io().deleteEmptyDirectory(directory, { signal }),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'ABORTED' })
    }
    expect(string(await io().read(path))).toBe('kept')
    expect(await pathsOf(io().list(directory, { recursive: true }))).toEqual([path])
    expect(await io().listDirectories(directory)).toEqual([])
  })

  test('a signal that fires while a file is being streamed stops the writer', async () => {
    const path = joinPath(freshDirectory(), 'file')
    const controller = new AbortController()
    const writer = await io().openWriter(path, { signal: controller.signal })
    await writer.write(new Uint8Array(options.bigBytes ?? 5_000_000))
    controller.abort()
    await expect(writer.write(text('x'))).rejects.toMatchObject({ code: 'ABORTED' })
    await writer.abort()
    expect(await io().stat(path)).toBeNull()
  })

  test('a signal that fires while a listing is consumed ends it', async () => {
    const directory = freshDirectory()
    for (const name of ['a', 'b', 'c']) await io().write(joinPath(directory, name), text('x'))
    const controller = new AbortController()
    const listing = (async () => {
      for await (const _ of io().list(directory, { signal: controller.signal })) controller.abort()
    })()
    await expect(listing).rejects.toMatchObject({ code: 'ABORTED' })
  })
}
