/** Reads what Parquet says of pages: their headers, and the indexes of where they lie and what they hold. */
import { corrupt } from '../../../util/errors.ts'
import { ENCODING, type PageHeader, type PageLocation, type ColumnIndex } from '../metadata.ts'
import { THRIFT, ThriftReader } from '../thrift.ts'
import { type Draft, required } from './draft.ts'

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
