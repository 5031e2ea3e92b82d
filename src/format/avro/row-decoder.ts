/** Turns the rows of Avro blocks into batches: the state between one block or batch and the next. */
import { batchBuilder, finishBatch, type StructBuilder } from '../../types/column-builder.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { assert } from '../../util/assert.ts'
import { corrupt } from '../../util/errors.ts'
import type { AvroHeader } from './container.ts'
import { AvroCursor } from './cursor.ts'
import { addRecord } from './decode.ts'
import { Program } from './program.ts'

export class RowDecoder {
  readonly #header: AvroHeader
  readonly #fields: readonly DataField[]
  readonly #batchRows: number
  readonly #batchBytes: number
  readonly #cursor = new AvroCursor()
  #builder: StructBuilder
  #program: Program
  /** Rows of the open block that are still to come. */
  #rowsLeft = 0
  /** Bytes that the rows of this batch took. */
  #bytes = 0

  /** Batches end after `batchRows` rows, or after the first row that brings them to `batchBytes`. */
  constructor(
    header: AvroHeader,
    fields: readonly DataField[],
    batchRows: number,
    batchBytes: number,
  ) {
    assert(batchRows >= 1, 'a batch has at least one row')
    this.#header = header
    this.#fields = fields
    this.#batchRows = batchRows
    this.#batchBytes = batchBytes
    this.#builder = batchBuilder(fields)
    this.#program = this.#bind()
  }

  /** The rows of the batch so far. */
  get rowCount(): number {
    return this.#builder.length
  }

  /** Starts on the rows of a block; those of the last must have been decoded. */
  open(rows: Uint8Array, rowCount: number): void {
    assert(this.#rowsLeft === 0, 'the last block is decoded')
    const { record, recordBranch } = this.#header
    this.#cursor.open(rows)
    this.#cursor.checkCount(rowCount, record.minBytes + (recordBranch < 0 ? 0 : 1))
    this.#rowsLeft = rowCount
  }

  /** Decodes rows of the block; true when the batch is full and must be taken, false when the block is at its end. */
  decode(): boolean {
    const cursor = this.#cursor
    const program = this.#program
    const from = cursor.at
    const bytesLeft = this.#batchBytes - this.#bytes
    let rowsRoom = this.#batchRows - this.#builder.length
    while (this.#rowsLeft > 0 && rowsRoom > 0 && cursor.at - from < bytesLeft) {
      cursor.startRow()
      program.run(1)
      this.#rowsLeft--
      rowsRoom--
    }
    this.#bytes += cursor.at - from
    if (this.#rowsLeft > 0) return true
    if (cursor.at !== cursor.end) throw corrupt('an Avro block has bytes after its last row')
    return false
  }

  /** Takes the batch and starts another. */
  finish(): Batch {
    const batch = finishBatch(this.#builder)
    this.#builder = batchBuilder(this.#fields)
    this.#program = this.#bind()
    this.#bytes = 0
    return batch
  }

  #bind(): Program {
    const { record, recordBranch } = this.#header
    const cursor = this.#cursor
    const program = new Program(cursor)
    if (recordBranch >= 0)
      program.step(() => {
        if (cursor.readBranch(2) !== recordBranch) throw corrupt('a row of the Avro file is null')
      })
    addRecord(record, this.#fields, this.#builder, program)
    return program
  }
}
