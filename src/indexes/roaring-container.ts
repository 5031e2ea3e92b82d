/**
 * Containers: the sets of 16-bit values that a Roaring bitmap is made of, in its three forms.
 *
 * Which form a set has depends on how it came to be, and Java stores it in the form that it has: so a union takes the
 * form here that it takes in the Java classes `ArrayContainer`, `BitmapContainer` and `RunContainer`.
 */

/** Ascending values, at most {@link ARRAY_VALUES_MAX} of them. */
export interface ArrayContainer {
  readonly form: 'array'
  readonly cardinality: number
  readonly values: Uint16Array<ArrayBuffer>
}

/** One bit a value: bit `v & 31` of the word `v >> 5`, of {@link BITMAP_WORDS} words. */
export interface BitmapContainer {
  readonly form: 'bitmap'
  readonly cardinality: number
  readonly words: Uint32Array<ArrayBuffer>
}

/** Pairs of a first value and how many follow it, ascending and disjoint. */
export interface RunContainer {
  readonly form: 'run'
  readonly cardinality: number
  readonly runs: Uint16Array<ArrayBuffer>
}

/** Never empty, and never changed once it is made. */
export type Container = ArrayContainer | BitmapContainer | RunContainer

export const ARRAY_VALUES_MAX = 4096
const BITMAP_WORDS = 2048
export const BITMAP_BYTES = 8192
/** How many values a container can hold. */
export const CONTAINER_VALUES = 65_536

export function arrayContainer(values: Uint16Array<ArrayBuffer>): ArrayContainer {
  return { form: 'array', cardinality: values.length, values }
}

/** The values `[from, to)`, in the form that Java's `Container.rangeOfOnes` gives them. */
export function rangeContainer(from: number, to: number): Container {
  const cardinality = to - from
  if (cardinality > 2)
    return { form: 'run', cardinality, runs: Uint16Array.of(from, cardinality - 1) }
  return arrayContainer(cardinality === 1 ? Uint16Array.of(from) : Uint16Array.of(from, from + 1))
}

/** Ascending values, as adding one after the other makes a container of them. */
export function containerOf(values: Uint16Array<ArrayBuffer>): Container {
  if (values.length <= ARRAY_VALUES_MAX) return arrayContainer(values)
  const words = new Uint32Array(BITMAP_WORDS)
  for (const value of values) words[value >> 5]! |= 1 << (value & 31)
  return { form: 'bitmap', cardinality: values.length, words }
}

export function hasValue(container: Container, value: number): boolean {
  switch (container.form) {
    case 'bitmap':
      return (container.words[value >> 5]! & (1 << (value & 31))) !== 0
    case 'array': {
      const at = countUpTo(container.values, 1, value) - 1
      return at >= 0 && container.values[at] === value
    }
    case 'run': {
      const { runs } = container
      const at = 2 * (countUpTo(runs, 2, value) - 1)
      return at >= 0 && value - runs[at]! <= runs[at + 1]!
    }
  }
}

/** Writes `base` + each value, ascending, into `target` from `at`; where it ended. */
export function copyValues(
  container: Container,
  base: number,
  target: Uint32Array,
  at: number,
): number {
  let end = at
  switch (container.form) {
    case 'array':
      for (const value of container.values) target[end++] = base + value
      return end
    case 'bitmap':
      for (let i = 0; i < BITMAP_WORDS; i++) {
        let word = container.words[i]!
        for (; word !== 0; word &= word - 1)
          target[end++] = base + 32 * i + 31 - Math.clz32(word & -word)
      }
      return end
    case 'run': {
      const { runs } = container
      for (let i = 0; i < runs.length; i += 2) {
        const last = runs[i]! + runs[i + 1]!
        for (let value = runs[i]!; value <= last; value++) target[end++] = base + value
      }
      return end
    }
  }
}

/** The bits of the values, in words of their own. */
function wordsOf(container: Container): Uint32Array<ArrayBuffer> {
  if (container.form === 'bitmap') return container.words.slice()
  const words = new Uint32Array(BITMAP_WORDS)
  addBits(words, container)
  return words
}

