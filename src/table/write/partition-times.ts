/** Refuses rows of partitions that tell no time, where the table asks for one. Follows `AbstractFileStoreWrite`. */
import { tableOptions } from '../../types/options.ts'
import { partitionTime } from '../../types/partition-time.ts'
import { decodePartition, partitionPath } from '../../types/partition.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { partitionFields, partitionNaming } from '../../types/schema-keys.ts'
import { invalid } from '../../util/errors.ts'

/**
 * Asked once for each bucket that is opened; throws INVALID. Everything passes unless `partition.timestamp-format.strict` is
 * set, and a pattern or a formatter.
 */
export function partitionTimeCheck(schema: TableSchema): (partition: Uint8Array) => void {
  const options = tableOptions(schema.options)
  const isTold =
    options.isSet('partition.timestamp-pattern') || options.isSet('partition.timestamp-formatter')
  const fields = partitionFields(schema)
  if (!options.get('partition.timestamp-format.strict') || !isTold || fields.length === 0)
    return () => {}
  const timeOf = partitionTime(fields, options)
  const naming = partitionNaming(schema)
  return (partition) => {
    const values = decodePartition(fields, partition)
    if (timeOf(values) !== undefined) return
    throw invalid(`the partition ${partitionPath(fields, values, naming)} tells no time`, {
      hint: 'partition.timestamp-pattern and partition.timestamp-formatter say how it should be written; partition.timestamp-format.strict = false takes it as it is',
    })
  }
}
