/**
 * The LZ4 block format, and the framing that Hadoop puts around it in the Parquet codec `LZ4`.
 *
 * A block is sequences of a token (two 4-bit lengths, extended by bytes of 255), literals, and a copy of bytes that
 * were written before; the last sequence has no copy. Source: `lz4_Block_format.md` of lz4/lz4. Hadoop's stream
 * (`BlockCompressorStream`) is, repeated: 4-byte big-endian raw size, then as many pairs of 4-byte big-endian
 * compressed size and block as it takes to make up that raw size.
 */
import { corrupt, type LakeError } from '../util/errors.ts'

/** The raw bytes of one LZ4 block, which must be exactly `sizeBytes`; CORRUPT otherwise. */
export function decompressLz4Block(input: Uint8Array, sizeBytes: number): Uint8Array {
  const output = allocateOutput(input, sizeBytes)
  const written = decodeBlock(input, 0, input.length, output, 0, sizeBytes)
  if (written !== sizeBytes) throw wrongSize(written, sizeBytes)
  return output.subarray(0, sizeBytes)
}

/** The raw bytes of Hadoop's framing, which must be exactly `sizeBytes`; CORRUPT otherwise. */
export function decompressLz4Frames(input: Uint8Array, sizeBytes: number): Uint8Array {
  const output = allocateOutput(input, sizeBytes)
  let written = 0
  for (let at = 0; at < input.length;) {
    const end = written + readSize(input, at)
    if (end > sizeBytes) throw wrongSize(end, sizeBytes)
    at += 4
    while (written < end) {
      const from = at + 4
      at = from + readSize(input, at)
      if (at > input.length) throw cut()
      const before = written
      written = decodeBlock(input, from, at, output, written, end)
      if (written === before) throw corrupt('an lz4 frame holds an empty block')
    }
  }
  if (written !== sizeBytes) throw wrongSize(written, sizeBytes)
  return output.subarray(0, sizeBytes)
}

/** One LZ4 block: the raw form that Parquet calls `LZ4_RAW`. */
export function compressLz4Block(input: Uint8Array): Uint8Array {
  const output = new Uint8Array(mostCompressed(input.length))
  return output.subarray(0, encodeBlock(input, 0, input.length, output, 0))
}

/**
 * Hadoop's framing, one block a frame. Frames stay below what Hadoop's decoder can take with its default buffer of
 * 256 KiB; one block a frame is what Arrow's reader understands too.
 */
export function compressLz4Frames(input: Uint8Array): Uint8Array {
  const frames = Math.ceil(input.length / FRAME_BYTES)
  const output = new Uint8Array(frames * (8 + mostCompressed(FRAME_BYTES)))
  const view = new DataView(output.buffer)
  let to = 0
  for (let from = 0; from < input.length; from += FRAME_BYTES) {
    const end = Math.min(from + FRAME_BYTES, input.length)
    const blockEnd = encodeBlock(input, from, end, output, to + 8)
    view.setUint32(to, end - from)
    view.setUint32(to + 4, blockEnd - to - 8)
    to = blockEnd
  }
  return output.subarray(0, to)
}

const FRAME_BYTES = 128 * 1024

/** No byte of a block makes more than 255 bytes of output. */
const MOST_GROWTH = 255

/** Copies go four bytes at a time, so they write up to this much beyond their end. */
export const SLACK_BYTES = 4

const mostCompressed = (sizeBytes: number): number => sizeBytes + Math.ceil(sizeBytes / 255) + 16

function allocateOutput(input: Uint8Array, sizeBytes: number): Uint8Array {
  if (sizeBytes > input.length * MOST_GROWTH)
    throw corrupt(`an lz4 block of ${input.length} bytes cannot hold ${sizeBytes}`)
  return new Uint8Array(sizeBytes + SLACK_BYTES)
}

function readSize(input: Uint8Array, at: number): number {
  if (at + 4 > input.length) throw cut()
  const high = (input[at]! << 8) | input[at + 1]!
  return high * 65536 + ((input[at + 2]! << 8) | input[at + 3]!)
}

const cut = (): LakeError => corrupt('an lz4 block ends inside a sequence')
const wrongSize = (bytes: number, sizeBytes: number): LakeError =>
  corrupt(`lz4 blocks hold ${bytes} bytes where ${sizeBytes} belong`)

/**
 * Decodes the block `input[from, end)` to `output` from `to` on, at most to `limit`; returns where the output ends. The
 * last sequence must be literals alone. Copies may come from `start` on: from before `to` where blocks are linked.
 * The output has {@link SLACK_BYTES} after `limit`. Every length is checked before the bytes are touched.
 */
