/** Streams of `$audit_log` and `$binlog`, beside streams of the table that they show. */
import { afterAll, beforeAll, expect, test } from 'vitest'

import { Catalog } from '../../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../../src/io/local.ts'
import type { Change } from '../../../src/table/stream/change-batch.ts'
import { GOLDEN_WAREHOUSE } from '../../support/golden-expect.ts'

let catalog: Catalog
beforeAll(() => {
  catalog = new Catalog(new LocalFileIO(), GOLDEN_WAREHOUSE)
})
afterAll(async () => {
  await catalog.close()
})

type Row = Readonly<Record<string, unknown>>

/** A table whose changelog has both sides of updates, and deletions. */
const TABLE = 'golden.changelog_lookup'
const START = { from: 'earliest', follow: false } as const

async function follow(kind: string, request: object = {}): Promise<Change<Row>[]> {
  const opened = await catalog.systemTable(`${TABLE}$${kind}`)
  return await Array.fromAsync(opened.changes({ ...START, ...request }))
}

/** What the table's own stream gives, as an audit log. */
async function auditLog(): Promise<{ readonly snapshotId: number; readonly row: Row }[]> {
  const table = await catalog.table(TABLE)
  const changes = await Array.fromAsync(table.changes(START))
  return changes.map(({ snapshotId, kind, row }) => ({
    snapshotId,
    row: { rowkind: kind, ...row },
  }))
}

const placed = (changes: readonly Change<Row>[]): object[] =>
  changes.map(({ snapshotId, row }) => ({ snapshotId, row }))

test('an audit log has both sides of each update', async () => {
  const changes = await follow('audit_log')
  expect(changes.every(({ kind }) => kind === '+I')).toBe(true)
  expect(placed(changes)).toEqual(await auditLog())
})

test('a binlog has both sides of an update in one row', async () => {
  const expected: object[] = []
  let before: Row | null = null
  for (const { snapshotId, row } of await auditLog()) {
    if (row['rowkind'] === '-U') before = row
    else {
      const sides = before === null ? [row] : [before, row]
      const columns = Object.keys(row).filter((name) => name !== 'rowkind')
      const arrays = columns.map((name) => [name, sides.map((side) => side[name])])
      expected.push({
        snapshotId,
        row: { rowkind: row['rowkind'], ...(Object.fromEntries(arrays) as Row) },
      })
      before = null
    }
  }
  expect(placed(await follow('binlog'))).toEqual(expected)
})

test.each([
  ['audit_log', {}],
  ['binlog', {}],
  ['audit_log', { where: `rowkind <> '-U' and id > 20000000`, columns: ['name', 'id'] }],
  ['binlog', { where: `rowkind = '+U'`, columns: ['id'] }],
])('a stream of %s with %j goes on behind any of its rows', async (kind, request) => {
  const all = await follow(kind, request)
  expect(all.length).toBeGreaterThan(20)
  for (const [i, { checkpoint }] of all.entries()) {
    if (i % 7 !== 0 && i < all.length - 2) continue
    const restored = await follow(kind, { ...request, from: undefined, restore: checkpoint })
    expect(placed(restored)).toEqual(placed(all.slice(i + 1)))
  }
})

test('a place among the rows of one view is none among those of another', async () => {
  const changes = await follow('audit_log')
  const { checkpoint: restore } = changes.find(({ checkpoint }) => checkpoint.within)!
  const elsewhere = follow('binlog', { from: undefined, restore })
  await expect(elsewhere).rejects.toMatchObject({ code: 'INVALID' })
})

test('a stream that starts with a state shows what a read of it does', async () => {
  const changes = await follow('audit_log', { from: 'latest-full' })
  const read = (await catalog.systemTable(`${TABLE}$audit_log`)).read()
  expect(changes.map(({ row }) => row)).toEqual(await read.toArray())
})

test.each(['ro', 'files', 'snapshots'])('$%s cannot be followed', async (kind) => {
  await expect(follow(kind)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
})
