/** The large form of HLL sketches: a value for each of 2^lgK slots, with what its estimates are made of. */

export interface Slots {
  readonly mode: 'slots'
  readonly lgK: number
  /** 0 (nothing yet) to 63. */
  readonly values: Uint8Array
  /** Sum of 2^-value over the slots whose value is below 32. */
  sumOfSmall: number
  /** The same over the others. */
  sumOfGreat: number
  /** The estimate that is kept up with every member, as long as members came one by one. */
  accumulated: number
  /** Whether sketches of this form were merged, after which `accumulated` means nothing. */
  isOutOfOrder: boolean
}

const SMALL = 32

export function emptySlots(lgK: number): Slots {
  return {
    mode: 'slots',
    lgK,
    values: new Uint8Array(2 ** lgK),
    sumOfSmall: 2 ** lgK,
    sumOfGreat: 0,
    accumulated: 0,
    isOutOfOrder: false,
  }
}

export function copyOf(slots: Slots): Slots {
  return { ...slots, values: slots.values.slice() }
}

/** Gives the slot the value if it is greater than its own. */
export function raiseSlot(slots: Slots, slot: number, value: number): void {
  const { values } = slots
  const before = values[slot]!
  if (value <= before) return
  values[slot] = value
  slots.accumulated += values.length / (slots.sumOfSmall + slots.sumOfGreat)
  if (before < SMALL) slots.sumOfSmall -= 2 ** -before
  else slots.sumOfGreat -= 2 ** -before
  if (value < SMALL) slots.sumOfSmall += 2 ** -value
  else slots.sumOfGreat += 2 ** -value
}

/** The sums of the values; floating point adds them without loss. */
export function sumsOf(values: Uint8Array): { sumOfSmall: number; sumOfGreat: number } {
  let [sumOfSmall, sumOfGreat] = [0, 0]
  for (const value of values) {
    if (value < SMALL) sumOfSmall += 2 ** -value
    else sumOfGreat += 2 ** -value
  }
  return { sumOfSmall, sumOfGreat }
}

/**
 * The sums as Java rebuilds them for a sketch that was stored in the middle of a union: there a value from 32 on takes 1
 * too much from the second sum.
 */
export function rebuiltSumsOf(values: Uint8Array): { sumOfSmall: number; sumOfGreat: number } {
  let [sumOfSmall, sumOfGreat] = [values.length, 0]
  for (const value of values) {
    if (value === 0) continue
    if (value < SMALL) sumOfSmall += 2 ** -value - 1
    else sumOfGreat += 2 ** -value - 1
  }
  return { sumOfSmall, sumOfGreat }
}

/** A sketch of fewer slots from one of more; it keeps the estimate. */
export function downsampled(slots: Slots, lgK: number): Slots {
  const smaller = emptySlots(lgK)
  mergeSlots(smaller, slots)
  const { accumulated, isOutOfOrder } = slots
  return {
    ...smaller,
    ...sumsOf(smaller.values),
    accumulated: isOutOfOrder ? 0 : accumulated,
    isOutOfOrder,
  }
}

/** Raises the slots of `target` by those of `source`, which has as many or more; sums and estimates stay as they are. */
export function mergeSlots(target: Slots, source: Slots): void {
  const mask = target.values.length - 1
  for (const [i, value] of source.values.entries())
    if (value > target.values[i & mask]!) target.values[i & mask] = value
}
