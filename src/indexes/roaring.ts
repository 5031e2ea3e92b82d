/**
 * Roaring bitmaps: sets of unsigned 32-bit integers, in the bytes that all Roaring libraries share.
 *
 * The stored form (https://github.com/RoaringBitmap/RoaringFormatSpec, the Java class `RoaringBitmap`), little-endian:
 * a cookie, with the count and a flag a container when some are runs; key and cardinality of each container; their
 * offsets, unless there are runs and fewer than four containers; the containers.
 *
 * A bitmap is plain data that never changes; every operation makes a new one.
 */
import { corrupt } from '../util/errors.ts'
import {
  containerBytes,
  decodeContainer,
  requireBytes,
  writeContainer,
} from './roaring-container-bytes.ts'
import {
  ARRAY_VALUES_MAX,
  type Container,
  CONTAINER_VALUES,
  containerOf,
  copyValues,
  countUpTo,
  differenceOf,
  hasValue,
  intersectionOf,
  rangeContainer,
  runOptimized,
  runsOf,
  sameContainer,
  setWordBits,
  unionOf,
} from './roaring-container.ts'

export interface RoaringBitmap {
  /** The upper 16 bits of the values of each container, ascending. */
  readonly keys: readonly number[]
  /** The lower 16 bits. */
  readonly containers: readonly Container[]
}

const COOKIE_WITHOUT_RUNS = 12_346
const COOKIE_WITH_RUNS = 12_347
/** With runs, fewer containers than this are stored without their offsets. */
const OFFSET_CONTAINERS_MIN = 4
const CONTAINERS_MAX = 65_536

/** The bitmap of the values, as adding one after the other to an empty Java bitmap makes it. */
export function bitmapOf(values: Iterable<number>): RoaringBitmap {
  return bitmapOfAscending(Uint32Array.from(values).toSorted())
}

/** The same of values that ascend, of which some may be there twice. */
export function bitmapOfAscending(sorted: Uint32Array): RoaringBitmap {
  const keys: number[] = []
  const containers: Container[] = []
  for (let from = 0; from < sorted.length;) {
    const key = sorted[from]! >>> 16
    let end = from
    while (end < sorted.length && sorted[end]! >>> 16 === key) end++
    const lows = new Uint16Array(end - from)
    let count = 0
    for (let i = from; i < end; i++) {
      const low = sorted[i]! & 0xffff
      if (count === 0 || low !== lows[count - 1]) lows[count++] = low
    }
    keys.push(key)
    containers.push(containerOf(count === lows.length ? lows : lows.slice(0, count)))
    from = end
  }
  return { keys, containers }
}

/** The values `[from, to)`, as Java's `RoaringBitmap.bitmapOfRange` makes them. */
export function bitmapOfRange(from: number, to: number): RoaringBitmap {
  const keys: number[] = []
  const containers: Container[] = []
  for (let at = from; at < to;) {
    const key = Math.floor(at / CONTAINER_VALUES)
    const base = key * CONTAINER_VALUES
    const end = Math.min(to, base + CONTAINER_VALUES)
    keys.push(key)
    containers.push(rangeContainer(at - base, end - base))
    at = end
  }
  return { keys, containers }
}

export function cardinalityOf({ containers }: RoaringBitmap): number {
  return containers.reduce((sum, { cardinality }) => sum + cardinality, 0)
}

export function bitmapHas({ keys, containers }: RoaringBitmap, value: number): boolean {
  const at = firstFrom(keys, value >>> 16)
  return keys[at] === value >>> 16 && hasValue(containers[at]!, value & 0xffff)
}

/** The greatest value; -1 when there is none. */
export function lastOf({ keys, containers }: RoaringBitmap): number {
  const container = containers.at(-1)
  if (container === undefined) return -1
  const base = keys.at(-1)! * CONTAINER_VALUES
  switch (container.form) {
    case 'array':
      return base + container.values.at(-1)!
    case 'run':
      return base + container.runs.at(-2)! + container.runs.at(-1)!
    case 'bitmap': {
      const word = container.words.findLastIndex((each) => each !== 0)
      return base + 32 * word + 31 - Math.clz32(container.words[word]!)
    }
  }
}

/** The values, ascending. */
export function bitmapValues(bitmap: RoaringBitmap): Uint32Array<ArrayBuffer> {
  const values = new Uint32Array(cardinalityOf(bitmap))
  let end = 0
  for (const [i, key] of bitmap.keys.entries())
    end = copyValues(bitmap.containers[i]!, key * CONTAINER_VALUES, values, end)
  return values
}

/**
 * Sets the bit `at + v - from` for each value `v` in `[from, from + count)`, and returns how many there are: bit `b & 31`
 * of the word `b >> 5`, which are there and clear.
 */
