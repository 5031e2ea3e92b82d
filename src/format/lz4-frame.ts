/**
 * The LZ4 frame format, in which Arrow IPC data holds its LZ4 buffers.
 *
 * A magic number, a descriptor, blocks with their sizes, and a size of zero. Blocks may copy from the blocks before
 * them. Source: `lz4_Frame_format.md` of lz4/lz4. Checksums are skipped.
 */
import { corrupt, unsupported } from '../util/errors.ts'
import { decodeBlock, SLACK_BYTES } from './lz4.ts'

const MAGIC = 0x184d2204
/** Of the descriptor's first byte. */
const FLAGS = {
  linked: 0x20,
  blockChecksums: 0x10,
  contentSize: 0x08,
  dictionary: 0x01,
}
/** By the descriptor's second byte. */
const BLOCK_BYTES_MAX = [0, 0, 0, 0, 1 << 16, 1 << 18, 1 << 20, 1 << 22]
const STORED = 0x80000000

interface Descriptor {
  readonly blocksFrom: number
  readonly blockBytesMax: number
  readonly areLinked: boolean
  readonly checksumBytes: number
}

/** The raw bytes of one frame, at most `limitBytes`; CORRUPT when it is damaged or holds more. */
export function decompressLz4Frame(input: Uint8Array, limitBytes: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.length)
  const { blocksFrom, blockBytesMax, areLinked, checksumBytes } = readDescriptor(view)
  let output = new Uint8Array(Math.min(limitBytes, 2 * input.length) + SLACK_BYTES)
  let written = 0
  for (let at = blocksFrom; ;) {
    if (at + 4 > input.length) throw cut()
    const word = view.getUint32(at, true)
    if (word === 0) return output.subarray(0, written)
    const sizeBytes = word & ~STORED
    const [from, end] = [at + 4, at + 4 + sizeBytes]
    if (sizeBytes > blockBytesMax || end > input.length) throw cut()
    output = withRoom(output, written + blockBytesMax + SLACK_BYTES, limitBytes)
    if (word >= STORED) {
      if (written + sizeBytes > output.length) throw cut()
      output.set(input.subarray(from, end), written)
      written += sizeBytes
    } else {
      const limit = Math.min(written + blockBytesMax, output.length - SLACK_BYTES)
      written = decodeBlock(input, from, end, output, written, limit, areLinked ? 0 : written)
    }
    at = end + checksumBytes
  }
}

function readDescriptor(view: DataView): Descriptor {
  if (view.byteLength < 11) throw cut()
  const flags = view.getUint8(4)
  if (view.getUint32(0, true) !== MAGIC || flags >> 6 !== 1) throw corrupt('this is no lz4 frame')
  if ((flags & FLAGS.dictionary) !== 0)
    throw unsupported('an lz4 frame was made with a dictionary, which is not here')
  const blockBytesMax = BLOCK_BYTES_MAX[(view.getUint8(5) >> 4) & 7]!
  if (blockBytesMax === 0) throw corrupt('an lz4 frame tells no size of its blocks')
  return {
    blocksFrom: (flags & FLAGS.contentSize) === 0 ? 7 : 15,
    blockBytesMax,
    areLinked: (flags & FLAGS.linked) === 0,
    checksumBytes: (flags & FLAGS.blockChecksums) === 0 ? 0 : 4,
  }
}

/** The output, or a larger one that begins with it. */
function withRoom(
  output: Uint8Array<ArrayBuffer>,
  sizeBytes: number,
  limitBytes: number,
): Uint8Array<ArrayBuffer> {
  if (sizeBytes <= output.length) return output
  if (output.length >= limitBytes + SLACK_BYTES) return output
  const grown = new Uint8Array(
    Math.min(limitBytes + SLACK_BYTES, Math.max(sizeBytes, 2 * output.length)),
  )
  grown.set(output)
  return grown
}

const cut = (): Error => corrupt('an lz4 frame ends inside a block')
