/**
 * What ORC files say of themselves: postscript, footer, stripe footers and stripe statistics.
 *
 * Field numbers are those of `orc_proto.proto` of Apache ORC. Columns are numbered as the types of the footer are, in
 * preorder; column 0 is the row.
 */
import { corrupt, unsupported } from '../../util/errors.ts'
import type { Compression } from './chunks.ts'
import { ProtoFields } from './protobuf.ts'

export interface PostScript {
  readonly footerBytes: number
  readonly metadataBytes: number
  readonly compression: Compression
}

export interface Stripe {
  readonly offset: number
  readonly indexBytes: number
  readonly dataBytes: number
  readonly footerBytes: number
  readonly rowCount: number
}

/** A type as the footer has it. */
export interface StoredType {
  readonly kind: number
  readonly subtypes: readonly number[]
  readonly fieldNames: readonly string[]
  readonly attributes: ReadonlyMap<string, string>
}

export interface Footer {
  readonly stripes: readonly Stripe[]
  readonly types: readonly StoredType[]
  readonly rowCount: number
}

export interface StoredStream {
  readonly kind: number
  readonly column: number
  readonly length: number
}

export interface StripeFooter {
  readonly streams: readonly StoredStream[]
  /** By column. */
  readonly encodings: readonly { readonly kind: number; readonly dictionarySize: number }[]
  readonly writerTimezone: string
}

const CODECS = ['none', 'deflate', 'snappy', 'LZO', 'lz4', 'zstd', 'Brotli'] as const
const DEFAULT_BLOCK_BYTES = 256 * 1024
/** A chunk's header has 23 bits for its length. */
const BLOCK_BYTES_MAX = 1 << 23

export function readPostScript(bytes: Uint8Array): PostScript {
  const fields = new ProtoFields(bytes)
  let [footerBytes, metadataBytes, compression, blockBytes] = [0, 0, 0, DEFAULT_BLOCK_BYTES]
  let magic = ''
  const version: number[] = []
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === 1) footerBytes = fields.uint()
    else if (field === 2) compression = fields.uint()
    else if (field === 3) blockBytes = fields.uint()
    else if (field === 4) fields.uints(version)
    else if (field === 5) metadataBytes = fields.uint()
    else if (field === 8000) magic = fields.text()
  }
  if (magic !== 'ORC') throw corrupt('the file does not end as an ORC file')
  if ((version[0] ?? 0) > 0) throw unsupported(`ORC files of version ${version.join('.')}`)
  const codec = CODECS[compression]
  if (codec === undefined) throw corrupt(`there is no compression ${compression}`)
  if (codec === 'LZO' || codec === 'Brotli')
    throw unsupported(`ORC files compressed with ${codec} cannot be read`)
  if (codec !== 'none' && (blockBytes === 0 || blockBytes > BLOCK_BYTES_MAX))
    throw corrupt(`chunks of ${blockBytes} bytes`)
  return { footerBytes, metadataBytes, compression: { codec, blockBytes } }
}

export function readFooter(bytes: Uint8Array): Footer {
  const fields = new ProtoFields(bytes)
  const stripes: Stripe[] = []
  const types: StoredType[] = []
  let rowCount = 0
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === 3) stripes.push(readStripe(fields.bytes()))
    else if (field === 4) types.push(readType(fields.bytes()))
    else if (field === 6) rowCount = fields.uint()
    else if (field === 10) throw unsupported('the ORC file has encrypted columns')
  }
  return { stripes, types, rowCount }
}

function readStripe(bytes: Uint8Array): Stripe {
  const fields = new ProtoFields(bytes)
  const values = [0, 0, 0, 0, 0, 0]
  for (let field = fields.next(); field !== 0; field = fields.next())
    if (field <= 5) values[field] = fields.uint()
  const [, offset, indexBytes, dataBytes, footerBytes, rowCount] = values
  return {
    offset: offset!,
    indexBytes: indexBytes!,
    dataBytes: dataBytes!,
    footerBytes: footerBytes!,
    rowCount: rowCount!,
  }
}

