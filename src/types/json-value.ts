/**
 * Rows as JSON values, both ways.
 *
 * The encoding: BIGINT and DECIMAL are strings; BINARY, VARBINARY and BLOB lower-case hexadecimal digits; DATE, TIME
 * and TIMESTAMP ISO text with the type's precision, with a final Z for a TIMESTAMP_LTZ; MAP and MULTISET arrays of
 * [key, value] sorted by the key's JSON text in UTF-16 code units; VARIANT its JSON text; NaN and infinities strings.
 * TIME always has three digits after the seconds, as Paimon keeps milliseconds whatever precision is declared.
 */
import { quoteJson } from '../util/json.ts'
import type { Batch } from './column.ts'
import type { DataField, DataType } from './data-type.ts'
import { parseDate, parseTimestamp, timestampValue } from './date-text.ts'
import { shortestFloat } from './float-text.ts'
import { compileRowAppender, type Dialect, type RowAppender } from './value-appender.ts'
import { compileRowReader, type ReadDialect } from './value-reader.ts'
import { floatText } from './value-text.ts'

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue }

/** Reads rows of the batch as values ready for JSON.stringify. Whole batches are printed much faster by `jsonLines`. */
export function jsonReader(
  batch: Batch,
  fields: readonly DataField[],
): (row: number) => Record<string, JsonValue> {
  return compileRowReader(batch.columns, fields, JSON_READ) as (
    row: number,
  ) => Record<string, JsonValue>
}

const finite = (value: number): number | string => (Number.isFinite(value) ? value : String(value))

const JSON_READ: ReadDialect = {
  bigint: String,
  float: (value) => finite(shortestFloat(value)),
  double: finite,
  bytes: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex'),
  entries: (entries, key) => sortedByKey(entries, key),
}

function sortedByKey(entries: [unknown, unknown][], key: DataType): [unknown, unknown][] {
  if (entries.length < 2) return entries
  return entries
    .map((entry) => ({ entry, text: keyText(entry[0], key) }))
    .toSorted((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    .map(({ entry }) => entry)
}

function keyText(key: unknown, { kind }: DataType): string {
  if (typeof key === 'string') return quoteJson(key)
  if (typeof key === 'number' && (kind === 'FLOAT' || kind === 'DOUBLE'))
    return floatText(key, kind === 'FLOAT')
  return JSON.stringify(key)
}

/**
 * Compiles the appender of parsed JSON rows. A missing member is a null; an unknown one is refused, except for those
 * in `ignored`, such as `_kind`. Integers beyond 2^53 may be bigints, as `parseJson` returns them. Beyond the encoding
 * above numbers are taken for BIGINT and DECIMAL, and objects for a MAP with string keys.
 *
 * The appender throws INVALID that names the row, the column, the expected form and the value.
 */
export function jsonAppender(
  fields: readonly DataField[],
  options: { readonly ignored?: readonly string[] } = {},
): RowAppender {
  return compileRowAppender(fields, JSON_WRITE, options.ignored)
}

const FLOAT_TEXTS: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
])

const MAX_DATE = 2 ** 31

/** The values of JSON. Row objects differ in the forms for which JavaScript has types of its own. */
export const JSON_WRITE: Dialect = {
  bigint(value) {
    if (typeof value === 'bigint') return value
    if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined
    return typeof value === 'string' && /^[+-]?\d{1,20}$/.test(value) ? BigInt(value) : undefined
  },
  decimal(value) {
    const known = typeof value === 'string' || typeof value === 'number'
    return known || typeof value === 'bigint' ? String(value) : undefined
  },
  float(value) {
    if (typeof value === 'number') return value
    if (typeof value === 'bigint') return Number(value)
    return FLOAT_TEXTS.get(value)
  },
  bytes(value) {
    if (typeof value !== 'string' || value.length % 2 !== 0) return undefined
    return /^[0-9a-fA-F]*$/.test(value) ? Buffer.from(value, 'hex') : undefined
  },
  date(value) {
    const days = typeof value === 'string' ? parseDate(value) : undefined
    return days !== undefined && days >= -MAX_DATE && days < MAX_DATE ? days : undefined
  },
  timestamp(value, type, precision) {
    const parsed = typeof value === 'string' ? parseTimestamp(value) : undefined
    if (parsed === undefined) return undefined
    // A local time has no zone to convert from; a final Z is what JSON writers add to UTC and changes nothing.
    const foreign = parsed.zone !== undefined && parsed.zone !== 'Z'
    return foreign && type.kind === 'TIMESTAMP' ? undefined : timestampValue(parsed, precision)
  },
  list: (value) => (Array.isArray(value) ? value : undefined),
  entries(value, key) {
    if (Array.isArray(value)) return value
    const texts = key.kind === 'CHAR' || key.kind === 'VARCHAR'
    return texts && typeof value === 'object' && value !== null ? Object.entries(value) : undefined
  },
  expected: {
    BIGINT: 'an integer as a string, such as "42"',
    DECIMAL: 'a decimal as a string, such as "9.99"',
    FLOAT: 'a number, "NaN", "Infinity" or "-Infinity"',
    DOUBLE: 'a number, "NaN", "Infinity" or "-Infinity"',
    BINARY: 'hexadecimal digits, such as "0aff"',
    VARBINARY: 'hexadecimal digits, such as "0aff"',
    BLOB: 'hexadecimal digits, such as "0aff"',
    DATE: 'a date such as "2026-11-01"',
    TIME: 'a time such as "12:30:00.000"',
    TIMESTAMP: 'a timestamp such as "2026-11-01T12:30:00.123"',
    TIMESTAMP_LTZ: 'a timestamp such as "2026-11-01T12:30:00.123Z"',
    MAP: 'an array of [key, value]',
    MULTISET: 'an array of [element, count]',
  },
}
