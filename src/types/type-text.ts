/**
 * Data types as text and as JSON, in the forms of schema files.
 *
 * Atomic types are a string in JSON (`"INT NOT NULL"`); nested types are objects whose "type" string carries the
 * nullability of the container (`{"type": "ARRAY NOT NULL", "element": "INT"}`). Follows `serializeJson` and
 * `asSQLString` of the classes in `org.apache.paimon.types`.
 */
import { corrupt, decodingError, invalid, type LakeError } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import { type DataField, type DataType, MAX_LENGTH } from './data-type.ts'
import { MAX_TYPE_DEPTH, parseTypeText, typeProblem } from './type-parser.ts'

export { parseTypeText } from './type-parser.ts'

/**
 * The type that a JSON value of a schema file means. Throws CORRUPT naming `path` when a path is given, else INVALID;
 * both say where in the type the mistake is.
 */
export function parseType(json: unknown, path?: string): DataType {
  return new JsonTypes(path).type(json, 'type', 1)
}

/** The field that a JSON object of a schema file means; see {@link parseType}. */
export function parseField(json: unknown, path?: string): DataField {
  return new JsonTypes(path).field(json, 'field', 1)
}

/**
 * The fields of a table that is to be created. As in schema files, but types may be texts throughout
 * (`"ARRAY<INT>"`), and ids may be left out of all of them: `hasIds` is false then, and the ids mean nothing.
 */
export function parseNewFields(json: readonly unknown[]): {
  readonly fields: readonly DataField[]
  readonly hasIds: boolean
} {
  const ids = { given: false, missing: false }
  const types = new JsonTypes(undefined, ids)
  const fields = json.map((field) => types.field(field, 'field', 1))
  if (ids.given && ids.missing)
    throw invalid('some fields of the schema have an id and some have none', {
      hint: 'give an id to every field, nested ones too, or to none',
    })
  return { fields, hasIds: ids.given }
}

/** The JSON form of the type. */
export function typeToJson(type: DataType): TypeJson {
  const container = type.nullable ? type.kind : `${type.kind} NOT NULL`
  switch (type.kind) {
    case 'ARRAY':
    case 'MULTISET':
      return { type: container, element: typeToJson(type.element) }
    case 'MAP':
      return { type: container, key: typeToJson(type.key), value: typeToJson(type.value) }
    case 'ROW':
      return { type: container, fields: type.fields.map(fieldToJson) }
    case 'VECTOR':
      return { type: container, element: typeToJson(type.element), length: type.length }
    default:
      return typeText(type)
  }
}

export type TypeJson = string | { readonly type: string; readonly [name: string]: unknown }

/** The JSON form of a field, with the property order of schema files. */
export function fieldToJson(field: DataField): FieldJson {
  const { id, name, type, description, defaultValue } = field
  return {
    id,
    name,
    type: typeToJson(type),
    ...(description !== undefined && { description }),
    ...(defaultValue !== undefined && { defaultValue }),
  }
}

export interface FieldJson {
  readonly id: number
  readonly name: string
  readonly type: TypeJson
  readonly description?: string
  readonly defaultValue?: string
}

/** The SQL text of the type: `DECIMAL(10, 2) NOT NULL`, `ARRAY<INT>`, ``ROW<`a` INT>``. */
export function typeText(type: DataType): string {
  return type.nullable ? bareText(type) : `${bareText(type)} NOT NULL`
}

function bareText(type: DataType): string {
  switch (type.kind) {
    case 'CHAR':
    case 'BINARY':
      return `${type.kind}(${type.length})`
    case 'VARCHAR':
      return type.length === MAX_LENGTH ? 'STRING' : `VARCHAR(${type.length})`
    case 'VARBINARY':
      return type.length === MAX_LENGTH ? 'BYTES' : `VARBINARY(${type.length})`
    case 'DECIMAL':
      return `DECIMAL(${type.precision}, ${type.scale})`
    case 'TIME':
    case 'TIMESTAMP':
      return `${type.kind}(${type.precision})`
    case 'TIMESTAMP_LTZ':
      return `TIMESTAMP(${type.precision}) WITH LOCAL TIME ZONE`
    case 'ARRAY':
    case 'MULTISET':
      return `${type.kind}<${typeText(type.element)}>`
    case 'MAP':
      return `MAP<${typeText(type.key)}, ${typeText(type.value)}>`
    case 'VECTOR':
      return `VECTOR<${typeText(type.element)}, ${type.length}>`
    case 'ROW':
      return `ROW<${type.fields.map(fieldText).join(', ')}>`
    default:
      return type.kind
  }
}

