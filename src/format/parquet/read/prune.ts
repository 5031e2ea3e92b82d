/** Which rows of a file a predicate can choose, by row group statistics, bloom filters and page indexes. */
import type { DataType } from '../../../types/data-type.ts'
import type { BoundNode, BoundPredicate } from '../../../types/predicate-bind.ts'
import { type ColumnStats, mayMatch } from '../../../types/predicate-stats.ts'
import { decodingError } from '../../../util/errors.ts'
import { ByteRanges } from '../../byte-ranges.ts'
import { intersectRanges } from '../../row-ranges.ts'
import type { ColumnChunk, ColumnIndex, PageLocation, RowGroup } from '../metadata.ts'
import type { LeafNode } from '../tree.ts'
import { bloomExcludes } from './bloom.ts'
import { boundStats } from './bound-value.ts'
import type { ParquetFile } from './file-reader.ts'
import { readColumnIndex, readOffsetIndex } from './page-metadata.ts'
import type { RowRange } from './page-stream.ts'

export interface PrunedRows {
  /** The rows that may match, ascending, of the file. */
  readonly rows: readonly RowRange[]
  readonly rowGroupCount: number
  readonly rowGroupsKept: number
}

/**
 * The rows that may pass the predicate. Its columns are found in the file by name; one that the file lacks, or that is
 * not a plain leaf there, excludes nothing.
 */
export async function pruneRows(
  file: ParquetFile,
  predicate: BoundPredicate,
  signal?: AbortSignal,
): Promise<PrunedRows> {
  const { metadata, tail } = file
  const source = new ByteRanges(file.io, file.path, file.sizeBytes, { tail, signal })
  const leaves = predicateLeaves(file, predicate)
  const rows: RowRange[] = []
  let firstRow = 0
  let rowGroupsKept = 0
  try {
    for (const group of metadata.rowGroups) {
      const kept = await pruneGroup({ source, group, leaves, predicate })
      if (kept.length > 0) rowGroupsKept++
      for (const { from, to } of kept) rows.push({ from: firstRow + from, to: firstRow + to })
      firstRow += group.rowCount
    }
  } catch (error) {
    throw decodingError(file.path, error)
  }
  return { rows, rowGroupCount: metadata.rowGroups.length, rowGroupsKept }
}

interface PredicateLeaf {
  readonly node: LeafNode
  readonly type: DataType
}

interface GroupPruning {
  readonly source: ByteRanges
  readonly group: RowGroup
  /** By position among the predicate's fields. */
  readonly leaves: ReadonlyMap<number, PredicateLeaf>
  readonly predicate: BoundPredicate
}

function predicateLeaves(
  { root }: ParquetFile,
  { fields }: BoundPredicate,
): Map<number, PredicateLeaf> {
  const byName = new Map(root.children.map((child) => [child.name, child]))
  const leaves = new Map<number, PredicateLeaf>()
  for (const [i, field] of fields.entries()) {
    const node = byName.get(field.name)
    if (node === undefined || node.children !== undefined || node.repetitionLevel > 0) continue
    leaves.set(i, { node, type: field.type })
  }
  return leaves
}

/** The rows of one row group, relative to it. */
async function pruneGroup(pruning: GroupPruning): Promise<RowRange[]> {
  const { group, leaves, predicate } = pruning
  const { rowCount } = group
  const isPossible = mayMatch(predicate, rowCount, (column) => {
    const leaf = leaves.get(column)
    return leaf && boundStats(leaf.node, leaf.type, group.columns[leaf.node.leaf]!.statistics)
  })
  if (!isPossible) return []
  const used = [...columnsOf(predicate.root)].filter((column) => leaves.has(column))
  if (await excludedByBloom(pruning, predicate.root)) return []
  const pages = await readPages(pruning, used)
  return rangesOf(predicate.root, pruning, pages)
}

function columnsOf(node: BoundNode, into = new Set<number>()): Set<number> {
  if (node.op === 'and' || node.op === 'or')
    for (const child of node.children) columnsOf(child, into)
  else if ('column' in node) into.add(node.column)
  return into
}

