/** Commits in two phases that Java and this library share: one prepares, the other commits; and overwrites of both. */
import { expect, test } from 'vitest'

import { encodeDeletionVector } from '../../src/indexes/deletion-vector.ts'
import { bitmapOf } from '../../src/indexes/roaring.ts'
import { decodeJavaMessage, encodeJavaMessage } from '../../src/snapshot/commit-message-bytes.ts'
import type { CommitMessage } from '../../src/snapshot/commit-message.ts'
import type { Table } from '../../src/table/table.ts'
import { readRows } from '../support/golden-expect.ts'
import { between, seeded } from '../support/random.ts'
import { findJava, type JsonSchema } from './support/java.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const classPath = await findJava()
const both = sharedWarehouse(classPath, 'commits')
const seed = Number(process.env['SEED'] ?? 1)

const FIELDS = [
  { id: 0, name: 'dt', type: 'STRING NOT NULL' },
  { id: 1, name: 'id', type: 'INT NOT NULL' },
  { id: 2, name: 'v', type: 'DECIMAL(30, 3)' },
]

function schemaOf(
  primaryKeys: readonly string[],
  options: Readonly<Record<string, string>>,
): JsonSchema {
  return { fields: FIELDS, partitionKeys: ['dt'], primaryKeys, options }
}

const KINDS: readonly (readonly [name: string, schema: JsonSchema])[] = [
  ['fixed', schemaOf(['dt', 'id'], { bucket: '2' })],
  ['dynamic', schemaOf(['dt', 'id'], { bucket: '-1', 'dynamic-bucket.target-row-num': '20' })],
  [
    'vectors',
    schemaOf(['dt', 'id'], {
      bucket: '1',
      'deletion-vectors.enabled': 'true',
      'deletion-vectors.bitmap64': 'true',
      'num-sorted-run.compaction-trigger': '2',
    }),
  ],
  ['append', schemaOf([], { bucket: '-1' })],
]

const row = (dt: string, id: number, v: number): string => JSON.stringify({ dt, id, v: `${v}.125` })

const rowsFrom = (from: number, v: number): string[] =>
  Array.from({ length: 30 }, (_, i) => row(i % 2 === 0 ? 'a' : 'b', from + i, v))

const parsed = (rows: readonly string[]): unknown[] =>
  rows.map((each) => JSON.parse(each) as unknown)

const base64 = (messages: readonly CommitMessage[]): string[] =>
  messages.map((message) => Buffer.from(encodeJavaMessage(message)).toString('base64'))

const bytesOf = (text: unknown): Uint8Array => new Uint8Array(Buffer.from(text as string, 'base64'))

async function wePrepare(
  table: Table,
  user: string,
  rows: readonly string[],
): Promise<CommitMessage[]> {
  await using writer = await table.writer({ commitUser: user })
  await writer.writeJson([parsed(rows)])
  return await writer.prepareCommit({ waitForCompaction: true })
}

async function sameRows(name: string): Promise<string[]> {
  const theirs = await both.java.read(name)
  expect(await readRows((await both.table(name)).read())).toEqual(theirs)
  expect((await (await both.table(name)).check({ allSnapshots: true })).damage).toEqual([])
  return theirs
}

interface Turn {
  readonly name: string
  readonly identifier: number
  readonly rows: readonly string[]
}

async function wePrepareAndJavaCommits({ name, identifier, rows }: Turn): Promise<void> {
  const messages = base64(await wePrepare(await both.table(name), 'ours', rows))
  expect(await both.java.messages(name, { task: 'again', messages })).toEqual(messages)
  await both.java.messages(name, { task: 'commit', user: 'ours', identifier, messages })
}

async function javaPreparesAndWeCommit({ name, identifier, rows }: Turn): Promise<void> {
  const by = { user: 'theirs', identifier }
  const request = { task: 'prepare', ...by, rows: parsed(rows) }
  const texts = (await both.java.messages(name, request)) as string[]
  const messages = texts.map((text) => decodeJavaMessage(bytesOf(text)))
  expect(base64(messages)).toEqual(texts)
  const table = await both.table(name)
  for (const alreadyCommitted of [false, true]) {
    const result = await table.commit(messages, { ...by, identifier: BigInt(identifier) })
    expect(result).toMatchObject({ alreadyCommitted })
  }
  expect(await both.java.messages(name, { task: 'recover', ...by, messages: texts })).toBe(0)
}

test.each(KINDS)('of a %s table both commit what the other has prepared', async (kind, schema) => {
  const name = `db.${kind}`
  await both.java.create(name, schema)
  const isKeyed = schema.primaryKeys.length > 0
  for (let turn = 0; turn < 4; turn++) {
    const told = { name, identifier: turn + 1, rows: rowsFrom(10 * turn, turn) }
    // Java's writer takes no rows of dynamic buckets without being told their buckets.
    const isOurs = turn % 2 === 0 || kind === 'dynamic'
    await (isOurs ? wePrepareAndJavaCommits(told) : javaPreparesAndWeCommit(told))
    expect(await sameRows(name)).toHaveLength(isKeyed ? 30 + 10 * turn : 30 * (turn + 1))
  }
  expect((await vectorCount(name)) > 0).toBe(kind === 'vectors')
})

/** How many deletion vectors the snapshots of the table have together. */
async function vectorCount(name: string): Promise<number> {
  const { store } = await both.table(name)
  let count = 0
  for (const id of await store.snapshots.ids()) {
    const entries = await store.manifests.readIndexEntries(await store.snapshots.read(id))
    for (const { indexFile } of entries) count += indexFile.deletionVectors?.length ?? 0
  }
  return count
}

