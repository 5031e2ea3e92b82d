/**
 * Writes bitmap indexes: for each distinct value the rows that have it.
 *
 * Follows the Java classes `BitmapFileIndex`, `BitmapFileIndexMeta` and `BitmapFileIndexMetaV2`. Bitmaps lie in the order
 * of their values, where Java has them in that of a hash map.
 */
import type { DataType } from '../../../types/data-type.ts'
import type { ScalarValue } from '../../../types/predicate-literal.ts'
import type { ColumnIndexWriter } from './column-index-writer.ts'
import { IndexOutput, type ValueWriter, valueWriter } from './index-output.ts'
import { bitmapBytes, type RowsOfValue, ValueRows } from './value-rows.ts'

export interface BitmapOptions {
  readonly version: 1 | 2
  /** What a block of values may come to, in version 2. */
  readonly blockBytes: number
}

/** The writer; undefined for a type that has no such index. */
export function bitmapWriter(
  type: DataType,
  options: BitmapOptions,
): ColumnIndexWriter | undefined {
  const writer = type.kind === 'DECIMAL' ? undefined : valueWriter(type)
  if (writer === undefined) return undefined
  const rows = new ValueRows()
  return {
    add: (value) => rows.add(value),
    finish: () => encode(rows, writer, options),
  }
}

/** Where the rows of a value are: a bitmap of the bodies, or, below 0, the row `-1 - offset` alone. */
interface Entry {
  readonly value: ScalarValue
  readonly offset: number
  /** Bytes of the bitmap; -1 for a single row. */
  readonly length: number
}

function encode(all: ValueRows, writer: ValueWriter, options: BitmapOptions): Uint8Array {
  const { values, nulls } = all.sorted()
  const nullBytes = bitmapBytes(nulls)
  const bodies = nulls.length > 1 ? [nullBytes] : []
  let offset = nulls.length > 1 ? nullBytes.length : 0
  const entries = values.map(({ value, rows }: RowsOfValue): Entry => {
    if (rows.length === 1) return { value, offset: -1 - rows[0]!, length: -1 }
    const body = bitmapBytes(rows)
    const entry = { value, offset, length: body.length }
    bodies.push(body)
    offset += body.length
    return entry
  })
  const out = new IndexOutput()
  out.byte(options.version)
  out.int(all.rowCount)
  out.int(values.length)
  out.byte(nulls.length > 0 ? 1 : 0)
  if (nulls.length > 0) out.int(nulls.length === 1 ? -1 - nulls[0]! : 0)
  if (options.version === 1) writeEntries(out, writer, entries)
  else {
    if (nulls.length > 0) out.int(nullBytes.length)
    writeBlocks(out, writer, entries, options.blockBytes)
  }
  for (const body of bodies) out.put(body)
  return out.finish()
}

function writeEntries(out: IndexOutput, writer: ValueWriter, entries: readonly Entry[]): void {
  for (const { value, offset } of entries) {
    writer.write(out, value)
    out.int(offset)
  }
}

interface Block {
  readonly entries: Entry[]
  sizeBytes: number
}

/** Entries in blocks, which a list of their first values is put before. */
function writeBlocks(
  out: IndexOutput,
  writer: ValueWriter,
  entries: readonly Entry[],
  blockBytes: number,
): void {
  const blocks: Block[] = []
  for (const entry of entries) {
    const sizeBytes = 8 + writer.sizeOf(entry.value)
    let last = blocks.at(-1)
    // A value that no block would hold has one of its own.
    if (last === undefined || last.sizeBytes + sizeBytes > blockBytes) {
      last = { entries: [], sizeBytes: 4 }
      blocks.push(last)
    }
    last.entries.push(entry)
    last.sizeBytes += sizeBytes
  }
  out.int(blocks.length)
  let blockAt = 0
  for (const block of blocks) {
    writer.write(out, block.entries[0]!.value)
    out.int(blockAt)
    blockAt += block.sizeBytes
  }
  out.int(blockAt)
  for (const block of blocks) {
    out.int(block.entries.length)
    for (const { value, offset, length } of block.entries) {
      writer.write(out, value)
      out.int(offset)
      out.int(length)
    }
  }
}
