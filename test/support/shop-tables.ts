/** The tables that examples of the command line speak of: users, visits and orders of a shop, with some history. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { MemoryFileIO } from '../../src/io/memory.ts'
import { runLine } from './shell-lines.ts'

/** Sizes of files are the same on every machine where nothing is compressed. */
const PLAIN = { 'file.compression': 'none', 'manifest.compression': 'none' }

const SCHEMAS: Readonly<Record<string, object>> = {
  'shop.users': {
    fields: [
      { name: 'id', type: 'BIGINT NOT NULL' },
      { name: 'name', type: 'STRING' },
      { name: 'status', type: 'STRING' },
    ],
    primaryKeys: ['id'],
    options: { bucket: '1', ...PLAIN },
  },
  'shop.visits': {
    fields: [
      { name: 'user_id', type: 'BIGINT' },
      { name: 'page', type: 'STRING' },
      { name: 'dt', type: 'STRING' },
    ],
    partitionKeys: ['dt'],
    options: { bucket: '-1', ...PLAIN },
  },
  'shop.orders': {
    fields: [
      { name: 'id', type: 'BIGINT NOT NULL' },
      { name: 'region', type: 'STRING NOT NULL' },
      { name: 'amount', type: 'DECIMAL(10, 2)' },
      { name: 'dt', type: 'STRING NOT NULL' },
    ],
    partitionKeys: ['dt', 'region'],
    primaryKeys: ['dt', 'region', 'id'],
    options: { bucket: '2', ...PLAIN },
  },
}

/** Of lines of JSON, by table, a commit each. */
const COMMITS: readonly (readonly [table: string, rows: readonly object[]])[] = [
  [
    'shop.users',
    [
      { id: 1, name: 'Ada', status: 'new' },
      { id: 2, name: 'Grace', status: 'new' },
    ],
  ],
  [
    'shop.users',
    [
      { id: 2, name: 'Grace', status: 'paying' },
      { id: 7, name: '山田 太郎', status: null },
    ],
  ],
  [
    'shop.visits',
    [
      { user_id: 1, page: '/tea', dt: '2026-11-20' },
      { user_id: 2, page: '/ink', dt: '2026-11-20' },
      { user_id: 1, page: '/ink', dt: '2026-11-21' },
    ],
  ],
  ['shop.visits', [{ user_id: 7, page: null, dt: '2025-12-24' }]],
  [
    'shop.orders',
    [
      { id: 1, region: 'eu', amount: '2.50', dt: '2026-11-20' },
      { id: 2, region: 'us', amount: '19.00', dt: '2026-11-21' },
      { id: 3, region: 'eu', amount: '4.25', dt: '2026-11-21' },
    ],
  ],
]

const FILES: Readonly<Record<string, string>> = {
  'users.csv': 'id,name,status\n3,Linus,new\n',
  'today.csv': 'user_id,page,dt\n3,/pen,2026-11-21\n',
  'visits.csv': 'user_id,page,dt\n1,/tea,2026-11-22\n9,/cup,2026-11-22\n',
  'token.txt': 'a-token-that-is-long-enough\n',
  'gone.jsonl': '{"id": "2"}\n{"id": "5"}\n',
}

/** When the snapshots were made, whatever the day is. */
const SNAPSHOT_MILLIS = Date.UTC(2026, 10, 19, 12)

export interface Shop extends Disposable {
  /** A warehouse of its own with the tables as they were made. */
  copy(name: string): Promise<string>
  /** Where the files lie that are read and written. */
  readonly place: (file: string) => string
}

/** `memory://NAME` is given up to the shop, which makes its tables there. */
export async function openShop(name: string): Promise<Shop> {
  const warehouse = `memory://${name}/warehouse`
  const directory = mkdtempSync(join(tmpdir(), 'millrace-shop-'))
  const place = (file: string): string => join(directory, file)
  for (const [file, text] of Object.entries(FILES)) writeFileSync(place(file), text)
  const env = { MILLRACE_WAREHOUSE: warehouse }
  const run = async (line: string): Promise<void> => {
    const { code, text } = await runLine(line, { env, place })
    if (code !== 0) throw new Error(`${line}: ${text}`)
  }
  for (const [table, schema] of Object.entries(SCHEMAS))
    await run(`echo '${JSON.stringify(schema)}' | millrace create ${table} --schema -`)
  for (const [i, [table, rows]] of COMMITS.entries()) {
    const input = rows.map((row) => JSON.stringify(row)).join('\n')
    await run(`echo '${input}' | millrace write ${table} --user loader --commit-id ${i}`)
  }
  mkdirSync(place('events'))
  await run('millrace read shop.users -o events/1.parquet')
  const io = new MemoryFileIO()
  await setTimes(io, warehouse)
  return {
    place,
    async copy(to) {
      const target = `memory://${to}/warehouse`
      for await (const { path } of io.list(warehouse, { recursive: true }))
        await io.write(target + path.slice(warehouse.length), await io.read(path))
      return target
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  }
}

async function setTimes(io: MemoryFileIO, warehouse: string): Promise<void> {
  for await (const { path } of io.list(warehouse, { recursive: true })) {
    const id = /\/snapshot-(\d+)$/.exec(path)?.[1]
    if (id === undefined) continue
    const text = Buffer.from(await io.read(path)).toString()
    const timeMillis = SNAPSHOT_MILLIS + Number(id) * 60_000
    const changed = text.replace(/("timeMillis" : )\d+/, `$1${timeMillis}`)
    await io.delete(path)
    await io.write(path, Buffer.from(changed))
  }
}
