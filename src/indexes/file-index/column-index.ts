/** What an index of a column can be asked. */
import type { BoundNode } from '../../types/predicate-bind.ts'
import type { RoaringBitmap } from '../roaring.ts'

/** A condition on one column. */
export type ColumnNode = Extract<
  BoundNode,
  { readonly op: 'isNull' | 'isNotNull' | 'range' | 'in' | 'match' }
>

export interface ColumnIndex {
  /** All rows that meet the condition, and perhaps others; null where the index cannot tell. */
  rows(node: ColumnNode): RoaringBitmap | null
}
