/**
 * The rows of a batch that a predicate chooses: one pass over a column's buffer per leaf, bitmaps in between.
 *
 * A bitmap has bit i set where row i passes (LSB first, as validity). `among` is the bitmap of the rows that still
 * matter: bits outside of it may come back either way, so costly leaves skip whole bytes of it.
 */
import { assert, assertNever } from '../util/assert.ts'
import type { Batch, BytesColumn, Column, FixedColumn } from './column.ts'
import { matchesLike } from './like-pattern.ts'
import type { BoundNode, BoundPredicate, InNode, MatchNode, RangeNode } from './predicate-bind.ts'
import {
  amongBytes,
  amongInts,
  amongLongs,
  rangeBits,
  rangeBytes,
  rangeDecimals,
  rangeFloats,
  rangeInts,
  rangeLongs,
} from './predicate-kernels.ts'
import { compareValues, type ScalarValue } from './predicate-literal.ts'

/** The rows that pass, ascending; null when all do. The batch has the columns of the fields bound to. */
export function selectRows(predicate: BoundPredicate, batch: Batch): Uint32Array | null {
  if (predicate.root.op === 'all') return null
  const { length } = batch
  const bits = evaluate(predicate.root, batch, null)
  if (length & 7) bits[length >> 3]! &= (1 << (length & 7)) - 1
  return rowsOf(bits, length)
}

function evaluate(node: BoundNode, batch: Batch, among: Uint8Array | null): Uint8Array {
  const size = (batch.length + 7) >> 3
  switch (node.op) {
    case 'all':
      return new Uint8Array(size).fill(0xff)
    case 'none':
      return new Uint8Array(size)
    case 'and': {
      let passed = among
      for (const child of node.children) {
        const bits = evaluate(child, batch, passed)
        if (passed !== null) for (let i = 0; i < size; i++) bits[i]! &= passed[i]!
        passed = bits
      }
      return passed ?? new Uint8Array(size).fill(0xff)
    }
    case 'or': {
      const bits = new Uint8Array(size)
      for (const child of node.children) {
        const more = evaluate(child, batch, among)
        for (let i = 0; i < size; i++) bits[i]! |= more[i]!
      }
      return bits
    }
    case 'isNull':
    case 'isNotNull':
      return presence(columnOf(batch, node.column), size, node.op === 'isNull')
    default: {
      const column = columnOf(batch, node.column)
      const bits = new Uint8Array(size)
      leaf(node, column, among, bits)
      if (node.negated) for (let i = 0; i < size; i++) bits[i]! ^= 0xff
      const { validity } = column
      if (validity !== null) for (let i = 0; i < size; i++) bits[i]! &= validity[i]!
      return bits
    }
  }
}

function columnOf(batch: Batch, index: number): Column {
  const column = batch.columns[index]
  assert(column !== undefined, 'the batch lacks a column that the predicate is bound to')
  return column
}

function presence(column: Column, size: number, nulls: boolean): Uint8Array {
  const { validity } = column
  if (validity === null) return new Uint8Array(size).fill(nulls ? 0 : 0xff)
  const bits = new Uint8Array(validity.subarray(0, size))
  if (nulls) for (let i = 0; i < size; i++) bits[i]! ^= 0xff
  return bits
}

function leaf(
  node: RangeNode | InNode | MatchNode,
  column: Column,
  among: Uint8Array | null,
  out: Uint8Array,
): void {
  switch (node.op) {
    case 'range':
      range(node, column, among, out)
      break
    case 'in':
      membership(node.values, column, among, out)
      break
    case 'match':
      matches(node, bytesOf(column), among, out)
      break
    default:
      assertNever(node)
  }
}

function bytesOf(column: Column): BytesColumn {
  assert(
    column.layout === 'bytes',
    'the batch differs from the fields that the predicate is bound to',
  )
  return column
}

