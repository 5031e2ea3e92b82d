/**
 * Sets of 64-bit integers in the bytes of the Java class `Roaring64Bitmap`, which the aggregate rbm64 stores.
 *
 * No specification describes them. A radix tree over the upper 48 bits of the values (six bytes, the greatest first)
 * leads to a list of containers of their lower 16 bits, which stand in the order in which they came to be:
 *
 *     0 when empty; else 1, long keys, tree, int 1, byte -2, int capacity, capacity x container, long keys, int 0, int keys - 1
 *     tree       byte kind, short children, byte n and n bytes that all keys below share, then by kind:
 *                0, 1  the 4 or 16 next bytes of the children
 *                2     for each of 256 next bytes the child's place, or 255
 *                3     a bit for each of 256 next bytes
 *                4     a leaf: the six bytes of its key, long place of its container
 *                then the children, ascending
 *     container  0 for an unused place; else 1, byte form (0 runs, 1 bitmap, 2 array), int cardinality, its bytes
 *
 * Numbers are little-endian, and so are the next bytes and places, as longs (ints in the kind 0) of eight of them.
 * Follows the Java classes `HighLowContainer`, `Art` and `Containers`.
 */
import { corrupt } from '../util/errors.ts'
import {
  containerBytes,
  decodeContainer,
  requireBytes,
  writeContainer,
} from './roaring-container-bytes.ts'
import { type Container, containerOf, runOptimized, unionOf } from './roaring-container.ts'

/** It never changes; every operation makes a new one. */
export interface RoaringBitmap64 {
  /** The upper 48 bits of the values of each container, in the order in which they came to be. */
  readonly keys: readonly number[]
  /** The lower 16 bits. */
  readonly containers: readonly Container[]
}

export const EMPTY_BITMAP_64: RoaringBitmap64 = { keys: [], containers: [] }

const KEY_BYTES = 6
const NODE_4 = 0
const NODE_16 = 1
const NODE_48 = 2
const NODE_256 = 3
const LEAF = 4
/** How many children a node of each kind holds at most, and the bytes that it tells them with. */
const CHILDREN_MAX = [4, 16, 48, 256] as const
const BODY_BYTES = [4, 16, 256, 32] as const
const FORMS = ['run', 'bitmap', 'array'] as const
const NOT_TRIMMED = 0xfe

/** The bitmap of the values, as adding one after the other to an empty Java bitmap makes it. */
export function bitmap64Of(values: Iterable<bigint>): RoaringBitmap64 {
  const byKey = new Map<number, Set<number>>()
  for (const value of values) {
    const key = Number(BigInt.asUintN(64, value) >> 16n)
    const lows = byKey.get(key) ?? new Set()
    byKey.set(key, lows.add(Number(value & 0xffffn)))
  }
  const containers = [...byKey.values()].map((lows) =>
    containerOf(Uint16Array.from(lows).toSorted()),
  )
  return { keys: [...byKey.keys()], containers }
}

/** `a` with what is in `b` added. */
export function union64(a: RoaringBitmap64, b: RoaringBitmap64): RoaringBitmap64 {
  const keys = [...a.keys]
  const containers = [...a.containers]
  const places = new Map(keys.map((key, i) => [key, i]))
  for (const i of ascending(b.keys)) {
    const key = b.keys[i]!
    const place = places.get(key)
    if (place === undefined) {
      keys.push(key)
      containers.push(b.containers[i]!)
    } else containers[place] = unionOf(containers[place]!, b.containers[i]!)
  }
  return { keys, containers }
}

/** The bytes that Java's `RoaringBitmap64.serialize` of Paimon gives, with runs where they are smaller. */
export function encodeBitmap64({ keys, containers }: RoaringBitmap64): Uint8Array<ArrayBuffer> {
  if (keys.length === 0) return Uint8Array.of(0)
  const out = new Bytes()
  out.byte(1)
  out.long(keys.length)
  writeNode(out, keys, ascending(keys), 0)
  const capacity = capacityOf(keys.length)
  out.int(1)
  out.byte(NOT_TRIMMED)
  out.int(capacity)
  for (const container of containers) writeEntry(out, runOptimized(container))
  for (let i = containers.length; i < capacity; i++) out.byte(0)
  out.long(keys.length)
  out.int(0)
  out.int(keys.length - 1)
  return out.finish()
}

