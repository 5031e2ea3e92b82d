/** Reading a table: the rows of a plan's splits, one after another. */
import type { RecordBatch } from 'apache-arrow'

import { schemaPath, snapshotPath } from '../snapshot/paths.ts'
import type { TableStore } from '../snapshot/table-store.ts'
import type { Batch } from '../types/column.ts'
import type { DataField } from '../types/data-type.ts'
import { checkSettable } from '../types/option-checks.ts'
import type { RawOptions } from '../types/options.ts'
import { bindPredicate } from '../types/predicate-bind.ts'
import type { Predicate } from '../types/predicate.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { fieldsNamed } from '../types/schema-keys.ts'
import { parseWhere } from '../types/where-text.ts'
import { throwIfAborted } from '../util/async.ts'
import { decodingError, invalid, LakeError } from '../util/errors.ts'
import { Batches, type BatchResult, firstRows, recordBatchesOf } from './batch-result.ts'
import { fileContext } from './file/table-file.ts'
import { type Explanation, explanationOf } from './plan/explain.ts'
import { type ReadTarget, readTarget } from './plan/read-target.ts'
import type { Plan } from './plan/scan.ts'
import type { Split } from './plan/split.ts'
import { readSplits } from './split/parallel-read.ts'
import { readSplit } from './split/split-read.ts'

export interface ReadRequest {
  readonly columns?: readonly string[] | undefined
  /** A text is parsed by `where-text.ts`. */
  readonly where?: Predicate | string | undefined
  readonly limit?: number | undefined
  /** Paimon's dynamic options, such as `scan.snapshot-id`. */
  readonly options?: RawOptions | undefined
  /** Threads that read splits ahead, at most; 0 for none; see `parallel-read.ts` for what is done unless told. */
  readonly threads?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** A read of a table's rows. */
export interface ReadResult<Row> extends BatchResult<Row> {
  /**
   * What will be read: the snapshot, and its files in splits, which are plain data (`structuredClone` and messages between
   * threads or processes take them).
   */
  plan(): Promise<Plan>
  /** What the plan leaves out by what, and how it reads the rest; it costs more than the plan. */
  explain(): Promise<Explanation>
  /**
   * The rows of one split as Arrow batches, with the columns and the filter of this read and whatever its limit. The plan
   * may be that of another process, made of a read of the same table and options.
   */
  readSplit(split: Split): AsyncGenerator<RecordBatch, void, undefined>
}

interface PreparedRead {
  readonly target: ReadTarget
  readonly fields: readonly DataField[]
  readonly where: Predicate | undefined
  readonly plan: Plan
}

export class TableRead<Row> extends Batches<Row> implements ReadResult<Row> {
  readonly #store: TableStore
  readonly #schema: TableSchema
  readonly #request: ReadRequest
  #prepared: Promise<PreparedRead> | null = null

  constructor(store: TableStore, schema: TableSchema, request: ReadRequest) {
    super()
    checkLimit(request.limit)
    checkSettable(
      request.options ?? {},
      schema.fields.map(({ name }) => name),
    )
    this.#store = store
    this.#schema = schema
    this.#request = request
  }

