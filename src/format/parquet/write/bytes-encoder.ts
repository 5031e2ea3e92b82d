/** The encoder of byte strings: the gather that writing spends most of its time in. */
import type { BytesColumn, Column } from '../../../types/column.ts'
import { assert } from '../../../util/assert.ts'
import type { ColumnRows } from '../../column-rows.ts'
import {
  type Arena,
  arenaOf,
  OUT_AT,
  OUT_BYTES,
  RESULT_AT,
  ROWS_AT,
  ROWS_MAX,
} from '../../kernels/arena.ts'
import { BytesBounds, prefixOf } from './bounds.ts'
import { BytesDictionary } from './dictionary.ts'
import { DictionaryEncoder, type EncodeLimits, HEADROOM } from './value-encoder.ts'

/** Values up to this length are copied eight bytes at a time, the last step over their end. */
const COPY_BY_WORDS_MAX = 64

/** The buffers of the columns that rows come from, side by side. */
interface Sources {
  readonly columns: readonly BytesColumn[]
  readonly views: readonly DataView[]
}

export class BytesEncoder extends DictionaryEncoder<BytesDictionary> {
  protected readonly bounds = new BytesBounds()
  #page: Uint8Array = new Uint8Array(0)
  #view: DataView = new DataView(new ArrayBuffer(0))
  /** Behind the last value of the open page. */
  #end = HEADROOM
  /** The columns that were appended from last; a batch is appended page by page. */
  #sources: { of: readonly Column[]; sources: Sources } | null = null

  constructor(limits: EncodeLimits) {
    super(limits, () => new BytesDictionary())
  }

  protected appendPlain(rows: ColumnRows, from: number, to: number): number {
    const taken = this.#appendFromArena(rows, from, to)
    return taken > 0 ? taken : this.#appendDirectly(rows, from, to)
  }

  /** Has a kernel append values that lie in its memory; none where they do not, or where the first does not fit. */
  #appendFromArena({ columns, rows }: ColumnRows, from: number, to: number): number {
    const [column] = columns
    if (columns.length !== 1 || rows === null || column?.layout !== 'bytes') return 0
    const arena = arenaOf(column.data.buffer)
    if (arena === undefined) return 0
    const { data, starts, ends } = column
    const count = Math.min(to - from, ROWS_MAX)
    arena.ints(ROWS_AT, count).set(rows.subarray(from, from + count))
    const room = Math.min(OUT_BYTES, HEADROOM + this.pageBytesMax - this.#end)
    const taken = arena.kernels.gatherPlain(
      data.byteOffset,
      starts.byteOffset,
      ends.byteOffset,
      ROWS_AT,
      count,
      OUT_AT,
      room,
      RESULT_AT,
    )
    if (taken > 0) this.#takeGathered(arena, data)
    return taken
  }

