/**
 * HLL sketches of Apache DataSketches: what is known of a set's members to estimate how many there are.
 *
 * Two sketches are merged as Paimon's `HllSketchUtil` does: the second is made a union's first part, so that the result has
 * at most its number of slots, and stored with four bits a slot. Follows `Union` of DataSketches 4.2.
 */
import { addCoupon, type Coupons, couponValue, emptyList } from './hll-coupons.ts'
import { decodeHll, encodeHll } from './hll-format.ts'
import { copyOf, downsampled, mergeSlots, type Slots } from './hll-slots.ts'

/** The union of two stored sketches. Throws CORRUPT for bytes that are no HLL sketch. */
export function unionHllSketches(a: Uint8Array, b: Uint8Array): Uint8Array {
  const first = decodeHll(b, false)
  const second = decodeHll(a, true)
  const union = added(added(emptyList(first.lgK), first, first.lgK), second, first.lgK)
  return encodeHll(union)
}

/** `sketch` in `union`, which may be changed, as `source` never is: the union to go on with. */
function added(union: Coupons | Slots, source: Coupons | Slots, lgMax: number): Coupons | Slots {
  const isEmpty = union.mode !== 'slots' && union.count === 0
  if (source.mode !== 'slots') {
    if (isEmpty && source.mode === 'set' && source.lgK === union.lgK)
      return { ...source, table: source.table.slice() }
    return withCoupons(union, source)
  }
  if (union.mode === 'slots') return mergedSlots(union, source)
  const slots = source.lgK > lgMax ? downsampled(source, lgMax) : copyOf(source)
  return isEmpty ? slots : withCoupons(slots, union)
}

function withCoupons(union: Coupons | Slots, { table }: Coupons): Coupons | Slots {
  let result = union
  for (const coupon of table) if (couponValue(coupon) > 0) result = addCoupon(result, coupon)
  return result
}

/** The result has the fewer slots of the two. Its sums are not kept up: they are made anew when it is stored. */
function mergedSlots(union: Slots, source: Slots): Slots {
  const target = source.lgK < union.lgK ? downsampled(union, source.lgK) : union
  mergeSlots(target, source)
  return { ...target, accumulated: 0, isOutOfOrder: true }
}
