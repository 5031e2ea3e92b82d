/** Damage to what keeps files beside snapshots is found, and what is safe to repair is repaired. */
import { describe, expect, test } from 'vitest'

import { Catalog } from '../../../src/catalog/catalog.ts'
import { MemoryFileIO } from '../../../src/io/memory.ts'
import { ChangelogStore } from '../../../src/snapshot/changelog-store.ts'
import type { Table } from '../../../src/table/table.ts'
import { utf8 } from '../../../src/types/internal-value.ts'
import { defineSchema, t } from '../../../src/types/schema.ts'

const EVENTS = defineSchema({
  columns: { dt: t.string(), id: t.int() },
  partitionBy: ['dt'],
  options: { bucket: -1 },
})

interface KeptTable {
  readonly io: MemoryFileIO
  readonly table: Table
  readonly at: (relativePath: string) => string
}

let count = 0

/** Three snapshots, a tag of the first, a branch of it, a consumer, statistics, and a partition that is done. */
async function keptTable(): Promise<KeptTable> {
  const io = new MemoryFileIO()
  const catalog = new Catalog(io, `memory://kept-${++count}/wh`)
  const table = (await catalog.createTable('shop.events', EVENTS)) as unknown as Table
  await table.write([{ dt: 'x', id: 1 }])
  await table.tags.create('v1')
  await table.branches.create('dev', { tag: 'v1' })
  await table.overwrite([{ dt: 'x', id: 2 }])
  await table.analyze()
  await table.consumers.reset('job', 2)
  await table.markPartitionsDone([{ dt: 'x' }])
  return { io, table, at: (relativePath) => `${table.path}/${relativePath}` }
}

type Damage = (made: KeptTable) => Promise<void>

const write =
  (relativePath: string, text: string): Damage =>
  async ({ io, at }) =>
    await io.write(at(relativePath), utf8(text))

const remove =
  (relativePath: string): Damage =>
  async ({ io, at }) =>
    await io.delete(at(relativePath))

/** The data file of the first snapshot, which a tag and a branch need, is in the table no more. */
const loseFirstFile: Damage = async ({ io, table }) => {
  for await (const { path } of io.list(table.path, { recursive: true }))
    if (path.includes('/bucket-0/')) await io.delete(path)
}

const changelogs =
  (...ids: number[]): Damage =>
  async ({ io, table }) => {
    const store = new ChangelogStore(io, table.store.location)
    const snapshot = await table.store.snapshots.read(2)
    for (const id of ids) await store.write({ ...snapshot, id })
    await store.writeHint('LATEST', Math.max(...ids))
  }

describe('a table', () => {
  test('with tags, branches, consumers, statistics and success files is whole', async () => {
    const { table } = await keptTable()
    const report = await table.check()
    expect(report).toMatchObject({ damage: [], warnings: [], repairs: [] })
    expect(report.counts.orphanFiles).toBe(0)
  })

  const DAMAGES: Readonly<Record<string, readonly [Damage, path: RegExp, what: RegExp]>> = {
    'a tag that is cut': [write('tag/tag-v1', '{'), /tag\/tag-v1$/, /JSON/],
    'a tag without its rows': [loseFirstFile, /bucket-0/, /is missing, and .*tag-v1 needs it/],
    'a branch without a schema': [
      remove('branch/branch-dev/schema/schema-0'),
      /branch\/branch-dev$/,
      /without a schema/,
    ],
    'a snapshot of a branch that is cut': [
      write('branch/branch-dev/snapshot/snapshot-1', '{'),
      /branch-dev\/snapshot\/snapshot-1$/,
      /JSON/,
    ],
    'a hint of a branch that leads astray': [
      write('branch/branch-dev/snapshot/LATEST', '7'),
      /branch-dev\/snapshot\/LATEST$/,
      /leads readers to snapshot 7/,
    ],
    'a gap between changelogs': [changelogs(1, 3), /changelog\/changelog-2$/, /is missing/],
    'a changelog that is cut': [write('changelog/changelog-1', '{'), /changelog-1$/, /JSON/],
    'a consumer that is cut': [write('consumer/consumer-job', '{'), /consumer-job$/, /JSON/],
    'a success file that is cut': [write('dt=x/_SUCCESS', '{'), /dt=x\/_SUCCESS$/, /JSON/],
  }

  test.each(Object.entries(DAMAGES))('with %s is damaged', async (_, [damage, path, what]) => {
    const made = await keptTable()
    await damage(made)
    const report = await made.table.check()
    const found = report.damage.filter((each) => path.test(each.path) && what.test(each.what))
    expect(found).not.toEqual([])
  })

  test('with a consumer that waits for what never comes is odd, not damaged', async () => {
    const made = await keptTable()
    await write('consumer/consumer-far', '{"nextSnapshot":99}')(made)
    const { damage, warnings } = await made.table.check()
    expect(damage).toEqual([])
    expect(warnings).toMatchObject([{ what: 'waits for snapshot 99, and the latest is 3' }])
  })
})

test('a repair makes hints and statistics whole, and leaves all else alone', async () => {
  const made = await keptTable()
  const { io, table, at } = made
  const { statistics } = (await table.latestSnapshot())!
  await write('snapshot/LATEST', '7')(made)
  await write('snapshot/EARLIEST', '9')(made)
  await write('branch/branch-dev/snapshot/LATEST', 'x')(made)
  await changelogs(1, 2)(made)
  await write('changelog/LATEST', '1')(made)
  await remove(`statistics/${statistics}`)(made)
  await write('tag/tag-v1', '{')(made)
  const before = (await table.check()).damage.map(({ path }) => path)
  expect(before).toContain(at('snapshot/LATEST'))
  expect(before).toContain(at(`statistics/${statistics}`))
  const report = await table.check({ repair: true })
  expect(report.repairs.map(({ path }) => path).toSorted()).toEqual(
    [
      'branch/branch-dev/snapshot/LATEST',
      'changelog/LATEST',
      'snapshot/EARLIEST',
      'snapshot/LATEST',
      `statistics/${statistics}`,
    ].map(at),
  )
  expect(report.damage.map(({ path }) => path)).toEqual([at('tag/tag-v1')])
  expect(report.warnings).toEqual([])
  const texts = ['snapshot/EARLIEST', 'snapshot/LATEST', 'changelog/LATEST'].map(async (each) =>
    new TextDecoder().decode(await io.read(at(each))),
  )
  expect(await Promise.all(texts)).toEqual(['1', '3', '2'])
  expect((await table.check({ repair: true })).repairs).toEqual([])
})