export function decodeBlock(
  input: Uint8Array,
  from: number,
  end: number,
  output: Uint8Array,
  to: number,
  limit: number,
  start = to,
): number {
  const source = new DataView(input.buffer, input.byteOffset, input.length)
  const target = new DataView(output.buffer, output.byteOffset, output.length)
  let at = from
  let o = to
  while (at < end) {
    const token = input[at++]!
    let literals = token >>> 4
    if (literals === 15) {
      let more = 255
      while (more === 255 && at < end) literals += more = input[at++]!
      if (more === 255) throw cut()
    }
    if (literals > end - at || literals > limit - o) throw cut()
    if (literals > 64 || at + literals + 4 > input.length) {
      output.set(input.subarray(at, at + literals), o)
    } else {
      for (let i = 0; i < literals; i += 4)
        target.setInt32(o + i, source.getInt32(at + i, true), true)
    }
    at += literals
    o += literals
    if (at === end) return o

    if (at + 2 > end) throw cut()
    const offset = input[at]! | (input[at + 1]! << 8)
    at += 2
    let count = (token & 15) + 4
    if (count === 19) {
      let more = 255
      while (more === 255 && at < end) count += more = input[at++]!
      if (more === 255) throw cut()
    }
    if (offset === 0 || offset > o - start)
      throw corrupt('an lz4 block copies from before its start')
    if (count > limit - o) throw cut()
    const matchEnd = o + count
    if (offset >= count && count > 128) {
      output.copyWithin(o, o - offset, matchEnd - offset)
    } else if (offset >= 4) {
      for (; o < matchEnd; o += 4) target.setInt32(o, target.getInt32(o - offset, true), true)
    } else {
      for (; o < matchEnd; o++) output[o] = output[o - offset]!
    }
    o = matchEnd
  }
  throw cut()
}

/** The last bytes of a block are literals, and no match starts in the twelve before its end. */
const LAST_LITERALS = 5
const NO_MATCH_START = 12
const HASH_BITS = 14
const FARTHEST = 65535

/** Encodes `input[from, end)` greedily to `output` from `to` on; returns where the output ends. */
function encodeBlock(
  input: Uint8Array,
  from: number,
  end: number,
  output: Uint8Array,
  to: number,
): number {
  const source = new DataView(input.buffer, input.byteOffset, input.length)
  const seen = new Int32Array(1 << HASH_BITS).fill(-1)
  let literalsFrom = from
  let at = from
  let misses = 0
  let o = to
  while (at <= end - NO_MATCH_START - 1) {
    const word = source.getInt32(at, true)
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS)
    const candidate = seen[slot]!
    seen[slot] = at
    if (candidate < 0 || at - candidate > FARTHEST || source.getInt32(candidate, true) !== word) {
      // Where nothing matches, steps grow, so that incompressible bytes cost little.
      at += 1 + (misses++ >>> 6)
      continue
    }
    misses = 0
    let matchEnd = at + 4
    for (let other = candidate + 4; matchEnd < end - LAST_LITERALS; matchEnd++, other++)
      if (input[matchEnd] !== input[other]) break
    o = putSequence(input, literalsFrom, at, output, o, matchEnd - at)
    output[o++] = (at - candidate) & 0xff
    output[o++] = (at - candidate) >>> 8
    o = putLength(output, o, matchEnd - at - 4)
    literalsFrom = at = matchEnd
  }
  return putSequence(input, literalsFrom, end, output, o, 4)
}

/** Writes a token, the rest of the literals' length, and the literals `input[from, end)`. */
function putSequence(
  input: Uint8Array,
  from: number,
  end: number,
  output: Uint8Array,
  to: number,
  matchBytes: number,
): number {
  const literals = end - from
  output[to] = (Math.min(literals, 15) << 4) | Math.min(matchBytes - 4, 15)
  const o = putLength(output, to + 1, literals)
  if (literals > 32) output.set(input.subarray(from, end), o)
  else for (let i = 0; i < literals; i++) output[o + i] = input[from + i]!
  return o + literals
}

/** Writes what a length exceeds its four bits in the token by. */
function putLength(output: Uint8Array, to: number, length: number): number {
  if (length < 15) return to
  let o = to
  let rest = length - 15
  for (; rest >= 255; rest -= 255) output[o++] = 255
  output[o++] = rest
  return o
}
