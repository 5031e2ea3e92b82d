/**
 * The golden tables with snapshots, tags and branches taken away and files put where they may lie: Java's
 * `LocalOrphanFilesClean` chooses the same files, and what is left on disk is the same.
 */
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { LocalFileIO } from '../../src/io/local.ts'
import { openTableStore, type TableStore } from '../../src/snapshot/table-store.ts'
import { checkTable } from '../../src/table/check.ts'
import {
  type OrphanOptions,
  type OrphanResult,
  removeOrphans,
} from '../../src/table/maintain/orphans.ts'
import { goldenRoot, goldenTables } from '../support/golden-tables.ts'
import { pick, type Random, seeded } from '../support/random.ts'
import { findJava, JavaPaimon } from './support/java.ts'

const classPath = await findJava()
const SEED = Number(process.env['SEED'] ?? 6)
const io = new LocalFileIO()
const later = { now: () => Date.now() + 48 * 3_600_000, sleep: async () => {} }

let java: JavaPaimon
let directory: string

beforeAll(async () => {
  java = new JavaPaimon(classPath)
  directory = await mkdtemp(join(tmpdir(), 'millrace-java-orphans-'))
})

afterAll(async () => {
  await java[Symbol.asyncDispose]()
  await io.close()
  await rm(directory, { recursive: true })
})

const UUID = '5f0c8e56-7f0e-4a43-8b0c-1d1f2a3b4c5d'

/** Where files are put that no table has. */
const PLACES = [
  'bucket-0/data-x.parquet',
  'changelog/old',
  'consumer/a.bak',
  'index/index-x',
  'manifest/deeper/manifest-x',
  'manifest/manifest-x',
  'metadata/v1.metadata.json',
  'notes.txt',
  'schema/notes',
  `snapshot/.snapshot-99.${UUID}.tmp`,
  'snapshot/tmp-1',
  'statistics/stat-x',
  'tag/notes',
]

/** Loses snapshots but the latest, tags and branches, and gains files; what the table is afterwards is left to chance. */
async function disturb(root: string, random: Random): Promise<void> {
  const store = openTableStore(io, root)
  const ids = await store.snapshots.ids()
  for (const id of ids.slice(0, -1)) if (random() < 0.5) await store.snapshots.delete(id)
  for (const name of await store.tags.list())
    if (random() < 0.5) await rm(join(root, 'tag', `tag-${name}`))
  const branches = await io.listDirectories(join(root, 'branch'))
  for (const name of branches)
    if (random() < 0.3) await rm(join(root, 'branch', name), { recursive: true })
    else await writeFile(join(root, 'branch', name, 'snapshot', 'stray'), 'x')
  const files = await Array.fromAsync(io.list(root, { recursive: true }))
  const dataFiles = files.filter(({ path }) => path.includes('/bucket-'))
  for (let i = 0; i < 4; i++) {
    const place =
      random() < 0.4 && dataFiles.length > 0
        ? `${pick(random, dataFiles).path}-${i}`
        : join(root, pick(random, PLACES))
    await mkdir(dirname(place), { recursive: true })
    await writeFile(place, 'x')
  }
}

async function clean(store: TableStore, options: OrphanOptions): Promise<OrphanResult> {
  return await removeOrphans(store, await store.schemas.readLatest(), options, later)
}

async function below(root: string): Promise<string[]> {
  return (await readdir(root, { recursive: true })).toSorted()
}

test(`seed ${SEED}: the same files go`, async () => {
  const random = seeded(SEED)
  let chosen = 0
  for (const table of goldenTables) {
    const [ours, theirs] = ['ours', 'theirs'].map((side) =>
      join(directory, `${SEED}-${side}`, 'golden.db', table),
    ) as [string, string]
    await cp(goldenRoot(table), ours, { recursive: true })
    await disturb(ours, random)
    await cp(ours, theirs, { recursive: true })
    const store = openTableStore(io, ours)
    const warehouse = (side: string) => java.warehouse(join(directory, `${SEED}-${side}`))
    const expected = (await warehouse('ours').orphans(`golden.${table}`)).map((path) =>
      path.replace(/^file:/, ''),
    )
    const dry = await clean(store, { dryRun: true })
    expect({ table, paths: dry.files.map(({ path }) => path) }).toEqual({
      table,
      paths: expected.toSorted(),
    })
    const rows = await warehouse('ours').read(`golden.${table}`)
    await warehouse('theirs').operate(`golden.${table}`, { op: 'orphans' })
    await clean(store, {})
    expect({ table, left: await below(ours) }).toEqual({ table, left: await below(theirs) })
    const rowsAfter = await warehouse('ours').read(`golden.${table}`)
    expect({ table, rows: rowsAfter }).toEqual({ table, rows })
    const { damage } = await checkTable(store, { deep: false })
    const others = damage.filter(({ what }) => !what.startsWith('is missing: there are'))
    expect({ table, others }).toEqual({ table, others: [] })
    chosen += expected.length
    await Promise.all([rm(ours, { recursive: true }), rm(theirs, { recursive: true })])
  }
  expect(chosen).toBeGreaterThan(100)
})

test('Java reads the statistics that a repair puts in the place of lost ones', async () => {
  const location = join(directory, 'repaired')
  const root = join(location, 'golden.db', 'types_append')
  await cp(goldenRoot('types_append'), root, { recursive: true })
  const warehouse = java.warehouse(location)
  await warehouse.analyze('golden.types_append', { rows: 7, bytes: 70, columns: {} })
  const store = openTableStore(io, root)
  const { id, statistics } = (await store.snapshots.readLatest())!
  await rm(join(root, 'statistics', statistics!))
  await expect(warehouse.read('golden.types_append$statistics')).rejects.toThrow('Java')
  const { damage, repairs } = await checkTable(store, { deep: false, repair: true })
  expect({ damage, count: repairs.length }).toEqual({ damage: [], count: 1 })
  const [row] = await warehouse.read('golden.types_append$statistics')
  expect(JSON.parse(row!)).toMatchObject({ snapshot_id: String(id) })
})
