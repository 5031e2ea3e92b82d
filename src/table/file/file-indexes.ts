/** The indexes of data files, as reads use them: from the manifest entry, or from the file beside the data. */
import type { RowRange } from '../../format/data-file.ts'
import {
  decodeHead,
  headLengthOf,
  type IndexPlace,
  PREFIX_BYTES,
} from '../../indexes/file-index/container.ts'
import {
  type FileIndexes,
  indexedRows,
  isKnownIndex,
  type StoredIndex,
} from '../../indexes/file-index/file-index.ts'
import { bitmapRanges, cardinalityOf, type RoaringBitmap } from '../../indexes/roaring.ts'
import type { FileIO, IoOptions } from '../../io/file-io.ts'
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { type DataLayout, pathsOfFile, type PlacedFile } from '../../snapshot/data-paths.ts'
import type { BoundNode, BoundPredicate } from '../../types/predicate-bind.ts'
import { decoding, decodingError } from '../../util/errors.ts'

const SUFFIX = '.index'
/** Of a file that is no larger everything is read at once; of others the head, and what is asked for. */
const WHOLE_BYTES_MAX = 256 << 10
const HEAD_GUESS_BYTES = 4 << 10

/** Whether the file may have a row that passes, by indexes in its manifest entry; true where it has none there. */
export function embeddedMayMatch(predicate: BoundPredicate, file: DataFileMeta): boolean {
  const { embeddedFileIndex: bytes, fileName } = file
  if (bytes === null) return true
  return decoding(`the index of ${fileName} in its manifest`, () => {
    const rows = indexedRows(predicate, embeddedIndexes(bytes, predicate))
    return rows === null || cardinalityOf(rows) > 0
  })
}

function embeddedIndexes(bytes: Uint8Array, predicate: BoundPredicate): FileIndexes {
  const head = bytes.subarray(0, headLengthOf(bytes, bytes.length))
  return indexesOf(decodeHead(head, bytes.length), columnNames(predicate), ({ range }) =>
    range === null ? null : bytes.subarray(range.from, range.from + range.length),
  )
}

/**
 * The rows of the file that may pass the predicate, whose fields are the file's own columns, by the indexes of the file;
 * null when they do not tell.
 */
export async function indexedRanges(
  io: FileIO,
  layout: DataLayout,
  placed: PlacedFile,
  predicate: BoundPredicate,
  options: IoOptions,
): Promise<readonly RowRange[] | null> {
  const { file } = placed
  const path = pathsOfFile(layout, placed).find((each) => each.endsWith(SUFFIX))
  if (file.embeddedFileIndex !== null)
    return decoding(`the index of ${file.fileName} in its manifest`, () =>
      rangesOf(indexedRows(predicate, embeddedIndexes(file.embeddedFileIndex!, predicate)), file),
    )
  if (path === undefined || columnNames(predicate).size === 0) return null
  try {
    const indexes = await readIndexes(io, path, predicate, options)
    return decoding(path, () => rangesOf(indexedRows(predicate, indexes), file))
  } catch (error) {
    throw decodingError(path, error)
  }
}

async function readIndexes(
  io: FileIO,
  path: string,
  predicate: BoundPredicate,
  options: IoOptions,
): Promise<FileIndexes> {
  const status = await io.stat(path, options)
  const sizeBytes = status?.sizeBytes ?? 0
  const isSmall = sizeBytes <= WHOLE_BYTES_MAX
  const start = isSmall
    ? await io.read(path, options)
    : await io.readRange(path, 0, HEAD_GUESS_BYTES, options)
  const headBytes = headLengthOf(start.subarray(0, PREFIX_BYTES), sizeBytes)
  const head = headBytes <= start.length ? start : await io.readRange(path, 0, headBytes, options)
  const columns = decodeHead(head.subarray(0, headBytes), sizeBytes)
  const wanted = columnNames(predicate)
  const bodies = new Map<IndexPlace, Uint8Array>()
  const places = [...columns].flatMap(([name, of]) => (wanted.has(name) ? of : []))
  for (const place of places) {
    const { type, range } = place
    if (range === null || !isKnownIndex(type)) continue
    const { from, length } = range
    const body = isSmall
      ? start.subarray(from, from + length)
      : await io.readRange(path, from, length, options)
    bodies.set(place, body)
  }
  return indexesOf(columns, wanted, (place) => bodies.get(place) ?? null)
}

function indexesOf(
  columns: ReadonlyMap<string, readonly IndexPlace[]>,
  wanted: ReadonlySet<string>,
  bodyOf: (place: IndexPlace) => Uint8Array | null,
): FileIndexes {
  const indexes = new Map<string, StoredIndex[]>()
  for (const [name, places] of columns)
    if (wanted.has(name))
      indexes.set(
        name,
        places.map((place) => ({ type: place.type, body: bodyOf(place) })),
      )
  return indexes
}

/** The columns that the predicate looks at. */
function columnNames({ root, fields }: BoundPredicate): Set<string> {
  const names = new Set<string>()
  const visit = (node: BoundNode): void => {
    if ('children' in node) node.children.forEach(visit)
    else if ('column' in node) names.add(fields[node.column]!.name)
  }
  visit(root)
  return names
}

/** Rows that are as near to each other as this are read together. */
const GAP_ROWS = 32

function rangesOf(rows: RoaringBitmap | null, { rowCount }: DataFileMeta): RowRange[] | null {
  if (rows === null) return null
  // A row that the file does not have is one that an index invents.
  return bitmapRanges(rows, GAP_ROWS)
    .filter(({ from }) => from < rowCount)
    .map(({ from, to }) => ({ from, to: Math.min(to, rowCount) }))
}
