/**
 * Takes sorted rows out of the unsorted columns that they came in, without a jump through memory per value.
 *
 * Copying values in sorted order straight from a large column misses the caches, and the tables that find the pages, on
 * nearly every value. So each column is staged first: one walk over it in the order it lies deals its values out to
 * blocks of the sorted order; then each block, which fits the caches, is put in order by whoever reads it. How the walk
 * deals is worked out once for all columns.
 */
import type { ColumnPiece, ColumnRows } from '../format/column-rows.ts'
import { giveArena, takeArena } from '../format/kernels/arena.ts'
import { type Deal, dealBytes } from '../format/kernels/deal-bytes.ts'
import type { BytesColumn, Column, FixedColumn, FixedValues } from '../types/column.ts'
import { countNulls } from '../types/column.ts'

/** Rows of a block of the sorted order: small enough for the caches with strings of ordinary length. */
const BLOCK_ROWS = 16_384
/** Fewer rows than this, or than one in so many of all, are taken directly. */
const STAGED_ROWS_MIN = BLOCK_ROWS / 2
const STAGED_SHARE = 16
const NOWHERE = 0xffff

export class ShuffledRows {
  readonly #runOf: Uint16Array
  readonly #rows: Uint32Array
  readonly #sourceLengths: readonly number[]
  #plan: StagePlan | null = null

  /** Sorted row i is row `rows[i]` of source `runOf[i]`. */
  constructor(runOf: Uint16Array, rows: Uint32Array, sourceLengths: readonly number[]) {
    this.#runOf = runOf
    this.#rows = rows
    this.#sourceLengths = sourceLengths
  }

  get length(): number {
    return this.#rows.length
  }

  /** All rows of a column, to be taken directly. */
  rows(columns: readonly Column[]): ColumnRows {
    return {
      columns,
      sourceOf: columns.length > 1 ? this.#runOf : null,
      rows: this.#rows,
      length: this.#rows.length,
    }
  }

  /** The rows `[from, to)` of a column. A piece is valid until the next one is asked for. */
  *pieces(columns: readonly Column[], from: number, to: number): Generator<ColumnPiece> {
    if (!this.#isStaged(columns, to - from)) {
      yield { rows: this.rows(columns), from, to }
      return
    }
    if (this.#plan?.from !== from || this.#plan.to !== to)
      this.#plan = planStages(this.#runOf, this.#rows, this.#sourceLengths, from, to)
    const plan = this.#plan
    if (columns[0]!.layout === 'fixed') {
      yield* stagedPieces(plan, stageFixed(columns as readonly FixedColumn[], plan))
      return
    }
    const arena = takeArena()
    try {
      const dealt = dealBytes(arena, columns as readonly BytesColumn[], plan)
      if (dealt === null) yield { rows: this.rows(columns), from, to }
      else yield* stagedPieces(plan, dealt)
    } finally {
      giveArena(arena)
    }
  }

  #isStaged(columns: readonly Column[], count: number): boolean {
    const total = this.#sourceLengths.reduce((sum, length) => sum + length, 0)
    if (count < STAGED_ROWS_MIN || count * STAGED_SHARE < total) return false
    return columns.every(
      (column) =>
        (column.layout === 'bytes' || column.layout === 'fixed') && countNulls(column) === 0,
    )
  }
}

function* stagedPieces(plan: StagePlan, blocks: readonly Column[]): Generator<ColumnPiece> {
  for (const [i, column] of blocks.entries()) {
    const { length } = column
    const rows = plan.within.subarray(i * BLOCK_ROWS, i * BLOCK_ROWS + length)
    yield { rows: { columns: [column], sourceOf: null, rows, length }, from: 0, to: length }
  }
}

/** How rows `[from, to)` of the sorted order are dealt out to blocks. */
interface StagePlan extends Deal {
  readonly from: number
  readonly to: number
  /** For each sorted row its place within its block. */
  readonly within: Int32Array
}

function planStages(
  runOf: Uint16Array,
  rows: Uint32Array,
  sourceLengths: readonly number[],
  from: number,
  to: number,
): StagePlan {
  const bases = new Uint32Array(sourceLengths.length + 1)
  for (const [i, length] of sourceLengths.entries()) bases[i + 1] = bases[i]! + length
  const blockOf = new Uint16Array(bases.at(-1)!).fill(NOWHERE)
  for (let i = from; i < to; i++)
    blockOf[bases[runOf[i]!]! + rows[i]!] = Math.floor((i - from) / BLOCK_ROWS)
  const blockLengths = new Int32Array(Math.ceil((to - from) / BLOCK_ROWS))
  const ranks = new Uint16Array(blockOf.length)
  for (let row = 0; row < blockOf.length; row++) {
    const block = blockOf[row]!
    if (block !== NOWHERE) ranks[row] = blockLengths[block]!++
  }
  const within = new Int32Array(to - from)
  for (let i = from; i < to; i++) within[i - from] = ranks[bases[runOf[i]!]! + rows[i]!]!
  return { from, to, blockOf, blockLengths, within }
}

/** The values of fixed width, block after block. */
function stageFixed(columns: readonly FixedColumn[], plan: StagePlan): FixedColumn[] {
  const length = plan.to - plan.from
  const example = columns.find((column) => column.length > 0)!
  const stride = example.values.length === 2 * example.length ? 2 : 1
  const Values = example.values.constructor as new (length: number) => FixedValues
  const values = new Values(length * stride)
  const next = Int32Array.from(plan.blockLengths, (_, block) => block * BLOCK_ROWS)
  const width = values.BYTES_PER_ELEMENT * stride
  let base = 0
  for (const column of columns) {
    const blocks = plan.blockOf.subarray(base, base + column.length)
    base += column.length
    if (width < 4) dealElements(column.values, blocks, next, values)
    else dealWords(wordsOf(column.values), blocks, next, wordsOf(values), width >> 2)
  }
  return Array.from(plan.blockLengths, (count, block) => {
    const from = block * BLOCK_ROWS * stride
    const part = values.subarray(from, from + count * stride)
    return { layout: 'fixed', length: count, validity: null, values: part }
  })
}

const wordsOf = (values: FixedValues): Int32Array =>
  new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2)

function dealElements(
  source: FixedValues,
  blocks: Uint16Array,
  next: Int32Array,
  out: FixedValues,
): void {
  for (let row = 0; row < blocks.length; row++)
    if (blocks[row] !== NOWHERE) out[next[blocks[row]!]!++] = source[row]!
}

function dealWords(
  source: Int32Array,
  blocks: Uint16Array,
  next: Int32Array,
  out: Int32Array,
  words: number,
): void {
  for (let row = 0; row < blocks.length; row++) {
    const block = blocks[row]!
    if (block === NOWHERE) continue
    const to = next[block]!++ * words
    for (let word = 0; word < words; word++) out[to + word] = source[row * words + word]!
  }
}
