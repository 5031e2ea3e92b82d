/** The streams of a stripe that a choice of columns reads. */
import { corrupt } from '../../util/errors.ts'
import { type ByteRange, type ByteRanges } from '../byte-ranges.ts'
import { ChunkedBytes, type Compression } from './chunks.ts'
import { type IntForm, IntRuns } from './int-runs.ts'
import { readStripeFooter, type Stripe, type StripeFooter } from './metadata.ts'
import type { TypeNode } from './type-tree.ts'

export const STREAM = { PRESENT: 0, DATA: 1, LENGTH: 2, DICTIONARY: 3, SECONDARY: 5 } as const

type StreamKind = (typeof STREAM)[keyof typeof STREAM]

/** Above any kind that there is. */
const KIND_LIMIT = 64

export interface ColumnEncoding {
  readonly version: 1 | 2
  readonly hasDictionary: boolean
  readonly dictionarySize: number
}

/** The opened streams of a stripe, each to be taken once. */
export class StripeStreams {
  readonly #bytes: ReadonlyMap<number, Uint8Array>
  readonly #footer: StripeFooter
  readonly #compression: Compression

  constructor(
    bytes: ReadonlyMap<number, Uint8Array>,
    footer: StripeFooter,
    compression: Compression,
  ) {
    this.#bytes = bytes
    this.#footer = footer
    this.#compression = compression
  }

  get writerTimezone(): string {
    return this.#footer.writerTimezone
  }

  /** A stream that there may not be. */
  find({ column }: TypeNode, kind: StreamKind): ChunkedBytes | null {
    const bytes = this.#bytes.get(column * KIND_LIMIT + kind)
    return bytes === undefined ? null : new ChunkedBytes(bytes, this.#compression)
  }

  /** A stream without values may be left out; then it is empty. */
  open(node: TypeNode, kind: StreamKind): ChunkedBytes {
    return this.find(node, kind) ?? new ChunkedBytes(new Uint8Array(0), this.#compression)
  }

  openInts(node: TypeNode, kind: StreamKind, isSigned: boolean): IntRuns {
    const form: IntForm = { isSigned, version: this.encoding(node).version }
    return new IntRuns(this.open(node, kind), form)
  }

  /** DIRECT, DICTIONARY, DIRECT_V2 and DICTIONARY_V2 are 0 to 3. */
  encoding({ column, name }: TypeNode): ColumnEncoding {
    const encoding = this.#footer.encodings[column]
    if (encoding === undefined) throw corrupt(`a stripe has no encoding of column ${name}`)
    const { kind, dictionarySize } = encoding
    if (kind > 3) throw corrupt(`column ${name} has the encoding ${kind}`)
    return { version: kind < 2 ? 1 : 2, hasDictionary: (kind & 1) === 1, dictionarySize }
  }
}

/** A footer above this, stored or not, is refused. */
const STRIPE_FOOTER_BYTES_MAX = 1 << 26

/** Fetches the streams of the columns; index streams are left out. */
export async function openStreams(
  source: ByteRanges,
  stripe: Stripe,
  compression: Compression,
  columns: ReadonlySet<number>,
): Promise<StripeStreams> {
  const { offset, indexBytes, dataBytes, footerBytes } = stripe
  const stored = await source.read(offset + indexBytes + dataBytes, footerBytes)
  const footer = readStripeFooter(
    new ChunkedBytes(stored, compression).rest(STRIPE_FOOTER_BYTES_MAX),
  )
  const ranges = wantedRanges(stripe, footer, columns)
  source.announce([...ranges.values()])
  const bytes = new Map<number, Uint8Array>()
  await Promise.all(
    Array.from(ranges, async ([key, range]) => {
      bytes.set(key, await source.read(range.offset, range.length))
    }),
  )
  return new StripeStreams(bytes, footer, compression)
}

/** Streams lie one after another in the order of the footer, those of the index first. */
function wantedRanges(
  { offset, indexBytes, dataBytes }: Stripe,
  { streams }: StripeFooter,
  columns: ReadonlySet<number>,
): Map<number, ByteRange> {
  const ranges = new Map<number, ByteRange>()
  const wanted: readonly number[] = Object.values(STREAM)
  const end = offset + indexBytes + dataBytes
  let at = offset
  for (const { kind, column, length } of streams) {
    if (length > end - at) throw corrupt(`the streams of column ${column} end behind their stripe`)
    if (wanted.includes(kind) && columns.has(column) && length > 0) {
      const key = column * KIND_LIMIT + kind
      if (ranges.has(key)) throw corrupt(`column ${column} has two streams of kind ${kind}`)
      ranges.set(key, { offset: at, length })
    }
    at += length
  }
  return ranges
}
