/**
 * Gathers strings that still lie in their pages, each behind its length.
 *
 * A page is walked once, in order, and the places of the wanted values are noted; then these are copied in the order
 * that is asked for. Nothing is written of the values that are left out.
 */
import { type PrefixedPiece, walkPiece } from '../format/prefixed-bytes.ts'
import type { BytesColumn } from '../types/column.ts'
import { COPY_BY_WORDS_MAX, withRoom } from './gather-room.ts'

/** Rows of several sources in the order of an output, those of each source ascending. */
export interface Picks {
  readonly length: number
  /** For each source 1 at the rows that are picked; as long as its last such row needs. */
  readonly flags: readonly Uint8Array[]
  /** Where the picked rows of each source start among all, source by source. */
  readonly bases: Int32Array
  /** The place of each output row among these. */
  readonly slots: Uint32Array
  /** Scratch for each column: of every slot the page that its value lies in, and where its length lies there. */
  readonly pageOf: Uint16Array
  readonly starts: Int32Array
}

/** The picks of an output; null where the rows of a source do not ascend. */
export function picksOf(
  sourceOf: Uint16Array,
  rows: Uint32Array,
  lengths: readonly number[],
): Picks | null {
  const { length } = rows
  const flags = lengths.map((count) => new Uint8Array(count))
  const counts = new Int32Array(lengths.length)
  const lastRows = new Int32Array(lengths.length).fill(-1)
  for (let i = 0; i < length; i++) {
    const source = sourceOf[i]!
    const row = rows[i]!
    if (row <= lastRows[source]!) return null
    lastRows[source] = row
    flags[source]![row] = 1
    counts[source]!++
  }
  const bases = new Int32Array(lengths.length)
  for (let source = 1; source < bases.length; source++)
    bases[source] = bases[source - 1]! + counts[source - 1]!
  const next = bases.slice()
  const slots = new Uint32Array(length)
  for (let i = 0; i < length; i++) slots[i] = next[sourceOf[i]!]!++
  // Of a value that is not picked the place is noted too, and overwritten by the next: hence one slot more.
  const pageOf = new Uint16Array(length + 1)
  return { length, flags, bases, slots, pageOf, starts: new Int32Array(length + 1) }
}

/** The picked rows of columns whose values are in `sources`. */
export function gatherPrefixed(
  sources: readonly (readonly PrefixedPiece[])[],
  picks: Picks,
): BytesColumn {
  const { length, slots, pageOf, starts } = picks
  const { views, bytes, meanBytes } = locatePicks(sources, picks)
  const offsets = new Int32Array(length + 1)
  let { data, view } = withRoom(Math.ceil(1.02 * length * meanBytes))
  let size = 0
  for (let i = 0; i < length; i++) {
    const slot = slots[i]!
    const index = pageOf[slot]!
    const from = views[index]!
    const at = starts[slot]! + 4
    const count = from.getInt32(at - 4, true)
    if (size + count + 8 > data.length) ({ data, view } = withRoom(size + count, data))
    if (count <= COPY_BY_WORDS_MAX && at + count + 8 <= from.byteLength) {
      for (let b = 0; b < count; b += 8)
        view.setBigInt64(size + b, from.getBigInt64(at + b, true), true)
    } else data.set(bytes[index]!.subarray(at, at + count), size)
    size += count
    offsets[i + 1] = size
  }
  for (const pieces of sources) for (const { page } of pieces) page.finishPiece()
  return {
    layout: 'bytes',
    length,
    validity: null,
    data: data.subarray(0, size),
    starts: offsets.subarray(0, length),
    ends: offsets.subarray(1, length + 1),
  }
}

interface PickedPages {
  readonly views: readonly DataView[]
  readonly bytes: readonly Uint8Array[]
  readonly meanBytes: number
}

/** Fills `pageOf` and `starts` for a column. */
function locatePicks(
  sources: readonly (readonly PrefixedPiece[])[],
  { length, flags, bases, pageOf, starts }: Picks,
): PickedPages {
  const views: DataView[] = []
  const bytes: Uint8Array[] = []
  let weight = 0
  for (const [source, pieces] of sources.entries()) {
    let row = 0
    let slot = bases[source]!
    for (const piece of pieces) {
      const end = walkPiece(piece, flags[source]!.subarray(row, row + piece.count), starts, slot)
      pageOf.fill(views.length, slot, end)
      weight += piece.page.meanBytes * (end - slot)
      slot = end
      row += piece.count
      views.push(piece.page.view)
      bytes.push(piece.page.bytes)
    }
  }
  return { views, bytes, meanBytes: weight / Math.max(1, length) }
}
