/**
 * Damaged Parquet files, and what reading one of them came to.
 *
 * The mutators are seeded: a mutant is told by the file, the seed and its number.
 */
import { isDeepStrictEqual } from 'node:util'

import type { FileMetadata } from '../../src/format/parquet/metadata.ts'
import {
  openParquet,
  ParquetCursor,
  type ParquetFile,
} from '../../src/format/parquet/read/file-reader.ts'
import { inferFields } from '../../src/format/parquet/read/infer.ts'
import type { RowRange } from '../../src/format/parquet/read/page-stream.ts'
import { pruneRows } from '../../src/format/parquet/read/prune.ts'
import type { DataField } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import { bindPredicate } from '../../src/types/predicate-bind.ts'
import { eq, isNotNull, isNull, or } from '../../src/types/predicate.ts'
import type { LakeError } from '../../src/util/errors.ts'
import { checkedError } from './malformed.ts'
import {
  footerOf,
  pageHeaders,
  type RawChunk,
  type RawFile,
  type RawPage,
} from './parquet-pages.ts'
import { appendCells, BytesIO, difference, openBytes, readColumns } from './parquet.ts'
import { between, pick, type Random } from './random.ts'

/** A copy of a file with some damage anywhere in it; more of it in the footer, where there is most to go wrong. */
export function mutateFile(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const footer = footerOf(bytes)
  const inFooter = random() < 0.6
  const range = inFooter ? footer : { from: 0, to: bytes.length }
  const mutant = mutateBytes(bytes, range, other, random)
  const grown = mutant.length - bytes.length
  // The footer's length is kept right, so that what changed in it is looked at.
  if (inFooter && grown !== 0 && random() < 0.8) {
    const view = new DataView(mutant.buffer, mutant.byteOffset)
    view.setUint32(mutant.length - 8, footer.to - footer.from + grown, true)
  }
  return mutant
}

/** Damages `bytes[from, to)`: flips, extreme bytes, blown varints, cuts, repetitions and pieces of another file. */
export function mutateBytes(
  bytes: Uint8Array,
  { from, to }: { from: number; to: number },
  other: Uint8Array,
  random: Random,
): Uint8Array {
  if (to <= from) return bytes.slice()
  const at = between(random, from, to)
  const span = between(random, 1, Math.min(64, to - at + 1) + 1)
  switch (between(random, 0, 8)) {
    case 0:
      return edited(bytes, at, 0, [])
    case 1: {
      const flipped = bytes.slice()
      for (let i = between(random, 1, 5); i > 0; i--)
        flipped[between(random, from, to)]! ^= 1 << between(random, 0, 8)
      return flipped
    }
    case 2: {
      const extreme = bytes.slice()
      extreme[at] = pick(random, [0, 1, 0x7f, 0x80, 0xfe, 0xff])
      return extreme
    }
    case 3:
      return edited(bytes, at, between(random, 0, 3), blownVarint(random))
    case 4:
      return edited(bytes, at, Math.min(span, to - at), [])
    case 5:
      return edited(bytes, at, 0, bytes.subarray(at, Math.min(to, at + span)))
    case 6: {
      const start = between(random, 0, Math.max(1, other.length - span))
      const piece = other.subarray(start, start + span)
      return edited(bytes, at, Math.min(piece.length, to - at), piece)
    }
    default: {
      const random32 = bytes.slice()
      for (let i = 0; i < 4 && at + i < to; i++) random32[at + i] = between(random, 0, 256)
      return random32
    }
  }
}

function blownVarint(random: Random): number[] {
  const length = pick(random, [2, 3, 4, 5, 5, 9, 10])
  return Array.from({ length }, (_, i) => (i === length - 1 ? pick(random, [1, 7, 15, 127]) : 255))
}

function edited(
  bytes: Uint8Array,
  at: number,
  removedMax: number,
  inserted: Uint8Array | readonly number[],
): Uint8Array {
  const removed = Math.min(removedMax, bytes.length - at)
  // Without anything removed or inserted the file ends here.
  if (removed === 0 && inserted.length === 0) return bytes.slice(0, at)
  const result = new Uint8Array(bytes.length - removed + inserted.length)
  result.set(bytes.subarray(0, at))
  result.set(inserted, at)
  result.set(bytes.subarray(at + removed), at + inserted.length)
  return result
}

/** A file with one of its pages damaged: body or header, whatever the checksum said. */
export function mutatePage(file: RawFile, random: Random): RawFile {
  const groups = file.rowGroups.filter((group) => group.chunks.length > 0)
  const group = pick(random, groups)
  const chunk = pick(random, group.chunks)
  const index = between(random, 0, chunk.pages.length)
  const other = pick(random, pick(random, group.chunks).pages)
  const mutant = mutateRawPage(chunk.pages[index]!, other, random)
  const changed: RawChunk = {
    ...chunk,
    pages: chunk.pages.map((page, i) => (i === index ? mutant : page)),
  }
  const rowGroups = file.rowGroups.map((each) =>
    each === group
      ? { ...each, chunks: each.chunks.map((of) => (of === chunk ? changed : of)) }
      : each,
  )
  return { ...file, rowGroups }
}

