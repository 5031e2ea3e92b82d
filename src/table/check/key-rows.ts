/** Checks the rows of a file of a primary-key table: their order, their sequence numbers and their kinds. */
import { compareKeyValues, decodeKey, type Key } from '../../lsm/key-compare.ts'
import { kindsOf } from '../../lsm/row-kinds.ts'
import { compareKeys, type SortKeys, sortKeys } from '../../lsm/sort-keys.ts'
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import type { Batch, Column } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { cellValue } from '../../types/internal-value.ts'
import { isRetract } from '../../types/row-kind.ts'

export class KeyRowsCheck {
  readonly #file: DataFileMeta
  /** The trimmed primary key. */
  readonly #keys: readonly DataField[]
  /** Where the key columns, the sequence number and the kind are in a batch. */
  readonly #indexes: readonly number[]
  readonly #problems = new Set<string>()
  #last: SortKeys | null = null
  #retractCount = 0

  constructor(file: DataFileMeta, keys: readonly DataField[], indexes: readonly number[]) {
    this.#file = file
    this.#keys = keys
    this.#indexes = indexes
  }

  add({ columns, length }: Batch): void {
    const ordered = this.#indexes.map((index) => columns[index]!)
    const keyColumns = ordered.slice(0, this.#keys.length)
    for (const column of keyColumns)
      if (column.validity !== null) this.#problems.add('has a key with a null')
    if (keyColumns.some((column) => column.validity !== null)) return
    this.#checkOrder(keyColumns, length)
    this.#checkRange(keyColumns, length)
    this.#checkSequences(ordered[this.#keys.length]!)
    for (const kind of kindsOf(ordered[this.#keys.length + 1]!))
      if (isRetract(kind)) this.#retractCount++
  }

  *problems(): Generator<string> {
    yield* this.#problems
    const { deleteRowCount } = this.#file
    if (deleteRowCount !== null && deleteRowCount !== this.#retractCount)
      yield `has ${this.#retractCount} rows that delete, and its manifest says ${deleteRowCount}`
  }

  /** Keys ascend, and none is there twice. */
  #checkOrder(columns: readonly Column[], length: number): void {
    const order = this.#keys.map(({ type }) => ({ type }))
    const keys = sortKeys(order, columns, length)
    const last = this.#last
    let isAscending = last === null || compareKeys(last, last.length - 1, keys, 0) < 0
    for (let row = 1; row < length && isAscending; row++)
      isAscending = compareKeys(keys, row - 1, keys, row) < 0
    if (!isAscending) this.#problems.add('has keys that do not ascend')
    this.#last = keys
  }

  /** Keys lie between the least and the greatest that the manifest tells; they ascend, so two of them are looked at. */
  #checkRange(columns: readonly Column[], length: number): void {
    const keyAt = (row: number): Key =>
      this.#keys.map(({ type }, i) => cellValue(columns[i]!, type, row))
    const { minKey, maxKey } = this.#file
    if (compareKeyValues(keyAt(0), decodeKey(this.#keys, minKey)) < 0)
      this.#problems.add('has a key below the least that its manifest tells')
    if (compareKeyValues(keyAt(length - 1), decodeKey(this.#keys, maxKey)) > 0)
      this.#problems.add('has a key above the greatest that its manifest tells')
  }

  #checkSequences(column: Column): void {
    const { minSequenceNumber, maxSequenceNumber } = this.#file
    const values =
      column.layout === 'fixed' && column.values instanceof BigInt64Array ? column.values : null
    if (values === null || column.validity !== null) {
      this.#problems.add('has rows without sequence numbers')
      return
    }
    for (const value of values)
      if (value < minSequenceNumber || value > maxSequenceNumber) {
        this.#problems.add(
          `has the sequence number ${value}, and its manifest says ${minSequenceNumber} to ${maxSequenceNumber}`,
        )
        return
      }
  }
}