/** The container of the words' bits, which it may keep; null when none is set. */
function containerOfWords(words: Uint32Array<ArrayBuffer>): Container | null {
  const cardinality = countWords(words)
  if (cardinality === 0) return null
  if (cardinality > ARRAY_VALUES_MAX) return { form: 'bitmap', cardinality, words }
  const values = new Uint16Array(cardinality)
  let at = 0
  for (let i = 0; i < BITMAP_WORDS; i++)
    for (let word = words[i]!; word !== 0; word &= word - 1)
      values[at++] = 32 * i + 31 - Math.clz32(word & -word)
  return arrayContainer(values)
}

/** The maximal runs, as pairs of a first value and how many follow it. */
export function runsOf(container: Container): Uint16Array<ArrayBuffer> {
  if (container.form === 'run') return container.runs
  const runs = new Uint16Array(2 * runCount(container))
  const append = runAppender(runs)
  if (container.form === 'array') for (const value of container.values) append(value, 0)
  else
    for (let i = 0; i < BITMAP_WORDS; i++)
      for (let word = container.words[i]!; word !== 0; word &= word - 1)
        append(32 * i + 31 - Math.clz32(word & -word), 0)
  return runs
}

/** The form that takes the fewest bytes, with what Java prefers among equals. */
export function runOptimized(container: Container): Container {
  if (container.form === 'run') return efficient(container)
  const sizeBytes = container.form === 'array' ? 2 * container.cardinality : BITMAP_BYTES
  if (sizeBytes <= runBytes(runCount(container))) return container
  return { form: 'run', cardinality: container.cardinality, runs: runsOf(container) }
}

export function unionOf(a: Container, b: Container): Container {
  if (a.form === 'bitmap' || b.form === 'bitmap') {
    const words = wordsOf(a)
    addBits(words, b)
    return bitmapOrFull(words)
  }
  if (a.form === 'run' || b.form === 'run') return unionOfRuns(a, b)
  if (a.cardinality + b.cardinality > ARRAY_VALUES_MAX) {
    const words = wordsOf(a)
    addBits(words, b)
    const union = containerOfWords(words)!
    return union.cardinality === CONTAINER_VALUES ? rangeContainer(0, CONTAINER_VALUES) : union
  }
  return arrayContainer(unionOfValues(a.values, b.values))
}

/** Null when they share nothing. */
export function intersectionOf(a: Container, b: Container): Container | null {
  if (a.form === 'array') return filtered(a.values, (value) => hasValue(b, value))
  if (b.form === 'array') return filtered(b.values, (value) => hasValue(a, value))
  const words = wordsOf(a)
  const others = b.form === 'bitmap' ? b.words : wordsOf(b)
  for (let i = 0; i < BITMAP_WORDS; i++) words[i]! &= others[i]!
  return containerOfWords(words)
}

/** What `a` has and `b` has not; null when that is nothing. */
export function differenceOf(a: Container, b: Container): Container | null {
  if (a.form === 'array') return filtered(a.values, (value) => !hasValue(b, value))
  const words = wordsOf(a)
  const others = b.form === 'bitmap' ? b.words : wordsOf(b)
  for (let i = 0; i < BITMAP_WORDS; i++) words[i]! &= ~others[i]!
  return containerOfWords(words)
}

export function sameContainer(a: Container, b: Container): boolean {
  if (a.cardinality !== b.cardinality) return false
  const others = wordsOf(b)
  return wordsOf(a).every((word, i) => word === others[i])
}

export function countWords(words: Uint32Array): number {
  let count = 0
  for (const word of words) count += bitCount(word)
  return count
}

/** What a run container of that many runs takes when it is stored. */
export function runBytes(runs: number): number {
  return 2 + 4 * runs
}

/** A run container as it is, or in another form where that is smaller. */
function efficient(container: RunContainer): Container {
  const { cardinality, runs } = container
  const sizeBytes = runBytes(runs.length / 2)
  if (sizeBytes <= Math.min(BITMAP_BYTES, 2 + 2 * cardinality)) return container
  return containerOfWords(wordsOf(container))!
}

