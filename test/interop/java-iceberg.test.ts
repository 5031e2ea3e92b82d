/** Tables with Iceberg metadata that Java and this library commit to in turns: after each of our commits all clients read right. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { beforeAll, expect, test } from 'vitest'

import type { Table } from '../../src/table/table.ts'
import { differences, NO_DIFFERENCES, readRows } from '../support/golden-expect.ts'
import {
  chosenClients,
  type IcebergClient,
  installClients,
  readWithClients,
} from './support/iceberg-clients.ts'
import type { IcebergCheck } from './support/iceberg/checks.ts'
import { unknownFailures } from './support/iceberg/known-failures.ts'
import { shownRows } from './support/iceberg/shown-rows.ts'
import { findJava } from './support/java.ts'
import { ourWriter } from './support/our-writes.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const classPath = await findJava()
const both = sharedWarehouse(classPath, 'iceberg-turns')
const clients = chosenClients()

interface SharedTable {
  readonly version: 2 | 3
  readonly isKeyed: boolean
  /** The type of the column by which a table without a key is partitioned, and its values in turn. */
  readonly partition: readonly [type: string, ...values: (string | null)[]]
  readonly options: Readonly<Record<string, string>>
  /** What Java ends a commit with, which is done by then, where Iceberg metadata of ours is there. */
  readonly javaFails?: RegExp
}

const PLAIN = { isKeyed: false, options: { bucket: '-1' } }
const COMPACTED = { isKeyed: false, options: { bucket: '-1', 'compaction.min.file-num': '2' } }
const TEXTS: SharedTable['partition'] = ['STRING', 'a', 'b c', 'é/=']
const KEYED = { isKeyed: true, partition: TEXTS }
const VECTORS = { bucket: '2', 'deletion-vectors.enabled': 'true' }

const TABLES: Readonly<Record<string, SharedTable>> = {
  append: { version: 2, ...PLAIN, partition: TEXTS },
  append_v3: { version: 3, ...PLAIN, partition: TEXTS },
  top_level: { version: 2, ...KEYED, options: { bucket: '2' } },
  positions: { version: 2, ...KEYED, options: VECTORS },
  // Its name is that of the tables that ClickHouse is known to fail at.
  dv3_vectors: {
    version: 3,
    ...KEYED,
    options: { ...VECTORS, 'deletion-vectors.bitmap64': 'true' },
  },
  // Java writes decimals as bytes of any length, and reads no others: which it has to once it compacts.
  decimals: {
    version: 2,
    ...COMPACTED,
    partition: ['DECIMAL(9, 2)', '1.50', '-20.00', '0.01'],
    javaFails: /NumberFormatException/,
  },
  nulls: { version: 2, ...COMPACTED, partition: ['INT', null, '7'] },
}

const rowsFrom = ({ partition, isKeyed }: SharedTable, from: number, to: number, v: string) => {
  const [type, ...values] = partition
  return Array.from({ length: to - from }, (_, i) => {
    const text = values[(from + i) % values.length]!
    return { id: from + i, p: type === 'INT' && text !== null ? Number(text) : text, v }
  }).flatMap((row, i) => (isKeyed && i < 3 && from > 0 ? [{ _kind: '-D', ...row }] : [row]))
}

async function create(name: string, table: SharedTable): Promise<void> {
  const { version, isKeyed, partition, options } = table
  await both.java.create(`db.${name}`, {
    fields: [
      { id: 0, name: 'id', type: 'INT NOT NULL' },
      { id: 1, name: 'p', type: partition[0] },
      { id: 2, name: 'v', type: 'STRING' },
    ],
    partitionKeys: isKeyed ? [] : ['p'],
    primaryKeys: isKeyed ? ['id'] : [],
    options: {
      ...options,
      'metadata.iceberg.storage': 'table-location',
      'metadata.iceberg.format-version': String(version),
    },
  })
}

/** A commit of Java's, or two; what became of them. */
async function javaWrites(
  name: string,
  table: SharedTable,
  from: number,
  to: number,
): Promise<string> {
  const rows = rowsFrom(table, from, to, `Java ${from}`).map((row) => JSON.stringify(row))
  try {
    await both.java.write(`db.${name}`, rows, { compact: name === 'top_level' })
    if (table.options === COMPACTED.options) await both.java.compact(`db.${name}`)
    return 'done'
  } catch (error) {
    return String(error)
  }
}

