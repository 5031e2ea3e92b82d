/**
 * Partitions that are past their time are dropped.
 *
 * How old a partition is, its values tell (`values-time`), or its youngest file (`update-time`). What is dropped goes away in
 * a commit that replaces it with nothing; older snapshots have it until they expire. Follows `PartitionExpire`.
 */
import { randomUUID } from 'node:crypto'

import { commit } from '../../snapshot/commit.ts'
import type { PartitionSpec } from '../../snapshot/overwrite.ts'
import { BATCH_IDENTIFIER, type Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { DataField } from '../../types/data-type.ts'
import type { InternalValue } from '../../types/internal-value.ts'
import { instantOfLocal, localOfInstant } from '../../types/local-time.ts'
import { type TableOptionValues, tableOptions } from '../../types/options.ts'
import type { DurationText } from '../../types/options/codec.ts'
import { partitionTime } from '../../types/partition-time.ts'
import { decodePartition, partitionPath } from '../../types/partition.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { partitionFields, partitionNaming } from '../../types/schema-keys.ts'
import { requireWritable } from '../../types/schema-validation.ts'
import { castText, javaText } from '../../types/value-text.ts'
import { type Clock, systemClock } from '../../util/async.ts'
import { invalid } from '../../util/errors.ts'
import { type FileSums, readSums } from '../system/partitions.ts'
import { durationMs } from './duration.ts'

export interface ExpirePartitionsOptions {
  /** The age from which partitions go, as `30 d` or in milliseconds; else the option `partition.expiration-time`. */
  readonly expirationTime?: DurationText | number | undefined
  /** Only tells what would go. */
  readonly dryRun?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  /** How many of the partitions that are due have gone. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  readonly clock?: Clock | undefined
  /** Who commits; the two are of a new batch unless told. */
  readonly commitUser?: string | undefined
  readonly identifier?: bigint | undefined
}

/** A partition that went, or would go. */
export interface ExpiredPartition {
  /** Its directory in the table, `dt=2026-11-21/region=eu`. */
  readonly path: string
  readonly fileCount: number
  readonly rowCount: number
  readonly sizeBytes: number
}

export interface ExpiredPartitions {
  /** Those that went, or would go. */
  readonly partitions: readonly ExpiredPartition[]
  /** Partitions that are due too and stay for the next time: no more than `partition.expiration-max-num` go at once. */
  readonly leftCount: number
  /** The directories of partitions that stay whatever the time is, since none can be told from their values. */
  readonly untimed: readonly string[]
  /** The snapshots without them. */
  readonly snapshots: readonly Snapshot[]
}

/** A partition with its sums. */
interface Candidate extends ExpiredPartition {
  readonly spec: PartitionSpec
  /** Its values as texts, by which Java sorts. */
  readonly text: string
  /** Milliseconds of a time without a zone; undefined where none is told. */
  readonly time: number | undefined
}

/**
 * Drops the partitions of the latest snapshot that are due, the first by their texts, in as many commits as
 * `partition.expiration-batch-size` asks for. INVALID where the table has no partitions, no age is told, or a formatter is
 * none.
 */
export async function expirePartitions(
  store: TableStore,
  schema: TableSchema,
  request: ExpirePartitionsOptions = {},
): Promise<ExpiredPartitions> {
  const options = tableOptions(schema.options)
  const expirationTimeMs =
    durationMs(request.expirationTime, 'expirationTime') ?? options.get('partition.expiration-time')
  if (schema.partitionKeys.length === 0)
    throw invalid('a table without partitions has none that expire', { path: store.location.root })
  if (expirationTimeMs === undefined)
    throw invalid('it is not told from which age partitions expire', {
      path: store.location.root,
      hint: 'set the option partition.expiration-time, such as 30 d',
    })
  requireWritable(schema)
  const { signal, clock = systemClock, dryRun = false } = request
  const candidates = await readCandidates(store, schema, options, signal)
  const before = localOfInstant(clock.now()) - expirationTimeMs
  const due = dueAmong(candidates, strategyOf(options), before)
  const chosen = due.slice(0, options.get('partition.expiration-max-num'))
  const snapshots = dryRun ? [] : await drop(store, schema, chosen, request)
  return {
    partitions: chosen.map(({ path, fileCount, rowCount, sizeBytes }) => ({
      path,
      fileCount,
      rowCount,
      sizeBytes,
    })),
    leftCount: due.length - chosen.length,
    untimed: candidates.filter(({ time }) => time === undefined).map(({ path }) => path),
    snapshots,
  }
}

type Strategy = 'values-time' | 'update-time'

function strategyOf(options: TableOptionValues): Strategy {
  const strategy = options.get('partition.expiration-strategy')
  if (strategy === 'values-time' || strategy === 'update-time') return strategy
  throw invalid(`partition.expiration-strategy = "${strategy.slice(0, 100)}" is none`, {
    hint: 'values-time goes by the values of a partition, update-time by its youngest file',
  })
}

async function readCandidates(
  store: TableStore,
  schema: TableSchema,
  options: TableOptionValues,
  signal: AbortSignal | undefined,
): Promise<Candidate[]> {
  const { sums } = await readSums({ store, schema, options: {}, signal }, false)
  const fields = partitionFields(schema)
  const naming = partitionNaming(schema)
  const strategy = strategyOf(options)
  const timeOf = strategy === 'values-time' ? partitionTime(fields, options) : undefined
  return sums.map((sum) => {
    const spec = decodePartition(fields, sum.partition)
    return {
      path: partitionPath(fields, spec, naming),
      fileCount: sum.fileCount,
      rowCount: sum.rowCount,
      sizeBytes: sum.fileSizeBytes,
      spec,
      text: sortText(fields, spec, naming.defaultName),
      time: timeOf === undefined ? youngest(sum) : timeOf(spec),
    }
  })
}

/** The values as Java's objects print themselves. */
function sortText(
  fields: readonly DataField[],
  values: readonly InternalValue[],
  defaultName: string,
): string {
  return fields
    .map(({ type }, i) => {
      const value = values[i] ?? null
      if (value === null) return defaultName
      const isBytes = type.kind === 'BINARY' || type.kind === 'VARBINARY'
      return isBytes ? castText(type, value) : javaText(type, value)
    })
    .join(',')
}

function youngest({ lastCreationTime }: FileSums): number | undefined {
  return lastCreationTime === null ? undefined : Number(lastCreationTime)
}

/** Those that are older, sorted by their texts. `before` has no zone, as the times of partitions. */
function dueAmong(
  candidates: readonly Candidate[],
  strategy: Strategy,
  before: number,
): Candidate[] {
  // Instants of files are compared as such, also where clocks were put back between them.
  const comparable = strategy === 'values-time' ? (time: number) => time : instantOfLocal
  return candidates
    .filter(({ time }) => time !== undefined && comparable(before) > comparable(time))
    .toSorted((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
}

async function drop(
  store: TableStore,
  schema: TableSchema,
  chosen: readonly Candidate[],
  request: ExpirePartitionsOptions,
): Promise<Snapshot[]> {
  const { signal, clock, onProgress, commitUser = randomUUID() } = request
  const options = tableOptions(schema.options)
  const batchSize = options.get('partition.expiration-batch-size') ?? 0
  const size = batchSize > 0 ? batchSize : chosen.length
  const snapshots: Snapshot[] = []
  for (let from = 0; from < chosen.length; from += size) {
    const specs = chosen.slice(from, from + size).map(({ spec }) => spec)
    const result = await commit({ store, schema }, [], {
      commitUser,
      identifier: request.identifier ?? BATCH_IDENTIFIER,
      overwrite: { kind: 'matching', specs },
      // A commit of this user and identifier is what made this one due.
      mayBeCommitted: false,
      signal,
      clock,
    })
    snapshots.push(...result.snapshots)
    onProgress?.(Math.min(from + specs.length, chosen.length), chosen.length)
  }
  return snapshots
}
