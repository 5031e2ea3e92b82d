/**
 * The columns of several sources as one: their values one behind the other, and each row of a merge as a place among them.
 *
 * What functions of columns read most is thereby one step away. The memory is used again by the next column.
 */
import { type Column, countNulls, type FixedColumn, type FixedValues } from '../../types/column.ts'
import { copyBits, setBits } from '../../util/bits.ts'
import type { KeyedRows } from './keyed-rows.ts'

/** Memory for one column at a time. */
export class FlatMemory {
  #values = new ArrayBuffer(0)
  #bits = new Uint8Array(0)
  #places = new Int32Array(0)

  /** An array of the kind with so many elements, whatever they are; it is valid until the next one is asked for. */
  values<T extends FixedValues>(example: T, length: number): T {
    const sizeBytes = length * example.BYTES_PER_ELEMENT
    if (this.#values.byteLength < sizeBytes) this.#values = new ArrayBuffer(2 * sizeBytes)
    const Values = example.constructor as new (buffer: ArrayBuffer, at: number, length: number) => T
    return new Values(this.#values, 0, length)
  }

  /** Numbers, whatever they are; they are valid until the next ones are asked for. */
  places(count: number): Int32Array {
    if (this.#places.length < count) this.#places = new Int32Array(2 * count)
    return this.#places.subarray(0, count)
  }

  /** Clear bits; they are valid until the next ones are asked for. */
  bits(count: number): Uint8Array {
    const sizeBytes = (count + 7) >> 3
    if (this.#bits.length < sizeBytes) this.#bits = new Uint8Array(2 * sizeBytes)
    else this.#bits.fill(0, 0, sizeBytes)
    return this.#bits
  }
}

/** The rows of a merge with their places in flat columns. */
export interface FlatRows extends KeyedRows {
  readonly flat: Int32Array
  /** The same rows in an order that can be merged without looking at where keys begin. */
  readonly inTurn: () => RowsInTurn
}

/** All rows, those of one key in their order, but not next to each other. */
export interface RowsInTurn {
  /** The key of each row. */
  readonly keys: Int32Array
  /** The number of each row among the rows of the merge. */
  readonly rows: Int32Array
  /** Where each row lies in flat columns. */
  readonly flats: Int32Array
  readonly parts: readonly TurnPart[]
}

/** Rows `[from, to)` of the turn. */
interface TurnPart {
  /** The source that they come from; null for several. */
  readonly source: number | null
  readonly from: number
  readonly to: number
}

/** `lengths` are the rows of each source. */
export function flatRows(keyed: KeyedRows, lengths: readonly number[]): FlatRows {
  const { length, runOf, rows, sourceOrder } = keyed
  const bases = new Int32Array(lengths.length)
  for (let run = 1; run < bases.length; run++) bases[run] = bases[run - 1]! + lengths[run - 1]!
  const flat = new Int32Array(length)
  for (let i = 0; i < length; i++) flat[i] = bases[runOf[i]!]! + rows[i]!
  let turn: RowsInTurn | null = null
  const inTurn = (): RowsInTurn =>
    (turn ??=
      sourceOrder === null
        ? byRank(keyed, flat)
        : bySource(keyed, flat, sourceOrder, bases, lengths))
  return { ...keyed, flat, inTurn }
}

/** Source after source, which is how they lie in memory. */
function bySource(
  { length, keyCount, starts }: KeyedRows,
  flat: Int32Array,
  order: readonly number[],
  bases: Int32Array,
  lengths: readonly number[],
): RowsInTurn {
  const count = lengths.reduce((sum, each) => sum + each, 0)
  const keyAt = new Int32Array(count)
  // One more than its number, so that 0 stands for rows that were left out.
  const rowAt = new Int32Array(count)
  for (let key = 0; key < keyCount; key++)
    for (let i = starts[key]!; i < starts[key + 1]!; i++) {
      keyAt[flat[i]!] = key
      rowAt[flat[i]!] = i + 1
    }
  const keys = new Int32Array(length)
  const rows = new Int32Array(length)
  const flats = new Int32Array(length)
  const parts: TurnPart[] = []
  let to = 0
  for (const source of order) {
    const from = to
    const end = bases[source]! + lengths[source]!
    for (let place = bases[source]!; place < end; place++) {
      if (rowAt[place] === 0) continue
      keys[to] = keyAt[place]!
      rows[to] = rowAt[place]! - 1
      flats[to++] = place
    }
    parts.push({ source, from, to })
  }
  return { keys, rows, flats, parts }
}

/** The first row of each key, then the second row of each key that has two, and so on. */
function byRank({ length, keyCount, starts }: KeyedRows, flat: Int32Array): RowsInTurn {
  let most = 0
  for (let key = 0; key < keyCount; key++) most = Math.max(most, starts[key + 1]! - starts[key]!)
  const next = new Int32Array(most + 1)
  for (let key = 0; key < keyCount; key++)
    for (let rank = starts[key + 1]! - starts[key]!; rank > 0; rank--) next[rank]!++
  for (let rank = 1; rank <= most; rank++) next[rank]! += next[rank - 1]!
  const keys = new Int32Array(length)
  const rows = new Int32Array(length)
  const flats = new Int32Array(length)
  for (let key = 0; key < keyCount; key++)
    for (let i = starts[key]!, rank = 0; i < starts[key + 1]!; i++, rank++) {
      const at = next[rank]!++
      keys[at] = key
      rows[at] = i
      flats[at] = flat[i]!
    }
  return { keys, rows, flats, parts: [{ source: null, from: 0, to: length }] }
}

/** The values of all columns; where there is none in a column, whatever was there. */
export function flatValues(columns: readonly FixedColumn[], memory: FlatMemory): FixedValues {
  if (columns.length === 1) return columns[0]!.values
  const count = columns.reduce((sum, { values }) => sum + values.length, 0)
  const values = memory.values(columns[0]!.values, count)
  let at = 0
  for (const column of columns) {
    if (countNulls(column) < column.length) values.set(column.values as never, at)
    at += column.values.length
  }
  return values
}

/** The validity of all columns; null where every value is there. */
export function flatValidity(columns: readonly Column[], memory: FlatMemory): Uint8Array | null {
  if (columns.every(({ validity }) => validity === null)) return null
  const bits = memory.bits(columns.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const { validity, length } of columns) {
    if (validity === null) setBits(bits, at, length)
    else copyBits(validity, 0, bits, at, length)
    at += length
  }
  return bits
}

/** The values of the chosen places, -1 for null, as a column. */
export function gatherFlat(
  values: FixedValues,
  validity: Uint8Array | null,
  places: Int32Array,
  stride: 1 | 2,
): FixedColumn {
  const { length } = places
  const Values = values.constructor as new (length: number) => FixedValues
  const gathered = new Values(length * stride)
  const words = gathered.BYTES_PER_ELEMENT >> 2
  if (words < 2) copyElements(values, places, gathered)
  else copyWords(wordsOf(values), places, wordsOf(gathered), words * stride)
  return { layout: 'fixed', length, validity: gatherBits(validity, places), values: gathered }
}

function copyElements(values: FixedValues, places: Int32Array, out: FixedValues): void {
  for (let i = 0; i < places.length; i++) out[i] = values[notNegative(places[i]!)]!
}

function copyWords(values: Int32Array, places: Int32Array, out: Int32Array, words: number): void {
  for (let i = 0, o = 0; i < places.length; i++, o += words) {
    const at = notNegative(places[i]!) * words
    out[o] = values[at]!
    out[o + 1] = values[at + 1]!
    if (words === 4) {
      out[o + 2] = values[at + 2]!
      out[o + 3] = values[at + 3]!
    }
  }
}

/** The place, or 0: a null has the value of whichever row. */
function notNegative(place: number): number {
  return place & ~(place >> 31)
}

function wordsOf({ buffer, byteOffset, byteLength }: FixedValues): Int32Array {
  return new Int32Array(buffer, byteOffset, byteLength >> 2)
}

/** Whether the values of the places are there; null where all are. */
export function gatherBits(validity: Uint8Array | null, places: Int32Array): Uint8Array | null {
  const { length } = places
  const bits = new Uint8Array((length + 7) >> 3)
  let count = 0
  for (let i = 0; i < length; i++) {
    const place = places[i]!
    const at = notNegative(place)
    const isThere = validity === null ? 1 : (validity[at >> 3]! >> (at & 7)) & 1
    const isSet = isThere & ~(place >> 31)
    bits[i >> 3]! |= isSet << (i & 7)
    count += isSet
  }
  return count === length ? null : bits
}
