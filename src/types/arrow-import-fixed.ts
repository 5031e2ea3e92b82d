/** Arrow's numbers, dates, times and decimals as columns. */
import { type Data, DataType as ArrowDataType, DateUnit, Precision } from 'apache-arrow'

import { invalid, type LakeError } from '../util/errors.ts'
import { mismatch, truncated } from './arrow-buffers.ts'
import { hasZone, unitDigits } from './arrow-schema.ts'
import { allocateFixed, type FixedColumn, type FixedValues, timestampUnit } from './column.ts'
import type { DataType } from './data-type.ts'
import { fitsPrecision, powerOfTen } from './decimal-text.ts'
import { typeText } from './type-text.ts'

type Source = FixedValues | Uint8Array | Uint16Array | Uint32Array | BigUint64Array

/** One column on its way: what the converters below need of it. */
interface Import {
  readonly data: Data
  readonly values: Source
  readonly validity: Uint8Array | null
  readonly type: DataType
  readonly path: string
}

/** TINYINT to BIGINT, FLOAT and DOUBLE, DECIMAL, DATE, TIME and timestamps. */
export function importFixed(
  data: Data,
  validity: Uint8Array | null,
  type: DataType,
  path: string,
): FixedColumn {
  const values = (data.values as Source | undefined) ?? new Int32Array(0)
  if (values.length < data.length * data.stride) throw truncated(path)
  const converted = convert({ data, values, validity, type, path })
  return { layout: 'fixed', length: data.length, validity, values: converted }
}

function convert(from: Import): FixedValues {
  switch (from.type.kind) {
    case 'FLOAT':
    case 'DOUBLE':
      return floats(from)
    case 'DATE':
      return dates(from)
    case 'TIME':
      return times(from)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return timestamps(from, from.type.precision)
    case 'DECIMAL':
      return decimals(from, from.type.precision, from.type.scale)
    default:
      return integers(from)
  }
}

const INTEGER_BITS: Partial<Record<DataType['kind'], number>> = {
  TINYINT: 8,
  SMALLINT: 16,
  INT: 32,
  BIGINT: 64,
}

const TAKES_INTEGERS: Partial<Record<DataType['kind'], string>> = {
  TINYINT: 'Int8',
  SMALLINT: 'Int16 and narrower integers',
  INT: 'Int32 and narrower integers',
  BIGINT: 'Int64 and narrower integers',
}

function integers({ data, values, type, path }: Import): FixedValues {
  const bits = INTEGER_BITS[type.kind]!
  const arrow: unknown = data.type
  if (!ArrowDataType.isInt(arrow) || arrow.bitWidth + (arrow.isSigned ? 0 : 1) > bits)
    throw mismatch(data, type, path, TAKES_INTEGERS[type.kind]!)
  if (arrow.bitWidth === bits) return head(values as FixedValues, data.length)
  const wider = allocateFixed(type, data.length)
  if (wider instanceof BigInt64Array)
    for (let row = 0; row < data.length; row++) wider[row] = BigInt(values[row]!)
  else (wider as Int32Array).set(head(values as Int32Array, data.length))
  return wider
}

function head<T extends FixedValues>(values: T, length: number): T {
  return (values.length === length ? values : values.subarray(0, length)) as T
}

function floats({ data, values, type, path }: Import): FixedValues {
  const arrow: unknown = data.type
  const takes = type.kind === 'FLOAT' ? 'Float32 and Float16' : 'Float64, Float32 and Float16'
  if (!ArrowDataType.isFloat(arrow)) throw mismatch(data, type, path, takes)
  const { precision } = arrow
  if (type.kind === 'FLOAT' && precision === Precision.DOUBLE)
    throw mismatch(data, type, path, takes)
  const wanted = type.kind === 'FLOAT' ? Precision.SINGLE : Precision.DOUBLE
  if (precision === wanted) return head(values as FixedValues, data.length)
  const wider = allocateFixed(type, data.length)
  for (let row = 0; row < data.length; row++) {
    const value = Number(values[row])
    wider[row] = precision === Precision.HALF ? halfFloat(value) : value
  }
  return wider
}

/** The number that the sixteen bits of a half-precision float stand for. */
function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1024 + fraction) * 2 ** (exponent - 25)
}

const DAY_MS = 86_400_000n

function dates(from: Import): FixedValues {
  const { data, values, type, path } = from
  const arrow: unknown = data.type
  if (!ArrowDataType.isDate(arrow)) throw mismatch(data, type, path, 'Date32 and Date64')
  if (arrow.unit === DateUnit.DAY) return head(values as Int32Array, data.length)
  const days = new Int32Array(data.length)
  for (let row = 0; row < data.length; row++) {
    const day = Number(floorDivide(BigInt(values[row]!), DAY_MS))
    if (day !== (day | 0)) {
      if (isPresent(from, row)) throw outOfRange(from, row, day)
      continue
    }
    days[row] = day
  }
  return days
}

