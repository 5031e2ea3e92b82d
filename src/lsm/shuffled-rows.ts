/**
 * Takes sorted rows out of the unsorted columns that they came in, without a jump through memory per value.
 *
 * Copying values in sorted order straight from a large column misses the caches, and the tables that find the pages, on
 * nearly every value. So each column is staged first: one walk over it in the order it lies deals its values out to
 * blocks of the sorted order; then each block, which fits the caches, is put in order by whoever reads it. How the walk
 * deals is worked out once for all columns.
 */
import type { ColumnPiece, ColumnRows } from '../format/column-rows.ts'
import { allocateBytes } from '../io/allocate.ts'
import type { BytesColumn, Column, FixedColumn, FixedValues } from '../types/column.ts'
import { countNulls } from '../types/column.ts'

/** Rows of a block of the sorted order: small enough for the caches with strings of ordinary length. */
const BLOCK_ROWS = 16_384
/** Fewer rows than this, or than one in so many of all, are taken directly. */
const STAGED_ROWS_MIN = 4 * BLOCK_ROWS
const STAGED_SHARE = 16
const NOWHERE = 0xffff

export class ShuffledRows {
  readonly #runOf: Uint16Array
  readonly #rows: Uint32Array
  readonly #sourceLengths: readonly number[]
  #plan: StagePlan | null = null
  readonly #scratch = new Scratch()

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
    const staged = stageColumn(
      columns as readonly (BytesColumn | FixedColumn)[],
      plan,
      this.#scratch,
    )
    for (let block = 0; block < plan.blockStarts.length; block++) {
      const start = plan.blockStarts[block]!
      const end = plan.blockStarts[block + 1] ?? to - from
      const length = end - start
      const rows = plan.within.subarray(start, end)
      const column = sliceStaged(staged, start, end)
      yield { rows: { columns: [column], sourceOf: null, rows, length }, from: 0, to: length }
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

/** How rows `[from, to)` of the sorted order are dealt out to blocks. */
interface StagePlan {
  readonly from: number
  readonly to: number
  /** For each row of each source its block, or {@link NOWHERE}. */
  readonly blockOf: readonly Uint16Array[]
  /** Where each block begins among the staged values. */
  readonly blockStarts: Int32Array
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
  const blockOf = sourceLengths.map((length) => new Uint16Array(length).fill(NOWHERE))
  for (let i = from; i < to; i++)
    blockOf[runOf[i]!]![rows[i]!] = Math.floor((i - from) / BLOCK_ROWS)
  const blockCount = Math.ceil((to - from) / BLOCK_ROWS)
  const ranks = sourceLengths.map((length) => new Uint16Array(length))
  const counts = new Uint16Array(blockCount)
  for (const [source, blocks] of blockOf.entries()) {
    const rank = ranks[source]!
    for (let row = 0; row < blocks.length; row++)
      if (blocks[row] !== NOWHERE) rank[row] = counts[blocks[row]!]!++
  }
  const within = new Int32Array(to - from)
  for (let i = from; i < to; i++) within[i - from] = ranks[runOf[i]!]![rows[i]!]!
  const blockStarts = Int32Array.from({ length: blockCount }, (_, block) => block * BLOCK_ROWS)
  return { from, to, blockOf, blockStarts, within }
}

/** Buffers that one column after another is staged in. */
class Scratch {
  #bytes: Uint8Array = new Uint8Array(0)
  #starts = new Int32Array(0)
  #ends = new Int32Array(0)

  bytes(size: number): Uint8Array {
    if (size > this.#bytes.length) this.#bytes = allocateBytes(size)
    return this.#bytes
  }

  ranges(length: number): { starts: Int32Array; ends: Int32Array } {
    if (length > this.#starts.length) {
      this.#starts = new Int32Array(length)
      this.#ends = new Int32Array(length)
    }
    return { starts: this.#starts, ends: this.#ends }
  }
}

function stageColumn(
  columns: readonly (BytesColumn | FixedColumn)[],
  plan: StagePlan,
  scratch: Scratch,
): Column {
  const [first] = columns
  return first!.layout === 'bytes'
    ? stageBytes(columns as readonly BytesColumn[], plan, scratch)
    : stageFixed(columns as readonly FixedColumn[], plan)
}

/** Values up to this length are copied eight bytes at a time, the last step over their end. */
const COPY_BY_WORDS_MAX = 64

function stageBytes(
  columns: readonly BytesColumn[],
  { blockOf, blockStarts, from, to }: StagePlan,
  scratch: Scratch,
): BytesColumn {
  const length = to - from
  const blockBytes = new Float64Array(blockStarts.length)
  for (const [source, { starts, ends }] of columns.entries()) {
    const blocks = blockOf[source]!
    for (let row = 0; row < blocks.length; row++)
      if (blocks[row] !== NOWHERE) blockBytes[blocks[row]!]! += ends[row]! - starts[row]!
  }
  // Eight bytes between blocks, so that a copy may run over the end of a block's last value.
  const cursors = new Int32Array(blockStarts.length)
  let size = 0
  for (let block = 0; block < blockStarts.length; block++) {
    cursors[block] = size
    size += blockBytes[block]! + 8
  }
  const data = scratch.bytes(size + 8)
  const target = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const { starts, ends } = scratch.ranges(length)
  const next = blockStarts.slice()
  for (const [source, column] of columns.entries())
    dealBytes(column, blockOf[source]!, cursors, next, data, target, starts, ends)
  return { layout: 'bytes', length, validity: null, data, starts, ends }
}

function dealBytes(
  column: BytesColumn,
  blocks: Uint16Array,
  cursors: Int32Array,
  next: Int32Array,
  data: Uint8Array,
  target: DataView,
  starts: Int32Array,
  ends: Int32Array,
): void {
  const view = new DataView(column.data.buffer, column.data.byteOffset, column.data.byteLength)
  const fastEnd = view.byteLength - 8
  for (let row = 0; row < blocks.length; row++) {
    const block = blocks[row]!
    if (block === NOWHERE) continue
    const start = column.starts[row]!
    const end = column.ends[row]!
    const at = cursors[block]!
    if (end - start <= COPY_BY_WORDS_MAX && end <= fastEnd)
      for (let b = 0; b < end - start; b += 8)
        target.setBigInt64(at + b, view.getBigInt64(start + b, true), true)
    else data.set(column.data.subarray(start, end), at)
    const staged = next[block]!++
    starts[staged] = at
    ends[staged] = cursors[block] = at + end - start
  }
}

function stageFixed(
  columns: readonly FixedColumn[],
  { blockOf, blockStarts, from, to }: StagePlan,
): FixedColumn {
  const length = to - from
  const example = columns.find((column) => column.length > 0)!
  const stride = example.values.length === 2 * example.length ? 2 : 1
  const Values = example.values.constructor as new (length: number) => FixedValues
  const values = new Values(length * stride)
  const next = blockStarts.slice()
  const width = values.BYTES_PER_ELEMENT * stride
  for (const [source, column] of columns.entries()) {
    const blocks = blockOf[source]!
    if (width < 4) dealElements(column.values, blocks, next, values)
    else dealWords(wordsOf(column.values), blocks, next, wordsOf(values), width >> 2)
  }
  return { layout: 'fixed', length, validity: null, values }
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

function sliceStaged(column: Column, from: number, to: number): Column {
  const length = to - from
  if (column.layout === 'bytes') {
    const starts = column.starts.subarray(from, to)
    return { ...column, length, starts, ends: column.ends.subarray(from, to) }
  }
  const { values } = column as FixedColumn
  const stride = values.length === 2 * column.length ? 2 : 1
  return {
    layout: 'fixed',
    length,
    validity: null,
    values: values.subarray(from * stride, to * stride),
  }
}
