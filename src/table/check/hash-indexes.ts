/** Checks the hash indexes of dynamic buckets: they can be read, and no key is in two buckets of a partition. */
import { BucketHashes, DYNAMIC_BUCKETS_MAX } from '../../indexes/bucket-hashes.ts'
import { readHashIndex } from '../../indexes/hash-index.ts'
import { type DataLayout, indexFilePath } from '../../snapshot/data-paths.ts'
import { HASH_INDEX, type IndexManifestEntry } from '../../snapshot/index-manifest.ts'
import { latin1Of } from '../../snapshot/metadata-columns.ts'
import { throwIfAborted } from '../../util/async.ts'
import type { CheckContext } from './context.ts'

/** The entries are those of a snapshot whose files have the sizes that they say. */
export async function checkHashIndexes(
  { store, findings, signal }: CheckContext,
  layout: DataLayout,
  entries: readonly IndexManifestEntry[],
): Promise<void> {
  const own = entries.filter(({ indexFile }) => indexFile.indexType === HASH_INDEX)
  const partitions = Map.groupBy(own, ({ partition }) => latin1Of(partition))
  for (const [, buckets] of partitions) {
    const known = new BucketHashes()
    for (const entry of buckets) {
      throwIfAborted(signal)
      const path = indexFilePath(layout, entry)
      if (entry.bucket < 0 || entry.bucket > DYNAMIC_BUCKETS_MAX) {
        findings.damaged(path, `is the hash index of a bucket ${entry.bucket}`)
        continue
      }
      const hashes = await findings.attempt(path, () =>
        readHashIndex(store.io, layout, entry, { signal }),
      )
      const twice = hashes?.filter((hash) => isElsewhere(known, hash, entry.bucket)).length ?? 0
      if (twice > 0)
        findings.damaged(path, `has ${twice} keys that other buckets of the partition have too`)
    }
  }
}

function isElsewhere(known: BucketHashes, hash: number, bucket: number): boolean {
  const other = known.bucketOf(hash)
  if (other < 0) known.put(hash, bucket)
  return other >= 0 && other !== bucket
}
