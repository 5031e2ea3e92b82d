/**
 * Which types a column may change to: those that Java has both permission and a rule for.
 *
 * Follows `DataTypeCasts.supportsCast` and `CastExecutors.resolve`.
 */
import { findCast } from '../cast.ts'
import { type DataType, isSameType, type TypeKind } from '../data-type.ts'

/** Whether a column may change so. Unless `isExplicit`, only to types that lose nothing. */
export function changesTo(from: DataType, to: DataType, isExplicit: boolean): boolean {
  if (!isExplicit && from.nullable && !to.nullable) return false
  if (isSameType(from, to)) return CASTS_TO_ITSELF.has(to.kind)
  // Texts of arrays, maps and rows can be read, but columns do not become such.
  if (NESTED.has(to.kind) || findCast(from, to) === undefined) return false
  return isExplicit || IMPLICIT[to.kind]?.includes(from.kind) === true
}

/** Java finds a cast only where it has a rule, and of the other types it has none to the same. */
const CASTS_TO_ITSELF: ReadonlySet<TypeKind> = new Set([
  'CHAR',
  'VARCHAR',
  'BINARY',
  'VARBINARY',
  'DECIMAL',
  'TINYINT',
  'SMALLINT',
  'INT',
  'BIGINT',
  'FLOAT',
  'DOUBLE',
  'TIMESTAMP',
  'TIMESTAMP_LTZ',
])

const NESTED: ReadonlySet<TypeKind> = new Set(['ARRAY', 'MAP', 'MULTISET', 'ROW', 'VECTOR'])

const INTEGERS = ['TINYINT', 'SMALLINT', 'INT', 'BIGINT'] as const
const NUMBERS = [...INTEGERS, 'FLOAT', 'DOUBLE', 'DECIMAL'] as const

/** By the type that a column gets, those that it may have had before. */
const IMPLICIT: Partial<Record<TypeKind, readonly TypeKind[]>> = {
  CHAR: ['CHAR'],
  VARCHAR: ['CHAR', 'VARCHAR'],
  BINARY: ['BINARY'],
  VARBINARY: ['BINARY', 'VARBINARY'],
  DECIMAL: NUMBERS,
  SMALLINT: ['TINYINT'],
  INT: ['TINYINT', 'SMALLINT'],
  BIGINT: ['TINYINT', 'SMALLINT', 'INT'],
  FLOAT: [...INTEGERS, 'DECIMAL'],
  DOUBLE: NUMBERS,
  DATE: ['TIMESTAMP'],
  TIME: ['TIME', 'TIMESTAMP'],
  TIMESTAMP: ['TIMESTAMP', 'TIMESTAMP_LTZ'],
  TIMESTAMP_LTZ: ['TIMESTAMP', 'TIMESTAMP_LTZ'],
}
