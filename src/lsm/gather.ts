/** Gathers chosen rows of one or several columns into a new column: the last step of a merge, and most of its bytes. */
import { type ColumnRows, hasNulls, materialize, readPresence } from '../format/column-rows.ts'
import { prefixedPieces } from '../format/prefixed-bytes.ts'
import { allocateBytes } from '../io/allocate.ts'
import type { BytesColumn, Column, FixedColumn, FixedValues } from '../types/column.ts'
import { assert } from '../util/assert.ts'
import { gatherPrefixed, type Picks } from './gather-prefixed.ts'

/**
 * The values as one column. Strings are copied one behind the other; elements of lists are not copied. Where many columns
 * are gathered alike, `picks` of the same rows are made once.
 */
export function gatherColumn(rows: ColumnRows, picks: Picks | null = null): Column {
  const first = rows.columns[0]
  assert(first !== undefined, 'rows come from no column')
  if (first.layout === 'fixed') return gatherFixed(rows, rows.columns as FixedColumn[])
  if (first.layout === 'bytes') return gatherBytes(rows, rows.columns as BytesColumn[], picks)
  return materialize(0, rows.length, rows)
}

/** The values `[from, to)` as one column. */
export function gatherPart(rows: ColumnRows, from: number, to: number): Column {
  const { columns, sourceOf, rows: chosen } = rows
  if (from === 0 && to === rows.length) return gatherColumn(rows)
  if (chosen === null) return materialize(from, to, rows)
  return gatherColumn({
    columns,
    sourceOf: sourceOf?.subarray(from, to) ?? null,
    rows: chosen.subarray(from, to),
    length: to - from,
  })
}

function gatherValidity(rows: ColumnRows): Uint8Array | null {
  if (!hasNulls(rows)) return null
  const presence = new Uint8Array(rows.length)
  if (readPresence(rows, 0, rows.length, presence) === rows.length) return null
  const bits = new Uint8Array((rows.length + 7) >> 3)
  for (let i = 0; i < presence.length; i++) bits[i >> 3]! |= presence[i]! << (i & 7)
  return bits
}

function gatherFixed(rows: ColumnRows, columns: readonly FixedColumn[]): Column {
  const { length } = rows
  const example = columns.find((column) => column.length > 0) ?? columns[0]!
  const stride = example.length > 0 && example.values.length === 2 * example.length ? 2 : 1
  const Values = example.values.constructor as new (length: number) => FixedValues
  const values = new Values(length * stride)
  const width = values.BYTES_PER_ELEMENT * stride
  if (width === 1) gatherElements(rows, columns.map(bytesOf), bytesOf({ values }))
  else if (width === 2) gatherElements(rows, columns.map(shortsOf), shortsOf({ values }))
  else if (width === 4) gatherElements(rows, columns.map(wordsOf), wordsOf({ values }))
  else gatherWords(rows, columns.map(wordsOf), wordsOf({ values }), width >> 2)
  return { layout: 'fixed', length, validity: gatherValidity(rows), values }
}

type HasValues = Pick<FixedColumn, 'values'>

const bytesOf = ({ values }: HasValues): Int8Array =>
  new Int8Array(values.buffer, values.byteOffset, values.byteLength)
const shortsOf = ({ values }: HasValues): Int16Array =>
  new Int16Array(values.buffer, values.byteOffset, values.byteLength >> 1)
const wordsOf = ({ values }: HasValues): Int32Array =>
  new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2)

function gatherElements<T extends Int8Array | Int16Array | Int32Array>(
  { sourceOf, rows, length }: ColumnRows,
  sources: readonly T[],
  out: T,
): void {
  for (let i = 0; i < length; i++) {
    const source = sources[sourceOf === null ? 0 : sourceOf[i]!]!
    out[i] = source[rows === null ? i : rows[i]!]!
  }
}

