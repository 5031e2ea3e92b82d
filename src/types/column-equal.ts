/** Compares rows of columns by the bytes that a binary row would hold: 0 and -0 differ, a NaN equals itself. */
import { assert } from '../util/assert.ts'
import type { RowIndices } from './column-take.ts'
import { type Column, type FixedColumn, isPresent } from './column.ts'

/** Sets `differs[i]` where row `aRows[i]` of `a` is another value than row `bRows[i]` of `b`; both have the same type. */
export function markDifferences(
  a: Column,
  aRows: RowIndices,
  b: Column,
  bRows: RowIndices,
  differs: Uint8Array,
): void {
  const isSame = a.validity === null && b.validity === null ? sameValue(a, b) : sameOrNull(a, b)
  for (let i = 0; i < aRows.length; i++)
    if (differs[i] === 0 && !isSame(aRows[i]!, bRows[i]!)) differs[i] = 1
}

type SameRows = (i: number, j: number) => boolean

function sameOrNull(a: Column, b: Column): SameRows {
  const isSame = sameValue(a, b)
  return (i, j) => {
    const isThere = isPresent(a, i)
    return isThere === isPresent(b, j) && (!isThere || isSame(i, j))
  }
}

/** Compares rows that are present. */
function sameValue(a: Column, b: Column): SameRows {
  switch (a.layout) {
    case 'boolean': {
      assert(b.layout === 'boolean', 'compared columns differ in layout')
      return (i, j) => bitAt(a.bits, i) === bitAt(b.bits, j)
    }
    case 'fixed':
      assert(b.layout === 'fixed', 'compared columns differ in layout')
      return sameFixed(a, b)
    case 'bytes':
      assert(b.layout === 'bytes', 'compared columns differ in layout')
      return (i, j) => {
        const [start, end] = [a.starts[i]!, a.ends[i]!]
        let at = b.starts[j]!
        if (end - start !== b.ends[j]! - at) return false
        for (let k = start; k < end; k++, at++) if (a.data[k] !== b.data[at]) return false
        return true
      }
    case 'list': {
      assert(b.layout === 'list', 'compared columns differ in layout')
      const isSame = sameOrNull(a.child, b.child)
      return (i, j) => {
        const [start, end] = [a.starts[i]!, a.ends[i]!]
        let at = b.starts[j]!
        if (end - start !== b.ends[j]! - at) return false
        for (let k = start; k < end; k++, at++) if (!isSame(k, at)) return false
        return true
      }
    }
    default: {
      assert(b.layout === 'struct', 'compared columns differ in layout')
      const children = a.children.map((child, c) => sameOrNull(child, b.children[c]!))
      return (i, j) => children.every((isSame) => isSame(i, j))
    }
  }
}

function bitAt(bits: Uint8Array, row: number): number {
  return (bits[row >> 3]! >> (row & 7)) & 1
}

function sameFixed(a: FixedColumn, b: FixedColumn): SameRows {
  const width = a.values.BYTES_PER_ELEMENT
  if (width < 4) return (i, j) => a.values[i] === b.values[j]
  const [left, right] = [wordsOf(a), wordsOf(b)]
  const words = (width >> 2) * strideOf(a, b)
  return (i, j) => {
    let [from, to] = [i * words, j * words]
    for (const end = from + words; from < end; from++, to++)
      if (left[from] !== right[to]) return false
    return true
  }
}

function wordsOf({ values }: FixedColumn): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2)
}

/** Decimals have two elements a row. */
function strideOf(...columns: readonly FixedColumn[]): 1 | 2 {
  const known = columns.find(({ length }) => length > 0)
  return known !== undefined && known.values.length === 2 * known.length ? 2 : 1
}
