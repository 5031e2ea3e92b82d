/**
 * The stored form of HLL sketches, little-endian: byte 0 ints of the preamble (2 list, 3 set, 10 slots), byte 1 version
 * (1), byte 2 family (7), byte 3 log2 of the slots, byte 4 log2 of a table's length, byte 5 flags, byte 6 number of a
 * list's coupons or least value of the slots, byte 7 mode (0 list, 1 set, 2 slots) and 4 times the type (0 four, 1 six, 2
 * eight bits a slot). Then by mode:
 *
 * - list: the coupons
 * - set: int 8 number of coupons, then the coupons, or the table that holds them unless the flag "compact" is set
 * - slots: double 8 accumulated estimate, doubles 16 and 24 the sums of 2^-value, int 32 how many slots have the least value,
 *   int 36 number of exceptions; values of four bits are above the least value, and 15 stands for an exception, whose slot
 *   and value are behind them as a coupon
 */
import { corrupt } from '../../util/errors.ts'
import {
  addCoupon,
  type Coupons,
  couponValue,
  emptyList,
  emptySet,
  isCrowded,
  LG_K_OF_SETS_MIN,
  LG_SET_LENGTH_MIN,
  lgSetLengthMax,
  LIST_LENGTH,
  SLOT_MASK,
} from './hll-coupons.ts'
import { rebuiltSumsOf, type Slots, sumsOf } from './hll-slots.ts'

const VERSION = 1
const FAMILY = 7
const [LIST, SET, SLOTS] = [0, 1, 2]
const [FOUR_BITS, SIX_BITS, EIGHT_BITS] = [0, 1, 2]
const FLAG_EMPTY = 4
const FLAG_COMPACT = 8
const FLAG_OUT_OF_ORDER = 16
const FLAG_REBUILD = 32
const PREAMBLE_INTS = [2, 3, 10]
const SET_START = 12
const VALUES_START = 40
const EXCEPTION = 15
const VALUE_MAX = 63

/**
 * The sketch. `isRebuilt` is whether sums that a union left behind unfinished are made anew. Throws CORRUPT for bytes that
 * are no HLL sketch.
 */
