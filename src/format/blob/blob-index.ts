/**
 * The end of a blob file: which row's value lies where.
 *
 * Follows `BlobFileMeta` and `DeltaVarintCompressor` of Java.
 */
import { corrupt } from '../../util/errors.ts'

/** Before a value: the magic. Behind it: the length of all of it (8 bytes), and its CRC (4 bytes). */
export const RECORD_HEAD_BYTES = 4
export const RECORD_TAIL_BYTES = 12
export const RECORD_BYTES = RECORD_HEAD_BYTES + RECORD_TAIL_BYTES

/** Behind the index: its length (4 bytes) and the version. */
export const FOOTER_BYTES = 5
const VERSION = 1

/** Where the records of a file lie, row by row. */
export interface BlobIndex {
  readonly rowCount: number
  readonly offsets: Float64Array
  /** -1 for a null, which has no record. */
  readonly lengths: Float64Array
}

/** The length of the index that the last five bytes of a file of that size tell. */
export function indexLength(footer: Uint8Array, sizeBytes: number): number {
  const view = new DataView(footer.buffer, footer.byteOffset, footer.length)
  const version = view.getUint8(4)
  if (version !== VERSION) throw corrupt(`a blob file of version ${version}`)
  const length = view.getInt32(0, true)
  if (length < 0 || length + FOOTER_BYTES > sizeBytes)
    throw corrupt(`an index of ${length} bytes in a blob file of ${sizeBytes}`)
  return length
}

/** Decodes the index; the records lie in the `dataBytes` before it. */
export function decodeIndex(bytes: Uint8Array, dataBytes: number): BlobIndex {
  let rowCount = 0
  for (const byte of bytes) if (byte < 0x80) rowCount++
  const offsets = new Float64Array(rowCount)
  const lengths = new Float64Array(rowCount)
  let at = 0
  let length = 0
  let offset = 0
  for (let row = 0; row < rowCount; row++) {
    let unsigned = 0
    let factor = 1
    for (;;) {
      const byte = bytes[at++]!
      unsigned += (byte & 0x7f) * factor
      if (byte < 0x80) break
      factor *= 128
      if (factor > MOST) throw corrupt('an index of a blob file has a number that is too long')
    }
    // Numbers are differences from the one before, the sign in the lowest bit.
    length += unsigned % 2 === 0 ? unsigned / 2 : -(unsigned + 1) / 2
    const isNull = length === -1
    if (!isNull && (!Number.isSafeInteger(length) || length < RECORD_BYTES))
      throw corrupt(`a blob file has a record of ${length} bytes`)
    lengths[row] = length
    offsets[row] = offset
    if (!isNull) offset += length
    if (offset > dataBytes)
      throw corrupt(`the records of a blob file take more than its ${dataBytes} bytes`)
  }
  if (at !== bytes.length) throw corrupt('the index of a blob file ends within a number')
  if (offset !== dataBytes)
    throw corrupt(`the records of a blob file take ${offset} of its ${dataBytes} bytes`)
  return { rowCount, offsets, lengths }
}

/** More than any file has bytes. */
const MOST = 2 ** 56
