/** Reads a view of the table's rows: plans as any read of the table does, and shows the rows of each split. */
import type { RecordBatch, Table as ArrowTable } from 'apache-arrow'

import { sliceBatch } from '../../types/column-slice.ts'
import { takeBatch } from '../../types/column-take.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { columnsOf, projectTo } from '../../types/predicate-analysis.ts'
import { bindPredicate, type BoundPredicate } from '../../types/predicate-bind.ts'
import { selectRows } from '../../types/predicate-rows.ts'
import type { Predicate } from '../../types/predicate.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { fieldsNamed, hasPrimaryKey } from '../../types/schema-keys.ts'
import { parseWhere } from '../../types/where-text.ts'
import { throwIfAborted } from '../../util/async.ts'
import { arrowTableOf, type BatchResult, recordBatchesOf, rowsOf } from '../batch-result.ts'
import { type ReadTarget, readTarget } from '../read-target.ts'
import { checkLimit, distinctFields, namedReadError, type ReadRequest } from '../read.ts'
import type { Plan } from '../scan.ts'
import { readSplit } from '../split-read.ts'
import type { Split } from '../split.ts'
import { fileContext } from '../table-file.ts'
import type { SystemContext } from './columns.ts'
import type { SystemRow } from './read.ts'
import type { RowView, ViewColumn } from './row-view.ts'

interface PreparedView {
  readonly target: ReadTarget
  readonly fields: readonly DataField[]
  /** Those to return, and behind them those that only the filter looks at. */
  readonly columns: readonly ViewColumn[]
  readonly filter: BoundPredicate | undefined
  /** What the filter says of the table's rows. */
  readonly where: Predicate | undefined
  readonly plan: Plan
}

export class ViewRead implements BatchResult<SystemRow> {
  readonly #view: RowView
  readonly #context: SystemContext
  readonly #request: ReadRequest
  #prepared: Promise<PreparedView> | null = null

  constructor(view: RowView, context: SystemContext, request: ReadRequest) {
    checkLimit(request.limit)
    this.#view = view
    this.#context = context
    this.#request = request
  }

  async fields(): Promise<readonly DataField[]> {
    return (await this.#prepare()).fields
  }

  async *batches(): AsyncGenerator<Batch, void, undefined> {
    const { plan } = await this.#prepare()
    let left = this.#request.limit ?? Infinity
    for (const split of plan.splits) {
      if (left <= 0) return
      for await (const batch of this.#splitBatches(split)) {
        const taken = batch.length > left ? sliceBatch(batch, 0, left) : batch
        left -= taken.length
        if (taken.length > 0) yield taken
        if (left <= 0) return
      }
    }
  }

  async *#splitBatches(split: Split): AsyncGenerator<Batch, void, undefined> {
    const prepared = await this.#prepare()
    const { target, fields, columns, filter } = prepared
    throwIfAborted(this.#context.signal)
    try {
      const rows = this.#splitRows(split, prepared)
      for await (const batch of this.#view.show(columns, rows, split.isStreaming)) {
        const chosen = filter === undefined ? null : selectRows(filter, batch)
        const passed = chosen === null ? batch : takeBatch(batch, chosen)
        yield { length: passed.length, columns: passed.columns.slice(0, fields.length) }
      }
    } catch (error) {
      throw this.#named(error, target)
    }
  }

  #splitRows(split: Split, { target, columns, where }: PreparedView): AsyncIterable<Batch> {
    const { store, schema } = target.sourceOf(split)
    const { keepsDeletes } = this.#view
    // What files say of the kinds of their rows shows even where nothing is merged.
    const rawConvertible = split.rawConvertible && !(keepsDeletes && hasPrimaryKey(schema))
    const sources = columns.flatMap(({ source }) => source ?? [])
    return readSplit(
      fileContext(store, schema),
      { ...split, rawConvertible },
      {
        fields: target.fieldsOf(split, sources),
        where,
        kinds: true,
        keepDeletes: keepsDeletes,
        signal: this.#context.signal,
      },
    )
  }

  async #prepare(): Promise<PreparedView> {
    this.#prepared ??= this.#plan()
    return await this.#prepared
  }

  async #plan(): Promise<PreparedView> {
    const { columns: names, where: given, limit: most } = this.#request
    const target = await this.#target()
    const { schema } = target
    const all = this.#view.columns(schema)
    const shown = all.map(({ field }) => field)
    const predicate = typeof given === 'string' ? parseWhere(given, shown) : given
    if (predicate !== undefined) bindPredicate(predicate, shown)
    const fields = names === undefined ? shown : distinctFields({ fields: shown }, names)
    const looked = predicate === undefined ? [] : columnsOf(predicate)
    const filtered = fieldsNamed({ fields: shown }, looked)
    const read = [...fields, ...filtered.filter((field) => !fields.includes(field))]
    const where = this.#tableFilter(schema, predicate)
    const level = this.#view.level?.(schema)
    const limit = predicate === undefined ? most : undefined
    try {
      return {
        target,
        fields,
        columns: read.map((field) => all.find((column) => column.field === field)!),
        filter: predicate && bindPredicate(predicate, read),
        where,
        plan: await target.plan({ where, limit, level, signal: this.#context.signal }),
      }
    } catch (error) {
      throw this.#named(error, target)
    }
  }

  async #target(): Promise<ReadTarget> {
    const { store, schema, options, signal } = this.#context
    try {
      return await readTarget(store, schema, options, signal)
    } catch (error) {
      throw this.#named(error, { store, schema, snapshotId: null })
    }
  }

  #named(
    error: unknown,
    { store, schema, snapshotId }: Pick<ReadTarget, 'store' | 'schema' | 'snapshotId'>,
  ): unknown {
    return namedReadError(error, store, this.#context.options, schema, snapshotId)
  }

  #tableFilter(schema: TableSchema, predicate: Predicate | undefined): Predicate | undefined {
    if (predicate === undefined || !this.#view.passesFilters) return undefined
    return projectTo(
      predicate,
      schema.fields.map(({ name }) => name),
    )
  }

  rows(): AsyncGenerator<SystemRow, void, undefined> {
    return rowsOf(this)
  }

  async toArray(): Promise<SystemRow[]> {
    return await Array.fromAsync(this.rows())
  }

  [Symbol.asyncIterator](): AsyncGenerator<RecordBatch, void, undefined> {
    return recordBatchesOf(this)
  }

  async toArrow(): Promise<ArrowTable> {
    return await arrowTableOf(this)
  }
}
