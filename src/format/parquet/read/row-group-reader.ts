/** Reads wanted columns of wanted rows of one row group, window by window. */
import { nullColumn, takeColumn } from '../../../types/column-take.ts'
import { type Column } from '../../../types/column.ts'
import type { ByteRange, ByteRanges } from '../../byte-ranges.ts'
import { type ColumnChunk, type PageLocation, type RowGroup } from '../metadata.ts'
import type { LeafNode } from '../tree.ts'
import { assembleColumn, type DecodedLeaf } from './assemble.ts'
import type { FileBatch } from './file-reader.ts'
import { FlatReader } from './flat-reader.ts'
import { type LeafDecoder, leafDecoder } from './leaf-column.ts'
import { NestedReader } from './nested-reader.ts'
import { readOffsetIndex } from './page-metadata.ts'
import { PageStream, type RowRange } from './page-stream.ts'
import { type ColumnPlan, plannedLeaves } from './resolve.ts'

export interface RowGroupRead {
  readonly source: ByteRanges
  readonly group: RowGroup
  /** The group's first row in the file. */
  readonly firstRow: number
  /** The rows to read, relative to the group, ascending. */
  readonly ranges: readonly RowRange[]
  readonly plans: readonly ColumnPlan[]
  readonly views: boolean
}

interface Leaf {
  readonly stream: PageStream
  readonly decoder: LeafDecoder
  readonly reader: FlatReader | NestedReader
}

/** A chunk above this is read page by page, by its offset index. */
const WHOLE_CHUNK_BYTES = 4 << 20

export class RowGroupReader {
  readonly #read: RowGroupRead
  #leaves: Promise<ReadonlyMap<LeafNode, Leaf>> | null = null
  /** The prefetch under way, which the next read waits for. */
  #prefetch: Promise<void> = Promise.resolve()
  /** The range that is being read, and how far it is. */
  #range = 0
  #row: number

  constructor(read: RowGroupRead) {
    this.#read = read
    this.#row = read.ranges[0]?.from ?? 0
  }

  get isDone(): boolean {
    return this.#range >= this.#read.ranges.length
  }

  /** Puts the pages of the next `rowCount` rows under way. */
  prefetch(rowCount: number): void {
    const window = this.#peek(rowCount)
    const end = window.at(-1)?.to
    if (end === undefined) return
    this.#prefetch = this.#prefetchTo(end)
    // A failure is reported by the read that waits for it.
    this.#prefetch.catch(() => {})
  }

  /** The ranges of the next `rowCount` rows, or of fewer at the end, once their pages are under way. */
  async next(rowCount: number): Promise<RowRange[]> {
    const window = this.#take(rowCount)
    const end = window.at(-1)?.to
    await this.#prefetch
    if (end !== undefined) await this.#prefetchTo(end)
    return window
  }

  /**
   * The rows of what {@link next} returned last, but for those that are dropped (bit i is of the i-th of them); null when
   * the window has none.
   */
  async read(
    window: readonly RowRange[],
    dropped: Uint32Array | null = null,
  ): Promise<FileBatch | null> {
    if (window.length === 0) return null
    const leaves = await this.#open()
    const { firstRow } = this.#read
    const rows = window.map(({ from, to }) => ({ from: firstRow + from, to: firstRow + to }))
    const choice = chosenRows(window, dropped)
    const columns: Column[] = []
    if (choice.kept === null || choice.kept.length > 0)
      for (const plan of this.#read.plans) columns.push(await readColumn(plan, leaves, choice))
    return { length: choice.kept?.length ?? choice.length, columns, rows }
  }

  async #prefetchTo(row: number): Promise<void> {
    const leaves = await this.#open()
    await Promise.all([...leaves.values()].map(({ stream }) => stream.prefetch(row)))
  }

