/** Dictionaries that grow while a column chunk is written: open-addressing tables over the values themselves. */
import { allocateBytes } from '../../../io/allocate.ts'

const MULTIPLIER = 0x9e3779b1

/** A dictionary of values of one, two or three 32-bit words. */
export class WordDictionary {
  readonly #words: number
  #values = new Int32Array(256)
  /** Entry + 1 in the slot of its hash; 0 where free. */
  #table = new Int32Array(512)
  length = 0

  constructor(words: number) {
    this.#words = words
  }

  get sizeBytes(): number {
    return this.length * this.#words * 4
  }

  /** The index of the value whose first word is `words[at]`; it is added where it is new. */
  indexOf(words: Int32Array, at: number): number {
    const count = this.#words
    const table = this.#table
    const mask = table.length - 1
    let hash = 0
    for (let w = 0; w < count; w++) hash = Math.imul(hash ^ words[at + w]!, MULTIPLIER)
    let slot = (hash ^ (hash >>> 15)) & mask
    for (;;) {
      const entry = table[slot]! - 1
      if (entry < 0) return this.#add(words, at, slot)
      let w = 0
      while (w < count && this.#values[entry * count + w] === words[at + w]) w++
      if (w === count) return entry
      slot = (slot + 1) & mask
    }
  }

  #add(words: Int32Array, at: number, slot: number): number {
    const count = this.#words
    const entry = this.length++
    if ((entry + 1) * count > this.#values.length) {
      const grown = new Int32Array(2 * this.#values.length)
      grown.set(this.#values)
      this.#values = grown
    }
    for (let w = 0; w < count; w++) this.#values[entry * count + w] = words[at + w]!
    this.#table[slot] = entry + 1
    if (2 * this.length > this.#table.length) this.#rehash()
    return entry
  }

  #rehash(): void {
    const count = this.#words
    const table = new Int32Array(2 * this.#table.length)
    const mask = table.length - 1
    for (let entry = 0; entry < this.length; entry++) {
      let hash = 0
      for (let w = 0; w < count; w++)
        hash = Math.imul(hash ^ this.#values[entry * count + w]!, MULTIPLIER)
      let slot = (hash ^ (hash >>> 15)) & mask
      while (table[slot] !== 0) slot = (slot + 1) & mask
      table[slot] = entry + 1
    }
    this.#table = table
  }

  /** The words of the entries, in order. */
  values(): Int32Array {
    return this.#values.subarray(0, this.length * this.#words)
  }
}

/** A dictionary of byte strings. */
export class BytesDictionary {
  #data = allocateBytes(4096)
  #offsets = new Int32Array(129)
  #table = new Int32Array(512)
  #hashes = new Int32Array(128)
  length = 0

  /** The size of the dictionary page: each value with its length. */
  get sizeBytes(): number {
    return this.#offsets[this.length]! + 4 * this.length
  }

  /** The index of `bytes[start, end)`; it is added where it is new. */
  indexOf(bytes: Uint8Array, start: number, end: number): number {
    const table = this.#table
    const mask = table.length - 1
    const hash = hashOf(bytes, start, end)
    let slot = hash & mask
    for (;;) {
      const entry = table[slot]! - 1
      if (entry < 0) return this.#add(bytes, start, end, hash, slot)
      if (this.#hashes[entry] === hash && this.#equals(entry, bytes, start, end)) return entry
      slot = (slot + 1) & mask
    }
  }

  #equals(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    const data = this.#data
    let at = this.#offsets[entry]!
    if (this.#offsets[entry + 1]! - at !== end - start) return false
    for (let i = start; i < end; i++, at++) if (data[at] !== bytes[i]) return false
    return true
  }

  #add(bytes: Uint8Array, start: number, end: number, hash: number, slot: number): number {
    const entry = this.length++
    const at = this.#offsets[entry]!
    const to = at + end - start
    if (to > this.#data.length) {
      const grown = allocateBytes(Math.max(to, 2 * this.#data.length))
      grown.set(this.#data.subarray(0, at))
      this.#data = grown
    }
    this.#data.set(bytes.subarray(start, end), at)
    if (this.length >= this.#offsets.length) {
      this.#offsets = doubled(this.#offsets)
      this.#hashes = doubled(this.#hashes)
    }
    this.#offsets[this.length] = to
    this.#hashes[entry] = hash
    this.#table[slot] = this.length
    if (2 * this.length > this.#table.length) this.#rehash()
    return entry
  }

  #rehash(): void {
    const table = new Int32Array(2 * this.#table.length)
    const mask = table.length - 1
    for (let entry = 0; entry < this.length; entry++) {
      let slot = this.#hashes[entry]! & mask
      while (table[slot] !== 0) slot = (slot + 1) & mask
      table[slot] = entry + 1
    }
    this.#table = table
  }

  /** The entries: value i is `data[offsets[i], offsets[i + 1])`. */
  values(): { data: Uint8Array; offsets: Int32Array } {
    return { data: this.#data, offsets: this.#offsets.subarray(0, this.length + 1) }
  }
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash ^ (hash >>> 16)
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(2 * array.length)
  grown.set(array)
  return grown
}
