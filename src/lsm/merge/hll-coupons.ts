/**
 * The small form of HLL sketches: a list, then a hash table, of coupons. A coupon is an int that stands for one member of
 * the set: its upper six bits are a value from 1 on, its lower 26 bits the slot that the value belongs to.
 *
 * Sketches are merged coupon by coupon in the order of their tables, and an estimate that is stored with the result
 * depends on that order, so the tables have to be laid out as in Java (`CouponList`, `CouponHashSet`).
 */
import { corrupt } from '../../util/errors.ts'
import { couponEstimate } from './hll-coupon-estimate.ts'
import { emptySlots, raiseSlot, type Slots } from './hll-slots.ts'

export interface Coupons {
  readonly mode: 'list' | 'set'
  /** log2 of the slots that the sketch has in its large form. */
  readonly lgK: number
  /** 0 where there is no coupon. */
  table: Int32Array
  count: number
}

const SLOT_BITS = 26
export const SLOT_MASK = 2 ** SLOT_BITS - 1
export const LIST_LENGTH = 8
export const LG_SET_LENGTH_MIN = 5
/** Sketches of fewer slots have no set. */
export const LG_K_OF_SETS_MIN = 8

export function emptyList(lgK: number): Coupons {
  return { mode: 'list', lgK, table: new Int32Array(LIST_LENGTH), count: 0 }
}

export function emptySet(lgK: number): Coupons {
  return { mode: 'set', lgK, table: new Int32Array(2 ** LG_SET_LENGTH_MIN), count: 0 }
}

export function couponValue(coupon: number): number {
  return coupon >>> SLOT_BITS
}

/** log2 of the longest table of a set. */
export function lgSetLengthMax(lgK: number): number {
  return lgK - 3
}

/** Puts the coupon into the sketch, which takes its next form when it is full: the sketch to go on with. */
export function addCoupon(sketch: Coupons | Slots, coupon: number): Coupons | Slots {
  if (sketch.mode === 'slots') {
    raiseSlot(sketch, coupon & (sketch.values.length - 1), couponValue(coupon))
    return sketch
  }
  return sketch.mode === 'list' ? addToList(sketch, coupon) : addToSet(sketch, coupon)
}

function addToList(list: Coupons, coupon: number): Coupons | Slots {
  if (list.table.subarray(0, list.count).includes(coupon)) return list
  list.table[list.count++] = coupon
  if (list.count < LIST_LENGTH) return list
  if (list.lgK < LG_K_OF_SETS_MIN) return promoted(list)
  const set = emptySet(list.lgK)
  for (const each of list.table) insert(set, each)
  return set
}

function addToSet(set: Coupons, coupon: number): Coupons | Slots {
  if (!insert(set, coupon) || !isCrowded(set)) return set
  const lgLength = Math.log2(set.table.length)
  if (lgLength >= lgSetLengthMax(set.lgK)) return promoted(set)
  const { table } = set
  set.table = new Int32Array(2 * table.length)
  for (const each of table) if (each !== 0) set.table[placeOf(set.table, each)] = each
  return set
}

/** Whether more than three quarters of the table are taken. */
export function isCrowded({ count, table }: Coupons): boolean {
  return 4 * count > 3 * table.length
}

/** False when the coupon was there. */
function insert(set: Coupons, coupon: number): boolean {
  const place = placeOf(set.table, coupon)
  if (set.table[place] === coupon) return false
  set.table[place] = coupon
  set.count++
  return true
}

/** Where the coupon is, or else belongs. */
function placeOf(table: Int32Array, coupon: number): number {
  const mask = table.length - 1
  const step = ((coupon & SLOT_MASK) >>> Math.log2(table.length)) | 1
  let place = coupon & mask
  // The step is odd and the length a power of two, so that every place is seen once.
  for (let i = 0; i <= mask; i++) {
    if (table[place] === 0 || table[place] === coupon) return place
    place = (place + step) & mask
  }
  throw corrupt('an HLL sketch is damaged: its set of coupons is full')
}

function promoted(coupons: Coupons): Slots {
  const slots = emptySlots(coupons.lgK)
  for (const coupon of coupons.table) if (coupon !== 0) addCoupon(slots, coupon)
  slots.accumulated = Math.max(couponEstimate(coupons.count), coupons.count)
  return slots
}
