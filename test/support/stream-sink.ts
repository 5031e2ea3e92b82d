/**
 * What is made of a stream by a process that may be killed at any moment: sinks that store rows together with how far the
 * stream has come, in one step, and the two ways to go on from there.
 */
import type { Change } from '../../src/table/stream/change-batch.ts'
import type { Checkpoint } from '../../src/table/stream/checkpoint.ts'
import type { ChangesFrom } from '../../src/table/stream/start.ts'
import type { Table } from '../../src/table/table.ts'
import { between, type Random } from './random.ts'

/** What a sink stores in one step. */
export interface SinkRecord {
  /** `key: kind value` */
  readonly rows: readonly string[]
  readonly snapshotId: number
  readonly checkpoint: Checkpoint
}

export interface Sink {
  readonly records: readonly SinkRecord[]
  store(record: SinkRecord): void
}

/**
 * - `checkpoint` the place of the last record is restored: each record holds rows that no other one holds;
 * - `consumer` the stream goes on where the table says: a record holds a whole snapshot, and takes the place of an earlier
 *   record of the same snapshot.
 */
export type Recovery = 'checkpoint' | 'consumer'

export interface FollowOptions {
  readonly recovery: Recovery
  readonly from: ChangesFrom
  readonly random: Random
  readonly follow?: boolean
  readonly pollIntervalMs?: number
}

/** Reads the table into the sink, from where the sink or the consumer has come to. */
export async function followInto(
  table: Table,
  sink: Sink,
  { recovery, random, ...options }: FollowOptions,
): Promise<void> {
  const last = sink.records.at(-1)
  const isRestored = recovery === 'checkpoint' && last !== undefined
  const stream = table.changes({
    follow: false,
    ...options,
    consumer: recovery,
    ...(isRestored && { restore: last.checkpoint }),
  })
  let rows: string[] = []
  let seen: Change<unknown> | null = null
  let room = between(random, 1, 6)
  const store = async (): Promise<void> => {
    if (seen === null) return
    const { snapshotId, checkpoint } = seen
    sink.store({ rows, snapshotId, checkpoint })
    await seen.ack()
    rows = []
    seen = null
    room = between(random, 1, 6)
  }
  for await (const change of stream) {
    const { dt, id, v } = change.row as { dt: string; id: bigint; v: string }
    rows.push(`${dt}/${id}: ${change.kind} ${v}`)
    seen = change
    const isSnapshotEnd = change.checkpoint.within === undefined
    if (recovery === 'consumer' ? isSnapshotEnd : rows.length >= room) await store()
  }
  await store()
}

/** All rows that the sink holds in the end, in order. */
export function sunkRows({ records }: Sink, recovery: Recovery): string[] {
  const kept =
    recovery === 'checkpoint'
      ? records
      : [...new Map(records.map((record) => [record.snapshotId, record])).values()]
  return kept.flatMap(({ rows }) => rows)
}