/** The SQL text of a field: `` `amount` DECIMAL(10, 2) COMMENT 'net' ``. */
export function fieldText(field: DataField): string {
  const { name, type, description, defaultValue } = field
  const parts = [`\`${name.replaceAll('`', '``')}\``, typeText(type)]
  if (description !== undefined && description !== '')
    parts.push(`COMMENT '${description.replaceAll("'", "''")}'`)
  if (defaultValue !== undefined) parts.push(`DEFAULT ${defaultValue}`)
  return parts.join(' ')
}

type JsonObject = Readonly<Record<string, unknown>>

/** Whether fields with and without an id were seen. */
interface SeenIds {
  given: boolean
  missing: boolean
}

/**
 * Reads types and fields from parsed JSON; `path` is the file that errors name. With `ids` given, ids may be missing
 * and texts may be nested.
 */
class JsonTypes {
  readonly #path: string | undefined
  readonly #ids: SeenIds | undefined

  constructor(path: string | undefined, ids?: SeenIds) {
    this.#path = path
    this.#ids = ids
  }

  /** `where` leads to the value inside the schema, for errors. */
  type(json: unknown, where: string, depth: number): DataType {
    if (depth > MAX_TYPE_DEPTH) throw this.#error(where, `nests more than ${MAX_TYPE_DEPTH} deep`)
    if (typeof json === 'string') return this.#atomic(json, where)
    if (!isObject(json)) throw this.#error(where, 'is neither a type text nor an object')
    const type = this.#container(json, where, depth)
    const problem = typeProblem(type)
    if (problem !== undefined) throw this.#error(where, problem)
    return type
  }

  field(json: unknown, where: string, depth: number): DataField {
    if (!isObject(json)) throw this.#error(where, 'is no object')
    const { id, name, type, description, defaultValue } = json
    if (typeof name !== 'string') throw this.#error(where, 'has no name')
    const named = `${where} "${name.slice(0, 100)}"`
    return {
      id: this.#id(id, named),
      name,
      type: this.type(type, named, depth),
      ...(isPresent(description) && { description: this.#text(description, named) }),
      ...(isPresent(defaultValue) && { defaultValue: this.#text(defaultValue, named) }),
    }
  }

  #id(id: unknown, where: string): number {
    if (id === undefined && this.#ids !== undefined) {
      this.#ids.missing = true
      return -1
    }
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > MAX_LENGTH)
      throw this.#error(where, 'has no id between 0 and 2147483647')
    if (this.#ids !== undefined) this.#ids.given = true
    return id
  }

  #text(value: unknown, where: string): string {
    if (typeof value === 'string') return value
    if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
      return String(value)
    throw this.#error(where, 'has a description or default value that is no text')
  }

  #atomic(text: string, where: string): DataType {
    try {
      const type = parseTypeText(text, { nested: this.#ids !== undefined })
      if (this.#ids !== undefined && /ROW/i.test(text)) this.#ids.missing = true
      return type
    } catch (error) {
      throw this.#error(where, (error as Error).message, error)
    }
  }

  #container(json: JsonObject, where: string, depth: number): DataType {
    const text = json['type']
    if (typeof text !== 'string') throw this.#error(where, 'is an object without a "type" text')
    const [, word = '', not] = CONTAINER.exec(text) ?? []
    const nullable = not === undefined
    const inner = (name: string): DataType => this.type(json[name], `${where}.${name}`, depth + 1)
    switch (word.toUpperCase()) {
      case 'ARRAY':
        return { kind: 'ARRAY', element: inner('element'), nullable }
      case 'MULTISET':
        return { kind: 'MULTISET', element: inner('element'), nullable }
      case 'MAP':
        return { kind: 'MAP', key: inner('key'), value: inner('value'), nullable }
      case 'VECTOR': {
        const length = this.#length(json['length'], where)
        return { kind: 'VECTOR', element: inner('element'), length, nullable }
      }
      case 'ROW':
        return { kind: 'ROW', fields: this.#fields(json['fields'], where, depth + 1), nullable }
      default: {
        const hint = didYouMean(text, CONTAINERS)
        throw this.#error(where, `"${text.slice(0, 100)}" is no nested type${hint}`)
      }
    }
  }

  #fields(json: unknown, where: string, depth: number): DataField[] {
    if (!Array.isArray(json)) throw this.#error(where, 'is a ROW without an array of fields')
    return json.map((field) => this.field(field, `${where}.field`, depth))
  }

  #length(json: unknown, where: string): number {
    if (typeof json === 'number' && Number.isInteger(json)) return json
    throw this.#error(where, 'is a VECTOR without a whole length')
  }

  #error(where: string, problem: string, cause?: unknown): LakeError {
    const message = `${where}: ${problem}`
    if (this.#path === undefined) return invalid(message, { cause })
    return decodingError(this.#path, corrupt(message, { cause }))
  }
}

const CONTAINERS = ['ARRAY', 'MAP', 'MULTISET', 'ROW', 'VECTOR']
const CONTAINER = /^\s*(\w+)(?:\s+(?:(NOT)\s+)?NULL)?\s*$/i

function isObject(json: unknown): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}
