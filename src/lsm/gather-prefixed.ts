/**
 * Gathers strings that still lie in their pages, each behind its length.
 *
 * Block by block of the output, the pages are walked, in order, and the places of the wanted values are noted; then these
 * are copied in the order that is asked for. Nothing is written of the values that are left out, and what a block walks
 * over is still near when it is copied.
 */
import { type Arena, giveArena, RESULT_AT, takeArena } from '../format/kernels/arena.ts'
import type { PrefixedPiece } from '../format/prefixed-bytes.ts'
import { allocateBytes } from '../io/allocate.ts'
import type { BytesColumn } from '../types/column.ts'

const BLOCK_ROWS = 8192

/** Rows of several sources in the order of an output, those of each source ascending. */
export interface Picks {
  readonly length: number
  /** For each source 1 at the rows that are picked. */
  readonly flags: readonly Uint8Array[]
  readonly blocks: readonly PickBlock[]
  /** The place of each output row among those of its block, source by source. */
  readonly slots: Uint16Array
}

/** Output rows `[from, to)`. */
interface PickBlock {
  readonly from: number
  readonly to: number
  /** For each source the row behind the last that is picked so far, and the slot of the first that is. */
  readonly ends: Int32Array
  readonly bases: Int32Array
}

/** The picks of an output; null where the rows of a source do not ascend. */
export function picksOf(
  sourceOf: Uint16Array,
  rows: Uint32Array,
  lengths: readonly number[],
): Picks | null {
  const { length } = rows
  const flags = lengths.map((count) => new Uint8Array(count))
  const slots = new Uint16Array(length)
  const blocks: PickBlock[] = []
  let ends = new Int32Array(lengths.length)
  for (let from = 0; from < length; from += BLOCK_ROWS) {
    const to = Math.min(length, from + BLOCK_ROWS)
    ends = ends.slice()
    const bases = new Int32Array(lengths.length + 1)
    for (let i = from; i < to; i++) {
      const source = sourceOf[i]!
      const row = rows[i]!
      if (row < ends[source]!) return null
      ends[source] = row + 1
      flags[source]![row] = 1
      bases[source + 1]!++
    }
    for (let source = 1; source < bases.length; source++) bases[source]! += bases[source - 1]!
    const next = bases.slice()
    for (let i = from; i < to; i++) slots[i] = next[sourceOf[i]!]!++
    blocks.push({ from, to, ends, bases })
  }
  return { length, flags, blocks, slots }
}

/** More bytes of pages than this at a time are not copied to where kernels work. */
const PAGES_BYTES_MAX = 16 << 20
/** What is copied of a page beyond what its values take if they are of its mean length. */
const SLACK = 1.1
const SLACK_BYTES = 1024

/** The picked rows of columns whose values are in `sources`; null where kernels cannot serve them. */
export function gatherPrefixed(
  sources: readonly (readonly PrefixedPiece[])[],
  { length, slots, flags, blocks }: Picks,
): BytesColumn | null {
  const spans = sources.map((pieces) => pieces.map(spanOf))
  const pageBytes = spans.flat().reduce((sum, { size }) => sum + size, 0)
  if (pageBytes > PAGES_BYTES_MAX) return null
  const rowCount = flags.reduce((sum, of) => sum + of.length, 0)
  const allocations = spans.flat().length + sources.length + 4
  const arena = takeArena()
  try {
    arena.reset(2 * pageBytes + rowCount + 6 * length + 4 * (BLOCK_ROWS + 1), allocations)
    const walks = sources.map((_, source) => new Walk(arena, spans[source]!, flags[source]!))
    const places = arena.allocate(4 * (BLOCK_ROWS + 1))
    const slotsAt = arena.allocate(2 * length)
    arena.bytes(slotsAt, 2 * length).set(new Uint8Array(slots.buffer, 0, 2 * length))
    const ends = arena.allocate(4 * length)
    const out = arena.allocate(pageBytes)
    let size = 0
    for (const block of blocks) {
      const { from, to, bases } = block
      for (const [source, walk] of walks.entries())
        if (!walk.pick(block.ends[source]!, places + 4 * bases[source]!)) return null
      const blockSlots = slotsAt + 2 * from
      size += arena.kernels.gatherPicked(
        places,
        blockSlots,
        to - from,
        out + size,
        ends + 4 * from,
        size,
      )
    }
    for (const walk of walks) walk.finish()
    return copyOut(arena, { out, size, ends, length })
  } finally {
    giveArena(arena)
  }
}

