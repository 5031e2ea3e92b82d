/**
 * Appends values of JSON and of row objects to column builders, checked against the column's type.
 *
 * A type is compiled once to a function; what the two kinds of input differ in is a {@link Dialect}.
 */
import { invalid } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import { show } from '../util/show.ts'
import type {
  BooleanBuilder,
  BytesBuilder,
  ColumnBuilder,
  FixedBuilder,
  ListBuilder,
  StructBuilder,
} from './column-builder.ts'
import { entryTypes } from './column-take.ts'
import type { DataField, DataType } from './data-type.ts'
import { parseTime } from './date-text.ts'
import { fitsPrecision, parseDecimal, rescale } from './decimal-text.ts'
import { typeText } from './type-text.ts'
import type { Variant } from './variant-builder.ts'
import { parseVariant } from './variant-parse.ts'

/** How one kind of input writes the values that JavaScript has no single form for. */
export interface Dialect {
  /** The integer that a BIGINT value means, undefined when it means none. */
  readonly bigint: (value: unknown) => bigint | undefined
  /** The text that a DECIMAL value means. */
  readonly decimal: (value: unknown) => string | undefined
  readonly float: (value: unknown) => number | undefined
  readonly bytes: (value: unknown) => Uint8Array | undefined
  /** Epoch days. */
  readonly date: (value: unknown) => number | undefined
  /** The integer of a timestamp column. */
  readonly timestamp: (value: unknown, type: DataType, precision: number) => bigint | undefined
  readonly list: (value: unknown) => ArrayLike<unknown> | undefined
  /** Keys and values of a MAP or MULTISET. */
  readonly entries: (value: unknown, key: DataType) => Iterable<unknown> | undefined
  /** The forms to name in errors. */
  readonly expected: Readonly<Partial<Record<DataType['kind'], string>>>
}

/** Appends one row; `rowNumber` is what errors call it by. The builder is left unfit for use when it throws. */
export type RowAppender = (builder: StructBuilder, row: unknown, rowNumber: number) => void

/** Compiles the appender of whole rows; members named in `ignored` may be there and are left alone. */
export function compileRowAppender(
  fields: readonly DataField[],
  dialect: Dialect,
  ignored: readonly string[] = [],
): RowAppender {
  const append = fieldsAppender(fields, dialect, ignored)
  return (builder, row, rowNumber) => {
    try {
      if (!isRecord(row)) throw new WrongValue(row, 'an object with the columns as members')
      append(builder, row)
    } catch (error) {
      throw error instanceof WrongValue ? error.inRow(rowNumber) : error
    }
  }
}

/** A value that does not fit its column; the way to it grows as the error rises. */
class WrongValue extends Error {
  readonly #problem: string
  #path = ''

  constructor(value: unknown, expected: string, problem?: string) {
    super()
    this.#problem = problem ?? `expected ${expected}, got ${show(value)}`
  }

  static at(error: unknown, step: string): unknown {
    if (error instanceof WrongValue) error.#path = step + error.#path
    return error
  }

  inRow(rowNumber: number): Error {
    const path = this.#path.replace(/^\./, '')
    return invalid(`row ${rowNumber}${path === '' ? '' : `, column ${path}`}: ${this.#problem}`, {
      cause: this.cause,
    })
  }
}

type Append = (builder: ColumnBuilder, value: unknown) => void

function compile(type: DataType, dialect: Dialect): Append {
  const append = compilePresent(type, dialect)
  if (type.nullable)
    return (builder, value) => {
      if (value === null || value === undefined) builder.appendNull()
      else append(builder, value)
    }
  return (builder, value) => {
    if (value === null || value === undefined)
      throw new WrongValue(value, '', `is ${typeText(type)}, and there is no value`)
    append(builder, value)
  }
}