export function fillBits(
  { keys, containers }: RoaringBitmap,
  from: number,
  count: number,
  words: Uint32Array,
  at = 0,
): number {
  const to = from + count
  let set = 0
  for (let i = firstFrom(keys, Math.floor(from / CONTAINER_VALUES)); i < keys.length; i++) {
    const base = keys[i]! * CONTAINER_VALUES
    if (base >= to) break
    const end = Math.min(to - base, CONTAINER_VALUES)
    set += fillContainerBits(containers[i]!, Math.max(from - base, 0), end, words, at + base - from)
  }
  return set
}

/** Values as ranges, ascending. */
export interface ValueRange {
  readonly from: number
  readonly to: number
}

/** The ranges that the values make, where those that lie up to `gap` values apart are one. */
export function bitmapRanges({ keys, containers }: RoaringBitmap, gap = 0): ValueRange[] {
  const ranges: { from: number; to: number }[] = []
  for (const [i, key] of keys.entries()) {
    const base = key * CONTAINER_VALUES
    const runs = runsOf(containers[i]!)
    for (let at = 0; at < runs.length; at += 2) {
      const from = base + runs[at]!
      const to = from + runs[at + 1]! + 1
      const last = ranges.at(-1)
      if (last !== undefined && from <= last.to + gap) last.to = to
      else ranges.push({ from, to })
    }
  }
  return ranges
}

/** Ranges of at least `lengthMin` values one behind the other; what arrays hold (4096 values at most) is not looked at. */
export function longRanges({ keys, containers }: RoaringBitmap, lengthMin: number): ValueRange[] {
  const isLooked = containers.map(({ form }) => form !== 'array')
  const looked = {
    keys: keys.filter((_, i) => isLooked[i]),
    containers: containers.filter((_, i) => isLooked[i]),
  }
  return bitmapRanges(looked).filter(({ from, to }) => to - from >= lengthMin)
}

export function union(a: RoaringBitmap, b: RoaringBitmap): RoaringBitmap {
  return combined(a, b, unionOf, true, true)
}

export function intersection(a: RoaringBitmap, b: RoaringBitmap): RoaringBitmap {
  return combined(a, b, intersectionOf, false, false)
}

/** What `a` has and `b` has not. */
export function difference(a: RoaringBitmap, b: RoaringBitmap): RoaringBitmap {
  return combined(a, b, differenceOf, true, false)
}

/** Whether they hold the same values, in whatever form. */
export function sameBitmap(a: RoaringBitmap, b: RoaringBitmap): boolean {
  return (
    a.keys.length === b.keys.length &&
    a.keys.every((key, i) => key === b.keys[i] && sameContainer(a.containers[i]!, b.containers[i]!))
  )
}

/** With runs where they are smaller, as Java's `runOptimize` chooses. */
export function withRuns({ keys, containers }: RoaringBitmap): RoaringBitmap {
  return { keys, containers: containers.map(runOptimized) }
}

/** The bytes that Java's `RoaringBitmap.serialize` writes of it; see {@link withRuns} for the usual step before. */
export function encodeBitmap(bitmap: RoaringBitmap): Uint8Array<ArrayBuffer> {
  const { keys, containers } = bitmap
  const count = containers.length
  const hasRuns = containers.some(({ form }) => form === 'run')
  const flagBytes = hasRuns ? Math.ceil(count / 8) : 0
  const hasOffsets = !hasRuns || count >= OFFSET_CONTAINERS_MIN
  const headBytes = (hasRuns ? 4 : 8) + flagBytes + (hasOffsets ? 8 : 4) * count
  const bytes = new Uint8Array(
    containers.reduce((sum, container) => sum + containerBytes(container), headBytes),
  )
  const view = new DataView(bytes.buffer)
  view.setUint32(0, hasRuns ? COOKIE_WITH_RUNS | ((count - 1) << 16) : COOKIE_WITHOUT_RUNS, true)
  if (!hasRuns) view.setUint32(4, count, true)
  const keysAt = (hasRuns ? 4 : 8) + flagBytes
  let at = headBytes
  for (const [i, container] of containers.entries()) {
    if (container.form === 'run') bytes[4 + (i >> 3)]! |= 1 << (i & 7)
    view.setUint16(keysAt + 4 * i, keys[i]!, true)
    view.setUint16(keysAt + 4 * i + 2, container.cardinality - 1, true)
    if (hasOffsets) view.setUint32(keysAt + 4 * count + 4 * i, at, true)
    writeContainer(bytes, at, container)
    at += containerBytes(container)
  }
  return bytes
}

/**
 * The bitmap that starts at `from`, and where its bytes end. CORRUPT, naming no file, for bytes that are none: whatever
 * they say, no more is allocated than a small multiple of their length.
 */
