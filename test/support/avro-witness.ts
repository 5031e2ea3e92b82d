/** Avro files as avsc, an independent implementation, reads and writes them. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { zstdCompress, zstdDecompress } from 'node:zlib'

import avro from 'avsc'
import { snappyUncompress } from 'hyparquet'

import {
  blockRows,
  checkSync,
  parseAvroHeader,
  parseBlockHead,
} from '../../src/format/avro/container.ts'
import type { DataField, DataType } from '../../src/types/data-type.ts'
import { type InternalValue, utf8 } from '../../src/types/internal-value.ts'

/** Every Avro file among the golden tables, by its path. */
export function goldenAvroFiles(): string[] {
  const files: string[] = []
  for (const entry of readdirSync('fixtures/golden/warehouse', {
    recursive: true,
    withFileTypes: true,
  })) {
    const isManifest = basename(entry.parentPath) === 'manifest'
    if (entry.isFile() && (isManifest || entry.name.endsWith('.avro')))
      files.push(join(entry.parentPath, entry.name))
  }
  return files.toSorted()
}

export function readGolden(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path))
}

// oxlint-disable-next-line no-underscore-dangle -- the name is avsc's
const long = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8)
    buffer.writeBigInt64LE(value)
    return buffer
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
})

/** Longs as bigints, whatever their logical type. */
export const witnessType = (schema: avro.Schema): avro.Type =>
  avro.Type.forSchema(schema, {
    wrapUnions: false,
    typeHook: (type: avro.Schema) =>
      type === 'long' || (type as { type?: unknown }).type === 'long' ? long : undefined,
  })

/** A snappy block without the checksum that Avro puts behind it. */
function unsnap(block: Buffer): Buffer {
  let size = 0
  let at = 0
  do size |= (block[at]! & 127) << (7 * at)
  while (block[at++]! > 127)
  const raw = Buffer.alloc(size)
  snappyUncompress(block.subarray(0, -4), raw)
  return raw
}

/** The rows of a file as avsc decodes them, as JavaScript objects. */
export async function avscRows(bytes: Uint8Array): Promise<unknown[]> {
  const decoder = new avro.streams.BlockDecoder({
    codecs: {
      ...avro.streams.BlockDecoder.defaultCodecs(),
      zstandard: (data: Buffer, done: (error: Error | null, raw?: Buffer) => void) =>
        zstdDecompress(data, done),
      snappy: (data: Buffer, done: (error: Error | null, raw?: Buffer) => void) =>
        done(null, unsnap(data)),
    },
    parseHook: witnessType,
  })
  decoder.end(Buffer.from(bytes))
  return Array.fromAsync(decoder)
}

/** A file of the rows as avsc writes it. */
export async function avscFile(
  schema: object,
  rows: readonly unknown[],
  codec = 'zstandard',
): Promise<Uint8Array> {
  const encoder = new avro.streams.BlockEncoder(witnessType(schema as avro.Schema), {
    codec,
    codecs: {
      ...avro.streams.BlockEncoder.defaultCodecs(),
      zstandard: (data: Buffer, done: (error: Error | null, block?: Buffer) => void) =>
        zstdCompress(data, done),
    },
    blockSize: 1000,
  })
  for (const row of rows) encoder.write(row)
  encoder.end()
  const parts = (await Array.fromAsync(encoder)) as Buffer[]
  return new Uint8Array(Buffer.concat(parts))
}

/** The rows of a file before compression. */
export function rawRows(bytes: Uint8Array): Uint8Array {
  const header = parseAvroHeader(bytes)
  const parts: Uint8Array[] = []
  for (let at = header.sizeBytes; at < bytes.length;) {
    const block = parseBlockHead(bytes, at, bytes.length - at)
    parts.push(blockRows(bytes, block, header))
    at = checkSync(bytes, block, header)
  }
  return new Uint8Array(Buffer.concat(parts))
}

/** What avsc decoded, in the form that `cellValue` gives; entries of maps are sorted by key. */
export function witnessValue(type: DataType, value: unknown): InternalValue {
  if (value === null) return null
  switch (type.kind) {
    case 'CHAR':
    case 'VARCHAR':
      return utf8(value as string)
    case 'BINARY':
    case 'VARBINARY':
    case 'BLOB':
      return new Uint8Array(value as Uint8Array)
    case 'DECIMAL':
      return BigInt.asIntN(
        8 * (value as Buffer).length,
        BigInt(`0x${(value as Buffer).toString('hex')}`),
      )
    case 'ARRAY':
    case 'VECTOR':
      return (value as unknown[]).map((item) => witnessValue(type.element, item))
    case 'ROW':
      return type.fields.map((field) =>
        witnessValue(field.type, (value as Record<string, unknown>)[field.name] ?? null),
      )
    case 'MAP':
      return witnessEntries(type.key, type.value, value)
    case 'MULTISET':
      return witnessEntries(type.element, { kind: 'INT', nullable: false }, value)
    default:
      return value as InternalValue
  }
}

function witnessEntries(key: DataType, value: DataType, entries: unknown): InternalValue {
  const pairs = Array.isArray(entries)
    ? (entries as { key: unknown; value: unknown }[]).map((entry) => [entry.key, entry.value])
    : Object.entries(entries as object)
  return sortedEntries(pairs.map(([k, v]) => [witnessValue(key, k), witnessValue(value, v)]))
}

/** The entries of a map in the order of their keys' text. */
export function sortedEntries(
  entries: readonly (readonly InternalValue[])[],
): (readonly InternalValue[])[] {
  return entries.toSorted((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))
}

type AvroJson = string | AvroJson[] | { [name: string]: unknown }

/** Paimon types that every value of the Avro schema can be read as. */
function typeOfAvro(json: AvroJson): DataType {
  if (Array.isArray(json)) {
    const value = json.find((branch) => branch !== 'null') ?? 'null'
    return { ...typeOfAvro(value), nullable: json.includes('null') }
  }
  const schema = typeof json === 'string' ? { type: json } : json
  const nullable = false
  if (schema['logicalType'] === 'decimal')
    return {
      kind: 'DECIMAL',
      nullable,
      precision: Number(schema['precision']),
      scale: Number(schema['scale'] ?? 0),
    }
  const logical = String(schema['logicalType'])
  if (logical.includes('timestamp'))
    return { kind: 'TIMESTAMP', nullable, precision: logical.endsWith('micros') ? 6 : 3 }
  switch (schema['type']) {
    case 'boolean':
      return { kind: 'BOOLEAN', nullable }
    case 'int':
      return { kind: 'INT', nullable }
    case 'long':
      return { kind: 'BIGINT', nullable }
    case 'float':
      return { kind: 'FLOAT', nullable }
    case 'double':
      return { kind: 'DOUBLE', nullable }
    case 'string':
      return { kind: 'VARCHAR', nullable, length: 2 ** 31 - 1 }
    case 'bytes':
      return { kind: 'VARBINARY', nullable, length: 2 ** 31 - 1 }
    case 'array':
      return { kind: 'ARRAY', nullable, element: typeOfAvro(schema['items'] as AvroJson) }
    case 'record':
      return { kind: 'ROW', nullable, fields: fieldsOfAvro(schema) }
    default:
      throw new Error(`no golden file has ${JSON.stringify(json)}`)
  }
}

export function fieldsOfAvro(record: object): DataField[] {
  const { fields } = record as { fields: { name: string; type: AvroJson }[] }
  return fields.map(({ name, type }, id) => ({ id, name, type: typeOfAvro(type) }))
}