/** A commit of ours, whose metadata are there when it ends. */
async function weWrite(
  table: Table,
  rows: readonly unknown[],
  isCompacted: boolean,
): Promise<void> {
  await using writer = await ourWriter(table, isCompacted)
  await writer.writeJson([rows])
  const { upkeepErrors } = await writer.commit({ waitForCompaction: true })
  expect(upkeepErrors).toEqual([])
}

/** What the clients make of the tables as they are now, or of a tag. */
async function clientFailures(
  round: string,
  names: readonly string[],
  state: { readonly tag: string } | null = null,
  readers: readonly IcebergClient[] = clients,
): Promise<string[]> {
  const directory = join(both.directory, 'expected')
  await mkdir(directory, { recursive: true })
  const checks: IcebergCheck[] = []
  for (const name of names) {
    const texts = await shownRows(both.io, both.directory, `db.${name}`, state ?? undefined)
    const expected = join(directory, `${round}-${name}.jsonl`)
    await writeFile(expected, texts.map((text) => `${text}\n`).join(''))
    const { version } = TABLES[name]!
    const table = join(both.directory, 'db.db', name)
    const rowCount = texts.length
    expect(rowCount).toBeGreaterThan(20)
    checks.push({ label: `${name} ${round}`, group: '', version, table, expected, rowCount, state })
  }
  const answers = await readWithClients(checks, readers, directory)
  expect(answers).toHaveLength(names.length * readers.length)
  return unknownFailures(answers)
}

const names = Object.keys(TABLES)

beforeAll(async () => {
  await installClients(clients)
  for (const [name, table] of Object.entries(TABLES)) {
    await create(name, table)
    await javaWrites(name, table, 0, 40)
  }
})

test.each([
  ['once', 30],
  ['twice', 60],
])(
  'after we commit to a table of Java %s, clients read it right, and so do Java and we',
  async (round, from) => {
    const said: Record<string, string> = {}
    for (const [name, table] of Object.entries(TABLES)) {
      if (from > 30) said[name] = await javaWrites(name, table, from - 15, from + 5)
      const ours = await both.table(`db.${name}`)
      await weWrite(ours, rowsFrom(table, from, from + 20, `we ${from}`), name === 'top_level')
      const rows = await both.java.read(`db.${name}`)
      expect(differences(await readRows(ours.read()), rows)).toEqual(NO_DIFFERENCES)
    }
    expect(await clientFailures(round, names)).toEqual([])
    for (const [name, text] of Object.entries(said))
      expect({ name, text }).toEqual({
        name,
        text: expect.stringMatching(TABLES[name]!.javaFails ?? /^done$/),
      })
  },
)

test('Java goes on from our metadata, where it publishes such tables at all', async () => {
  for (const name of ['append', 'top_level'])
    expect(await javaWrites(name, TABLES[name]!, 70, 90)).toBe('done')
  // ClickHouse reads no manifest without what Java leaves out of its headers.
  const readers = clients.filter((client) => client !== 'chdb')
  expect(await clientFailures('by Java', ['append', 'top_level'], null, readers)).toEqual([])
})

test('what Java rolled back and tagged is so for clients once we commit', async () => {
  const rolledBack = ['append_v3', 'positions']
  await both.java.tag('db.append', { name: 'kept' })
  for (const name of rolledBack) {
    const { store } = await both.table(`db.${name}`)
    const { latest } = (await store.snapshots.range())!
    await both.java.operate(`db.${name}`, { op: 'rollback', snapshot: latest - 1 })
    expect(await javaWrites(name, TABLES[name]!, 80, 90)).toBe('done')
  }
  for (const name of ['append', ...rolledBack])
    await weWrite(await both.table(`db.${name}`), rowsFrom(TABLES[name]!, 95, 110, 'last'), false)
  expect(await clientFailures('rolled back', ['append', ...rolledBack])).toEqual([])
  expect(await clientFailures('tagged', ['append'], { tag: 'kept' })).toEqual([])
})
