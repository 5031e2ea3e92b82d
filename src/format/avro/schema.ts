/**
 * Avro schemas as typed trees, parsed from the JSON in a file's header.
 *
 * Source: the Avro 1.11 specification, "Schema Declaration" and "Names".
 */
import { corrupt, unsupported } from '../../util/errors.ts'
import { type Json, parseJson } from '../../util/json.ts'

/** `minBytes` is the shortest encoding of a value, `nodes` the size of the tree with every reference written out. */
interface AvroNode {
  readonly minBytes: number
  readonly nodes: number
}

export type AvroPrimitive = 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'

export type AvroSchema =
  | (AvroNode & { readonly kind: 'null' })
  | (AvroNode & { readonly kind: AvroPrimitive; readonly logical: AvroLogical | null })
  | (AvroNode & {
      readonly kind: 'fixed'
      readonly name: string
      readonly sizeBytes: number
      readonly logical: AvroLogical | null
    })
  | (AvroNode & { readonly kind: 'enum'; readonly name: string; readonly symbolCount: number })
  | (AvroNode & { readonly kind: 'array'; readonly items: AvroSchema })
  | (AvroNode & { readonly kind: 'map'; readonly values: AvroSchema })
  | (AvroNode & { readonly kind: 'union'; readonly branches: readonly AvroSchema[] })
  | AvroRecord

export type AvroRecord = AvroNode & {
  readonly kind: 'record'
  readonly name: string
  readonly fields: readonly AvroField[]
}

export interface AvroField {
  readonly name: string
  readonly schema: AvroSchema
}

/** A logical type that a reader makes use of; others are ignored, as the specification asks. */
export type AvroLogical =
  | { readonly name: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly name: 'date' | 'time-millis' | 'time-micros' }
  | { readonly name: 'timestamp'; readonly digits: 3 | 6 | 9 }

/**
 * Parses the JSON text of a schema. CORRUPT when it is no schema; UNSUPPORTED when a type holds itself, nests more than
 * 64 deep, or has more than 100,000 nodes.
 */
export function parseAvroSchema(text: string): AvroSchema {
  const names: Names = { types: new Map(), open: new Set() }
  return parseNode(parseJson(text), '', 0, names)
}

const MAX_DEPTH = 64
/** References let a short text name a tree of any size, and skipping a value takes as many steps as it has nodes. */
const MAX_NODES = 100_000

interface Names {
  readonly types: Map<string, AvroSchema>
  /** The full names of the records that are being parsed. */
  readonly open: Set<string>
}

type JsonObject = { readonly [name: string]: Json }

const isObject = (json: Json | undefined): json is JsonObject =>
  typeof json === 'object' && json !== null && !Array.isArray(json)

function parseNode(
  json: Json | undefined,
  namespace: string,
  depth: number,
  names: Names,
): AvroSchema {
  if (depth > MAX_DEPTH) throw unsupported(`the Avro schema nests more than ${MAX_DEPTH} deep`)
  const schema = parseForm(json, namespace, depth, names)
  if (schema.nodes > MAX_NODES)
    throw unsupported(`the Avro schema has more than ${MAX_NODES} types in it`)
  return schema
}

function parseForm(
  json: Json | undefined,
  namespace: string,
  depth: number,
  names: Names,
): AvroSchema {
  if (typeof json === 'string') return primitive(json, null) ?? reference(json, namespace, names)
  if (Array.isArray(json)) return parseUnion(json as readonly Json[], namespace, depth, names)
  if (!isObject(json)) throw corrupt('the Avro schema holds something that is no type')
  const kind = json['type']
  if (typeof kind !== 'string') return parseNode(kind, namespace, depth + 1, names)
  switch (kind) {
    case 'record':
    case 'error':
      return parseRecord(json, namespace, depth, names)
    case 'array':
      return arrayOf(parseNode(json['items'], namespace, depth + 1, names))
    case 'map':
      return mapOf(parseNode(json['values'], namespace, depth + 1, names))
    case 'fixed':
      return define(parseFixed(json, fullName(json, namespace)), names)
    case 'enum':
      return define(parseEnum(json, fullName(json, namespace)), names)
    default:
      return primitive(kind, logicalOf(json)) ?? reference(kind, namespace, names)
  }
}

/** The smallest encodings: see "Binary encoding" in the specification. */
const MIN_BYTES = { boolean: 1, int: 1, long: 1, float: 4, double: 8, bytes: 1, string: 1 }

function primitive(name: string, logical: AvroLogical | null): AvroSchema | undefined {
  if (name === 'null') return { kind: 'null', minBytes: 0, nodes: 1 }
  if (!Object.hasOwn(MIN_BYTES, name)) return undefined
  const kind = name as AvroPrimitive
  return { kind, logical, minBytes: MIN_BYTES[kind], nodes: 1 }
}

function reference(name: string, namespace: string, names: Names): AvroSchema {
  const full = qualified(name, namespace)
  const known = names.types.get(full) ?? names.types.get(name)
  if (known !== undefined) return known
  if (names.open.has(full) || names.open.has(name))
    throw unsupported(`the Avro type ${name} holds itself`, {
      hint: 'no Paimon type is recursive, so a table cannot hold such values',
    })
  throw corrupt(`the Avro schema has no type named ${JSON.stringify(name)}`)
}

function define(schema: AvroSchema & { readonly name: string }, names: Names): AvroSchema {
  if (names.types.has(schema.name) || names.open.has(schema.name))
    throw corrupt(`the Avro schema defines ${schema.name} twice`)
  names.types.set(schema.name, schema)
  return schema
}

