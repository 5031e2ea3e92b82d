/** One page: its header, its checksum, and where levels and values lie in its decompressed bytes. */
import { allocateBytes } from '../../../io/allocate.ts'
import { corrupt, unsupported } from '../../../util/errors.ts'
import { checkCrc, decompressInWorker } from '../../codec-workers.ts'
import { type Codec, decompress, hasOwnBuffers } from '../../codec.ts'
import { CODEC, ENCODING, PAGE, PAGE_BYTES_MAX, type PageHeader } from '../metadata.ts'
import type { LeafNode } from '../tree.ts'

/** Below this a page is decompressed at once: handing it to another thread costs more. */
const SYNC_BYTES = 8 << 10

export interface Levels {
  readonly encoding: number
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
}

export interface DataPage {
  /** Values of the page, nulls included. */
  readonly valueCount: number
  readonly encoding: number
  /** Null where every value of the column has level zero. */
  readonly repetition: Levels | null
  readonly definition: Levels | null
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
}

export function isDataPage(header: PageHeader): boolean {
  return header.type === PAGE.DATA || header.type === PAGE.DATA_V2
}

/** The codec of a column chunk by the footer's number. */
export function codecOf(codec: number): Codec {
  switch (codec) {
    case CODEC.UNCOMPRESSED:
      return 'none'
    case CODEC.SNAPPY:
      return 'snappy'
    case CODEC.GZIP:
      return 'gzip'
    case CODEC.BROTLI:
      return 'brotli'
    case CODEC.LZ4:
      return 'lz4'
    case CODEC.ZSTD:
      return 'zstd'
    case CODEC.LZ4_RAW:
      return 'lz4_raw'
    default:
      throw unsupported(`parquet codec ${codec}${codec === CODEC.LZO ? ' (LZO)' : ''}`)
  }
}

export interface PageBody {
  /** The decompressed bytes, to be asked for once. */
  readonly take: () => Uint8Array | Promise<Uint8Array>
  /** Whether nothing else lies in their buffer. */
  readonly isOwn: boolean
}

/** The page's bytes behind its header, checked, whose decompression is under way. */
export function loadBody(header: PageHeader, body: Uint8Array, codec: Codec): PageBody {
  const { crc, uncompressedBytes, v2 } = header
  if (uncompressedBytes > PAGE_BYTES_MAX)
    throw unsupported(`a page of ${uncompressedBytes} bytes; ${PAGE_BYTES_MAX} are the most`)
  const levelBytes = v2 === undefined ? 0 : v2.definitionBytes + v2.repetitionBytes
  const isApart = codec !== 'none' && codec !== 'lz4' && v2?.compressed !== false
  const isWhole = levelBytes === 0 && body.length > 0 && uncompressedBytes > SYNC_BYTES
  if (isApart && isWhole) {
    const take = decompressInWorker(codec, body, uncompressedBytes, crc)
    return { take, isOwn: hasOwnBuffers(codec) }
  }
  checkCrc(body, crc)
  const take = loadLeveled(header, body, codec, levelBytes)
  return { take, isOwn: false }
}

/** A page that is small, not compressed, or has levels before what is compressed. */
function loadLeveled(
  header: PageHeader,
  body: Uint8Array,
  codec: Codec,
  levelBytes: number,
): PageBody['take'] {
  const { uncompressedBytes, v2 } = header
  if (codec === 'none' || v2?.compressed === false) {
    if (body.length !== uncompressedBytes) throw corrupt('an uncompressed page has two sizes')
    return () => body
  }
  if (levelBytes > body.length || levelBytes > uncompressedBytes)
    throw corrupt('the levels of a page run past its end')
  const size = uncompressedBytes - levelBytes
  const packed = body.subarray(levelBytes)
  const levels = body.subarray(0, levelBytes)
  if (packed.length === 0 || size === 0) return () => levels
  if (codec === 'lz4') return () => joined(levels, decompressLz4(packed, size))
  if (uncompressedBytes <= SYNC_BYTES) return () => joined(levels, decompress(codec, packed, size))
  const values = decompressInWorker(codec, packed, size)
  return () => {
    const bytes = values()
    return bytes instanceof Uint8Array
      ? joined(levels, bytes)
      : bytes.then((whole) => joined(levels, whole))
  }
}

/** The codec LZ4 is Hadoop's frames, but some writers put a bare block under its name. */
function decompressLz4(packed: Uint8Array, size: number): Uint8Array {
  try {
    return decompress('lz4', packed, size)
  } catch (error) {
    try {
      return decompress('lz4_raw', packed, size)
    } catch {
      throw error
    }
  }
}

function joined(levels: Uint8Array, values: Uint8Array): Uint8Array {
  if (levels.length === 0) return values
  const whole = allocateBytes(levels.length + values.length)
  whole.set(levels)
  whole.set(values, levels.length)
  return whole
}

/** Finds levels and values in the decompressed bytes of a data page. */
export function splitPage(header: PageHeader, bytes: Uint8Array, leaf: LeafNode): DataPage {
  const { valueCount, encoding, v2 } = header
  const base = { valueCount, encoding, bytes, to: bytes.length }
  if (v2 !== undefined) {
    const definitionFrom = v2.repetitionBytes
    const from = definitionFrom + v2.definitionBytes
    if (from > bytes.length) throw corrupt('the levels of a page run past its end')
    const levels = (start: number, to: number): Levels => ({
      encoding: ENCODING.RLE,
      bytes,
      from: start,
      to,
    })
    return {
      ...base,
      from,
      repetition: leaf.repetitionLevel > 0 ? levels(0, definitionFrom) : null,
      definition: leaf.definition > 0 ? levels(definitionFrom, from) : null,
    }
  }
  let from = 0
  const levels = (max: number, levelEncoding: number): Levels | null => {
    if (max === 0) return null
    const found = levelsV1(bytes, from, max, levelEncoding, valueCount)
    from = found.to
    return found
  }
  const repetition = levels(leaf.repetitionLevel, header.repetitionEncoding)
  const definition = levels(leaf.definition, header.definitionEncoding)
  return { ...base, from, repetition, definition }
}

function levelsV1(
  bytes: Uint8Array,
  from: number,
  max: number,
  encoding: number,
  count: number,
): Levels {
  if (encoding === ENCODING.BIT_PACKED) {
    const to = from + Math.ceil((count * (32 - Math.clz32(max))) / 8)
    if (to > bytes.length) throw corrupt('the levels of a page run past its end')
    return { encoding, bytes, from, to }
  }
  if (encoding !== ENCODING.RLE) throw unsupported(`levels of parquet encoding ${encoding}`)
  if (from + 4 > bytes.length) throw corrupt('the levels of a page run past its end')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = view.getUint32(from, true)
  const start = from + 4
  if (length > bytes.length - start) throw corrupt('the levels of a page run past its end')
  return { encoding, bytes, from: start, to: start + length }
}
