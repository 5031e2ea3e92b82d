/** Where the rows of an append table stand that a test chooses: file by file, as positions in the file. */
import type { DataFile, RowRange } from '../../format/data-file.ts'
import { nthRowOf } from '../../format/row-ranges.ts'
import { readDeletionVector } from '../../indexes/deletion-vector.ts'
import { bitmapHas } from '../../indexes/roaring.ts'
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { takeBatch } from '../../types/column-take.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import type { BoundPredicate } from '../../types/predicate-bind.ts'
import { throwIfAborted } from '../../util/async.ts'
import { type FileContext, openTableFile } from '../file/table-file.ts'
import type { Split } from '../plan/split.ts'

/** Rows of a batch that a test chooses, ascending. */
export interface ChosenRows {
  readonly rows: Uint32Array
  /** What each of them was chosen by, where the test tells. */
  readonly by: Uint32Array | null
}

export interface RowTest {
  /** The columns that it looks at. */
  readonly fields: readonly DataField[]
  /** What statistics can say of it, on all columns of the table; null where they say nothing. */
  readonly statistics: BoundPredicate | null
  readonly choose: (batch: Batch) => ChosenRows
}

/** Rows of one file. */
export interface FileMatches {
  readonly split: Split
  readonly file: DataFileMeta
  /** Ascending, deleted rows not among them. */
  readonly positions: Uint32Array
  readonly by: Uint32Array | null
  /** The rows themselves, some at a time, and from which of the matches on each batch is. */
  read(fields: readonly DataField[]): AsyncGenerator<readonly [Batch, number], void, undefined>
}

const BATCH_ROWS = 1 << 16

/** The files of the splits that have rows that the test chooses. */
export async function* fileMatches(
  context: FileContext,
  splits: readonly Split[],
  test: RowTest,
  signal: AbortSignal | undefined,
): AsyncGenerator<FileMatches, void, undefined> {
  for (const split of splits)
    for (const file of split.files) {
      const open = await openTableFile(context, split, file, signal)
      const chosen = await chosenRows(open, test, signal)
      const { rows: positions, by } = await withoutDeleted(context, split, file, chosen, signal)
      if (positions.length === 0) continue
      yield { split, file, positions, by, read: (fields) => readRows(open, fields, positions) }
    }
}

async function chosenRows(
  open: DataFile,
  { fields, statistics, choose }: RowTest,
  signal: AbortSignal | undefined,
): Promise<ChosenRows> {
  const pruned = statistics && (await open.prune(statistics))
  const ranges = pruned ?? [{ from: 0, to: open.rowCount ?? Infinity }]
  // Rows are told by where they stand in the file, so none may be missing.
  const cursor = open.cursor({ fields, rows: pruned ?? undefined, keepsDeleted: true })
  const rows = new RowList()
  const by = new RowList()
  const positionOf = nthRowOf(ranges)
  for (let seen = 0; ;) {
    throwIfAborted(signal)
    const batch = await cursor.read(BATCH_ROWS)
    if (batch === null) break
    const chosen = choose(batch)
    for (const row of chosen.rows) rows.add(positionOf(seen + row))
    for (const source of chosen.by ?? []) by.add(source)
    seen += batch.length
  }
  return { rows: rows.values, by: by.values.length === 0 ? null : by.values }
}

/** Rows in a buffer that grows. */
class RowList {
  #rows = new Uint32Array(64)
  #length = 0

  add(row: number): void {
    if (this.#length === this.#rows.length) {
      const grown = new Uint32Array(2 * this.#length)
      grown.set(this.#rows)
      this.#rows = grown
    }
    this.#rows[this.#length++] = row
  }

  get values(): Uint32Array {
    return this.#rows.subarray(0, this.#length)
  }
}

async function withoutDeleted(
  context: FileContext,
  { deletionFiles }: Split,
  { fileName, rowCount }: DataFileMeta,
  chosen: ChosenRows,
  signal: AbortSignal | undefined,
): Promise<ChosenRows> {
  const deletion = deletionFiles?.get(fileName)
  if (deletion === undefined || chosen.rows.length === 0) return chosen
  const { io, indexFiles } = context
  const deleted = await readDeletionVector(io, indexFiles, deletion, rowCount, { signal })
  const kept = chosen.rows.map((_, i) => i).filter((i) => !bitmapHas(deleted, chosen.rows[i]!))
  return {
    rows: kept.map((i) => chosen.rows[i]!),
    by: chosen.by && kept.map((i) => chosen.by![i]!),
  }
}

/** Fewer rows than this between two that are wanted are read along. */
const GAP_ROWS = 32

async function* readRows(
  open: DataFile,
  fields: readonly DataField[],
  positions: Uint32Array,
): AsyncGenerator<readonly [Batch, number], void, undefined> {
  const ranges = rangesOf(positions)
  const cursor = open.cursor({ fields, rows: ranges, keepsDeleted: true })
  const positionOf = nthRowOf(ranges)
  let next = 0
  for (let seen = 0; next < positions.length;) {
    const batch = await cursor.read(BATCH_ROWS)
    if (batch === null) return
    const from = next
    const rows: number[] = []
    for (let row = 0; row < batch.length && next < positions.length; row++) {
      if (positionOf(seen + row) !== positions[next]) continue
      rows.push(row)
      next++
    }
    seen += batch.length
    if (rows.length === 0) continue
    yield [rows.length === batch.length ? batch : takeBatch(batch, Uint32Array.from(rows)), from]
  }
}

function rangesOf(positions: Uint32Array): RowRange[] {
  const ranges: { from: number; to: number }[] = []
  for (const row of positions) {
    const last = ranges.at(-1)
    if (last !== undefined && row <= last.to + GAP_ROWS) last.to = row + 1
    else ranges.push({ from: row, to: row + 1 })
  }
  return ranges
}
