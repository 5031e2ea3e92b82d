/**
 * Rows as lines of JSON text in UTF-8, in the encoding of `json-value.ts`.
 *
 * Printed straight from the columns' buffers into bytes: no object and hardly a string per row or value. Floats print as
 * Java prints them (`26.0`, `1.0E10`), which is JSON too.
 */
import { isUtf8 } from 'node:buffer'

import { quoteJson } from '../util/json.ts'
import { entryTypes } from './column-take.ts'
import {
  type Batch,
  type BooleanColumn,
  type BytesColumn,
  type Column,
  type FixedColumn,
  type ListColumn,
  type StructColumn,
  timestampUnit,
} from './column.ts'
import type { DataField, DataType } from './data-type.ts'
import { dateText, splitTimestamp } from './date-text.ts'
import { decimalText, powerOfTen } from './decimal-text.ts'
import { textOf, utf8 } from './internal-value.ts'
import { TextBytes } from './text-bytes.ts'
import { floatText } from './value-text.ts'
import { variantText } from './variant-json.ts'

export interface JsonLinesOptions {
  /** Only these rows, in this order; all when it is missing or null. */
  readonly rows?: Uint32Array | null | undefined
  /** The text of the member `_kind` of each row of the batch; it comes first in the line. */
  readonly kind?: ((row: number) => string) | undefined
  /** How many bytes to gather before they are handed out; a long line may make it more. */
  readonly chunkBytes?: number | undefined
}

/** The lines of the batch's rows, each with its newline, in chunks that are the caller's to keep. */
export function* jsonLines(
  batch: Batch,
  fields: readonly DataField[],
  options: JsonLinesOptions = {},
): Generator<Uint8Array> {
  const { rows, kind, chunkBytes = 256 * 1024 } = options
  const out = new TextBytes(chunkBytes + 4096)
  const print = rowPrinter(batch.columns, fields, out, kind)
  const count = rows?.length ?? batch.length
  for (let i = 0; i < count; i++) {
    print(rows?.[i] ?? i)
    out.byte(NEWLINE)
    if (out.length < chunkBytes) continue
    yield out.take()
  }
  if (out.length > 0) yield out.take()
}

/** Prints the value of a row. */
export type Printer = (row: number) => void

const NEWLINE = 0x0a
const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const CLOSE_BRACE = 0x7d
const LETTER_T = 0x54
const LETTER_Z = 0x5a

function rowPrinter(
  columns: readonly Column[],
  fields: readonly DataField[],
  out: TextBytes,
  kind?: (row: number) => string,
): Printer {
  const printers = fields.map((field, i) => valuePrinter(columns[i]!, field.type, out))
  const names = fields.map(({ name }, i) =>
    utf8(`${i === 0 && kind === undefined ? '{' : ','}${quoteJson(name)}:`),
  )
  return (row) => {
    if (kind !== undefined) out.ascii(`{"_kind":${quoteJson(kind(row))}`)
    else if (names.length === 0) out.ascii('{')
    for (let i = 0; i < printers.length; i++) {
      out.bytes(names[i]!, 0, names[i]!.length)
      printers[i]!(row)
    }
    out.byte(CLOSE_BRACE)
  }
}

/** Compiles the printer of a column's values as JSON; nulls print as `null`. */
export function valuePrinter(column: Column, type: DataType, out: TextBytes): Printer {
  const print = presentPrinter(column, type, out)
  const { validity } = column
  if (validity === null) return print
  return (row) => {
    if (validity[row >> 3]! & (1 << (row & 7))) print(row)
    else out.ascii('null')
  }
}

function presentPrinter(column: Column, type: DataType, out: TextBytes): Printer {
  switch (column.layout) {
    case 'boolean':
      return booleans(column, out)
    case 'fixed':
      return fixed(column, type, out)
    case 'bytes':
      return type.kind === 'CHAR' || type.kind === 'VARCHAR'
        ? texts(column, out)
        : binaries(column, out)
    case 'list':
      return lists(column, type, out)
    default:
      return structs(column, type, out)
  }
}

function booleans({ bits }: BooleanColumn, out: TextBytes): Printer {
  return (row) => out.ascii(bits[row >> 3]! & (1 << (row & 7)) ? 'true' : 'false')
}