/** CORRUPT, naming no file, for bytes that are no such bitmap; no more is allocated than a multiple of their length. */
export function decodeBitmap64(bytes: Uint8Array): RoaringBitmap64 {
  const input = new Input(bytes)
  const tag = input.byte()
  if (tag === 0) return EMPTY_BITMAP_64
  if (tag !== 1) throw corrupt('no 64-bit bitmap, by its first byte')
  const count = input.long()
  const leaves: { readonly key: number; readonly place: number }[] = []
  readNode(input, 0, (key, place) => {
    if (leaves.length > 0 && key <= leaves.at(-1)!.key)
      throw corrupt('a bitmap has containers out of order')
    leaves.push({ key, place })
  })
  if (leaves.length !== count)
    throw corrupt(`a bitmap has ${leaves.length} keys, and says ${count}`)
  const places = readEntries(input)
  leaves.sort((a, b) => a.place - b.place)
  const containers = leaves.map(({ place }, i) => {
    const container = places[place]
    if (container === null || container === undefined || place === leaves[i - 1]?.place)
      throw corrupt('a bitmap has a key without a container of its own')
    return container
  })
  return { keys: leaves.map(({ key }) => key), containers }
}

/** The indexes of the keys by the keys' order. */
function ascending(keys: readonly number[]): number[] {
  return keys.map((_, i) => i).toSorted((a, b) => keys[a]! - keys[b]!)
}

/** What Java's list of containers grows to when they are added one by one. */
function capacityOf(count: number): number {
  let capacity = 1
  while (capacity < count) capacity = Math.max(capacity + (capacity >> 1), capacity + 1)
  return capacity
}

function keyByte(key: number, depth: number): number {
  return Math.floor(key / 2 ** (8 * (KEY_BYTES - 1 - depth))) & 0xff
}

/** The node of the keys at the places of `order`, which share their first `depth` bytes. */
function writeNode(
  out: Bytes,
  keys: readonly number[],
  order: readonly number[],
  depth: number,
): void {
  const first = order[0]!
  if (order.length === 1) {
    out.byte(LEAF)
    out.short(0)
    out.byte(0)
    for (let i = 0; i < KEY_BYTES; i++) out.byte(keyByte(keys[first]!, i))
    out.long(first)
    return
  }
  const last = order.at(-1)!
  let branch = depth
  while (keyByte(keys[first]!, branch) === keyByte(keys[last]!, branch)) branch++
  const children = Map.groupBy(order, (i) => keyByte(keys[i]!, branch))
  const kind = CHILDREN_MAX.findIndex((max) => children.size <= max)
  out.byte(kind)
  out.short(children.size)
  out.byte(branch - depth)
  for (let i = depth; i < branch; i++) out.byte(keyByte(keys[first]!, i))
  out.bytes(reversed(nodeBody(kind, children), kind === NODE_4 ? 4 : 8))
  for (const child of children.values()) writeNode(out, keys, child, branch + 1)
}

/** The children by their next byte, of a node whose children are the places of `children`, ascending. */
function nodeBody(kind: number, children: ReadonlyMap<number, readonly number[]>): Uint8Array {
  const body = new Uint8Array(BODY_BYTES[kind]!)
  if (kind === NODE_4 || kind === NODE_16) body.set([...children.keys()])
  else if (kind === NODE_48) {
    body.fill(0xff)
    for (const [place, byte] of placesOf48(children).entries()) body[byte] = place
  } else for (const byte of children.keys()) setMaskBit(body, byte)
  return body
}

/** The mask is four longs, and {@link reversed} turns each around. */
function setMaskBit(mask: Uint8Array, byte: number): void {
  mask[(byte >> 6) * 8 + 7 - ((byte & 63) >> 3)]! |= 1 << (byte & 7)
}

/** The next bytes by the place of the child: those of the node with 16 children that it was, then as they came. */
function placesOf48(children: ReadonlyMap<number, readonly number[]>): number[] {
  const byAge = [...children]
    .map(([byte, places]) => ({ byte, age: places.reduce((a, b) => Math.min(a, b)) }))
    .toSorted((a, b) => a.age - b.age)
    .map(({ byte }) => byte)
  const sixteen = byAge.slice(0, CHILDREN_MAX[NODE_16]).toSorted((a, b) => a - b)
  return [...sixteen, ...byAge.slice(CHILDREN_MAX[NODE_16])]
}