/** The bytes of a page from a piece's first value on, which surely or most likely hold all its values. */
interface Span {
  readonly piece: PrefixedPiece
  readonly position: number
  readonly size: number
}

function spanOf(piece: PrefixedPiece): Span {
  const { page, row, count } = piece
  page.seek(row)
  const { position, to, meanBytes } = page
  const likely = Math.ceil(SLACK * count * (4 + meanBytes)) + SLACK_BYTES
  return { piece, position, size: Math.min(to - position, likely) }
}

/** The way through the pieces of one source, which lie in the arena. */
class Walk {
  readonly #arena: Arena
  readonly #spans: readonly Span[]
  readonly #addresses: readonly number[]
  readonly #flags: number
  /** The open piece, how far it was walked, and the rows of the source before it. */
  #index = 0
  #read = 0
  #from = 0
  #row = 0

  constructor(arena: Arena, spans: readonly Span[], flags: Uint8Array) {
    this.#arena = arena
    this.#spans = spans
    this.#flags = arena.allocate(flags.length)
    arena.bytes(this.#flags, flags.length).set(flags)
    this.#addresses = spans.map(({ piece, position, size }) => {
      const at = arena.allocate(size)
      arena.bytes(at, size).set(piece.page.bytes.subarray(position, position + size))
      return at
    })
  }

  /** Walks to the row `end`, and notes the places of the flagged rows; false where the bytes do not hold them. */
  pick(end: number, places: number): boolean {
    let next = places
    while (this.#row < end) {
      const { piece, size } = this.#spans[this.#index]!
      const pieceEnd = this.#from + piece.count
      const to = Math.min(end, pieceEnd)
      const at = this.#addresses[this.#index]! + this.#read
      const left = size - this.#read
      const usual = Math.round(piece.page.meanBytes)
      const flags = this.#flags + this.#row
      const read = this.#arena.kernels.pickPlain(
        at,
        left,
        to - this.#row,
        flags,
        next,
        usual,
        RESULT_AT,
      )
      if (read < 0) return false
      next = this.#arena.ints(RESULT_AT, 1)[0]!
      this.#read += read
      this.#row = to
      if (to === pieceEnd) this.#leavePiece()
    }
    return true
  }

  /** Notes in the page how far it was walked, for who goes on there. */
  #leavePiece(): void {
    const { piece, position } = this.#spans[this.#index]!
    piece.page.pass(piece.row + this.#row - this.#from, position + this.#read)
    this.#from += piece.count
    this.#read = 0
    this.#index++
  }

  /** All picked values were copied. */
  finish(): void {
    if (this.#row > this.#from) this.#leavePiece()
    for (const { piece } of this.#spans) piece.page.finishPiece()
  }
}

interface Gathered {
  readonly out: number
  readonly size: number
  readonly ends: number
  readonly length: number
}

function copyOut(arena: Arena, { out, size, ends, length }: Gathered): BytesColumn {
  const data = allocateBytes(size)
  data.set(arena.bytes(out, size))
  const offsets = new Int32Array(length + 1)
  offsets.set(arena.ints(ends, length), 1)
  return {
    layout: 'bytes',
    length,
    validity: null,
    data,
    starts: offsets.subarray(0, length),
    ends: offsets.subarray(1),
  }
}
