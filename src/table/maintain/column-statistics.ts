/**
 * What ANALYZE finds out about one column: distinct values, bounds, nulls, lengths.
 *
 * Follows what Spark's `ANALYZE TABLE ... FOR COLUMNS` hands to `PaimonAnalyzeTableColumnCommand`: texts and bytes have
 * lengths and no bounds, other types have the length that all their values have.
 */
import type { TableColumnStatistics } from '../../snapshot/statistics.ts'
import {
  type BooleanColumn,
  type BytesColumn,
  type Column,
  countNulls,
  type FixedColumn,
  isPresent,
} from '../../types/column.ts'
import type { DataField, DataType } from '../../types/data-type.ts'
import { castText, javaText } from '../../types/value-text.ts'
import { DistinctCount } from '../../util/distinct-count.ts'

/** Whether columns of the type have statistics: those of single values. */
export function hasStatistics(type: DataType): boolean {
  return defaultLength(type) !== undefined
}

/** The bytes that Spark says a value has, where it does not look. */
function defaultLength(type: DataType): number | undefined {
  switch (type.kind) {
    case 'BOOLEAN':
    case 'TINYINT':
      return 1
    case 'SMALLINT':
      return 2
    case 'INT':
    case 'FLOAT':
    case 'DATE':
    case 'TIME':
      return 4
    case 'BIGINT':
    case 'DOUBLE':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return 8
    case 'DECIMAL':
      return type.precision <= 18 ? 8 : 16
    case 'CHAR':
    case 'VARCHAR':
      return 20
    case 'BINARY':
    case 'VARBINARY':
      return 100
    default:
      return undefined
  }
}

type Bound = number | bigint

/** Gathers the statistics of a column from its batches. */
export class ColumnStatistics {
  readonly #field: DataField
  readonly #distinct = new DistinctCount()
  #nullCount = 0
  #valueCount = 0
  #min: Bound | null = null
  #max: Bound | null = null
  #lengthSum = 0
  #lengthMax = 0

  constructor(field: DataField) {
    this.#field = field
  }

  add(column: Column): void {
    const nullCount = countNulls(column)
    this.#nullCount += nullCount
    this.#valueCount += column.length - nullCount
    if (column.layout === 'bytes') this.#addBytes(column)
    else if (column.layout === 'boolean') this.#addBooleans(column)
    else if (column.layout === 'fixed') this.#addFixed(column)
  }