function fixed(column: FixedColumn, type: DataType, out: TextBytes): Printer {
  const values = column.values as Int32Array
  switch (type.kind) {
    case 'BIGINT':
      return longs(column, out)
    case 'FLOAT':
    case 'DOUBLE': {
      const single = type.kind === 'FLOAT'
      return (row) => printFloat(values[row]!, single, out)
    }
    case 'DECIMAL':
      return decimals(column, type.scale, out)
    case 'DATE': {
      const textOfDay = remembered(dateText)
      return (row) => out.quotedAscii(textOfDay(values[row]!))
    }
    case 'TIME':
      return (row) => {
        out.byte(QUOTE)
        const millis = values[row]!
        const second = Math.floor(millis / 1000)
        printClock(second, out)
        out.byte(POINT)
        out.digits(millis - second * 1000, 3)
        out.byte(QUOTE)
      }
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return timestamps(column, type.precision, type.kind === 'TIMESTAMP_LTZ', out)
    default:
      return (row) => out.integer(values[row]!)
  }
}

/** The 32-bit words of 64-bit values, low word first. */
function wordsOf({ values }: FixedColumn): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2)
}

/** Whether the number `high * 2^32 + low` is exact in a double. */
const isSafe = (high: number): boolean => high >= -0x200000 && high < 0x200000

function longs(column: FixedColumn, out: TextBytes): Printer {
  const values = column.values as BigInt64Array
  const words = wordsOf(column)
  return (row) => {
    const high = words[2 * row + 1]!
    out.byte(QUOTE)
    if (isSafe(high)) out.integer(high * 0x1_0000_0000 + (words[2 * row]! >>> 0))
    else out.ascii(values[row]!.toString())
    out.byte(QUOTE)
  }
}

function printFloat(value: number, single: boolean, out: TextBytes): void {
  const size = Math.abs(value)
  if (!Number.isFinite(value)) out.quotedAscii(String(value))
  else if (size < 10_000_000 && Number.isInteger(value) && size !== 0) {
    out.integer(value)
    out.ascii('.0')
  } else if (single || size < 0.001 || size >= 10_000_000) out.ascii(floatText(value, single))
  else out.ascii(String(value))
}

function decimals(column: FixedColumn, scale: number, out: TextBytes): Printer {
  const values = column.values as BigInt64Array
  const words = wordsOf(column)
  const divisor = scale <= 15 ? Number(powerOfTen(scale)) : 0
  return (row) => {
    const high = words[4 * row + 1]!
    const sign = high >> 31
    out.byte(QUOTE)
    if (divisor > 0 && isSafe(high) && words[4 * row + 2] === sign && words[4 * row + 3] === sign) {
      const value = high * 0x1_0000_0000 + (words[4 * row]! >>> 0)
      const size = Math.abs(value)
      const whole = Math.floor(size / divisor)
      if (value < 0) out.byte(MINUS)
      out.integer(whole)
      if (scale > 0) {
        out.byte(POINT)
        out.digits(size - whole * divisor, scale)
      }
    } else {
      const unscaled = (values[2 * row + 1]! << 64n) | BigInt.asUintN(64, values[2 * row]!)
      out.ascii(decimalText(unscaled, scale))
    }
    out.byte(QUOTE)
  }
}

/** Neighbouring rows often share a day. */
function remembered(textOfDay: (days: number) => string): (days: number) => string {
  let last = Number.NaN
  let text = ''
  return (days) => {
    if (days !== last) {
      last = days
      text = textOfDay(days)
    }
    return text
  }
}

function timestamps(
  column: FixedColumn,
  precision: number,
  zoned: boolean,
  out: TextBytes,
): Printer {
  const words = wordsOf(column)
  const unit = timestampUnit(precision)
  const cut = 10 ** (9 - precision)
  const textOfDay = remembered(dateText)
  return (row) => {
    const { days, secondOfDay, nanos } = splitTimestamp(words[2 * row + 1]!, words[2 * row]!, unit)
    out.byte(QUOTE)
    out.ascii(textOfDay(days))
    out.byte(LETTER_T)
    printClock(secondOfDay, out)
    if (precision > 0) {
      out.byte(POINT)
      out.digits(Math.floor(nanos / cut), precision)
    }
    if (zoned) out.byte(LETTER_Z)
    out.byte(QUOTE)
  }
}

