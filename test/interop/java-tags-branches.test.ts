/**
 * Tags, branches, rollbacks and consumers beside Java: the same operations, done by Java to one table, by this library to a copy
 * of it, and by both in turn to another, leave the same files and system tables, and all read the same; tags that come with
 * time are those that Java makes of the same snapshots.
 */
import { cp, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { beforeAll, expect, test } from 'vitest'

import { hintPath, snapshotPath, tagPath } from '../../src/snapshot/paths.ts'
import { BATCH_IDENTIFIER, type Snapshot, snapshotText } from '../../src/snapshot/snapshot.ts'
import { maintain } from '../../src/table/maintain/after-commit.ts'
import type { Table } from '../../src/table/table.ts'
import { systemClock } from '../../src/util/async.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { HOUR, snapshotOf, START } from '../support/snapshot-tables.ts'
import { findJava, type JsonSchema } from './support/java.ts'
import { compareOperated, directoryOf } from './support/operated-tables.ts'
import type { Operation } from './support/operation-plans.ts'
import { weOperate } from './support/our-operations.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const classPath = await findJava()
const both = sharedWarehouse(classPath, 'histories')
const seed = Number(process.env['SEED'] ?? 1)
const CASES = process.env['RELIABILITY'] === 'full' ? 1_000 : 40

const KEYED: JsonSchema = {
  fields: [
    { id: 0, name: 'p', type: 'STRING NOT NULL' },
    { id: 1, name: 'k', type: 'INT NOT NULL' },
    { id: 2, name: 'v', type: 'STRING' },
  ],
  partitionKeys: ['p'],
  primaryKeys: ['p', 'k'],
  options: { bucket: '1', 'num-sorted-run.compaction-trigger': '50' },
}

const row = (k: number, v: string) => ({ p: `p${k % 2}`, k, v })

/** Five commits, the third of which compacts, and tags of the first and the third. */
async function fill(name: string): Promise<void> {
  await both.java.create(name, KEYED)
  for (let i = 1; i <= 5; i++) {
    const rows = [row(i, `${i}`), row(i + 1, `${i}`), row(0, `${i}`)]
    await both.java.write(
      name,
      rows.map((each) => JSON.stringify(each)),
      { compact: i === 3 },
    )
  }
  await both.java.tag(name, { name: 'one', snapshot: 1 })
  await both.java.tag(name, { name: 'three', snapshot: 3, retained: 'P1D' })
}

const write = (k: number, branch?: string): Operation => ({
  op: 'write',
  rows: [row(k, `new ${k}`)],
  ...(branch !== undefined && { branch }),
})
const expire: Operation = { op: 'expire', min: 1, max: 1 }

/** Steps that leave snapshots of tags alone, snapshots behind tags, and tags behind snapshots. */
const SCENARIOS: Readonly<Record<string, readonly Operation[]>> = {
  'tags of what has expired': [
    expire,
    { op: 'tag', name: 'last' },
    { op: 'tag', name: 'again', snapshot: 1 },
    { op: 'deleteTag', name: 'one' },
    { op: 'renameTag', name: 'again', to: 'first' },
    { op: 'deleteTag', name: 'three' },
    write(9),
    { op: 'deleteTag', name: 'first' },
  ],
  'tags of snapshots that are there': [
    { op: 'tag', name: 'two', snapshot: 2 },
    { op: 'replaceTag', name: 'two', snapshot: 4 },
    { op: 'deleteTag', name: 'three' },
    expire,
    { op: 'renameTag', name: 'two', to: 'four' },
    { op: 'deleteTag', name: 'four' },
  ],
  'a branch that the table becomes': [
    { op: 'branch', name: 'dev', tag: 'three' },
    { op: 'branch', name: 'empty' },
    write(20, 'dev'),
    write(21),
    write(22, 'dev'),
    write(23, 'empty'),
    { op: 'renameBranch', name: 'dev', to: 'next' },
    write(24, 'next'),
    { op: 'fastForward', name: 'next' },
    write(25),
    { op: 'deleteBranch', name: 'empty' },
  ],
  'a rollback to a snapshot': [
    { op: 'consumer', name: 'c', next: 5 },
    { op: 'rollback', snapshot: 2 },
    write(30),
    { op: 'tag', name: 'new' },
    write(31),
    { op: 'rollback', tag: 'new' },
    { op: 'consumer', name: 'c', next: 1 },
    { op: 'consumer', name: 'd', next: 2 },
    { op: 'deleteConsumer', name: 'd' },
  ],
  'a rollback to a tag whose snapshot has expired': [
    expire,
    { op: 'rollback', tag: 'three' },
    write(40),
    { op: 'rollback', snapshot: 1 },
    write(41),
    { op: 'compact', full: true },
  ],
}

beforeAll(async () => await fill(BASE))

const BASE = 'db.base'

function branched(name: string, step: Operation): string {
  return 'branch' in step && step.branch !== undefined ? `${name}$branch_${step.branch}` : name
}

async function copyTo(...names: readonly string[]): Promise<void> {
  for (const name of names)
    await cp(directoryOf(both, BASE), directoryOf(both, name), { recursive: true })
}

test.each(Object.entries(SCENARIOS))('%s', async (title, steps) => {
  const [theirs, ours, mixed] = ['theirs', 'ours', 'mixed'].map(
    (who) => `db.${title.replaceAll(' ', '_')}_${who}`,
  )
  await copyTo(theirs!, ours!, mixed!)
  for (const [i, step] of steps.entries()) {
    await both.java.operate(branched(theirs!, step), step)
    await weOperate(both, branched(ours!, step), step)
    if (i % 2 === 0) await weOperate(both, branched(mixed!, step), step)
    else await both.java.operate(branched(mixed!, step), step)
  }
  // A fast-forward of Java copies the hint of the branch, which hides older snapshots from it.
  for (const name of [theirs!, ours!, mixed!])
    await rm(join(directoryOf(both, name), 'snapshot', 'EARLIEST'), { force: true })
  expect(await compareOperated(both, theirs!, ours!)).toEqual([])
  expect(await compareOperated(both, theirs!, mixed!)).toEqual([])
})

test('a rollback to a time takes the snapshot that Java takes', async () => {
  await copyTo('db.times', 'db.times_ours')
  const table = await both.table('db.times_ours')
  const { timeMillis } = await table.store.snapshots.read(4)
  const id = await both.java.histories('db.times', { task: 'rollbackToTime', timeMillis })
  expect((await table.rollbackTo({ timestamp: timeMillis })).snapshot.id).toBe(id)
  expect(await compareOperated(both, 'db.times', 'db.times_ours')).toEqual([])
})

test('the bytes of a tag that is kept for a while are those of Java, but for its time', async () => {
  const name = 'db.bytes'
  await both.java.create(name, KEYED)
  await both.java.write(name, [JSON.stringify(row(1, 'a'))])
  const table = await both.table(name)
  const textOf = async (tag: string): Promise<string> => {
    const text = await readFile(tagPath(table.store.location, tag), 'utf8')
    return text.replace(/("tagCreateTime" : \[ 2\d{3}(, \d+){4,6} \])/, '[time]')
  }
  for (const [retained, duration] of [
    [undefined, undefined],
    [0, 'PT0S'],
    [1, 'PT0.001S'],
    [90_061_500, 'P1DT1H1M1.5S'],
  ] as const) {
    await both.java.tag(name, { name: 'theirs', ...(duration && { retained: duration }) })
    await table.tags.create('ours', { timeRetained: retained })
    expect(await textOf('ours')).toBe(await textOf('theirs'))
    const shown = (await both.java.read(`${name}$tags`)).map((text) => {
      const {
        tag_name: _,
        create_time: time,
        ...rest
      } = JSON.parse(text) as Record<string, unknown>
      return { ...rest, hasTime: time !== null }
    })
    expect(shown[0]).toEqual(shown[1])
    await both.java.operate(name, { op: 'deleteTag', name: 'ours' })
    await table.tags.delete('theirs')
  }
})

interface TimedCase {
  readonly options: Readonly<Record<string, string>>
  readonly snapshots: readonly Snapshot[]
  /** After which snapshots somebody looks for what is due. */
  readonly looks: ReadonlySet<number>
}

/** Times and watermarks that grow by up to three periods. */
function randomCase(random: Random): TimedCase {
  const mode = pick(random, ['process-time', 'watermark'])
  const period = pick(random, ['daily', 'hourly', 'two-hours', 'duration'] as const)
  const minutes = { daily: 1440, hourly: 60, 'two-hours': 120, duration: 7 }[period]
  const delay = random() < 0.4 ? between(random, 1, minutes - 1) : 0
  const zone = pick(random, ['UTC', 'Europe/Berlin', '+05:30', 'GMT+8', 'America/New_York'])
  const options = {
    'tag.automatic-creation': mode,
    ...(period === 'duration'
      ? { 'tag.creation-period-duration': `${minutes} min` }
      : { 'tag.creation-period': period }),
    'tag.period-formatter': pick(random, [
      'with_dashes',
      'without_dashes',
      'without_dashes_and_spaces',
    ]),
    'tag.creation-delay': `${delay} min`,
    ...(random() < 0.3 && { 'tag.automatic-completion': 'true' }),
    ...(random() < 0.4 && { 'tag.num-retained-max': String(between(random, 1, 3)) }),
    ...(random() < 0.2 && { 'tag.default-time-retained': '400 d' }),
    ...(random() < 0.3 && { 'tag.create-success-file': 'true' }),
    [mode === 'watermark' ? 'sink.watermark-time-zone' : 'sink.process-time-zone']: zone,
  }
  const snapshots: Snapshot[] = []
  let [time, watermark] = [START + between(random, 0, 300) * HOUR, START]
  const count = between(random, 2, 14)
  const unmarked = between(random, 0, 3)
  for (let id = 1; id <= count; id++) {
    time += Math.floor(random() * random() * 3 * minutes * 60_000)
    watermark += Math.floor(random() * random() * 3 * minutes * 60_000)
    const none = pick(random, [{}, { watermark: -(2n ** 63n) }])
    const marked = id <= unmarked ? none : { watermark: BigInt(watermark) }
    snapshots.push(snapshotOf(id, { timeMillis: time, nextRowId: 0n, ...marked }))
  }
  const looks = new Set(snapshots.map(({ id }) => id).filter(() => random() < 0.6))
  return { options, snapshots, looks: looks.add(snapshots.length) }
}

/** Takes all snapshots and tags from the table. */
async function clear(name: string): Promise<void> {
  for (const part of ['snapshot', 'tag']) {
    await rm(join(directoryOf(both, name), part), { recursive: true, force: true })
    await mkdir(join(directoryOf(both, name), part))
  }
}

async function put(table: Table, snapshot: Snapshot): Promise<void> {
  const { location } = table.store
  await writeFile(snapshotPath(location, snapshot.id), snapshotText(snapshot))
  await writeFile(hintPath(location, 'LATEST'), String(snapshot.id))
}

async function weMaintain(table: Table, latest: Snapshot, isBatch = false): Promise<void> {
  const identifier = isBatch ? BATCH_IDENTIFIER : 1n
  const { store, schema } = table
  const commit = { store, schema, commitUser: 'someone', identifier, latest, clock: systemClock }
  const failures = await maintain(commit)
  if (failures.length > 0) throw failures[0]
}

/** Tags by name with what they keep, and the files that tell of them. */
async function tagged(name: string): Promise<string[]> {
  const directory = join(directoryOf(both, name), 'tag')
  const files = await readdir(directory, { recursive: true, withFileTypes: true })
  const found = files
    .filter((file) => file.isFile() && !file.name.endsWith('.crc'))
    .map(async (file) => {
      const text = await readFile(join(file.parentPath, file.name), 'utf8')
      return `${file.name} ${String((JSON.parse(text) as { id?: number }).id)}`
    })
  return (await Promise.all(found)).toSorted()
}

test(`${CASES} random histories get the tags that Java makes of them`, async () => {
  const random = seeded(seed)
  const names = ['db.auto_theirs', 'db.auto_ours', 'db.auto_mixed'] as const
  for (const name of names) await both.java.create(name, KEYED)
  // Snapshots of no files have none that could expire.
  const calm = { 'snapshot.num-retained.min': '100', 'snapshot.num-retained.max': '100' }
  for (let i = 0; i < CASES; i++) {
    const { options: chosen, snapshots, looks } = randomCase(random)
    const options = { ...calm, ...chosen }
    const tables: Table[] = []
    for (const name of names) {
      await clear(name)
      tables.push((await both.table(name)).withOptions(options))
    }
    const [theirs, ours, mixed] = names
    let isJava = false
    for (const snapshot of snapshots) {
      for (const table of tables) await put(table, snapshot)
      if (!looks.has(snapshot.id)) continue
      await both.java.histories(theirs, { task: 'autoTags', options })
      await weMaintain(tables[1]!, snapshot)
      // A process that knows the tags of another only by their files.
      const fresh = (await both.table(mixed)).withOptions(options)
      if (isJava) await both.java.histories(mixed, { task: 'autoTags', options })
      else await weMaintain(fresh, snapshot)
      isJava = !isJava
    }
    const expected = { i, options, tags: await tagged(theirs) }
    expect({ i, options, tags: await tagged(ours) }).toEqual(expected)
    expect({ i, options, tags: await tagged(mixed) }).toEqual(expected)
  }
})

test('batches get the tags that Java gives them', async () => {
  const names = ['db.batch_theirs', 'db.batch_ours'] as const
  for (const name of names) {
    await both.java.create(name, KEYED)
    await clear(name)
  }
  const calm = { 'snapshot.num-retained.min': '100', 'snapshot.num-retained.max': '100' }
  for (const [i, more] of [
    {},
    {},
    { 'tag.batch.customized-name': 'done' },
    { 'sink.process-time-zone': 'Asia/Tokyo', 'tag.num-retained-max': '2' },
    // Java counts the directory of these files as a tag.
    { 'tag.create-success-file': 'true' },
  ].entries()) {
    const options = { ...calm, 'tag.automatic-creation': 'batch', ...more }
    const snapshot = snapshotOf(i + 1, { timeMillis: START + 20 * i * HOUR, nextRowId: 0n })
    for (const name of names) await put(await both.table(name), snapshot)
    await both.java.histories(names[0], { task: 'batchTag', options })
    await weMaintain((await both.table(names[1])).withOptions(options), snapshot, true)
    expect(await tagged(names[1])).toEqual(await tagged(names[0]))
  }
})

test('tags and consumers expire that Java lets expire', async () => {
  const names = ['db.old_theirs', 'db.old_ours'] as const
  for (const name of names) {
    await both.java.create(name, KEYED)
    for (const k of [1, 2]) await both.java.write(name, [JSON.stringify(row(k, 'a'))])
    await both.java.tag(name, { name: 'stays' })
    await both.java.tag(name, { name: 'over', retained: 'PT0.001S', snapshot: 1 })
    await both.java.tag(name, { name: 'day', retained: 'P1D' })
    for (const [consumer, days] of Object.entries({ old: 3, young: 1 })) {
      await both.java.consumer(name, consumer, 1)
      const then = new Date(Date.now() - days * 24 * HOUR)
      await utimes(join(directoryOf(both, name), 'consumer', `consumer-${consumer}`), then, then)
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 5))
  const ageMs = 48 * HOUR
  await both.java.histories(names[0], { task: 'expireConsumers', ageMs })
  const gone = await both.java.histories(names[0], { task: 'expireTags' })
  const options = { 'consumer.expiration-time': `${ageMs} ms` }
  const table = (await both.table(names[1])).withOptions(options)
  await weMaintain(table, (await table.latestSnapshot())!)
  expect(gone).toEqual(['over'])
  expect(await compareOperated(both, ...names)).toEqual([])

  const olderThanMs = Date.now() + HOUR
  const older = await both.java.histories(names[0], { task: 'expireTags', olderThanMs })
  const { tags } = await table.tags.expire({ olderThan: new Date(olderThanMs) })
  expect(tags.toSorted()).toEqual((older as string[]).toSorted())
  expect(await compareOperated(both, ...names)).toEqual([])
})
