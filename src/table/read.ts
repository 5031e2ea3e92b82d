/** Reading a table: the batches, rows or Arrow data of a plan's splits, one after another. */
import type { RecordBatch, Table as ArrowTable } from 'apache-arrow'

import { dataLayout } from '../snapshot/data-paths.ts'
import type { TableStore } from '../snapshot/table-store.ts'
import { sliceBatch } from '../types/column-slice.ts'
import type { Batch } from '../types/column.ts'
import type { DataField } from '../types/data-type.ts'
import type { RawOptions } from '../types/options.ts'
import { bindPredicate } from '../types/predicate-bind.ts'
import type { Predicate } from '../types/predicate.ts'
import { rowReader } from '../types/row-value.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { fieldsNamed } from '../types/schema-keys.ts'
import { requireReadable } from '../types/schema-validation.ts'
import { throwIfAborted } from '../util/async.ts'
import { invalid } from '../util/errors.ts'
import { type Plan, planScan } from './scan.ts'
import { readSplit } from './split-read.ts'
import type { Split } from './split.ts'
import { readState } from './time-travel.ts'

export interface ReadRequest {
  readonly columns?: readonly string[] | undefined
  readonly where?: Predicate | undefined
  readonly limit?: number | undefined
  /** Paimon's dynamic options, such as `scan.snapshot-id`. */
  readonly options?: RawOptions | undefined
  readonly signal?: AbortSignal | undefined
}

/** A read that can be iterated as Arrow batches, any number of times; each iteration reads anew, of the same plan. */
export interface ReadResult<Row> extends AsyncIterable<RecordBatch> {
  /** What will be read: the snapshot, and its files in splits. */
  plan(): Promise<Plan>
  /** Row objects, with a member for each column. */
  rows(): AsyncGenerator<Row, void, undefined>
  toArray(): Promise<Row[]>
  toArrow(): Promise<ArrowTable>
  /** The columns' buffers as they are, for printers that need no Arrow; `fields` tells what they are. */
  batches(): AsyncGenerator<Batch, void, undefined>
  /** The columns that are read, in order. */
  fields(): Promise<readonly DataField[]>
}

interface PreparedRead {
  readonly schema: TableSchema
  readonly fields: readonly DataField[]
  readonly plan: Plan
}

export class TableRead<Row> implements ReadResult<Row> {
  readonly #store: TableStore
  readonly #schema: TableSchema
  readonly #request: ReadRequest
  #prepared: Promise<PreparedRead> | null = null

  constructor(store: TableStore, schema: TableSchema, request: ReadRequest) {
    const { limit } = request
    if (limit !== undefined && !(Number.isInteger(limit) && limit >= 0))
      throw invalid(`a limit of ${limit} rows`, { hint: 'give a whole number, 0 or more' })
    this.#store = store
    this.#schema = schema
    this.#request = request
  }

  async plan(): Promise<Plan> {
    return (await this.#prepare()).plan
  }

  async fields(): Promise<readonly DataField[]> {
    return (await this.#prepare()).fields
  }

  async *batches(): AsyncGenerator<Batch, void, undefined> {
    const { plan } = await this.#prepare()
    let left = this.#request.limit ?? Infinity
    for (const split of plan.splits) {
      if (left <= 0) return
      for await (const batch of this.splitBatches(split)) {
        const taken = batch.length > left ? sliceBatch(batch, 0, left) : batch
        left -= taken.length
        if (taken.length > 0) yield taken
        if (left <= 0) return
      }
    }
  }

  /** The rows of one split of a plan of this read, whatever its limit. */
  async *splitBatches(split: Split): AsyncGenerator<Batch, void, undefined> {
    const { schema, fields } = await this.#prepare()
    const { where, signal } = this.#request
    const { io, location, schemas } = this.#store
    const layout = dataLayout(location.root, schema)
    throwIfAborted(signal)
    yield* readSplit({ io, layout, schemas, schema }, split, { fields, where, signal })
  }

  async *rows(): AsyncGenerator<Row, void, undefined> {
    const fields = await this.fields()
    for await (const batch of this.batches()) {
      const read = rowReader(batch, fields)
      for (let i = 0; i < batch.length; i++) yield read(i) as Row
    }
  }

  async toArray(): Promise<Row[]> {
    const rows: Row[] = []
    for await (const row of this.rows()) rows.push(row)
    return rows
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecordBatch, void, undefined> {
    const { toRecordBatch } = await import('../types/arrow-export.ts')
    const { arrowSchema } = await import('../types/arrow-schema.ts')
    const fields = await this.fields()
    const schema = arrowSchema(fields)
    for await (const batch of this.batches()) yield toRecordBatch(batch, fields, schema)
  }

  async toArrow(): Promise<ArrowTable> {
    const { Table } = await import('apache-arrow')
    const { arrowSchema } = await import('../types/arrow-schema.ts')
    const batches: RecordBatch[] = []
    for await (const batch of this) batches.push(batch)
    return new Table(arrowSchema(await this.fields()), batches)
  }

  async #prepare(): Promise<PreparedRead> {
    this.#prepared ??= this.#plan()
    return await this.#prepared
  }

  async #plan(): Promise<PreparedRead> {
    const { columns, where, limit, options = {}, signal } = this.#request
    const { snapshot, schema } = await readState(this.#store, this.#schema, options, signal)
    requireReadable(schema)
    const fields = columns === undefined ? schema.fields : fieldsNamed(schema, columns)
    // A filter that does not fit is refused before anything is read.
    if (where !== undefined) bindPredicate(where, schema.fields)
    const plan = await planScan(this.#store, { schema, snapshot, where, limit, signal })
    return { schema, fields, plan }
  }
}
