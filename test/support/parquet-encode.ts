/** Parquet encodings that the library reads and does not write, kept plain: for pages made by hand. */

/** Packs values of a width, least significant bit first. */
export function packBits(values: readonly (number | bigint)[], width: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((values.length * width) / 8))
  for (const [i, value] of values.entries())
    for (let b = 0; b < width; b++) {
      const bit = i * width + b
      if ((BigInt(value) >> BigInt(b)) & 1n) bytes[bit >> 3]! |= 1 << (bit & 7)
    }
  return bytes
}

export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}

function zigzag(value: bigint): Uint8Array {
  return varint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)))
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** A bit-packed run of the hybrid, its last group filled with zeros. */
export function packedRun(values: readonly number[], width: number): Uint8Array {
  const groups = Math.ceil(values.length / 8)
  const padding = Array.from({ length: groups * 8 - values.length }, () => 0)
  return concat([varint(groups * 2 + 1), packBits([...values, ...padding], width)])
}

/** A run of the hybrid that repeats one value. */
export function repeatedRun(value: number, count: number, width: number): Uint8Array {
  const bytes = new Uint8Array((width + 7) >> 3)
  for (let b = 0; b < bytes.length; b++) bytes[b] = Math.floor(value / 2 ** (8 * b)) % 256
  return concat([varint(count * 2), bytes])
}

/** Bytes behind their length in four bytes, as levels and RLE booleans of version 1 are. */
export function withLength(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(4 + bytes.length)
  new DataView(out.buffer).setUint32(0, bytes.length, true)
  out.set(bytes, 4)
  return out
}

export interface DeltaOptions {
  readonly blockSize?: number
  readonly miniblocks?: number
  /** Bits of the arithmetic, 32 or 64: differences wrap. */
  readonly bits?: number
  /** Leave out what is behind the last value of the last miniblock. */
  readonly cutPadding?: boolean
}

/** DELTA_BINARY_PACKED. */
export function deltaIntegers(values: readonly bigint[], options: DeltaOptions = {}): Uint8Array {
  const { blockSize = 128, miniblocks = 4, bits = 64, cutPadding = false } = options
  const perMiniblock = blockSize / miniblocks
  const parts = [
    varint(blockSize),
    varint(miniblocks),
    varint(values.length),
    zigzag(values[0] ?? 0n),
  ]
  const deltas = values.slice(1).map((value, i) => BigInt.asIntN(bits, value - values[i]!))
  for (let at = 0; at < deltas.length; at += blockSize) {
    const block = deltas.slice(at, at + blockSize)
    const least = block.reduce((a, b) => (b < a ? b : a))
    const minis = Array.from({ length: miniblocks }, (_, m) =>
      block
        .slice(m * perMiniblock, (m + 1) * perMiniblock)
        .map((delta) => BigInt.asUintN(bits, delta - least)),
    )
    const widths = minis.map((mini) => Math.max(0, ...mini.map((each) => widthOf(each))))
    parts.push(zigzag(least), Uint8Array.from(widths))
    for (const [m, mini] of minis.entries()) {
      if (mini.length === 0) continue
      const missing = cutPadding ? 0 : perMiniblock - mini.length
      const padding = Array.from({ length: missing }, () => 0n)
      parts.push(packBits([...mini, ...padding], widths[m]!))
    }
  }
  return concat(parts)
}

function widthOf(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}

/** DELTA_LENGTH_BYTE_ARRAY. */
export function deltaLengths(values: readonly Uint8Array[], options?: DeltaOptions): Uint8Array {
  const lengths = deltaIntegers(
    values.map((value) => BigInt(value.length)),
    options,
  )
  return concat([lengths, ...values])
}

/** DELTA_BYTE_ARRAY. */
export function deltaStrings(values: readonly Uint8Array[], options?: DeltaOptions): Uint8Array {
  const prefixes = values.map((value, i) => (i === 0 ? 0 : sharedPrefix(values[i - 1]!, value)))
  const suffixes = values.map((value, i) => value.subarray(prefixes[i]))
  return concat([deltaIntegers(prefixes.map(BigInt), options), deltaLengths(suffixes, options)])
}

function sharedPrefix(a: Uint8Array, b: Uint8Array): number {
  let length = 0
  while (length < a.length && length < b.length && a[length] === b[length]) length++
  return length
}
