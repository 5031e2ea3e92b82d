/** Streams of random tables that Java writes, of every engine and changelog producer, read alike by both; and consumers. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { kindedBatch, kindedFields } from '../../src/table/stream/change-batch.ts'
import type { Table } from '../../src/table/table.ts'
import { jsonReader } from '../../src/types/json-value.ts'
import { ROW_KINDS } from '../../src/types/row-kind.ts'
import { canonicalRow } from '../support/golden-expect.ts'
import {
  type EngineName,
  type MergeTable,
  randomMergeRow,
  randomMergeTable,
} from '../support/merge-tables.ts'
import { RandomRows, randomTable, tablePlans } from '../support/random-tables.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { findJava } from './support/java.ts'
import { jsonSchema, kindedTexts, SharedTable } from './support/shared-table.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const classPath = await findJava()
const isFull = process.env['RELIABILITY'] === 'full'
const seed = Number(process.env['SEED'] ?? 1)
const TABLES_PER_PRODUCER = isFull ? 100 : 6

const both = sharedWarehouse(classPath, 'streams')

type Options = Readonly<Record<string, string>>

/** What keeps Java from merging again and again what it writes. */
const MEMORY = { 'write-buffer-size': '16 mb' }
const COMPACTING = { 'write-only': 'false', 'num-sorted-run.compaction-trigger': '2' }

/** The rows of a stream, snapshot by snapshot and key by key, in order. */
type StreamRows = Readonly<Record<string, readonly string[]>>

interface StreamRead {
  readonly rows: StreamRows
  readonly checkpoint: number | null
}

function grouped(rows: readonly { snapshot: number; row: unknown }[]): StreamRows {
  const groups: Record<string, string[]> = {}
  for (const { snapshot, row } of rows) {
    const group = `${snapshot}/${String((row as { k?: unknown }).k)}`
    groups[group] ??= []
    groups[group].push(canonicalRow(row))
  }
  return groups
}

interface JavaStream {
  readonly splits: readonly { readonly snapshot: number; readonly rows: readonly unknown[] }[]
  readonly checkpoint?: number
}

async function javaStream(
  name: string,
  options: Options,
  more: { readonly restore?: number; readonly acknowledge?: boolean } = {},
): Promise<StreamRead> {
  const read = await both.java.streams(name, { task: 'read', options, ...more })
  const { splits, checkpoint = null } = read as JavaStream
  const rows = splits.flatMap(({ snapshot, rows: each }) => each.map((row) => ({ snapshot, row })))
  return { rows: grouped(rows), checkpoint }
}

/** Acknowledges all that it reads. */
async function ourStream(
  table: Table,
  options: Options,
  place: { readonly restore?: number } = {},
): Promise<StreamRead> {
  const stream = table.changes({ options, follow: false, ...place })
  const rows: { snapshot: number; row: unknown }[] = []
  for await (const batch of stream.batches()) {
    const json = jsonReader(kindedBatch(batch.batch, batch.kinds), kindedFields(batch.fields))
    for (let i = 0; i < batch.length; i++) rows.push({ snapshot: batch.snapshotId, row: json(i) })
    await batch.ack()
  }
  return { rows: grouped(rows), checkpoint: stream.checkpoint()?.nextSnapshot ?? null }
}

function randomRows(table: MergeTable, random: Random): string[] {
  const rows = Array.from({ length: between(random, 1, 15) }, () => ({
    row: randomMergeRow(table, between(random, 0, 10), random),
    kind: ROW_KINDS[pick(random, table.kinds)]!,
  }))
  return kindedTexts(table, rows)
}

type Producer = 'none' | 'input' | 'lookup' | 'full-compaction'

/** Options of the table; which of them go together is Java's to say. */
function optionsFor(producer: Producer, engine: EngineName, random: Random): Options {
  const hasVectors = producer !== 'full-compaction' && engine !== 'first-row' && random() < 0.3
  const isLooking = producer === 'lookup' || hasVectors || engine === 'first-row'
  return {
    'changelog-producer': producer,
    'file.format': pick(random, ['parquet', 'avro']),
    ...(isLooking || random() < 0.6 ? COMPACTING : { 'write-only': 'true' }),
    ...(hasVectors && { 'deletion-vectors.enabled': 'true' }),
    ...(random() < 0.3 && { 'num-levels': '4' }),
    ...(producer === 'lookup' &&
      random() < 0.3 && { 'changelog-producer.row-deduplicate': 'true' }),
  }
}

async function writeHistory(name: string, table: MergeTable, random: Random): Promise<void> {
  const [first, ...others] = Array.from({ length: between(random, 4, 8) }, () => random())
  await both.java.write(name, randomRows(table, random), { options: MEMORY })
  for (const what of [first!, ...others]) {
    const rows = randomRows(table, random)
    if (what < 0.65) await both.java.write(name, rows, { options: MEMORY })
    else if (what < 0.8) await both.java.compact(name, MEMORY)
    else if (what < 0.9 && table.kinds.length === 3) await overwrite(name, rows)
    else {
      const options = { ...MEMORY, 'write-only': 'false' }
      await both.java.write(name, rows, { options, compact: true })
    }
  }
}