function range(
  { low, high, highOpen }: Pick<RangeNode, 'low' | 'high' | 'highOpen'>,
  column: Column,
  among: Uint8Array | null,
  out: Uint8Array,
): void {
  if (column.layout === 'boolean') {
    const [from, to] = [low ?? false, high ?? true]
    rangeBits(column.bits, from === false, to === true, out)
  } else if (column.layout === 'fixed')
    fixedRange(column, low as number | bigint, high as number | bigint, out)
  else rangeBytes(bytesOf(column), low as Uint8Array, high as Uint8Array, highOpen, among, out)
}

function fixedRange(
  { values, length }: FixedColumn,
  low: number | bigint | undefined,
  high: number | bigint | undefined,
  out: Uint8Array,
): void {
  if (values instanceof Float32Array || values instanceof Float64Array)
    rangeFloats(values, length, low as number | undefined, high as number | undefined, out)
  else if (!(values instanceof BigInt64Array))
    rangeInts(values, length, Number(low ?? -Infinity), Number(high ?? Infinity), out)
  else {
    const from = low as bigint | undefined
    const to = high as bigint | undefined
    if (values.length === 2 * length) rangeDecimals(values, length, from, to, out)
    else rangeLongs(values, length, from, to, out)
  }
}

/** With few values a pass for each is fastest; with many, a binary search per row. */
const FEW_VALUES = 4

function membership(
  values: readonly ScalarValue[],
  column: Column,
  among: Uint8Array | null,
  out: Uint8Array,
): void {
  if (values.length <= FEW_VALUES || column.layout === 'boolean') {
    const one = new Uint8Array(out.length)
    for (const value of values) {
      one.fill(0)
      range({ low: value, high: value, highOpen: false }, column, among, one)
      for (let i = 0; i < out.length; i++) out[i]! |= one[i]!
    }
    return
  }
  if (column.layout === 'fixed') fixedMembership(values, column, out)
  else amongBytes(bytesOf(column), values as readonly Uint8Array[], among, out)
}

function fixedMembership(
  sorted: readonly ScalarValue[],
  { values, length }: FixedColumn,
  out: Uint8Array,
): void {
  const floats = values instanceof Float32Array || values instanceof Float64Array
  if (values instanceof BigInt64Array && values.length !== 2 * length)
    amongLongs(values, length, sorted as readonly bigint[], out)
  else if (!floats && !(values instanceof BigInt64Array))
    amongInts(values, length, sorted as readonly number[], out)
  else {
    for (let row = 0; row < length; row++) {
      const value = floats ? values[row]! : decimalAt(values, row)
      if (search(sorted, value)) out[row >> 3]! |= 1 << (row & 7)
    }
  }
}

function decimalAt(values: BigInt64Array, row: number): bigint {
  return (values[2 * row + 1]! << 64n) | BigInt.asUintN(64, values[2 * row]!)
}

/** Whether the row starts a byte of rows that no longer matter. */
function skipped(among: Uint8Array | null, row: number): boolean {
  return among !== null && (row & 7) === 0 && among[row >> 3] === 0
}

function search(sorted: readonly ScalarValue[], value: ScalarValue): boolean {
  let low = 0
  let high = sorted.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const order = compareValues(sorted[middle]!, value)
    if (order === 0) return true
    if (order < 0) low = middle + 1
    else high = middle - 1
  }
  return false
}

function matches(
  { pattern }: MatchNode,
  { data, starts, ends, length }: BytesColumn,
  among: Uint8Array | null,
  out: Uint8Array,
): void {
  for (let row = 0; row < length; row++) {
    if (skipped(among, row)) {
      row |= 7
      continue
    }
    if (matchesLike(pattern, data, starts[row]!, ends[row]!)) out[row >> 3]! |= 1 << (row & 7)
  }
}

function rowsOf(bits: Uint8Array, length: number): Uint32Array | null {
  const rows = new Uint32Array(length)
  let count = 0
  for (let i = 0; i < bits.length; i++) {
    let byte = bits[i]!
    while (byte !== 0) {
      rows[count++] = (i << 3) + 31 - Math.clz32(byte & -byte)
      byte &= byte - 1
    }
  }
  return count === length ? null : rows.slice(0, count)
}
