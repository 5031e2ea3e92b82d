import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import zlib from 'node:zlib'

import * as fc from 'fast-check'
import { type AsyncBuffer, parquetReadObjects, snappyUncompress } from 'hyparquet'
import { describe, expect, test } from 'vitest'

import {
  type Codec,
  compress,
  compressAsync,
  decompress,
  decompressAsync,
  MAX_BLOCK_BYTES,
} from '../../src/format/codec.ts'
import { LakeError } from '../../src/util/errors.ts'

const CODECS: Codec[] = ['none', 'zstd', 'snappy', 'gzip', 'deflate', 'lz4', 'lz4_raw', 'brotli']
const NEEDS_SIZE = new Set<Codec>(['lz4', 'lz4_raw'])

/** Bytes with repetitions of every distance and length, and stretches without any. */
const rawBytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 400 }))
        .map(([unit, times]) =>
          Uint8Array.from({ length: unit.length * times }, (_, i) => unit[i % unit.length]!),
        ),
    ),
    { maxLength: 8 },
  )
  .map((parts) => new Uint8Array(Buffer.concat(parts)))

/** Bytes that match each other over long distances and span several LZ4 frames. */
function longBytes(): Uint8Array {
  const bytes = new Uint8Array(400_000)
  for (let i = 0, state = 1; i < bytes.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = i > 70_000 && state < 2 ** 31 ? bytes[i - 65_535]! : state >>> 24
  }
  return bytes
}

function errorOf(body: () => unknown): unknown {
  try {
    body()
  } catch (error) {
    return error
  }
  return undefined
}

