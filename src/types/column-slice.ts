/** Consecutive rows of a column, as views of its buffers. */
import { copyBits } from '../util/bits.ts'
import type { Batch, Column } from './column.ts'

/** The rows `[from, to)`; only bitmaps that do not start at a byte are copied. */
export function sliceColumn(column: Column, from: number, to: number): Column {
  const length = to - from
  if (from === 0 && length === column.length) return column
  const validity = column.validity === null ? null : sliceBits(column.validity, from, length)
  switch (column.layout) {
    case 'boolean':
      return { layout: 'boolean', length, validity, bits: sliceBits(column.bits, from, length) }
    case 'fixed': {
      const stride = column.length > 0 && column.values.length === 2 * column.length ? 2 : 1
      const values = column.values.subarray(from * stride, to * stride)
      return { layout: 'fixed', length, validity, values }
    }
    case 'bytes':
    case 'list': {
      const starts = column.starts.subarray(from, to)
      const ends = column.ends.subarray(from, to)
      return { ...column, length, validity, starts, ends }
    }
    case 'struct': {
      const children = column.children.map((child) => sliceColumn(child, from, to))
      return { layout: 'struct', length, validity, children }
    }
  }
}

/** The rows `[from, to)`; see {@link sliceColumn}. */
export function sliceBatch(batch: Batch, from: number, to: number): Batch {
  if (from === 0 && to === batch.length) return batch
  const columns = batch.columns.map((column) => sliceColumn(column, from, to))
  return { length: to - from, columns }
}

function sliceBits(bits: Uint8Array, from: number, length: number): Uint8Array {
  if ((from & 7) === 0) return bits.subarray(from >> 3, (from + length + 7) >> 3)
  const copy = new Uint8Array((length + 7) >> 3)
  copyBits(bits, from, copy, 0, length)
  return copy
}