  result(): TableColumnStatistics {
    const { id, type } = this.#field
    const fixedLength = defaultLength(type) ?? 0
    const hasLengths = isBytes(type) && this.#valueCount > 0
    return {
      colId: id,
      distinctCount: BigInt(Math.min(this.#distinct.count, this.#valueCount)),
      ...(this.#min !== null && { min: boundText(type, this.#min) }),
      ...(this.#max !== null && { max: boundText(type, this.#max) }),
      nullCount: BigInt(this.#nullCount),
      avgLen: BigInt(hasLengths ? Math.ceil(this.#lengthSum / this.#valueCount) : fixedLength),
      maxLen: BigInt(hasLengths ? this.#lengthMax : fixedLength),
    }
  }

  #addBytes(column: BytesColumn): void {
    const { data, starts, ends, length } = column
    const { kind } = this.#field.type
    const isText = kind === 'CHAR' || kind === 'VARCHAR'
    for (let row = 0; row < length; row++) {
      if (!isPresent(column, row)) continue
      const start = starts[row]!
      const end = ends[row]!
      this.#distinct.addBytes(data, start, end)
      const size = isText ? codePointCount(data, start, end) : end - start
      this.#lengthSum += size
      if (size > this.#lengthMax) this.#lengthMax = size
    }
  }

  #addBooleans(column: BooleanColumn): void {
    for (let row = 0; row < column.length; row++) {
      if (!isPresent(column, row)) continue
      const value = (column.bits[row >> 3]! >> (row & 7)) & 1
      this.#distinct.addWords(value, 0)
      this.#widen(value, value)
    }
  }

  #addFixed(column: FixedColumn): void {
    const { values } = column
    if (values instanceof Float32Array || values instanceof Float64Array)
      this.#addFloats(column, values)
    else if (!(values instanceof BigInt64Array)) this.#addIntegers(column, values)
    else if (this.#field.type.kind === 'DECIMAL') this.#addDecimals(column, values)
    else this.#addLongs(column, values)
  }

  #addIntegers(column: Column, values: Int8Array | Int16Array | Int32Array): void {
    let min = Infinity
    let max = -Infinity
    for (let row = 0; row < column.length; row++) {
      if (!isPresent(column, row)) continue
      const value = values[row]!
      this.#distinct.addWords(value, 0)
      if (value < min) min = value
      if (value > max) max = value
    }
    if (min <= max) this.#widen(min, max)
  }

  /** As in Spark, a value that is no number is above all others, and zero has no sign. */
  #addFloats(column: Column, values: Float32Array | Float64Array): void {
    let min = Number.NaN
    let max = -Infinity
    let isAny = false
    for (let row = 0; row < column.length; row++) {
      if (!isPresent(column, row)) continue
      const value = values[row]! + 0
      SCRATCH_FLOAT[0] = value
      this.#distinct.addWords(SCRATCH_WORDS[0]!, SCRATCH_WORDS[1]!)
      isAny = true
      if (Number.isNaN(min) || value < min) min = value
      if (Number.isNaN(value) || value > max) max = value
    }
    if (isAny) this.#widen(min, max)
  }

  #addLongs(column: Column, values: BigInt64Array): void {
    const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
    let min: bigint | null = null
    let max: bigint | null = null
    for (let row = 0; row < column.length; row++) {
      if (!isPresent(column, row)) continue
      const value = values[row]!
      this.#distinct.addWords(words[2 * row]!, words[2 * row + 1]!)
      if (min === null || value < min) min = value
      if (max === null || value > max) max = value
    }
    if (min !== null && max !== null) this.#widen(min, max)
  }

  #addDecimals(column: Column, values: BigInt64Array): void {
    let min: bigint | null = null
    let max: bigint | null = null
    const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
    for (let row = 0; row < column.length; row++) {
      if (!isPresent(column, row)) continue
      const at = 4 * row
      // The upper half only repeats the sign of most.
      this.#distinct.addWords(words[at]! ^ words[at + 2]!, words[at + 1]! ^ (words[at + 3]! >> 1))
      const value = (values[2 * row + 1]! << 64n) | BigInt.asUintN(64, values[2 * row]!)
      if (min === null || value < min) min = value
      if (max === null || value > max) max = value
    }
    if (min !== null && max !== null) this.#widen(min, max)
  }

  #widen(min: number | bigint, max: number | bigint): void {
    const [low, high] = [this.#min, this.#max]
    if (low === null || Number.isNaN(low) || min < low) this.#min = min
    if (high === null || Number.isNaN(max) || max > high) this.#max = max
  }
}

const SCRATCH_FLOAT = new Float64Array(1)
const SCRATCH_WORDS = new Int32Array(SCRATCH_FLOAT.buffer)

function isBytes({ kind }: DataType): boolean {
  return kind === 'CHAR' || kind === 'VARCHAR' || kind === 'BINARY' || kind === 'VARBINARY'
}

function codePointCount(data: Uint8Array, start: number, end: number): number {
  let count = 0
  for (let at = start; at < end; at++) if ((data[at]! & 0xc0) !== 0x80) count++
  return count
}

/** The form of `InternalSerializers`: days and milliseconds of days as numbers, all else as a cast to text. */
function boundText(type: DataType, bound: Bound): string {
  if (type.kind === 'BOOLEAN') return String(bound === 1)
  return type.kind === 'DATE' || type.kind === 'TIME'
    ? javaText(type, bound)
    : castText(type, bound)
}
