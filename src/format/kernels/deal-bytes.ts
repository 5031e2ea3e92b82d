/** Lays columns of byte strings in an arena: end to end as one column, then dealt out to blocks of an order. */
import type { BytesColumn } from '../../types/column.ts'
import type { Arena } from './arena.ts'

/** Bytes between blocks, so that a copy may run over the end of a block's last value. */
const BLOCK_GAP = 16
/** More is left where it lies. */
const LAID_BYTES_MAX = 2 ** 30

/** How rows are dealt out to blocks. */
export interface Deal {
  /** For each row of the joined columns its block, or 0xffff for none. */
  readonly blockOf: Uint16Array
  /** The rows of each block. */
  readonly blockLengths: Int32Array
}

/**
 * The blocks of the rows of all columns, in each block in the order of the columns. They are valid until the arena is
 * used again; null where the columns are too large for one, or their values do not lie one behind the other.
 */
export function dealBytes(
  arena: Arena,
  columns: readonly BytesColumn[],
  { blockOf, blockLengths }: Deal,
): BytesColumn[] | null {
  const blockCount = blockLengths.length
  const rowCount = blockLengths.reduce((sum, length) => sum + length, 0)
  const joined = joinBytes(arena, columns, { blockCount, rowCount })
  if (joined === null) return null
  const { kernels } = arena
  const { data, length } = joined
  const [starts, ends] = [joined.starts.byteOffset, joined.ends.byteOffset]
  const blocks = arena.allocate(2 * length)
  new Uint16Array(arena.buffer, blocks, length).set(blockOf)
  const sums = arena.ints(arena.allocate(4 * blockCount), blockCount).fill(0)
  kernels.measureBlocks(starts, ends, blocks, length, sums.byteOffset)
  const cursors = arena.ints(arena.allocate(8 * blockCount), 2 * blockCount)
  const outBytes = sums.reduce((sum, bytes) => sum + bytes + BLOCK_GAP, 0)
  const out = arena.allocate(outBytes)
  // A block's offsets have one more than its values, the first of them zero behind the block's start.
  const offsets = arena.ints(arena.allocate(4 * (rowCount + blockCount)), rowCount + blockCount)
  const dealt: BytesColumn[] = []
  for (let block = 0, at = 0, offset = 0; block < blockCount; block++) {
    const count = blockLengths[block]!
    cursors[2 * block] = out + at
    cursors[2 * block + 1] = offsets.byteOffset + 4 * (offset + 1)
    offsets[offset] = at
    dealt.push({
      layout: 'bytes',
      length: count,
      validity: null,
      data: arena.bytes(out, outBytes),
      starts: offsets.subarray(offset, offset + count),
      ends: offsets.subarray(offset + 1, offset + count + 1),
    })
    at += sums[block]! + BLOCK_GAP
    offset += count + 1
  }
  kernels.dealBytes(data.byteOffset, starts, ends, blocks, length, cursors.byteOffset, out)
  return dealt
}

/** The rows of all columns, one column behind the other, with room behind them for dealing. */
function joinBytes(
  arena: Arena,
  columns: readonly BytesColumn[],
  { blockCount, rowCount }: { blockCount: number; rowCount: number },
): BytesColumn | null {
  let length = 0
  let size = 0
  for (const column of columns) {
    if (!isContiguous(column)) return null
    length += column.length
    size += bytesOf(column)
  }
  const wanted = 2 * size + 10 * length + 4 * rowCount + 32 * blockCount
  if (wanted > LAID_BYTES_MAX) return null
  arena.reset(wanted, 8)
  const data = arena.bytes(arena.allocate(size), size)
  const offsets = arena.ints(arena.allocate(4 * length + 4), length + 1)
  let row = 0
  let at = 0
  for (const column of columns) {
    if (column.length === 0) continue
    const low = column.starts[0]!
    data.set(column.data.subarray(low, low + bytesOf(column)), at)
    moveInto(offsets, column.starts, row, column.length, at - low)
    row += column.length
    at += bytesOf(column)
  }
  offsets[length] = size
  const [starts, ends] = [offsets.subarray(0, length), offsets.subarray(1)]
  return { layout: 'bytes', length, validity: null, data, starts, ends }
}

/** Whether starts and ends are two views of the same offsets, so that the values lie one behind the other. */
function isContiguous({ starts, ends, length }: BytesColumn): boolean {
  return (
    length === 0 || (starts.buffer === ends.buffer && starts.byteOffset + 4 === ends.byteOffset)
  )
}

function bytesOf({ starts, ends, length }: BytesColumn): number {
  return length === 0 ? 0 : ends[length - 1]! - starts[0]!
}

function moveInto(
  target: Int32Array,
  source: Int32Array,
  at: number,
  length: number,
  by: number,
): void {
  if (by === 0) target.set(source.subarray(0, length), at)
  else for (let i = 0; i < length; i++) target[at + i] = source[i]! + by
}
