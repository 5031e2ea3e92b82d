/** The rows of a batch by the places that they go to, which need not be those that they name. */

/** Rows of a batch that go to one bucket. */
interface PlacedGroup {
  readonly partition: number
  readonly bucket: number
  count: number
  /** Whether the partition is not the one that some of the rows say. */
  isMoved: boolean
}

/** The rows of a batch, each with its place; a row may be placed twice. */
export class PlacedRows {
  #count = 0
  readonly #rows: Uint32Array
  readonly #kinds: Int8Array
  readonly #groupOf: Uint32Array
  readonly #groups: PlacedGroup[] = []
  readonly #groupNumbers = new Map<number, number>()
  /** The group of the last row: rows of one often come together. */
  #last = -1

  constructor(rowCount: number) {
    this.#rows = new Uint32Array(2 * rowCount)
    this.#kinds = new Int8Array(2 * rowCount)
    this.#groupOf = new Uint32Array(2 * rowCount)
  }

  /** `isMoved`: whether the partition is not the one that the row says. */
  push(row: number, partition: number, bucket: number, kind: number, isMoved: boolean): void {
    const at = this.#count++
    this.#rows[at] = row
    this.#kinds[at] = kind
    const number = this.#groupNumber(partition, bucket)
    const group = this.#groups[number]!
    group.count++
    if (isMoved) group.isMoved = true
    this.#groupOf[at] = number
  }

  #groupNumber(partition: number, bucket: number): number {
    const last = this.#groups[this.#last]
    if (last?.partition === partition && last.bucket === bucket) return this.#last
    const key = partition * 2 ** 31 + bucket
    let number = this.#groupNumbers.get(key)
    if (number === undefined) {
      number = this.#groups.length
      this.#groupNumbers.set(key, number)
      this.#groups.push({ partition, bucket, count: 0, isMoved: false })
    }
    this.#last = number
    return number
  }

  /** The rows by their places, each group in the order that they were pushed. */
  groups(): (PlacedGroup & { readonly rows: Uint32Array; readonly kinds: Int8Array })[] {
    const filled = this.#groups.map((group) => ({
      ...group,
      rows: new Uint32Array(group.count),
      kinds: new Int8Array(group.count),
    }))
    const ends = new Uint32Array(filled.length)
    for (let at = 0; at < this.#count; at++) {
      const number = this.#groupOf[at]!
      const end = ends[number]!++
      filled[number]!.rows[end] = this.#rows[at]!
      filled[number]!.kinds[end] = this.#kinds[at]!
    }
    return filled
  }
}
