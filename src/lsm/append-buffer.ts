/**
 * The rows of one bucket of an append table that are in no file yet, in the order that they came: in memory, and before
 * those on the disk of this machine what memory was needed for.
 */
import { allRows, type BatchRows, batchRows } from '../format/column-rows.ts'
import { batchBytes } from '../types/batch-bytes.ts'
import { concatColumns } from '../types/column-take.ts'
import type { Batch } from '../types/column.ts'
import { type Chunk, ChunkBuffer } from './chunk-buffer.ts'
import { getBatch, type PackedBlock, putBatch } from './spill/packed-block.ts'
import type { SpillSpace } from './spill/spill-space.ts'

/** Rows are put away in blocks of about so much. */
const BLOCK_BYTES = 4 << 20
const NO_KINDS = new Int8Array(0)

export class AppendBuffer {
  readonly #spill: SpillSpace | null
  readonly #buffer = new ChunkBuffer(0)
  #spilled: PackedBlock[] = []

  /** Without `spill` all rows stay in memory. */
  constructor(spill: SpillSpace | null) {
    this.#spill = spill
  }

  /** What is held in memory. */
  get sizeBytes(): number {
    return this.#buffer.sizeBytes
  }

  get isEmpty(): boolean {
    return this.#buffer.rowCount === 0 && this.#spilled.length === 0
  }

  /** Whether nothing more can be appended before memory is given back, however small. */
  get isFull(): boolean {
    return this.#buffer.isFull
  }

  append(batch: Batch): void {
    this.#buffer.append(batch, NO_KINDS)
  }

  /** Gives memory back; false where rows may not be spilled, or no more of them. */
  async spill(): Promise<boolean> {
    const space = this.#spill
    if (space === null || space.isFull) return false
    const blocks: PackedBlock[] = []
    try {
      for (const batch of blocksOf(this.#buffer.chunks)) blocks.push(await putBatch(space, batch))
    } catch (error) {
      await space.release(blocks.map(({ block }) => block))
      throw error
    }
    this.#spilled.push(...blocks)
    this.#buffer.clear()
    return true
  }

  /** All rows, front to back; they are forgotten as they are handed out. */
  async *take(): AsyncGenerator<BatchRows, void, undefined> {
    for (let next = this.#spilled[0]; next !== undefined; next = this.#spilled[0]) {
      yield allRows(await getBatch(this.#spill!, next))
      this.#spilled.shift()
      await this.#spill!.release([next.block])
    }
    if (this.#buffer.rowCount === 0) return
    yield joined(this.#buffer.chunks.map(({ batch }) => batch))
    this.#buffer.clear()
  }

  /** Forgets all rows. */
  async clear(): Promise<void> {
    const spilled = this.#spilled
    this.#spilled = []
    this.#buffer.clear()
    if (spilled.length > 0) await this.#spill!.release(spilled.map(({ block }) => block))
  }
}

/** The rows in batches of about the size of a block. */
function* blocksOf(chunks: readonly Chunk[]): Generator<Batch> {
  for (let from = 0; from < chunks.length;) {
    let to = from
    for (let bytes = 0; to < chunks.length && bytes < BLOCK_BYTES; to++)
      bytes += chunks[to]!.sizeBytes
    const batches = chunks.slice(from, to).map(({ batch }) => batch)
    const length = batches.reduce((sum, batch) => sum + batch.length, 0)
    const columns = batches[0]!.columns.map((_, i) =>
      concatColumns(batches.map((batch) => batch.columns[i]!)),
    )
    yield { length, columns }
    from = to
  }
}

/** The rows of several batches, one behind the other. */
function joined(batches: readonly Batch[]): BatchRows {
  const length = batches.reduce((sum, batch) => sum + batch.length, 0)
  if (batches.length === 1) return allRows(batches[0]!)
  const sourceOf = new Uint16Array(length)
  const rows = new Uint32Array(length)
  let at = 0
  for (const [source, batch] of batches.entries()) {
    sourceOf.fill(source, at, at + batch.length)
    for (let i = 0; i < batch.length; i++) rows[at++] = i
  }
  const columns = batches[0]!.columns.map((_, i) => batches.map((batch) => batch.columns[i]!))
  const sizeBytes = batches.reduce((sum, batch) => sum + batchBytes(batch), 0)
  return batchRows(
    length,
    (index) => ({ columns: columns[index]!, sourceOf, rows, length }),
    sizeBytes / Math.max(1, length),
  )
}
