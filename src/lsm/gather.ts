/** Gathers chosen rows of one or several columns into a new column: the last step of a merge, and most of its bytes. */
import { type ColumnRows, hasNulls, materialize, readPresence } from '../format/column-rows.ts'
import { allocateBytes } from '../io/allocate.ts'
import type { BytesColumn, Column, FixedColumn, FixedValues } from '../types/column.ts'
import { assert } from '../util/assert.ts'

/** The values as one column. Strings are copied one behind the other; elements of lists are not copied. */
export function gatherColumn(rows: ColumnRows): Column {
  const first = rows.columns[0]
  assert(first !== undefined, 'rows come from no column')
  if (first.layout === 'fixed') return gatherFixed(rows, rows.columns as FixedColumn[])
  if (first.layout === 'bytes') return gatherBytes(rows, rows.columns as BytesColumn[])
  return materialize(0, rows.length, rows)
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

function gatherBytes(rowsOf: ColumnRows, columns: readonly BytesColumn[]): Column {
  const { sourceOf, rows, length } = rowsOf
  const offsets = new Int32Array(length + 1)
  // Where each value lies is looked up once, in the pass that adds up the lengths.
  const starts = new Int32Array(length)
  let size = 0
  for (let i = 0; i < length; i++) {
    const column = columns[sourceOf === null ? 0 : sourceOf[i]!]!
    const row = rows === null ? i : rows[i]!
    const start = column.starts[row]!
    starts[i] = start
    size += column.ends[row]! - start
    offsets[i + 1] = size
  }
  assert(size < 2 ** 31 - 8, 'the strings of one batch exceed 2 GiB')
  // Eight bytes more, so that a copy may run over the end of the last value.
  const data = allocateBytes(size + 8)
  copyBytes(columns, sourceOf, starts, offsets, data)
  return {
    layout: 'bytes',
    length,
    validity: gatherValidity(rowsOf),
    data: data.subarray(0, size),
    starts: offsets.subarray(0, length),
    ends: offsets.subarray(1, length + 1),
  }
}

function copyBytes(
  columns: readonly BytesColumn[],
  sourceOf: Uint16Array | null,
  starts: Int32Array,
  offsets: Int32Array,
  data: Uint8Array,
): void {
  const target = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const views = columns.map(
    ({ data: bytes }) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  )
  for (let i = 0, at = 0; i < starts.length; i++) {
    const source = sourceOf === null ? 0 : sourceOf[i]!
    const view = views[source]!
    const start = starts[i]!
    const end = offsets[i + 1]!
    const length = end - at
    if (length <= COPY_BY_WORDS_MAX && start + length + 8 <= view.byteLength)
      for (let b = 0; b < length; b += 8)
        target.setBigInt64(at + b, view.getBigInt64(start + b, true), true)
    else data.set(columns[source]!.data.subarray(start, start + length), at)
    at = end
  }
}
