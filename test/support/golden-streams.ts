/** Streams of the golden tables, as Java and this library read them, and how they are compared. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Catalog } from '../../src/catalog/catalog.ts'
import type { Changes } from '../../src/table/stream-read.ts'
import { kindedBatch, kindedFields } from '../../src/table/stream/change-batch.ts'
import type { Checkpoint } from '../../src/table/stream/checkpoint.ts'
import { jsonReader } from '../../src/types/json-value.ts'
import { canonicalRow, GOLDEN_EXPECT, type GoldenCase, goldenCases } from './golden-expect.ts'

export const streamCases: readonly GoldenCase[] = goldenCases.filter(({ isStream }) => isStream)

/** A row with its kind, as parsed JSON. */
export type StreamRow = Readonly<Record<string, unknown>>

/** What Java's stream read, in order. */
export function expectedStream({ name }: GoldenCase, directory = GOLDEN_EXPECT): StreamRow[] {
  return readFileSync(join(directory, `${name}.jsonl`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as StreamRow)
}

/** The changes of a table from its first snapshot on, or from a place on, with the schema that Java's stream had. */
export async function openStream(
  catalog: Catalog,
  { table }: GoldenCase,
  restore?: Checkpoint | number,
): Promise<{ readonly stream: Changes<unknown>; readonly keys: readonly string[] }> {
  const opened = await catalog.table(`golden.${table}`)
  const options = { 'scan.mode': 'from-snapshot', 'scan.snapshot-id': '1' }
  const place = restore === undefined ? {} : { restore }
  const stream = opened.changes({ follow: false, options, ...place })
  return { stream, keys: opened.schema.primaryKeys }
}

/** The rows of a stream, in order, with the snapshot of each. */
export async function readStream(
  stream: Changes<unknown>,
): Promise<{ readonly row: StreamRow; readonly snapshotId: number }[]> {
  const rows: { row: StreamRow; snapshotId: number }[] = []
  for await (const { batch, kinds, fields, snapshotId } of stream.batches()) {
    const json = jsonReader(kindedBatch(batch, kinds), kindedFields(fields))
    for (let i = 0; i < batch.length; i++) rows.push({ row: json(i), snapshotId })
  }
  return rows
}

/** The rows of each key, in order: between keys no order is promised. Rows without a key keep the order of all. */
export function byKey(
  rows: readonly StreamRow[],
  keys: readonly string[],
): Record<string, string[]> {
  const groups: Record<string, string[]> = {}
  for (const row of rows) {
    const key = JSON.stringify(keys.map((name) => row[name]))
    groups[key] ??= []
    groups[key].push(canonicalRow(row))
  }
  return groups
}
