/**
 * The bytes of a stream of an ORC file, front to back, decompressed a chunk at a time.
 *
 * A compressed stream is chunks of a three-byte little-endian header (twice the stored length, plus one where the chunk
 * is stored as it is) and the stored bytes; each gives at most the block size of the postscript. Without compression
 * there are no headers. Source: the ORC specification, "Compression".
 */
import { corrupt, type LakeError } from '../../util/errors.ts'
import { decompress } from '../codec.ts'
import { decodeBlock, SLACK_BYTES } from '../lz4.ts'

export interface Compression {
  readonly codec: 'none' | 'deflate' | 'snappy' | 'lz4' | 'zstd'
  /** What a chunk gives at most. */
  readonly blockBytes: number
}

/** No byte of an LZ4 block makes more than 255 bytes of output. */
const LZ4_GROWTH_MAX = 255
const HEADER_BYTES = 3

export class ChunkedBytes {
  readonly #stored: Uint8Array
  readonly #compression: Compression
  #storedAt = 0
  #chunk: Uint8Array
  #at = 0

  constructor(stored: Uint8Array, compression: Compression) {
    this.#stored = stored
    this.#compression = compression
    const isPlain = compression.codec === 'none'
    this.#chunk = isPlain ? stored : NOTHING
    if (isPlain) this.#storedAt = stored.length
  }

  /** The next byte; CORRUPT at the end. */
  byte(): number {
    if (this.#at === this.#chunk.length) this.#refill()
    return this.#chunk[this.#at++]!
  }

  /** The next bytes, which must not be changed: a view of a chunk where they lie in one. */
  take(count: number): Uint8Array {
    const start = this.#at
    const end = start + count
    if (end <= this.#chunk.length) {
      this.#at = end
      return this.#chunk.subarray(start, end)
    }
    return this.#takeAcross(count)
  }

  /** Memory is taken only for bytes that are there. */
  #takeAcross(count: number): Uint8Array {
    const parts: Uint8Array[] = []
    let missing = count
    while (missing > 0) {
      if (this.#at === this.#chunk.length) this.#refill()
      const part = this.#chunk.subarray(this.#at, this.#at + missing)
      this.#at += part.length
      missing -= part.length
      parts.push(part)
    }
    if (parts.length === 1) return parts[0]!
    const joined = new Uint8Array(count)
    let at = 0
    for (const part of parts) {
      joined.set(part, at)
      at += part.length
    }
    return joined
  }

  /** Everything from here on; CORRUPT when it is more than the limit. */
  rest(limitBytes: number): Uint8Array {
    const parts = [this.#chunk.subarray(this.#at)]
    let sizeBytes = parts[0]!.length
    while (this.#storedAt < this.#stored.length) {
      this.#decodeNext()
      parts.push(this.#chunk)
      sizeBytes += this.#chunk.length
      if (sizeBytes > limitBytes) throw corrupt(`a section holds more than ${limitBytes} bytes`)
    }
    this.#at = this.#chunk.length
    return parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts))
  }

  /** Goes to the next chunk that is not empty. */
  #refill(): void {
    do {
      if (this.#storedAt === this.#stored.length) throw ended()
      this.#decodeNext()
    } while (this.#chunk.length === 0)
  }

  #decodeNext(): void {
    const from = this.#storedAt + HEADER_BYTES
    if (from > this.#stored.length) throw ended()
    const head = this.#stored[this.#storedAt]!
    const middle = this.#stored[this.#storedAt + 1]!
    const end = from + ((head | (middle << 8) | (this.#stored[from - 1]! << 16)) >>> 1)
    if (end > this.#stored.length) throw ended()
    const bytes = this.#stored.subarray(from, end)
    const { blockBytes } = this.#compression
    const isStored = (head & 1) === 1
    if (isStored && bytes.length > blockBytes)
      throw corrupt(`a chunk holds ${bytes.length} bytes where ${blockBytes} are the most`)
    this.#storedAt = end
    this.#chunk = isStored ? bytes : decodeChunk(bytes, this.#compression)
    this.#at = 0
  }
}

const NOTHING = new Uint8Array(0)
const ended = (): LakeError => corrupt('a stream ends before its values do')

function decodeChunk(bytes: Uint8Array, { codec, blockBytes }: Compression): Uint8Array {
  if (codec !== 'lz4') return decompress(codec, bytes, undefined, blockBytes)
  const most = Math.min(blockBytes, bytes.length * LZ4_GROWTH_MAX)
  const output = new Uint8Array(most + SLACK_BYTES)
  return output.subarray(0, decodeBlock(bytes, 0, bytes.length, output, 0, most))
}
