/** Default values of columns: the text in the schema as a value of the column. */
import { invalid } from '../util/errors.ts'
import type { DataField, DataType } from './data-type.ts'
import { type InternalValue, textOf, utf8 } from './internal-value.ts'
import { parseValueText } from './value-text.ts'

/**
 * The column's default value, null when it has none. Quotes around the text are not part of it; strings and bytes are
 * cut or filled up to the length of their type, as Java's casts do. Throws INVALID when the text is no value of the
 * column.
 */
export function defaultValue(field: DataField): InternalValue {
  const { name, type, defaultValue: text } = field
  if (text === undefined) return null
  const quoted = text.length >= 2 && text.startsWith("'") && text.endsWith("'")
  try {
    return castDefault(type, quoted ? text.slice(1, -1) : text)
  } catch (error) {
    throw invalid(`the default value of column "${name}": ${(error as Error).message}`, {
      cause: error,
    })
  }
}

function castDefault(type: DataType, text: string): InternalValue {
  switch (type.kind) {
    case 'CHAR':
    case 'VARCHAR': {
      const points = Array.from(text).slice(0, type.length)
      const missing = type.kind === 'CHAR' ? type.length - points.length : 0
      return utf8(points.join('') + ' '.repeat(Math.min(missing, MAX_FILL)))
    }
    case 'BINARY':
    case 'VARBINARY': {
      const bytes = utf8(text).subarray(0, type.length)
      if (type.kind === 'VARBINARY') return bytes.slice()
      const filled = new Uint8Array(Math.min(type.length, bytes.length + MAX_FILL))
      filled.set(bytes)
      return filled
    }
    default:
      return parseValueText(type, text.trim())
  }
}

/** A CHAR of two billion characters is not filled up. */
const MAX_FILL = 1_000_000

/** What a schema definition may give as a default value. */
export type DefaultInput = string | number | bigint | boolean | Date | Uint8Array

/** The text that stands for a value of the type in a schema: the reverse of {@link defaultValue} for strings. */
export function defaultText(type: DataType, value: DefaultInput): string {
  if (value instanceof Uint8Array) return textOf(value)
  if (value instanceof Date)
    return type.kind === 'DATE' ? isoOf(value).slice(0, 10) : dateTime(value)
  if (typeof value === 'string') return isoTime(type, value)
  return String(value)
}

function isoOf(value: Date): string {
  if (Number.isNaN(value.getTime())) throw invalid('a default value is an invalid Date')
  return value.toISOString()
}

/** Java's casts want a blank between date and time, and no zone. */
function dateTime(value: Date): string {
  return isoOf(value).replace('T', ' ').replace('Z', '')
}

function isoTime(type: DataType, text: string): string {
  if (type.kind !== 'TIMESTAMP' && type.kind !== 'TIMESTAMP_LTZ') return text
  return text.replace(/^(\d{4}-\d\d-\d\d)T/, '$1 ').replace(/Z$/, '')
}
