/** Parquet files taken apart into pages and put together again, so that a test can change what lies behind a checksum. */
import { crc32 } from 'node:zlib'

import { decompress } from '../../src/format/codec.ts'
import {
  chunkStart,
  CODEC,
  type ColumnChunk,
  type ColumnIndex,
  ENCODING,
  PAGE,
  type PageHeader,
  type PageLocation,
  type SchemaElement,
} from '../../src/format/parquet/metadata.ts'
import {
  readColumnIndex,
  readOffsetIndex,
  readPageHeader,
} from '../../src/format/parquet/read/page-metadata.ts'
import { codecOf, isDataPage } from '../../src/format/parquet/read/page.ts'
import { ThriftReader, ThriftWriter } from '../../src/format/parquet/thrift.ts'
import {
  fileMetadataBytes,
  type WrittenChunk,
  type WrittenRowGroup,
} from '../../src/format/parquet/write/metadata-writer.ts'
import { openBytes } from './parquet.ts'

/** A page with its body decompressed: levels, then values. */
export interface RawPage {
  readonly type: number
  readonly valueCount: number
  readonly encoding: number
  readonly definitionEncoding?: number
  readonly repetitionEncoding?: number
  readonly v2?: PageHeader['v2']
  readonly body: Uint8Array
  /** What stands in the file instead of the body, where the chunk has a codec. */
  readonly packed?: Uint8Array
  /** The checksum, right or wrong. */
  readonly crc?: number
}

export interface RawChunk {
  readonly physical: number
  readonly path: readonly string[]
  readonly valueCount: number
  readonly codec?: number
  readonly pages: readonly RawPage[]
  /** Bytes behind the last page that belong to the chunk. */
  readonly padding?: Uint8Array
}

export interface RawFile {
  readonly schema: readonly SchemaElement[]
  readonly rowGroups: readonly { readonly rowCount: number; readonly chunks: readonly RawChunk[] }[]
  readonly createdBy?: string
}

/** Takes a file apart. */
export async function dismantle(bytes: Uint8Array): Promise<RawFile> {
  const { metadata } = await openBytes(bytes)
  return {
    schema: metadata.schema,
    rowGroups: metadata.rowGroups.map((group) => ({
      rowCount: group.rowCount,
      chunks: group.columns.map((chunk) => ({
        physical: chunk.physical,
        path: chunk.path,
        valueCount: chunk.valueCount,
        pages: pagesOf(bytes, chunk),
      })),
    })),
  }
}

/** The headers of a chunk's pages and where their bodies lie. */
export function pageHeaders(
  bytes: Uint8Array,
  chunk: ColumnChunk,
): { header: PageHeader; at: number; from: number; to: number }[] {
  const pages = []
  const start = chunkStart(chunk)
  for (let at = start; at < start + chunk.compressedBytes;) {
    const reader = new ThriftReader(bytes, at)
    const header = readPageHeader(reader)
    const from = reader.position
    const to = from + header.compressedBytes
    pages.push({ header, at, from, to })
    at = to
  }
  return pages
}

function pagesOf(bytes: Uint8Array, chunk: ColumnChunk): RawPage[] {
  return pageHeaders(bytes, chunk).map(({ header, from, to }) => {
    const body = bytes.slice(from, to)
    const { v2, type, valueCount, encoding, definitionEncoding, repetitionEncoding } = header
    const levels = v2 === undefined ? 0 : v2.definitionBytes + v2.repetitionBytes
    const size = header.uncompressedBytes - levels
    const isPlain = v2?.compressed === false || chunk.codec === CODEC.UNCOMPRESSED || size === 0
    const values = isPlain
      ? body.subarray(levels)
      : decompress(codecOf(chunk.codec), body.subarray(levels), size)
    return {
      type,
      valueCount,
      encoding,
      definitionEncoding,
      repetitionEncoding,
      ...(v2 !== undefined && { v2: { ...v2, compressed: false } }),
      body: new Uint8Array(Buffer.concat([body.subarray(0, levels), values])),
    }
  })
}

const MAGIC = new TextEncoder().encode('PAR1')

