/**
 * Rows in Paimon's binary form, as keys, partitions and statistics are stored and as buckets are computed from.
 *
 * A row is null bits (the first byte is the row kind), one 8-byte slot per field, and a variable part. Follows
 * `BinaryRowWriter`, `BinaryArrayWriter`, `BinaryMap` and `BinaryVector`; see docs/format/rows-keys-partitions.md.
 */
import { BinaryBuffer } from './binary-buffer.ts'
import { timestampUnit } from './column.ts'
import type { DataType } from './data-type.ts'
import type { InternalValue } from './internal-value.ts'

/** The bytes of the row. `kind` is the row kind's byte: 0 (an insert) in keys, partitions and statistics. */
export function encodeBinaryRow(
  types: readonly DataType[],
  values: readonly InternalValue[],
  kind = 0,
): Uint8Array {
  const out = new BinaryBuffer(fixedSize(types.length))
  writeRow(out, types, values)
  out.bytes[0] = kind
  return out.bytes.slice(0, out.length)
}

/** The bytes of the row behind its number of fields (4 bytes, big-endian): the form of `bytes` columns in manifests. */
export function serializeBinaryRow(
  types: readonly DataType[],
  values: readonly InternalValue[],
): Uint8Array {
  return withArity(types.length, encodeBinaryRow(types, values))
}

/** Puts the number of fields before the bytes of a row; see {@link serializeBinaryRow}. */
function withArity(arity: number, row: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + row.length)
  new DataView(bytes.buffer).setInt32(0, arity)
  bytes.set(row, 4)
  return bytes
}

/** Bytes before the slots of a row: a bit for every field behind the byte of the row kind, in whole words of 8 bytes. */
export function nullBitsSize(arity: number): number {
  return ((arity + 63 + 8) >>> 6) << 3
}

/** Bytes of a row's null bits and slots. */
export function fixedSize(arity: number): number {
  return nullBitsSize(arity) + 8 * arity
}

/** Bytes that Java keeps free for the value of a null field, in the variable part of a row (not of an array). */
export function nullReserve(type: DataType): 0 | 8 | 16 {
  switch (type.kind) {
    case 'DECIMAL':
      return type.precision > 18 ? 16 : 0
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return type.precision > 3 ? 8 : 0
    default:
      return 0
  }
}

/** Bytes of one element in a BinaryArray. */
export function elementSize(type: DataType): 1 | 2 | 4 | 8 {
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
    default:
      return 8
  }
}

function writeRow(
  out: BinaryBuffer,
  types: readonly DataType[],
  values: readonly InternalValue[],
): void {
  const nullBits = nullBitsSize(types.length)
  out.reset(fixedSize(types.length))
  for (const [i, type] of types.entries()) {
    const value = values[i] ?? null
    const slot = nullBits + 8 * i
    if (value === null) {
      out.bytes[(i + 8) >> 3]! |= 1 << ((i + 8) & 7)
      const reserve = nullReserve(type)
      if (reserve > 0) out.reserveNull(slot, reserve)
    } else writeSlot(out, slot, type, value)
  }
}

/** Writes a value that is not null into an 8-byte slot. */
function writeSlot(out: BinaryBuffer, slot: number, type: DataType, value: InternalValue): void {
  switch (type.kind) {
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
    case 'BLOB': {
      const bytes = value as Uint8Array
      out.setBytes(slot, bytes, 0, bytes.length)
      return
    }
    case 'BIGINT':
      writeLong(out, slot, value as bigint)
      return
    case 'DECIMAL':
      if (type.precision <= 18) writeLong(out, slot, value as bigint)
      else out.setWideDecimalValue(slot, value as bigint)
      return
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      writeTimestamp(out, slot, type.precision, value as bigint)
      return
    case 'ARRAY':
    case 'MAP':
    case 'MULTISET':
    case 'ROW':
    case 'VECTOR':
    case 'VARIANT': {
      const nested = encodeNested(type, value as readonly InternalValue[])
      out.appendBytes(slot, nested, 0, nested.length)
      return
    }
    default:
      writeElement(out, slot, type, value)
  }
}

