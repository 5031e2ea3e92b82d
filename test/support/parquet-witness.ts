/** Parquet files as hyparquet, an independent implementation, reads them. */
import zlib from 'node:zlib'

import { type AsyncBuffer, type Compressors, parquetReadObjects } from 'hyparquet'

import { decompress } from '../../src/format/codec.ts'
import type { DataField, DataType } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'

/** hyparquet brings snappy alone; what is not in Node either is left to the library's own codec. */
const COMPRESSORS: Compressors = {
  GZIP: (bytes) => new Uint8Array(zlib.gunzipSync(bytes)),
  ZSTD: (bytes) => new Uint8Array(zlib.zstdDecompressSync(bytes)),
  BROTLI: (bytes) => new Uint8Array(zlib.brotliDecompressSync(bytes)),
  LZ4: (bytes, size) => decompress('lz4', bytes, size),
  LZ4_RAW: (bytes, size) => decompress('lz4_raw', bytes, size),
}

const nanos = (value: bigint): bigint => BigInt.asIntN(64, value)

/** A value in the form that both sides are brought to before they are compared. */
export type WitnessValue = null | boolean | number | bigint | string | WitnessValue[]

/** The rows of a file, each as the values of the fields in order, as hyparquet reads them. */
export async function witnessRows(
  bytes: Uint8Array,
  fields: readonly DataField[],
): Promise<WitnessValue[][]> {
  const buffer = bytes.slice().buffer
  const file: AsyncBuffer = {
    byteLength: buffer.byteLength,
    slice: (from, to) => buffer.slice(from, to),
  }
  const rows = await parquetReadObjects({
    file,
    compressors: COMPRESSORS,
    utf8: false,
    geoparquet: false,
    parsers: {
      timestampFromMilliseconds: (millis: bigint) => millis,
      timestampFromMicroseconds: (micros: bigint) => micros,
      // Java writes times of the day before 1970 as negative numbers, which hyparquet takes for unsigned ones.
      timestampFromNanoseconds: nanos,
      dateFromDays: (days: number) => days,
      stringFromBytes: (text: Uint8Array) => text,
    },
  })
  return rows.map((row) => fields.map((field) => fromWitness(field.type, row[field.name])))
}

function fromWitness(type: DataType, value: unknown): WitnessValue {
  if (value === null || value === undefined) return null
  switch (type.kind) {
    case 'ARRAY':
      return [...(value as unknown[])].map((each) => fromWitness(type.element, each))
    case 'MAP':
      return entries(value, type.value)
    case 'MULTISET':
      return entries(value, { kind: 'INT', nullable: false })
    case 'ROW':
      return type.fields.map((field) =>
        fromWitness(field.type, (value as Record<string, unknown>)[field.name]),
      )
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return value as bigint
    default:
      return value instanceof Uint8Array ? hex(value) : (value as WitnessValue)
  }
}

/** hyparquet makes an object of a map; its keys are what JavaScript makes of the keys. */
function entries(value: unknown, type: DataType): WitnessValue[] {
  return sorted(
    Object.entries(value as object).map(([key, each]) => [key, fromWitness(type, each)]),
  )
}

function sorted(pairs: [string, WitnessValue][]): WitnessValue[] {
  return pairs.toSorted((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** The library's value in the form of the witness. */
export function toWitness(type: DataType, value: InternalValue): WitnessValue {
  if (value === null) return null
  switch (type.kind) {
    case 'DECIMAL':
      return Number(value) * 10 ** -type.scale
    case 'ARRAY':
      return (value as InternalValue[]).map((each) => toWitness(type.element, each))
    case 'MAP':
      return toEntries(value, type.value)
    case 'MULTISET':
      return toEntries(value, { kind: 'INT', nullable: false })
    case 'ROW':
      return type.fields.map((field, i) => toWitness(field.type, (value as InternalValue[])[i]!))
    default:
      return value instanceof Uint8Array ? hex(value) : (value as WitnessValue)
  }
}

function toEntries(value: InternalValue, type: DataType): WitnessValue[] {
  return sorted(
    (value as InternalValue[][]).map((pair) => [String(pair[0]), toWitness(type, pair[1]!)]),
  )
}