function gatherWords(
  { sourceOf, rows, length }: ColumnRows,
  sources: readonly Int32Array[],
  out: Int32Array,
  words: number,
): void {
  for (let i = 0, o = 0; i < length; i++, o += words) {
    const source = sources[sourceOf === null ? 0 : sourceOf[i]!]!
    const at = (rows === null ? i : rows[i]!) * words
    out[o] = source[at]!
    out[o + 1] = source[at + 1]!
    if (words === 4) {
      out[o + 2] = source[at + 2]!
      out[o + 3] = source[at + 3]!
    }
  }
}

/** Longer values are copied by the engine rather than eight bytes at a time. */
const COPY_BY_WORDS_MAX = 64
const DATA_BYTES_MAX = 2 ** 31 - 9

/** Values by which the size of all is guessed. */
const SAMPLE = 64

function gatherBytes(
  rowsOf: ColumnRows,
  columns: readonly BytesColumn[],
  picks: Picks | null,
): Column {
  const { sourceOf, rows, length } = rowsOf
  const pieces = picks === null ? [] : columns.map(prefixedPieces)
  if (picks !== null && pieces.every((each) => each !== undefined)) {
    const gathered = gatherPrefixed(pieces, picks)
    if (gathered !== null) return gathered
  }
  const sources = columns.map(({ data, starts, ends }) => ({
    data,
    starts,
    ends,
    view: new DataView(data.buffer, data.byteOffset, data.byteLength),
    // Up to here a value can be copied eight bytes at a time, the last step over its end.
    fastEnd: data.byteLength - 8,
  }))
  const offsets = new Int32Array(length + 1)
  let { data, view } = withRoom(guessBytes(rowsOf, columns))
  let size = 0
  for (let i = 0; i < length; i++) {
    const source = sources[sourceOf === null ? 0 : sourceOf[i]!]!
    const row = rows === null ? i : rows[i]!
    const start = source.starts[row]!
    const end = source.ends[row]!
    const count = end - start
    if (size + count + 8 > data.length) ({ data, view } = withRoom(size + count, data))
    if (count <= COPY_BY_WORDS_MAX && end <= source.fastEnd) {
      const from = source.view
      for (let b = 0; b < count; b += 8)
        view.setBigInt64(size + b, from.getBigInt64(start + b, true), true)
    } else if (count > 0) data.set(source.data.subarray(start, end), size)
    size += count
    offsets[i + 1] = size
  }
  return {
    layout: 'bytes',
    length,
    validity: gatherValidity(rowsOf),
    data: data.subarray(0, size),
    starts: offsets.subarray(0, length),
    ends: offsets.subarray(1, length + 1),
  }
}

/** A little more than the values should take by the lengths of a few of them. */
function guessBytes(
  { sourceOf, rows, length }: ColumnRows,
  columns: readonly BytesColumn[],
): number {
  const step = Math.max(1, Math.floor(length / SAMPLE))
  let bytes = 0
  let count = 0
  for (let i = 0; i < length; i += step, count++) {
    const { starts, ends } = columns[sourceOf === null ? 0 : sourceOf[i]!]!
    const row = rows === null ? i : rows[i]!
    bytes += ends[row]! - starts[row]!
  }
  return Math.ceil((1.02 * length * bytes) / Math.max(1, count))
}

/** Memory for `sizeBytes` and eight bytes more that a copy may run over, with what `data` holds, if it grows. */
function withRoom(sizeBytes: number, data?: Uint8Array): { data: Uint8Array; view: DataView } {
  assert(sizeBytes <= DATA_BYTES_MAX, 'the strings of one batch exceed 2 GiB')
  const wanted = data === undefined ? sizeBytes : Math.max(sizeBytes, 1.25 * data.length)
  const grown = allocateBytes(Math.min(DATA_BYTES_MAX, Math.ceil(wanted)) + 8)
  if (data !== undefined) grown.set(data)
  return { data: grown, view: new DataView(grown.buffer, grown.byteOffset, grown.byteLength) }
}
