/**
 * Counts what is written for many small commits of random upserts, compaction included, by this library and by Java on the
 * same rows: `node bench/write-amplification.ts [--commits 200] [--rows 2000] [--keys 50000] [--seed 1] [--dir DIR]`.
 *
 * Nothing expires, so all data files ever written are there to be counted. One JSON line each: bytes of level 0, of all
 * data files, and how many times all are of level 0.
 */
import { readdir, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

import { createCatalog, defineSchema, t } from '../src/index.ts'
import { scanEntries } from '../src/snapshot/manifest-scan.ts'
import { randomInts } from './data.ts'
import { runAmplification } from './peers/run.ts'

const { values } = parseArgs({
  options: {
    commits: { type: 'string', default: '200' },
    rows: { type: 'string', default: '2000' },
    keys: { type: 'string', default: '50000' },
    seed: { type: 'string', default: '1' },
    dir: { type: 'string', default: '.bench/amplification' },
  },
})
const commitCount = Number(values.commits)
const rowCount = Number(values.rows)
const keyCount = Number(values.keys)
const directory = resolve(values.dir)

const definition = defineSchema({
  columns: { k: t.int().notNull(), a: t.string(), b: t.string() },
  primaryKey: ['k'],
  options: { bucket: 1 },
})

async function writeAll(warehouse: string): Promise<void> {
  await using catalog = await createCatalog({ warehouse })
  const table = await catalog.createTable('amplify.t', definition)
  await using writer = await table.writer({ commitUser: 'amplify' })
  const next = randomInts(Number(values.seed))
  for (let commit = 1; commit <= commitCount; commit++) {
    const rows = Array.from({ length: rowCount }, () => {
      const state = next()
      const k = state % keyCount
      return { k, a: `a ${state.toString(36)}`, b: `b ${k} ${commit}` }
    })
    await writer.write(rows)
    await writer.commit({ identifier: BigInt(commit), waitForCompaction: true })
  }
}

async function report(writer: string, warehouse: string): Promise<void> {
  const bucket = join(warehouse, 'amplify.db/t/bucket-0')
  let bytes = 0
  for (const name of await readdir(bucket)) bytes += (await stat(join(bucket, name))).size
  await using catalog = await createCatalog({ warehouse })
  const table = await catalog.table('amplify.t')
  let flushed = 0
  for (const snapshot of await table.snapshots()) {
    if (snapshot.commitKind !== 'APPEND') continue
    const entries = await scanEntries(table.store.manifests, snapshot, 'delta', {})
    for (const { file } of entries) flushed += file.fileSize
  }
  const times = Math.round((100 * bytes) / flushed) / 100
  process.stdout.write(`${JSON.stringify({ writer, flushed, bytes, times })}\n`)
}

await rm(directory, { recursive: true, force: true })
await writeAll(join(directory, 'millrace'))
await report('millrace', join(directory, 'millrace'))
const java = join(directory, 'java')
runAmplification(java, [commitCount, rowCount, keyCount, Number(values.seed)])
await report('java', java)