async function overwrite(name: string, texts: readonly string[]): Promise<void> {
  const rows = texts.map((text) => JSON.parse(text) as unknown)
  await both.java.streams(name, { task: 'overwrite', rows, options: MEMORY })
}

/** Every way to start that the history gives sense to. */
async function starts(ours: Table, producer: Producer, random: Random): Promise<Options[]> {
  const snapshots = await ours.snapshots()
  const { id, timeMillis } = pick(random, snapshots)
  const from = { 'scan.mode': 'from-snapshot', 'scan.snapshot-id': '1' }
  const overwrites = producer === 'none' || producer === 'input'
  const isKeyed = ours.schema.primaryKeys.length > 0
  const overwriteOption = isKeyed ? 'streaming-read-overwrite' : 'streaming-read-append-overwrite'
  return [
    from,
    ...(overwrites ? [{ ...from, [overwriteOption]: 'true' }] : []),
    { 'scan.mode': 'from-snapshot', 'scan.snapshot-id': String(id) },
    { 'scan.mode': 'from-snapshot-full', 'scan.snapshot-id': String(id) },
    { 'scan.mode': 'latest-full' },
    { 'scan.mode': 'compacted-full' },
    { 'scan.mode': 'latest' },
    { 'scan.timestamp-millis': String(timeMillis) },
    { 'scan.file-creation-time-millis': String(timeMillis) },
    { 'scan.creation-time-millis': String(timeMillis + 1) },
  ]
}

/** How many groups of rows both have read alike. */
async function checkTable(producer: Producer, i: number): Promise<number> {
  const random = seeded(seed * 1_000_000 + i)
  const engines: readonly EngineName[] =
    producer === 'none' || producer === 'lookup'
      ? ['deduplicate', 'first-row', 'aggregation', 'partial-update']
      : ['deduplicate', 'aggregation', 'partial-update']
  const engine = pick(random, engines)
  const name = `db.${producer.replace('-', '_')}_${i}`
  const table = randomMergeTable(engine, random, { options: optionsFor(producer, engine, random) })
  const told = `table ${i} of ${producer}, seed ${seed}: ${JSON.stringify(table.schema.options)}`
  await both.java.create(name, jsonSchema(table))
  await writeHistory(name, table, random)
  const ours = await both.table(name)
  let count = 0
  for (const options of await starts(ours, producer, random)) {
    const theirs = await javaStream(name, options)
    const read = await ourStream(ours, options)
    expect({ told, options, ...read }).toEqual({ told, options, ...theirs })
    count += Object.keys(read.rows).length
  }
  const last = (await ours.latestSnapshot())!.id
  for (let restore = 1; restore <= last + 1; restore++) {
    const theirs = await javaStream(name, {}, { restore })
    const read = await ourStream(ours, {}, { restore })
    expect({ told, restore, ...read }).toEqual({ told, restore, ...theirs })
  }
  return count
}

test.each(['none', 'input', 'lookup', 'full-compaction'] as const)(
  `streams of ${TABLES_PER_PRODUCER} tables with the changelog producer %s are those of Java`,
  async (producer) => {
    let count = 0
    for (let i = 0; i < TABLES_PER_PRODUCER; i++) count += await checkTable(producer, i)
    expect(count).toBeGreaterThan(10 * TABLES_PER_PRODUCER)
  },
  600_000,
)

const plans = fc.sample(tablePlans({ java: true }), { numRuns: isFull ? 60 : 6, seed })

describe('tables of all columns, with partitions and without keys', () => {
  test.each(plans.map((plan, i) => [i, plan] as const))(
    `table %i of seed ${seed}`,
    async (i, plan) => {
      const random = seeded(seed * 1_000_000 + i)
      const table = randomTable({ ...plan, small: false })
      const rows = new RandomRows(table, between(random, 0, 2 ** 31), { java: true })
      const name = `db.plain_${i}`
      const storage = { io: both.io, warehouse: both.directory }
      const shared = await SharedTable.create(name, table, both.java, storage, 'Java')
      for (let commit = 0; commit < 4; commit++) {
        await shared.javaWrites(rows.next(between(random, 1, 40)))
        if (random() < 0.3) await shared.javaCompacts()
      }
      if (!table.keyed) await overwrite(name, kindedTexts(table, rows.next(10)))
      for (const options of await starts(shared.ours, 'none', random)) {
        const theirs = sortedRows(await javaStream(name, options))
        expect({ options, ...sortedRows(await ourStream(shared.ours, options)) }).toEqual({
          options,
          ...theirs,
        })
      }
    },
  )
})

