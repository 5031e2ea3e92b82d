/**
 * What users write, as batches of the table's columns with a kind for each row: row objects or Arrow data, one by one,
 * in arrays or streamed.
 *
 * Follows the order of `TableWriteImpl.writeAndReturn`: NOT NULL, default values, row kind, ignored kinds.
 */
import type { RecordBatch, Table as ArrowTable } from 'apache-arrow'

import { batchBytes } from '../../types/batch-bytes.ts'
import { batchBuilder, finishBatch } from '../../types/column-builder.ts'
import { columnBuilder } from '../../types/column-builder.ts'
import { sliceBatch } from '../../types/column-slice.ts'
import { takeBatch } from '../../types/column-take.ts'
import { type Batch, type Column, isPresent } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { defaultValue } from '../../types/default-value.ts'
import { cellValue, type InternalValue, textOf } from '../../types/internal-value.ts'
import { appendValue } from '../../types/internal-value.ts'
import { jsonAppender } from '../../types/json-value.ts'
import { tableOptions } from '../../types/options.ts'
import { DELETE, INSERT, isAdd, parseRowKind, UPDATE_BEFORE } from '../../types/row-kind.ts'
import { rowAppender } from '../../types/row-value.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { fieldNamed, hasPrimaryKey } from '../../types/schema-keys.ts'
import type { RowAppender } from '../../types/value-appender.ts'
import { invalid } from '../../util/errors.ts'

/** Rows to write: each may carry its kind in a member `_kind`. */
export type WriteData<Row> =
  | Iterable<Row>
  | AsyncIterable<Row>
  | Iterable<RecordBatch>
  | AsyncIterable<RecordBatch>
  | RecordBatch
  | ArrowTable

/**
 * Rows as parsed JSON (see `json-value.ts`), in arrays: each array becomes a batch, so its size bounds the memory. Each
 * row may carry its kind in a member `_kind`.
 */
export type JsonData = Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>

/** Rows of the table's columns, and their kinds. */
export interface KindedBatch {
  readonly batch: Batch
  readonly kinds: Int8Array
}

/** The member of a row object, or the column of Arrow data, that holds the row's kind: `+I`, `-U`, `+U` or `-D`. */
export const KIND_COLUMN = '_kind'
/** Row objects are gathered to batches of this many. */
const ROWS_PER_BATCH = 8192

export interface InputReader {
  /** The rows of the data; `kind` is that of rows that do not tell their own. */
  read(data: WriteData<unknown>, kind?: number): AsyncGenerator<KindedBatch, void, undefined>
  readJson(data: JsonData): AsyncGenerator<KindedBatch, void, undefined>
}

export function inputReader(schema: TableSchema): InputReader {
  const refine = refinement(schema)
  return {
    async *read(data, kind = INSERT) {
      for await (const raw of rawBatches(schema, data, kind)) {
        const batch = refine(raw)
        if (batch.batch.length > 0) yield batch
      }
    },
    async *readJson(data) {
      const rows = new RowGatherer(schema, INSERT, jsonAppender)
      for await (const chunk of data) {
        for (const row of chunk) rows.add(row)
        const batch = refine(rows.take())
        if (batch.batch.length > 0) yield batch
      }
    },
  }
}

/** Batches as they came, defaults not filled in yet. */
async function* rawBatches(
  schema: TableSchema,
  data: WriteData<unknown>,
  kind: number,
): AsyncGenerator<KindedBatch, void, undefined> {
  if (isArrowTable(data)) {
    for (const recordBatch of data.batches) yield await arrowBatch(schema, recordBatch, kind)
    return
  }
  if (isRecordBatch(data)) {
    yield await arrowBatch(schema, data, kind)
    return
  }
  if (!isIterable(data))
    throw invalid('rows to write are neither iterable nor Arrow data', {
      hint: 'give an array of row objects, an async iterable, or an Arrow RecordBatch or Table',
    })
  const rows = new RowGatherer(schema, kind, rowAppender)
  for await (const item of data) {
    if (isRecordBatch(item)) {
      if (rows.length > 0) yield rows.take()
      yield await arrowBatch(schema, item, kind)
    } else {
      rows.add(item)
      if (rows.length >= ROWS_PER_BATCH) yield rows.take()
    }
  }
  if (rows.length > 0) yield rows.take()
}

/** Whether it is Arrow data and not rows. */
export function isArrowData(data: unknown): data is ArrowTable | RecordBatch {
  return isArrowTable(data) || isRecordBatch(data)
}

function isArrowTable(data: unknown): data is ArrowTable {
  return isObject(data) && Array.isArray(data['batches']) && isObject(data['schema'])
}