function compilePresent(type: DataType, dialect: Dialect): Append {
  switch (type.kind) {
    case 'BOOLEAN':
      return (builder, value) => {
        if (typeof value !== 'boolean') throw new WrongValue(value, 'true or false')
        ;(builder as BooleanBuilder).append(value)
      }
    case 'TINYINT':
      return integers(-(2 ** 7), 2 ** 7 - 1)
    case 'SMALLINT':
      return integers(-(2 ** 15), 2 ** 15 - 1)
    case 'INT':
      return integers(-(2 ** 31), 2 ** 31 - 1)
    case 'BIGINT':
      return bigints(dialect)
    case 'FLOAT':
    case 'DOUBLE':
      return numbers(type, dialect.float, dialect)
    case 'DATE':
      return numbers(type, dialect.date, dialect)
    case 'TIME':
      return numbers(type, timeOf, dialect)
    case 'DECIMAL':
      return decimals(type.precision, type.scale, dialect)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return timestamps(type, type.precision, dialect)
    case 'CHAR':
    case 'VARCHAR':
      // Lengths are not checked, as Java's table writer does not.
      return (builder, value) => {
        if (typeof value !== 'string') throw new WrongValue(value, 'a string')
        ;(builder as BytesBuilder).appendText(value)
      }
    case 'BINARY':
    case 'VARBINARY':
    case 'BLOB':
      return binaries(type, dialect)
    case 'VARIANT':
      return appendVariant
    case 'ARRAY':
      return lists(type.element, undefined, dialect)
    case 'VECTOR':
      return lists(type.element, type.length, dialect)
    case 'MAP':
    case 'MULTISET':
      return maps(type, dialect)
    default:
      return rows(type.fields, dialect)
  }
}

function integers(low: number, high: number): Append {
  return (builder, value) => {
    if (!Number.isInteger(value) || (value as number) < low || (value as number) > high)
      throw new WrongValue(value, `an integer from ${low} to ${high}`)
    ;(builder as FixedBuilder).appendNumber(value as number)
  }
}

const INT64_RANGE = `an integer from ${-(2n ** 63n)} to ${2n ** 63n - 1n}`

function bigints({ bigint, expected }: Dialect): Append {
  return (builder, value) => {
    const integer = bigint(value)
    if (integer === undefined) throw new WrongValue(value, expected.BIGINT ?? 'an integer')
    if (BigInt.asIntN(64, integer) !== integer) throw new WrongValue(value, INT64_RANGE)
    ;(builder as FixedBuilder).appendBigInt(integer)
  }
}

function numbers(
  { kind }: DataType,
  numberOf: (value: unknown) => number | undefined,
  { expected }: Dialect,
): Append {
  return (builder, value) => {
    const number = numberOf(value)
    if (number === undefined) throw new WrongValue(value, expected[kind] ?? 'a number')
    ;(builder as FixedBuilder).appendNumber(number)
  }
}

/** Milliseconds of the day; Paimon keeps no finer ones. */
function timeOf(value: unknown): number | undefined {
  const parsed = typeof value === 'string' ? parseTime(value) : undefined
  return parsed && parsed.seconds * 1000 + Math.floor(parsed.nanos / 1_000_000)
}

function decimals(precision: number, scale: number, { decimal, expected }: Dialect): Append {
  return (builder, value) => {
    const text = decimal(value)
    const parsed = text === undefined ? undefined : parseDecimal(text)
    if (parsed === undefined) throw new WrongValue(value, expected.DECIMAL ?? 'a decimal')
    const unscaled = rescale(parsed, scale)
    if (!fitsPrecision(unscaled, precision))
      throw new WrongValue(value, `a number that fits DECIMAL(${precision}, ${scale})`)
    ;(builder as FixedBuilder).appendDecimal(unscaled)
  }
}

function timestamps(type: DataType, precision: number, { timestamp, expected }: Dialect): Append {
  return (builder, value) => {
    const units = timestamp(value, type, precision)
    if (units === undefined) throw new WrongValue(value, expected[type.kind] ?? 'a timestamp')
    ;(builder as FixedBuilder).appendBigInt(units)
  }
}

function binaries({ kind }: DataType, { bytes, expected }: Dialect): Append {
  return (builder, value) => {
    const data = bytes(value)
    if (data === undefined) throw new WrongValue(value, expected[kind] ?? 'bytes')
    ;(builder as BytesBuilder).append(data)
  }
}

