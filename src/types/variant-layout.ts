/** The bytes of VARIANT values: headers, keys, and where the parts of an object or array lie. */
import { corrupt } from '../util/errors.ts'
import { textOf } from './internal-value.ts'

/** Basic types, in the lower two bits of a value's header. */
export const BASIC = { primitive: 0, shortString: 1, object: 2, array: 3 } as const

/** Primitive types, in the upper six bits of a primitive's header. */
export const PRIMITIVE = {
  null: 0,
  true: 1,
  false: 2,
  int8: 3,
  int16: 4,
  int32: 5,
  int64: 6,
  double: 7,
  decimal4: 8,
  decimal8: 9,
  decimal16: 10,
  date: 11,
  timestamp: 12,
  timestampNtz: 13,
  float: 14,
  binary: 15,
  string: 16,
  uuid: 20,
} as const

/** The only version of the metadata, in the lower four bits of its first byte. */
export const VARIANT_VERSION = 1

/** Deeper values are refused before the walk over them can overflow the stack. */
export const VARIANT_DEPTH_MAX = 500

/** The bytes behind the header of a primitive, for those that always take as many. */
const FIXED_SIZES: Readonly<Record<number, number>> = {
  [PRIMITIVE.null]: 0,
  [PRIMITIVE.true]: 0,
  [PRIMITIVE.false]: 0,
  [PRIMITIVE.int8]: 1,
  [PRIMITIVE.int16]: 2,
  [PRIMITIVE.int32]: 4,
  [PRIMITIVE.int64]: 8,
  [PRIMITIVE.double]: 8,
  [PRIMITIVE.decimal4]: 5,
  [PRIMITIVE.decimal8]: 9,
  [PRIMITIVE.decimal16]: 17,
  [PRIMITIVE.date]: 4,
  [PRIMITIVE.timestamp]: 8,
  [PRIMITIVE.timestampNtz]: 8,
  [PRIMITIVE.float]: 4,
  [PRIMITIVE.uuid]: 16,
}

/** An object or array: how many parts it has, and where the numbers that describe them lie. */
export interface ContainerLayout {
  readonly count: number
  /** Where the key ids of an object start; each takes `idBytes`. */
  readonly ids: number
  readonly idBytes: number
  /** Where the offsets of the parts start; each takes `offsetBytes`. */
  readonly offsets: number
  readonly offsetBytes: number
  /** Where the parts start: offsets count from here. */
  readonly data: number
}

export function variantView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** Checks the version that the metadata begins with. */
export function checkVariantVersion(metadata: Uint8Array): void {
  if (metadata.length === 0 || (metadata[0]! & 0x0f) !== VARIANT_VERSION) throw malformedVariant()
}

/** The layout of the object whose header is at `at`. */
export function objectLayout(value: DataView, at: number): ContainerLayout {
  const info = value.getUint8(at) >> 2
  const sizeBytes = info & 0x10 ? 4 : 1
  const count = unsignedAt(value, at + 1, sizeBytes)
  const idBytes = ((info >> 2) & 3) + 1
  const offsetBytes = (info & 3) + 1
  const ids = at + 1 + sizeBytes
  const offsets = ids + count * idBytes
  return { count, ids, idBytes, offsets, offsetBytes, data: offsets + (count + 1) * offsetBytes }
}

/** The layout of the array whose header is at `at`. */
export function arrayLayout(value: DataView, at: number): ContainerLayout {
  const info = value.getUint8(at) >> 2
  const sizeBytes = info & 4 ? 4 : 1
  const count = unsignedAt(value, at + 1, sizeBytes)
  const offsetBytes = (info & 3) + 1
  const offsets = at + 1 + sizeBytes
  const data = offsets + (count + 1) * offsetBytes
  return { count, ids: offsets, idBytes: 0, offsets, offsetBytes, data }
}

/** Where part `i` of a container starts. */
export function partAt(value: DataView, layout: ContainerLayout, i: number): number {
  const { data, offsets, offsetBytes } = layout
  return data + unsignedAt(value, offsets + i * offsetBytes, offsetBytes)
}

/** The key id of part `i` of an object. */
export function keyIdAt(value: DataView, { ids, idBytes }: ContainerLayout, i: number): number {
  return unsignedAt(value, ids + i * idBytes, idBytes)
}

/** The bytes that the primitive or short string at `at` takes, its header among them. */
export function scalarBytes(value: DataView, at: number): number {
  const header = value.getUint8(at)
  const info = header >> 2
  if ((header & 3) === BASIC.shortString) return 1 + info
  if (info === PRIMITIVE.binary || info === PRIMITIVE.string)
    return 5 + unsignedAt(value, at + 1, 4)
  const size = FIXED_SIZES[info]
  if (size === undefined) throw unknownPrimitive(info)
  return 1 + size
}

/** The key of an id. */
export function variantKey(metadata: Uint8Array, id: number): string {
  const view = variantView(metadata)
  const width = (metadata[0]! >> 6) + 1
  const count = unsignedAt(view, 1, width)
  if (id >= count) throw malformedVariant()
  const start = 1 + (count + 2) * width
  const from = start + unsignedAt(view, 1 + (id + 1) * width, width)
  const to = start + unsignedAt(view, 1 + (id + 2) * width, width)
  if (from > to || to > metadata.length) throw malformedVariant()
  return textOf(metadata.subarray(from, to))
}

/** A little-endian unsigned integer of one to four bytes. */
export function unsignedAt(view: DataView, at: number, bytes: number): number {
  if (at + bytes > view.byteLength) throw malformedVariant()
  let value = 0
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + view.getUint8(at + i)
  return value
}

export function unknownPrimitive(type: number): Error {
  return corrupt(`a variant holds a value of the unknown type ${type}`)
}

export function malformedVariant(): Error {
  return corrupt('a variant is malformed: its parts do not fit together')
}
