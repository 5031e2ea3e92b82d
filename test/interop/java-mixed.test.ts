/** Tables that Java and this library write and compact in turns, and at the same time: no commit is lost, and both read the same. */
import { describe, expect, test } from 'vitest'

import type { Table } from '../../src/table/table.ts'
import { differences, NO_DIFFERENCES, readRows } from '../support/golden-expect.ts'
import { between, seeded } from '../support/random.ts'
import { findJava } from './support/java.ts'
import { ourWriter } from './support/our-writes.ts'
import { runSchedules } from './support/schedule-runs.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const classPath = await findJava()
const both = sharedWarehouse(classPath, 'mixed')
const first = Number(process.env['SEED'] ?? 1)
const isFull = process.env['RELIABILITY'] === 'full'
const SCHEDULES = isFull ? 1_000 : 40
const COMMITS = isFull ? 100 : 15

test(`${SCHEDULES} tables that are written and compacted in turns end as in Java`, async () => {
  const differing: unknown[] = []
  const settings = { first, count: SCHEDULES, sharing: 'mixed' } as const
  await runSchedules(both, settings, ({ seed, schema }, problems) =>
    differing.push({ seed, problems, options: schema.options }),
  )
  expect(differing).toEqual([])
}, 3_600_000)

const FIELDS = [
  { id: 0, name: 'k', type: 'INT NOT NULL' },
  { id: 1, name: 'v', type: 'STRING' },
]

type Options = Readonly<Record<string, string>>

const KEYED: Readonly<Record<string, Options>> = {
  plain: { bucket: '1' },
  lookup_changelog: { bucket: '2', 'changelog-producer': 'lookup' },
  full_changelog: { bucket: '1', 'changelog-producer': 'full-compaction' },
  vectors: { bucket: '2', 'deletion-vectors.enabled': 'true' },
}

interface Row {
  readonly _kind: string
  readonly k: number
  readonly v: string
}

/** Commits of a writer: upserts and deletes of keys from `from` on; and the rows that are there in the end. */
function commitsOf(seed: number, from: number): { commits: Row[][]; rows: string[] } {
  const random = seeded(seed)
  const left = new Map<number, string>()
  const commits = Array.from({ length: COMMITS }, (_, commit) =>
    Array.from({ length: between(random, 1, 20) }, (): Row => {
      const k = from + between(random, 0, 40)
      const row = { k, v: `${commit} of ${seed}` }
      const isDelete = random() < 0.2
      if (isDelete) left.delete(k)
      else left.set(k, JSON.stringify(row))
      return { _kind: isDelete ? '-D' : '+I', ...row }
    }),
  )
  return { commits, rows: [...left.values()] }
}

async function create(
  name: string,
  options: Options,
  primaryKeys: readonly string[],
): Promise<Table> {
  await both.java.create(name, { fields: FIELDS, partitionKeys: [], primaryKeys, options })
  return await both.table(name)
}

async function weCommit(table: Table, commits: readonly Row[][]): Promise<void> {
  await using writer = await ourWriter(table)
  for (const rows of commits) {
    await writer.writeJson([rows])
    await writer.commit()
  }
}

async function javaCommits(name: string, commits: readonly Row[][]): Promise<void> {
  const steps = commits.map((rows) => ({ op: 'write', kept: true, rows }))
  await both.java.schedule(name, steps, { 'write-buffer-size': '16 mb' })
}

/** Again and again until the other is done; how often. */
async function until(done: Promise<void>, body: () => Promise<void>): Promise<number> {
  const state = { isDone: false }
  const ended = done.finally(() => (state.isDone = true))
  let count = 0
  for (; !state.isDone; count++) await body()
  await ended
  return count
}

async function expectRows(table: Table, expected: readonly string[]): Promise<void> {
  const [ours, theirs] = [await readRows(table.read()), await both.java.read(table.name)]
  expect({ we: differences(ours, expected), Java: differences(theirs, expected) }).toEqual({
    we: NO_DIFFERENCES,
    Java: NO_DIFFERENCES,
  })
  const { damage } = await table.check({ allSnapshots: true })
  expect(damage).toEqual([])
}

describe.each(Object.entries(KEYED))('at the same time on a table with %s', (kind, options) => {
  const writeOnly = { ...options, 'write-only': 'true', 'num-sorted-run.compaction-trigger': '2' }

  test('we write and Java compacts', async () => {
    const name = `db.we_write_${kind}`
    const table = await create(name, writeOnly, ['k'])
    const { commits, rows } = commitsOf(first, 0)
    const count = await until(weCommit(table, commits), () => both.java.compact(name))
    expect(count).toBeGreaterThan(0)
    await both.java.compact(name)
    await expectRows(table, rows)
  })

  test('Java writes and we compact', async () => {
    const name = `db.java_writes_${kind}`
    const table = await create(name, writeOnly, ['k'])
    const { commits, rows } = commitsOf(first + 1, 0)
    const count = await until(javaCommits(name, commits), async () => {
      await table.compact({ full: true })
    })
    expect(count).toBeGreaterThan(0)
    await table.compact({ full: true })
    await expectRows(table, rows)
  })

  test('both write keys of their own, and both compact', async () => {
    const name = `db.both_write_${kind}`
    const table = await create(name, writeOnly, ['k'])
    const ours = commitsOf(first + 2, 0)
    const theirs = commitsOf(first + 3, 1_000)
    await Promise.all([weCommit(table, ours.commits), javaCommits(name, theirs.commits)])
    await table.compact({ full: false })
    await both.java.compact(name)
    const rows = [...ours.rows, ...theirs.rows]
    await expect(expectRows(table, rows)).resolves.toBeUndefined()
  })
})

test('both append rows at the same time, and both compact', async () => {
  const name = 'db.both_append'
  const table = await create(name, { bucket: '-1', 'compaction.min.file-num': '3' }, [])
  const commits = [commitsOf(first + 4, 0), commitsOf(first + 5, 1_000)].map((each) =>
    each.commits.map((rows) => rows.map((row) => ({ ...row, _kind: '+I' }))),
  )
  await Promise.all([weCommit(table, commits[0]!), javaCommits(name, commits[1]!)])
  const rows = commits.flat(2).map(({ k, v }) => JSON.stringify({ k, v }))
  await expectRows(table, rows)
  await table.compact({ full: true })
  await expectRows(table, rows)
  await both.java.compact(name)
  await expect(expectRows(table, rows)).resolves.toBeUndefined()
})
