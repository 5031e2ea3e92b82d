/** A file's bytes by range: ranges announced together and lying near each other are fetched by one request. */
import { releaseBytes } from '../io/allocate.ts'
import type { FileIO } from '../io/file-io.ts'
import { corrupt } from '../util/errors.ts'

export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** A request under way: the bytes `[offset, end)`, wanted by `waiting` announced ranges. */
interface Fetch {
  readonly offset: number
  end: number
  waiting: number
  /** Ranges that were read and not released. */
  lent: number
  bytes: Promise<Uint8Array> | null
}

/** A request is no longer than this, unless a single range is. */
const FETCH_BYTES = 4 << 20
/** Bytes between two ranges that are read along rather than asked for apart: a request costs about as much. */
const GAP_BYTES = { s3: 1 << 18, other: 1 << 14 }

export class ByteRanges {
  readonly #io: FileIO
  readonly path: string
  readonly sizeBytes: number
  readonly #signal: AbortSignal | undefined
  /** The file's last bytes, where they were read already. */
  readonly #tail: Uint8Array
  #fetches: Fetch[] = []
  /** The request whose bytes lie in a buffer. */
  readonly #lenders = new WeakMap<ArrayBufferLike, Fetch>()

  constructor(
    io: FileIO,
    path: string,
    sizeBytes: number,
    options: { tail?: Uint8Array; signal?: AbortSignal | undefined } = {},
  ) {
    this.#io = io
    this.path = path
    this.sizeBytes = sizeBytes
    this.#tail = options.tail ?? new Uint8Array(0)
    this.#signal = options.signal
  }

  /** Announces ranges that {@link read} will be called for once each, and starts to fetch them. */
  announce(ranges: readonly ByteRange[]): void {
    const gap = this.#io.scheme === 's3' ? GAP_BYTES.s3 : GAP_BYTES.other
    const sorted = ranges
      .filter((range) => !this.#isInTail(range.offset))
      .toSorted((a, b) => a.offset - b.offset)
    const fetches: Fetch[] = []
    for (const range of sorted) {
      this.#check(range.offset, range.length)
      const end = range.offset + range.length
      const last = fetches.at(-1)
      if (last && range.offset <= last.end + gap && end - last.offset <= FETCH_BYTES) {
        last.end = Math.max(last.end, end)
        last.waiting++
      } else fetches.push({ offset: range.offset, end, waiting: 1, lent: 0, bytes: null })
    }
    for (const fetch of fetches) {
      fetch.bytes = this.#fetch(fetch.offset, fetch.end - fetch.offset)
      // A failure is reported to whoever reads the range; until then it is not an unhandled rejection.
      fetch.bytes.catch(() => {})
    }
    this.#fetches.push(...fetches)
  }

  /** The bytes of a range: of an announced one from its request, of any other from a request of its own. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    this.#check(offset, length)
    const end = offset + length
    if (this.#isInTail(offset)) {
      const tailOffset = this.sizeBytes - this.#tail.length
      return this.#tail.subarray(offset - tailOffset, end - tailOffset)
    }
    const at = this.#fetches.findIndex((fetch) => fetch.offset <= offset && end <= fetch.end)
    const fetch = this.#fetches[at]
    if (fetch === undefined) return await this.#fetch(offset, length)
    if (--fetch.waiting === 0) this.#fetches.splice(at, 1)
    // From here on, not from when the bytes are there: another range may be released meanwhile.
    fetch.lent++
    const bytes = await fetch.bytes!
    this.#lenders.set(bytes.buffer, fetch)
    return bytes.subarray(offset - fetch.offset, end - fetch.offset)
  }

  /** Says that what {@link read} gave is not needed any more. */
  release(bytes: Uint8Array): void {
    const fetch = this.#lenders.get(bytes.buffer)
    if (fetch === undefined) return
    fetch.lent--
    if (fetch.lent > 0 || fetch.waiting > 0) return
    this.#lenders.delete(bytes.buffer)
    const isOwn = bytes.buffer.byteLength === fetch.end - fetch.offset
    if (isOwn) releaseBytes(new Uint8Array(bytes.buffer))
  }

  #isInTail(offset: number): boolean {
    return offset >= this.sizeBytes - this.#tail.length
  }

  async #fetch(offset: number, length: number): Promise<Uint8Array> {
    const bytes = await this.#io.readRange(this.path, offset, length, { signal: this.#signal })
    if (bytes.length !== length)
      throw corrupt(`the storage gave ${bytes.length} bytes where ${length} were asked for`, {
        path: this.path,
      })
    return bytes
  }

  #check(offset: number, length: number): void {
    if (offset < 0 || length < 0 || offset + length > this.sizeBytes)
      throw corrupt(
        `bytes ${offset} to ${offset + length} are asked for, of a file of ${this.sizeBytes}`,
        { path: this.path },
      )
  }
}
