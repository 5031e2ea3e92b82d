/** Reads Avro numbers into fixed-width columns: the 64-bit ones as two halves, so that no bigint is made. */
import type { FixedBuilder } from '../../types/column-builder.ts'
import { timestampUnit } from '../../types/column.ts'
import type { DataType } from '../../types/data-type.ts'
import { corrupt, unsupported } from '../../util/errors.ts'
import type { Program } from './program.ts'
import type { AvroLogical, AvroSchema } from './schema.ts'

/** Adds what reads a number of the type; false when the schema cannot be read as it. */
export function addFixed(
  schema: AvroSchema,
  type: DataType,
  builder: FixedBuilder,
  program: Program,
  where: string,
): boolean {
  const { kind } = schema
  switch (type.kind) {
    case 'TINYINT':
      return kind === 'int' && addSmallInt(builder, program, -128, 127)
    case 'SMALLINT':
      return kind === 'int' && addSmallInt(builder, program, -32768, 32767)
    case 'INT':
      return kind === 'int' && addInt(builder, program)
    case 'DATE':
      return kind === 'int' && mayBe(schema.logical, 'date') && addInt(builder, program)
    case 'TIME':
      return kind === 'int' && mayBe(schema.logical, 'time-millis') && addInt(builder, program)
    case 'BIGINT':
      return (kind === 'int' || kind === 'long') && addLong(builder, program)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      if (kind !== 'long' || schema.logical?.name !== 'timestamp') return false
      return addTimestamp(schema.logical.digits, type.precision, builder, program, where)
    case 'FLOAT':
    case 'DOUBLE':
      return addFloat(kind, type.kind, builder, program)
    case 'DECIMAL': {
      const logical = kind === 'bytes' || kind === 'fixed' ? schema.logical : null
      if (logical?.name !== 'decimal') return false
      if (logical.scale !== type.scale)
        throw unsupported(
          `the Avro field ${where} has scale ${logical.scale} and cannot be read with scale ${type.scale}`,
        )
      const sizeBytes = kind === 'fixed' ? schema.sizeBytes : -1
      return addDecimal(sizeBytes, type, builder, program)
    }
    default:
      return false
  }
}

const mayBe = (logical: AvroLogical | null, name: AvroLogical['name']): boolean =>
  logical === null || logical.name === name

function addInt(builder: FixedBuilder, program: Program): true {
  program.int(builder)
  return true
}

function addLong(builder: FixedBuilder, program: Program): true {
  program.long(builder)
  return true
}

function addSmallInt(builder: FixedBuilder, program: Program, min: number, max: number): true {
  const { cursor } = program
  program.step(() => {
    const value = cursor.readInt()
    if (value < min || value > max) throw corrupt(`${value} is not between ${min} and ${max}`)
    builder.appendNumber(value)
  })
  return true
}

/** The column counts in the unit of its precision; a finer unit in the file cannot be cut without losing digits. */
function addTimestamp(
  digits: 3 | 6 | 9,
  precision: number,
  builder: FixedBuilder,
  program: Program,
  where: string,
): true {
  const wanted = timestampUnit(precision)
  if (wanted === digits) return addLong(builder, program)
  if (wanted < digits)
    throw unsupported(
      `the Avro field ${where} has ${digits} digits of a second and cannot be read with precision ${precision}`,
    )
  const factor = 10n ** BigInt(wanted - digits)
  const { cursor } = program
  program.step(() => {
    cursor.readLong()
    const value = ((BigInt(cursor.high) << 32n) | BigInt(cursor.low >>> 0)) * factor
    if (BigInt.asIntN(64, value) !== value)
      throw corrupt(`the timestamp in ${where} is out of range`)
    builder.appendBigInt(value)
  })
  return true
}

/** The bits are copied where the types agree, so that every NaN stays itself. */
function addFloat(
  kind: AvroSchema['kind'],
  wanted: 'FLOAT' | 'DOUBLE',
  builder: FixedBuilder,
  program: Program,
): boolean {
  const { cursor } = program
  if (kind === 'int' || kind === 'long')
    program.step(() => builder.appendNumber(cursor.readNumber()))
  else if (kind === 'float' && wanted === 'DOUBLE')
    program.step(() => builder.appendNumber(cursor.view.getFloat32(cursor.take(4), true)))
  else if (kind === 'float' && wanted === 'FLOAT')
    program.step(() => {
      const at = builder.slot()
      builder.words[at] = cursor.view.getInt32(cursor.take(4), true)
      builder.next()
    })
  else if (kind === 'double' && wanted === 'DOUBLE')
    program.step(() => {
      const at = builder.slot() * 2
      const from = cursor.take(8)
      builder.words[at] = cursor.view.getInt32(from, true)
      builder.words[at + 1] = cursor.view.getInt32(from + 4, true)
      builder.next()
    })
  else return false
  return true
}

/**
 * A big-endian two's complement integer into the 16 little-endian bytes of a row. `sizeBytes` -1: length-prefixed. One of
 * more digits than its type is null, as in Java: sums that Java writes may have them.
 */
function addDecimal(
  sizeBytes: number,
  { precision, nullable }: Extract<DataType, { kind: 'DECIMAL' }>,
  builder: FixedBuilder,
  program: Program,
): true {
  const { cursor } = program
  const limit = 10n ** BigInt(precision)
  // Integers of so many bytes are below the limit whatever their bits are.
  const surelyBytes = Math.floor((limit.toString(2).length - 1) / 8)
  let { values } = builder
  let target = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  program.step(() => {
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
    const fits = end - from <= surelyBytes || isBelow(values as BigInt64Array, slot, limit)
    if (fits) builder.next()
    else if (nullable) {
      values.fill(0n as never, slot, slot + 2)
      builder.appendNull()
    } else throw corrupt('an Avro decimal has more digits than its type')
  })
  return true
}

function isBelow(values: BigInt64Array, slot: number, limit: bigint): boolean {
  const unscaled = (values[slot + 1]! << 64n) | BigInt.asUintN(64, values[slot]!)
  return unscaled < limit && unscaled > -limit
}
