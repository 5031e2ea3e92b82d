/**
 * How values of the type that a column had become values of the type that it has: rows by the ids of their fields, arrays
 * and maps by their elements and values, and all else by casts.
 *
 * Follows `SchemaEvolutionUtil.createCastExecutor` and `FormatReaderMapping.pruneDataType`.
 */
import { unsupported } from '../util/errors.ts'
import { columnCast } from './cast.ts'
import { type Cast, unchanged } from './cast/rule.ts'
import { sliceBatch } from './column-slice.ts'
import { nullColumn } from './column-take.ts'
import type { Column, ListColumn, StructColumn } from './column.ts'
import { type DataField, type DataType, isSameType } from './data-type.ts'
import { typeText } from './type-text.ts'

export interface TypeMapping {
  /** The stored type, without the fields of rows that are not asked for. */
  readonly stored: DataType
  /** Makes columns of the other type of columns of `stored`. */
  readonly convert: Cast
}

/**
 * Null where nothing of the value is stored: a row that has no field left of those that it had is null, as in Java. Throws
 * UNSUPPORTED where Java has no cast.
 */
export function typeMapping(from: DataType, to: DataType): TypeMapping | null {
  if (isSameType(from, to)) return { stored: from, convert: unchanged }
  if (from.kind === 'ROW' && to.kind === 'ROW') {
    const row = rowMapping(from.fields, to.fields)
    return row && { stored: { ...from, fields: row.stored }, convert: row.convert }
  }
  if (from.kind === 'ARRAY' && to.kind === 'ARRAY') {
    const mapping = typeMapping(from.element, to.element)
    if (mapping === null) return null
    const { stored, convert } = mapping
    return {
      stored: { ...from, element: stored },
      convert: convert === unchanged ? unchanged : (column) => withChild(column, convert),
    }
  }
  if (from.kind === 'MAP' && to.kind === 'MAP') return mapMapping(from, to)
  return { stored: from, convert: columnCast(from, to) }
}

interface RowMapping {
  readonly stored: readonly DataField[]
  readonly convert: Cast
}

function rowMapping(from: readonly DataField[], to: readonly DataField[]): RowMapping | null {
  const mappings = to.map((field) => {
    const stored = from.find(({ id }) => id === field.id)
    const mapping = stored && typeMapping(stored.type, field.type)
    return stored && mapping ? { field: { ...stored, type: mapping.stored }, ...mapping } : null
  })
  const present = mappings.filter((mapping) => mapping !== null)
  if (present.length === 0) return null
  const isWhole = present.length === to.length
  const stored = present.map(({ field }) => field)
  if (isWhole && present.every(({ convert }) => convert === unchanged))
    return { stored, convert: unchanged }
  const convert: Cast = (column) => {
    const { children, length, validity } = column as StructColumn
    const next = children.values()
    const converted = mappings.map((mapping, i) =>
      mapping === null ? nullColumn(to[i]!.type, length) : mapping.convert(next.next().value!),
    )
    return { layout: 'struct', length, validity, children: converted }
  }
  return { stored, convert }
}

type MapType = Extract<DataType, { readonly kind: 'MAP' }>

function mapMapping(from: MapType, to: MapType): TypeMapping | null {
  if (!isSameType(from.key, to.key))
    throw unsupported(`maps of ${typeText(from.key)} cannot be read as maps of ${typeText(to.key)}`)
  const mapping = typeMapping(from.value, to.value)
  if (mapping === null) return null
  const { stored, convert } = mapping
  return {
    stored: { ...from, value: stored },
    convert:
      convert === unchanged
        ? unchanged
        : (column) =>
            withChild(column, (entries) => {
              const [key, value] = (entries as StructColumn).children
              return { ...(entries as StructColumn), children: [key!, convert(value!)] }
            }),
  }
}

/** The list with its elements converted: those only that its rows have. */
function withChild(column: Column, convert: Cast): ListColumn {
  const { layout, length, validity, starts, ends, child } = column as ListColumn
  let [from, to] = [child.length, 0]
  for (let i = 0; i < length; i++) {
    if (starts[i]! >= ends[i]!) continue
    from = Math.min(from, starts[i]!)
    to = Math.max(to, ends[i]!)
  }
  from = Math.min(from, to)
  if (from === 0 && to === child.length)
    return { layout, length, validity, starts, ends, child: convert(child) }
  const { columns } = sliceBatch({ length: child.length, columns: [child] }, from, to)
  return {
    layout,
    length,
    validity,
    // Empty rows may point anywhere.
    starts: starts.map((start, i) => (start < ends[i]! ? start - from : 0)),
    ends: ends.map((end, i) => (starts[i]! < end ? end - from : 0)),
    child: convert(columns[0]!),
  }
}
