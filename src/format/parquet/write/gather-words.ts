/** Kernels that copy chosen rows of fixed-width columns as the 32-bit words of Parquet's physical values. */
import type { Column, FixedValues } from '../../../types/column.ts'
import type { DataType } from '../../../types/data-type.ts'
import { assert } from '../../../util/assert.ts'
import type { ColumnRows } from '../../column-rows.ts'

/** Copies the values `[from, to)` to `out[at..]`. */
export type WordGather = (
  rows: ColumnRows,
  from: number,
  to: number,
  out: Int32Array,
  at: number,
) => void

/** The gather of a type whose Parquet values have `words` words: the low ones of each value of the column. */
export function wordGather(type: DataType, words: 1 | 2): WordGather {
  if (type.kind === 'TINYINT' || type.kind === 'SMALLINT') return gatherNarrow
  const stride = type.kind === 'DECIMAL' ? 4 : words
  return (rows, from, to, out, at) => gatherWords(rows, from, to, stride, words, out, at)
}

export function fixedValues(column: Column): FixedValues {
  assert(column.layout === 'fixed', `a fixed-width column has the layout ${column.layout}`)
  return column.values
}

function int32View(column: Column): Int32Array {
  const values = fixedValues(column)
  return new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2)
}

/** TINYINT and SMALLINT are INT32 in Parquet. */
function gatherNarrow(
  { columns, sourceOf, rows }: ColumnRows,
  from: number,
  to: number,
  out: Int32Array,
  at: number,
): void {
  const sources = columns.map((column) => {
    const values = fixedValues(column)
    assert(!(values instanceof BigInt64Array), 'a narrow integer column holds 64-bit values')
    return values
  })
  for (let i = from, o = at; i < to; i++) {
    const values = sources[sourceOf === null ? 0 : sourceOf[i]!]!
    out[o++] = values[rows === null ? i : rows[i]!]!
  }
}

function gatherWords(
  { columns, sourceOf, rows }: ColumnRows,
  from: number,
  to: number,
  stride: number,
  words: number,
  out: Int32Array,
  at: number,
): void {
  const views = columns.map(int32View)
  const first = views[0]!
  if (sourceOf !== null && views.length > 1) {
    for (let i = from, o = at; i < to; i++, o += words) {
      const view = views[sourceOf[i]!]!
      const row = (rows === null ? i : rows[i]!) * stride
      out[o] = view[row]!
      if (words === 2) out[o + 1] = view[row + 1]!
    }
  } else if (rows !== null) gatherOne(first, rows, from, to, stride, words, out, at)
  else if (stride === words) out.set(first.subarray(from * words, to * words), at)
  else
    for (let i = from, o = at; i < to; i++, o += words)
      for (let w = 0; w < words; w++) out[o + w] = first[i * stride + w]!
}

function gatherOne(
  view: Int32Array,
  rows: Int32Array | Uint32Array,
  from: number,
  to: number,
  stride: number,
  words: number,
  out: Int32Array,
  at: number,
): void {
  if (words === 1) for (let i = from, o = at; i < to; i++) out[o++] = view[rows[i]! * stride]!
  else
    for (let i = from, o = at; i < to; i++, o += 2) {
      const row = rows[i]! * stride
      out[o] = view[row]!
      out[o + 1] = view[row + 1]!
    }
}

const NANOS_PER_DAY = 86_400_000_000_000n
const EPOCH_JULIAN_DAY = 2440588n

/** Nanoseconds since the epoch as INT96: the nanoseconds of the day, then the Julian day. */
export function gatherInstants(
  { columns, sourceOf, rows }: ColumnRows,
  from: number,
  to: number,
  out: Int32Array,
  at: number,
): void {
  const sources = columns.map((column) => {
    const values = fixedValues(column)
    assert(values instanceof BigInt64Array, 'a timestamp column holds 64-bit values')
    return values
  })
  for (let i = from, o = at; i < to; i++, o += 3) {
    const values = sources[sourceOf === null ? 0 : sourceOf[i]!]!
    const nanos = values[rows === null ? i : rows[i]!]!
    let day = nanos / NANOS_PER_DAY
    let ofDay = nanos % NANOS_PER_DAY
    if (ofDay < 0n) {
      day -= 1n
      ofDay += NANOS_PER_DAY
    }
    out[o] = Number(BigInt.asIntN(32, ofDay))
    out[o + 1] = Number(ofDay >> 32n)
    out[o + 2] = Number(day + EPOCH_JULIAN_DAY)
  }
}
