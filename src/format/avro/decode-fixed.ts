/** Steps that read Avro numbers into fixed-width columns: the 64-bit ones as two halves, so that no bigint is made. */
import type { FixedBuilder } from '../../types/column-builder.ts'
import { type FixedValues, timestampUnit } from '../../types/column.ts'
import type { DataType } from '../../types/data-type.ts'
import { corrupt, unsupported } from '../../util/errors.ts'
import type { AvroCursor } from './cursor.ts'
import type { AvroLogical, AvroSchema } from './schema.ts'
import type { Step } from './skip.ts'

/** A step for a numeric type; undefined when the schema cannot be read as it. */
export function fixedStep(
  schema: AvroSchema,
  type: DataType,
  builder: FixedBuilder,
  cursor: AvroCursor,
  where: string,
): Step | undefined {
  const { kind } = schema
  switch (type.kind) {
    case 'TINYINT':
      return kind === 'int' ? smallIntStep(builder, cursor, -128, 127) : undefined
    case 'SMALLINT':
      return kind === 'int' ? smallIntStep(builder, cursor, -32768, 32767) : undefined
    case 'INT':
      return kind === 'int' ? intStep(builder, cursor) : undefined
    case 'DATE':
      return kind === 'int' && mayBe(schema.logical, 'date') ? intStep(builder, cursor) : undefined
    case 'TIME':
      return kind === 'int' && mayBe(schema.logical, 'time-millis')
        ? intStep(builder, cursor)
        : undefined
    case 'BIGINT':
      return kind === 'int' || kind === 'long' ? longStep(builder, cursor) : undefined
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      if (kind !== 'long' || schema.logical?.name !== 'timestamp') return undefined
      return timestampStep(schema.logical.digits, type.precision, builder, cursor, where)
    case 'FLOAT':
    case 'DOUBLE':
      return floatStep(kind, type.kind, builder, cursor)
    case 'DECIMAL': {
      const logical = kind === 'bytes' || kind === 'fixed' ? schema.logical : null
      if (logical?.name !== 'decimal') return undefined
      if (logical.scale !== type.scale)
        throw unsupported(
          `the Avro field ${where} has scale ${logical.scale} and cannot be read with scale ${type.scale}`,
        )
      const sizeBytes = kind === 'fixed' ? schema.sizeBytes : -1
      return decimalStep(sizeBytes, type.precision, builder, cursor)
    }
    default:
      return undefined
  }
}

const mayBe = (logical: AvroLogical | null, name: AvroLogical['name']): boolean =>
  logical === null || logical.name === name

function intStep(builder: FixedBuilder, cursor: AvroCursor): Step {
  return () => {
    const at = builder.slot()
    ;(builder.values as Int32Array)[at] = cursor.readInt()
    builder.next()
  }
}

function smallIntStep(builder: FixedBuilder, cursor: AvroCursor, min: number, max: number): Step {
  return () => {
    const value = cursor.readInt()
    if (value < min || value > max) throw corrupt(`${value} is not between ${min} and ${max}`)
    builder.appendNumber(value)
  }
}

/** The same bytes as 32-bit halves, low first. */
function wordsOf(values: FixedValues): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2)
}

function longStep(builder: FixedBuilder, cursor: AvroCursor): Step {
  let { values } = builder
  let words = wordsOf(values)
  return () => {
    const at = builder.slot() * 2
    // The builder has another buffer after it grew.
    if (builder.values !== values) {
      values = builder.values
      words = wordsOf(values)
    }
    cursor.readLong()
    words[at] = cursor.low
    words[at + 1] = cursor.high
    builder.next()
  }
}

/** The column counts in the unit of its precision; a finer unit in the file cannot be cut without losing digits. */
function timestampStep(
  digits: 3 | 6 | 9,
  precision: number,
  builder: FixedBuilder,
  cursor: AvroCursor,
  where: string,
): Step {
  const wanted = timestampUnit(precision)
  if (wanted === digits) return longStep(builder, cursor)
  if (wanted < digits)
    throw unsupported(
      `the Avro field ${where} has ${digits} digits of a second and cannot be read with precision ${precision}`,
    )
  const factor = 10n ** BigInt(wanted - digits)
  return () => {
    cursor.readLong()
    const value = ((BigInt(cursor.high) << 32n) | BigInt(cursor.low >>> 0)) * factor
    if (BigInt.asIntN(64, value) !== value)
      throw corrupt(`the timestamp in ${where} is out of range`)
    builder.appendBigInt(value)
  }
}

/** The bits are copied where the types agree, so that every NaN stays itself. */
function floatStep(
  kind: AvroSchema['kind'],
  wanted: 'FLOAT' | 'DOUBLE',
  builder: FixedBuilder,
  cursor: AvroCursor,
): Step | undefined {
  if (kind === 'int' || kind === 'long') return () => builder.appendNumber(cursor.readNumber())
  if (kind === 'float' && wanted === 'DOUBLE')
    return () => builder.appendNumber(cursor.view.getFloat32(cursor.take(4), true))
  if (kind !== wanted.toLowerCase()) return undefined
  const stride = wanted === 'DOUBLE' ? 2 : 1
  let { values } = builder
  let words = wordsOf(values)
  return () => {
    const at = builder.slot() * stride
    if (builder.values !== values) {
      values = builder.values
      words = wordsOf(values)
    }
    const from = cursor.take(4 * stride)
    words[at] = cursor.view.getInt32(from, true)
    if (stride === 2) words[at + 1] = cursor.view.getInt32(from + 4, true)
    builder.next()
  }
}

/** A big-endian two's complement integer into the 16 little-endian bytes of a row. `sizeBytes` -1: length-prefixed. */
function decimalStep(
  sizeBytes: number,
  precision: number,
  builder: FixedBuilder,
  cursor: AvroCursor,
): Step {
  const limit = 10n ** BigInt(precision)
  // Integers of so many bytes are below the limit whatever their bits are.
  const surelyBytes = Math.floor((limit.toString(2).length - 1) / 8)
  let { values } = builder
  let target = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return () => {
    let from: number
    if (sizeBytes < 0) {
      cursor.readBytes()
      from = cursor.from
    } else from = cursor.take(sizeBytes)
    const { bytes, at: end } = cursor
    if (from === end) throw corrupt('an Avro decimal has no bytes')
    const sign = bytes[from]! >= 128 ? 255 : 0
    while (end - from > 16 && bytes[from] === sign) from++
    if (end - from > 16 || bytes[from]! >= 128 !== sign > 0)
      throw corrupt('an Avro decimal is longer than 128 bits')

    const slot = builder.slot()
    if (builder.values !== values) {
      values = builder.values
      target = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    }
    let to = slot * 8
    const slotEnd = to + 16
    for (let i = end - 1; i >= from; i--) target[to++] = bytes[i]!
    while (to < slotEnd) target[to++] = sign
    if (end - from > surelyBytes) checkPrecision(values as BigInt64Array, slot, limit)
    builder.next()
  }
}

function checkPrecision(values: BigInt64Array, slot: number, limit: bigint): void {
  const unscaled = (values[slot + 1]! << 64n) | BigInt.asUintN(64, values[slot]!)
  if (unscaled >= limit || unscaled <= -limit)
    throw corrupt('an Avro decimal has more digits than its type')
}