function mutateRawPage(page: RawPage, other: RawPage, random: Random): RawPage {
  const { body, valueCount } = page
  switch (between(random, 0, 10)) {
    case 0:
      return { ...page, encoding: between(random, 0, 11) }
    case 1:
      return {
        ...page,
        valueCount: pick(random, [0, 1, valueCount - 1, valueCount + 1, 2 ** 26, 2 ** 31 - 1, -1]),
      }
    case 2:
      return { ...page, definitionEncoding: between(random, 0, 6), repetitionEncoding: 3 }
    case 3:
      return { ...page, body: other.body }
    case 4:
      if (page.v2 === undefined) return { ...page, type: between(random, 0, 4) }
      return { ...page, v2: { ...page.v2, definitionBytes: between(random, 0, 50) } }
    default: {
      // Levels and lengths lie in front.
      const to = random() < 0.5 ? Math.min(16, body.length) : body.length
      return { ...page, body: mutateBytes(body, { from: 0, to }, other.body, random) }
    }
  }
}

/** What reading a mutant came to. */
export type Outcome =
  | { readonly kind: 'refused'; readonly error: LakeError }
  | { readonly kind: 'read'; readonly isSame: true }
  | { readonly kind: 'read'; readonly isSame: false; readonly isDetectable: boolean }

/** A file before it was damaged. */
export interface Original {
  readonly name: string
  readonly bytes: Uint8Array
  readonly metadata: FileMetadata
  readonly fields: readonly DataField[]
  readonly columns: readonly InternalValue[][]
}

export async function originalOf(name: string, bytes: Uint8Array): Promise<Original> {
  const file = await openBytes(bytes)
  const fields = inferFields(file.root)
  const columns = await readColumns(file, { fields })
  return { name, bytes, metadata: file.metadata, fields, columns }
}

/** Batches of a mutant that claims to have any number of rows. */
const BATCHES_MAX = 50

/**
 * Reads every column of a damaged file, all of its rows or some, and looks into its indexes and bloom filters. Throws
 * where the contract is broken: by another error than a LakeError of the three codes that names the file, or by one
 * that a slip inside (a RangeError, a TypeError) was turned into.
 */
export async function readMutant(
  bytes: Uint8Array,
  original: Original,
  random: Random,
): Promise<Outcome> {
  const path = `memory://mutants/${original.name}`
  const { fields } = original
  const rows = random() < 0.5 ? undefined : someRows(original.columns[0]?.length ?? 0, random)
  const wanted = original.columns.map((values) =>
    values.filter((_, row) => rows?.some(({ from, to }) => from <= row && row < to) ?? true),
  )
  try {
    const file = await openParquet(new BytesIO(bytes).io, path)
    await lookInto(file, original, random)
    const columns: InternalValue[][] = fields.map(() => [])
    const cursor = new ParquetCursor(file, { fields, rows, views: random() < 0.5 })
    for (let i = 0; i < BATCHES_MAX; i++) {
      const batch = await cursor.read(pick(random, [7, 500]))
      if (batch === null) break
      appendCells(columns, batch, fields)
    }
    if (difference(columns, wanted) === null) return { kind: 'read', isSame: true }
    const isDetectable =
      hasChecksums(original.bytes, original.metadata) &&
      hasChecksums(bytes, file.metadata) &&
      !isAnotherFooter(original.metadata, file.metadata)
    return { kind: 'read', isSame: false, isDetectable }
  } catch (error) {
    return { kind: 'refused', error: checkedError(error, path) }
  }
}

function someRows(rowCount: number, random: Random): RowRange[] {
  const from = between(random, 0, Math.max(1, rowCount))
  const to = between(random, from, rowCount + 2)
  return [
    { from, to },
    { from: to + 1, to: to + between(random, 1, 20) },
  ]
}

/** Prunes by a value of one column; what is left does not matter, since statistics have no checksum. */
async function lookInto(file: ParquetFile, original: Original, random: Random): Promise<void> {
  const at = between(random, 0, original.fields.length)
  const field = original.fields[at]!
  const value = original.columns[at]!.find((each) => each !== null) ?? null
  const isPlain = ['INT', 'BIGINT', 'VARBINARY'].includes(field.type.kind)
  const predicate =
    isPlain && value !== null
      ? eq(field.name, value)
      : or(isNull(field.name), isNotNull(field.name))
  await pruneRows(file, bindPredicate(predicate, original.fields))
}

/** Whether every page has a checksum, without which other bytes of a value are another value. */
export function hasChecksums(bytes: Uint8Array, { rowGroups }: FileMetadata): boolean {
  const chunks = rowGroups.flatMap((group) => group.columns)
  try {
    return chunks
      .flatMap((chunk) => pageHeaders(bytes, chunk))
      .every(({ header }) => header.crc !== undefined)
  } catch {
    return false
  }
}

/**
 * Whether a footer tells of other columns or codecs than the one before the damage. A footer has no checksum, so rows
 * by such a one are what the file says.
 */
function isAnotherFooter(a: FileMetadata, b: FileMetadata): boolean {
  return !isDeepStrictEqual(a.schema, b.schema) || !isDeepStrictEqual(codecsOf(a), codecsOf(b))
}

function codecsOf({ rowGroups }: FileMetadata): number[] {
  return rowGroups.flatMap((group) => group.columns.map((chunk) => chunk.codec))
}
