/**
 * The files of the levels above the output of a compaction, in which older rows of its keys are looked up.
 *
 * The keys of a compaction come in ascending order, and so do those of each file: a lookup is a merge, which goes on
 * where the one before it stopped, and passes what lies between in strides. Follows the Java class `LookupLevels`.
 */
import type { DataFile, RowRange } from '../../format/data-file.ts'
import { bitmapHas, type RoaringBitmap } from '../../indexes/roaring.ts'
import { joinPath } from '../../io/path.ts'
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { columnBuilder } from '../../types/column-builder.ts'
import { appendValue } from '../../types/internal-value.ts'
import type { RewriteContext } from '../compaction-rewrite.ts'
import { decodeKey } from '../key-compare.ts'
import { keyOrder, type KeyValueLayout } from '../key-value.ts'
import { compareKeys, type SortKeys, sortKeys } from '../sort-keys.ts'
import { FileKeys, type KeyBlock, seekKey } from './file-keys.ts'
import { type KeyCache, keyCacheOf } from './key-cache.ts'

/** Keys that are looked for, ascending: key i is row `rows[i]` of `keys[sourceOf[i]]`. */
export interface Probes {
  readonly length: number
  readonly keys: readonly SortKeys[]
  readonly sourceOf: Uint16Array
  readonly rows: Uint32Array
}

/** Where keys were found. */
export interface FoundRows {
  readonly files: readonly UpperFile[]
  /** The file of each probe's row, and where in the file it stands; -1 where there is none. */
  readonly fileOf: Int32Array
  readonly positions: Uint32Array
  readonly count: number
}

/** A file that is looked up in. */
export interface UpperFile {
  readonly meta: DataFileMeta
  /** Opened once it is needed. */
  readonly open: () => Promise<DataFile>
}

export class UpperFiles {
  readonly #files: readonly FileSearch[]
  /** The files of each level, from the lowest on, as numbers of `#files`. */
  readonly #levels: readonly (readonly number[])[]

  /** The files of the levels above `outputLevel` as they are now. */
  constructor(context: RewriteContext, outputLevel: number) {
    const levels = context.levels().upper.slice(outputLevel)
    this.#files = levels.flat().map((meta) => new FileSearch(context, meta))
    let next = 0
    this.#levels = levels.map((files) => files.map(() => next++)).filter(({ length }) => length > 0)
  }

  get isEmpty(): boolean {
    return this.#files.length === 0
  }

  /** Looks for keys, each above all that were looked for before. The lowest level that has a key counts. */
  async find(probes: Probes): Promise<FoundRows> {
    const { length } = probes
    const fileOf = new Int32Array(length).fill(-1)
    const positions = new Uint32Array(length)
    const found: Found = { fileOf, positions, count: 0 }
    for (const level of this.#levels) {
      // Files of a level ascend, and so do the keys.
      let from = 0
      for (const number of level) {
        if (from === length) break
        from = await this.#files[number]!.search(probes, from, number, found)
      }
    }
    return { files: this.#files, ...found }
  }
}

interface Found {
  readonly fileOf: Int32Array
  readonly positions: Uint32Array
  count: number
}

/** The way through the keys of one file. */
class FileSearch implements UpperFile {
  readonly meta: DataFileMeta
  readonly open: () => Promise<DataFile>
  readonly #cache: KeyCache
  readonly #path: string
  readonly #makeKeys: () => FileKeys
  readonly #bounds: () => SortKeys
  readonly #deleted: () => RoaringBitmap | undefined
  /** The rows that are there, whatever their keys; null for all. */
  readonly #live: () => Promise<readonly RowRange[] | null>
  #keys: FileKeys | null = null
  #block = 0
  #row = 0

  constructor(context: RewriteContext, meta: DataFileMeta) {
    const { layout, openRun, target, directory, deletions, expiry } = context
    const run = openRun(meta)
    this.meta = meta
    this.open = once(async () => await run.open())
    this.#cache = keyCacheOf(target)
    this.#path = joinPath(directory, meta.fileName)
    this.#makeKeys = () => new FileKeys(layout, this.open)
    this.#bounds = once(() => boundsOf(layout, meta))
    this.#deleted = () => deletions?.of(meta.fileName)
    // That a first row has expired does not make way for another one.
    const expires = expiry && layout.engine !== 'first-row'
    this.#live = once(async () => (expires ? await run.rows(await this.open()) : null))
  }

  /** Looks for the probes from `from` on that were not found yet; returns the first that is above the file. */
  async search(probes: Probes, from: number, number: number, found: Found): Promise<number> {
    const bounds = this.#bounds()
    let probe = firstBehind(probes, from, bounds, 0, false)
    const end = firstBehind(probes, probe, bounds, 1, true)
    if (probe === end) return end
    this.#keys ??= this.#cache.open(this.#path, this.#makeKeys)
    const live = await this.#live()
    while (probe < end) {
      const block = await this.#cache.block(this.#path, this.#keys, this.#block)
      // Behind the last block there is nothing more, whatever the file's greatest key is said to be.
      if (block === null) return end
      probe = this.#searchBlock(block, live, probes, probe, end, number, found)
      if (probe < end) {
        this.#block++
        this.#row = 0
      }
    }
    return end
  }

  /** Looks for the probes in the block; returns the first that is above it. */
  #searchBlock(
    { keys, firstRow }: KeyBlock,
    live: readonly RowRange[] | null,
    { keys: sources, sourceOf, rows }: Probes,
    from: number,
    to: number,
    number: number,
    found: Found,
  ): number {
    const deleted = this.#deleted()
    const { fileOf, positions } = found
    let row = this.#row
    let probe = from
    for (; probe < to; probe++) {
      if (fileOf[probe]! >= 0) continue
      const source = sources[sourceOf[probe]!]!
      row = seekKey(keys, row, source, rows[probe]!)
      if (row === keys.length) break
      if (compareKeys(keys, row, source, rows[probe]!) !== 0) continue
      const position = firstRow + row
      if (deleted !== undefined && bitmapHas(deleted, position)) continue
      if (live !== null && !hasRow(live, position)) continue
      fileOf[probe] = number
      positions[probe] = position
      found.count++
    }
    this.#row = row
    return probe
  }
}

/** The first probe from `from` on that comes behind the key in order: at it or above, or above it alone. */
function firstBehind(
  { length, keys, sourceOf, rows }: Probes,
  from: number,
  bounds: SortKeys,
  at: number,
  isAbove: boolean,
): number {
  let low = from
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    const order = compareKeys(keys[sourceOf[middle]!]!, rows[middle]!, bounds, at)
    if (order < 0 || (isAbove && order === 0)) low = middle + 1
    else high = middle
  }
  return low
}

/** Whether the row is in one of the ranges, which ascend. */
function hasRow(ranges: readonly RowRange[], row: number): boolean {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ranges[middle]!.to <= row) low = middle + 1
    else high = middle
  }
  return low < ranges.length && ranges[low]!.from <= row
}

/** The least and the greatest key of the file. */
function boundsOf(layout: KeyValueLayout, { minKey, maxKey }: DataFileMeta): SortKeys {
  const [min, max] = [minKey, maxKey].map((bytes) => decodeKey(layout.keys, bytes))
  const columns = layout.keys.map(({ type }, i) => {
    const builder = columnBuilder(type)
    appendValue(builder, type, min![i]!)
    appendValue(builder, type, max![i]!)
    return builder.finish()
  })
  return sortKeys(keyOrder(layout), columns, 2)
}

function once<Result>(make: () => Result): () => Result {
  let made: { readonly result: Result } | null = null
  return () => (made ??= { result: make() }).result
}