  #peek(rowCount: number): RowRange[] {
    const range = this.#range
    const row = this.#row
    const window = this.#take(rowCount)
    this.#range = range
    this.#row = row
    return window
  }

  /** The ranges of the next `rowCount` rows; moves behind them. */
  #take(rowCount: number): RowRange[] {
    const { ranges } = this.#read
    const window: RowRange[] = []
    let rest = rowCount
    while (rest > 0 && this.#range < ranges.length) {
      const range = ranges[this.#range]!
      const from = this.#row
      const to = Math.min(range.to, from + rest)
      window.push({ from, to })
      rest -= to - from
      this.#row = to
      if (to === range.to) {
        this.#range++
        this.#row = ranges[this.#range]?.from ?? 0
      }
    }
    return window
  }

  async #open(): Promise<ReadonlyMap<LeafNode, Leaf>> {
    this.#leaves ??= this.#openLeaves()
    return await this.#leaves
  }

  async #openLeaves(): Promise<ReadonlyMap<LeafNode, Leaf>> {
    const { source, group, ranges, plans, views } = this.#read
    const planned = plans.flatMap((plan) =>
      plannedLeaves(plan).map((leaf) => ({ ...leaf, flat: isFlat(plan) })),
    )
    const chunks = planned.map(({ node }) => group.columns[node.leaf]!)
    const locations = await readLocations(source, chunks, this.#needsLocations())
    const leaves = new Map<LeafNode, Leaf>()
    for (const [i, { node, type, flat }] of planned.entries()) {
      const stream = new PageStream(source, chunks[i]!, node, ranges, group.rowCount, locations[i]!)
      const decoder = leafDecoder(node, type, views, source.path)
      const Reader = flat ? FlatReader : NestedReader
      leaves.set(node, { stream, decoder, reader: new Reader(stream, node, decoder.values) })
    }
    source.announce([...leaves.values()].flatMap(({ stream }) => stream.firstRanges()))
    return leaves
  }

  /** Whether a chunk of this many bytes is better read by its offset index. */
  #needsLocations(): (chunk: ColumnChunk) => boolean {
    const { ranges, group } = this.#read
    const isWhole = ranges.length === 1 && ranges[0]!.to - ranges[0]!.from === group.rowCount
    return (chunk) => !isWhole || chunk.compressedBytes > WHOLE_CHUNK_BYTES
  }
}

/** Only a column that is a leaf of its own, whose one level says null or not, has a slot a row. */
function isFlat(plan: ColumnPlan): boolean {
  return plan.kind === 'leaf' && plan.node.repetitionLevel === 0 && plan.node.definition <= 1
}

/** Rows to be read: those of a window, or some of them. */
interface Choice {
  readonly window: readonly RowRange[]
  /** Rows of the window. */
  readonly length: number
  /** The rows of the window that are kept; null when all are. */
  readonly kept: Uint32Array | null
  /** The same as a 1 or 0 for each row of the window. */
  readonly flags: Uint8Array | null
}

function chosenRows(window: readonly RowRange[], dropped: Uint32Array | null): Choice {
  const length = window.reduce((sum, range) => sum + range.to - range.from, 0)
  if (dropped === null) return { window, length, kept: null, flags: null }
  const kept = new Uint32Array(length)
  const flags = new Uint8Array(length)
  let count = 0
  for (let row = 0; row < length; row++) {
    const flag = ~(dropped[row >>> 5]! >>> (row & 31)) & 1
    flags[row] = flag
    kept[count] = row
    count += flag
  }
  if (count === length) return { window, length, kept: null, flags: null }
  return { window, length, kept: kept.subarray(0, count), flags }
}

async function readColumn(
  plan: ColumnPlan,
  leaves: ReadonlyMap<LeafNode, Leaf>,
  { window, length, kept, flags }: Choice,
): Promise<Column> {
  if (plan.kind === 'missing') return nullColumn(plan.type, kept?.length ?? length)
  const decoded = new Map<LeafNode, DecodedLeaf>()
  for (const { node } of plannedLeaves(plan)) {
    const { reader, decoder } = leaves.get(node)!
    if (reader instanceof NestedReader) {
      decoded.set(node, { entries: await reader.read(window), decoder })
      continue
    }
    // Values that stay in their pages are pointed to, so that passing over some costs nothing more afterwards.
    if (kept !== null && decoder.values.holdsPages !== true)
      return decoder.finish(kept.length, await reader.read(window, kept.length, flags))
    const column = decoder.finish(length, await reader.read(window, length))
    return kept === null ? column : takeColumn(column, kept)
  }
  const column = assembleColumn(plan, decoded, length)
  return kept === null ? column : takeColumn(column, kept)
}

async function readLocations(
  source: ByteRanges,
  chunks: readonly ColumnChunk[],
  isNeeded: (chunk: ColumnChunk) => boolean,
): Promise<(PageLocation[] | null)[]> {
  const ranges = chunks.map((chunk): ByteRange | null => {
    const { offsetIndexOffset, offsetIndexLength } = chunk
    if (offsetIndexOffset === undefined || offsetIndexLength === undefined) return null
    if (offsetIndexLength <= 0 || !isNeeded(chunk)) return null
    return { offset: offsetIndexOffset, length: offsetIndexLength }
  })
  source.announce(ranges.filter((range) => range !== null))
  return await Promise.all(
    ranges.map(async (range) =>
      range === null ? null : readOffsetIndex(await source.read(range.offset, range.length)),
    ),
  )
}
