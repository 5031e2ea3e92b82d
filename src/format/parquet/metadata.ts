/**
 * Parquet's footer, page headers and page indexes as plain objects.
 *
 * Specification: parquet.thrift of parquet-format 2.11. Required fields are checked as each struct is read, so what
 * leaves this file has every field that its type names.
 */
import { corrupt } from '../../util/errors.ts'
import { THRIFT, ThriftReader } from './thrift.ts'

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

type Draft<T> = { -readonly [K in keyof T]?: T[K] | undefined }

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw corrupt(`parquet metadata lacks ${name}`)
  return value
}

export function readFileMetadata(bytes: Uint8Array): FileMetadata {
  const reader = new ThriftReader(bytes)
  const draft: Draft<FileMetadata> = {}
  const keyValues = new Map<string, string>()
  reader.struct((id, type) => {
    if (id === 1) draft.version = reader.int(type)
    else if (id === 2) draft.schema = reader.list(type, () => readSchemaElement(reader))
    else if (id === 3) draft.rowCount = reader.count(type)
    else if (id === 4) draft.rowGroups = reader.list(type, () => readRowGroup(reader))
    else if (id === 5) reader.list(type, () => readKeyValue(reader, keyValues))
    else if (id === 6) draft.createdBy = reader.text(type)
    else reader.skip(type)
  })
  return {
    version: required(draft.version, 'its version'),
    schema: required(draft.schema, 'its schema'),
    rowCount: required(draft.rowCount, 'its row count'),
    rowGroups: required(draft.rowGroups, 'its row groups'),
    keyValues,
    createdBy: draft.createdBy,
  }
}

function readKeyValue(reader: ThriftReader, into: Map<string, string>): void {
  let key: string | undefined
  let value = ''
  reader.struct((id, type) => {
    if (id === 1) key = reader.text(type)
    else if (id === 2) value = reader.text(type)
    else reader.skip(type)
  })
  into.set(required(key, 'a key'), value)
}

function readSchemaElement(reader: ThriftReader): SchemaElement {
  const draft: Draft<SchemaElement> = {}
  reader.struct((id, type) => {
    if (id === 1) draft.physical = reader.int(type)
    else if (id === 2) draft.typeLength = reader.int(type)
    else if (id === 3) draft.repetition = reader.int(type)
    else if (id === 4) draft.name = reader.text(type)
    else if (id === 5) draft.childCount = reader.int(type)
    else if (id === 6) draft.converted = reader.int(type)
    else if (id === 7) draft.scale = reader.int(type)
    else if (id === 8) draft.precision = reader.int(type)
    else if (id === 9) draft.fieldId = reader.int(type)
    else if (id === 10) draft.logical = readLogicalType(reader)
    else reader.skip(type)
  })
  const { name, ...rest } = draft
  return { ...(rest as Omit<SchemaElement, 'name'>), name: required(name, 'a column name') }
}

const SIMPLE_LOGICAL: Record<number, 'STRING' | 'MAP' | 'LIST' | 'ENUM' | 'DATE'> = {
  1: 'STRING',
  2: 'MAP',
  3: 'LIST',
  4: 'ENUM',
  6: 'DATE',
}

const LATER_LOGICAL: Record<number, 'UNKNOWN' | 'JSON' | 'BSON' | 'UUID' | 'FLOAT16' | 'VARIANT'> =
  { 11: 'UNKNOWN', 12: 'JSON', 13: 'BSON', 14: 'UUID', 15: 'FLOAT16', 16: 'VARIANT' }

function readLogicalType(reader: ThriftReader): LogicalType {
  let logical: LogicalType = { kind: 'OTHER' }
  reader.struct((id, type) => {
    if (type !== THRIFT.STRUCT) reader.skip(type)
    else if (id === 5) logical = readDecimalType(reader)
    else if (id === 7 || id === 8) logical = readTimeType(reader, id === 7 ? 'TIME' : 'TIMESTAMP')
    else if (id === 10) logical = readIntegerType(reader)
    else {
      const kind = SIMPLE_LOGICAL[id] ?? LATER_LOGICAL[id]
      if (kind !== undefined) logical = { kind }
      reader.skip(type)
    }
  })
  return logical
}

function readDecimalType(reader: ThriftReader): LogicalType {
  let scale = 0
  let precision = 0
  reader.struct((id, type) => {
    if (id === 1) scale = reader.int(type)
    else if (id === 2) precision = reader.int(type)
    else reader.skip(type)
  })
  return { kind: 'DECIMAL', scale, precision }
}

const TIME_UNITS: Record<number, TimeUnit> = { 1: 'MILLIS', 2: 'MICROS', 3: 'NANOS' }

