/** Checks that statistics tell the truth of the values: a bound that a value breaks makes readers miss it. */
import { hasBounds } from '../../format/column-bounds.ts'
import { type Batch, countNulls } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import type { BoundNode } from '../../types/predicate-bind.ts'
import type { ScalarValue } from '../../types/predicate-literal.ts'
import { selectRows } from '../../types/predicate-rows.ts'
import type { ColumnStats } from '../../types/predicate-stats.ts'

/** A column of the batches that are read, and what is claimed of it. */
export interface ClaimedColumn {
  readonly field: DataField
  /** The column's place in the batches. */
  readonly index: number
  readonly stats: ColumnStats
  /** Whose claim it is, for messages: `value statistics`, `key statistics`. */
  readonly source: string
}

export class BoundsCheck {
  readonly #columns: readonly ClaimedColumn[]
  readonly #nullCounts: number[]
  readonly #outside: readonly BoundNode[]
  readonly #problems = new Map<number, string>()

  constructor(columns: readonly ClaimedColumn[]) {
    this.#columns = columns
    this.#nullCounts = columns.map(() => 0)
    this.#outside = columns.map(outsideOf)
  }

  add(batch: Batch): void {
    for (const [i, { field, index, source }] of this.#columns.entries()) {
      this.#nullCounts[i]! += countNulls(batch.columns[index]!)
      if (this.#problems.has(i)) continue
      const node = this.#outside[i]!
      if (node.op === 'none') continue
      // Null stands for every row.
      const rows = selectRows({ fields: [], root: node }, batch)
      if (rows === null || rows.length > 0)
        this.#problems.set(i, `the ${source} of ${field.name} do not bound its values`)
    }
  }

  /** What is wrong, after the last row. */
  *problems(rowCount: number): Generator<string> {
    yield* this.#problems.values()
    for (const [i, { field, stats, source }] of this.#columns.entries()) {
      const nulls = this.#nullCounts[i]!
      const { nullCount } = stats
      if (nullCount !== null && nullCount !== nulls)
        yield `the ${source} of ${field.name} say ${nullCount} nulls of ${rowCount} rows, there are ${nulls}`
    }
  }
}

/** Values that the bounds leave out. Some writers leave NaN out of their bounds, and readers know that. */
function outsideOf({ field, index: column, stats }: ClaimedColumn): BoundNode {
  const low = (stats.min ?? undefined) as ScalarValue | undefined
  const high = (stats.max ?? undefined) as ScalarValue | undefined
  if (!hasBounds(field.type) || (low === undefined && high === undefined)) return { op: 'none' }
  const outside: BoundNode = { op: 'range', column, low, high, highOpen: false, negated: true }
  if (field.type.kind !== 'FLOAT' && field.type.kind !== 'DOUBLE') return outside
  const number: BoundNode = {
    op: 'range',
    column,
    low: -Infinity,
    high: Infinity,
    highOpen: false,
    negated: false,
  }
  return { op: 'and', children: [outside, number] }
}
