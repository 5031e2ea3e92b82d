/**
 * Parquet's footer, page headers and page indexes as plain objects, as they are read and written.
 *
 * Specification: parquet.thrift of parquet-format 2.11.
 */

export const PHYSICAL = {
  BOOLEAN: 0,
  INT32: 1,
  INT64: 2,
  INT96: 3,
  FLOAT: 4,
  DOUBLE: 5,
  BYTE_ARRAY: 6,
  FIXED_LEN_BYTE_ARRAY: 7,
} as const

export const ENCODING = {
  PLAIN: 0,
  PLAIN_DICTIONARY: 2,
  RLE: 3,
  BIT_PACKED: 4,
  DELTA_BINARY_PACKED: 5,
  DELTA_LENGTH_BYTE_ARRAY: 6,
  DELTA_BYTE_ARRAY: 7,
  RLE_DICTIONARY: 8,
  BYTE_STREAM_SPLIT: 9,
} as const

export const CODEC = {
  UNCOMPRESSED: 0,
  SNAPPY: 1,
  GZIP: 2,
  LZO: 3,
  BROTLI: 4,
  LZ4: 5,
  ZSTD: 6,
  LZ4_RAW: 7,
} as const

export const PAGE = { DATA: 0, INDEX: 1, DICTIONARY: 2, DATA_V2: 3 } as const

/** A page above this is neither read nor written: positions of single bits must fit in 31 bits. */
export const PAGE_BYTES_MAX = 2 ** 28 - 1
/** A few bytes of levels can stand for any number of values; a page of more than these is neither read nor written. */
export const PAGE_VALUES_MAX = 2 ** 26

export const REPETITION = { REQUIRED: 0, OPTIONAL: 1, REPEATED: 2 } as const

/** `ConvertedType`, the older annotation, by its number. */
export const CONVERTED = {
  UTF8: 0,
  MAP: 1,
  MAP_KEY_VALUE: 2,
  LIST: 3,
  ENUM: 4,
  DECIMAL: 5,
  DATE: 6,
  TIME_MILLIS: 7,
  TIME_MICROS: 8,
  TIMESTAMP_MILLIS: 9,
  TIMESTAMP_MICROS: 10,
  UINT_8: 11,
  UINT_16: 12,
  UINT_32: 13,
  UINT_64: 14,
  INT_8: 15,
  INT_16: 16,
  INT_32: 17,
  INT_64: 18,
  JSON: 19,
  BSON: 20,
  INTERVAL: 21,
} as const

export type TimeUnit = 'MILLIS' | 'MICROS' | 'NANOS'

export type LogicalType =
  | { readonly kind: 'STRING' | 'MAP' | 'LIST' | 'ENUM' | 'DATE' | 'JSON' | 'BSON' }
  | { readonly kind: 'UUID' | 'FLOAT16' | 'UNKNOWN' | 'VARIANT' | 'OTHER' }
  | { readonly kind: 'DECIMAL'; readonly scale: number; readonly precision: number }
  | { readonly kind: 'TIME' | 'TIMESTAMP'; readonly utc: boolean; readonly unit: TimeUnit }
  | { readonly kind: 'INTEGER'; readonly bits: number; readonly signed: boolean }

export interface SchemaElement {
  readonly name: string
  readonly physical?: number
  readonly typeLength?: number
  readonly repetition?: number
  readonly childCount?: number
  readonly converted?: number
  readonly scale?: number
  readonly precision?: number
  readonly fieldId?: number
  readonly logical?: LogicalType
}

/** Bounds of a column chunk or a page; `min`/`max` are the fields whose order is the column's own. */
export interface Statistics {
  readonly min?: Uint8Array
  readonly max?: Uint8Array
  readonly nullCount?: number
}

export interface ColumnChunk {
  readonly physical: number
  readonly encodings: readonly number[]
  readonly path: readonly string[]
  readonly codec: number
  readonly valueCount: number
  readonly uncompressedBytes: number
  readonly compressedBytes: number
  readonly dataPageOffset: number
  readonly dictionaryPageOffset?: number
  readonly statistics?: Statistics
  readonly bloomFilterOffset?: number
  readonly bloomFilterLength?: number
  readonly offsetIndexOffset?: number
  readonly offsetIndexLength?: number
  readonly columnIndexOffset?: number
  readonly columnIndexLength?: number
}

/** Where a chunk begins: with its dictionary, where it has one in front of its data. */
export function chunkStart({ dictionaryPageOffset = 0, dataPageOffset }: ColumnChunk): number {
  const hasDictionary = dictionaryPageOffset > 0 && dictionaryPageOffset < dataPageOffset
  return hasDictionary ? dictionaryPageOffset : dataPageOffset
}

export interface RowGroup {
  readonly columns: readonly ColumnChunk[]
  readonly uncompressedBytes: number
  readonly rowCount: number
}

export interface FileMetadata {
  readonly version: number
  readonly schema: readonly SchemaElement[]
  readonly rowCount: number
  readonly rowGroups: readonly RowGroup[]
  readonly keyValues: ReadonlyMap<string, string>
  readonly createdBy: string | undefined
}

export interface PageHeader {
  readonly type: number
  readonly uncompressedBytes: number
  readonly compressedBytes: number
  readonly crc?: number
  /** Values of the page, nulls included; of a dictionary page, its entries. */
  readonly valueCount: number
  readonly encoding: number
  /** Version 1 only: how levels are encoded. */
  readonly definitionEncoding: number
  readonly repetitionEncoding: number
  /** Version 2 only. */
  readonly v2?: {
    readonly nullCount: number
    readonly rowCount: number
    readonly definitionBytes: number
    readonly repetitionBytes: number
    readonly compressed: boolean
  }
}

export interface PageLocation {
  readonly offset: number
  readonly compressedBytes: number
  readonly firstRow: number
}

export interface ColumnIndex {
  readonly nullPages: readonly boolean[]
  readonly minValues: readonly Uint8Array[]
  readonly maxValues: readonly Uint8Array[]
  readonly nullCounts: readonly number[] | undefined
}