function readTimeType(reader: ThriftReader, kind: 'TIME' | 'TIMESTAMP'): LogicalType {
  let utc = true
  let unit: TimeUnit | undefined
  reader.struct((id, type) => {
    if (id === 1) utc = reader.bool(type)
    else if (id === 2)
      reader.struct((unitId, unitType) => {
        unit = TIME_UNITS[unitId]
        reader.skip(unitType)
      })
    else reader.skip(type)
  })
  return { kind, utc, unit: required(unit, 'a time unit') }
}

function readIntegerType(reader: ThriftReader): LogicalType {
  let bits = 0
  let signed = true
  reader.struct((id, type) => {
    if (id === 1) bits = reader.int(type)
    else if (id === 2) signed = reader.bool(type)
    else reader.skip(type)
  })
  return { kind: 'INTEGER', bits, signed }
}

function readRowGroup(reader: ThriftReader): RowGroup {
  const draft: Draft<RowGroup> = {}
  reader.struct((id, type) => {
    if (id === 1) draft.columns = reader.list(type, () => readColumnChunk(reader))
    else if (id === 2) draft.uncompressedBytes = reader.count(type)
    else if (id === 3) draft.rowCount = reader.count(type)
    else reader.skip(type)
  })
  return {
    columns: required(draft.columns, 'the columns of a row group'),
    uncompressedBytes: draft.uncompressedBytes ?? 0,
    rowCount: required(draft.rowCount, 'the row count of a row group'),
  }
}

function readColumnChunk(reader: ThriftReader): ColumnChunk {
  let meta: ColumnChunk | undefined
  const index: Draft<ColumnChunk> = {}
  reader.struct((id, type) => {
    if (id === 1) {
      if (reader.text(type) !== '') throw corrupt('a column chunk lies in another file')
    } else if (id === 3) meta = readColumnMetadata(reader)
    else if (id === 4) index.offsetIndexOffset = reader.count(type)
    else if (id === 5) index.offsetIndexLength = reader.int(type)
    else if (id === 6) index.columnIndexOffset = reader.count(type)
    else if (id === 7) index.columnIndexLength = reader.int(type)
    else reader.skip(type)
  })
  return { ...required(meta, 'the metadata of a column'), ...(index as Partial<ColumnChunk>) }
}

function readColumnMetadata(reader: ThriftReader): ColumnChunk {
  const draft: Draft<ColumnChunk> = {}
  reader.struct((id, type) => {
    if (id === 1) draft.physical = reader.int(type)
    else if (id === 2) draft.encodings = reader.list(type, (element) => reader.int(element))
    else if (id === 3) draft.path = reader.list(type, (element) => reader.text(element))
    else if (id === 4) draft.codec = reader.int(type)
    else if (id === 5) draft.valueCount = reader.count(type)
    else if (id === 6) draft.uncompressedBytes = reader.count(type)
    else if (id === 7) draft.compressedBytes = reader.count(type)
    else if (id === 9) draft.dataPageOffset = reader.count(type)
    else if (id === 11) draft.dictionaryPageOffset = reader.count(type)
    else if (id === 12) draft.statistics = readStatistics(reader)
    else if (id === 14) draft.bloomFilterOffset = reader.count(type)
    // An old writer put a list of its own under this id.
    else if (id === 15 && type === THRIFT.I32) draft.bloomFilterLength = reader.int(type)
    else reader.skip(type)
  })
  required(draft.physical, 'the type of a column')
  required(draft.path, 'the path of a column')
  required(draft.codec, 'the codec of a column')
  required(draft.valueCount, 'the value count of a column')
  required(draft.compressedBytes, 'the size of a column')
  required(draft.dataPageOffset, 'the place of a column')
  return { encodings: [], uncompressedBytes: 0, ...draft } as ColumnChunk
}

/** The older `min` and `max` (fields 1 and 2) are left out: their order is not defined for every type. */
function readStatistics(reader: ThriftReader): Statistics {
  const draft: Draft<Statistics> = {}
  reader.struct((id, type) => {
    if (id === 3) draft.nullCount = reader.count(type)
    else if (id === 5) draft.max = reader.binary(type)
    else if (id === 6) draft.min = reader.binary(type)
    else reader.skip(type)
  })
  return draft as Statistics
}

