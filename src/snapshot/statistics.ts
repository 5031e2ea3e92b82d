/**
 * Statistics of a whole table, which ANALYZE commits: a file of JSON in `statistics/` that a snapshot names.
 *
 * Follows `org.apache.paimon.stats.Statistics` and `ColStats`. Bounds are texts in the form of Java's serializers.
 */
import * as z from 'zod'

import type { IoOptions } from '../io/file-io.ts'
import { corrupt } from '../util/errors.ts'
import { hashMapOrder } from '../util/java-hash-map.ts'
import { parseJson, printJson } from '../util/json.ts'
import { statisticsPath } from './paths.ts'
import type { Snapshot } from './snapshot.ts'
import type { TableStore } from './table-store.ts'

export interface TableStatistics {
  /** The snapshot and the schema that they were gathered from. */
  readonly snapshotId: number
  readonly schemaId: number
  readonly mergedRecordCount: bigint | null
  readonly mergedRecordSize: bigint | null
  /** By the names of the columns; null where the file says nothing of columns. */
  readonly colStats: Readonly<Record<string, TableColumnStatistics>> | null
}

export interface TableColumnStatistics {
  readonly colId: number
  readonly distinctCount?: bigint | undefined
  readonly min?: string | undefined
  readonly max?: string | undefined
  readonly nullCount?: bigint | undefined
  readonly avgLen?: bigint | undefined
  readonly maxLen?: bigint | undefined
}

/** The bytes of a file of statistics that says nothing of any column. Java's `$statistics` cannot do without the counts. */
export function plainStatistics(
  counts: Pick<TableStatistics, 'snapshotId' | 'schemaId'> & {
    readonly mergedRecordCount: bigint
    readonly mergedRecordSize: bigint
  },
): Uint8Array {
  const { snapshotId, schemaId, mergedRecordCount, mergedRecordSize } = counts
  return new TextEncoder().encode(
    printJson({ snapshotId, schemaId, mergedRecordCount, mergedRecordSize, colStats: {} }),
  )
}

/** The statistics that the snapshot names; null when it names none. */
export async function readStatistics(
  { io, location }: Pick<TableStore, 'io' | 'location'>,
  { statistics: name }: Snapshot,
  options?: IoOptions,
): Promise<TableStatistics | null> {
  if (name === undefined) return null
  const path = statisticsPath(location.root, name)
  const bytes = await io.read(path, options)
  const parsed = STATISTICS_JSON.safeParse(parseJson(new TextDecoder().decode(bytes), path))
  if (!parsed.success)
    throw corrupt(`is no file of statistics: ${z.prettifyError(parsed.error)}`, { path })
  return parsed.data
}

/**
 * Writes a file of statistics, as Java does: the columns in the order of its hash map. Its name, which a commit is to name.
 */
export async function writeStatistics(
  { io, location, manifests, statisticsSchemas }: TableStore,
  statistics: TableStatistics,
  options?: IoOptions,
): Promise<string> {
  const { snapshotId, schemaId, mergedRecordCount, mergedRecordSize, colStats } = statistics
  const name = manifests.names.statistics()
  const columns = hashMapOrder(Object.keys(colStats ?? {})).map(
    (column) => [column, colStats![column]] as const,
  )
  const text = printJson({
    snapshotId,
    schemaId,
    mergedRecordCount: mergedRecordCount ?? undefined,
    mergedRecordSize: mergedRecordSize ?? undefined,
    colStats: Object.fromEntries(columns),
  })
  await io.write(statisticsPath(location.root, name), new TextEncoder().encode(text), options)
  statisticsSchemas.set(name, schemaId)
  return name
}

const LONG = z.union([z.int(), z.bigint()]).transform((value) => BigInt(value))
const OPTIONAL_LONG = LONG.nullish().transform((value) => value ?? undefined)
const LONG_OR_NULL = LONG.nullish().transform((value) => value ?? null)
const OPTIONAL_TEXT = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined)

const STATISTICS_JSON = z.object({
  snapshotId: z.int(),
  schemaId: z.int(),
  mergedRecordCount: LONG_OR_NULL,
  mergedRecordSize: LONG_OR_NULL,
  colStats: z
    .record(
      z.string(),
      // In the order in which Java writes the properties.
      z.object({
        colId: z.int(),
        distinctCount: OPTIONAL_LONG,
        min: OPTIONAL_TEXT,
        max: OPTIONAL_TEXT,
        nullCount: OPTIONAL_LONG,
        avgLen: OPTIONAL_LONG,
        maxLen: OPTIONAL_LONG,
      }),
    )
    .nullish()
    .transform((value) => value ?? null),
})
