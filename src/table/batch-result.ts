/** What every read gives: batches of columns, and the same as row objects and as Arrow data. */
import type { RecordBatch, Table as ArrowTable } from 'apache-arrow'

import { sliceBatch } from '../types/column-slice.ts'
import type { Batch } from '../types/column.ts'
import type { DataField } from '../types/data-type.ts'
import { rowReader } from '../types/row-value.ts'

/** A read that can be iterated as Arrow batches, any number of times; each iteration reads anew, of the same plan. */
export interface BatchResult<Row> extends AsyncIterable<RecordBatch> {
  /** Row objects, with a member for each column. */
  rows(): AsyncGenerator<Row, void, undefined>
  toArray(): Promise<Row[]>
  toArrow(): Promise<ArrowTable>
  /** The columns' buffers as they are, for printers that need no Arrow; `fields` tells what they are. */
  batches(): AsyncGenerator<Batch, void, undefined>
  /** The columns that are read, in order. */
  fields(): Promise<readonly DataField[]>
}

/** The part of a read that the rest follows from. */
export type BatchSource = Pick<BatchResult<unknown>, 'batches' | 'fields'>

/** A read whose rows and Arrow data follow from its batches. */
export abstract class Batches<Row> implements BatchResult<Row> {
  abstract batches(): AsyncGenerator<Batch, void, undefined>
  abstract fields(): Promise<readonly DataField[]>

  async *rows(): AsyncGenerator<Row, void, undefined> {
    const fields = await this.fields()
    for await (const batch of this.batches()) {
      const read = rowReader(batch, fields)
      for (let i = 0; i < batch.length; i++) yield read(i) as Row
    }
  }

  async toArray(): Promise<Row[]> {
    return await Array.fromAsync(this.rows())
  }

  [Symbol.asyncIterator](): AsyncGenerator<RecordBatch, void, undefined> {
    return recordBatchesOf(this)
  }

  async toArrow(): Promise<ArrowTable> {
    const { Table } = await import('apache-arrow')
    const { arrowSchema } = await import('../types/arrow-schema.ts')
    const batches = await Array.fromAsync(recordBatchesOf(this))
    return new Table(arrowSchema(await this.fields()), batches)
  }
}

/** The batches up to so many rows; no batch is empty, and nothing is asked for beyond the limit. */
export async function* firstRows(
  batches: AsyncIterable<Batch>,
  limit: number,
): AsyncGenerator<Batch, void, undefined> {
  if (limit <= 0) return
  let left = limit
  for await (const batch of batches) {
    const taken = batch.length > left ? sliceBatch(batch, 0, left) : batch
    left -= taken.length
    if (taken.length > 0) yield taken
    if (left <= 0) return
  }
}

export async function* recordBatchesOf(
  source: BatchSource,
): AsyncGenerator<RecordBatch, void, undefined> {
  const { toRecordBatch } = await import('../types/arrow-export.ts')
  const { arrowSchema } = await import('../types/arrow-schema.ts')
  const fields = await source.fields()
  const schema = arrowSchema(fields)
  for await (const batch of source.batches()) yield toRecordBatch(batch, fields, schema)
}
