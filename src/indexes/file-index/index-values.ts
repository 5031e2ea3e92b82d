/**
 * Values of columns as file indexes store them.
 *
 * Timestamps finer than microseconds are cut to them, so that such an index tells where a value may be and never where it
 * is not. Follows the Java classes `BitmapTypeVisitor` and `KeyFactory`.
 */
import type { DataType } from '../../types/data-type.ts'
import type { ScalarValue } from '../../types/predicate-literal.ts'
import type { IndexBytes } from './index-bytes.ts'

/** How an index reads values of a type. */
export interface ValueReader {
  /** Bytes of each value; null where they tell their own length. */
  readonly width: number | null
  read(bytes: IndexBytes): ScalarValue
}

/** The reader for columns of the type; undefined for a type that has none. */
export function valueReader(type: DataType): ValueReader | undefined {
  switch (type.kind) {
    case 'BOOLEAN':
      return { width: 1, read: (bytes) => bytes.boolean() }
    case 'TINYINT':
      return { width: 1, read: (bytes) => bytes.byte() }
    case 'SMALLINT':
      return { width: 2, read: (bytes) => bytes.short() }
    case 'INT':
    case 'DATE':
    case 'TIME':
      return { width: 4, read: (bytes) => bytes.int() }
    case 'FLOAT':
      return { width: 4, read: (bytes) => bytes.float() }
    case 'DOUBLE':
      return { width: 8, read: (bytes) => bytes.double() }
    case 'BIGINT':
    case 'DECIMAL':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return { width: 8, read: (bytes) => bytes.long() }
    case 'CHAR':
    case 'VARCHAR':
      return { width: null, read: (bytes) => bytes.take(bytes.count(1)) }
    default:
      return undefined
  }
}

/** Whether an index holds values of the type whole. */
export function isWhole(type: DataType): boolean {
  return (type.kind !== 'TIMESTAMP' && type.kind !== 'TIMESTAMP_LTZ') || type.precision <= 6
}

/** The value of a column as an index holds it. */
export function indexedValue(type: DataType, value: ScalarValue): ScalarValue {
  if (isWhole(type)) return value
  const nanos = value as bigint
  return nanos >= 0n ? nanos / 1000n : -((999n - nanos) / 1000n)
}
