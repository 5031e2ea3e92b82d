/** Measures the compactions of a writer, and the buckets that they keep in order. Follows `CompactionMetrics`. */
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import type { TableMetrics } from '../snapshot/table-metrics.ts'
import type { CompactionChange } from './compaction-chain.ts'
import { allFiles, type Levels } from './levels.ts'

/** The work, measured when it is done. */
export function measuredCompaction(
  metrics: TableMetrics | undefined,
  work: () => Promise<CompactionChange>,
): () => Promise<CompactionChange> {
  if (metrics === undefined) return work
  return async () => {
    metrics.add('compaction.compactionTotalCount')
    const startMs = performance.now()
    const change = await work()
    tellCompaction(metrics, change, performance.now() - startMs)
    return change
  }
}

function tellCompaction(
  metrics: TableMetrics,
  { before, after }: CompactionChange,
  durationMs: number,
): void {
  metrics.record('compaction.compactionTime', durationMs)
  const { compaction } = metrics.values()
  metrics.add('compaction.compactionCompletedCount')
  metrics.set('compaction.avgCompactionTime', compaction.compactionTime!.mean)
  const count = compaction.compactionCompletedCount + 1
  const [input, output] = [sizeOf(before), sizeOf(after)]
  const { maxCompactionInputSize, maxCompactionOutputSize } = compaction
  const { avgCompactionInputSize, avgCompactionOutputSize } = compaction
  const average = (last: number | null, size: number): number =>
    (last ?? 0) + (size - (last ?? 0)) / count
  metrics.set('compaction.maxCompactionInputSize', Math.max(maxCompactionInputSize ?? 0, input))
  metrics.set('compaction.maxCompactionOutputSize', Math.max(maxCompactionOutputSize ?? 0, output))
  metrics.set('compaction.avgCompactionInputSize', average(avgCompactionInputSize, input))
  metrics.set('compaction.avgCompactionOutputSize', average(avgCompactionOutputSize, output))
}

/** Takes note of the buckets that a writer has open. */
export function tellBuckets(metrics: TableMetrics, buckets: readonly Levels[]): void {
  if (buckets.length === 0) return
  const counts = buckets.map(({ level0 }) => level0.length)
  const sizes = buckets.map((levels) => sizeOf(allFiles(levels)))
  metrics.set('compaction.maxLevel0FileCount', Math.max(...counts))
  metrics.set('compaction.avgLevel0FileCount', meanOf(counts))
  metrics.set('compaction.maxTotalFileSize', Math.max(...sizes))
  metrics.set('compaction.avgTotalFileSize', meanOf(sizes))
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function sizeOf(files: readonly DataFileMeta[]): number {
  return files.reduce((sum, { fileSize }) => sum + fileSize, 0)
}
