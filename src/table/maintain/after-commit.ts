/**
 * What a commit does for the upkeep of its table, once its rows are in it: as `TableCommitImpl` does, and as there not where
 * the table is `write-only`.
 *
 * 1. Tags are made, and those whose time is over deleted.
 * 2. Partitions expire.
 * 3. Consumers expire.
 * 4. Snapshots expire, and changelogs.
 */
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { type Clock, systemClock } from '../../util/async.ts'
import { makeDueTags } from './auto-tags.ts'
import { tagBatch } from './batch-tags.ts'
import { expireDuePartitions } from './due-partitions.ts'
import { expireDueConsumers, expireDueTags } from './due-tags.ts'
import { expireAfterCommit } from './expire-step.ts'

/** A table that is kept in order, and by which clock. */
export interface MaintainedTable {
  readonly store: TableStore
  /** With the options of the object that commits. */
  readonly schema: TableSchema
  readonly clock: Clock
  /** Who commits, and the identifier of the commit. */
  readonly commitUser: string
  readonly identifier: bigint
  /** The last snapshot of the commit. */
  readonly latest: Snapshot
  readonly signal?: AbortSignal | undefined
}

/** One of the steps above. It asks the storage nothing where nothing can be due. */
type Step = (table: MaintainedTable) => Promise<void>

const STEPS: readonly Step[] = [
  makeDueTags,
  tagBatch,
  expireDueTags,
  expireDuePartitions,
  expireDueConsumers,
  expireAfterCommit,
]

/** Does what is due. What fails is answered and not thrown: the commit has happened. */
export async function maintain(
  table: Omit<MaintainedTable, 'clock'> & { readonly clock?: Clock | undefined },
): Promise<readonly unknown[]> {
  if (tableOptions(table.schema.options).get('write-only')) return []
  const failures: unknown[] = []
  for (const step of STEPS) {
    try {
      await step({ ...table, clock: table.clock ?? systemClock })
    } catch (error) {
      table.store.metrics.add('commit.numUpkeepFailed')
      failures.push(error)
    }
  }
  return failures
}
