/** Row kinds as data files store them. */
import type { Column } from '../types/column.ts'
import { corrupt } from '../util/errors.ts'

/** The row kinds that a column of a data file holds. */
export function kindsOf(column: Column): Int8Array {
  if (
    column.layout !== 'fixed' ||
    !(column.values instanceof Int8Array) ||
    column.validity !== null
  )
    throw corrupt('_VALUE_KIND is not stored as 8-bit integers')
  for (let i = 0; i < column.length; i++)
    if (column.values[i]! < 0 || column.values[i]! > 3)
      throw corrupt(`_VALUE_KIND ${column.values[i]!} is not known`)
  return column.values
}