/** Writes a value that is not null into a slot of the type's element size. */
function writeElement(out: BinaryBuffer, at: number, type: DataType, value: InternalValue): void {
  switch (type.kind) {
    case 'BOOLEAN':
      out.bytes[at] = value === true ? 1 : 0
      return
    case 'TINYINT':
      out.bytes[at] = value as number
      return
    case 'SMALLINT':
      out.bytes[at] = value as number
      out.bytes[at + 1] = (value as number) >> 8
      return
    case 'INT':
    case 'DATE':
    case 'TIME':
      out.words[at >> 2] = value as number
      return
    case 'FLOAT':
      NUMBERS.setFloat32(0, value as number, true)
      out.words[at >> 2] = NUMBERS.getInt32(0, true)
      return
    case 'DOUBLE':
      NUMBERS.setFloat64(0, value as number, true)
      out.setLong(at, NUMBERS.getInt32(0, true), NUMBERS.getInt32(4, true))
      return
    default:
      writeSlot(out, at, type, value)
  }
}

function writeLong(out: BinaryBuffer, slot: number, value: bigint): void {
  NUMBERS.setBigInt64(0, value, true)
  out.setLong(slot, NUMBERS.getInt32(0, true), NUMBERS.getInt32(4, true))
}

function writeTimestamp(out: BinaryBuffer, slot: number, precision: number, value: bigint): void {
  const unit = timestampUnit(precision)
  if (unit === 3) writeLong(out, slot, value)
  else out.setWideTimestampValue(slot, value, unit === 6 ? 1_000n : 1_000_000n)
}

function encodeNested(type: DataType, value: readonly InternalValue[]): Uint8Array {
  switch (type.kind) {
    case 'ARRAY':
      return encodeArray(type.element, value)
    case 'MAP':
      return encodeMap(type.key, type.value, value)
    case 'MULTISET':
      return encodeMap(type.element, { kind: 'INT', nullable: false }, value)
    case 'VECTOR':
      return encodeVector(type.element, value)
    case 'ROW': {
      const types = type.fields.map((field) => field.type)
      return encodeBinaryRow(types, value)
    }
    default:
      return encodeVariant(value as readonly Uint8Array[])
  }
}

/** A BinaryArray: the count, a null bit for every element, the elements, their variable part. */
function encodeArray(element: DataType, values: readonly InternalValue[]): Uint8Array {
  const width = elementSize(element)
  const header = arrayHeaderSize(values.length)
  const fixed = (header + width * values.length + 7) & ~7
  const out = new BinaryBuffer(fixed)
  out.reset(fixed)
  out.words[0] = values.length
  for (const [i, value] of values.entries()) {
    if (value === null) out.bytes[4 + (i >> 3)]! |= 1 << (i & 7)
    else writeElement(out, header + width * i, element, value)
  }
  return out.bytes.slice(0, out.length)
}

/** Bytes before the elements of a BinaryArray. */
export function arrayHeaderSize(count: number): number {
  return 4 + 4 * Math.ceil(count / 32)
}

function encodeMap(
  keyType: DataType,
  valueType: DataType,
  entries: readonly InternalValue[],
): Uint8Array {
  const pairs = entries as readonly (readonly InternalValue[])[]
  const keys = encodeArray(
    keyType,
    pairs.map((pair) => pair[0]!),
  )
  const values = encodeArray(
    valueType,
    pairs.map((pair) => pair[1] ?? null),
  )
  const bytes = new Uint8Array(4 + keys.length + values.length)
  new DataView(bytes.buffer).setInt32(0, keys.length, true)
  bytes.set(keys, 4)
  bytes.set(values, 4 + keys.length)
  return bytes
}

/** The count, then the bare elements filled up to 8 bytes. */
function encodeVector(element: DataType, values: readonly InternalValue[]): Uint8Array {
  const width = elementSize(element)
  const out = new BinaryBuffer(width * values.length)
  out.reset((width * values.length + 7) & ~7)
  for (const [i, value] of values.entries()) writeElement(out, width * i, element, value)
  const bytes = new Uint8Array(4 + out.length)
  new DataView(bytes.buffer).setInt32(0, values.length, true)
  bytes.set(out.bytes.subarray(0, out.length), 4)
  return bytes
}

function encodeVariant([value, metadata]: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(4 + value!.length + metadata!.length)
  new DataView(bytes.buffer).setInt32(0, value!.length, true)
  bytes.set(value!, 4)
  bytes.set(metadata!, 4 + value!.length)
  return bytes
}

const NUMBERS = new DataView(new ArrayBuffer(8))
