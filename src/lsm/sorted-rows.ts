/**
 * What the write buffer of a bucket holds, in the order of its keys: merged by the table's engine, or as it came.
 *
 * Follows the Java classes `SortBufferWriteBuffer` and `ReducerMergeFunctionWrapper`.
 */
import { type BatchRows, batchRows, type ColumnRows } from '../format/column-rows.ts'
import { concatColumns } from '../types/column-take.ts'
import type { Batch, Column } from '../types/column.ts'
import type { DataField } from '../types/data-type.ts'
import { gatherPart } from './gather.ts'
import type { KeyValueLayout } from './key-value.ts'
import type { MergedOrder } from './merge-order.ts'
import type { ColumnEngine } from './merge/column-engine.ts'
import { deduplicate, type PickedRows, type Precedence } from './merge/deduplicate.ts'
import { firstRow } from './merge/first-row.ts'
import { lastNumbers, orderedRows } from './merge/keyed-rows.ts'
import { kindsOf, sequenceNumbers } from './row-kinds.ts'
import type { RunRows } from './run-writer.ts'
import { ShuffledRows } from './shuffled-rows.ts'

/** Rows that came together. */
export interface KeyedChunk {
  /** The columns of the table. */
  readonly batch: Batch
  readonly precedence: Precedence
}

/** Rows that are merged at once by an engine that makes a row of several. */
const PIECE_ROWS = 65_536

export class SortedRows {
  readonly #layout: KeyValueLayout
  readonly #chunks: readonly KeyedChunk[]
  readonly #order: MergedOrder
  readonly #lengths: readonly number[]
  readonly #rowBytes: number

  /**
   * The rows of a key lie in the order in which they are merged, where the engine makes a row of several or all of them
   * are asked for. `rowBytes` is what the values of a row weigh.
   */
  constructor(
    layout: KeyValueLayout,
    chunks: readonly KeyedChunk[],
    order: MergedOrder,
    rowBytes: number,
  ) {
    this.#layout = layout
    this.#chunks = chunks
    this.#order = order
    this.#lengths = chunks.map(({ batch }) => batch.length)
    this.#rowBytes = Math.max(1, rowBytes)
  }

  /** Every row, merged with none. */
  all(): RunRows {
    return this.#picked(this.#order)
  }

  /**
   * One row a key, in one piece or several; keys that are deleted have a row that says so. Throws INVALID for rows that
   * the engine cannot merge.
   */
  *merged(): Generator<RunRows> {
    const { engine, ignoreDelete } = this.#layout
    if (typeof engine !== 'string') {
      yield* this.#mergedColumns(engine)
      return
    }
    const choose = engine === 'first-row' ? firstRow : deduplicate
    const precedences = this.#chunks.map(({ precedence }) => precedence)
    yield this.#picked(choose(this.#order, precedences, { ignoreDelete, keepDeletes: true }))
  }

  #picked({ length, runOf, rows }: PickedRows): RunRows {
    const shuffled = new ShuffledRows(runOf, rows, this.#lengths)
    const sources = this.#layout.fields.map((_, i) => this.#sources(i))
    const joined = sources.map(this.#joiner({ length, runOf, rows }))
    const values = sources.map((columns, i) => joined[i] ?? shuffled.rows(columns))
    return {
      length,
      values: {
        length,
        rowBytes: this.#rowBytes,
        column: (index) => values[index]!,
        pieces: (index, from, to) => {
          const whole = joined[index] ?? null
          return whole === null
            ? shuffled.pieces(sources[index]!, from, to)
            : [{ rows: whole, from, to }]
        },
      },
      sequences: shuffled.rows(this.#numbers()),
      kinds: shuffled.rows(this.#kinds()),
    }
  }

  /**
   * Takes rows of nested columns from one column that all chunks are joined to: whoever takes them from several would
   * join these for every few rows.
   */
  #joiner({ length, runOf, rows }: PickedRows): (columns: readonly Column[]) => ColumnRows | null {
    let places: Uint32Array | null = null
    return (columns) => {
      const layout = columns[0]?.layout
      if (columns.length === 1 || layout === 'fixed' || layout === 'bytes') return null
      places ??= placesOf(this.#lengths, runOf, rows)
      return { columns: [concatColumns(columns)], sourceOf: null, rows: places, length }
    }
  }

  #sources(index: number): Column[] {
    return this.#chunks.map(({ batch }) => batch.columns[index]!)
  }

  #numbers(): Column[] {
    return this.#chunks.map(({ precedence }) => numbersColumn(precedence.numbers))
  }

  #kinds(): Column[] {
    return this.#chunks.map(({ precedence }) => fixedColumn(precedence.kinds))
  }