function bitmapOrFull(words: Uint32Array<ArrayBuffer>): Container {
  const cardinality = countWords(words)
  return cardinality === CONTAINER_VALUES
    ? rangeContainer(0, CONTAINER_VALUES)
    : { form: 'bitmap', cardinality, words }
}

function unionOfRuns(
  a: ArrayContainer | RunContainer,
  b: ArrayContainer | RunContainer,
): Container {
  const left = runsOf(a)
  const right = runsOf(b)
  const merged = new Uint16Array(left.length + right.length)
  const append = runAppender(merged)
  let end = 0
  let at = 0
  let other = 0
  while (at < left.length || other < right.length)
    if (other === right.length || (at < left.length && left[at]! <= right[other]!)) {
      end = append(left[at]!, left[at + 1]!)
      at += 2
    } else {
      end = append(right[other]!, right[other + 1]!)
      other += 2
    }
  const runs = merged.slice(0, end)
  let cardinality = 0
  for (let i = 1; i < runs.length; i += 2) cardinality += runs[i]! + 1
  return efficient({ form: 'run', cardinality, runs })
}

/** Writes runs, which come by their first value, into `runs`, joined where they touch; it returns where they end. */
function runAppender(runs: Uint16Array): (first: number, more: number) => number {
  let end = 0
  return (first, more) => {
    const last = end === 0 ? -2 : runs[end - 2]! + runs[end - 1]!
    if (first > last + 1) {
      runs[end++] = first
      runs[end++] = more
    } else if (first + more > last) runs[end - 1] = first + more - runs[end - 2]!
    return end
  }
}

function unionOfValues(
  a: Uint16Array<ArrayBuffer>,
  b: Uint16Array<ArrayBuffer>,
): Uint16Array<ArrayBuffer> {
  const union = new Uint16Array(a.length + b.length)
  let end = 0
  let at = 0
  let other = 0
  while (at < a.length && other < b.length) {
    const left = a[at]!
    const right = b[other]!
    union[end++] = Math.min(left, right)
    if (left <= right) at++
    if (right <= left) other++
  }
  while (at < a.length) union[end++] = a[at++]!
  while (other < b.length) union[end++] = b[other++]!
  return union.slice(0, end)
}

function filtered(values: Uint16Array, keeps: (value: number) => boolean): Container | null {
  const kept = values.filter(keeps)
  return kept.length === 0 ? null : arrayContainer(kept.slice())
}

function addBits(words: Uint32Array, container: Container): void {
  switch (container.form) {
    case 'bitmap':
      for (let i = 0; i < BITMAP_WORDS; i++) words[i]! |= container.words[i]!
      return
    case 'array':
      for (const value of container.values) words[value >> 5]! |= 1 << (value & 31)
      return
    case 'run': {
      const { runs } = container
      for (let i = 0; i < runs.length; i += 2)
        setWordBits(words, runs[i]!, runs[i]! + runs[i + 1]! + 1)
    }
  }
}

/** Sets the bits `[from, to)`. */
export function setWordBits(words: Uint32Array, from: number, to: number): void {
  const first = from >>> 5
  const last = (to - 1) >>> 5
  const head = -1 << (from & 31)
  const tail = -1 >>> (31 - ((to - 1) & 31))
  if (first === last) {
    words[first]! |= head & tail
    return
  }
  words[first]! |= head
  words.fill(0xffffffff, first + 1, last)
  words[last]! |= tail
}

function runCount(container: ArrayContainer | BitmapContainer): number {
  let count = 0
  if (container.form === 'array') {
    const { values } = container
    for (let i = 0; i < values.length; i++) if (i === 0 || values[i] !== values[i - 1]! + 1) count++
    return count
  }
  let carry = 0
  for (const word of container.words) {
    count += bitCount(word & ~((word << 1) | carry))
    carry = word >>> 31
  }
  return count
}

/** How many of the values at each `stride`-th place are no greater than `value`. */
export function countUpTo(values: Uint16Array, stride: number, value: number): number {
  let low = 0
  let high = values.length / stride
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle * stride]! <= value) low = middle + 1
    else high = middle
  }
  return low
}

function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
