/** Which stripes of an ORC file a predicate can choose rows of, by their statistics. */
import type { DataType } from '../../types/data-type.ts'
import type { InternalValue } from '../../types/internal-value.ts'
import type { BoundPredicate } from '../../types/predicate-bind.ts'
import { type ColumnStats, mayMatch } from '../../types/predicate-stats.ts'
import type { RowRange } from '../data-file.ts'
import { type OrcFile, stripeStatistics } from './file-reader.ts'
import type { StoredStatistics } from './metadata.ts'
import { KIND, type TypeNode } from './type-tree.ts'

/** The rows that may pass the predicate, ascending; null when the file has no statistics, or all may. */
export async function pruneStripes(
  file: OrcFile,
  predicate: BoundPredicate,
  signal?: AbortSignal,
): Promise<readonly RowRange[] | null> {
  const statistics = await stripeStatistics(file, signal)
  if (statistics === null) return null
  const byName = new Map(file.root.children.map((child) => [child.name, child]))
  const nodes = predicate.fields.map(({ name }) => byName.get(name))
  const rows: RowRange[] = []
  let isAll = true
  let from = 0
  for (const [i, { rowCount }] of file.stripes.entries()) {
    const isPossible = mayMatch(predicate, rowCount, (column) => {
      const node = nodes[column]
      const stored = node && statistics[i]![node.column]
      return stored && columnStats(node, predicate.fields[column]!.type, stored, rowCount)
    })
    if (isPossible) rows.push({ from, to: from + rowCount })
    else isAll &&= rowCount === 0
    from += rowCount
  }
  return isAll ? null : rows
}

function columnStats(
  node: TypeNode,
  type: DataType,
  stored: StoredStatistics,
  rowCount: number,
): ColumnStats {
  const { valueCount, hasNull } = stored
  // A writer without a row index collects none: it tells of no values, and of no nulls either.
  const isCollected = valueCount === rowCount || (hasNull && (valueCount ?? rowCount) < rowCount)
  if (!isCollected) return { min: null, max: null, nullCount: null }
  const nullCount = rowCount - valueCount!
  const [min, max] = boundsOf(node, type, stored)
  if (min === null || max === null) return { min: null, max: null, nullCount }
  return { min, max, nullCount }
}

/** As values that predicates compare; decimals, timestamps and the padded CHAR are left out. */
function boundsOf(
  node: TypeNode,
  type: DataType,
  { ints, doubles, texts, dates }: StoredStatistics,
): readonly [InternalValue, InternalValue] {
  switch (type.kind) {
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
      return [numberOf(ints?.min), numberOf(ints?.max)]
    case 'DATE':
      return [numberOf(dates?.min), numberOf(dates?.max)]
    case 'BIGINT':
      return [ints?.min ?? null, ints?.max ?? null]
    case 'FLOAT':
    case 'DOUBLE': {
      const min = doubles?.min ?? null
      // Bounds may leave NaN out, which is above all in a predicate's order, and count -0 as 0, which it lies below.
      return min === null || Number.isNaN(min) ? NO_BOUNDS : [min === 0 ? -0 : min, Number.NaN]
    }
    case 'VARCHAR':
      return node.kind === KIND.CHAR ? NO_BOUNDS : [texts?.min ?? null, texts?.max ?? null]
    default:
      return NO_BOUNDS
  }
}

const NO_BOUNDS: readonly [null, null] = [null, null]

function numberOf(value: bigint | null | undefined): number | null {
  return value === null || value === undefined ? null : Number(value)
}
