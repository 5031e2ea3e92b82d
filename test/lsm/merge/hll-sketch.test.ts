/** Checks of HLL sketches that are not what they claim; whole ones are compared with Java's bytes. */
import { describe, expect, test } from 'vitest'

import { unionHllSketches } from '../../../src/lsm/merge/hll-sketch.ts'

const EMPTY = Uint8Array.of(2, 1, 7, 12, 3, 12, 0, 0)

/** A coupon of the value 1 for a slot. */
function coupon(slot: number): number[] {
  return [slot & 255, slot >> 8, 0, 4]
}

const LIST = Uint8Array.of(2, 1, 7, 12, 3, 8, 2, 0, ...coupon(5), ...coupon(6))
const SET = Uint8Array.of(3, 1, 7, 12, 5, 8, 0, 1, 2, 0, 0, 0, ...coupon(5), ...coupon(6))

/** 16 slots of 8, 6 and 4 bits. */
function slots(type: number, length: number): Uint8Array {
  const bytes = new Uint8Array(40 + length)
  bytes.set([10, 1, 7, 4, 0, 8, 0, 2 | (type << 2)])
  return bytes
}

const EIGHT = slots(2, 16)
const SIX = slots(1, 13)
const FOUR = slots(0, 8)

function changed(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = bytes.slice()
  copy.set(values, at)
  return copy
}

describe('a union of HLL sketches', () => {
  test('of nothing is empty, in the size of the second', () => {
    expect(unionHllSketches(EMPTY, changed(EMPTY, 3, 9))).toEqual(changed(EMPTY, 3, 9))
  })

  test('of a few coupons is a list of them, in the order of the second and then the first', () => {
    const other = Uint8Array.of(2, 1, 7, 12, 3, 8, 2, 0, ...coupon(6), ...coupon(4))
    const union = Uint8Array.of(2, 1, 7, 12, 3, 8, 3, 0, ...coupon(6), ...coupon(4), ...coupon(5))
    expect(unionHllSketches(LIST, other)).toEqual(union)
  })

  test.each([
    ['no bytes', new Uint8Array(0)],
    ['an unknown version', changed(LIST, 1, 2)],
    ['another family', changed(LIST, 2, 3)],
    ['the preamble of another mode', changed(LIST, 0, 3)],
    ['an unknown mode', changed(LIST, 7, 3)],
    ['8 slots', changed(LIST, 3, 3)],
    ['4 million slots', changed(LIST, 3, 22)],
    ['a list too long', changed(LIST, 6, 8)],
    ['a list cut off', LIST.subarray(0, 15)],
    ['a coupon without a value', changed(LIST, 11, 0)],
    ['a set in few slots', changed(SET, 3, 7)],
    ['a set too full', changed(SET, 8, 0, 16)],
    ['a negative count', changed(SET, 11, 128)],
    ['a set cut off', SET.subarray(0, 19)],
    ['a table of a set cut off', changed(SET, 5, 0)],
    ['a table of a set too long', changed(changed(SET, 5, 0), 4, 31)],
    ['slots cut off', EIGHT.subarray(0, 55)],
    ['slots of 6 bits cut off', SIX.subarray(0, 52)],
    ['slots of 4 bits cut off', FOUR.subarray(0, 47)],
    ['slots of an unknown type', changed(EIGHT, 7, 14)],
    ['a value too great', changed(EIGHT, 40, 64)],
    ['a least value too great', changed(FOUR, 6, 64)],
    ['an exception that is not there', changed(FOUR, 40, 15)],
    ['exceptions cut off', changed(FOUR, 36, 1)],
    ['more exceptions than bytes', changed(FOUR, 36, 255, 255, 255, 127)],
  ])('with %s is CORRUPT on either side', (_, bytes) => {
    const error = expect.objectContaining({ code: 'CORRUPT' }) as unknown
    expect(() => unionHllSketches(bytes, LIST)).toThrow(error)
    expect(() => unionHllSketches(LIST, bytes)).toThrow(error)
  })
})
