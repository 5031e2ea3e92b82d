/**
 * Makes the indexes of one data file while its rows are written.
 *
 * Follows the Java classes `DataFileIndexWriter` and `FileIndexFormat.Writer`.
 */
import type { BatchRows, ColumnRows } from '../../../format/column-rows.ts'
import { type Column, isPresent } from '../../../types/column.ts'
import type { DataType } from '../../../types/data-type.ts'
import { cellValue } from '../../../types/internal-value.ts'
import type { ScalarValue } from '../../../types/predicate-literal.ts'
import { hashMapOrder } from '../../../util/java-hash-map.ts'
import { indexedValue, isWhole } from '../index-values.ts'
import type { ColumnIndexWriter } from './column-index-writer.ts'
import { encodeContainer } from './container-bytes.ts'
import type { IndexSpec } from './index-specs.ts'

export class FileIndexWriter {
  readonly #offset: number
  readonly #indexes: readonly { readonly spec: IndexSpec; readonly writer: ColumnIndexWriter }[]

  /** `offset` is how many columns of a file come before those of the table. */
  constructor(specs: readonly IndexSpec[], offset: number) {
    this.#offset = offset
    this.#indexes = specs.map((spec) => ({ spec, writer: spec.writer() }))
  }

  /** Takes note of the next rows of the file, `[from, to)`. */
  add(rows: BatchRows, from: number, to: number): void {
    for (const { spec, writer } of this.#indexes) {
      const column = rows.column(this.#offset + spec.column)
      const addRow = spec.mapKey === null ? rowAdder(spec, writer, column.columns) : null
      for (let i = from; i < to; i++)
        if (addRow === null) writer.add(valueAt(spec, column, i))
        else
          addRow(
            column.sourceOf === null ? 0 : column.sourceOf[i]!,
            column.rows === null ? i : column.rows[i]!,
          )
    }
  }

  /** All indexes of the file, as they are stored. */
  finish(): Uint8Array {
    const columns = new Map<string, Map<string, Uint8Array>>()
    for (const { spec, writer } of this.#indexes) {
      const body = writer.finish()
      if (body === null) continue
      const types = columns.get(spec.name) ?? new Map<string, Uint8Array>()
      columns.set(spec.name, types.set(spec.type, body))
    }
    return encodeContainer(inOrder(columns).map(([name, types]) => [name, inOrder(types)]))
  }
}

/** The entries as a Java HashMap has them. */
function inOrder<Value>(entries: ReadonlyMap<string, Value>): [string, Value][] {
  return hashMapOrder([...entries.keys()]).map((key) => [key, entries.get(key)!])
}

function valueAt(
  { mapKey, valueType }: IndexSpec,
  { columns, sourceOf, rows }: ColumnRows,
  i: number,
): ScalarValue | null {
  const column = columns[sourceOf === null ? 0 : sourceOf[i]!]!
  const row = rows === null ? i : rows[i]!
  if (!isPresent(column, row)) return null
  return mapKey === null ? scalar(column, valueType, row) : entryOf(column, mapKey, valueType, row)
}

/** Adds a row of one of the columns as words or bytes; null where the writer has no way for that. */
function rowAdder(
  { valueType }: IndexSpec,
  writer: ColumnIndexWriter,
  columns: readonly Column[],
): ((source: number, row: number) => void) | null {
  if (writer.addWords === undefined || writer.addBytes === undefined || !isWhole(valueType))
    return null
  const adders = columns.map((column): ((row: number) => void) | null => {
    if (column.layout === 'bytes') {
      const { data, starts, ends } = column
      return (row) => writer.addBytes!(data, starts[row]!, ends[row]!)
    }
    if (column.layout !== 'fixed' || valueType.kind === 'DECIMAL') return null
    const { values } = column
    // The bits of a float are hashed, those of no NaN but one.
    if (values instanceof Float32Array || values instanceof Float64Array) return null
    if (!(values instanceof BigInt64Array))
      return (row) => writer.addWords!(values[row]!, values[row]! >> 31)
    const words = new Int32Array(values.buffer, values.byteOffset, 2 * values.length)
    return (row) => writer.addWords!(words[2 * row]!, words[2 * row + 1]!)
  })
  if (adders.includes(null)) return null
  return (source, row) => {
    if (isPresent(columns[source]!, row)) adders[source]!(row)
    else writer.add(null)
  }
}

function scalar(column: Column, type: DataType, row: number): ScalarValue | null {
  if (!isPresent(column, row)) return null
  return indexedValue(type, cellValue(column, type, row) as ScalarValue)
}

/** The value that a map has for the key. */
function entryOf(column: Column, key: string, type: DataType, row: number): ScalarValue | null {
  if (column.layout !== 'list' || column.child.layout !== 'struct') return null
  const [keys, values] = column.child.children
  if (keys?.layout !== 'bytes') return null
  const { data, starts, ends } = keys
  for (let i = column.starts[row]!; i < column.ends[row]!; i++) {
    const at = starts[i]!
    const text = Buffer.from(data.buffer, data.byteOffset + at, ends[i]! - at)
    if (text.toString() === key) return scalar(values!, type, i)
  }
  return null
}
