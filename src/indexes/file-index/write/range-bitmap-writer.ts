/**
 * Writes range bitmaps: a sorted dictionary of the values, and bit slices of the codes that rows have for them.
 *
 * Follows the Java classes `RangeBitmap`, `ChunkedDictionary`, `FixedLengthChunk`, `VariableLengthChunk` and
 * `BitSliceIndexBitmap`.
 */
import type { DataType } from '../../../types/data-type.ts'
import type { ScalarValue } from '../../../types/predicate-literal.ts'
import { isRanged } from '../range-bitmap.ts'
import type { ColumnIndexWriter } from './column-index-writer.ts'
import { IndexOutput, type ValueWriter, valueWriter } from './index-output.ts'
import { bitmapBytes, type RowsOfValue, ValueRows } from './value-rows.ts'

const VERSION = 1
/** Slices that Java writes where there is no value. */
const EMPTY_SLICES = 64
const CHUNK_BYTES = 16 << 10

export interface RangeBitmapOptions {
  /** What the keys of a chunk may come to; that of the type unless told. */
  readonly chunkBytes: number | undefined
}

/** The writer; undefined for a type that has no such index. */
export function rangeBitmapWriter(
  type: DataType,
  { chunkBytes = chunkBytesOf(type) }: RangeBitmapOptions,
): ColumnIndexWriter | undefined {
  const writer = isRanged(type) ? valueWriter(type) : undefined
  if (writer === undefined) return undefined
  const rows = new ValueRows()
  return {
    add: (value) => rows.add(value),
    finish: () => encode(rows, writer, chunkBytes),
  }
}

/** Types of few values have a chunk for each. */
function chunkBytesOf({ kind }: DataType): number {
  return kind === 'BOOLEAN' || kind === 'TINYINT' || kind === 'SMALLINT' ? 0 : CHUNK_BYTES
}

function encode(rows: ValueRows, writer: ValueWriter, chunkBytes: number): Uint8Array {
  const { values } = rows.sorted()
  const head = new IndexOutput()
  head.byte(VERSION)
  head.int(rows.rowCount)
  head.int(values.length)
  const [first, last] = [values[0], values.at(-1)]
  if (first !== undefined) writer.write(head, first.value)
  if (last !== undefined) writer.write(head, last.value)
  const dictionary = encodeDictionary(
    values.map(({ value }) => value),
    writer,
    chunkBytes,
  )
  head.int(dictionary.length)
  const out = new IndexOutput()
  out.int(head.length)
  out.put(head.finish())
  out.put(dictionary)
  out.put(encodeSlices(values, rows.rowCount))
  return out.finish()
}

/** A run of values: the first with its code, and the keys of the others. */
interface Chunk {
  readonly first: ScalarValue
  readonly code: number
  readonly offsets: IndexOutput
  readonly keys: IndexOutput
  size: number
}

function encodeDictionary(
  values: readonly ScalarValue[],
  writer: ValueWriter,
  chunkBytes: number,
): Uint8Array {
  const chunks: Chunk[] = []
  for (const [code, value] of values.entries()) {
    const chunk = chunks.at(-1)
    if (chunk !== undefined && hasRoom(chunk, writer, value, chunkBytes)) {
      if (writer.width === null) chunk.offsets.int(chunk.keys.length)
      writer.write(chunk.keys, value)
      chunk.size++
    } else {
      const [offsets, keys] = [new IndexOutput(), new IndexOutput()]
      chunks.push({ first: value, code, offsets, keys, size: 0 })
    }
  }
  const [places, heads, keys] = [new IndexOutput(), new IndexOutput(), new IndexOutput()]
  for (const chunk of chunks) {
    places.int(heads.length)
    writeHead(heads, writer, chunk, keys.length)
    keys.put(chunk.offsets.finish())
    keys.put(chunk.keys.finish())
  }
  const out = new IndexOutput()
  out.int(13)
  out.byte(VERSION)
  out.int(chunks.length)
  out.int(places.length)
  out.int(heads.length)
  for (const part of [places, heads, keys]) out.put(part.finish())
  return out.finish()
}

function hasRoom(
  { offsets, keys }: Chunk,
  writer: ValueWriter,
  value: ScalarValue,
  chunkBytes: number,
): boolean {
  if (writer.sizeOf(value) > chunkBytes - keys.length) return false
  return writer.width !== null || offsets.length + 4 <= chunkBytes
}

function writeHead(
  out: IndexOutput,
  writer: ValueWriter,
  { first, code, offsets, keys, size }: Chunk,
  keysAt: number,
): void {
  out.byte(VERSION)
  writer.write(out, first)
  out.int(code)
  out.int(keysAt)
  out.int(size)
  if (writer.width === null) {
    out.int(offsets.length)
    out.int(keys.length)
  } else {
    out.int(keys.length)
    out.int(writer.width)
  }
}

/** For each binary digit of the codes the rows whose code has it. */
function encodeSlices(values: readonly RowsOfValue[], rowCount: number): Uint8Array {
  const sliceCount =
    values.length === 0 ? EMPTY_SLICES : Math.max(1, 32 - Math.clz32(values.length - 1))
  // The code of each row, one up; 0 for rows without a value.
  const codes = new Uint32Array(rowCount)
  for (const [code, { rows }] of values.entries())
    for (let i = 0; i < rows.length; i++) codes[rows[i]!] = code + 1
  const existence = bitmapBytes(rowsWhere(codes, () => true))
  const slices = Array.from({ length: sliceCount }, (_, digit) =>
    bitmapBytes(rowsWhere(codes, (code) => digit < 32 && ((code >>> digit) & 1) === 1)),
  )
  const out = new IndexOutput()
  out.int(10 + 8 * sliceCount)
  out.byte(VERSION)
  out.byte(sliceCount)
  out.int(existence.length)
  out.int(8 * sliceCount)
  let at = 0
  for (const slice of slices) {
    out.int(at)
    out.int(slice.length)
    at += slice.length
  }
  out.put(existence)
  for (const slice of slices) out.put(slice)
  return out.finish()
}

function rowsWhere(codes: Uint32Array, has: (code: number) => boolean): Uint32Array {
  const rows = new Uint32Array(codes.length)
  let count = 0
  for (let row = 0; row < codes.length; row++)
    if (codes[row]! > 0 && has(codes[row]! - 1)) rows[count++] = row
  return rows.slice(0, count)
}
