/** Single cells of the columns that metadata files decode to, checked where a lie could do harm. */
import { type BytesColumn, type Column, type FixedColumn, isPresent } from '../types/column.ts'
import { assert } from '../util/assert.ts'
import { corrupt } from '../util/errors.ts'

export function ints(column: Column): Int32Array {
  assert(column.layout === 'fixed' && column.values instanceof Int32Array, 'an INT column')
  return column.values
}

export function tinyInts(column: Column): Int8Array {
  assert(column.layout === 'fixed' && column.values instanceof Int8Array, 'a TINYINT column')
  return column.values
}

export function longs(column: Column): BigInt64Array {
  assert(column.layout === 'fixed' && column.values instanceof BigInt64Array, 'a BIGINT column')
  return column.values
}

export function children(column: Column): readonly Column[] {
  assert(column.layout === 'struct', 'a ROW column')
  return column.children
}

export function longOrNull(column: Column, row: number): bigint | null {
  return isPresent(column, row) ? longs(column)[row]! : null
}

export function intOrNull(column: Column, row: number): number | null {
  return isPresent(column, row) ? Number((column as FixedColumn).values[row]) : null
}

/** A size or a count: not negative, and below 2^53. */
export function countAt(column: Column, row: number, what: string): number {
  return checkedCount(longs(column)[row]!, what)
}

export function countOrNull(column: Column, row: number, what: string): number | null {
  return isPresent(column, row) ? countAt(column, row, what) : null
}

export function checkedCount(value: bigint, what: string): number {
  const count = Number(value)
  if (count < 0 || !Number.isSafeInteger(count)) throw corrupt(`${what} is ${value}`)
  return count
}

/** A view of the bytes; they live as long as the column. */
export function bytesAt(column: Column, row: number): Uint8Array {
  assert(column.layout === 'bytes', 'a BYTES column')
  return column.data.subarray(column.starts[row], column.ends[row])
}

export function bytesOrNull(column: Column, row: number): Uint8Array | null {
  return isPresent(column, row) ? bytesAt(column, row) : null
}

export function textAt(column: Column, row: number): string {
  assert(column.layout === 'bytes', 'a STRING column')
  return textOf(column, row, 'utf8')
}

export function textOrNull(column: Column, row: number): string | null {
  return isPresent(column, row) ? textAt(column, row) : null
}

/** Bytes as a text of equally many characters: what to look them up by. */
export function latin1At(column: Column, row: number): string {
  assert(column.layout === 'bytes', 'a BYTES column')
  return textOf(column, row, 'latin1')
}

export function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

function textOf(
  { data, starts, ends }: BytesColumn,
  row: number,
  encoding: BufferEncoding,
): string {
  const start = starts[row]!
  return Buffer.from(data.buffer, data.byteOffset + start, ends[row]! - start).toString(encoding)
}

export function textsOrNull(column: Column, row: number): string[] | null {
  assert(column.layout === 'list', 'an ARRAY column')
  if (!isPresent(column, row)) return null
  const texts: string[] = []
  for (let i = column.starts[row]!; i < column.ends[row]!; i++) texts.push(textAt(column.child, i))
  return texts
}