function readType(bytes: Uint8Array): StoredType {
  const fields = new ProtoFields(bytes)
  let kind = 0
  const subtypes: number[] = []
  const fieldNames: string[] = []
  const attributes = new Map<string, string>()
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === 1) kind = fields.uint()
    else if (field === 2) fields.uints(subtypes)
    else if (field === 3) fieldNames.push(fields.text())
    else if (field === 7) readAttribute(fields.bytes(), attributes)
  }
  return { kind, subtypes, fieldNames, attributes }
}

function readAttribute(bytes: Uint8Array, into: Map<string, string>): void {
  const fields = new ProtoFields(bytes)
  let [key, value] = ['', '']
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === 1) key = fields.text()
    else if (field === 2) value = fields.text()
  }
  into.set(key, value)
}

export function readStripeFooter(bytes: Uint8Array): StripeFooter {
  const fields = new ProtoFields(bytes)
  const streams: StoredStream[] = []
  const encodings: { kind: number; dictionarySize: number }[] = []
  let writerTimezone = 'UTC'
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === 1) {
      const [, kind, column, length] = readNumbers(fields.bytes(), 3)
      streams.push({ kind: kind!, column: column!, length: length! })
    } else if (field === 2) {
      const [, kind, dictionarySize] = readNumbers(fields.bytes(), 2)
      encodings.push({ kind: kind!, dictionarySize: dictionarySize! })
    } else if (field === 3) writerTimezone = fields.text()
  }
  return { streams, encodings, writerTimezone }
}

/** The values of the fields 1 to `last`, which are integers; those that are not there are 0. */
function readNumbers(bytes: Uint8Array, last: number): number[] {
  const fields = new ProtoFields(bytes)
  const values = Array.from({ length: last + 1 }, () => 0)
  for (let field = fields.next(); field !== 0; field = fields.next())
    if (field <= last) values[field] = fields.uint()
  return values
}

/** What a stripe says of the values of a column; bounds are there where the column's type has them and it has values. */
export interface StoredStatistics {
  readonly valueCount: number | null
  readonly hasNull: boolean
  readonly ints?: Bounds<bigint>
  readonly doubles?: Bounds<number>
  readonly texts?: Bounds<Uint8Array>
  readonly dates?: Bounds<bigint>
}

interface Bounds<T> {
  readonly min: T | null
  readonly max: T | null
}

/** The statistics of the columns, by stripe. */
export function readStripeStatistics(bytes: Uint8Array): StoredStatistics[][] {
  const fields = new ProtoFields(bytes)
  const stripes: StoredStatistics[][] = []
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field !== 1) continue
    const columns: StoredStatistics[] = []
    const stripe = new ProtoFields(fields.bytes())
    for (let each = stripe.next(); each !== 0; each = stripe.next())
      if (each === 1) columns.push(readColumnStatistics(stripe.bytes()))
    stripes.push(columns)
  }
  return stripes
}

function readColumnStatistics(bytes: Uint8Array): StoredStatistics {
  const fields = new ProtoFields(bytes)
  const found: { -readonly [K in keyof StoredStatistics]: StoredStatistics[K] } = {
    valueCount: null,
    hasNull: false,
  }
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === 1) found.valueCount = fields.uint()
    else if (field === 2) found.ints = readBounds(fields.bytes(), (each) => each.sint())
    else if (field === 3) found.doubles = readBounds(fields.bytes(), (each) => each.double())
    else if (field === 4) found.texts = readBounds(fields.bytes(), (each) => each.bytes())
    else if (field === 7) found.dates = readBounds(fields.bytes(), (each) => each.sint())
    else if (field === 10) found.hasNull = fields.uint() !== 0
  }
  return found
}

function readBounds<T>(bytes: Uint8Array, read: (fields: ProtoFields) => T): Bounds<T> {
  const fields = new ProtoFields(bytes)
  let [min, max]: [T | null, T | null] = [null, null]
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === 1) min = read(fields)
    else if (field === 2) max = read(fields)
  }
  return { min, max }
}