/** Partitions and buckets come in any order, so the rows of each snapshot are compared sorted. */
function sortedRows({ rows, checkpoint }: StreamRead): StreamRead {
  const bySnapshot: Record<string, string[]> = {}
  for (const [group, each] of Object.entries(rows)) {
    const [snapshot = ''] = group.split('/')
    bySnapshot[snapshot] = [...(bySnapshot[snapshot] ?? []), ...each].toSorted()
  }
  return { rows: bySnapshot, checkpoint }
}

const SCHEMA = {
  fields: [
    { id: 0, name: 'k', type: 'INT NOT NULL' },
    { id: 1, name: 'v', type: 'STRING' },
  ],
  partitionKeys: [],
  primaryKeys: ['k'],
}

const FIRST = { 'scan.mode': 'from-snapshot', 'scan.snapshot-id': '1' }

/** A table of five snapshots, with a row each. */
async function fiveSnapshots(name: string, options: Options = {}): Promise<Table> {
  const base = { bucket: '1', 'write-only': 'true' }
  await both.java.create(name, { ...SCHEMA, options: { ...base, ...options } })
  for (let k = 1; k <= 5; k++) await both.java.write(name, [`{"_kind":"+I","k":${k},"v":"v${k}"}`])
  return await both.table(name)
}

function keysOf(rows: StreamRows): string[] {
  return Object.keys(rows).toSorted()
}

describe('consumers', () => {
  test('that Java moved are followed here, and those moved here are followed in Java', async () => {
    const name = 'db.shared_consumer'
    const ours = await fiveSnapshots(name)
    const options = { 'consumer-id': 'job', ...FIRST }
    await both.java.consumer(name, 'job', 3)
    expect(keysOf((await ourStream(ours, options)).rows)).toEqual(['3/3', '4/4', '5/5'])
    expect(await both.java.read(`${name}$consumers`)).toEqual([
      '{"consumer_id":"job","next_snapshot_id":"6"}',
    ])
    await both.java.write(name, ['{"_kind":"+I","k":6,"v":"six"}'])
    const theirs = await javaStream(name, options, { acknowledge: true })
    expect(keysOf(theirs.rows)).toEqual(['6/6'])
    expect((await ourStream(ours, options)).rows).toEqual({})
  })

  test('that are behind hold back what Java expires', async () => {
    const name = 'db.holding'
    const ours = await fiveSnapshots(name)
    for await (const change of ours.changes({
      from: 'earliest',
      consumer: 'slow',
      follow: false,
    })) {
      if (change.snapshotId > 2) break
      await change.ack()
    }
    expect(await both.java.expire(name, 1)).toBe(2)
    expect((await ours.snapshots()).map(({ id }) => id)).toEqual([3, 4, 5])
    expect(keysOf((await ourStream(ours, { 'consumer-id': 'slow' })).rows)).toEqual([
      '3/3',
      '4/4',
      '5/5',
    ])
    // Without one nothing is held back.
    await expect(ourStream(ours, {}, { restore: 2 })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

test('rows whose bucket is decided later are streamed as they were written', async () => {
  for (const producer of ['none', 'input'] as const) {
    const name = `db.postponed_${producer}`
    const ours = await fiveSnapshots(name, { bucket: '-2', 'changelog-producer': producer })
    await both.java.write(name, [
      '{"_kind":"+U","k":3,"v":"again"}',
      '{"_kind":"-D","k":1,"v":"v1"}',
    ])
    for (const options of [FIRST, { 'scan.mode': 'latest-full' }])
      expect(await ourStream(ours, options)).toEqual(await javaStream(name, options))
    const { rows } = await ourStream(ours, FIRST)
    expect(Object.keys(rows)).toHaveLength(producer === 'none' ? 7 : 0)
  }
})

describe('changes that outlive their snapshots', () => {
  test.each([
    ['none', {}],
    ['input', { 'changelog-producer': 'input' }],
  ] as const)('with the changelog producer %s', async (producer, more) => {
    const name = `db.outlived_${producer}`
    const kept = { 'changelog.num-retained.max': '50', 'snapshot.num-retained.max': '20' }
    const ours = await fiveSnapshots(name, { ...more, ...kept })
    await both.java.streams(name, { task: 'expire', snapshots: 2, changelogs: 50 })
    expect((await ours.snapshots()).map(({ id }) => id)).toEqual([4, 5])
    const { timeMillis } = (await ours.latestSnapshot())!
    for (const options of [FIRST, { 'scan.timestamp-millis': String(timeMillis - 60_000) }]) {
      const read = await ourStream(ours, options)
      expect(read).toEqual(await javaStream(name, options))
      expect(keysOf(read.rows)).toEqual(['1/1', '2/2', '3/3', '4/4', '5/5'])
    }
    const restored = await ourStream(ours, {}, { restore: 3 })
    expect(restored).toEqual(await javaStream(name, {}, { restore: 3 }))
  })
})