function isRecordBatch(data: unknown): data is RecordBatch {
  return isObject(data) && typeof data['numRows'] === 'number' && isObject(data['schema'])
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isIterable(data: unknown): data is Iterable<unknown> | AsyncIterable<unknown> {
  return isObject(data) && (Symbol.iterator in data || Symbol.asyncIterator in data)
}

type CompileAppender = (
  fields: readonly DataField[],
  options: { readonly ignored: readonly string[] },
) => RowAppender

/** Gathers row objects into columns. */
class RowGatherer {
  readonly #fields: readonly DataField[]
  readonly #required: readonly string[]
  readonly #append: RowAppender
  readonly #kind: number
  #builder: ReturnType<typeof batchBuilder>
  #kinds: number[] = []
  #rowNumber = 0

  constructor(schema: TableSchema, kind: number, compile: CompileAppender) {
    // A column with a default may be left out, but not be null where it is NOT NULL.
    this.#fields = schema.fields.map((field) =>
      field.defaultValue === undefined
        ? field
        : { ...field, type: { ...field.type, nullable: true } },
    )
    this.#required = schema.fields
      .filter(({ type, defaultValue: text }) => text !== undefined && !type.nullable)
      .map(({ name }) => name)
    this.#append = compile(this.#fields, { ignored: [KIND_COLUMN] })
    this.#kind = kind
    this.#builder = batchBuilder(this.#fields)
  }

  get length(): number {
    return this.#kinds.length
  }

  add(row: unknown): void {
    const rowNumber = ++this.#rowNumber
    if (isObject(row))
      for (const name of this.#required)
        if (row[name] === null)
          throw invalid(`row ${rowNumber}: column ${name} is NOT NULL and the value is null`)
    this.#append(this.#builder, row, rowNumber)
    const own = isObject(row) ? row[KIND_COLUMN] : undefined
    if (own !== undefined && typeof own !== 'string')
      throw invalid(`row ${rowNumber}: ${KIND_COLUMN} is no text`, {
        hint: 'use +I, -U, +U or -D',
      })
    this.#kinds.push(own === undefined ? this.#kind : parseRowKind(own, rowNumber))
  }

  take(): KindedBatch {
    const batch = finishBatch(this.#builder)
    const kinds = Int8Array.from(this.#kinds)
    this.#builder = batchBuilder(this.#fields)
    this.#kinds = []
    return { batch, kinds }
  }
}

async function arrowBatch(
  schema: TableSchema,
  recordBatch: RecordBatch,
  kind: number,
): Promise<KindedBatch> {
  const { fromRecordBatch } = await import('../../types/arrow-import.ts')
  const given = new Set(recordBatch.schema.fields.map(({ name }) => name))
  // A column with a default that is not given at all is filled in later; one that is given is checked as it is.
  const fields = schema.fields.map((field) =>
    field.defaultValue === undefined || given.has(field.name)
      ? field
      : { ...field, type: { ...field.type, nullable: true } },
  )
  const batch = fromRecordBatch(recordBatch, fields, { ignored: [KIND_COLUMN] })
  const kinds = new Int8Array(batch.length).fill(kind)
  const column = recordBatch.getChild(KIND_COLUMN)
  if (column !== null)
    for (let i = 0; i < kinds.length; i++) kinds[i] = parseRowKind(String(column.get(i)))
  return { batch, kinds }
}

type Refinement = (batch: KindedBatch) => KindedBatch

/** Fills defaults in, takes kinds from `rowkind.field`, and drops the kinds that the table ignores. */
function refinement(schema: TableSchema): Refinement {
  const options = tableOptions(schema.options)
  const kindField = options.get('rowkind.field')
  const kindColumn =
    kindField === undefined ? -1 : schema.fields.indexOf(fieldNamed(schema, kindField))
  const ignoreDelete = options.get('ignore-delete')
  const ignoreBefore = options.get('ignore-update-before')
  const keyed = hasPrimaryKey(schema)
  const defaults = schema.fields.map((field) => defaultValue(field))
  const isDropped = (kind: number): boolean =>
    (ignoreDelete && (kind === DELETE || kind === UPDATE_BEFORE)) ||
    (ignoreBefore && kind === UPDATE_BEFORE)
  return ({ batch: given, kinds: givenKinds }) => {
    const batch = withDefaults(given, schema.fields, defaults)
    const kinds = kindColumn < 0 ? givenKinds : kindsFrom(batch.columns[kindColumn]!, kindField!)
    if (!keyed) {
      if (!kinds.every(isAdd))
        throw invalid('a table without primary key takes no rows of kind -U or -D')
      return { batch, kinds }
    }
    if (!kinds.some(isDropped)) return { batch, kinds }
    const rows = Uint32Array.from([...kinds.keys()].filter((row) => !isDropped(kinds[row]!)))
    return { batch: takeBatch(batch, rows), kinds: Int8Array.from(rows, (row) => kinds[row]!) }
  }
}

function kindsFrom(column: Column, name: string): Int8Array {
  if (column.layout !== 'bytes') throw invalid(`rowkind.field ${name} is no text`)
  const { data, starts, ends, length } = column
  return Int8Array.from({ length }, (_, row) => {
    if (!isPresent(column, row))
      throw invalid(`rowkind.field ${name} is null`, { hint: 'use +I, -U, +U or -D' })
    return parseRowKind(textOf(data.subarray(starts[row], ends[row])))
  })
}

function withDefaults(
  batch: Batch,
  fields: readonly DataField[],
  defaults: readonly InternalValue[],
): Batch {
  const columns = batch.columns.map((column, i) => {
    const value = defaults[i]!
    const { validity } = column
    return value === null || validity === null ? column : filled(column, fields[i]!, value)
  })
  return { length: batch.length, columns }
}

/** The column with `value` in place of its nulls. */
function filled(column: Column, field: DataField, value: InternalValue): Column {
  const builder = columnBuilder(field.type)
  for (let row = 0; row < column.length; row++) {
    const own = isPresent(column, row) ? cellValue(column, field.type, row) : value
    appendValue(builder, field.type, own)
  }
  return builder.finish()
}

/** Parts a batch into pieces of about `sizeBytes`. */
export function* pieces(whole: KindedBatch, sizeBytes: number): Generator<KindedBatch> {
  const { batch, kinds } = whole
  const count = Math.ceil(batchBytes(batch) / Math.max(1, sizeBytes))
  if (count <= 1) {
    yield whole
    return
  }
  const rows = Math.max(1, Math.ceil(batch.length / count))
  for (let from = 0; from < batch.length; from += rows) {
    const to = Math.min(batch.length, from + rows)
    yield { batch: sliceBatch(batch, from, to), kinds: kinds.subarray(from, to) }
  }
}
