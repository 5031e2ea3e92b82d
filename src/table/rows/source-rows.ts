/** The source of a merge: its rows in memory, found by the values of the columns that they are matched on. */
import { compareKeys, type SortKeys, sortKeys } from '../../lsm/sort-keys.ts'
import { sortPermutation } from '../../lsm/sort.ts'
import { batchBuilder, finishBatch } from '../../types/column-builder.ts'
import { concatColumns, takeBatch } from '../../types/column-take.ts'
import { type Batch, isPresent } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { and, between, isIn, type Predicate } from '../../types/predicate.ts'
import { rowReader } from '../../types/row-value.ts'
import { rowHashes } from '../../types/row-writer.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { invalid } from '../../util/errors.ts'

const NONE = 0xffffffff

/** More values of a column than this are told by the first and the last of them. */
const VALUES_MAX = 256

export class SourceRows {
  readonly rows: Batch
  readonly #on: readonly DataField[]
  readonly #positions: readonly number[]
  readonly #keys: SortKeys
  /** By the low bits of the hash: the last row put there; then by row the one put there before. */
  readonly #heads: Uint32Array
  readonly #chain: Uint32Array
  /** Rows that have the same values as others behind them. */
  readonly #hasTwins: Uint8Array
  /** Of rows whose values an earlier one has: that one. */
  readonly #firstOf: Uint32Array
  readonly #isMatched: Uint8Array

  /** The rows have the columns of the table. */
  constructor(schema: TableSchema, rows: Batch, on: readonly DataField[]) {
    this.rows = rows
    this.#on = on
    this.#positions = on.map((field) => schema.fields.indexOf(field))
    const { length } = this.rows
    const columns = this.#positions.map((at) => this.rows.columns[at]!)
    this.#keys = keysOf(on, { length, columns })
    this.#heads = new Uint32Array(2 ** Math.ceil(Math.log2(2 * length + 2))).fill(NONE)
    this.#chain = new Uint32Array(length).fill(NONE)
    this.#hasTwins = new Uint8Array(length)
    this.#firstOf = Uint32Array.from({ length }, (_, row) => row)
    this.#isMatched = new Uint8Array(length)
    const hashes = hashesOf(on, { length, columns })
    for (let row = 0; row < length; row++) this.#put(row, hashes[row]!)
  }

  #put(row: number, hash: number): void {
    // A null equals nothing.
    if (this.#positions.some((at) => !isPresent(this.rows.columns[at]!, row))) return
    const first = this.#find(hash, this.#keys, row)
    if (first !== NONE) {
      this.#hasTwins[first] = 1
      this.#firstOf[row] = first
      return
    }
    const slot = hash & (this.#heads.length - 1)
    this.#chain[row] = this.#heads[slot]!
    this.#heads[slot] = row
  }

  #find(hash: number, keys: SortKeys, row: number): number {
    let found = this.#heads[hash & (this.#heads.length - 1)]!
    while (found !== NONE && compareKeys(this.#keys, found, keys, row) !== 0)
      found = this.#chain[found]!
    return found
  }

  /** The rows of the batch, of the columns matched on, that a row of the source matches, and that row. */
  matches(batch: Batch): { readonly rows: Uint32Array; readonly by: Uint32Array } {
    const keys = keysOf(this.#on, batch)
    const hashes = hashesOf(this.#on, batch)
    const rows: number[] = []
    const by: number[] = []
    for (let row = 0; row < batch.length; row++) {
      const found = this.#find(hashes[row]!, keys, row)
      if (found === NONE) continue
      rows.push(row)
      by.push(found)
    }
    return { rows: Uint32Array.from(rows), by: Uint32Array.from(by) }
  }

  /** Takes note that the source's rows match some. INVALID where another row of the source matches the same. */
  matched(by: Uint32Array, isAct: boolean): void {
    for (const row of by) {
      if (isAct && this.#hasTwins[row] === 1) throw this.#ambiguous(row)
      this.#isMatched[row] = 1
    }
  }

  #ambiguous(row: number): Error {
    const at = Uint32Array.of(row)
    const values = rowReader(takeBatch(keyBatch(this.rows, this.#positions), at), this.#on)(0)
    const told = Object.entries(values).map(([name, value]) => `${name} = ${String(value)}`)
    return invalid(`several rows of the source match one row: ${told.join(', ')}`, {
      hint: 'give each row of the table at most one row of the source that matches it',
    })
  }

  /** The rows that match none of the table. */
  unmatched(): Batch {
    const rows = [...this.#firstOf.keys()].filter((row) => !this.#isMatched[this.#firstOf[row]!])
    return takeBatch(this.rows, Uint32Array.from(rows))
  }

  /** What has to hold of rows of the table that can match; undefined where nothing is known. */
  demand(): Predicate | undefined {
    const demands = this.#on.flatMap((field, i) => this.#demandOn(field, this.#positions[i]!) ?? [])
    return demands.length === 0 ? undefined : and(...demands)
  }

  #demandOn(field: DataField, position: number): Predicate | undefined {
    const { length, columns } = this.rows
    const column = columns[position]!
    const present = [...Array(length).keys()].filter((row) => isPresent(column, row))
    if (present.length === 0 || field.type.kind === 'BOOLEAN') return undefined
    const some = takeBatch({ length, columns: [column] }, Uint32Array.from(present))
    const order = sortPermutation(keysOf([field], some))
    const read = rowReader(some, [field])
    const valueOf = (i: number): unknown => read(order[i]!)[field.name]
    if (order.length <= VALUES_MAX)
      return isIn(
        field.name,
        [...order.keys()].map((i) => valueOf(i)),
      )
    return between(field.name, valueOf(0), valueOf(order.length - 1))
  }
}

/** The rows of all batches, one behind the other. */
export function joinBatches(fields: readonly DataField[], batches: readonly Batch[]): Batch {
  if (batches.length === 0) return finishBatch(batchBuilder(fields))
  const length = batches.reduce((sum, batch) => sum + batch.length, 0)
  const columns = fields.map((_, i) => concatColumns(batches.map((each) => each.columns[i]!)))
  return { length, columns }
}

function keyBatch({ length, columns }: Batch, positions: readonly number[]): Batch {
  return { length, columns: positions.map((at) => columns[at]!) }
}

function keysOf(on: readonly DataField[], { columns, length }: Batch): SortKeys {
  const order = on.map(({ type }) => ({ type, nullable: true }))
  return sortKeys(order, columns, length)
}

function hashesOf(on: readonly DataField[], { columns, length }: Batch): Int32Array {
  const types = on.map(({ type }) => type)
  return rowHashes(types, columns, length)
}