/** Reads the page header at the reader's position and leaves the reader behind it. */
export function readPageHeader(reader: ThriftReader): PageHeader {
  const draft: Draft<PageHeader> = {}
  reader.struct((id, type) => {
    if (id === 1) draft.type = reader.int(type)
    else if (id === 2) draft.uncompressedBytes = reader.int(type)
    else if (id === 3) draft.compressedBytes = reader.int(type)
    else if (id === 4) draft.crc = reader.int(type)
    else if (id === 5 || id === 7) readPageV1(reader, draft)
    else if (id === 8) readPageV2(reader, draft)
    else reader.skip(type)
  })
  const uncompressedBytes = required(draft.uncompressedBytes, 'the size of a page')
  const compressedBytes = required(draft.compressedBytes, 'the size of a page')
  if (uncompressedBytes < 0 || compressedBytes < 0) throw corrupt('a page has a negative size')
  const valueCount = draft.valueCount ?? 0
  if (valueCount < 0) throw corrupt('a page has a negative number of values')
  return {
    ...(draft as PageHeader),
    type: required(draft.type, 'the type of a page'),
    valueCount,
    encoding: draft.encoding ?? ENCODING.PLAIN,
    definitionEncoding: draft.definitionEncoding ?? ENCODING.RLE,
    repetitionEncoding: draft.repetitionEncoding ?? ENCODING.RLE,
  }
}

/** Data pages of version 1, and dictionary pages, whose first two fields are the same. */
function readPageV1(reader: ThriftReader, draft: Draft<PageHeader>): void {
  reader.struct((id, type) => {
    if (id === 1) draft.valueCount = reader.int(type)
    else if (id === 2) draft.encoding = reader.int(type)
    else if (id === 3 && type === THRIFT.I32) draft.definitionEncoding = reader.int(type)
    else if (id === 4 && type === THRIFT.I32) draft.repetitionEncoding = reader.int(type)
    else reader.skip(type)
  })
}

function readPageV2(reader: ThriftReader, draft: Draft<PageHeader>): void {
  let nullCount = 0
  let rowCount = 0
  let definitionBytes = 0
  let repetitionBytes = 0
  let compressed = true
  reader.struct((id, type) => {
    if (id === 1) draft.valueCount = reader.int(type)
    else if (id === 2) nullCount = reader.int(type)
    else if (id === 3) rowCount = reader.int(type)
    else if (id === 4) draft.encoding = reader.int(type)
    else if (id === 5) definitionBytes = reader.int(type)
    else if (id === 6) repetitionBytes = reader.int(type)
    else if (id === 7) compressed = reader.bool(type)
    else reader.skip(type)
  })
  if (nullCount < 0 || rowCount < 0 || definitionBytes < 0 || repetitionBytes < 0)
    throw corrupt('a page header counts below zero')
  draft.v2 = { nullCount, rowCount, definitionBytes, repetitionBytes, compressed }
}

export function readOffsetIndex(bytes: Uint8Array): PageLocation[] {
  const reader = new ThriftReader(bytes)
  let pages: PageLocation[] | undefined
  reader.struct((id, type) => {
    if (id === 1) pages = reader.list(type, () => readPageLocation(reader))
    else reader.skip(type)
  })
  return required(pages, 'the pages of an offset index')
}

function readPageLocation(reader: ThriftReader): PageLocation {
  const draft: Draft<PageLocation> = {}
  reader.struct((id, type) => {
    if (id === 1) draft.offset = reader.count(type)
    else if (id === 2) draft.compressedBytes = reader.int(type)
    else if (id === 3) draft.firstRow = reader.count(type)
    else reader.skip(type)
  })
  return {
    offset: required(draft.offset, 'the place of a page'),
    compressedBytes: required(draft.compressedBytes, 'the size of a page'),
    firstRow: required(draft.firstRow, 'the first row of a page'),
  }
}

export function readColumnIndex(bytes: Uint8Array): ColumnIndex {
  const reader = new ThriftReader(bytes)
  const draft: Draft<ColumnIndex> = {}
  reader.struct((id, type) => {
    if (id === 1) draft.nullPages = reader.bools(type)
    else if (id === 2) draft.minValues = reader.list(type, (element) => reader.binary(element))
    else if (id === 3) draft.maxValues = reader.list(type, (element) => reader.binary(element))
    else if (id === 5) draft.nullCounts = reader.list(type, (element) => reader.count(element))
    else reader.skip(type)
  })
  const nullPages = required(draft.nullPages, 'the null pages of a column index')
  const minValues = required(draft.minValues, 'the minimums of a column index')
  const maxValues = required(draft.maxValues, 'the maximums of a column index')
  const { nullCounts } = draft
  const length = nullPages.length
  if (
    minValues.length !== length ||
    maxValues.length !== length ||
    (nullCounts !== undefined && nullCounts.length !== length)
  )
    throw corrupt('the lists of a column index differ in length')
  return { nullPages, minValues, maxValues, nullCounts }
}
