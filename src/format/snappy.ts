/**
 * The Snappy raw format, with the sizes checked before the WebAssembly of hysnappy sees the bytes.
 *
 * The format starts with a varint of the raw size. hysnappy writes as many bytes as that says and returns as many as it
 * is asked for, so the two must be equal. Source: `format_description.txt` of google/snappy.
 */
import { snappyCompress, snappyCompressor, snappyUncompress, snappyUncompressor } from 'hysnappy'

import { corrupt } from '../util/errors.ts'

/**
 * The raw bytes of a Snappy buffer: exactly `sizeBytes` when that is known, else at most `limitBytes`; CORRUPT
 * otherwise, or when the buffer is damaged.
 */
export function decompressSnappy(
  input: Uint8Array,
  sizeBytes: number | undefined,
  limitBytes: number,
): Uint8Array {
  const size = readSize(input)
  if (sizeBytes !== undefined && size !== sizeBytes)
    throw corrupt(`a snappy block says ${size} bytes where ${sizeBytes} belong`)
  if (size > limitBytes || size > input.length * MOST_GROWTH)
    throw corrupt(`a snappy block of ${input.length} bytes says that it holds ${size}`)
  try {
    if (input.length + size > SHARED_BYTES) return snappyUncompress(input, size)
    uncompress ??= snappyUncompressor()
    return uncompress(input, size)
  } catch (cause) {
    // A trap leaves the instance in an unknown state.
    uncompress = undefined
    throw corrupt('a snappy block is damaged', { cause })
  }
}

export function compressSnappy(input: Uint8Array): Uint8Array {
  if (input.length > SHARED_BYTES) return snappyCompress(input)
  compress ??= snappyCompressor()
  return compress(input)
}

/** The memory of an instance only grows: buffers beyond this size get an instance of their own, dropped after use. */
const SHARED_BYTES = 8 * 1024 * 1024

/** No element makes more than 64 bytes out of 3, so a size beyond this many times the input is a lie. */
const MOST_GROWTH = 22

let uncompress: ReturnType<typeof snappyUncompressor> | undefined
let compress: ReturnType<typeof snappyCompressor> | undefined

function readSize(input: Uint8Array): number {
  let size = 0
  for (let at = 0; at < 5 && at < input.length; at++) {
    const byte = input[at]!
    size += (byte & 0x7f) * 2 ** (7 * at)
    if (byte < 0x80) return size
  }
  throw corrupt('a snappy block does not start with its size')
}
