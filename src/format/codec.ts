/** The block codecs of Parquet pages and Avro blocks: whole buffers in, whole buffers out. */
import { promisify } from 'node:util'
import zlib from 'node:zlib'

import { assert } from '../util/assert.ts'
import { corrupt, type LakeError, unsupported } from '../util/errors.ts'
import {
  compressLz4Block,
  compressLz4Frames,
  decompressLz4Block,
  decompressLz4Frames,
} from './lz4.ts'
import { compressSnappy, decompressSnappy } from './snappy.ts'

/** `deflate` has no zlib header; `lz4` is Hadoop's framing (Parquet's `LZ4`), `lz4_raw` one block (`LZ4_RAW`). */
export type Codec = 'none' | 'zstd' | 'snappy' | 'gzip' | 'deflate' | 'lz4' | 'lz4_raw' | 'brotli'

/** What a block may decompress to where its raw size is not stored beside it (Avro): more is refused as CORRUPT. */
export const MAX_BLOCK_BYTES = 256 * 1024 * 1024

/**
 * The raw bytes of a block: exactly `sizeBytes` of them when given, at most `limitBytes` otherwise. CORRUPT when the
 * block is damaged or has another size. Both `lz4` codecs need the size.
 *
 * The result may be a view into a larger buffer, at any alignment; for `none` it is `bytes` itself.
 */
export function decompress(
  codec: Codec,
  bytes: Uint8Array,
  sizeBytes?: number,
  limitBytes: number = MAX_BLOCK_BYTES,
): Uint8Array {
  const stream = ZLIB_CODECS[codec]
  if (stream === undefined) return decompressPlain(codec, bytes, sizeBytes, limitBytes)
  const options = outputOptions(stream, bytes, sizeBytes, limitBytes)
  let raw: Uint8Array
  try {
    raw = stream.decompressSync(bytes, options)
  } catch (cause) {
    throw damaged(codec, cause, options)
  }
  return checkSize(codec, raw, sizeBytes)
}

/** Whether what the codec gives lies in a buffer that nothing else lies in, where it is longer than a few kilobytes. */
export function hasOwnBuffers(codec: Codec): boolean {
  return ZLIB_CODECS[codec] !== undefined
}

/** Like {@link decompress}, in Node's thread pool for the codecs of `node:zlib`; the bytes must not change meanwhile. */
export async function decompressAsync(
  codec: Codec,
  bytes: Uint8Array,
  sizeBytes?: number,
  limitBytes: number = MAX_BLOCK_BYTES,
): Promise<Uint8Array> {
  const stream = ZLIB_CODECS[codec]
  if (stream === undefined) return decompressPlain(codec, bytes, sizeBytes, limitBytes)
  const options = outputOptions(stream, bytes, sizeBytes, limitBytes)
  let raw: Uint8Array
  try {
    raw = await stream.decompress(bytes, options)
  } catch (cause) {
    throw damaged(codec, cause, options)
  }
  return checkSize(codec, raw, sizeBytes)
}

/** The block for raw bytes. `level` is the codec's own (zstd 1 to 22, gzip and deflate 1 to 9, brotli 0 to 11). */
export function compress(codec: Codec, bytes: Uint8Array, level?: number): Uint8Array {
  const stream = ZLIB_CODECS[codec]
  if (stream === undefined) return compressPlain(codec, bytes)
  return plainView(stream.compressSync(bytes, inputOptions(stream, bytes, level)))
}

/** Like {@link compress}, in Node's thread pool for the codecs of `node:zlib`; the bytes must not change meanwhile. */
export async function compressAsync(
  codec: Codec,
  bytes: Uint8Array,
  level?: number,
): Promise<Uint8Array> {
  const stream = ZLIB_CODECS[codec]
  if (stream === undefined) return compressPlain(codec, bytes)
  return plainView(await stream.compress(bytes, inputOptions(stream, bytes, level)))
}

/** The bytes in a buffer that is not much larger: those that will wait for something should not hold more memory. */
export function cutToSize(bytes: Uint8Array): Uint8Array {
  return bytes.length > 0.9 * bytes.buffer.byteLength ? bytes : bytes.slice()
}

interface ZlibOptions {
  chunkSize: number
  maxOutputLength?: number
  level?: number
  params?: Record<number, number>
  /** zstd: stored in the frame, so that streamed and one-shot compression give the same bytes. */
  pledgedSrcSize?: number
}

interface ZlibCodec {
  readonly compressSync: (bytes: Uint8Array, options: ZlibOptions) => Buffer
  readonly compress: (bytes: Uint8Array, options: ZlibOptions) => Promise<Buffer>
  readonly decompressSync: (bytes: Uint8Array, options: ZlibOptions) => Buffer
  readonly decompress: (bytes: Uint8Array, options: ZlibOptions) => Promise<Buffer>
  /** The parameter that holds the level, or null where it is an option of its own. */
  readonly levelParameter: number | null
  /** What level 1 takes beside the level. */
  readonly quickParams?: Readonly<Record<number, number>>
  /** The codec cannot make more than this out of one byte; a stored size beyond it is a lie. */
  readonly mostGrowth: number
}

// Whoever loads the library is told at once, and not by an error about a function that is undefined.
if (!('zstdCompress' in zlib))
  throw unsupported(`Node ${process.versions.node} has no zstd and is too old for millrace`, {
    hint: 'install Node 22.15 or newer',
  })

