/** What every read gives: batches of columns, and the same as row objects and as Arrow data. */
import type { RecordBatch, Table as ArrowTable } from 'apache-arrow'

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

export async function* rowsOf<Row>(source: BatchSource): AsyncGenerator<Row, void, undefined> {
  const fields = await source.fields()
  for await (const batch of source.batches()) {
    const read = rowReader(batch, fields)
    for (let i = 0; i < batch.length; i++) yield read(i) as Row
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

export async function arrowTableOf(source: BatchSource): Promise<ArrowTable> {
  const { Table } = await import('apache-arrow')
  const { arrowSchema } = await import('../types/arrow-schema.ts')
  const batches = await Array.fromAsync(recordBatchesOf(source))
  return new Table(arrowSchema(await source.fields()), batches)
}
