/** The bytes of Parquet's footer, page headers and page indexes; see {@link ../metadata.ts} for their meaning. */
import {
  ENCODING,
  type LogicalType,
  PAGE,
  type SchemaElement,
  type Statistics,
} from '../metadata.ts'
import { type StructWriter, ThriftWriter } from '../thrift.ts'
import type { BoundBytes } from './bounds.ts'

export interface WrittenChunk {
  readonly physical: number
  readonly encodings: readonly number[]
  readonly path: readonly string[]
  readonly codec: number
  readonly valueCount: number
  readonly uncompressedBytes: number
  readonly compressedBytes: number
  readonly dataPageOffset: number
  readonly dictionaryPageOffset: number | undefined
  readonly statistics: Statistics
  /** The bounds of all values, also of those that the footer leaves out: long ones, and of floats among which is NaN. */
  readonly range: BoundBytes | null
  readonly encodingStats: readonly { pageType: number; encoding: number; count: number }[]
  readonly pages: readonly WrittenPage[]
  readonly boundaryOrder: number
  /** The order of two bounds of the column. */
  readonly compareBounds: (a: Uint8Array, b: Uint8Array) => number
  /** Whether the chunk has bounds for every page, so that a column index can be written. */
  readonly hasColumnIndex: boolean
  offsetIndex?: { offset: number; length: number }
  columnIndex?: { offset: number; length: number }
}

export interface WrittenPage {
  readonly offset: number
  readonly compressedBytes: number
  readonly firstRow: number
  readonly nullCount: number
  readonly isNull: boolean
  /** Bounds, shortened to what a column index holds. */
  readonly min: Uint8Array
  readonly max: Uint8Array
}

export interface WrittenRowGroup {
  readonly columns: readonly WrittenChunk[]
  readonly rowCount: number
  readonly fileOffset: number
}

export interface WrittenFile {
  readonly schema: readonly SchemaElement[]
  readonly rowCount: number
  readonly rowGroups: readonly WrittenRowGroup[]
  readonly createdBy: string
  readonly leafCount: number
}

/** The footer struct, without its length and the magic. */
export function fileMetadataBytes(file: WrittenFile): Uint8Array {
  const out = new ThriftWriter()
  out.struct((w) => {
    w.i32(1, 1)
    w.structs(2, file.schema, writeSchemaElement)
    w.i64(3, file.rowCount)
    w.structs(4, [...file.rowGroups.entries()], ([ordinal, group], g) =>
      writeRowGroup(group, ordinal, g),
    )
    w.text(6, file.createdBy)
    // Every column's order is the one its type defines.
    const orders = Array.from({ length: file.leafCount }, () => null)
    w.structs(7, orders, (_, order) => order.struct(1, () => {}))
  })
  return out.finish()
}

function writeSchemaElement(element: SchemaElement, w: StructWriter): void {
  const { logical } = element
  w.i32(1, element.physical)
  w.i32(2, element.typeLength)
  w.i32(3, element.repetition)
  w.text(4, element.name)
  w.i32(5, element.childCount)
  w.i32(6, element.converted)
  w.i32(7, element.scale)
  w.i32(8, element.precision)
  w.i32(9, element.fieldId)
  if (logical !== undefined) w.struct(10, (l) => writeLogicalType(logical, l))
}

const TIME_UNIT_IDS = { MILLIS: 1, MICROS: 2, NANOS: 3 }
const EMPTY_LOGICAL_IDS: Partial<Record<LogicalType['kind'], number>> = {
  STRING: 1,
  MAP: 2,
  LIST: 3,
  DATE: 6,
}

function writeLogicalType(logical: LogicalType, w: StructWriter): void {
  switch (logical.kind) {
    case 'DECIMAL':
      w.struct(5, (d) => {
        d.i32(1, logical.scale)
        d.i32(2, logical.precision)
      })
      return
    case 'TIME':
    case 'TIMESTAMP':
      w.struct(logical.kind === 'TIME' ? 7 : 8, (t) => {
        t.bool(1, logical.utc)
        t.struct(2, (unit) => unit.struct(TIME_UNIT_IDS[logical.unit], () => {}))
      })
      return
    case 'INTEGER':
      w.struct(10, (i) => {
        i.i8(1, logical.bits)
        i.bool(2, logical.signed)
      })
      return
    default: {
      const id = EMPTY_LOGICAL_IDS[logical.kind]
      if (id === undefined) throw new Error(`logical type ${logical.kind} is not written`)
      w.struct(id, () => {})
    }
  }
}