function printClock(secondOfDay: number, out: TextBytes): void {
  const minutes = Math.floor(secondOfDay / 60)
  const hours = Math.floor(minutes / 60)
  out.digits(hours, 2)
  out.byte(COLON)
  out.digits(minutes - hours * 60, 2)
  out.byte(COLON)
  out.digits(secondOfDay - minutes * 60, 2)
}

function texts({ data, starts, ends }: BytesColumn, out: TextBytes): Printer {
  return (row) => {
    const start = starts[row]!
    const end = ends[row]!
    out.byte(QUOTE)
    if (!out.jsonText(data, start, end) && !isUtf8(data.subarray(start, end))) {
      // What is no UTF-8 would make the whole output none.
      const text = utf8(textOf(data.subarray(start, end)))
      out.rewind()
      out.jsonText(text, 0, text.length)
    }
    out.byte(QUOTE)
  }
}

function binaries({ data, starts, ends }: BytesColumn, out: TextBytes): Printer {
  return (row) => {
    out.byte(QUOTE)
    out.hex(data, starts[row]!, ends[row]!)
    out.byte(QUOTE)
  }
}

function lists(column: ListColumn, type: DataType, out: TextBytes): Printer {
  const { starts, ends, child } = column
  if (type.kind !== 'ARRAY' && type.kind !== 'VECTOR') return maps(column, type, out)
  const print = valuePrinter(child, type.element, out)
  return (row) => {
    const start = starts[row]!
    out.byte(OPEN_BRACKET)
    for (let i = start; i < ends[row]!; i++) {
      if (i > start) out.byte(COMMA)
      print(i)
    }
    out.byte(CLOSE_BRACKET)
  }
}

function maps({ starts, ends, child }: ListColumn, type: DataType, out: TextBytes): Printer {
  const [keyType, valueType] = entryTypes(type)
  const [keys, values] = (child as StructColumn).children
  const key = valuePrinter(keys!, keyType, out)
  const value = valuePrinter(values!, valueType, out)
  return (row) => {
    const entries: Entry[] = []
    const from = out.length
    for (let i = starts[row]!; i < ends[row]!; i++) {
      const at = out.length
      out.byte(OPEN_BRACKET)
      key(i)
      const keyEnd = out.length
      out.byte(COMMA)
      value(i)
      out.byte(CLOSE_BRACKET)
      entries.push({ at, keyEnd, end: out.length })
    }
    sortEntries(entries, from, out)
  }
}

/** Where an entry was printed: `[key,value]`. */
interface Entry {
  readonly at: number
  readonly keyEnd: number
  readonly end: number
}

/** Puts the entries that were printed from `from` on into brackets, in the order of their keys' texts. */
function sortEntries(entries: Entry[], from: number, out: TextBytes): void {
  const { view } = out
  entries.sort((a, b) => compareAsUtf16(view, a.at + 1, a.keyEnd, b.at + 1, b.keyEnd))
  const printed = view.slice(from, out.length)
  out.length = from
  out.byte(OPEN_BRACKET)
  for (const [i, entry] of entries.entries()) {
    if (i > 0) out.byte(COMMA)
    out.bytes(printed, entry.at - from, entry.end - from)
  }
  out.byte(CLOSE_BRACKET)
}

/** The order that two UTF-8 texts have as UTF-16: characters of four bytes come before U+E000 and those behind it. */
function compareAsUtf16(
  data: Uint8Array,
  aStart: number,
  aEnd: number,
  bStart: number,
  bEnd: number,
): number {
  const common = Math.min(aEnd - aStart, bEnd - bStart)
  for (let i = 0; i < common; i++) {
    const a = data[aStart + i]!
    const b = data[bStart + i]!
    if (a === b) continue
    const order = a - b
    return (a >= 0xf0 || b >= 0xf0) && Math.min(a, b) >= 0xee && Math.min(a, b) < 0xf0
      ? -order
      : order
  }
  return aEnd - aStart - (bEnd - bStart)
}

function structs(column: StructColumn, type: DataType, out: TextBytes): Printer {
  const { children } = column
  if (type.kind === 'ROW') return rowPrinter(children, type.fields, out)
  const [value, metadata] = children as readonly BytesColumn[]
  return (row) => {
    const text = variantText(
      value!.data.subarray(value!.starts[row], value!.ends[row]),
      metadata!.data.subarray(metadata!.starts[row], metadata!.ends[row]),
    )
    const quoted = utf8(quoteJson(text))
    out.bytes(quoted, 0, quoted.length)
  }
}