  /** Takes what the kernel wrote to the page, and the least and the greatest of those values. */
  #takeGathered(arena: Arena, data: Uint8Array): void {
    const [written, minStart, minEnd, maxStart, maxEnd] = arena.ints(RESULT_AT, 5)
    this.#reserve(this.#end + written! + 12, this.#end)
    this.#page.set(arena.bytes(OUT_AT, written!), this.#end)
    this.#end += written!
    const { bounds } = this
    const minPrefix = prefixOf(data, minStart!, minEnd!)
    if (minPrefix <= bounds.minPrefix) bounds.add(data, minStart!, minEnd!, minPrefix)
    const maxPrefix = prefixOf(data, maxStart!, maxEnd!)
    if (maxPrefix >= bounds.maxPrefix) bounds.add(data, maxStart!, maxEnd!, maxPrefix)
  }

  #appendDirectly(rows: ColumnRows, from: number, to: number): number {
    const { columns, views } = this.#sourcesOf(rows.columns)
    const { sourceOf, rows: rowOf } = rows
    const { bounds } = this
    let { minPrefix, maxPrefix } = bounds
    if (this.#page.length === 0) this.#reserve(HEADROOM + Math.min(this.pageBytesMax, 1 << 18), 0)
    const limit = HEADROOM + this.pageBytesMax
    let out = this.#end
    let i = from
    for (; i < to; i++) {
      const source = sourceOf === null ? 0 : sourceOf[i]!
      const column = columns[source]!
      const row = rowOf === null ? i : rowOf[i]!
      const start = column.starts[row]!
      const end = column.ends[row]!
      const length = end - start
      if (out + 4 + length > limit && out > HEADROOM) break
      if (out + length + 12 > this.#page.length) this.#reserve(out + length + 12, out)
      const target = this.#view
      const view = views[source]!
      target.setInt32(out, length, true)
      out += 4
      let prefix: number
      if (length <= COPY_BY_WORDS_MAX && end + 8 <= view.byteLength) {
        for (let b = 0; b < length; b += 8)
          target.setBigInt64(out + b, view.getBigInt64(start + b, true), true)
        prefix = length >= 4 ? view.getUint32(start) : prefixOf(column.data, start, end)
      } else {
        this.#page.set(column.data.subarray(start, end), out)
        prefix = prefixOf(column.data, start, end)
      }
      out += length
      if (prefix <= minPrefix || prefix >= maxPrefix) {
        bounds.add(column.data, start, end, prefix)
        minPrefix = bounds.minPrefix
        maxPrefix = bounds.maxPrefix
      }
    }
    this.#end = out
    return i - from
  }

  protected appendIndices(
    rows: ColumnRows,
    from: number,
    to: number,
    dictionary: BytesDictionary,
  ): number {
    const { columns } = this.#sourcesOf(rows.columns)
    const { sourceOf, rows: rowOf } = rows
    const { bounds, indices } = this
    let at = this.indexCount
    let raw = this.rawBytes
    let last = -1
    let i = from
    for (; i < to; i++) {
      const column = columns[sourceOf === null ? 0 : sourceOf[i]!]!
      const row = rowOf === null ? i : rowOf[i]!
      const start = column.starts[row]!
      const end = column.ends[row]!
      if (raw + 4 + end - start > this.pageBytesMax && at > 0) break
      raw += 4 + end - start
      const index = dictionary.indexOf(column.data, start, end)
      indices[at++] = index
      if (index === last) continue
      last = index
      const prefix = prefixOf(column.data, start, end)
      if (prefix <= bounds.minPrefix || prefix >= bounds.maxPrefix)
        bounds.add(column.data, start, end, prefix)
    }
    this.indexCount = at
    this.rawBytes = raw
    return i - from
  }

  protected indicesToPlain(dictionary: BytesDictionary): void {
    const { data, offsets } = dictionary.values()
    this.#reserve(HEADROOM + this.rawBytes, 0)
    let out = HEADROOM
    for (let i = 0; i < this.indexCount; i++) {
      const index = this.indices[i]!
      out = this.#put(data, offsets[index]!, offsets[index + 1]!, out)
    }
    this.#end = out
  }

  #put(data: Uint8Array, start: number, end: number, out: number): number {
    this.#view.setInt32(out, end - start, true)
    this.#page.set(data.subarray(start, end), out + 4)
    return out + 4 + end - start
  }

  protected get plainBytes(): number {
    return this.#end - HEADROOM
  }

  protected takePlain(): Uint8Array {
    // A page of nulls alone has no values, but levels are still put in front of them.
    this.#reserve(HEADROOM, 0)
    const page = this.#page.subarray(0, this.#end)
    // The page is compressed in another thread, so the next one gets a buffer of its own.
    const size = this.#page.length
    this.#page = new Uint8Array(0)
    this.#reserve(size, 0)
    this.#end = HEADROOM
    return page
  }

  protected dictionaryBytes(dictionary: BytesDictionary, length: number): Uint8Array {
    const { data, offsets } = dictionary.values()
    const bytes = new Uint8Array(offsets[length]! + 4 * length)
    const view = new DataView(bytes.buffer)
    let at = 0
    for (let i = 0; i < length; i++) {
      const start = offsets[i]!
      const end = offsets[i + 1]!
      view.setInt32(at, end - start, true)
      bytes.set(data.subarray(start, end), at + 4)
      at += 4 + end - start
    }
    return bytes
  }

  /** Makes room for `bytes` bytes, of which the first `used` are kept. */
  #reserve(bytes: number, used: number): void {
    if (bytes <= this.#page.length) return
    const grown = this.buffers.take(Math.max(bytes, Math.ceil(1.5 * this.#page.length)))
    grown.set(this.#page.subarray(0, used))
    this.buffers.give(this.#page)
    this.#page = grown
    this.#view = new DataView(grown.buffer, grown.byteOffset, grown.byteLength)
  }

  #sourcesOf(of: readonly Column[]): Sources {
    if (this.#sources?.of === of) return this.#sources.sources
    const columns = of.map((column) => {
      assert(column.layout === 'bytes', `a byte-string column has the layout ${column.layout}`)
      return column
    })
    const views = columns.map(
      ({ data }) => new DataView(data.buffer, data.byteOffset, data.byteLength),
    )
    this.#sources = { of, sources: { columns, views } }
    return { columns, views }
  }
}