function isPresent({ validity }: Import, row: number): boolean {
  return validity === null || (validity[row >> 3]! & (1 << (row & 7))) !== 0
}

function outOfRange({ path, type }: Import, row: number, value: number | bigint): LakeError {
  return invalid(
    `column ${path}, row ${row + 1}: ${value} is out of the range of ${typeText(type)}`,
  )
}

function floorDivide(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor
  return quotient * divisor > value ? quotient - 1n : quotient
}

/** Milliseconds of the day; finer digits are cut. */
function times(from: Import): FixedValues {
  const { data, values, type, path } = from
  const arrow: unknown = data.type
  if (!ArrowDataType.isTime(arrow)) throw mismatch(data, type, path, 'Time32 and Time64')
  const digits = unitDigits(arrow.unit)
  const millis = new Int32Array(data.length)
  const factor = 10 ** Math.abs(digits - 3)
  for (let row = 0; row < data.length; row++) {
    const value = Number(values[row])
    const converted = digits < 3 ? value * factor : Math.floor(value / factor)
    if (converted >= 0 && converted < 86_400_000) millis[row] = converted
    else if (isPresent(from, row)) throw outOfRange(from, row, value)
  }
  return millis
}

/** Finer digits than the column's precision are cut, towards the past. */
function timestamps(from: Import, precision: number): FixedValues {
  const { data, values, type, path } = from
  const arrow: unknown = data.type
  const zoned = type.kind === 'TIMESTAMP_LTZ'
  if (!ArrowDataType.isTimestamp(arrow) || hasZone(arrow) !== zoned) {
    const takes = zoned ? 'Timestamp with a time zone' : 'Timestamp without a time zone'
    throw mismatch(data, type, path, takes)
  }
  const unit = timestampUnit(precision)
  const digits = unitDigits(arrow.unit)
  const source = values as BigInt64Array
  // What the unit counts beyond the precision, such as the milliseconds of a TIMESTAMP(0).
  const step = 10n ** BigInt(unit - precision)
  if (digits === unit && step === 1n) return head(source, data.length)
  const converted = new BigInt64Array(data.length)
  const factor = 10n ** BigInt(Math.abs(unit - digits))
  for (let row = 0; row < data.length; row++) {
    const value = source[row]!
    const units = digits <= unit ? value * factor : floorDivide(value, factor)
    if (BigInt.asIntN(64, units) === units) converted[row] = floorDivide(units, step) * step
    else if (isPresent(from, row)) throw outOfRange(from, row, value)
  }
  return converted
}

function decimals(from: Import, precision: number, scale: number): FixedValues {
  const { data, type, path } = from
  const arrow: unknown = data.type
  const takes = `Decimal with at most ${scale} digits after the point, and integers`
  if (ArrowDataType.isInt(arrow)) return rescaled(from, precision, scale, arrow.bitWidth)
  if (!ArrowDataType.isDecimal(arrow) || arrow.scale > scale || arrow.scale < 0)
    throw mismatch(data, type, path, takes)
  const words = from.values as Uint32Array
  const fits = arrow.bitWidth === 128 && arrow.scale === scale && arrow.precision <= precision
  if (!fits) return rescaled(from, precision, scale - arrow.scale, arrow.bitWidth)
  const size = 4 * data.length
  const aligned = words.byteOffset % 8 === 0 ? words : new Uint32Array(words.subarray(0, size))
  return new BigInt64Array(aligned.buffer, aligned.byteOffset, 2 * data.length)
}

/** Unscaled integers with `more` digits after the point, each checked against the precision. */
function rescaled(from: Import, precision: number, more: number, bitWidth: number): FixedValues {
  const { data, values } = from
  const wide = new BigInt64Array(2 * data.length)
  const factor = powerOfTen(more)
  const isDecimal = ArrowDataType.isDecimal(data.type)
  for (let row = 0; row < data.length; row++) {
    if (!isPresent(from, row)) continue
    const given = isDecimal
      ? integerOf(values as Uint32Array, row * (bitWidth >> 5), bitWidth >> 5)
      : BigInt(values[row]!)
    const unscaled = given * factor
    if (!fitsPrecision(unscaled, precision)) throw outOfRange(from, row, given)
    wide[2 * row] = BigInt.asIntN(64, unscaled)
    wide[2 * row + 1] = unscaled >> 64n
  }
  return wide
}

/** A signed little-endian integer of 32-bit words. */
function integerOf(words: Uint32Array, at: number, count: number): bigint {
  let value = 0n
  for (let i = count - 1; i >= 0; i--) value = (value << 32n) | BigInt(words[at + i]!)
  return BigInt.asIntN(32 * count, value)
}
