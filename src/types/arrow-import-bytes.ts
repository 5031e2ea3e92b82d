/** Arrow strings and binaries as columns. */
import { isAscii, isUtf8 } from 'node:buffer'

import { type Data, Type } from 'apache-arrow'

import { invalid } from '../util/errors.ts'
import { mismatch, narrowOffsets, rangesOf, truncated } from './arrow-buffers.ts'
import type { BytesColumn } from './column.ts'
import { type DataType, MAX_LENGTH } from './data-type.ts'

const STRINGS = new Set<Type>([Type.Utf8, Type.LargeUtf8, Type.Utf8View])
const BINARIES = new Set<Type>([
  Type.Binary,
  Type.LargeBinary,
  Type.BinaryView,
  Type.FixedSizeBinary,
])

/** CHAR and VARCHAR from strings, BINARY, VARBINARY and BLOB from binaries. */
export function importBytes(
  data: Data,
  validity: Uint8Array | null,
  type: DataType,
  path: string,
): BytesColumn {
  const { typeId } = data.type
  const isText = type.kind === 'CHAR' || type.kind === 'VARCHAR'
  if (!(isText ? STRINGS : BINARIES).has(typeId)) {
    const takes = isText
      ? 'Utf8, LargeUtf8 and Utf8View'
      : 'Binary, LargeBinary, BinaryView and FixedSizeBinary'
    throw mismatch(data, type, path, takes)
  }
  const column = columnOf(data, validity, typeId, path)
  if (isText) checkUtf8(column, path)
  return column
}

function columnOf(
  data: Data,
  validity: Uint8Array | null,
  typeId: Type,
  path: string,
): BytesColumn {
  const { length } = data
  const values = (data.values as Uint8Array | undefined) ?? new Uint8Array(0)
  const column = { layout: 'bytes', length, validity } as const
  switch (typeId) {
    case Type.LargeUtf8:
    case Type.LargeBinary: {
      const { starts, ends, base } = narrowOffsets(data, path)
      const size = ends.at(-1) ?? 0
      if (base + size > values.length) throw truncated(path)
      return { ...column, data: values.subarray(base, base + size), starts, ends }
    }
    case Type.Utf8View:
    case Type.BinaryView:
      return viewColumn(data, validity, values, path)
    case Type.FixedSizeBinary: {
      const width = data.stride
      if (values.length < length * width) throw truncated(path)
      const starts = Int32Array.from({ length }, (_, row) => row * width)
      return { ...column, data: values, starts, ends: starts.map((start) => start + width) }
    }
    default:
      return { ...column, data: values, ...rangesOf(data, values.length, path) }
  }
}

/** Bytes of a view: its length, then the value itself up to twelve bytes, or a prefix, a buffer and an offset. */
const VIEW_BYTES = 16
const INLINE_BYTES = 12

/** Views may point into several buffers, and a column has one: the values are copied. */
function viewColumn(
  data: Data,
  validity: Uint8Array | null,
  views: Uint8Array,
  path: string,
): BytesColumn {
  const { length, variadicBuffers } = data
  if (views.length < length * VIEW_BYTES) throw truncated(path)
  const view = new DataView(views.buffer, views.byteOffset, views.byteLength)
  const offsets = new Int32Array(length + 1)
  for (let row = 0; row < length; row++) {
    const isNull = validity !== null && !(validity[row >> 3]! & (1 << (row & 7)))
    const size = isNull ? 0 : view.getInt32(row * VIEW_BYTES, true)
    if (size < 0) throw truncated(path)
    if (offsets[row]! + size > MAX_LENGTH)
      throw invalid(`column ${path} holds more than 2 GiB in one batch`, {
        hint: 'give smaller batches',
      })
    offsets[row + 1] = offsets[row]! + size
  }
  const values = new Uint8Array(offsets[length]!)
  for (let row = 0; row < length; row++) {
    const at = offsets[row]!
    const size = offsets[row + 1]! - at
    if (size === 0) continue
    const inline = size <= INLINE_BYTES
    const source = inline ? views : variadicBuffers[view.getInt32(row * VIEW_BYTES + 8, true)]
    const from = inline ? row * VIEW_BYTES + 4 : view.getInt32(row * VIEW_BYTES + 12, true)
    if (source === undefined || from < 0 || from + size > source.length) throw truncated(path)
    values.set(source.subarray(from, from + size), at)
  }
  const [starts, ends] = [offsets.subarray(0, length), offsets.subarray(1)]
  return { layout: 'bytes', length, validity, data: values, starts, ends }
}

/** Strings that are no UTF-8 would be written as they are, and other readers would stumble over them. */
function checkUtf8({ data, starts, ends, length }: BytesColumn, path: string): void {
  if (length === 0) return
  const text = data.subarray(starts[0], ends[length - 1])
  if (isAscii(text)) return
  let valid = isUtf8(text)
  // All together can be valid where a character is cut in two between values.
  for (let row = 0; row < length && valid; row++)
    valid = starts[row] === ends[row] || (data[starts[row]!]! & 0xc0) !== 0x80
  if (!valid) throw invalid(`column ${path} of the Arrow data holds strings that are no UTF-8`)
}
