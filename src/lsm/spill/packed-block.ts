/** Rows as a block of the spill space: columns in one buffer, whose places in it are kept in memory. */
import { packOwnBatch } from '../../types/batch-own.ts'
import { type PackedBatch, unpackBatch } from '../../types/batch-transfer.ts'
import type { Batch } from '../../types/column.ts'
import type { SpilledBlock, SpillSpace } from './spill-space.ts'

export interface PackedBlock {
  readonly block: SpilledBlock
  readonly length: number
  readonly columns: PackedBatch['columns']
}

/** Puts the rows away, and no more than what they point to. */
export async function putBatch(space: SpillSpace, batch: Batch): Promise<PackedBlock> {
  const { buffer, length, columns } = packOwnBatch(batch)
  return { block: await space.put(new Uint8Array(buffer)), length, columns }
}

export async function getBatch(
  space: SpillSpace,
  { block, length, columns }: PackedBlock,
): Promise<Batch> {
  return unpackBatch({ buffer: bufferOf(await space.get(block)), length, columns })
}

/** The bytes as a buffer of their own, where arrays of any width can lie. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes
  return byteOffset === 0 && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer
    ? buffer
    : bytes.slice().buffer
}
