/** After commits: partitions that are past their time are dropped, looked for once in each check interval. */
import { BATCH_IDENTIFIER } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { tableOptions } from '../../types/options.ts'
import type { MaintainedTable } from './after-commit.ts'
import { expirePartitions } from './expire-partitions.ts'

/** When partitions of a table were last looked at in this process, in milliseconds since 1970. */
const lastChecks = new WeakMap<TableStore, number>()

/**
 * As `PartitionExpire` does. The first check of a process is due at a time within the interval that chance picks: jobs that
 * are too short for the whole interval get to it too, now and then.
 */
export async function expireDuePartitions(
  table: Omit<MaintainedTable, 'latest'>,
  random: () => number = Math.random,
): Promise<void> {
  const { store, schema, clock, signal, commitUser, identifier } = table
  const options = tableOptions(schema.options)
  if (options.get('partition.expiration-time') === undefined || schema.partitionKeys.length === 0)
    return
  const intervalMs = options.get('partition.expiration-check-interval')
  const now = clock.now()
  let last = lastChecks.get(store)
  if (last === undefined) {
    const seconds = Math.floor(intervalMs / 1000)
    last = now - Math.floor(random() * seconds) * 1000
    lastChecks.set(store, last)
  }
  const isEnd = identifier === BATCH_IDENTIFIER && options.get('end-input.check-partition-expire')
  if (intervalMs > 0 && now <= last + intervalMs && !isEnd) return
  await expirePartitions(store, schema, { clock, signal, commitUser, identifier })
  lastChecks.set(store, now)
}
