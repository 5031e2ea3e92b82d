/**
 * Expiry of tables that both wrote: of two copies of a table Java expires one and this library the other, again and again,
 * and the same files are left, with the same hints, which Java reads.
 */
import { cp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { readRows } from '../support/golden-expect.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { findJava, type JsonSchema } from './support/java.ts'
import type { Operation } from './support/operation-plans.ts'
import { weOperate } from './support/our-operations.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const classPath = await findJava()
const both = sharedWarehouse(classPath, 'expire')
const first = Number(process.env['SEED'] ?? 1)
const ROUNDS = process.env['RELIABILITY'] === 'full' ? 20 : 1

type Options = Readonly<Record<string, string>>

/** What a table keeps, and how it tells changes. */
const SHAPES: Readonly<Record<string, { readonly isKeyed: boolean; readonly options: Options }>> = {
  'a keyed table': { isKeyed: true, options: {} },
  'a changelog of its own': { isKeyed: true, options: { 'changelog-producer': 'lookup' } },
  'changelogs that are kept longer': { isKeyed: true, options: { 'changelog-producer': 'input' } },
  'data files that are kept for streams': { isKeyed: true, options: {} },
  'deletion vectors': { isKeyed: true, options: { 'deletion-vectors.enabled': 'true' } },
  'a table without keys': { isKeyed: false, options: { 'compaction.min.file-num': '3' } },
  'directories that are cleaned': {
    isKeyed: true,
    options: { 'snapshot.clean-empty-directories': 'true' },
  },
}
const KEPT_LONGER = new Set([
  'changelogs that are kept longer',
  'data files that are kept for streams',
])

/** Writers leave expiry to others. */
const COMMON: Options = {
  'snapshot.num-retained.min': '100',
  'num-sorted-run.compaction-trigger': '3',
  'manifest.merge-min-count': '4',
}

test.for(
  Object.entries(SHAPES).flatMap(([name, shape], i) =>
    Array.from({ length: ROUNDS }, (_, round) => ({ name, shape, seed: first + i + 100 * round })),
  ),
)('$name, seed $seed: the same files are left', async ({ name, shape, seed }) => {
  const random = seeded(seed)
  const original = `db.t${seed}`
  await both.java.create(original, schemaOf(shape))
  const latest = await writeHistory(random, original, shape.isKeyed)
  const [ours, javas] = [`${original}_ours`, `${original}_javas`]
  for (const copy of [ours, javas])
    await cp(directoryOf(original), directoryOf(copy), { recursive: true })
  await setConsumer(random, [ours, javas], latest)
  for (let round = 0; round < 4; round++) {
    const step = randomExpiry(random, latest, KEPT_LONGER.has(name))
    await both.java.operate(javas, step)
    await weOperate(both, ours, step)
    expect(await stateOf(ours), `round ${round}: ${JSON.stringify(step)}`).toEqual(
      await stateOf(javas),
    )
    if (round === 1)
      for (const copy of [ours, javas])
        await both.java.operate(copy, { op: 'deleteConsumer', name: 'job' })
    if (round === 2) await deleteTag(ours, javas)
  }
  await checkReads(ours, javas)
})

function schemaOf({ isKeyed, options }: (typeof SHAPES)[string]): JsonSchema {
  return {
    fields: [
      { id: 0, name: 'p', type: 'STRING NOT NULL' },
      { id: 1, name: 'k', type: 'INT NOT NULL' },
      { id: 2, name: 'v', type: 'INT' },
    ],
    partitionKeys: ['p'],
    primaryKeys: isKeyed ? ['p', 'k'] : [],
    options: { bucket: isKeyed ? '1' : '-1', ...COMMON, ...options },
  }
}

/** Writes, compacts and tags by turns; the latest snapshot. */
async function writeHistory(random: Random, name: string, isKeyed: boolean): Promise<number> {
  const row = (): Readonly<Record<string, unknown>> => ({
    p: pick(random, ['a', 'b']),
    k: between(random, 1, 9),
    v: between(random, 0, 99),
  })
  let tags = 0
  for (let i = 0; i < 14; i++) {
    const rows = Array.from({ length: between(random, 1, 4) }, row)
    const step = pick<Operation>(random, [
      { op: 'write', rows },
      { op: 'write', rows },
      { op: 'write', rows },
      { op: 'compact', full: isKeyed },
      { op: 'overwrite', rows, dynamic: true },
      { op: 'dropPartitions', partitions: [{ p: 'b' }] },
    ])
    if (random() < 0.5) await weOperate(both, name, step)
    else await both.java.operate(name, step)
    if (random() < 0.1 && i > 0) await both.java.analyze(name, { rows: i, bytes: 100, columns: {} })
    if (random() < 0.25 && i > 0) {
      const snapshots = await (await both.table(name)).snapshots()
      if (snapshots.length > 0) await both.java.tag(name, { name: `tag${tags++}` })
    }
  }
  await both.java.operate(name, { op: 'write', rows: [row()] })
  return (await (await both.table(name)).latestSnapshot())!.id
}

async function setConsumer(
  random: Random,
  names: readonly string[],
  latest: number,
): Promise<void> {
  const next = between(random, 3, latest)
  for (const name of names) await both.java.consumer(name, 'job', next)
}

/** Whatever their age; changelogs are kept for an hour, if there are not more than so many. */
function randomExpiry(random: Random, latest: number, keepsChangelogs: boolean): Operation {
  const min = between(random, 1, Math.max(1, latest - 3))
  return {
    op: 'expire',
    min,
    max: between(random, min, min + 5),
    ...(random() < 0.5 && { limit: between(random, 1, 6) }),
    ...(keepsChangelogs && { changelogs: between(random, min, latest + 2) }),
  }
}

/** Of the first tag, if there is one. */
async function deleteTag(ours: string, javas: string): Promise<void> {
  const table = await both.table(ours)
  const [name] = await table.store.tags.list()
  if (name === undefined) return
  await both.java.operate(javas, { op: 'deleteTag', name })
  await table.tags.delete([name])
  expect(await stateOf(ours), `without ${name}`).toEqual(await stateOf(javas))
}

async function checkReads(ours: string, javas: string): Promise<void> {
  const read = async (name: string, system: string): Promise<string[]> => {
    const rows = await both.java.read(name + system)
    // Paths of files differ in the name of the table alone.
    return rows.map((row) => row.replaceAll(`${name.slice(3)}/`, 't/'))
  }
  for (const system of ['', '$snapshots', '$tags', '$files', '$manifests'])
    expect(await read(ours, system)).toEqual(await read(javas, system))
  const table = await both.table(ours)
  expect((await table.check({ allSnapshots: true })).damage).toEqual([])
  for (const { id } of await table.snapshots()) {
    const options = { 'scan.snapshot-id': String(id) }
    expect(await readRows(table.read({ options }))).toEqual(
      await both.java.read(javas, { options }),
    )
  }
  for (const tag of await table.store.tags.list()) {
    const options = { 'scan.tag-name': tag }
    expect(await both.java.read(ours, { options })).toEqual(
      await both.java.read(javas, { options }),
    )
  }
}

function directoryOf(name: string): string {
  return join(both.directory, name.replace('.', '.db/'))
}

/** All files of the table, empty directories, and what hints and changelogs say. */
async function stateOf(name: string): Promise<{ files: string[]; told: Options }> {
  const directory = directoryOf(name)
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter(
      (entry) => entry.isFile() || entry.name.startsWith('bucket-') || entry.name.includes('='),
    )
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .filter((path) => !path.endsWith('.crc'))
    .toSorted()
  const told: Record<string, string> = {}
  for (const path of paths)
    if (/EARLIEST|LATEST|changelog-\d+$/.test(path))
      told[path] = await readFile(join(directory, path), 'utf8')
  return { files: paths, told }
}
