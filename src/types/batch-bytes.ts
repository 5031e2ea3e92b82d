/** What the rows of a batch weigh in memory. */
import type { Batch, Column } from './column.ts'

/**
 * The bytes of the rows' own values, offsets and bitmaps: of a slice, its share of the buffers that it points into.
 */
export function batchBytes(batch: Batch): number {
  return batch.columns.reduce((sum, column) => sum + columnBytes(column), 0)
}

function columnBytes(column: Column): number {
  const { length } = column
  const bitmap = column.validity === null ? 0 : (length + 7) >> 3
  switch (column.layout) {
    case 'boolean':
      return bitmap + ((length + 7) >> 3)
    case 'fixed':
      return bitmap + column.values.byteLength
    case 'bytes':
      return bitmap + 4 * length + spannedLength(column)
    case 'list': {
      const share = column.child.length === 0 ? 0 : spannedLength(column) / column.child.length
      return bitmap + 4 * length + Math.ceil(share * columnBytes(column.child))
    }
    case 'struct':
      return column.children.reduce((sum, child) => sum + columnBytes(child), bitmap)
  }
}

/** The sum of the lengths of all values; told by the ends where the values lie one behind the other. */
function spannedLength({
  starts,
  ends,
  length,
}: {
  starts: Int32Array
  ends: Int32Array
  length: number
}): number {
  if (length === 0) return 0
  const isShared = starts.buffer === ends.buffer && ends.byteOffset === starts.byteOffset + 4
  if (isShared) return ends[length - 1]! - starts[0]!
  let sum = 0
  for (let i = 0; i < length; i++) sum += ends[i]! - starts[i]!
  return sum
}
