/**
 * What a process measures of its work on a table: plans of reads, rows, commits and compactions.
 *
 * Names and units are those of Paimon's own metrics where it has them (its page maintenance/metrics), so that dashboards fit:
 * durations are milliseconds, sizes bytes. Each is declared once; values, their types and the text for Prometheus follow.
 */

/** A counter only grows, a gauge is what was last, a histogram is of the last hundred. */
type MetricType = 'counter' | 'gauge' | 'histogram'

interface Metric<Type extends MetricType = MetricType> {
  readonly type: Type
  readonly summary: string
}

const counter = (summary: string): Metric<'counter'> => ({ type: 'counter', summary })
const gauge = (summary: string): Metric<'gauge'> => ({ type: 'gauge', summary })
const histogram = (summary: string): Metric<'histogram'> => ({ type: 'histogram', summary })

/** Group by group. */
export const TABLE_METRICS = {
  scan: {
    lastScanDuration: gauge('Milliseconds that the last plan of a read took.'),
    scanDuration: histogram('Milliseconds that plans of reads take.'),
    lastScannedManifests: gauge('Manifests that the last plan read.'),
    lastScanSkippedTableFiles: gauge('Data files that the last plan left out by statistics.'),
    lastScanResultedTableFiles: gauge('Data files of the last plan.'),
  },
  reader: {
    numRecordsIn: counter('Rows that reads and streams gave.'),
    numBatchesIn: counter('Batches that reads and streams gave.'),
    lastSnapshotId: gauge('The snapshot whose rows a stream gave last.'),
    currentFetchEventTimeLag: gauge(
      'Milliseconds between the commit of that snapshot and the first of its rows being given.',
    ),
  },
  writer: {
    numRecordsOut: counter('Rows that writers took.'),
    numBytesOut: counter('Bytes of the data files and changelog files that were committed.'),
  },
  writeBuffer: {
    numWriters: gauge('Buckets that a writer has open.'),
    bufferPreemptCount: counter('How often a bucket had to give its memory back for others.'),
    usedWriteBufferSizeByte: gauge('Bytes that rows take in memory.'),
    totalWriteBufferSizeByte: gauge('Bytes that they may take.'),
  },
  commit: {
    lastCommitDuration: gauge('Milliseconds that the last commit took.'),
    commitDuration: histogram('Milliseconds that commits take.'),
    lastCommitAttempts: gauge('Snapshots that the last commit tried to create.'),
    lastTableFilesAdded: gauge('Data files that the last commit added.'),
    lastTableFilesDeleted: gauge('Data files that the last commit took away.'),
    lastTableFilesAppended: gauge('Data files with the rows of the last commit.'),
    lastTableFilesCommitCompacted: gauge('Data files that compactions of it replaced and made.'),
    lastChangelogFilesAppended: gauge('Changelog files with the rows of the last commit.'),
    lastChangelogFileCommitCompacted: gauge('Changelog files that compactions of it made.'),
    lastGeneratedSnapshots: gauge('Snapshots of the last commit.'),
    lastDeltaRecordsAppended: gauge('Rows that the last commit added, less those it took away.'),
    lastChangelogRecordsAppended: gauge('Rows of changelog with them.'),
    lastDeltaRecordsCommitCompacted: gauge('Rows that its compactions added, less those before.'),
    lastChangelogRecordsCommitCompacted: gauge('Rows of changelog that its compactions made.'),
    lastPartitionsWritten: gauge('Partitions that the last commit changed.'),
    lastBucketsWritten: gauge('Buckets that the last commit changed.'),
    lastCompactionInputFileSize: gauge('Bytes that its compactions replaced.'),
    lastCompactionOutputFileSize: gauge('Bytes that they made of it.'),
    numCommits: counter('Commits that made a snapshot.'),
    numCommitsFailed: counter('Commits that failed, or may have.'),
    numUpkeepFailed: counter('Steps of the upkeep after commits that failed.'),
    numIcebergFailed: counter('How often the Iceberg metadata could not be brought up to date.'),
  },
  compaction: {
    maxLevel0FileCount: gauge('Files of level 0 in the bucket of a writer that has most of them.'),
    avgLevel0FileCount: gauge('Files of level 0 in a bucket of a writer, on average.'),
    maxTotalFileSize: gauge('Bytes of the largest bucket of a writer.'),
    avgTotalFileSize: gauge('Bytes of a bucket of a writer, on average.'),
    avgCompactionTime: gauge('Milliseconds that a compaction takes, on average.'),
    compactionTime: histogram('Milliseconds that compactions take.'),
    compactionQueuedCount: gauge('Compactions under way, or waiting.'),
    compactionCompletedCount: counter('Compactions that ended well.'),
    compactionTotalCount: counter('Compactions that began.'),
    maxCompactionInputSize: gauge('Bytes of the largest input of a compaction.'),
    avgCompactionInputSize: gauge('Bytes of the input of a compaction, on average.'),
    maxCompactionOutputSize: gauge('Bytes of the largest output of a compaction.'),
    avgCompactionOutputSize: gauge('Bytes of the output of a compaction, on average.'),
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Metric>>>>

type Specs = typeof TABLE_METRICS

/** Of the last hundred, but for count and sum, which are of all. */
export interface HistogramValues {
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly p50: number
  readonly p75: number
  readonly p95: number
  readonly p99: number
}

type ValueOf<Spec> =
  Spec extends Metric<'counter'>
    ? number
    : Spec extends Metric<'gauge'>
      ? number | null
      : HistogramValues | null

/** Plain data: counters from 0 on; gauges and histograms are null before there is something to tell. */
export type TableMetricValues = {
  readonly [Group in keyof Specs]: {
    readonly [Name in keyof Specs[Group]]: ValueOf<Specs[Group][Name]>
  }
}

/** `commit.numCommits` */
type NameOf<Type extends MetricType> = {
  [Group in keyof Specs]: {
    [Name in keyof Specs[Group]]: Specs[Group][Name] extends Metric<Type>
      ? `${Group}.${Name & string}`
      : never
  }[keyof Specs[Group]]
}[keyof Specs]

/** One for each table that a process works on. Nothing of it is asked of the storage, and nothing is counted row by row. */
export class TableMetrics {
  readonly #numbers = new Map<string, number>()
  readonly #histograms = new Map<string, Samples>()

  add(name: NameOf<'counter' | 'gauge'>, count = 1): void {
    this.#numbers.set(name, (this.#numbers.get(name) ?? 0) + count)
  }

  set(name: NameOf<'gauge'>, value: number): void {
    this.#numbers.set(name, value)
  }

  record(name: NameOf<'histogram'>, value: number): void {
    let samples = this.#histograms.get(name)
    if (samples === undefined) this.#histograms.set(name, (samples = new Samples()))
    samples.add(value)
  }

  values(): TableMetricValues {
    const groups = Object.entries(TABLE_METRICS).map(([group, metrics]) => [
      group,
      Object.fromEntries(
        Object.entries<Metric>(metrics).map(([name, { type }]) => [
          name,
          this.#valueOf(`${group}.${name}`, type),
        ]),
      ),
    ])
    return Object.fromEntries(groups) as TableMetricValues
  }

  #valueOf(name: string, type: MetricType): number | HistogramValues | null {
    if (type === 'histogram') return this.#histograms.get(name)?.values() ?? null
    return this.#numbers.get(name) ?? (type === 'counter' ? 0 : null)
  }
}

/** As many as Paimon's histograms are of. */
const SAMPLES_MAX = 100

class Samples {
  readonly #last: number[] = []
  #next = 0
  #count = 0
  #sum = 0

  add(value: number): void {
    this.#last[this.#next] = value
    this.#next = (this.#next + 1) % SAMPLES_MAX
    this.#count++
    this.#sum += value
  }

  values(): HistogramValues {
    const sorted = this.#last.toSorted((a, b) => a - b)
    const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1]!
    return {
      count: this.#count,
      sum: this.#sum,
      min: sorted[0]!,
      max: sorted.at(-1)!,
      mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
      p50: at(0.5),
      p75: at(0.75),
      p95: at(0.95),
      p99: at(0.99),
    }
  }
}
