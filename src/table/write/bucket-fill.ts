/** How full the buckets of a partition are, where keys may leave it. Follows the Java class `crosspartition.BucketAssigner`. */

export class BucketFill {
  readonly #targetRowCount: number
  /** The keys of each bucket; nothing where there is no bucket. */
  readonly #counts: number[] = []
  /** No bucket below has room. */
  #first = 0

  constructor(targetRowCount: number) {
    this.#targetRowCount = targetRowCount
  }

  /** Counts keys that are in the bucket. */
  add(bucket: number, keyCount: number): void {
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + keyCount
  }

  /** Counts a key less. */
  remove(bucket: number): void {
    this.#counts[bucket] = (this.#counts[bucket] ?? 1) - 1
    if (bucket < this.#first) this.#first = bucket
  }

  /** The bucket of a new key, which is counted: the first with room, else one with a number that no bucket has. */
  next(): number {
    const bucket = this.#withRoom() ?? this.#unused()
    this.add(bucket, 1)
    return bucket
  }

  #withRoom(): number | undefined {
    for (let bucket = this.#first; bucket < this.#counts.length; bucket++) {
      const count = this.#counts[bucket]
      if (count === undefined || count >= this.#targetRowCount) continue
      this.#first = bucket
      return bucket
    }
    this.#first = this.#counts.length
    return undefined
  }

  #unused(): number {
    for (let bucket = 0; ; bucket++)
      if (this.#counts[bucket] === undefined) {
        this.#first = Math.min(this.#first, bucket)
        return bucket
      }
  }
}
