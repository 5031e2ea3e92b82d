/**
 * The partition and bucket of every key of a table, in memory: a hash table over the bytes of the keys, in typed arrays and
 * 4 MiB pages of key bytes. A BIGINT key takes 32 to 50 bytes.
 */
import { unsupported } from '../util/errors.ts'
import { murmur32 } from '../util/hash.ts'

/** The words of a page; no key may be longer. */
const PAGE_WORDS = 1 << 20
const FIRST_ENTRIES = 1 << 10
/** What the index may take unless told otherwise: some 44 million short keys; while it grows, up to half as much again. */
const BUDGET_BYTES = 2 ** 31

export class KeyPlaces {
  readonly #budgetBytes: number
  /** Each key's length in words, then the words. */
  readonly #pages: Int32Array[] = []
  #pageEnd = PAGE_WORDS
  /** Of each entry: the word that its key begins at, counted over all pages, its hash and its place. */
  #starts = new Uint32Array(FIRST_ENTRIES)
  #hashes = new Int32Array(FIRST_ENTRIES)
  #partitions = new Int32Array(FIRST_ENTRIES)
  #buckets = new Int32Array(FIRST_ENTRIES)
  /** One more than the entry; 0 where there is none. */
  #slots = new Int32Array(2 * FIRST_ENTRIES)
  #count = 0

  constructor(budgetBytes = BUDGET_BYTES) {
    this.#budgetBytes = budgetBytes
  }

  get count(): number {
    return this.#count
  }

  /** The entry of the key `words[from, to)`; -1 without one. */
  find(words: Int32Array, from: number, to: number): number {
    return this.#slots[this.#slotOf(murmur32(words, from, to), words, from, to)]! - 1
  }

  partitionOf(entry: number): number {
    return this.#partitions[entry]!
  }

  bucketOf(entry: number): number {
    return this.#buckets[entry]!
  }

  move(entry: number, partition: number, bucket: number): void {
    this.#partitions[entry] = partition
    this.#buckets[entry] = bucket
  }

  /** Adds a key; one that is there already only moves. UNSUPPORTED when the index would grow beyond its budget. */
  add(words: Int32Array, from: number, to: number, partition: number, bucket: number): void {
    const hash = murmur32(words, from, to)
    const slot = this.#slotOf(hash, words, from, to)
    if (this.#slots[slot] !== 0) {
      this.move(this.#slots[slot]! - 1, partition, bucket)
      return
    }
    const entry = this.#count++
    if (entry === this.#starts.length) this.#growEntries()
    this.#starts[entry] = this.#store(words, from, to)
    this.#hashes[entry] = hash
    this.move(entry, partition, bucket)
    this.#slots[slot] = entry + 1
    if (3 * this.#count > 2 * this.#slots.length) this.#growSlots()
  }

  #slotOf(hash: number, words: Int32Array, from: number, to: number): number {
    const mask = this.#slots.length - 1
    let slot = hash & mask
    for (;;) {
      const entry = this.#slots[slot]! - 1
      if (entry < 0) return slot
      if (this.#hashes[entry] === hash && this.#holds(entry, words, from, to)) return slot
      slot = (slot + 1) & mask
    }
  }

  #holds(entry: number, words: Int32Array, from: number, to: number): boolean {
    const start = this.#starts[entry]!
    const page = this.#pages[Math.floor(start / PAGE_WORDS)]!
    let at = start % PAGE_WORDS
    if (page[at++] !== to - from) return false
    for (let i = from; i < to; i++) if (page[at++] !== words[i]) return false
    return true
  }

  #store(words: Int32Array, from: number, to: number): number {
    const needed = 1 + to - from
    if (needed > PAGE_WORDS)
      throw unsupported(
        `a key of ${4 * (to - from)} bytes is too long for an upsert across partitions`,
      )
    if (this.#pageEnd + needed > PAGE_WORDS) {
      this.#reserve(4 * PAGE_WORDS)
      this.#pages.push(new Int32Array(PAGE_WORDS))
      this.#pageEnd = 0
    }
    const page = this.#pages.at(-1)!
    const at = this.#pageEnd
    page[at] = to - from
    for (let i = from; i < to; i++) page[at + 1 + i - from] = words[i]!
    this.#pageEnd = at + needed
    return (this.#pages.length - 1) * PAGE_WORDS + at
  }

  #growEntries(): void {
    const length = 2 * this.#starts.length
    this.#reserve(16 * this.#starts.length)
    this.#starts = grown(this.#starts, new Uint32Array(length))
    this.#hashes = grown(this.#hashes, new Int32Array(length))
    this.#partitions = grown(this.#partitions, new Int32Array(length))
    this.#buckets = grown(this.#buckets, new Int32Array(length))
  }

  #growSlots(): void {
    this.#reserve(4 * this.#slots.length)
    this.#slots = new Int32Array(2 * this.#slots.length)
    const mask = this.#slots.length - 1
    for (let entry = 0; entry < this.#count; entry++) {
      let slot = this.#hashes[entry]! & mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#slots[slot] = entry + 1
    }
  }

  /** What the index takes, in bytes. */
  get sizeBytes(): number {
    return 4 * PAGE_WORDS * this.#pages.length + 16 * this.#starts.length + 4 * this.#slots.length
  }

  #reserve(moreBytes: number): void {
    if (this.sizeBytes + moreBytes <= this.#budgetBytes) return
    const budget = `${Math.round(this.#budgetBytes / 2 ** 20)} MiB`
    throw unsupported(
      `the index of the keys of all partitions does not fit into ${budget}: it has ${this.#count} keys`,
      {
        hint: 'set cross-partition-upsert.index-ttl, so that keys of old files are left out, or write the table with Flink',
      },
    )
  }
}

function grown<Values extends Uint32Array | Int32Array>(old: Values, larger: Values): Values {
  larger.set(old)
  return larger
}
