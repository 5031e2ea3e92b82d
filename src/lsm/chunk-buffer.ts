/**
 * Batches of rows as they came, held until they are written.
 *
 * Where rows come a few at a time, as they do to many buckets at once, a batch of them would take more memory than they
 * do: such batches are joined, and hold nothing of the rows of other buckets that came with them.
 */
import { batchBytes } from '../types/batch-bytes.ts'
import { ownBatch } from '../types/batch-own.ts'
import { concatColumns } from '../types/column-take.ts'
import type { Batch } from '../types/column.ts'

export interface Chunk {
  readonly batch: Batch
  readonly kinds: Int8Array
  /** How often it was made of several smaller ones. */
  readonly rank: number
  readonly sizeBytes: number
}

/** What a column of a chunk takes beside its values. */
const COLUMN_BYTES = 250
/** A row is told apart by a 16-bit number of its chunk. */
const CHUNKS_MAX = 65_000
/** So many chunks of one rank become one, while that has no more rows than this. */
const JOINED_CHUNKS = 8
const JOINED_ROWS_MAX = 8192

export class ChunkBuffer {
  readonly #rowBytes: number
  #chunks: Chunk[] = []
  #rowCount = 0
  #sizeBytes = 0

  /** `rowBytes` are what a row will take beside its values. */
  constructor(rowBytes: number) {
    this.#rowBytes = rowBytes
  }

  get chunks(): readonly Chunk[] {
    return this.#chunks
  }

  get rowCount(): number {
    return this.#rowCount
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Whether nothing more can be appended, however small. */
  get isFull(): boolean {
    return this.#chunks.length >= CHUNKS_MAX
  }

  append(batch: Batch, kinds: Int8Array): void {
    this.#push(batch.length < JOINED_ROWS_MAX ? ownBatch(batch) : batch, kinds, 0)
    this.#rowCount += batch.length
    for (;;) {
      const joined = this.#chunks.slice(-JOINED_CHUNKS)
      const { rank } = joined[0]!
      const rows = joined.reduce((sum, chunk) => sum + chunk.batch.length, 0)
      const isJoined =
        joined.length === JOINED_CHUNKS &&
        joined.every((chunk) => chunk.rank === rank) &&
        rows <= JOINED_ROWS_MAX
      if (!isJoined) return
      this.#join(joined, rows, rank + 1)
    }
  }

  #push(batch: Batch, kinds: Int8Array, rank: number): void {
    const sizeBytes =
      batchBytes(batch) + this.#rowBytes * batch.length + COLUMN_BYTES * batch.columns.length
    this.#chunks.push({ batch, kinds, rank, sizeBytes })
    this.#sizeBytes += sizeBytes
  }

  #join(chunks: readonly Chunk[], length: number, rank: number): void {
    this.#chunks.length -= chunks.length
    for (const { sizeBytes } of chunks) this.#sizeBytes -= sizeBytes
    const columns = chunks[0]!.batch.columns.map((_, i) =>
      concatColumns(chunks.map(({ batch }) => batch.columns[i]!)),
    )
    const kinds = new Int8Array(length)
    let at = 0
    for (const chunk of chunks) {
      kinds.set(chunk.kinds, at)
      at += chunk.kinds.length
    }
    this.#push({ length, columns }, kinds, rank)
  }

  clear(): void {
    this.#chunks = []
    this.#rowCount = 0
    this.#sizeBytes = 0
  }
}
