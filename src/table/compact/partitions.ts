/** Which partitions a compaction is asked to do. */
import { matchingPartitions } from '../../snapshot/overwrite.ts'
import { batchBuilder, finishBatch } from '../../types/column-builder.ts'
import { appendValue } from '../../types/internal-value.ts'
import { decodePartition } from '../../types/partition.ts'
import { columnsOf } from '../../types/predicate-analysis.ts'
import { bindPredicate } from '../../types/predicate-bind.ts'
import { selectRows } from '../../types/predicate-rows.ts'
import type { Predicate } from '../../types/predicate.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { partitionFields } from '../../types/schema-keys.ts'
import { parseWhere } from '../../types/where-text.ts'
import { invalid } from '../../util/errors.ts'
import { matchingScope, type PartitionMatch } from '../write/overwrite.ts'

/** Tells whether a partition is chosen, by its bytes. */
export type PartitionChoice = (partition: Uint8Array) => boolean

/** The partitions that match the values, and fit the filter; undefined for all. */
export function partitionChoice(
  schema: TableSchema,
  {
    partition,
    where,
  }: {
    readonly partition?: PartitionMatch | undefined
    readonly where?: Predicate | string | undefined
  },
): PartitionChoice | undefined {
  const fields = partitionFields(schema)
  const matching =
    partition && matchingPartitions(fields, matchingScope(schema, [partition]).specs).partition
  const fitting = where === undefined ? undefined : fittingPartitions(schema, where)
  if (matching === undefined || fitting === undefined) return matching ?? fitting
  return (bytes) => matching(bytes) && fitting(bytes)
}

function fittingPartitions(schema: TableSchema, where: Predicate | string): PartitionChoice {
  const fields = partitionFields(schema)
  const predicate = typeof where === 'string' ? parseWhere(where, schema.fields) : where
  const names = fields.map(({ name }) => name)
  const other = columnsOf(predicate).find((name) => !names.includes(name))
  if (other !== undefined)
    throw invalid(`"${other}" is no partition key, and whole partitions are compacted`, {
      hint: names.length === 0 ? 'the table has no partitions' : `filter on ${names.join(', ')}`,
    })
  const bound = bindPredicate(predicate, fields)
  return (bytes) => {
    const values = decodePartition(fields, bytes)
    const builder = batchBuilder(fields)
    for (const [i, { type }] of fields.entries())
      appendValue(builder.children[i]!, type, values[i] ?? null)
    builder.endRow()
    const rows = selectRows(bound, finishBatch(builder))
    return rows === null || rows.length === 1
  }
}