export function decodeHll(bytes: Uint8Array, isRebuilt: boolean): Coupons | Slots {
  if (bytes.length < 8) throw damaged(`it has ${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const mode = bytes[7]! & 3
  const preambleInts = bytes[0]! & 0x3f
  if (bytes[1] !== VERSION || bytes[2] !== FAMILY || PREAMBLE_INTS[mode] !== preambleInts)
    throw damaged('its preamble is wrong')
  const lgK = bytes[3]!
  if (lgK < 4 || lgK > 21) throw damaged(`it has 2^${lgK} slots`)
  if (mode === SLOTS) return decodeSlots(view, lgK, isRebuilt)
  return mode === LIST ? decodeList(view, lgK) : decodeSet(view, lgK)
}

function decodeList(view: DataView, lgK: number): Coupons {
  const list = emptyList(lgK)
  const count = view.getUint8(6)
  if (count >= LIST_LENGTH) throw damaged(`its list has ${count} coupons`)
  requireLength(view, 8 + 4 * count)
  for (let i = 0; i < count; i++) list.table[i] = couponAt(view, 8 + 4 * i)
  list.count = count
  return list
}

function decodeSet(view: DataView, lgK: number): Coupons {
  if (lgK < LG_K_OF_SETS_MIN) throw damaged(`2^${lgK} slots need no set of coupons`)
  requireLength(view, SET_START)
  const count = view.getInt32(8, true)
  const lgMax = lgSetLengthMax(lgK)
  if (count < 0 || 4 * count > 3 * 2 ** lgMax) throw damaged(`its set has ${count} coupons`)
  if ((view.getUint8(5) & FLAG_COMPACT) === 0) return decodeSetTable(view, lgK, count)
  requireLength(view, SET_START + 4 * count)
  let set: Coupons | Slots = emptySet(lgK)
  for (let i = 0; i < count; i++) set = addCoupon(set, couponAt(view, SET_START + 4 * i))
  return set as Coupons
}

function decodeSetTable(view: DataView, lgK: number, count: number): Coupons {
  let lgLength = view.getUint8(4)
  // Early versions did not store it.
  if (lgLength < LG_SET_LENGTH_MIN) lgLength = lgTableLength(count, LG_SET_LENGTH_MIN)
  if (lgLength > lgSetLengthMax(lgK)) throw damaged(`its table has 2^${lgLength} places`)
  const length = 2 ** lgLength
  requireLength(view, SET_START + 4 * length)
  const table = new Int32Array(length)
  for (let i = 0; i < length; i++) table[i] = view.getInt32(SET_START + 4 * i, true)
  const set: Coupons = { mode: 'set', lgK, table, count }
  const isFalse = table.filter((coupon) => coupon !== 0).length !== count
  if (isFalse || isCrowded(set)) throw damaged(`its table does not hold ${count} coupons`)
  return set
}

/** log2 of the shortest table that is at most three quarters full. */
function lgTableLength(count: number, least: number): number {
  let lgLength = least
  while (4 * count > 3 * 2 ** lgLength) lgLength++
  return lgLength
}

function couponAt(view: DataView, offset: number): number {
  const coupon = view.getInt32(offset, true)
  if (couponValue(coupon) === 0) throw damaged('a coupon has no value')
  return coupon
}

function decodeSlots(view: DataView, lgK: number, isRebuilt: boolean): Slots {
  requireLength(view, VALUES_START)
  const type = (view.getUint8(7) >> 2) & 3
  const flags = view.getUint8(5)
  const values = valuesOf(view, lgK, type)
  const stored = { sumOfSmall: view.getFloat64(16, true), sumOfGreat: view.getFloat64(24, true) }
  const isUnfinished = isRebuilt && (flags & FLAG_REBUILD) !== 0
  const sums = type !== EIGHT_BITS ? sumsOf(values) : isUnfinished ? rebuiltSumsOf(values) : stored
  return {
    mode: 'slots',
    lgK,
    values,
    ...sums,
    accumulated: view.getFloat64(8, true),
    isOutOfOrder: (flags & FLAG_OUT_OF_ORDER) !== 0,
  }
}

function valuesOf(view: DataView, lgK: number, type: number): Uint8Array {
  if (type === FOUR_BITS) return valuesOfFourBits(view, lgK)
  if (type === SIX_BITS) return valuesOfSixBits(view, lgK)
  if (type !== EIGHT_BITS) throw damaged(`its slots are of type ${type}`)
  requireLength(view, VALUES_START + 2 ** lgK)
  const values = new Uint8Array(view.buffer, view.byteOffset + VALUES_START, 2 ** lgK).slice()
  if (values.some((value) => value > VALUE_MAX)) throw damaged('a value is too great')
  return values
}

function valuesOfSixBits(view: DataView, lgK: number): Uint8Array {
  const length = 2 ** lgK
  requireLength(view, VALUES_START + (length * 3) / 4 + 1)
  const values = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    const bit = 6 * i
    values[i] = (view.getUint16(VALUES_START + (bit >> 3), true) >> (bit & 7)) & VALUE_MAX
  }
  return values
}

function valuesOfFourBits(view: DataView, lgK: number): Uint8Array {
  const length = 2 ** lgK
  requireLength(view, VALUES_START + length / 2)
  const least = view.getUint8(6)
  const exceptions = exceptionsOf(view, lgK)
  const values = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    const nibble = (view.getUint8(VALUES_START + (i >> 1)) >> (4 * (i & 1))) & 15
    const value = nibble === EXCEPTION ? exceptions.get(i) : nibble + least
    if (value === undefined || value > VALUE_MAX) throw damaged(`slot ${i} has no value`)
    values[i] = value
  }
  return values
}

/** The values by slot. */
function exceptionsOf(view: DataView, lgK: number): ReadonlyMap<number, number> {
  const exceptions = new Map<number, number>()
  const count = view.getInt32(36, true)
  if (count <= 0) return exceptions
  const isCompact = (view.getUint8(5) & FLAG_COMPACT) !== 0
  const length = isCompact ? count : 2 ** view.getUint8(4)
  const start = VALUES_START + 2 ** lgK / 2
  requireLength(view, start + 4 * length)
  for (let i = 0; i < length; i++) {
    const coupon = view.getInt32(start + 4 * i, true)
    if (coupon === 0 && !isCompact) continue
    const slot = coupon & (2 ** lgK - 1)
    if (exceptions.has(slot)) throw damaged(`slot ${slot} has two values`)
    exceptions.set(slot, couponValue(coupon))
  }
  return exceptions
}

/** The compact form with four bits a slot. */
export function encodeHll(sketch: Coupons | Slots): Uint8Array {
  return sketch.mode === 'slots' ? encodeSlots(sketch) : encodeCoupons(sketch)
}

function encodeCoupons({ mode, lgK, table, count }: Coupons): Uint8Array {
  const isList = mode === 'list'
  const start = isList ? 8 : SET_START
  const bytes = new Uint8Array(start + 4 * count)
  const view = new DataView(bytes.buffer)
  const flags = FLAG_COMPACT | (count === 0 ? FLAG_EMPTY : 0)
  bytes.set([isList ? 2 : 3, VERSION, FAMILY, lgK, Math.log2(table.length), flags])
  if (isList) bytes[6] = count
  else view.setInt32(8, count, true)
  bytes[7] = isList ? LIST : SET
  let at = start
  for (const coupon of table)
    if (coupon !== 0) {
      view.setInt32(at, coupon, true)
      at += 4
    }
  return bytes
}

function encodeSlots({ lgK, values, accumulated, isOutOfOrder }: Slots): Uint8Array {
  const least = values.reduce((a, b) => Math.min(a, b))
  const exceptions = exceptionTable(values, least, lgK)
  const coupons = exceptions?.filter((coupon) => coupon !== 0) ?? new Int32Array(0)
  const start = VALUES_START + values.length / 2
  const bytes = new Uint8Array(start + 4 * coupons.length)
  const view = new DataView(bytes.buffer)
  const lgTable = exceptions === undefined ? 0 : Math.log2(exceptions.length)
  const flags = FLAG_COMPACT | (isOutOfOrder ? FLAG_OUT_OF_ORDER : 0)
  bytes.set([PREAMBLE_INTS[SLOTS]!, VERSION, FAMILY, lgK, lgTable, flags, least, SLOTS])
  const { sumOfSmall, sumOfGreat } = sumsOf(values)
  view.setFloat64(8, accumulated, true)
  view.setFloat64(16, sumOfSmall, true)
  view.setFloat64(24, sumOfGreat, true)
  view.setInt32(32, values.filter((value) => value === least).length, true)
  view.setInt32(36, coupons.length, true)
  for (const [i, value] of values.entries()) {
    const nibble = Math.min(value - least, EXCEPTION)
    bytes[VALUES_START + (i >> 1)]! |= nibble << (4 * (i & 1))
  }
  for (const [i, coupon] of coupons.entries()) view.setInt32(start + 4 * i, coupon, true)
  return bytes
}

/** log2 of the length that a table of exceptions begins with, by that of the slots. */
const LG_EXCEPTIONS = [0, 2, 2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 11, 12, 13]

/** The hash table of values that four bits cannot hold, whose order is that of the stored exceptions; Java's `HeapAuxHashMap`. */
function exceptionTable(values: Uint8Array, least: number, lgK: number): Int32Array | undefined {
  let table: Int32Array | undefined
  let count = 0
  for (const [slot, value] of values.entries()) {
    if (value < least + EXCEPTION) continue
    table ??= new Int32Array(2 ** LG_EXCEPTIONS[lgK]!)
    insertException(table, (value << 26) | slot)
    if (4 * ++count <= 3 * table.length) continue
    const longer = new Int32Array(2 * table.length)
    for (const coupon of table) if (coupon !== 0) insertException(longer, coupon)
    table = longer
  }
  return table
}

function insertException(table: Int32Array, coupon: number): void {
  const slot = coupon & SLOT_MASK
  const mask = table.length - 1
  const step = (slot >>> Math.log2(table.length)) | 1
  let place = slot & mask
  while (table[place] !== 0) place = (place + step) & mask
  table[place] = coupon
}

function requireLength(view: DataView, length: number): void {
  if (view.byteLength < length)
    throw damaged(`it has ${view.byteLength} bytes, and needs ${length}`)
}

function damaged(reason: string) {
  return corrupt(`an HLL sketch is damaged: ${reason}`)
}