/** Each group of `width` bytes back to front. */
function reversed(bytes: Uint8Array, width: number): Uint8Array {
  for (let from = 0; from < bytes.length; from += width)
    bytes.subarray(from, from + width).reverse()
  return bytes
}

function writeEntry(out: Bytes, container: Container): void {
  out.byte(1)
  out.byte(FORMS.indexOf(container.form))
  out.int(container.cardinality)
  const bytes = new Uint8Array(containerBytes(container))
  writeContainer(bytes, 0, container)
  out.bytes(bytes)
}

/** Calls `leaf` for each leaf below the node, which has `depth` bytes of the key above it. */
function readNode(input: Input, depth: number, leaf: (key: number, place: number) => void): void {
  const kind = input.byte()
  const childCount = input.short()
  const shared = input.byte()
  if (kind === LEAF && shared === 0) {
    let key = 0
    for (let i = 0; i < KEY_BYTES; i++) key = key * 256 + input.byte()
    leaf(key, input.long())
    return
  }
  const isNode = kind <= NODE_256 && childCount > 0 && childCount <= CHILDREN_MAX[kind]!
  if (!isNode || depth + shared >= KEY_BYTES) throw corrupt('a bitmap has a damaged tree of keys')
  // The leaves repeat what the inner nodes tell.
  input.skip(shared + BODY_BYTES[kind]!)
  for (let i = 0; i < childCount; i++) readNode(input, depth + shared + 1, leaf)
}

/** By their place; null for an unused one. */
function readEntries(input: Input): (Container | null)[] {
  if (input.int() !== 1) throw corrupt('a bitmap has several lists of containers')
  input.skip(1)
  const capacity = input.int()
  const entries: (Container | null)[] = []
  for (let i = 0; i < capacity; i++)
    if (input.byte() === 0) entries.push(null)
    else {
      const form = FORMS[input.byte()]
      if (form === undefined) throw corrupt('a bitmap has a container of an unknown form')
      entries.push(input.container(form, input.int()))
    }
  return entries
}

/** Bytes being read, front to back; CORRUPT at their end. */
class Input {
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  byte(): number {
    return this.#view.getUint8(this.#take(1))
  }

  short(): number {
    return this.#view.getUint16(this.#take(2), true)
  }

  int(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  /** As a number, which is exact as far as a valid one goes. */
  long(): number {
    return Number(this.#view.getBigUint64(this.#take(8), true))
  }

  skip(sizeBytes: number): void {
    this.#take(sizeBytes)
  }

  container(form: Container['form'], cardinality: number): Container {
    const isPossible = cardinality > 0 && cardinality <= 65_536
    if (!isPossible) throw corrupt(`a bitmap has a container of ${cardinality} values`)
    const container = decodeContainer(this.#view, this.#at, form, cardinality)
    this.#at += containerBytes(container)
    return container
  }

  #take(sizeBytes: number): number {
    requireBytes(this.#view, this.#at, sizeBytes)
    const at = this.#at
    this.#at += sizeBytes
    return at
  }
}

/** Bytes being written. */
class Bytes {
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)
  #length = 0

  byte(value: number): void {
    const at = this.#grow(1)
    this.#view.setUint8(at, value)
  }

  short(value: number): void {
    const at = this.#grow(2)
    this.#view.setUint16(at, value, true)
  }

  int(value: number): void {
    const at = this.#grow(4)
    this.#view.setUint32(at, value, true)
  }

  long(value: number): void {
    const at = this.#grow(8)
    this.#view.setBigUint64(at, BigInt(value), true)
  }

  bytes(values: Uint8Array): void {
    const at = this.#grow(values.length)
    this.#bytes.set(values, at)
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length)
  }

  /** Where so many new bytes start. */
  #grow(sizeBytes: number): number {
    const at = this.#length
    this.#length += sizeBytes
    if (this.#length > this.#bytes.length) {
      const bytes = new Uint8Array(2 * this.#length)
      bytes.set(this.#bytes)
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer)
    }
    return at
  }
}
