/**
 * Rows as the objects of the library's users, both ways.
 *
 * BOOLEAN boolean; TINYINT to INT, FLOAT and DOUBLE number; BIGINT bigint; DECIMAL string; CHAR and VARCHAR string;
 * BINARY, VARBINARY and BLOB Uint8Array; DATE, TIME, TIMESTAMP and TIMESTAMP_LTZ ISO text as in JSON; ARRAY and VECTOR
 * array; MAP and MULTISET Map; ROW object; VARIANT its JSON text.
 */
import type { Batch } from './column.ts'
import type { DataField } from './data-type.ts'
import { datePartsOf, timestampValue } from './date-text.ts'
import { JSON_WRITE } from './json-value.ts'
import { compileRowAppender, type Dialect, type RowAppender } from './value-appender.ts'
import { compileRowReader, type ReadDialect } from './value-reader.ts'

/** Reads rows of the batch as objects with a member for each field, null where there is no value. */
export function rowReader(
  batch: Batch,
  fields: readonly DataField[],
): (row: number) => Record<string, unknown> {
  return compileRowReader(batch.columns, fields, ROW_READ)
}

const ROW_READ: ReadDialect = {
  bigint: (value) => value,
  float: (value) => value,
  double: (value) => value,
  // Not slice(), which makes no copy where the data is a Buffer.
  bytes: (bytes) => new Uint8Array(bytes),
  entries: (entries) => new Map(entries),
}

/**
 * Compiles the appender of row objects. Beyond what {@link rowReader} returns it takes safe integers for BIGINT, bigints
 * and safe integers for DECIMAL, a Date for the DATE at its midnight in UTC and for timestamps, typed arrays for ARRAY
 * and VECTOR, and arrays of [key, value] or an object with string keys for MAP and MULTISET. A DECIMAL with more digits
 * after the point than its scale is rounded half up, a timestamp's finer digits are cut. Missing and undefined members
 * are nulls; unknown members are refused, except for those in `ignored`.
 *
 * The appender throws INVALID that names the row, the column, the expected form and the value.
 */
export function rowAppender(
  fields: readonly DataField[],
  options: { readonly ignored?: readonly string[] } = {},
): RowAppender {
  return compileRowAppender(fields, ROW_WRITE, options.ignored)
}

const DAY_MS = 86_400_000

const ROW_WRITE: Dialect = {
  bigint: (value) => (typeof value === 'string' ? undefined : JSON_WRITE.bigint(value)),
  // A number with a fraction is seldom the decimal that was meant.
  decimal: (value) =>
    typeof value === 'number' && !Number.isSafeInteger(value)
      ? undefined
      : JSON_WRITE.decimal(value),
  float: (value) => (typeof value === 'number' ? value : undefined),
  bytes: (value) => (value instanceof Uint8Array ? value : undefined),
  date(value) {
    if (!(value instanceof Date)) return JSON_WRITE.date(value)
    const days = value.getTime() / DAY_MS
    return Number.isInteger(days) ? days : undefined
  },
  timestamp(value, type, precision) {
    if (!(value instanceof Date)) return JSON_WRITE.timestamp(value, type, precision)
    const parts = datePartsOf(value)
    return parts && timestampValue(parts, precision)
  },
  list(value) {
    if (Array.isArray(value)) return value
    return ArrayBuffer.isView(value) && !(value instanceof DataView)
      ? (value as unknown as ArrayLike<unknown>)
      : undefined
  },
  entries: (value, key) => (value instanceof Map ? value : JSON_WRITE.entries(value, key)),
  expected: {
    ...JSON_WRITE.expected,
    BIGINT: 'a bigint, or an integer below 2^53',
    DECIMAL: "a string such as '9.99'",
    FLOAT: 'a number',
    DOUBLE: 'a number',
    BINARY: 'a Uint8Array',
    VARBINARY: 'a Uint8Array',
    BLOB: 'a Uint8Array',
    DATE: "a text such as '2026-11-01', or a Date at midnight in UTC",
    TIME: "a text such as '12:30:00.000'",
    TIMESTAMP: "a Date, or a text such as '2026-11-01T12:30:00.123'",
    TIMESTAMP_LTZ: "a Date, or a text such as '2026-11-01T12:30:00.123Z'",
    MAP: 'a Map',
    MULTISET: 'a Map of counts',
  },
}
