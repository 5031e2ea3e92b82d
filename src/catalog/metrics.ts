/** What a process measures of its work on all tables of a catalog, as one object and as text for Prometheus. */
import type { IoStats } from '../io/file-io.ts'
import { MAIN_BRANCH } from '../snapshot/paths.ts'
import {
  type HistogramValues,
  TABLE_METRICS,
  type TableMetricValues,
} from '../snapshot/table-metrics.ts'
import type { TableStore } from '../snapshot/table-store.ts'
import {
  type PrometheusFamily,
  prometheusFamilies,
  type PrometheusSample,
} from '../util/prometheus.ts'

export interface CatalogMetrics {
  /** By the name of the table, `sales.orders` or `sales.orders$branch_dev`. */
  readonly tables: Readonly<Record<string, TableMetricValues>>
  /** Requests and bytes of all of them. */
  readonly storage: IoStats
}

/** The metrics of tables and their branches that are open, by the names that {@link CatalogMetrics} has. */
export function tableMetrics(
  tables: Iterable<readonly [name: string, store: TableStore]>,
): Record<string, TableMetricValues> {
  const values: Record<string, TableMetricValues> = {}
  for (const [name, { branches }] of tables)
    for (const [branch, { metrics }] of branches)
      values[branch === MAIN_BRANCH ? name : `${name}$branch_${branch}`] = metrics.values()
  return values
}

/**
 * The metrics in the text format of Prometheus: `paimon_table_commit_lastCommitDuration{table="sales.orders"} 12`, with the
 * names of Paimon behind the group. What has not been measured yet is left out.
 */
export function prometheusText({ tables, storage }: CatalogMetrics): string {
  const families: PrometheusFamily[] = []
  for (const [group, metrics] of Object.entries(TABLE_METRICS))
    for (const [name, { type, summary }] of Object.entries(metrics)) {
      const samples = Object.entries(tables).flatMap(([table, values]) =>
        samplesOf(table, (values as unknown as Groups)[group]![name] ?? null),
      )
      families.push({
        name: `paimon_table_${group}_${name}`,
        type: type === 'histogram' ? 'summary' : type,
        help: summary,
        samples,
      })
    }
  return prometheusFamilies([...families, ...storageFamilies(storage)])
}

type Groups = Readonly<Record<string, Readonly<Record<string, number | HistogramValues | null>>>>

function samplesOf(table: string, value: number | HistogramValues | null): PrometheusSample[] {
  if (value === null) return []
  if (typeof value === 'number') return [{ labels: { table }, value }]
  const { count, sum, p50, p75, p95, p99 } = value
  const quantiles = Object.entries({ '0.5': p50, '0.75': p75, '0.95': p95, '0.99': p99 })
  return [
    ...quantiles.map(([quantile, at]) => ({ labels: { table, quantile }, value: at })),
    { suffix: '_sum', labels: { table }, value: sum },
    { suffix: '_count', labels: { table }, value: count },
  ]
}

function storageFamilies({
  requestCounts,
  retryCount,
  readBytes,
  writtenBytes,
}: IoStats): PrometheusFamily[] {
  const kinds = Object.entries(requestCounts).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return [
    storageFamily(
      'requests_total',
      'Requests to the storage, by their kind.',
      kinds.map(([kind, value]) => ({ labels: { kind }, value })),
    ),
    storageFamily('retries_total', 'Requests that were made again.', [
      { labels: {}, value: retryCount },
    ]),
    storageFamily('read_bytes_total', 'Bytes that were read.', [{ labels: {}, value: readBytes }]),
    storageFamily('written_bytes_total', 'Bytes that were written.', [
      { labels: {}, value: writtenBytes },
    ]),
  ]
}

function storageFamily(
  name: string,
  help: string,
  samples: readonly PrometheusSample[],
): PrometheusFamily {
  return { name: `millrace_storage_${name}`, type: 'counter', help, samples }
}