  async plan(): Promise<Plan> {
    return (await this.#prepare()).plan
  }

  async explain(): Promise<Explanation> {
    const { target, fields, where } = await this.#prepare()
    const { limit, signal } = this.#request
    try {
      const plan = await target.plan({ where, limit, signal, explains: true })
      const schemaOf = (split: Split): TableSchema => target.sourceOf(split).schema
      return explanationOf(plan, schemaOf, target.schema, fields)
    } catch (error) {
      throw this.#named(error, target)
    }
  }

  async fields(): Promise<readonly DataField[]> {
    return (await this.#prepare()).fields
  }

  async *batches(): AsyncGenerator<Batch, void, undefined> {
    const { plan, target } = await this.#prepare()
    const { limit = Infinity } = this.#request
    try {
      for await (const batch of firstRows(this.#splitsBatches(plan.splits), limit)) {
        this.#count(batch)
        yield batch
      }
    } catch (error) {
      throw this.#named(error, target)
    }
  }

  async *#splitsBatches(splits: readonly Split[]): AsyncGenerator<Batch, void, undefined> {
    const { target, fields, where } = await this.#prepare()
    const { limit, signal, threads } = this.#request
    // Those of one branch come one behind the other.
    const groups = Map.groupBy(splits, (split) => target.sourceOf(split))
    for (const [{ store, schema }, group] of groups) {
      const { io, location } = store
      const context = fileContext(store, schema)
      const options = { fields: target.fieldsOf(group[0]!, fields), where, signal }
      yield* readSplits(group, {
        io,
        location,
        schema,
        options,
        // A few rows are there before a thread is.
        threads: limit === undefined ? threads : 0,
        readHere: (split) => readSplit(context, split, options),
      })
    }
  }

  /** The rows of one split of a plan of this read, whatever its limit. */
  async *splitBatches(split: Split): AsyncGenerator<Batch, void, undefined> {
    const { target, fields: asked, where } = await this.#prepare()
    const { signal } = this.#request
    throwIfAborted(signal)
    try {
      const { store, schema } = target.sourceOf(split)
      const fields = target.fieldsOf(split, asked)
      const context = fileContext(store, schema)
      for await (const batch of readSplit(context, split, { fields, where, signal })) {
        this.#count(batch)
        yield batch
      }
    } catch (error) {
      throw this.#named(error, target)
    }
  }

  #count({ length }: Batch): void {
    this.#store.metrics.add('reader.numRecordsIn', length)
    this.#store.metrics.add('reader.numBatchesIn')
  }

  readSplit(split: Split): AsyncGenerator<RecordBatch, void, undefined> {
    return recordBatchesOf({
      fields: () => this.fields(),
      batches: () => this.splitBatches(split),
    })
  }

  async #prepare(): Promise<PreparedRead> {
    this.#prepared ??= this.#plan()
    return await this.#prepared
  }

  async #plan(): Promise<PreparedRead> {
    const { columns, where: given, limit, signal } = this.#request
    const target = await this.#target()
    const { schema } = target
    const fields = columns === undefined ? schema.fields : distinctFields(schema, columns)
    const where = typeof given === 'string' ? parseWhere(given, schema.fields) : given
    // A filter that does not fit is refused before anything is read.
    if (where !== undefined) bindPredicate(where, schema.fields)
    try {
      return { target, fields, where, plan: await target.plan({ where, limit, signal }) }
    } catch (error) {
      throw this.#named(error, target)
    }
  }

  async #target(): Promise<ReadTarget> {
    const { options = {}, signal } = this.#request
    const [store, schema] = [this.#store, this.#schema]
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
    return namedReadError(error, store, this.#request.options, schema, snapshotId)
  }
}

/**
 * The error of a read, which names a file where it can be told: once the columns and the filter are right, what is INVALID
 * or UNSUPPORTED is what the schema says, and what is CORRUPT and names no file is what the snapshot's manifests say of
 * files.
 */
export function namedReadError(
  error: unknown,
  { location }: TableStore,
  options: RawOptions | undefined,
  schema: TableSchema,
  snapshotId: number | null,
): unknown {
  if (!(error instanceof LakeError) || error.path !== undefined) return error
  const isOfSchema = Object.keys(options ?? {}).length === 0
  if ((error.code === 'INVALID' || error.code === 'UNSUPPORTED') && isOfSchema)
    return decodingError(schemaPath(location, schema.id), error)
  if (error.code === 'CORRUPT' && snapshotId !== null)
    return decodingError(snapshotPath(location, snapshotId), error)
  return error
}

/** The columns to read; each at most once, so that rows can be objects. */
export function distinctFields(
  schema: Pick<TableSchema, 'fields'>,
  columns: readonly string[],
): DataField[] {
  const twice = columns.find((name, i) => columns.indexOf(name) < i)
  if (twice !== undefined) throw invalid(`the column "${twice.slice(0, 100)}" is asked for twice`)
  return fieldsNamed(schema, columns)
}

/** INVALID for what is no number of rows. */
export function checkLimit(limit: number | undefined): void {
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 0))
    throw invalid(`a limit of ${limit} rows`, { hint: 'give a whole number, 0 or more' })
}