test('a commit that we prepared and Java made is known here as made', async () => {
  const name = 'db.known'
  await both.java.create(name, schemaOf([], { bucket: '-1' }))
  const table = await both.table(name)
  const messages = await wePrepare(table, 'job', rowsFrom(0, 1))
  const request = { user: 'job', identifier: 7, messages: base64(messages) }
  expect(await both.java.messages(name, { task: 'recover', ...request })).toBe(1)
  const again = await (
    await both.table(name)
  ).recover([{ identifier: 7n, messages }], {
    user: 'job',
  })
  expect(again).toEqual({ snapshots: [], alreadyCommitted: [7n] })
  expect(await sameRows(name)).toHaveLength(30)
})

test(`deletion vectors have Java's bytes (seed ${seed})`, async () => {
  const name = 'db.bytes'
  await both.java.create(name, schemaOf([], { bucket: '-1' }))
  const random = seeded(seed)
  const positions = Array.from({ length: 60 }, () => {
    const rows = new Set<number>()
    for (let part = between(random, 1, 4); part > 0; part--) {
      const start = between(random, 0, 200_000)
      const step = between(random, 1, 5)
      for (let i = between(random, 1, 3_000); i > 0; i--) rows.add(start + i * step)
    }
    return [...rows].toSorted((a, b) => a - b)
  })
  const theirs = (await both.java.messages(name, { task: 'vectors', positions })) as string[][]
  const ours = positions.map((rows) =>
    ([32, 64] as const).map((form) => {
      const { bytes, length } = encodeDeletionVector(bitmapOf(rows), form)
      return `${length} ${Buffer.from(bytes).toString('base64')}`
    }),
  )
  expect(ours).toEqual(theirs)
})

/** What the snapshots and files say, without names and times. */
async function historyOf(name: string): Promise<unknown[]> {
  const table = await both.table(name)
  const snapshots = await table.snapshots()
  const files = await both.java.read(`${name}$files`)
  return [
    snapshots.map((snapshot) => [
      snapshot.commitKind,
      snapshot.totalRecordCount,
      snapshot.deltaRecordCount,
      snapshot.changelogManifestList !== undefined,
      snapshot.indexManifest !== undefined,
    ]),
    files
      .map((text) => JSON.parse(text) as Record<string, unknown>)
      .map(({ partition, bucket, level, record_count: rows }) =>
        JSON.stringify([partition, bucket, level, rows]),
      )
      .toSorted(),
  ]
}

const OVERWRITES: readonly (readonly [
  name: string,
  partition: Record<string, string>,
  options: Record<string, string>,
])[] = [
  ['dynamic partitions', {}, {}],
  ['a partition', { dt: 'a' }, { 'dynamic-partition-overwrite': 'false' }],
  ['the whole table', {}, { 'dynamic-partition-overwrite': 'false' }],
]

test.each(OVERWRITES)(
  'an overwrite of %s is as Java makes it',
  async (what, partition, options) => {
    for (const [kind, schema] of KINDS) {
      if (kind === 'vectors' || kind === 'dynamic') continue
      const names = ['ours', 'theirs'].map(
        (who) => `db.${who}_${kind}_${what.replaceAll(' ', '_')}`,
      )
      const [ourName, theirName] = names as [string, string]
      const rows = Array.from({ length: 10 }, (_, i) => row('a', 5 + i, 9))
      for (const name of names) {
        await both.java.create(name, schema)
        await both.java.write(name, rowsFrom(0, 1), { user: 'first' })
      }
      const table = (await both.table(ourName)).withOptions(options)
      const isDynamic = options['dynamic-partition-overwrite'] === undefined
      const scope = isDynamic ? {} : what === 'a partition' ? { partition } : { dynamic: false }
      await using writer = await table.writer({ overwrite: scope })
      await writer.writeJson([parsed(rows)])
      await writer.commit({ identifier: 2n ** 63n - 1n })
      const request = { task: 'overwrite', rows: parsed(rows), partition, options }
      await both.java.messages(theirName, request)
      expect(await sameRows(ourName)).toEqual(await sameRows(theirName))
      expect(await historyOf(ourName)).toEqual(await historyOf(theirName))
      await both.java.write(ourName, rowsFrom(100, 2))
      await sameRows(ourName)
    }
  },
)

test('a table is truncated as Java truncates it', async () => {
  for (const name of ['db.cut', 'db.cut_by_java']) {
    await both.java.create(name, KINDS[0]![1])
    await both.java.write(name, rowsFrom(0, 1))
  }
  await (await both.table('db.cut')).truncate()
  await both.java.messages('db.cut_by_java', { task: 'truncate' })
  expect(await sameRows('db.cut')).toEqual([])
  expect(await historyOf('db.cut')).toEqual(await historyOf('db.cut_by_java'))
})

test('rows of a table that tracks them have the ids and sequence numbers that Java gives', async () => {
  const options = { bucket: '-1', 'row-tracking.enabled': 'true' }
  const schema = { ...schemaOf([], options), partitionKeys: [] }
  for (const name of ['db.tracked', 'db.tracked_by_java']) await both.java.create(name, schema)
  for (let turn = 0; turn < 3; turn++) {
    const rows = rowsFrom(100 * turn, turn)
    await both.java.write('db.tracked_by_java', rows)
    if (turn === 1) await both.java.write('db.tracked', rows)
    else {
      await using writer = await (await both.table('db.tracked')).writer()
      await writer.writeJson([parsed(rows)])
      await writer.commit()
    }
  }
  const theirs = await both.java.read('db.tracked_by_java$row_tracking')
  expect(theirs).toHaveLength(90)
  expect(await both.java.read('db.tracked$row_tracking')).toEqual(theirs)
  const ours = await both.table('db.tracked')
  expect((await ours.check({ allSnapshots: true })).damage).toEqual([])
  expect((await ours.latestSnapshot())!.nextRowId).toBe(90n)
})