/** Whether one of the conditions that must hold is ruled out by a bloom filter. */
async function excludedByBloom(pruning: GroupPruning, node: BoundNode): Promise<boolean> {
  const { source, group, leaves } = pruning
  if (node.op === 'and') {
    for (const child of node.children) if (await excludedByBloom(pruning, child)) return true
    return false
  }
  if (node.op !== 'range' && node.op !== 'in') return false
  const leaf = leaves.get(node.column)
  if (leaf === undefined || node.negated) return false
  return await bloomExcludes(source, group.columns[leaf.node.leaf]!, leaf.node, leaf.type, node)
}

interface PageStats {
  readonly rows: readonly RowRange[]
  readonly stats: readonly ColumnStats[]
}

/** The pages of the columns that have both indexes. */
async function readPages(
  { source, group, leaves }: GroupPruning,
  columns: readonly number[],
): Promise<Map<number, PageStats>> {
  const wanted = columns.flatMap((column) => {
    const leaf = leaves.get(column)!
    const places = indexPlaces(group.columns[leaf.node.leaf]!)
    return places === null ? [] : [{ column, leaf, ...places }]
  })
  source.announce(wanted.flatMap(({ columnIndex, offsetIndex }) => [columnIndex, offsetIndex]))
  const pages = new Map<number, PageStats>()
  for (const { column, leaf, columnIndex, offsetIndex } of wanted) {
    const index = readColumnIndex(await source.read(columnIndex.offset, columnIndex.length))
    const locations = readOffsetIndex(await source.read(offsetIndex.offset, offsetIndex.length))
    const found = pageStats(leaf, index, locations, group.rowCount)
    if (found !== null) pages.set(column, found)
  }
  return pages
}

interface Place {
  readonly offset: number
  readonly length: number
}

function indexPlaces(chunk: ColumnChunk): { columnIndex: Place; offsetIndex: Place } | null {
  const { columnIndexOffset, columnIndexLength, offsetIndexOffset, offsetIndexLength } = chunk
  if (columnIndexOffset === undefined || offsetIndexOffset === undefined) return null
  if (!columnIndexLength || !offsetIndexLength) return null
  return {
    columnIndex: { offset: columnIndexOffset, length: columnIndexLength },
    offsetIndex: { offset: offsetIndexOffset, length: offsetIndexLength },
  }
}

/** Null where the two indexes do not fit together; then nothing is pruned by them. */
function pageStats(
  { node, type }: PredicateLeaf,
  index: ColumnIndex,
  locations: readonly PageLocation[],
  rowCount: number,
): PageStats | null {
  if (index.nullPages.length !== locations.length) return null
  const rows = locations.map((page, i) => ({
    from: page.firstRow,
    to: locations[i + 1]?.firstRow ?? rowCount,
  }))
  if (rows[0]?.from !== 0 || rows.some((range) => range.to < range.from)) return null
  const stats = rows.map((range, i): ColumnStats => {
    if (index.nullPages[i]) return { min: null, max: null, nullCount: range.to - range.from }
    const min = index.minValues[i]!
    const max = index.maxValues[i]!
    const nullCount = index.nullCounts?.[i]
    return boundStats(node, type, { min, max, ...(nullCount !== undefined && { nullCount }) })
  })
  return { rows, stats }
}

/** The rows that may pass a node. */
function rangesOf(
  node: BoundNode,
  pruning: GroupPruning,
  pages: ReadonlyMap<number, PageStats>,
): RowRange[] {
  const whole = [{ from: 0, to: pruning.group.rowCount }]
  if (node.op === 'and') {
    let ranges = whole
    for (const child of node.children)
      ranges = intersectRanges(ranges, rangesOf(child, pruning, pages))
    return ranges
  }
  if (node.op === 'or')
    return union(node.children.flatMap((child) => rangesOf(child, pruning, pages)))
  if (node.op === 'none') return []
  if (!('column' in node)) return whole
  const found = pages.get(node.column)
  if (found === undefined) return whole
  const predicate = { fields: pruning.predicate.fields, root: node }
  return union(
    found.rows.filter((range, i) =>
      mayMatch(predicate, range.to - range.from, () => found.stats[i]),
    ),
  )
}

function union(ranges: readonly RowRange[]): RowRange[] {
  const joined: { from: number; to: number }[] = []
  for (const { from, to } of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = joined.at(-1)
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to)
    else joined.push({ from, to })
  }
  return joined
}