function writeRowGroup(group: WrittenRowGroup, ordinal: number, w: StructWriter): void {
  const sum = (of: (chunk: WrittenChunk) => number): number =>
    group.columns.reduce((total, chunk) => total + of(chunk), 0)
  w.structs(1, group.columns, writeColumnChunk)
  w.i64(
    2,
    sum((chunk) => chunk.uncompressedBytes),
  )
  w.i64(3, group.rowCount)
  w.i64(5, group.fileOffset)
  w.i64(
    6,
    sum((chunk) => chunk.compressedBytes),
  )
  if (ordinal < 2 ** 15) w.i16(7, ordinal)
}

function writeColumnChunk(chunk: WrittenChunk, w: StructWriter): void {
  w.i64(2, chunk.dictionaryPageOffset ?? chunk.dataPageOffset)
  w.struct(3, (m) => writeColumnMetadata(chunk, m))
  w.i64(4, chunk.offsetIndex?.offset)
  w.i32(5, chunk.offsetIndex?.length)
  w.i64(6, chunk.columnIndex?.offset)
  w.i32(7, chunk.columnIndex?.length)
}

function writeColumnMetadata(chunk: WrittenChunk, w: StructWriter): void {
  w.i32(1, chunk.physical)
  w.i32s(2, chunk.encodings)
  w.texts(3, chunk.path)
  w.i32(4, chunk.codec)
  w.i64(5, chunk.valueCount)
  w.i64(6, chunk.uncompressedBytes)
  w.i64(7, chunk.compressedBytes)
  w.i64(9, chunk.dataPageOffset)
  w.i64(11, chunk.dictionaryPageOffset)
  w.struct(12, (s) => writeStatistics(chunk.statistics, s))
  w.structs(13, chunk.encodingStats, (stats, s) => {
    s.i32(1, stats.pageType)
    s.i32(2, stats.encoding)
    s.i32(3, stats.count)
  })
}

function writeStatistics({ min, max, nullCount }: Statistics, w: StructWriter): void {
  w.i64(3, nullCount)
  w.binary(5, max)
  w.binary(6, min)
}

/** The header of a data page of version 1 or of a dictionary page. */
export function pageHeaderBytes(page: {
  type: number
  uncompressedBytes: number
  compressedBytes: number
  crc: number
  valueCount: number
  encoding: number
}): Uint8Array {
  const out = new ThriftWriter()
  const isDictionary = page.type === PAGE.DICTIONARY
  out.struct((w) => {
    w.i32(1, page.type)
    w.i32(2, page.uncompressedBytes)
    w.i32(3, page.compressedBytes)
    w.i32(4, page.crc | 0)
    w.struct(isDictionary ? 7 : 5, (d) => {
      d.i32(1, page.valueCount)
      d.i32(2, page.encoding)
      if (isDictionary) return
      d.i32(3, ENCODING.RLE)
      d.i32(4, ENCODING.RLE)
    })
  })
  return out.finish()
}

export function offsetIndexBytes(pages: readonly WrittenPage[]): Uint8Array {
  const out = new ThriftWriter()
  out.struct((w) =>
    w.structs(1, pages, (page, p) => {
      p.i64(1, page.offset)
      p.i32(2, page.compressedBytes)
      p.i64(3, page.firstRow)
    }),
  )
  return out.finish()
}

export function columnIndexBytes(chunk: WrittenChunk): Uint8Array {
  const out = new ThriftWriter()
  const { pages } = chunk
  out.struct((w) => {
    w.bools(
      1,
      pages.map((page) => page.isNull),
    )
    w.binaries(
      2,
      pages.map((page) => page.min),
    )
    w.binaries(
      3,
      pages.map((page) => page.max),
    )
    w.i32(4, chunk.boundaryOrder)
    w.i64s(
      5,
      pages.map((page) => page.nullCount),
    )
  })
  return out.finish()
}
