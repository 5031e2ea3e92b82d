/**
 * Deletion vectors of Iceberg's version 3, read by the specifications of Puffin and of Roaring bitmaps alone.
 */
import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'

/** Where metadata says that a vector lies, and of which data file it is; `isWhole`: in a Puffin file, not a part of another. */
interface ExpectedVector {
  readonly path: string
  readonly offset: number
  readonly size: number
  readonly isWhole: boolean
}

/** The positions that the vector deletes. */
export function deletedByVector(bytes: Uint8Array, expected: ExpectedVector): Set<number> {
  const { offset, size, isWhole } = expected
  const blob = bytes.subarray(offset, offset + size)
  assert.equal(blob.length, size, 'the vector ends behind its file')
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength)
  const length = view.getUint32(0)
  assert.equal(length, size - 8)
  assert.equal(view.getUint32(4), 0xd1_d3_39_64, 'the magic number of a vector')
  assert.equal(view.getUint32(size - 4), crc32(blob.subarray(4, size - 4)), 'the checksum')
  const positions = positionsIn(view, 8, size - 4)
  if (isWhole) checkPuffin(bytes, expected, positions.size)
  return positions
}

/** Roaring bitmaps of the lower halves, each behind its upper half. */
function positionsIn(view: DataView, from: number, end: number): Set<number> {
  const positions = new Set<number>()
  let at = from + 8
  for (let left = Number(view.getBigUint64(from, true)); left > 0; left--) {
    const high = view.getUint32(at, true) * 2 ** 32
    at = addBitmap(view, at + 4, (low) => positions.add(high + low))
  }
  assert.equal(at, end, 'the vector has other bytes behind it')
  return positions
}

/** Answers where the bitmap ends. */
function addBitmap(view: DataView, start: number, add: (value: number) => void): number {
  const cookie = view.getUint32(start, true)
  const hasRuns = (cookie & 0xffff) === 12_347
  if (!hasRuns) assert.equal(cookie, 12_346)
  const count = hasRuns ? (cookie >>> 16) + 1 : view.getUint32(start + 4, true)
  const flags = start + 4
  const keys = hasRuns ? flags + ((count + 7) >> 3) : start + 8
  const hasOffsets = !hasRuns || count >= 4
  let at = keys + 4 * count + (hasOffsets ? 4 * count : 0)
  for (let i = 0; i < count; i++) {
    const high = view.getUint16(keys + 4 * i, true) * 65_536
    const cardinality = view.getUint16(keys + 4 * i + 2, true) + 1
    if (hasOffsets) assert.equal(view.getUint32(keys + 4 * (count + i), true), at - start)
    const isRuns = hasRuns && (view.getUint8(flags + (i >> 3)) & (1 << (i & 7))) !== 0
    if (isRuns) {
      const runs = view.getUint16(at, true)
      for (let run = 0; run < runs; run++) {
        const first = view.getUint16(at + 2 + 4 * run, true)
        const more = view.getUint16(at + 4 + 4 * run, true)
        for (let low = first; low <= first + more; low++) add(high + low)
      }
      at += 2 + 4 * runs
    } else if (cardinality <= 4096) {
      for (let each = 0; each < cardinality; each++) add(high + view.getUint16(at + 2 * each, true))
      at += 2 * cardinality
    } else {
      for (let bit = 0; bit < 65_536; bit++)
        if ((view.getUint8(at + (bit >> 3)) & (1 << (bit & 7))) !== 0) add(high + bit)
      at += 8192
    }
  }
  return at
}

const MAGIC = 'PFA1'

/** The file is a Puffin file whose footer knows the vector. */
function checkPuffin(
  bytes: Uint8Array,
  { path, offset, size }: ExpectedVector,
  count: number,
): void {
  const magicAt = (at: number): string => Buffer.from(bytes.subarray(at, at + 4)).toString('latin1')
  const end = bytes.length
  assert.equal(magicAt(0), MAGIC)
  assert.equal(magicAt(end - 4), MAGIC)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  assert.equal(view.getUint32(end - 8, true), 0, 'the footer is not compressed')
  const payload = view.getInt32(end - 12, true)
  assert.equal(magicAt(end - 16 - payload), MAGIC)
  const footer = JSON.parse(
    Buffer.from(bytes.subarray(end - 12 - payload, end - 12)).toString(),
  ) as {
    readonly blobs: readonly { readonly offset: number; readonly length: number }[]
  }
  const blob = footer.blobs.find((each) => each.offset === offset)
  assert.partialDeepStrictEqual(blob, {
    type: 'deletion-vector-v1',
    fields: [2_147_483_645],
    'snapshot-id': -1,
    'sequence-number': -1,
    length: size,
    properties: { 'referenced-data-file': path, cardinality: String(count) },
  })
}
