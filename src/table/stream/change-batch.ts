/** Changes as a stream gives them: batches of columns, and rows as a view of these. */
import type { RecordBatch } from 'apache-arrow'

import type { Batch, BytesColumn } from '../../types/column.ts'
import { type DataField, MAX_LENGTH } from '../../types/data-type.ts'
import { ROW_KINDS, type RowKind } from '../../types/row-kind.ts'
import { rowReader } from '../../types/row-value.ts'
import { invalid } from '../../util/errors.ts'
import { KIND_COLUMN } from '../write/input.ts'
import type { Checkpoint } from './checkpoint.ts'

/** A row of a stream, and what became of it. */
export interface Change<Row> {
  readonly kind: RowKind
  readonly row: Row
  /** The snapshot that made the change; for the rows that a stream starts with, the one whose state they are of. */
  readonly snapshotId: number
  /** The place behind this row, from which a stream can be restored. */
  readonly checkpoint: Checkpoint
  /** Says that this row and all before it are done; see {@link ChangeBatch.ack}. */
  ack(): Promise<void>
}

/** Where a batch comes from, and who is told what is done with it. */
export interface BatchOrigin {
  readonly snapshotId: number
  readonly isFull: boolean
  /** The place behind so many rows of the batch. */
  readonly checkpointAt: (rowCount: number) => Checkpoint
  readonly ack: (rowCount: number) => Promise<void>
}

/** Rows of one snapshot. */
export class ChangeBatch<Row> {
  /** The columns of `batch`. */
  readonly fields: readonly DataField[]
  readonly batch: Batch
  /** Of each row its kind, as an index into `+I -U +U -D`. */
  readonly kinds: Int8Array
  /** The snapshot that made the changes; for the rows that a stream starts with, the one whose state they are of. */
  readonly snapshotId: number
  /** Whether the rows are of the state that the stream starts with, and not what a snapshot changed. */
  readonly isFull: boolean
  readonly #origin: BatchOrigin

  /** @internal Streams make batches. */
  constructor(fields: readonly DataField[], batch: Batch, kinds: Int8Array, origin: BatchOrigin) {
    this.fields = fields
    this.batch = batch
    this.kinds = kinds
    this.snapshotId = origin.snapshotId
    this.isFull = origin.isFull
    this.#origin = origin
  }

  /** How many rows it has: one at least. */
  get length(): number {
    return this.batch.length
  }

  /** The place behind the last row, from which a stream can be restored. */
  get checkpoint(): Checkpoint {
    return this.#origin.checkpointAt(this.length)
  }

  /**
   * Says that these rows and all before them are done: the stream's `checkpoint()` moves behind them. With a consumer, the
   * file in the table is written before this resolves if the batch ends its snapshot.
   */
  async ack(): Promise<void> {
    await this.#origin.ack(this.length)
  }

  /** The rows, in order. */
  *changes(): Generator<Change<Row>, void, undefined> {
    const read = rowReader(this.batch, this.fields)
    const { snapshotId } = this
    const origin = this.#origin
    for (let i = 0; i < this.length; i++)
      yield new RowChange(ROW_KINDS[this.kinds[i]!]!, read(i) as Row, snapshotId, origin, i + 1)
  }

  /** The rows as Arrow data, the kinds in a first column `_kind` of texts: `+I`, `-U`, `+U`, `-D`. */
  async toArrow(): Promise<RecordBatch> {
    const { toRecordBatch } = await import('../../types/arrow-export.ts')
    const { arrowSchema } = await import('../../types/arrow-schema.ts')
    const fields = kindedFields(this.fields)
    return toRecordBatch(kindedBatch(this.batch, this.kinds), fields, arrowSchema(fields))
  }
}

class RowChange<Row> implements Change<Row> {
  readonly kind: RowKind
  readonly row: Row
  readonly snapshotId: number
  readonly #origin: BatchOrigin
  /** Rows of the batch up to this one. */
  readonly #rowCount: number

  constructor(kind: RowKind, row: Row, snapshotId: number, origin: BatchOrigin, rowCount: number) {
    this.kind = kind
    this.row = row
    this.snapshotId = snapshotId
    this.#origin = origin
    this.#rowCount = rowCount
  }

  get checkpoint(): Checkpoint {
    return this.#origin.checkpointAt(this.#rowCount)
  }

  async ack(): Promise<void> {
    await this.#origin.ack(this.#rowCount)
  }
}

/** The fields behind one for the kinds. INVALID where a column has its name. */
export function kindedFields(fields: readonly DataField[]): DataField[] {
  if (fields.some(({ name }) => name === KIND_COLUMN))
    throw invalid(`the table has a column "${KIND_COLUMN}", which is where the kinds of rows go`, {
      hint: 'name the columns to read, without that one',
    })
  const kind = {
    id: -1,
    name: KIND_COLUMN,
    type: { kind: 'VARCHAR', length: MAX_LENGTH, nullable: false },
  } as const
  return [kind, ...fields]
}

const KIND_TEXTS = new TextEncoder().encode(ROW_KINDS.join(''))

/** The batch behind a column of the texts of the kinds. */
export function kindedBatch({ length, columns }: Batch, kinds: Int8Array): Batch {
  const data = new Uint8Array(2 * length)
  const offsets = new Int32Array(length + 1)
  for (let i = 0; i < length; i++) {
    const at = 2 * kinds[i]!
    data[2 * i] = KIND_TEXTS[at]!
    data[2 * i + 1] = KIND_TEXTS[at + 1]!
    offsets[i + 1] = 2 * i + 2
  }
  const texts: BytesColumn = {
    layout: 'bytes',
    length,
    validity: null,
    data,
    starts: offsets.subarray(0, length),
    ends: offsets.subarray(1),
  }
  return { length, columns: [texts, ...columns] }
}
