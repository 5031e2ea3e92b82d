/** The bytes of blob files, made by hand. */
import { crc32 } from 'node:zlib'

/** A blob file of the values, in order; null for a null. */
export function blobFile(values: readonly (Uint8Array | null)[]): Uint8Array {
  const records = values.map((value) => (value === null ? null : record(value)))
  const lengths = records.map((bytes) => bytes?.length ?? -1)
  const index = lengths.flatMap((length, i) => varint(length - (lengths[i - 1] ?? 0)))
  const footer = Buffer.alloc(5)
  footer.writeInt32LE(index.length)
  footer[4] = 1
  const present = records.filter((bytes) => bytes !== null)
  return new Uint8Array(Buffer.concat([...present, Uint8Array.from(index), footer]))
}

function record(value: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4)
  head.writeInt32LE(1_481_511_375)
  const length = Buffer.alloc(8)
  length.writeBigInt64LE(BigInt(value.length + 16))
  const checked = Buffer.concat([head, value, length])
  const sum = Buffer.alloc(4)
  sum.writeUInt32LE(crc32(checked))
  return Buffer.concat([checked, sum])
}

/** A signed number: the sign in the lowest bit, seven bits a byte, the lowest first. */
function varint(value: number): number[] {
  let rest = value < 0 ? -2 * value - 1 : 2 * value
  const bytes: number[] = []
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  return [...bytes, rest]
}
