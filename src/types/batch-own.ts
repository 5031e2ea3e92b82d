/** Batches that share memory with others, as batches that hold what their rows point to and no more. */
import { batchBytes } from './batch-bytes.ts'
import { packBatch, type PackedBatch, unpackBatch } from './batch-transfer.ts'
import { takeColumn } from './column-take.ts'
import { type Batch, type Column, isPresent, type ListColumn } from './column.ts'

/** Where so many bytes are held for nothing, and as many as are needed, the rows are copied. */
const WASTE_BYTES = 1024

/** The batch, copied if much of the memory that it keeps alive belongs to other rows. */
export function ownBatch(batch: Batch): Batch {
  const held = batch.columns.reduce((sum, column) => sum + heldBytes(column), 0)
  if (held <= 2 * batchBytes(batch) + WASTE_BYTES) return batch
  return unpackBatch(packOwnBatch(batch))
}

/** Copies what the rows point to into one buffer. */
export function packOwnBatch(batch: Batch): PackedBatch {
  return packBatch({ ...batch, columns: batch.columns.map(ownLists) })
}

/** The memory that the column keeps for values whose size differs. */
function heldBytes(column: Column): number {
  switch (column.layout) {
    case 'bytes':
      return column.data.buffer.byteLength
    case 'list':
      return 8 * column.child.length + heldBytes(column.child)
    case 'struct':
      return column.children.reduce((sum, child) => sum + heldBytes(child), 0)
    default:
      return 0
  }
}

/** The column without elements of lists that no row has. */
function ownLists(column: Column): Column {
  if (column.layout === 'struct')
    return { ...column, children: column.children.map((child) => ownLists(child)) }
  return column.layout === 'list' ? ownList(column) : column
}

function ownList(column: ListColumn): Column {
  const { length, starts, ends, child } = column
  const offsets = new Int32Array(length + 1)
  for (let row = 0; row < length; row++)
    offsets[row + 1] = offsets[row]! + (isPresent(column, row) ? ends[row]! - starts[row]! : 0)
  const elements = new Uint32Array(offsets[length]!)
  for (let row = 0; row < length; row++)
    for (let i = offsets[row]!; i < offsets[row + 1]!; i++)
      elements[i] = starts[row]! + i - offsets[row]!
  return {
    ...column,
    starts: offsets.subarray(0, length),
    ends: offsets.subarray(1, length + 1),
    child: ownLists(takeColumn(child, elements)),
  }
}
