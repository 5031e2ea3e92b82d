/**
 * Which bucket of a partition the keys of a hash are in, in memory: a hash table in two typed arrays, 9 to 18 bytes a
 * key.
 */

/** Java keeps buckets of this mode as a short. */
export const DYNAMIC_BUCKETS_MAX = 32_767

const FIRST_SLOTS = 1 << 10
/** Says that a slot is free; in `#buckets`. */
const FREE = -1

export class BucketHashes {
  #hashes = new Int32Array(FIRST_SLOTS)
  #buckets = new Int16Array(FIRST_SLOTS).fill(FREE)
  #count = 0
  /** Spreads the hashes in a way that no file can foresee, so that none can make the table slow. */
  readonly #seed = Math.trunc(Math.random() * 2 ** 32) | 0

  /** How many hashes there are. */
  get count(): number {
    return this.#count
  }

  /** The bucket of the hash; -1 for one that is not there. */
  bucketOf(hash: number): number {
    return this.#buckets[this.#slotOf(hash)]!
  }

  /** Puts the hash into the bucket, also when it was in another one. */
  put(hash: number, bucket: number): void {
    const slot = this.#slotOf(hash)
    if (this.#buckets[slot] !== FREE) {
      this.#buckets[slot] = bucket
      return
    }
    this.#hashes[slot] = hash
    this.#buckets[slot] = bucket
    this.#count++
    if (3 * this.#count > 2 * this.#buckets.length) this.#rebuild(2 * this.#buckets.length)
  }

  /** Makes room for so many hashes, so that they can be put in without growing step by step. */
  reserve(count: number): void {
    let slots = this.#buckets.length
    while (3 * count > 2 * slots) slots *= 2
    if (slots > this.#buckets.length) this.#rebuild(slots)
  }

  /** All hashes of the bucket, in no promised order. */
  hashesOf(bucket: number): Int32Array<ArrayBuffer> {
    const found = new Int32Array(this.#count)
    let length = 0
    for (let slot = 0; slot < this.#buckets.length; slot++)
      if (this.#buckets[slot] === bucket) found[length++] = this.#hashes[slot]!
    return found.slice(0, length)
  }

  /** Calls for each hash with its bucket. */
  forEach(take: (hash: number, bucket: number) => void): void {
    for (let slot = 0; slot < this.#buckets.length; slot++)
      if (this.#buckets[slot] !== FREE) take(this.#hashes[slot]!, this.#buckets[slot]!)
  }

  /** Where the hash is, or where it would go. */
  #slotOf(hash: number): number {
    const mask = this.#buckets.length - 1
    let slot = spread(hash ^ this.#seed) & mask
    while (this.#buckets[slot] !== FREE && this.#hashes[slot] !== hash) slot = (slot + 1) & mask
    return slot
  }

  #rebuild(slots: number): void {
    const hashes = this.#hashes
    const buckets = this.#buckets
    this.#hashes = new Int32Array(slots)
    this.#buckets = new Int16Array(slots).fill(FREE)
    for (let i = 0; i < buckets.length; i++) {
      if (buckets[i] === FREE) continue
      const slot = this.#slotOf(hashes[i]!)
      this.#hashes[slot] = hashes[i]!
      this.#buckets[slot] = buckets[i]!
    }
  }
}

function spread(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return once ^ (once >>> 13)
}
