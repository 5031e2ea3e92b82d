/** `SimpleStats` as columns of metadata files have them. */
import type { ListBuilder, StructBuilder } from '../types/column-builder.ts'
import type { BytesBuilder, FixedBuilder } from '../types/column-builder.ts'
import { type Column, isPresent } from '../types/column.ts'
import { assert } from '../util/assert.ts'
import type { SimpleStats } from './data-file-meta.ts'
import { bytesAt, checkedCount, children, longs } from './metadata-columns.ts'

export function simpleStatsAt(column: Column, row: number): SimpleStats {
  const [min, max, nullCounts] = children(column)
  return {
    minValues: bytesAt(min!, row),
    maxValues: bytesAt(max!, row),
    nullCounts: nullCountsAt(nullCounts!, row),
  }
}

function nullCountsAt(column: Column, row: number): (number | null)[] | null {
  assert(column.layout === 'list', 'an ARRAY column')
  if (!isPresent(column, row)) return null
  const { child, starts, ends } = column
  const values = longs(child)
  const counts: (number | null)[] = []
  for (let i = starts[row]!; i < ends[row]!; i++)
    counts.push(isPresent(child, i) ? checkedCount(values[i]!, 'a null count') : null)
  return counts
}

export function appendSimpleStats(builder: StructBuilder, stats: SimpleStats): void {
  const [min, max, nullCounts] = builder.children as [BytesBuilder, BytesBuilder, ListBuilder]
  min.append(stats.minValues)
  max.append(stats.maxValues)
  if (stats.nullCounts === null) nullCounts.appendNull()
  else {
    const items = nullCounts.child as FixedBuilder
    for (const count of stats.nullCounts) {
      if (count === null) items.appendNull()
      else items.appendBigInt(BigInt(count))
    }
    nullCounts.endRow()
  }
  builder.endRow()
}
