/**
 * Paimon's data types as plain objects.
 *
 * Follows the Java package `org.apache.paimon.types`; the text and JSON forms are in `type-text.ts`.
 */

export type DataType = AtomicType | NestedType

export type AtomicType = { readonly nullable: boolean } & (
  | {
      readonly kind:
        | 'BOOLEAN'
        | 'TINYINT'
        | 'SMALLINT'
        | 'INT'
        | 'BIGINT'
        | 'FLOAT'
        | 'DOUBLE'
        | 'DATE'
        | 'VARIANT'
        | 'BLOB'
    }
  | { readonly kind: 'CHAR' | 'VARCHAR' | 'BINARY' | 'VARBINARY'; readonly length: number }
  | { readonly kind: 'DECIMAL'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'TIME' | 'TIMESTAMP' | 'TIMESTAMP_LTZ'; readonly precision: number }
)

export type NestedType = { readonly nullable: boolean } & (
  | { readonly kind: 'ARRAY' | 'MULTISET'; readonly element: DataType }
  | { readonly kind: 'MAP'; readonly key: DataType; readonly value: DataType }
  | { readonly kind: 'ROW'; readonly fields: readonly DataField[] }
  | { readonly kind: 'VECTOR'; readonly element: DataType; readonly length: number }
)

export type TypeKind = DataType['kind']

/** The length at which VARCHAR prints as STRING and VARBINARY as BYTES. */
export const MAX_LENGTH = 2147483647

/** A named column, or a named field of a ROW; `id` is what schema evolution matches by. */
export interface DataField {
  readonly id: number
  readonly name: string
  readonly type: DataType
  readonly description?: string
  readonly defaultValue?: string
}

/** The atomic type of the kind, nullable: `ofKind('INT')`. */
export function ofKind(
  kind: 'BOOLEAN' | 'TINYINT' | 'SMALLINT' | 'INT' | 'BIGINT' | 'FLOAT' | 'DOUBLE' | 'DATE',
): DataType {
  return { kind, nullable: true }
}

export function notNull(type: DataType): DataType {
  return type.nullable ? { ...type, nullable: false } : type
}

export function asNullable(type: DataType): DataType {
  return type.nullable ? type : { ...type, nullable: true }
}

/** Whether columns of the types hold the same values: NOT NULL and names aside, which are told apart by field ids. */
export function isSameType(a: DataType, b: DataType): boolean {
  if (a === b) return true
  switch (a.kind) {
    case 'ARRAY':
    case 'MULTISET':
      return a.kind === b.kind && isSameType(a.element, b.element)
    case 'VECTOR':
      return a.kind === b.kind && a.length === b.length && isSameType(a.element, b.element)
    case 'MAP':
      return a.kind === b.kind && isSameType(a.key, b.key) && isSameType(a.value, b.value)
    case 'ROW': {
      if (a.kind !== b.kind || a.fields.length !== b.fields.length) return false
      const others = b.fields
      return a.fields.every(
        ({ id, type }, i) => id === others[i]!.id && isSameType(type, others[i]!.type),
      )
    }
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
      return a.kind === b.kind && a.length === b.length
    case 'DECIMAL':
      return a.kind === b.kind && a.precision === b.precision && a.scale === b.scale
    case 'TIME':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return a.kind === b.kind && a.precision === b.precision
    default:
      return a.kind === b.kind
  }
}