function outcome(codec: Codec, block: Uint8Array, sizeBytes: number): string {
  try {
    const { length } = decompress(codec, block, sizeBytes)
    return length === sizeBytes ? 'CORRUPT or of the size' : `${length} bytes`
  } catch (error) {
    if (error instanceof LakeError && error.code === 'CORRUPT') return 'CORRUPT or of the size'
    return String(error)
  }
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

describe.each(CODECS)('%s', (codec) => {
  test('gives back what was compressed, with and without the size', async () => {
    await fc.assert(
      fc.asyncProperty(rawBytes, async (raw) => {
        const block = compress(codec, raw)
        expect(decompress(codec, block, raw.length)).toEqual(raw)
        expect(await decompressAsync(codec, await compressAsync(codec, raw), raw.length)).toEqual(
          raw,
        )
        const sizeBytes = NEEDS_SIZE.has(codec) ? raw.length : undefined
        expect(decompress(codec, block, sizeBytes)).toEqual(raw)
      }),
      { numRuns: 60 },
    )
    const long = longBytes()
    expect(decompress(codec, compress(codec, long), long.length)).toEqual(long)
  })

  test('refuses a block that does not have the size', async () => {
    const raw = new TextEncoder().encode('one two three one two three one two three')
    const block = compress(codec, raw)
    for (const size of [0, raw.length - 1, raw.length + 1, 2 ** 31 - 1]) {
      expect(errorOf(() => decompress(codec, block, size))).toMatchObject({ code: 'CORRUPT' })
      await expect(decompressAsync(codec, block, size)).rejects.toMatchObject({ code: 'CORRUPT' })
    }
  })

  test('answers every damaged block with CORRUPT or with bytes of the size', () => {
    if (codec === 'none') return
    fc.assert(
      fc.property(
        rawBytes,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (raw, edits, kept) => {
          const block = compress(codec, raw)
          const damaged = block.slice(0, Math.ceil(block.length * kept))
          for (const [at, byte] of edits)
            if (damaged.length > 0) damaged[at % damaged.length] = byte
          expect(outcome(codec, damaged, raw.length)).toBe('CORRUPT or of the size')
        },
      ),
      { numRuns: 300 },
    )
  })

  test('refuses every cut of a block', () => {
    if (codec === 'none') return
    const raw = longBytes().slice(0, 300)
    const block = compress(codec, raw)
    for (let end = 0; end < block.length; end++)
      expect(errorOf(() => decompress(codec, block.subarray(0, end), raw.length))).toMatchObject({
        code: 'CORRUPT',
      })
  })
})

test('a block of unknown size is not decompressed beyond the limit', () => {
  const bomb = new Uint8Array(3_000_000)
  for (const codec of ['zstd', 'gzip', 'deflate', 'snappy', 'brotli'] as const) {
    const block = compress(codec, bomb)
    expect(errorOf(() => decompress(codec, block, undefined, 2_000_000))).toMatchObject({
      code: 'CORRUPT',
    })
    expect(decompress(codec, block, undefined, 3_000_000).length).toBe(3_000_000)
  }
  expect(MAX_BLOCK_BYTES).toBe(268_435_456)
})

test('gzip with several members is one run of bytes', () => {
  const members = Buffer.concat([zlib.gzipSync('first '), zlib.gzipSync('second')])
  expect(Buffer.from(decompress('gzip', members, 12)).toString()).toBe('first second')
  expect(Buffer.from(decompress('gzip', members)).toString()).toBe('first second')
})

test('the level reaches the codec', () => {
  const raw = longBytes()
  for (const codec of ['zstd', 'gzip', 'brotli'] as const) {
    const fast = compress(codec, raw, 1)
    const small = compress(codec, raw, 9)
    expect(small).not.toEqual(fast)
    expect(decompress(codec, small, raw.length)).toEqual(raw)
  }
})

test('another decoder reads our snappy, and we agree with it on handmade blocks', () => {
  for (const raw of [longBytes(), new TextEncoder().encode('abcabcabcabcabcabc')]) {
    const output = new Uint8Array(raw.length)
    snappyUncompress(compress('snappy', raw), output)
    expect(output).toEqual(raw)
  }
  // A literal "ab", then copies with one, two and four bytes of offset.
  const block = [15, 0x04, 0x61, 0x62, 0x01, 0x02, 0x0e, 0x02, 0x00, 0x13, 0x02, 0, 0, 0]
  expect(Buffer.from(decompress('snappy', Uint8Array.from(block), 15)).toString()).toBe(
    'abababababababa',
  )
  const outside = [6, 0x04, 0x61, 0x62, 0x01, 0x03]
  expect(errorOf(() => decompress('snappy', Uint8Array.from(outside), 6))).toMatchObject({
    code: 'CORRUPT',
  })
})

describe('lz4', () => {
  test('decodes the sequences that the format describes', () => {
    const block = [0x34, 0x61, 0x62, 0x63, 0x03, 0x00, 0x20, 0x78, 0x79]
    expect(Buffer.from(decompress('lz4_raw', Uint8Array.from(block), 13)).toString()).toBe(
      'abcabcabcabxy',
    )
    for (const bad of [
      [0x34, 0x61, 0x62, 0x63, 0x04, 0x00, 0x20, 0x78, 0x79],
      [0x34, 0x61, 0x62, 0x63, 0x00, 0x00, 0x20, 0x78, 0x79],
      [0x34, 0x61, 0x62, 0x63, 0x03, 0x00],
      [0xf4, 0xff, 0xff, 0xff],
    ])
      for (const size of [11, 13])
        expect(errorOf(() => decompress('lz4_raw', Uint8Array.from(bad), size))).toMatchObject({
          code: 'CORRUPT',
        })
  })

  test('reads frames of several blocks and several frames, as Hadoop writes them', () => {
    const raw = longBytes()
    const parts = [raw.subarray(0, 1000), raw.subarray(1000, 90_000), raw.subarray(90_000)]
    const blocks = parts.map((part) => compress('lz4_raw', part))
    const [first, second, third] = blocks.map((block) => [bigEndian(block.length), block])
    const frames = [bigEndian(90_000), ...first!, ...second!, bigEndian(310_000), ...third!]
    const framed = Buffer.concat(frames)
    expect(decompress('lz4', framed, raw.length)).toEqual(raw)
    const empty = [bigEndian(1), Uint8Array.of(0)]
    const endless = Buffer.concat([bigEndian(10), ...empty, ...empty])
    expect(errorOf(() => decompress('lz4', endless, 10))).toMatchObject({ code: 'CORRUPT' })
  })

  test('no frame is longer than the buffer of the decoder in Hadoop', () => {
    const block = Buffer.from(compress('lz4', longBytes()))
    let frames = 0
    for (let at = 0; at < block.length; at += 8 + block.readUInt32BE(at + 4), frames++)
      expect(block.readUInt32BE(at)).toBeLessThanOrEqual(256 * 1024)
    expect(frames).toBe(4)
  })
})

describe('pages that Java wrote', () => {
  const root = 'fixtures/golden'
  const cases = { codec_zstd: 'zstd', codec_snappy: 'snappy', codec_gzip: 'gzip', codec_lz4: 'lz4' }
  test.each(Object.entries(cases))('%s', async (table, codec) => {
    const directory = join(root, 'warehouse/golden.db', table, 'bucket-0')
    const rows = new Map<string, { name: string; qty: number }>()
    let pages = 0
    const ours = (input: Uint8Array, sizeBytes: number): Uint8Array => {
      pages++
      return decompress(codec as Codec, input, sizeBytes)
    }
    for (const name of readdirSync(directory)) {
      const bytes = readFileSync(join(directory, name))
      const file: AsyncBuffer = {
        byteLength: bytes.length,
        slice: (from, to) => new Uint8Array(bytes.subarray(from, to)).buffer,
      }
      const compressors = { ZSTD: ours, SNAPPY: ours, GZIP: ours, LZ4: ours }
      for (const row of await parquetReadObjects({ file, compressors }))
        rows.set(String(row['id']), row as never)
    }
    const expected = readFileSync(join(root, `expect/${table}.jsonl`), 'utf8')
      .trim()
      .split('\n')
    for (const line of expected) {
      const { id, name, qty } = JSON.parse(line) as { id: string; name: string; qty: number }
      expect(rows.get(id)).toMatchObject({ name, qty })
    }
    expect(pages).toBeGreaterThan(5)
    expect(expected.length).toBeGreaterThan(30)
  })
})
