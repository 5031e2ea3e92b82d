/** Row kinds and sequence numbers as data files store them: as columns, and what of a batch the kinds leave. */
import { takeBatch } from '../types/column-take.ts'
import type { Batch, Column } from '../types/column.ts'
import { isRetract } from '../types/row-kind.ts'
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

/** The sequence numbers that a column of a data file holds, as two words each, the low one first. */
export function sequenceNumbers(column: Column): Int32Array {
  if (column.layout !== 'fixed' || !(column.values instanceof BigInt64Array))
    throw corrupt('_SEQUENCE_NUMBER is not stored as 64-bit integers')
  const { buffer, byteOffset } = column.values
  return new Int32Array(buffer, byteOffset, 2 * column.length)
}

/** The column of the kinds. */
export function kindsColumn(values: Int8Array): Column {
  return { layout: 'fixed', length: values.length, validity: null, values }
}

/** The rows that do not retract, as their kinds say. */
export function withoutDeletes(batch: Batch, kinds: Int8Array): Batch {
  const rows = new Uint32Array(kinds.length)
  let count = 0
  for (let i = 0; i < kinds.length; i++) if (!isRetract(kinds[i]!)) rows[count++] = i
  return count === kinds.length ? batch : takeBatch(batch, rows.subarray(0, count))
}
