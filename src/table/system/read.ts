/** Reads a system table: chosen columns, a filter and a limit over its items, batch by batch. */
import { batchBuilder, finishBatch } from '../../types/column-builder.ts'
import { sliceBatch } from '../../types/column-slice.ts'
import { takeBatch } from '../../types/column-take.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { appendValue } from '../../types/internal-value.ts'
import { columnsOf } from '../../types/predicate-analysis.ts'
import { bindPredicate, type BoundPredicate } from '../../types/predicate-bind.ts'
import { selectRows } from '../../types/predicate-rows.ts'
import type { Predicate } from '../../types/predicate.ts'
import { fieldsNamed } from '../../types/schema-keys.ts'
import { parseWhere } from '../../types/where-text.ts'
import { throwIfAborted } from '../../util/async.ts'
import { Batches } from '../batch-result.ts'
import { checkLimit, distinctFields, type ReadRequest } from '../read.ts'
import {
  fieldsOf,
  internal,
  type SystemColumn,
  type SystemReadContext,
  type SystemSource,
} from './columns.ts'

const ROWS_PER_BATCH = 4096

/** A row of a system table, as an object. */
export type SystemRow = Record<string, unknown>

export class SystemRead<Item, Context extends SystemReadContext> extends Batches<SystemRow> {
  readonly #source: SystemSource<Item, Context>
  readonly #context: Context
  readonly #limit: number
  /** The columns to return; those that only the filter looks at are behind them. */
  readonly #fields: readonly DataField[]
  readonly #columns: readonly SystemColumn<Item>[]
  readonly #filter: BoundPredicate | undefined

  constructor(source: SystemSource<Item, Context>, context: Context, request: ReadRequest) {
    super()
    checkLimit(request.limit)
    const all = fieldsOf(source.columns)
    const { columns, where: given } = request
    const where: Predicate | undefined = typeof given === 'string' ? parseWhere(given, all) : given
    if (where !== undefined) bindPredicate(where, all)
    const fields = columns === undefined ? all : distinctFields({ fields: all }, columns)
    const filtered = where === undefined ? [] : fieldsNamed({ fields: all }, columnsOf(where))
    const read = [...fields, ...filtered.filter((field) => !fields.includes(field))]
    this.#source = source
    this.#context = context
    this.#limit = request.limit ?? Infinity
    this.#fields = fields
    this.#columns = read.map(({ id }) => source.columns[id]!)
    this.#filter = where && bindPredicate(where, read)
  }

  async fields(): Promise<readonly DataField[]> {
    return await Promise.resolve(this.#fields)
  }

  async *batches(): AsyncGenerator<Batch, void, undefined> {
    let left = this.#limit
    if (left <= 0) return
    const batchRows = this.#filter === undefined ? Math.min(ROWS_PER_BATCH, left) : ROWS_PER_BATCH
    let builder = this.#builder()
    for await (const item of this.#source.items(this.#context)) {
      for (const [i, column] of this.#columns.entries())
        appendValue(builder.children[i]!, column.type, internal(column.value(item)))
      builder.endRow()
      if (builder.length < batchRows) continue
      throwIfAborted(this.#context.signal)
      const batch = this.#chosen(finishBatch(builder), left)
      builder = this.#builder()
      left -= batch.length
      if (batch.length > 0) yield batch
      if (left <= 0) return
    }
    const batch = this.#chosen(finishBatch(builder), left)
    if (batch.length > 0) yield batch
  }

  #builder(): ReturnType<typeof batchBuilder> {
    return batchBuilder(this.#columns.map(({ name, type }, id) => ({ id, name, type })))
  }

  /** The rows that the filter passes, at most `limit`, without the columns that only it needs. */
  #chosen(batch: Batch, limit: number): Batch {
    const rows = this.#filter === undefined ? null : selectRows(this.#filter, batch)
    const passed = rows === null ? batch : takeBatch(batch, rows)
    const { length, columns } = passed.length > limit ? sliceBatch(passed, 0, limit) : passed
    return { length, columns: columns.slice(0, this.#fields.length) }
  }
}
