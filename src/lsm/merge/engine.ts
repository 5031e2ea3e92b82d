/** The merge engine of a table, as its options have it. */
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { aggregation } from './aggregation.ts'
import type { ColumnEngine } from './column-engine.ts'
import { partialUpdate } from './partial-update.ts'

/** Engines that keep one of a key's rows, and engines that make a row of several. */
export type MergeEngine = 'deduplicate' | 'first-row' | ColumnEngine

/** Throws INVALID for options of the engine that contradict each other or the columns. */
export function mergeEngine(schema: TableSchema): MergeEngine {
  const options = tableOptions(schema.options)
  const name = options.get('merge-engine')
  if (name === 'aggregation') return aggregation(schema, options)
  return name === 'partial-update' ? partialUpdate(schema, options) : name
}
