/** The keys that a table has, with their partitions and buckets. Follows the Java class `IndexBootstrap`. */
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { instantOfLocal } from '../../types/local-time.ts'
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { fileContext } from '../file/table-file.ts'
import { planScan } from '../plan/scan.ts'
import type { Split } from '../plan/split.ts'
import { readSplit } from '../split/split-read.ts'

export interface PlacedKeys {
  /** A serialised BinaryRow of the partition columns. */
  readonly partition: Uint8Array
  readonly bucket: number
  readonly batch: Batch
}

/**
 * The columns `fields` of all rows of the snapshot, also of those on level 0 that reads of some tables pass over; without
 * files that are older than `cross-partition-upsert.index-ttl`.
 */
export async function* readKeys(
  store: TableStore,
  schema: TableSchema,
  snapshot: Snapshot,
  options: { readonly fields: readonly DataField[]; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<PlacedKeys, void, undefined> {
  const { signal } = options
  const plan = await planScan(store, {
    schema,
    snapshot,
    level: anyLevel,
    isBatch: true,
    signal,
  })
  const ttlMillis = tableOptions(schema.options).get('cross-partition-upsert.index-ttl')
  const context = fileContext(store, schema)
  for (const split of plan.splits) {
    if (ttlMillis !== undefined && !isYoung(split, Date.now() - ttlMillis)) continue
    const { partition, bucket } = split
    for await (const batch of readSplit(context, split, options)) yield { partition, bucket, batch }
  }
}

/** Whether one of the files was made since. */
function isYoung({ files }: Split, sinceMillis: number): boolean {
  return files.some(
    ({ creationTime }) =>
      creationTime === null || instantOfLocal(Number(creationTime)) >= sinceMillis,
  )
}

function anyLevel(): boolean {
  return true
}
