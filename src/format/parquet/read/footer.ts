/**
 * Reads Parquet's footer: schema, row groups, and where the columns of each lie.
 *
 * Required fields are checked as each struct is read, so what leaves this file has every field that its type names.
 */
import { corrupt } from '../../../util/errors.ts'
import {
  type TimeUnit,
  type LogicalType,
  type SchemaElement,
  type Statistics,
  type ColumnChunk,
  type RowGroup,
  type FileMetadata,
} from '../metadata.ts'
import { THRIFT, ThriftReader } from '../thrift.ts'
import { type Draft, required } from './draft.ts'

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