/** Puts a file together, uncompressed and without indexes; the pages have checksums only when asked for. */
export function assemble(file: RawFile, options: { crc?: boolean } = {}): Uint8Array {
  const parts: Uint8Array[] = [MAGIC]
  let offset = MAGIC.length
  const put = (bytes: Uint8Array): void => {
    parts.push(bytes)
    offset += bytes.length
  }
  const rowGroups = file.rowGroups.map((group): WrittenRowGroup => {
    const fileOffset = offset
    const columns = group.chunks.map((chunk) => {
      const start = offset
      let dataPageOffset: number | undefined
      for (const page of chunk.pages) {
        if (page.type !== PAGE.DICTIONARY) dataPageOffset ??= offset
        put(headerBytes(page, options.crc === true))
        put(page.packed ?? page.body)
      }
      put(chunk.padding ?? new Uint8Array(0))
      return chunkOf(chunk, start, dataPageOffset ?? start, offset)
    })
    return { columns, rowCount: group.rowCount, fileOffset }
  })
  const footer = fileMetadataBytes({
    schema: file.schema,
    rowCount: file.rowGroups.reduce((sum, group) => sum + group.rowCount, 0),
    rowGroups,
    createdBy: file.createdBy ?? 'test',
    leafCount: file.rowGroups[0]?.chunks.length ?? 0,
  })
  put(footer)
  const tail = Buffer.alloc(8)
  tail.writeUInt32LE(footer.length)
  tail.set(MAGIC, 4)
  put(tail)
  return new Uint8Array(Buffer.concat(parts))
}

function chunkOf(
  chunk: RawChunk,
  start: number,
  dataPageOffset: number,
  end: number,
): WrittenChunk {
  const { physical, path, valueCount } = chunk
  return {
    physical,
    encodings: [ENCODING.PLAIN],
    path,
    codec: chunk.codec ?? CODEC.UNCOMPRESSED,
    valueCount,
    uncompressedBytes: end - start,
    compressedBytes: end - start,
    dataPageOffset,
    dictionaryPageOffset: dataPageOffset > start ? start : undefined,
    statistics: {},
    range: null,
    encodingStats: [],
    pages: [],
    boundaryOrder: 0,
    compareBounds: () => 0,
    hasColumnIndex: false,
  }
}

function headerBytes(page: RawPage, withCrc: boolean): Uint8Array {
  const { type, valueCount, encoding, body, v2, packed = body } = page
  const out = new ThriftWriter()
  const crc = page.crc ?? (withCrc ? crc32(packed) : undefined)
  out.struct((w) => {
    w.i32(1, type)
    w.i32(2, body.length)
    w.i32(3, packed.length)
    w.i32(4, crc === undefined ? undefined : crc | 0)
    if (v2 !== undefined)
      w.struct(8, (d) => {
        d.i32(1, valueCount)
        d.i32(2, v2.nullCount)
        d.i32(3, v2.rowCount)
        d.i32(4, encoding)
        d.i32(5, v2.definitionBytes)
        d.i32(6, v2.repetitionBytes)
        d.bool(7, v2.compressed)
      })
    else
      w.struct(type === PAGE.DICTIONARY ? 7 : 5, (d) => {
        d.i32(1, valueCount)
        d.i32(2, encoding)
        if (type === PAGE.DICTIONARY) return
        d.i32(3, page.definitionEncoding ?? ENCODING.RLE)
        d.i32(4, page.repetitionEncoding ?? ENCODING.RLE)
      })
  })
  return out.finish()
}

/** A column chunk of a file with its pages and its indexes. */
export interface InspectedChunk {
  readonly chunk: ColumnChunk
  readonly pages: readonly { header: PageHeader; at: number; from: number; to: number }[]
  readonly dataPages: readonly PageHeader[]
  readonly dictionary: PageHeader | undefined
  readonly offsetIndex: readonly PageLocation[] | null
  readonly columnIndex: ColumnIndex | null
}

/** The chunks of every row group. */
export async function inspect(bytes: Uint8Array): Promise<InspectedChunk[][]> {
  const { metadata } = await openBytes(bytes)
  return metadata.rowGroups.map((group) =>
    group.columns.map((chunk) => {
      const pages = pageHeaders(bytes, chunk)
      const { offsetIndexOffset: o, offsetIndexLength: ol } = chunk
      const { columnIndexOffset: c, columnIndexLength: cl } = chunk
      return {
        chunk,
        pages,
        dataPages: pages.map(({ header }) => header).filter(isDataPage),
        dictionary: pages.map(({ header }) => header).find(({ type }) => type === PAGE.DICTIONARY),
        offsetIndex: o === undefined ? null : readOffsetIndex(bytes.subarray(o, o + ol!)),
        columnIndex: c === undefined ? null : readColumnIndex(bytes.subarray(c, c + cl!)),
      }
    }),
  )
}

/** The footer of a file. */
export function footerOf(bytes: Uint8Array): { from: number; to: number } {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 8, true)
  return { from: bytes.length - 8 - length, to: bytes.length - 8 }
}
