/** The types of an ORC file as a tree. */
import { corrupt } from '../../util/errors.ts'
import type { StoredType } from './metadata.ts'

/** The kinds of types, as the footer numbers them. */
export const KIND = {
  BOOLEAN: 0,
  BYTE: 1,
  SHORT: 2,
  INT: 3,
  LONG: 4,
  FLOAT: 5,
  DOUBLE: 6,
  STRING: 7,
  BINARY: 8,
  TIMESTAMP: 9,
  LIST: 10,
  MAP: 11,
  STRUCT: 12,
  UNION: 13,
  DECIMAL: 14,
  DATE: 15,
  VARCHAR: 16,
  CHAR: 17,
  TIMESTAMP_INSTANT: 18,
} as const

export interface TypeNode {
  /** The column: the place of the type in the footer. */
  readonly column: number
  readonly kind: number
  /** What a column is called in messages; children of lists and maps have the parent's name and an addition. */
  readonly name: string
  /** Paimon's field id; null for a file that tells none. */
  readonly fieldId: number | null
  readonly children: readonly TypeNode[]
}

/** More levels are refused. */
const DEPTH_MAX = 200

/** CORRUPT where the types are no tree in preorder whose root is a struct. */
export function typeTree(types: readonly StoredType[]): TypeNode {
  let next = 0
  const build = (name: string, depth: number): TypeNode => {
    const column = next++
    const type = types[column]
    if (type === undefined) throw corrupt(`there is no type of column ${column}`)
    if (depth > DEPTH_MAX) throw corrupt('the types are nested too deeply')
    const { kind, subtypes, fieldNames, attributes } = type
    const names = fieldNames.length > 0 || kind === KIND.STRUCT ? fieldNames : CHILD_NAMES[kind]
    if (subtypes.length !== (kind === KIND.UNION ? subtypes.length : (names?.length ?? 0)))
      throw corrupt(`column ${name} has ${subtypes.length} types below it`)
    const children = subtypes.map((subtype, i) => {
      if (subtype !== next) throw corrupt(`column ${name} has the type ${subtype} below it`)
      const child = names?.[i] ?? `[${i}]`
      return build(kind === KIND.STRUCT ? child : `${name}${child}`, depth + 1)
    })
    return { column, kind, name, fieldId: fieldIdOf(attributes), children }
  }
  const root = build('of the row', 0)
  if (next !== types.length) throw corrupt(`the file has ${types.length} types, and uses ${next}`)
  if (root.kind !== KIND.STRUCT) throw corrupt('the rows of the file are no struct')
  return root
}

const CHILD_NAMES: Readonly<Record<number, readonly string[]>> = {
  [KIND.LIST]: ['.element'],
  [KIND.MAP]: ['.key', '.value'],
}

function fieldIdOf(attributes: ReadonlyMap<string, string>): number | null {
  const text = attributes.get('paimon.id')
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : null
}

/** What a kind is called. */
export function kindName(kind: number): string {
  return Object.entries(KIND).find(([, value]) => value === kind)?.[0] ?? `type ${kind}`
}
