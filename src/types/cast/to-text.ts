/**
 * Casts to CHAR, VARCHAR and STRING, in the words of Java: `[1, null]` for an array, `{k -> v}` for a map, `{a, b}` for a
 * row.
 *
 * Follows `NumericToStringCastRule`, `DateToStringCastRule`, `ArrayToStringCastRule` and their neighbours.
 */
import { BytesBuilder } from '../column-builder.ts'
import {
  type BytesColumn,
  type Column,
  isPresent,
  type ListColumn,
  type StructColumn,
} from '../column.ts'
import { type DataType, MAX_LENGTH } from '../data-type.ts'
import { cellValue } from '../internal-value.ts'
import { castText } from '../value-text.ts'
import { fitBytes } from './bytes.ts'
import { type Cast, type BytesType, unchanged } from './rule.ts'

/** Undefined where Java has no rule: dates and timestamps become a STRING only, and some types no text at all. */
export function castToText(from: DataType, to: BytesType): Cast | undefined {
  switch (from.kind) {
    case 'CHAR':
    case 'VARCHAR':
      return isUnbounded(to) ? unchanged : fitBytes(to)
    case 'BINARY':
    case 'VARBINARY':
      return unchanged
    case 'BOOLEAN':
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
    case 'BIGINT':
    case 'FLOAT':
    case 'DOUBLE':
    case 'DECIMAL': {
      const text = textColumn(from)
      const fit = fitBytes(to)
      return text && ((column) => fit(text(column)))
    }
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return isUnbounded(to) ? textColumn(from) : undefined
    case 'ARRAY':
    case 'MAP':
    case 'ROW':
      return textColumn(from)
    default:
      return undefined
  }
}

function isUnbounded({ kind, length }: BytesType): boolean {
  return kind === 'VARCHAR' && length === MAX_LENGTH
}

function textColumn(type: DataType): Cast | undefined {
  const text = cellText(type)
  if (text === undefined) return undefined
  return (column: Column): BytesColumn => {
    const builder = new BytesBuilder()
    for (let i = 0; i < column.length; i++)
      if (isPresent(column, i)) builder.appendText(text(column, i))
      else builder.appendNull()
    return builder.finish()
  }
}

/** The text of a present cell. */
type CellText = (column: Column, row: number) => string

function cellText(type: DataType): CellText | undefined {
  switch (type.kind) {
    case 'ARRAY':
      return listText(cellText(type.element))
    case 'MAP':
      return mapText(cellText(type.key), cellText(type.value))
    case 'ROW':
      return rowText(type.fields.map((field) => cellText(field.type)))
    case 'MULTISET':
    case 'VECTOR':
    case 'VARIANT':
    case 'BLOB':
      return undefined
    default:
      return (column, row) => castText(type, cellValue(column, type, row)!)
  }
}

function orNull(text: CellText, column: Column, row: number): string {
  return isPresent(column, row) ? text(column, row) : 'null'
}

function listText(element: CellText | undefined): CellText | undefined {
  if (element === undefined) return undefined
  return (column, row) => {
    const { starts, ends, child } = column as ListColumn
    const texts: string[] = []
    for (let i = starts[row]!; i < ends[row]!; i++) texts.push(orNull(element, child, i))
    return `[${texts.join(', ')}]`
  }
}

function mapText(key: CellText | undefined, value: CellText | undefined): CellText | undefined {
  if (key === undefined || value === undefined) return undefined
  return (column, row) => {
    const { starts, ends, child } = column as ListColumn
    const [keys, values] = (child as StructColumn).children
    const texts: string[] = []
    for (let i = starts[row]!; i < ends[row]!; i++)
      texts.push(`${orNull(key, keys!, i)} -> ${orNull(value, values!, i)}`)
    return `{${texts.join(', ')}}`
  }
}

function rowText(fields: readonly (CellText | undefined)[]): CellText | undefined {
  const texts = fields.filter((text) => text !== undefined)
  if (texts.length < fields.length) return undefined
  return (column, row) => {
    const { children } = column as StructColumn
    return `{${texts.map((text, i) => orNull(text, children[i]!, row)).join(', ')}}`
  }
}
