/** Checks the files of each bucket together: they agree on the number of buckets, and levels do not overlap. */
import { compareKeyValues, decodeKey, type Key } from '../../lsm/key-compare.ts'
import { bucketDirectory, type DataLayout, partitionDirectory } from '../../snapshot/data-paths.ts'
import type { ManifestEntry } from '../../snapshot/manifest-entry.ts'
import { latin1Of } from '../../snapshot/metadata-columns.ts'
import { hasPrimaryKey, trimmedKeyFields } from '../../types/schema-keys.ts'
import { throwIfAborted } from '../../util/async.ts'
import type { CheckContext } from './context.ts'

export async function checkBuckets(
  context: CheckContext,
  layout: DataLayout,
  live: readonly ManifestEntry[],
): Promise<void> {
  const { findings, signal } = context
  const partitions = Map.groupBy(live, ({ partition }) => latin1Of(partition))
  for (const entries of partitions.values()) {
    throwIfAborted(signal)
    const [{ partition }] = entries as [ManifestEntry]
    await findings.attempt(layout.root, () => {
      const counts = new Set(
        entries.filter(({ bucket }) => bucket >= 0).map(({ totalBuckets }) => totalBuckets),
      )
      if (counts.size > 1)
        findings.damaged(
          partitionDirectory(layout, partition),
          `has files of a table with ${[...counts].join(' and with ')} buckets`,
        )
      for (const [bucket, files] of Map.groupBy(entries, (entry) => entry.bucket))
        checkLevels(context, bucketDirectory(layout, partition, bucket), files)
    })
  }
}

/** On each level but 0, no two files may have a key in common. */
function checkLevels(
  { findings, schema }: CheckContext,
  directory: string,
  entries: readonly ManifestEntry[],
): void {
  if (!hasPrimaryKey(schema)) return
  const keys = trimmedKeyFields(schema)
  const onLevels = entries.filter(({ file }) => file.level > 0)
  for (const [level, files] of Map.groupBy(onLevels, ({ file }) => file.level)) {
    const ranges = files
      .map(({ file }) => ({
        name: file.fileName,
        min: decodeKey(keys, file.minKey),
        max: decodeKey(keys, file.maxKey),
      }))
      .toSorted((a, b) => compareKeyValues(a.min, b.min))
    let reach: { name: string; max: Key } | null = null
    for (const { name, min, max } of ranges) {
      if (compareKeyValues(min, max) > 0)
        findings.damaged(directory, `${name} ends before it begins, by its least and greatest key`)
      if (reach !== null && compareKeyValues(min, reach.max) <= 0)
        findings.damaged(directory, `${reach.name} and ${name} overlap on level ${level}`)
      if (reach === null || compareKeyValues(max, reach.max) > 0) reach = { name, max }
    }
  }
}