const qualified = (name: string, namespace: string): string =>
  name.includes('.') || namespace === '' ? name : `${namespace}.${name}`

function fullName(json: JsonObject, namespace: string): string {
  const { name, namespace: own } = json
  if (typeof name !== 'string' || name === '') throw corrupt('an Avro type has no name')
  return qualified(name, typeof own === 'string' ? own : namespace)
}

function parseRecord(json: JsonObject, namespace: string, depth: number, names: Names): AvroSchema {
  const name = fullName(json, namespace)
  if (names.open.has(name)) throw corrupt(`the Avro schema defines ${name} twice`)
  const list = json['fields']
  if (!Array.isArray(list)) throw corrupt(`the Avro record ${name} has no fields`)
  const inner = name.slice(0, Math.max(0, name.lastIndexOf('.')))
  names.open.add(name)
  const seen = new Set<string>()
  const fields = (list as readonly Json[]).map((field): AvroField => {
    const fieldName = isObject(field) ? field['name'] : undefined
    if (typeof fieldName !== 'string') throw corrupt(`the Avro record ${name} has an unnamed field`)
    if (seen.has(fieldName))
      throw corrupt(`the Avro record ${name} has two fields named ${JSON.stringify(fieldName)}`)
    seen.add(fieldName)
    const schema = parseNode((field as JsonObject)['type'], inner, depth + 1, names)
    return { name: fieldName, schema }
  })
  names.open.delete(name)
  return define(recordOf(name, fields), names)
}

function parseUnion(
  list: readonly Json[],
  namespace: string,
  depth: number,
  names: Names,
): AvroSchema {
  if (list.length === 0) throw corrupt('the Avro schema has a union of nothing')
  const branches = list.map((branch) => parseNode(branch, namespace, depth + 1, names))
  if (branches.some((branch) => branch.kind === 'union'))
    throw corrupt('the Avro schema has a union within a union')
  return unionOf(branches)
}

function parseFixed(json: JsonObject, name: string): AvroSchema & { readonly name: string } {
  const size = json['size']
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 0 || size > 2 ** 31 - 1)
    throw corrupt(`the Avro type ${name} has no size`)
  const logical = logicalOf({ ...json, type: 'bytes' })
  return fixedOf(name, size, logical)
}

function parseEnum(json: JsonObject, name: string): AvroSchema & { readonly name: string } {
  const { symbols } = json
  if (!Array.isArray(symbols)) throw corrupt(`the Avro type ${name} has no symbols`)
  return { kind: 'enum', name, symbolCount: symbols.length, minBytes: 1, nodes: 1 }
}

export function recordOf(name: string, fields: readonly AvroField[]): AvroRecord {
  return {
    kind: 'record',
    name,
    fields,
    minBytes: sum(fields.map((field) => field.schema.minBytes)),
    nodes: 1 + sum(fields.map((field) => field.schema.nodes)),
  }
}

export function fixedOf(
  name: string,
  sizeBytes: number,
  logical: AvroLogical | null,
): AvroSchema & { readonly name: string } {
  return { kind: 'fixed', name, sizeBytes, logical, minBytes: sizeBytes, nodes: 1 }
}

export function arrayOf(items: AvroSchema): AvroSchema {
  return { kind: 'array', items, minBytes: 1, nodes: 1 + items.nodes }
}

export function mapOf(values: AvroSchema): AvroSchema {
  return { kind: 'map', values, minBytes: 1, nodes: 1 + values.nodes }
}

export function unionOf(branches: readonly AvroSchema[]): AvroSchema {
  const minBytes = 1 + branches.reduce((least, b) => Math.min(least, b.minBytes), Infinity)
  return { kind: 'union', branches, minBytes, nodes: 1 + sum(branches.map(({ nodes }) => nodes)) }
}

export function primitiveOf(kind: AvroPrimitive, logical: AvroLogical | null = null): AvroSchema {
  return { kind, logical, minBytes: MIN_BYTES[kind], nodes: 1 }
}

function sum(numbers: readonly number[]): number {
  let total = 0
  for (const number of numbers) total += number
  return total
}

/** The logical types by the primitive that carries them; one on another primitive is ignored. */
const LOGICAL_TYPES: ReadonlyMap<string, AvroLogical> = new Map([
  ['int date', { name: 'date' }],
  ['int time-millis', { name: 'time-millis' }],
  ['long time-micros', { name: 'time-micros' }],
  ['long timestamp-millis', { name: 'timestamp', digits: 3 }],
  ['long timestamp-micros', { name: 'timestamp', digits: 6 }],
  ['long timestamp-nanos', { name: 'timestamp', digits: 9 }],
  ['long local-timestamp-millis', { name: 'timestamp', digits: 3 }],
  ['long local-timestamp-micros', { name: 'timestamp', digits: 6 }],
  ['long local-timestamp-nanos', { name: 'timestamp', digits: 9 }],
])

function logicalOf(json: JsonObject): AvroLogical | null {
  const { type, logicalType, precision, scale = 0 } = json
  if (typeof type !== 'string' || typeof logicalType !== 'string') return null
  if (logicalType !== 'decimal' || type !== 'bytes')
    return LOGICAL_TYPES.get(`${type} ${logicalType}`) ?? null
  const valid =
    typeof precision === 'number' &&
    typeof scale === 'number' &&
    Number.isInteger(precision) &&
    Number.isInteger(scale) &&
    scale >= 0 &&
    precision >= Math.max(1, scale)
  return valid ? { name: 'decimal', precision, scale } : null
}
