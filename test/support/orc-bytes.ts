/** ORC files made by hand, without compression unless told, for what no writer would write. */
import { compress } from '../../src/format/codec.ts'

export function varint(value: number | bigint): number[] {
  let bits = BigInt.asUintN(64, BigInt(value))
  const bytes: number[] = []
  for (; bits > 127n; bits >>= 7n) bytes.push(Number(bits & 127n) | 128)
  return [...bytes, Number(bits)]
}

/** A signed integer in zigzag form. */
export function zigzag(value: number | bigint): number[] {
  const signed = BigInt(value)
  return varint((signed << 1n) ^ (signed >> 63n))
}

const number = (field: number, value: number | bigint): number[] => [
  ...varint(field << 3),
  ...varint(value),
]
const bytes = (field: number, value: readonly number[]): number[] => [
  ...varint((field << 3) | 2),
  ...varint(value.length),
  ...value,
]
const text = (field: number, value: string): number[] => bytes(field, [...Buffer.from(value)])

export interface HandmadeType {
  readonly kind: number
  readonly subtypes?: readonly number[]
  readonly names?: readonly string[]
  readonly fieldId?: number
}

export interface HandmadeStream {
  readonly kind: number
  readonly column: number
  readonly bytes: readonly number[]
  /** What the footer says of the length. */
  readonly claimed?: number | bigint
}

export interface HandmadeStripe {
  readonly rowCount: number
  readonly streams: readonly HandmadeStream[]
  /** By column; DIRECT where left out. */
  readonly encodings?: Readonly<Record<number, readonly [kind: number, dictionarySize: number]>>
  readonly zone?: string
  readonly offset?: number
}

export interface HandmadeFile {
  readonly types: readonly HandmadeType[]
  readonly stripes: readonly HandmadeStripe[]
  readonly rowCount?: number
  /** Every stream and section is one chunk of the codec. */
  readonly codec?: 'deflate' | 'zstd' | 'lz4_raw' | 'snappy'
  readonly blockBytes?: number
}

const CODECS = ['none', 'deflate', 'snappy', 'lzo', 'lz4_raw', 'zstd']

export function orcFile({ types, stripes, rowCount, codec, blockBytes }: HandmadeFile): Uint8Array {
  const packed = (raw: readonly number[]): number[] => {
    if (codec === undefined || raw.length === 0) return [...raw]
    const stored = compress(codec, Uint8Array.from(raw))
    const head = 2 * stored.length
    return [head & 255, (head >> 8) & 255, head >> 16, ...stored]
  }
  const file: number[] = [...Buffer.from('ORC')]
  const infos: number[] = []
  for (const { streams, encodings = {}, zone, rowCount: rows, offset } of stripes) {
    const start = file.length
    const footer: number[] = []
    for (const { kind, column, bytes: raw, claimed } of streams) {
      const stored = packed(raw)
      file.push(...stored)
      const length = claimed ?? stored.length
      footer.push(...bytes(1, [...number(1, kind), ...number(2, column), ...number(3, length)]))
    }
    const dataBytes = file.length - start
    for (const column of types.keys()) {
      const [kind, size] = encodings[column] ?? [0, 0]
      footer.push(...bytes(2, [...number(1, kind), ...number(2, size)]))
    }
    if (zone !== undefined) footer.push(...text(3, zone))
    const stored = packed(footer)
    file.push(...stored)
    const places = [offset ?? start, 0, dataBytes, stored.length, rows]
    infos.push(
      ...bytes(
        3,
        places.flatMap((value, i) => number(i + 1, value)),
      ),
    )
  }
  const total = stripes.reduce((sum, stripe) => sum + stripe.rowCount, 0)
  const footer = packed([...infos, ...types.flatMap(typeOf), ...number(6, rowCount ?? total)])
  const postScript = [
    ...number(1, footer.length),
    ...number(2, CODECS.indexOf(codec ?? 'none')),
    ...number(3, blockBytes ?? 65_536),
    ...bytes(4, [0, 12]),
    ...text(8000, 'ORC'),
  ]
  return Uint8Array.from([...file, ...footer, ...postScript, postScript.length])
}

function typeOf({ kind, subtypes = [], names = [], fieldId }: HandmadeType): number[] {
  return bytes(4, [
    ...number(1, kind),
    ...bytes(2, subtypes.flatMap(varint)),
    ...names.flatMap((name) => text(3, name)),
    ...(fieldId === undefined
      ? []
      : bytes(7, [...text(1, 'paimon.id'), ...text(2, String(fieldId))])),
  ])
}

/** Literals of the first version's integers. */
export function literals(...values: readonly (readonly number[])[]): number[] {
  return values.length === 0 ? [] : [256 - values.length, ...values.flat()]
}
