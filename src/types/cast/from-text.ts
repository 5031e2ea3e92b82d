/**
 * Casts of CHAR, VARCHAR and STRING to everything else. A text that is no value of the type fails the read, as in Java;
 * a decimal of too many digits becomes null.
 *
 * Follows `StringToBooleanCastRule`, `StringToNumericPrimitiveCastRule` and their neighbours.
 */
import { columnBuilder } from '../column-builder.ts'
import { type BytesColumn, isPresent } from '../column.ts'
import type { DataType } from '../data-type.ts'
import { timestampValue } from '../date-text.ts'
import { fitsPrecision, parseDecimal, rescale } from '../decimal-text.ts'
import { appendValue, type InternalValue, textOf, utf8 } from '../internal-value.ts'
import { fitBytes, fitValue } from './bytes.ts'
import {
  type Cast,
  type DecimalType,
  notCast,
  type NumberKind,
  outOfRange,
  type TimestampType,
} from './rule.ts'
import { elementTexts, entryTexts, fieldTexts } from './text-nested.ts'
import { booleanOf, dateOf, floatOf, integerOf, momentOf, timeOf } from './text-scalars.ts'

/** Undefined where Java has no rule. */
export function castFromText(to: DataType): Cast | undefined {
  if (to.kind === 'BINARY' || to.kind === 'VARBINARY') return fitBytes(to)
  const parse = textParser(to)
  if (parse === undefined) return undefined
  return (column) => {
    const { data, starts, ends, length } = column as BytesColumn
    const builder = columnBuilder(to)
    for (let i = 0; i < length; i++) {
      if (!isPresent(column, i)) builder.appendNull()
      else appendValue(builder, to, parse(textOf(data.subarray(starts[i], ends[i]))))
    }
    return builder.finish()
  }
}

type Parse = (text: string) => InternalValue

function textParser(to: DataType): Parse | undefined {
  switch (to.kind) {
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
      return (text) => fitValue(to, utf8(text))
    case 'DECIMAL':
      return (text) => decimalOf(to, text)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return (text) => timestampOf(to, text)
    case 'ARRAY':
      return arrayParser(to, to.element)
    case 'MAP':
      return mapParser(to)
    case 'ROW':
      return rowParser(to)
    case 'MULTISET':
    case 'VECTOR':
    case 'VARIANT':
    case 'BLOB':
      return undefined
    default: {
      const { kind } = to
      return (text) => {
        const value = simpleValue(kind, text)
        if (value === undefined) throw notCast(text, to)
        return value
      }
    }
  }
}

type SimpleKind = 'BOOLEAN' | NumberKind | 'DATE' | 'TIME'

function simpleValue(kind: SimpleKind, text: string): InternalValue | undefined {
  switch (kind) {
    case 'BOOLEAN':
      return booleanOf(text)
    case 'TINYINT':
      return numberOf(integerOf(text, 8))
    case 'SMALLINT':
      return numberOf(integerOf(text, 16))
    case 'INT':
      return numberOf(integerOf(text, 32))
    case 'BIGINT':
      return integerOf(text, 64)
    case 'FLOAT':
      return floatOf(text, true)
    case 'DOUBLE':
      return floatOf(text, false)
    case 'DATE':
      return dateOf(text)
    case 'TIME':
      return timeOf(text)
  }
}

function numberOf(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value)
}

/** An exponent that makes a number of more digits than any type has, or of none. */
const FAR_EXPONENT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)[eE]([+-]?)\d{4,9}$/

function decimalOf(to: DecimalType, text: string): bigint | null {
  const exact = parseDecimal(text)
  if (exact !== undefined) {
    const unscaled = rescale(exact, to.scale)
    return fitsPrecision(unscaled, to.precision) ? unscaled : null
  }
  const far = FAR_EXPONENT.exec(text)
  if (far === null) throw notCast(text, to)
  return far[1] === '-' || /^[^eE]*?[1-9]/.exec(text) === null ? 0n : null
}

/** A number counts in the unit of precision 0, 3, 6 or 9, of a TIMESTAMP only. */
function timestampOf(to: TimestampType, text: string): bigint {
  if (to.kind === 'TIMESTAMP' && /^-?\d+$/.test(text)) {
    const epoch = integerOf(text, 64)
    if (epoch === undefined || to.precision % 3 !== 0) throw notCast(text, to)
    return to.precision === 0 ? BigInt.asIntN(64, epoch * 1000n) : epoch
  }
  const moment = momentOf(text)
  if (moment === undefined) throw notCast(text, to)
  const value = timestampValue(moment, to.precision)
  if (value === undefined) throw outOfRange(to)
  return value
}

function arrayParser(to: DataType, elementType: DataType): Parse | undefined {
  const element = textParser(elementType)
  return element && ((text) => required(elementTexts(text), text, to).map(orNull(element)))
}

function mapParser(to: Extract<DataType, { readonly kind: 'MAP' }>): Parse | undefined {
  const [key, value] = [textParser(to.key), textParser(to.value)]
  if (key === undefined || value === undefined) return undefined
  return (text) => {
    const entries = entryTexts(text)
    if (entries === null) return null
    // A later entry of the same key stands for an earlier one.
    const byKey = new Map<string, InternalValue>()
    for (const [keyText, valueText] of required(entries, text, to)) {
      const entry = [orNull(key)(keyText), orNull(value)(valueText)]
      byKey.set(keyName(entry[0]!), entry)
    }
    return [...byKey.values()]
  }
}

/** A text that equal keys share. */
function keyName(key: InternalValue): string {
  return JSON.stringify(key, (_name, part: unknown) =>
    typeof part === 'bigint' ? `${part}n` : part,
  )
}

function rowParser(to: Extract<DataType, { readonly kind: 'ROW' }>): Parse | undefined {
  const parsers = to.fields.map((field) => textParser(field.type))
  if (parsers.includes(undefined)) return undefined
  return (text) => {
    const texts = required(fieldTexts(text), text, to)
    if (texts.length === 0) return parsers.map(() => null)
    if (texts.length !== parsers.length) throw notCast(text, to)
    return texts.map((each, i) => orNull(parsers[i]!)(each))
  }
}

function orNull(parse: Parse): Parse {
  return (text) => (text === 'null' ? null : parse(text))
}

function required<Texts>(texts: Texts | undefined, text: string, to: DataType): Texts {
  if (texts === undefined) throw notCast(text, to)
  return texts
}
