/**
 * The hashes of bloom filters in 32-bit words, for the many values that are written: the same as `bloomHasher` gives one
 * by one.
 */

/** The low and the high word of the last hash. */
export const hashed = new Int32Array(2)

let low = 0
let high = 0

function set(toLow: number, toHigh: number): void {
  low = toLow
  high = toHigh
}

function add(byLow: number, byHigh: number): void {
  const sum = (low >>> 0) + (byLow >>> 0)
  high = (high + byHigh + (sum > 0xffffffff ? 1 : 0)) | 0
  low = sum | 0
}

function multiply(byLow: number, byHigh: number): void {
  const [a0, a1] = [low & 0xffff, low >>> 16]
  const [b0, b1] = [byLow & 0xffff, byLow >>> 16]
  const [p00, p01, p10] = [a0 * b0, a0 * b1, a1 * b0]
  const carry = ((p00 >>> 16) + (p01 & 0xffff) + (p10 & 0xffff)) >>> 16
  const upper = a1 * b1 + (p01 >>> 16) + (p10 >>> 16) + carry
  high = ((upper | 0) + Math.imul(low, byHigh) + Math.imul(high, byLow)) | 0
  low = Math.imul(low, byLow)
}

function xor(byLow: number, byHigh: number): void {
  low ^= byLow
  high ^= byHigh
}

/** By 1 to 31 bits. */
function rotate(bits: number): void {
  set((low << bits) | (high >>> (32 - bits)), (high << bits) | (low >>> (32 - bits)))
}

/** Adds the value shifted to the left by 1 to 31 bits. */
function addShifted(ofLow: number, ofHigh: number, bits: number): void {
  add(ofLow << bits, (ofHigh << bits) | (ofLow >>> (32 - bits)))
}

/** Xors the value shifted to the right with its sign. */
function xorSigned(bits: number): void {
  xor((low >>> bits) | (high << (32 - bits)), high >> bits)
}

/** Hashes a 64-bit integer, after Thomas Wang, with shifts that keep the sign. */
export function hashInteger(ofLow: number, ofHigh: number): void {
  set(~ofLow, ~ofHigh)
  addShifted(ofLow, ofHigh, 21)
  xorSigned(24)
  addTwice(3, 8)
  xorSigned(14)
  addTwice(2, 4)
  xorSigned(28)
  addShifted(low, high, 31)
  hashed[0] = low
  hashed[1] = high
}

function addTwice(first: number, second: number): void {
  const [ofLow, ofHigh] = [low, high]
  addShifted(ofLow, ofHigh, first)
  addShifted(ofLow, ofHigh, second)
}

/** The primes of XXH64, as low and high words. */
const P1 = [0x85ebca87 | 0, 0x9e3779b1 | 0] as const
const P2 = [0x27d4eb4f | 0, 0xc2b2ae3d | 0] as const
const P3 = [0x9e3779f9 | 0, 0x165667b1 | 0] as const
const P4 = [0xc2b2ae63 | 0, 0x85ebca77 | 0] as const
const P5 = [0x165667c5 | 0, 0x27d4eb2f | 0] as const

/** What four lanes of eight bytes are mixed into. */
const lanes = new Int32Array(8)

/** Hashes bytes by XXH64. */
export function hashBytes(data: Uint8Array, from: number, to: number): void {
  let at = to - from >= 32 ? mixLanes(data, from, to) : from
  if (at === from) set(P5[0], P5[1])
  add(to - from, 0)
  for (; at + 8 <= to; at += 8) {
    const [ofLow, ofHigh] = [low, high]
    set(wordAt(data, at), wordAt(data, at + 4))
    round()
    xor(ofLow, ofHigh)
    rotate(27)
    multiply(P1[0], P1[1])
    add(P4[0], P4[1])
  }
  if (at + 4 <= to) {
    const [ofLow, ofHigh] = [low, high]
    set(wordAt(data, at), 0)
    multiply(P1[0], P1[1])
    xor(ofLow, ofHigh)
    rotate(23)
    multiply(P2[0], P2[1])
    add(P3[0], P3[1])
    at += 4
  }
  for (; at < to; at++) {
    const [ofLow, ofHigh] = [low, high]
    set(data[at]!, 0)
    multiply(P5[0], P5[1])
    xor(ofLow, ofHigh)
    rotate(11)
    multiply(P1[0], P1[1])
  }
  xor(high >>> 1, 0)
  multiply(P2[0], P2[1])
  xor((low >>> 29) | (high << 3), high >>> 29)
  multiply(P3[0], P3[1])
  xor(high, 0)
  hashed[0] = low
  hashed[1] = high
}

/** Mixes 32 bytes after 32 bytes, then the lanes; where the rest begins. */
function mixLanes(data: Uint8Array, from: number, to: number): number {
  set(P1[0], P1[1])
  add(P2[0], P2[1])
  lanes.set([low, high, P2[0], P2[1], 0, 0])
  set(0, 0)
  add(~P1[0], ~P1[1])
  add(1, 0)
  lanes.set([low, high], 6)
  let at = from
  for (; at + 32 <= to; at += 32)
    for (let lane = 0; lane < 8; lane += 2) {
      set(wordAt(data, at + 4 * lane), wordAt(data, at + 4 * lane + 4))
      multiply(P2[0], P2[1])
      add(lanes[lane]!, lanes[lane + 1]!)
      rotate(31)
      multiply(P1[0], P1[1])
      lanes[lane] = low
      lanes[lane + 1] = high
    }
  let [sumLow, sumHigh] = [0, 0]
  for (const [i, bits] of [1, 7, 12, 18].entries()) {
    set(lanes[2 * i]!, lanes[2 * i + 1]!)
    rotate(bits)
    add(sumLow, sumHigh)
    ;[sumLow, sumHigh] = [low, high]
  }
  for (let lane = 0; lane < 8; lane += 2) {
    set(lanes[lane]!, lanes[lane + 1]!)
    round()
    xor(sumLow, sumHigh)
    multiply(P1[0], P1[1])
    add(P4[0], P4[1])
    ;[sumLow, sumHigh] = [low, high]
  }
  return at
}

/** A round with nothing mixed in before. */
function round(): void {
  multiply(P2[0], P2[1])
  rotate(31)
  multiply(P1[0], P1[1])
}

/** Four bytes, the least significant first. */
function wordAt(data: Uint8Array, at: number): number {
  return data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)
}
