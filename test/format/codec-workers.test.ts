import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { crc32 } from 'node:zlib'

import { beforeAll, describe, expect, test } from 'vitest'

import { compressInWorker, decompressInWorker } from '../../src/format/codec-workers.ts'
import { compress, decompress } from '../../src/format/codec.ts'

const BLOCK = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * i) >> 7)

/** Told by the bytes as a whole: to compare a mebibyte element by element takes far longer than to decompress it. */
const isSame = (bytes: Uint8Array, block = BLOCK): boolean => Buffer.compare(bytes, block) === 0

/** Asks for work until threads are there to take it: only from them a block that waits can be taken back. */
async function startThreads(): Promise<void> {
  const packed = compress('zstd', BLOCK)
  const askFor = (): (() => unknown) => decompressInWorker('zstd', packed, BLOCK.length)
  for (let isTaken = false; !isTaken;) {
    const waiting = Array.from({ length: 16 }, askFor)
    isTaken = waiting.at(-1)!() instanceof Uint8Array
    await Promise.all(waiting.slice(0, -1).map(async (bytes) => await bytes()))
  }
}

beforeAll(startThreads, 30_000)

describe('a block', () => {
  test.each(['zstd', 'gzip', 'brotli', 'snappy', 'lz4'] as const)(
    'of %s is the same as on the main thread',
    async (codec) => {
      const level = codec === 'brotli' ? 3 : undefined
      const packed = await compressInWorker(codec, BLOCK, level)
      expect(isSame(decompress(codec, packed, BLOCK.length))).toBe(true)
      const raw = await decompressInWorker(codec, compress(codec, BLOCK, level), BLOCK.length)()
      expect(isSame(raw)).toBe(true)
    },
  )

  test('in shared memory is read where it lies', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(BLOCK.length))
    shared.set(BLOCK)
    const packed = await compressInWorker('zstd', shared)
    expect(isSame(decompress('zstd', packed, BLOCK.length))).toBe(true)
  })

  test('that is damaged is CORRUPT', async () => {
    const packed = compress('zstd', BLOCK)
    const error = { name: 'LakeError', code: 'CORRUPT' }
    const begun = decompressInWorker('zstd', packed.slice(0, -9), BLOCK.length)
    await new Promise((settle) => setTimeout(settle, 100))
    await expect((async () => await begun())()).rejects.toMatchObject(error)
    const takenBack = decompressInWorker('zstd', packed.slice(0, -9), BLOCK.length)
    await expect((async () => await takenBack())()).rejects.toMatchObject(error)
  })

  test('that no thread has begun is done by whoever waits for it', async () => {
    const packed = compress('zstd', BLOCK)
    const waiting = Array.from({ length: 64 }, () =>
      decompressInWorker('zstd', packed, BLOCK.length),
    )
    // The last of so many cannot have been begun yet, so it comes at once.
    const last = waiting.at(-1)!()
    expect(last).toBeInstanceOf(Uint8Array)
    expect(isSame(last as Uint8Array)).toBe(true)
    for (const bytes of waiting.slice(0, -1)) expect(isSame(await bytes())).toBe(true)
  })

  test('is right though whoever waits for one does others meanwhile', async () => {
    const blocks = Array.from({ length: 40 }, (_, i) => BLOCK.subarray(i, BLOCK.length - 5000 * i))
    const waiting = blocks.map((block, i) => {
      const packed = compress('zstd', block)
      // Some are damaged, and fail for whoever asks for them and nobody else.
      const given = i % 7 === 3 ? packed.subarray(0, -9) : packed
      return decompressInWorker('zstd', given, block.length, crc32(given))
    })
    for (const [i, block] of blocks.entries()) {
      const got = async (): Promise<Uint8Array> => await waiting[i]!()
      const outcome = await got().then(
        (raw) => Buffer.compare(raw, block) === 0,
        (error: unknown) => (error as { code: string }).code,
      )
      expect(outcome).toBe(i % 7 === 3 ? 'CORRUPT' : true)
    }
  })

  test('with another checksum than it should have is CORRUPT', async () => {
    const packed = compress('zstd', BLOCK)
    const wrong = crc32(packed) ^ 1
    const read = async (): Promise<Uint8Array> =>
      await decompressInWorker('zstd', packed, BLOCK.length, wrong)()
    await expect(read()).rejects.toMatchObject({ name: 'LakeError', code: 'CORRUPT' })
  })

  test('is one of many that come back in any order', async () => {
    const blocks = Array.from({ length: 60 }, (_, i) => BLOCK.subarray(0, 9000 * (i + 1)))
    const packed = await Promise.all(blocks.map((block) => compressInWorker('zstd', block, 1)))
    const raw = packed.map((bytes, i) => decompressInWorker('zstd', bytes, blocks[i]!.length))
    for (const [i, block] of blocks.entries()) expect(isSame(await raw[i]!(), block)).toBe(true)
  })
})

test('a process whose threads got no work ends', () => {
  const module = pathToFileURL(resolve('src/format/codec-workers.ts')).href
  const script = `
    const { decompressInWorker } = await import(${JSON.stringify(module)})
    const { compress } = await import(${JSON.stringify(module.replace('codec-workers', 'codec'))})
    const packed = compress('none', new Uint8Array(20 << 20))
    await decompressInWorker('none', packed, packed.length)()`
  const directory = mkdtempSync(join(tmpdir(), 'codec-threads-'))
  const file = join(directory, 'main.mjs')
  writeFileSync(file, script)
  const { status, signal } = spawnSync(process.execPath, [file], { timeout: 20_000 })
  rmSync(directory, { recursive: true })
  expect({ status, signal }).toEqual({ status: 0, signal: null })
})
