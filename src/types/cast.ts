/**
 * Casts of whole columns from the type that values were written with to the type that a column has: every rule that Java
 * has, and no other.
 *
 * Follows `CastExecutors` with the rules of `org.apache.paimon.casting`. Types whose columns change within (rows, arrays
 * and maps of other fields) are mapped by `evolve.ts`.
 */
import { unsupported } from '../util/errors.ts'
import { fitBytes } from './cast/bytes.ts'
import {
  booleanToDecimal,
  decimalToDecimal,
  decimalToNumber,
  floatToDecimal,
  integerToDecimal,
} from './cast/decimals.ts'
import { castFromText } from './cast/from-text.ts'
import { booleanToNumber, integerToBoolean, numberCast } from './cast/numbers.ts'
import {
  type Cast,
  type DecimalType,
  type IntegerKind,
  type NumberKind,
  type TimestampType,
  unchanged,
} from './cast/rule.ts'
import {
  dateToTimestamp,
  secondsToTimestamp,
  timestampToDate,
  timestampToSeconds,
  timestampToTime,
  timestampToTimestamp,
  timeToTimestamp,
} from './cast/temporal.ts'
import { castToText } from './cast/to-text.ts'
import type { Column } from './column.ts'
import { type DataType, isSameType, ofKind } from './data-type.ts'
import { typeText } from './type-text.ts'

/**
 * The column in the other type; the column itself where its values serve as they are. Throws UNSUPPORTED where Java has
 * no rule for the types, and INVALID for a value that the rule refuses.
 */
export function castColumn(column: Column, from: DataType, to: DataType): Column {
  return columnCast(from, to)(column)
}

/** The cast that {@link castColumn} does, to be done of many columns. */
export function columnCast(from: DataType, to: DataType): Cast {
  const cast = findCast(from, to)
  if (cast !== undefined) return cast
  throw unsupported(`there is no cast from ${typeText(from)} to ${typeText(to)}`, {
    hint: 'Java Paimon has none either',
  })
}

/** Undefined where Java has no rule; NOT NULL is left aside. */
export function findCast(from: DataType, to: DataType): Cast | undefined {
  if (isSameType(from, to)) return unchanged
  switch (to.kind) {
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
    case 'FLOAT':
    case 'DOUBLE':
      return castToNumber(from, to.kind)
    case 'DECIMAL':
      return castToDecimal(from, to)
    case 'BOOLEAN':
      return isInteger(from) ? integerToBoolean(from.kind) : textCast(from, to)
    case 'CHAR':
    case 'VARCHAR':
      return castToText(from, to)
    case 'BINARY':
    case 'VARBINARY':
      return isBytes(from) ? fitBytes(to) : textCast(from, to)
    case 'DATE':
      return isTimestamp(from) ? timestampToDate(from) : textCast(from, to)
    case 'TIME':
      return isTimestamp(from) ? timestampToTime(from) : textCast(from, to)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return castToTimestamp(from, to)
    default:
      return textCast(from, to)
  }
}

function castToNumber(from: DataType, to: NumberKind): Cast | undefined {
  if (isNumber(from)) return numberCast(from.kind, to)
  if (from.kind === 'DECIMAL') return decimalToNumber(from, to)
  if (from.kind === 'BOOLEAN') return booleanToNumber(to)
  if (isTimestamp(from))
    return to === 'INT' || to === 'BIGINT' ? timestampToSeconds(from, to) : undefined
  return textCast(from, ofKind(to))
}

function castToDecimal(from: DataType, to: DecimalType): Cast | undefined {
  if (from.kind === 'DECIMAL') return decimalToDecimal(from, to)
  if (isInteger(from)) return integerToDecimal(to)
  if (isNumber(from)) return floatToDecimal(to)
  return from.kind === 'BOOLEAN' ? booleanToDecimal(to) : textCast(from, to)
}

function castToTimestamp(from: DataType, to: TimestampType): Cast | undefined {
  if (from.kind === 'DATE') return dateToTimestamp(to)
  if (from.kind === 'TIME') return timeToTimestamp(to)
  if (isTimestamp(from)) return timestampToTimestamp(from, to)
  if (from.kind === 'INT' || from.kind === 'BIGINT') return secondsToTimestamp(to)
  return textCast(from, to)
}

function textCast(from: DataType, to: DataType): Cast | undefined {
  return from.kind === 'CHAR' || from.kind === 'VARCHAR' ? castFromText(to) : undefined
}

function isInteger(type: DataType): type is OfKind<IntegerKind> {
  return INTEGERS.has(type.kind)
}

function isNumber(type: DataType): type is OfKind<NumberKind> {
  return isInteger(type) || type.kind === 'FLOAT' || type.kind === 'DOUBLE'
}

const INTEGERS: ReadonlySet<string> = new Set<IntegerKind>(['TINYINT', 'SMALLINT', 'INT', 'BIGINT'])

type OfKind<Kind> = DataType & { readonly kind: Kind }

function isBytes({ kind }: DataType): boolean {
  return kind === 'BINARY' || kind === 'VARBINARY'
}

function isTimestamp(type: DataType): type is TimestampType {
  return type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ'
}
