/** When Java takes two values for the same one: as keys of its hash maps, as bytes of a key, and field by field. */
import type { DataType } from '../../types/data-type.ts'
import type { InternalValue } from '../../types/internal-value.ts'

/** What stands for a value in a `Map` or `Set`, so that those find what Java's find. */
export type Identity = unknown

/**
 * How values of the type are told apart by `Object.equals`: 0 and -0 differ, and NaN equals itself. Bytes are told apart
 * by what they are, as in Paimon 2.0: to 1.4 arrays of the same bytes are equal only where its reader happens to give one
 * array for both, which depends on the encoding of a file.
 */
export function objectIdentity(type: DataType): (value: InternalValue) => Identity {
  switch (type.kind) {
    case 'FLOAT':
    case 'DOUBLE':
      return (value) => (Object.is(value, -0) ? '-0' : value)
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
    case 'BLOB':
      return (value) => (value === null ? null : byteText(value as Uint8Array))
    case 'ARRAY':
    case 'MAP':
    case 'MULTISET':
    case 'ROW':
    case 'VECTOR':
    case 'VARIANT':
      return (value) => binaryIdentity(value)
    default:
      return (value) => value
  }
}

/** How values are told apart by their bytes in a binary row: 0 and -0 differ. */
export function binaryIdentity(value: InternalValue): string {
  if (Array.isArray(value))
    return `[${value.map((inner: InternalValue) => binaryIdentity(inner)).join('')}]`
  if (value instanceof Uint8Array) return `${value.length}:${byteText(value)}`
  return Object.is(value, -0) ? '-0,' : `${String(value)},`
}

/**
 * How nested values are told apart field by field, as generated equalisers of Java do with what files hold: fields that are
 * null are equal, but not elements of arrays and values of maps, 0 equals -0, NaN equals nothing, and the order of a map's
 * entries does not matter.
 */
export function fieldsIdentity(type: DataType): (value: InternalValue) => Identity {
  return (value) => fieldsText(type, value) ?? Symbol('equals nothing')
}

/** Undefined for values that equal nothing. */
function fieldsText(type: DataType, value: InternalValue): string | undefined {
  if (value === null) return 'null,'
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return undefined
    // Makes 0 of -0.
    return `${String(value + 0)},`
  }
  if (!Array.isArray(value)) return binaryIdentity(value)
  const values = value as readonly InternalValue[]
  switch (type.kind) {
    case 'ROW':
      return inBrackets(type.fields.map((field, i) => fieldsText(field.type, values[i]!)))
    case 'ARRAY':
    case 'VECTOR':
      return inBrackets(values.map((element) => presentText(type.element, element)))
    case 'MAP':
    case 'MULTISET': {
      const ofValue = type.kind === 'MAP' ? type.value : COUNT
      const entries = (values as readonly (readonly InternalValue[])[]).map(([key, inner]) =>
        inBrackets([binaryIdentity(key!), presentText(ofValue, inner!)]),
      )
      return inBrackets(entries.toSorted((a, b) => (a! < b! ? -1 : 1)))
    }
    default:
      return binaryIdentity(value)
  }
}

const COUNT: DataType = { kind: 'INT', nullable: false }

function presentText(type: DataType, value: InternalValue): string | undefined {
  return value === null ? undefined : fieldsText(type, value)
}

function inBrackets(texts: readonly (string | undefined)[]): string | undefined {
  return texts.includes(undefined) ? undefined : `[${texts.join('')}]`
}

/** One character for every byte. */
function byteText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}