  /** The rows are gathered piece by piece, so that the engine walks them as they lie. */
  *#mergedColumns(engine: ColumnEngine): Generator<RunRows> {
    const { fields } = this.#layout
    const gather = this.#gatherer()
    const places = new Map(fields.map(({ id }, i) => [id, i]))
    for (const piece of piecesOf(this.#order)) {
      const { columns, numbers, kinds } = gather(piece)
      const keyed = orderedRows(piece.starts, kinds)
      const merged = engine.merge(keyed, fields, {
        lengths: [keyed.length],
        columnsOf: ({ id }: DataField) => [columns[places.get(id)!]!],
      })
      const last = lastNumbers(
        keyed,
        [{ precedence: { sequence: null, numbers, kinds }, from: 0 }],
        engine.ignoresDelete,
      )
      yield rowsOf(merged.columns, last, merged.kinds, this.#rowBytes)
    }
  }

  #gatherer(): (piece: KeyPiece) => GatheredPiece {
    const { values, sequences, kinds } = this.all()
    const columns = this.#layout.fields.map((_, i) => values.column(i))
    return ({ from, to }) => {
      const gathered = (all: ColumnRows): Column => gatherPart(all, from, to)
      return {
        columns: columns.map(gathered),
        numbers: sequenceNumbers(gathered(sequences)),
        kinds: kindsOf(gathered(kinds)),
      }
    }
  }
}

/** Rows of chunks as rows of all chunks, one behind the other. */
function placesOf(lengths: readonly number[], runOf: Uint16Array, rows: Uint32Array): Uint32Array {
  const bases = new Uint32Array(lengths.length)
  for (let i = 1; i < bases.length; i++) bases[i] = bases[i - 1]! + lengths[i - 1]!
  return rows.map((row, i) => bases[runOf[i]!]! + row)
}

interface GatheredPiece {
  readonly columns: readonly Column[]
  readonly numbers: Int32Array
  readonly kinds: Int8Array
}

/** Rows `[from, to)` of an order, which hold all rows of their keys. */
interface KeyPiece {
  readonly from: number
  readonly to: number
  /** Where each key's rows start within the piece, and behind the last key's, where they end. */
  readonly starts: Uint32Array
}

function* piecesOf({ length, keyStarts, keyCount }: MergedOrder): Generator<KeyPiece> {
  for (let key = 0; key < keyCount;) {
    const from = keyStarts[key]!
    const first = key
    while (key < keyCount && keyStarts[key]! - from < PIECE_ROWS) key++
    const to = key < keyCount ? keyStarts[key]! : length
    const starts = new Uint32Array(key - first + 1)
    for (let i = first; i < key; i++) starts[i - first] = keyStarts[i]! - from
    starts[key - first] = to - from
    yield { from, to, starts }
  }
}

/** Columns of a table with a sequence number and a kind for each row, as rows to be written. */
export function rowsOf(
  columns: readonly Column[],
  sequences: Column,
  kinds: Int8Array,
  rowBytes?: number,
): RunRows {
  const { length } = kinds
  const all = (column: Column): ColumnRows => ({
    columns: [column],
    sourceOf: null,
    rows: null,
    length,
  })
  const sources = columns.map(all)
  const values: BatchRows = batchRows(length, (index) => sources[index]!, rowBytes)
  return { length, values, sequences: all(sequences), kinds: all(fixedColumn(kinds)) }
}

function numbersColumn(words: Int32Array): Column {
  return fixedColumn(new BigInt64Array(words.buffer, words.byteOffset, words.length / 2))
}

function fixedColumn(values: Int8Array | BigInt64Array): Column {
  return { layout: 'fixed', length: values.length, validity: null, values }
}
