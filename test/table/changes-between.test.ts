/** The rows that reads of changes give, on small tables. */
import { randomUUID } from 'node:crypto'

import { beforeEach, describe, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { tagPath } from '../../src/snapshot/paths.ts'
import { snapshotText } from '../../src/snapshot/snapshot.ts'
import type { Table } from '../../src/table/table.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { parseNewSchema } from '../../src/types/new-schema.ts'

const FIELDS = [
  { name: 'id', type: 'INT NOT NULL' },
  { name: 'v', type: 'INT' },
  { name: 'text', type: 'STRING' },
]

let catalog: Catalog

beforeEach(() => {
  catalog = new Catalog(new MemoryFileIO(), `memory://${randomUUID()}/wh`)
})

async function makeTable(primaryKeys: readonly string[], options: object = {}): Promise<Table> {
  const bucket = primaryKeys.length > 0 ? '1' : '-1'
  const schema = parseNewSchema({ fields: FIELDS, primaryKeys, options: { bucket, ...options } })
  return await catalog.createTable('db.t', schema)
}

/** One commit for each list of `id v text`, where a minus before the id deletes. */
async function writeAll(table: Table, commits: readonly (readonly string[])[]): Promise<void> {
  for (const written of commits)
    await table.write(
      written.map((row) => {
        const [id = '', v, text = null] = row.split(' ')
        return {
          id: Math.abs(Number(id)),
          v: Number(v),
          text,
          _kind: id.startsWith('-') ? '-D' : '+I',
        }
      }),
    )
}

async function tag(table: Table, name: string, snapshotId: number): Promise<void> {
  const { io, location, snapshots } = table.store
  await io.write(tagPath(location, name), utf8(snapshotText(await snapshots.read(snapshotId))))
}

type Options = Readonly<Record<string, string>>

async function rows(name: string, options: Options, more: object = {}): Promise<string[]> {
  const opened = await catalog.open(name)
  const all: object[] = await opened.read({ options, ...more }).toArray()
  return all.map((row) => Object.values(row).join(' '))
}

const between = (ends: string, mode = 'auto'): Options => ({
  'incremental-between': ends,
  'incremental-between-scan-mode': mode,
})

/** 1: keys 1 to 3; 2: 1 and 2 change, 2 to what it is; 3: 3 is deleted, 4 is new; 4: 4 is deleted, 3 comes back. */
const COMMITS = [
  ['1 1 a', '2 2 b', '3 3 c'],
  ['1 10 a', '2 2 b'],
  ['-3 3 c', '4 4 d'],
  ['-4 4 d', '3 3 c'],
]

describe('a table with a primary key', () => {
  beforeEach(async () => {
    const table = await makeTable(['id'])
    await writeAll(table, COMMITS)
    await tag(table, 'start', 1)
    await tag(table, 'end', 3)
  })

  test('shows what each commit wrote, deletions among them, in the order of the commits', async () => {
    expect(await rows('db.t', between('1,3'))).toEqual(['1 10 a', '2 2 b', '3 3 c', '4 4 d'])
    expect(await rows('db.t$audit_log', between('1,4'))).toEqual([
      '+I 1 10 a',
      '+I 2 2 b',
      '-D 3 3 c',
      '+I 4 4 d',
      '+I 3 3 c',
      '-D 4 4 d',
    ])
    expect(await rows('db.t', between('0,1'))).toHaveLength(3)
    expect(await rows('db.t', between('2,2'))).toEqual([])
  })

  test('shows the rows in which two states differ, and in the audit log those that are gone', async () => {
    // Both states have the first file, so 1 and 2 are new to what is left.
    expect(await rows('db.t', between('1,3', 'diff'))).toEqual(['1 10 a', '2 2 b', '4 4 d'])
    expect(await rows('db.t', between('start,end'))).toEqual(['1 10 a', '2 2 b', '4 4 d'])
    expect(await rows('db.t$audit_log', between('start,end'))).toEqual([
      '+I 1 10 a',
      '+I 2 2 b',
      '-D 3 3 c',
      '+I 4 4 d',
    ])
    expect(await rows('db.t', between('1,4', 'diff'))).toEqual(['1 10 a', '2 2 b', '3 3 c'])
  })

  test('takes filters, columns and limits', async () => {
    const diff = between('1,3', 'diff')
    expect(await rows('db.t', diff, { where: 'v > 3', columns: ['text'] })).toEqual(['a', 'd'])
    expect(await rows('db.t', diff, { where: 'id = 2' })).toEqual(['2 2 b'])
    expect(await rows('db.t', diff, { limit: 1 })).toHaveLength(1)
    const delta = between('1,4')
    expect(await rows('db.t', delta, { where: 'v = 3', columns: ['id'] })).toEqual(['3', '3'])
    expect(await rows('db.t', delta, { limit: 2, columns: ['v'] })).toEqual(['10', '2'])
    const log = await catalog.systemTable('db.t$audit_log')
    const gone = log.read({ options: diff, where: "rowkind = '-D'", columns: ['v', 'rowkind'] })
    expect(await gone.toArray()).toEqual([{ v: 3, rowkind: '-D' }])
  })

  test('gives splits that another process reads', async () => {
    const table = await catalog.table('db.t')
    const options = between('1,3', 'diff')
    const { splits, snapshotId, fileCounts } = structuredClone(await table.read({ options }).plan())
    expect(snapshotId).toBe(3)
    expect(fileCounts).toEqual({ considered: 4, read: 2 })
    const read = table.read({ options, columns: ['id'] })
    const ids: unknown[] = []
    for (const split of splits)
      for await (const batch of read.readSplit(split)) ids.push(...(batch.getChild('id') ?? []))
    expect(ids).toEqual([1, 2, 4])
  })

  test('leaves out no key of which only one state passes a filter', async () => {
    // 1 had v = 1 and has v = 10: of neither side may the file be left out by its values.
    const log = await catalog.systemTable('db.t$audit_log')
    const read = (where: string): Promise<object[]> =>
      log.read({ options: between('1,3', 'diff'), where, columns: ['id', 'rowkind'] }).toArray()
    expect(await read('v = 1')).toEqual([])
    expect(await read('v = 10')).toEqual([{ id: 1, rowkind: '+I' }])
  })
})

test('changelogs of a table without them are empty', async () => {
  await writeAll(await makeTable(['id']), COMMITS)
  expect(await rows('db.t', between('0,4', 'changelog'))).toEqual([])
})

test('a table without a primary key shows the rows that were added', async () => {
  const table = await makeTable([])
  await writeAll(table, [['1 1 a'], ['1 2 b', '1 2 b'], ['3 3 c']])
  await tag(table, 'one', 1)
  await tag(table, 'two', 2)
  for (const options of [between('1,2'), between('1,2', 'diff'), between('one,two')])
    expect(await rows('db.t', options)).toEqual(['1 2 b', '1 2 b'])
  expect(await rows('db.t', between('1,3', 'diff'), { where: 'id > 1' })).toEqual(['3 3 c'])
  expect(await rows('db.t$audit_log', between('2,3'))).toEqual(['+I 3 3 c'])
})
