import { describe, expect, test } from 'vitest'

import { compressInWorker, decompressInWorker } from '../../src/format/codec-workers.ts'
import { compress, decompress } from '../../src/format/codec.ts'

const BLOCK = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * i) >> 7)

/** Enough work that threads are started, and done by them. */
async function warmUp(): Promise<void> {
  for (let i = 0; i < 16; i++) {
    await compressInWorker('zstd', BLOCK)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('a block', async () => {
  await warmUp()

  test.each(['zstd', 'gzip', 'brotli', 'snappy', 'lz4'] as const)(
    'of %s is the same as on the main thread',
    async (codec) => {
      const level = codec === 'brotli' ? 3 : undefined
      const packed = await compressInWorker(codec, BLOCK, level)
      expect(decompress(codec, packed, BLOCK.length)).toEqual(BLOCK)
      const raw = await decompressInWorker(codec, compress(codec, BLOCK, level), BLOCK.length)
      expect(raw).toEqual(BLOCK)
    },
  )

  test('in shared memory is read where it lies', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(BLOCK.length))
    shared.set(BLOCK)
    const packed = await compressInWorker('zstd', shared)
    expect(decompress('zstd', packed, BLOCK.length)).toEqual(BLOCK)
  })

  test('that is damaged is CORRUPT', async () => {
    const packed = compress('zstd', BLOCK)
    await expect(
      decompressInWorker('zstd', packed.slice(0, -9), BLOCK.length),
    ).rejects.toMatchObject({
      name: 'LakeError',
      code: 'CORRUPT',
    })
  })

  test('is one of many that come back in any order', async () => {
    const blocks = Array.from({ length: 60 }, (_, i) => BLOCK.subarray(0, 9000 * (i + 1)))
    const packed = await Promise.all(blocks.map((block) => compressInWorker('zstd', block, 1)))
    const raw = await Promise.all(
      packed.map((bytes, i) => decompressInWorker('zstd', bytes, blocks[i]!.length)),
    )
    for (const [i, block] of blocks.entries()) expect(raw[i]).toEqual(block)
  })
})