const ZLIB_CODECS: { readonly [codec in Codec]?: ZlibCodec } = {
  zstd: {
    compressSync: zlib.zstdCompressSync,
    compress: promisify<Uint8Array, ZlibOptions, Buffer>(zlib.zstdCompress),
    decompressSync: zlib.zstdDecompressSync,
    decompress: promisify<Uint8Array, ZlibOptions, Buffer>(zlib.zstdDecompress),
    levelParameter: zlib.constants.ZSTD_c_compressionLevel,
    // As zstd takes it where it does not know the size, and so Java: for a known one as small as a page it takes 6,
    // which makes numbers larger and not smaller.
    quickParams: { [zlib.constants.ZSTD_c_minMatch]: 7 },
    // A block of 4 bytes can repeat one byte 128 Ki times.
    mostGrowth: 32768,
  },
  gzip: {
    compressSync: zlib.gzipSync,
    compress: promisify<Uint8Array, ZlibOptions, Buffer>(zlib.gzip),
    decompressSync: zlib.gunzipSync,
    decompress: promisify<Uint8Array, ZlibOptions, Buffer>(zlib.gunzip),
    levelParameter: null,
    mostGrowth: 1032,
  },
  deflate: {
    compressSync: zlib.deflateRawSync,
    compress: promisify<Uint8Array, ZlibOptions, Buffer>(zlib.deflateRaw),
    decompressSync: zlib.inflateRawSync,
    decompress: promisify<Uint8Array, ZlibOptions, Buffer>(zlib.inflateRaw),
    levelParameter: null,
    mostGrowth: 1032,
  },
  brotli: {
    compressSync: zlib.brotliCompressSync,
    compress: promisify<Uint8Array, ZlibOptions, Buffer>(zlib.brotliCompress),
    decompressSync: zlib.brotliDecompressSync,
    decompress: promisify<Uint8Array, ZlibOptions, Buffer>(zlib.brotliDecompress),
    levelParameter: zlib.constants.BROTLI_PARAM_QUALITY,
    mostGrowth: Number.POSITIVE_INFINITY,
  },
}

/** The least output buffer where the size is not known: an Avro block of 64,000 bytes and its last row fit. */
const LEAST_CHUNK_BYTES = 68 * 1024
const MOST_CHUNK_BYTES = 64 * 1024 * 1024

/** One output buffer a byte larger than its contents is several times faster than zlib's default chunks. */
function outputOptions(
  stream: ZlibCodec,
  bytes: Uint8Array,
  sizeBytes: number | undefined,
  limitBytes: number,
): ZlibOptions {
  if (sizeBytes !== undefined && sizeBytes > bytes.length * stream.mostGrowth)
    throw corrupt(`a block of ${bytes.length} bytes cannot hold ${sizeBytes}`)
  const expected = sizeBytes ?? Math.max(LEAST_CHUNK_BYTES, 4 * bytes.length)
  return {
    chunkSize: Math.min(Math.max(expected + 1, 64), MOST_CHUNK_BYTES),
    maxOutputLength: Math.max(1, sizeBytes ?? limitBytes),
  }
}

function inputOptions(stream: ZlibCodec, bytes: Uint8Array, level?: number): ZlibOptions {
  const most = bytes.length + (bytes.length >>> 6) + 1024
  const options: ZlibOptions = {
    chunkSize: Math.min(most, MOST_CHUNK_BYTES),
    pledgedSrcSize: bytes.length,
  }
  if (level === undefined) return options
  if (stream.levelParameter === null) options.level = level
  else options.params = { [stream.levelParameter]: level, ...(level === 1 && stream.quickParams) }
  return options
}

function damaged(codec: Codec, cause: unknown, options: ZlibOptions): LakeError {
  const tooLarge = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
  return tooLarge
    ? corrupt(`a ${codec} block holds more than ${options.maxOutputLength} bytes`, { cause })
    : corrupt(`a ${codec} block is damaged: ${(cause as Error).message}`, { cause })
}

function checkSize(codec: Codec, raw: Uint8Array, sizeBytes: number | undefined): Uint8Array {
  if (sizeBytes !== undefined && raw.length !== sizeBytes)
    throw corrupt(`a ${codec} block holds ${raw.length} bytes where ${sizeBytes} belong`)
  return plainView(raw)
}

/** A Buffer is another class to the loops that read it, and its `slice` does not copy. */
function plainView(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}

function decompressPlain(
  codec: Codec,
  bytes: Uint8Array,
  sizeBytes: number | undefined,
  limitBytes: number,
): Uint8Array {
  if (codec === 'snappy') return decompressSnappy(bytes, sizeBytes, limitBytes)
  if (codec === 'none') {
    if (sizeBytes !== undefined && bytes.length !== sizeBytes)
      throw corrupt(`a block holds ${bytes.length} bytes where ${sizeBytes} belong`)
    return bytes
  }
  assert(sizeBytes !== undefined, `${codec} needs the raw size`)
  return codec === 'lz4'
    ? decompressLz4Frames(bytes, sizeBytes)
    : decompressLz4Block(bytes, sizeBytes)
}

function compressPlain(codec: Codec, bytes: Uint8Array): Uint8Array {
  if (codec === 'none') return bytes
  if (codec === 'snappy') return compressSnappy(bytes)
  return codec === 'lz4' ? compressLz4Frames(bytes) : compressLz4Block(bytes)
}
