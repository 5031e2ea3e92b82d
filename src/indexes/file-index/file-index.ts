/**
 * The indexes of a data file, beside it or in its manifest entry: which of its rows may pass a filter.
 *
 * Follows the Java classes `FileIndexPredicate` and `FileIndexEvaluator`.
 */
import type { DataType } from '../../types/data-type.ts'
import type { BoundNode, BoundPredicate } from '../../types/predicate-bind.ts'
import { bitmapOf, intersection, type RoaringBitmap, union } from '../roaring.ts'
import { bitmapIndex } from './bitmap-index.ts'
import { bloomFilter } from './bloom-filter.ts'
import { bitSliceIndex } from './bsi.ts'
import type { ColumnIndex } from './column-index.ts'
import { rangeBitmapIndex } from './range-bitmap.ts'

/** An index of a column of a file; `body` is null for one of a column that has only nulls. */
export interface StoredIndex {
  readonly type: string
  readonly body: Uint8Array | null
}

/** The indexes of a column by its name in the file. */
export type FileIndexes = ReadonlyMap<string, readonly StoredIndex[]>

const INDEXES: Readonly<
  Record<string, (body: Uint8Array, type: DataType) => ColumnIndex | undefined>
> = {
  'bloom-filter': bloomFilter,
  bitmap: bitmapIndex,
  bsi: bitSliceIndex,
  'range-bitmap': rangeBitmapIndex,
}

/** Whether an index of the type can be read; others tell nothing. */
export function isKnownIndex(type: string): boolean {
  return Object.hasOwn(INDEXES, type)
}

/** The rows that may pass the predicate, whose fields are the file's own columns; null when all may. */
export function indexedRows(predicate: BoundPredicate, indexes: FileIndexes): RoaringBitmap | null {
  const opened = new Map<string, readonly ColumnIndex[]>()
  const indexesOf = (column: number): readonly ColumnIndex[] => {
    const { name, type } = predicate.fields[column]!
    let found = opened.get(name)
    if (found === undefined) {
      found = openIndexes(indexes.get(name) ?? [], type)
      opened.set(name, found)
    }
    return found
  }
  return nodeRows(predicate.root, indexesOf)
}

function openIndexes(stored: readonly StoredIndex[], type: DataType): ColumnIndex[] {
  return stored.flatMap(({ type: name, body }) => {
    if (!isKnownIndex(name)) return []
    const index = body === null ? ONLY_NULLS : INDEXES[name]!(body, type)
    return index === undefined ? [] : [index]
  })
}

/** Java writes no bytes for an index that was given no value. */
const ONLY_NULLS: ColumnIndex = {
  rows: (node) => (node.op === 'isNull' ? null : bitmapOf([])),
}

function nodeRows(
  node: BoundNode,
  indexesOf: (column: number) => readonly ColumnIndex[],
): RoaringBitmap | null {
  switch (node.op) {
    case 'all':
      return null
    case 'none':
      return bitmapOf([])
    case 'and': {
      const parts = node.children.map((child) => nodeRows(child, indexesOf))
      return both(parts)
    }
    case 'or': {
      let found = bitmapOf([])
      for (const child of node.children) {
        const rows = nodeRows(child, indexesOf)
        if (rows === null) return null
        found = union(found, rows)
      }
      return found
    }
    default:
      return both(indexesOf(node.column).map((index) => index.rows(node)))
  }
}

/** The rows in all of the bitmaps; null, which is all rows, where none tells. */
function both(parts: readonly (RoaringBitmap | null)[]): RoaringBitmap | null {
  return parts.reduce<RoaringBitmap | null>((rows, part) => {
    if (rows === null) return part
    return part === null ? rows : intersection(rows, part)
  }, null)
}