export function decodeBitmap(
  bytes: Uint8Array,
  from = 0,
): { readonly bitmap: RoaringBitmap; readonly end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { count, flagsAt, keysAt, hasOffsets } = decodeHead(view, from)
  // Offsets repeat what the cardinalities tell.
  let at = keysAt + (hasOffsets ? 8 : 4) * count
  requireBytes(view, at, 0)
  const keys: number[] = []
  const containers: Container[] = []
  for (let i = 0; i < count; i++) {
    const key = view.getUint16(keysAt + 4 * i, true)
    if (i > 0 && key <= keys[i - 1]!) throw corrupt('a bitmap has containers out of order')
    const cardinality = view.getUint16(keysAt + 4 * i + 2, true) + 1
    const isRun = flagsAt !== null && (bytes[flagsAt + (i >> 3)]! & (1 << (i & 7))) !== 0
    const isArray = cardinality <= ARRAY_VALUES_MAX
    const form = isRun ? 'run' : isArray ? 'array' : 'bitmap'
    const container = decodeContainer(view, at, form, cardinality)
    keys.push(key)
    containers.push(container)
    at += containerBytes(container)
  }
  return { bitmap: { keys, containers }, end: at }
}

interface Head {
  readonly count: number
  readonly flagsAt: number | null
  readonly keysAt: number
  readonly hasOffsets: boolean
}

function decodeHead(view: DataView, from: number): Head {
  requireBytes(view, from, 4)
  const cookie = view.getUint32(from, true)
  if ((cookie & 0xffff) === COOKIE_WITH_RUNS) {
    const count = (cookie >>> 16) + 1
    const flagsAt = from + 4
    return {
      count,
      flagsAt,
      keysAt: flagsAt + Math.ceil(count / 8),
      hasOffsets: count >= OFFSET_CONTAINERS_MIN,
    }
  }
  if (cookie !== COOKIE_WITHOUT_RUNS) throw corrupt('no bitmap, by its first bytes')
  requireBytes(view, from + 4, 4)
  const count = view.getUint32(from + 4, true)
  if (count > CONTAINERS_MAX) throw corrupt(`a bitmap has ${count} containers`)
  return { count, flagsAt: null, keysAt: from + 8, hasOffsets: true }
}

/** Sets the bit `shift + v` for each value `v` in `[from, to)` of a container, and returns how many there are. */
function fillContainerBits(
  container: Container,
  from: number,
  to: number,
  words: Uint32Array,
  shift: number,
): number {
  let set = 0
  switch (container.form) {
    case 'array': {
      const { values } = container
      for (let i = countUpTo(values, 1, from - 1); i < values.length && values[i]! < to; i++) {
        const bit = shift + values[i]!
        words[bit >>> 5]! |= 1 << (bit & 31)
        set++
      }
      return set
    }
    case 'bitmap':
      for (let i = from >> 5; 32 * i < to; i++)
        for (let word = container.words[i]!; word !== 0; word &= word - 1) {
          const value = 32 * i + 31 - Math.clz32(word & -word)
          if (value < from || value >= to) continue
          const bit = shift + value
          words[bit >>> 5]! |= 1 << (bit & 31)
          set++
        }
      return set
    case 'run': {
      const { runs } = container
      for (let i = 0; i < runs.length; i += 2) {
        const first = Math.max(runs[i]!, from)
        const end = Math.min(runs[i]! + runs[i + 1]! + 1, to)
        if (first >= end) continue
        setWordBits(words, shift + first, shift + end)
        set += end - first
      }
      return set
    }
  }
}

function combined(
  a: RoaringBitmap,
  b: RoaringBitmap,
  both: (a: Container, b: Container) => Container | null,
  keepsA: boolean,
  keepsB: boolean,
): RoaringBitmap {
  const keys: number[] = []
  const containers: Container[] = []
  let at = 0
  let other = 0
  while (at < a.keys.length || other < b.keys.length) {
    const keyA = a.keys[at] ?? CONTAINERS_MAX
    const keyB = b.keys[other] ?? CONTAINERS_MAX
    let container: Container | null = null
    if (keyA === keyB) container = both(a.containers[at]!, b.containers[other]!)
    else if (keyA < keyB) container = keepsA ? a.containers[at]! : null
    else container = keepsB ? b.containers[other]! : null
    if (container !== null) {
      keys.push(Math.min(keyA, keyB))
      containers.push(container)
    }
    if (keyA <= keyB) at++
    if (keyB <= keyA) other++
  }
  return { keys, containers }
}

/** Where the first key that is no less than `key` stands. */
function firstFrom(keys: readonly number[], key: number): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keys[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}
