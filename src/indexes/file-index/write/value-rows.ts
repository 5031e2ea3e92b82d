/** The rows of each distinct value of a column, gathered as they come. */
import { compareValues, type ScalarValue } from '../../../types/predicate-literal.ts'
import { bitmapOfAscending, encodeBitmap, type RoaringBitmap, withRuns } from '../../roaring.ts'

/** A value, and the rows that have it, ascending. */
export interface RowsOfValue {
  readonly value: ScalarValue
  readonly rows: Uint32Array
}

const NO_VALUE = 0xffffffff

export class ValueRows {
  readonly #ids = new Map<string | number | bigint | boolean, number>()
  readonly #values: ScalarValue[] = []
  /** The number of each row's value. */
  #idOf = new Uint32Array(1024)
  #rowCount = 0

  get rowCount(): number {
    return this.#rowCount
  }

  /** The value of the next row. */
  add(value: ScalarValue | null): void {
    if (this.#rowCount === this.#idOf.length) {
      const grown = new Uint32Array(2 * this.#rowCount)
      grown.set(this.#idOf)
      this.#idOf = grown
    }
    this.#idOf[this.#rowCount++] = value === null ? NO_VALUE : this.#idFor(value)
  }

  #idFor(value: ScalarValue): number {
    const key = keyOf(value)
    let id = this.#ids.get(key)
    if (id === undefined) {
      id = this.#values.length
      this.#ids.set(key, id)
      this.#values.push(value instanceof Uint8Array ? value.slice() : value)
    }
    return id
  }

  /** The values in their order, and the rows without one. */
  sorted(): { readonly values: RowsOfValue[]; readonly nulls: Uint32Array } {
    const counts = new Uint32Array(this.#values.length + 1)
    const place = (id: number): number => (id === NO_VALUE ? this.#values.length : id)
    for (let row = 0; row < this.#rowCount; row++) counts[place(this.#idOf[row]!)]!++
    const rows = Array.from(counts, (count) => new Uint32Array(count))
    counts.fill(0)
    for (let row = 0; row < this.#rowCount; row++) {
      const at = place(this.#idOf[row]!)
      rows[at]![counts[at]!++] = row
    }
    const values = this.#values.map((value, id) => ({ value, rows: rows[id]! }))
    values.sort((a, b) => compareValues(a.value, b.value))
    return { values, nulls: rows.at(-1)! }
  }
}

/** What tells values apart as Java's `equals` does: zeros by their sign, and no NaN from another. */
function keyOf(value: ScalarValue): string | number | bigint | boolean {
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')
  return Object.is(value, -0) ? '-0' : value
}

/** The bytes that Java's `RoaringBitmap32.serialize` writes. */
export function bitmapBytes(rows: Uint32Array | RoaringBitmap): Uint8Array {
  const bitmap = rows instanceof Uint32Array ? bitmapOfAscending(rows) : rows
  return encodeBitmap(withRuns(bitmap))
}