function appendVariant(builder: ColumnBuilder, value: unknown): void {
  if (typeof value !== 'string') throw new WrongValue(value, 'the JSON text of a variant')
  let variant: Variant
  try {
    variant = parseVariant(value)
  } catch (error) {
    throw new WrongValue(value, '', (error as Error).message)
  }
  const { children } = builder as StructBuilder
  ;(children[0] as BytesBuilder).append(variant.value)
  ;(children[1] as BytesBuilder).append(variant.metadata)
  ;(builder as StructBuilder).endRow()
}

function lists(element: DataType, length: number | undefined, dialect: Dialect): Append {
  const append = compile(element, dialect)
  return (builder, value) => {
    const items = dialect.list(value)
    if (items === undefined) throw new WrongValue(value, 'an array')
    if (length !== undefined && items.length !== length)
      throw new WrongValue(value, '', `expected ${length} elements, got ${items.length}`)
    const { child } = builder as ListBuilder
    let i = 0
    try {
      for (; i < items.length; i++) append(child, items[i])
    } catch (error) {
      throw WrongValue.at(error, `[${i}]`)
    }
    ;(builder as ListBuilder).endRow()
  }
}

function maps(type: DataType, dialect: Dialect): Append {
  const [keyType, valueType] = entryTypes(type)
  const key = compile({ ...keyType, nullable: false }, dialect)
  const value = compile(valueType, dialect)
  return (builder, given) => {
    const entries = dialect.entries(given, keyType)
    if (entries === undefined)
      throw new WrongValue(given, dialect.expected[type.kind] ?? 'an array of [key, value]')
    const pairs = (builder as ListBuilder).child as StructBuilder
    const seen = Array.isArray(entries) ? new Set<unknown>() : undefined
    let i = 0
    try {
      for (const entry of entries) {
        if (!Array.isArray(entry) || entry.length !== 2)
          throw new WrongValue(entry, 'an array of a key and a value')
        if (seen?.has(entry[0]))
          throw new WrongValue(entry[0], '', `the key ${show(entry[0])} stands twice`)
        seen?.add(entry[0])
        key(pairs.children[0]!, entry[0])
        value(pairs.children[1]!, entry[1])
        pairs.endRow()
        i++
      }
    } catch (error) {
      throw WrongValue.at(error, `[${i}]`)
    }
    ;(builder as ListBuilder).endRow()
  }
}

function rows(fields: readonly DataField[], dialect: Dialect): Append {
  const append = fieldsAppender(fields, dialect, [])
  return (builder, value) => {
    if (!isRecord(value)) throw new WrongValue(value, 'an object')
    append(builder as StructBuilder, value)
  }
}

type Members = Readonly<Record<string, unknown>>

function isRecord(value: unknown): value is Members {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Map)
  )
}

function fieldsAppender(
  fields: readonly DataField[],
  dialect: Dialect,
  ignored: readonly string[],
): (builder: StructBuilder, row: Members) => void {
  const appends = fields.map((field) => compile(field.type, dialect))
  const names = fields.map((field) => field.name)
  // Every object inherits such members, so there only an own one is a value.
  const inherited = names.map((name) => name in Object.prototype)
  return (builder, row) => {
    let known = 0
    let i = 0
    try {
      for (; i < names.length; i++) {
        const name = names[i]!
        const value = inherited[i] && !Object.hasOwn(row, name) ? undefined : row[name]
        if (value !== undefined) known++
        appends[i]!(builder.children[i]!, value)
      }
    } catch (error) {
      // A value that is missing may be there under a mistyped name.
      if (row[names[i]!] === undefined) refuseUnknown(row, names, ignored)
      throw WrongValue.at(error, `.${names[i]}`)
    }
    if (countMembers(row) > known) refuseUnknown(row, names, ignored)
    builder.endRow()
  }
}

/** Faster than making an array of the names. */
function countMembers(row: Members): number {
  let count = 0
  for (const name in row) if (row[name] !== undefined) count++
  return count
}

function refuseUnknown(row: Members, names: readonly string[], ignored: readonly string[]): void {
  for (const name of Object.keys(row)) {
    if (names.includes(name) || ignored.includes(name)) continue
    const near = didYouMean(name, names)
    throw new WrongValue(name, '', `there is no column "${name}"${near}`)
  }
}
