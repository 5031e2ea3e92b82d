/**
 * Every file of the golden tables, cut and with flipped bits, read through the catalog.
 *
 * A cut file is refused by name. A changed one is refused, or the rows are right, wherever the format has a checksum:
 * that is in Parquet pages, blob files and deletion vectors. Schemas, snapshots, manifests and Avro files have none, so that a changed
 * letter of an option, or a changed byte of a text, can make another table that is as good as the first.
 */
import { beforeAll, describe, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import type { FileIO } from '../../src/io/file-io.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { defineSchema, t } from '../../src/types/schema.ts'
import {
  copyTables,
  DAMAGED_WAREHOUSE,
  type DamagedOutcome,
  type FileUse,
  fileUses,
  flipped,
  readDamaged,
} from '../support/damaged-tables.ts'
import { copyGoldenTables, readRows } from '../support/golden-expect.ts'
import { goldenTables } from '../support/golden-tables.ts'
import { between, type Random, seeded } from '../support/random.ts'
import { startTestS3, type TestS3 } from '../support/s3-file-io.ts'
import type { S3Response } from '../support/s3/protocol.ts'

const isFull = process.env['RELIABILITY'] === 'full'
/** The same damage every time, but for full runs, which tell the seed that repeats them. */
const SEED = Number(process.env['RELIABILITY_SEED'] ?? (isFull ? Date.now() % 2 ** 31 : 1))
if (isFull) process.stderr.write(`damaged tables of RELIABILITY_SEED=${SEED}\n`)

/** How often each file is cut, and how often changed. */
const TIMES = isFull ? { cut: 60, changed: 60 } : { cut: 2, changed: 1 }
/** What the golden files, of at most 40 KB, may make a reader allocate before it refuses them. */
const ALLOCATED_BYTES_MAX = 80_000_000
/** A read that takes longer hangs. */
const HANG_MS = 30_000

const WAREHOUSE = 's3://lake/wh'

const uses: FileUse[] = []

beforeAll(async () => {
  await copyTables()
  for (const table of goldenTables) uses.push(...(await fileUses(table)))
}, 120_000)

/** What is wrong with an outcome; null where nothing is. */
type Judge = (use: FileUse, outcome: DamagedOutcome) => string | null

/** Reads each table with each of its files damaged, and tells what broke the contract or the limits. */
async function damageAll(
  times: number,
  damage: (use: FileUse, random: Random) => Uint8Array,
  judge: Judge,
): Promise<string[]> {
  const breaches: string[] = []
  for (const [n, use] of uses.entries())
    for (let i = 0; i < (use.isUnused ? 1 : times); i++) {
      const damaged = damage(use, seeded(SEED * 1_000_003 + n * 1009 + i))
      const breach = await readWithinLimits(use, damaged, judge)
      if (breach !== null)
        breaches.push(`RELIABILITY_SEED=${SEED} damage ${i} of ${use.path}: ${breach}`)
    }
  return breaches
}

async function readWithinLimits(
  use: FileUse,
  damaged: Uint8Array,
  judge: Judge,
): Promise<string | null> {
  const before = process.memoryUsage().arrayBuffers
  const began = performance.now()
  try {
    const breach = judge(use, await readDamaged(use, damaged))
    if (breach !== null) return breach
  } catch (error) {
    return String(error instanceof Error ? error.stack : error)
  }
  const tookMs = performance.now() - began
  if (tookMs > HANG_MS) return `took ${tookMs} ms`
  const allocatedBytes = process.memoryUsage().arrayBuffers - before
  return allocatedBytes > ALLOCATED_BYTES_MAX ? `allocated ${allocatedBytes} bytes` : null
}

const CODES = new Set(['CORRUPT', 'INVALID', 'NOT_FOUND', 'UNSUPPORTED'])

/** A hint only saves a listing, and what nothing refers to does not matter. */
const isOfNoConsequence = ({ path, isUnused }: FileUse): boolean =>
  isUnused || /\/(?:LATEST|EARLIEST)$/.test(path)

const judgeCut: Judge = (use, outcome) => {
  if (isOfNoConsequence(use)) return outcome.kind === 'same' ? null : outcome.kind
  if (outcome.kind !== 'refused') return outcome.kind
  const { code, path, message } = outcome.error
  return code === 'CORRUPT' && path === use.path ? null : `${code} ${message}`
}

const judgeChanged: Judge = (use, outcome) => {
  if (isOfNoConsequence(use)) return outcome.kind === 'same' ? null : outcome.kind
  if (outcome.kind === 'same') return null
  if (outcome.kind === 'other')
    return /\.(?:parquet|blob)$|\/index\//.test(use.path) ? 'other rows' : null
  const { code, path = '', message } = outcome.error
  // Damaged metadata may name a file that is not there, and that file is the one to tell of then.
  const isOfTable = path.startsWith(`${DAMAGED_WAREHOUSE}/golden.db/${use.table}/`)
  return CODES.has(code) && isOfTable && message.includes(path) ? null : `${code} ${message}`
}

describe('a golden table', { timeout: isFull ? 3_600_000 : 120_000 }, () => {
  test('most of them can be read, and with them most of their files', () => {
    expect(new Set(uses.map(({ table }) => table)).size).toBeGreaterThan(40)
    expect(uses.filter(({ isUnused }) => !isUnused).length).toBeGreaterThan(700)
  })

  test('with a file that is cut anywhere is refused by the name of the file', async () => {
    const breaches = await damageAll(
      TIMES.cut,
      ({ bytes }, random) => bytes.slice(0, between(random, 0, bytes.length)),
      judgeCut,
    )
    expect(breaches).toEqual([])
  })

  test('with flipped bits in a file is refused by the name of a file, or reads right where a checksum can tell', async () => {
    const counts = { same: 0, other: 0, refused: 0 }
    const breaches = await damageAll(
      TIMES.changed,
      ({ bytes }, random) => flipped(bytes, random),
      (use, outcome) => {
        counts[outcome.kind]++
        return judgeChanged(use, outcome)
      },
    )
    expect(breaches).toEqual([])
    expect(counts.other).toBeLessThan((counts.same + counts.refused) / 100)
    expect(counts.refused).toBeGreaterThan(counts.same / 2)
  })
})

test.each([
  'snapshot/snapshot-',
  'manifest/manifest-list-',
  'manifest/manifest-',
  'schema/schema-',
])('a table with a damaged %s takes no commit, and keeps its snapshots', async (prefix) => {
  const io = new MemoryFileIO()
  const warehouse = `memory://commits/${prefix.replaceAll('/', '-')}`
  await copyGoldenTables(io, warehouse, (path) => path.startsWith('golden.db/mor/'))
  const root = `${warehouse}/golden.db/mor`
  const files = await Array.fromAsync(io.list(root, { recursive: true }))
  const damaged = files
    .map(({ path }) => path)
    .filter((path) => path.startsWith(`${root}/${prefix}`))
  const rows = await (await new Catalog(io, warehouse).table('golden.mor')).read().toArray()
  for (const path of damaged) await io.write(path, (await io.read(path)).subarray(0, 20))
  const write = async (): Promise<unknown> =>
    (await new Catalog(io, warehouse).table('golden.mor')).write(rows.slice(0, 1) as never)
  await expect(write()).rejects.toMatchObject({
    code: 'CORRUPT',
    path: expect.stringContaining(`${root}/${prefix}`) as string,
  })
  const after = await Array.fromAsync(io.list(`${root}/snapshot`))
  expect(after).toHaveLength(files.filter(({ path }) => path.includes('/snapshot/')).length)
})

/** A table of one data file that is too large for one request, and a storage that reads it. */
async function tableOnS3(): Promise<{ s3: TestS3; io: FileIO; file: string }> {
  const s3 = await startTestS3({}, { idleTimeoutMs: 30_000 })
  const random = seeded(SEED)
  const schema = defineSchema({ columns: { a: t.double() } })
  const table = await new Catalog(s3.io, WAREHOUSE).createTable('db.t', schema)
  await table.write(Array.from({ length: 50_000 }, () => ({ a: random() })))
  const [split] = (await table.read().plan()).splits
  const file = `${WAREHOUSE}/db.db/t/bucket-0/${split!.files[0]!.fileName}`
  return { s3, io: s3.open(), file }
}

async function readAll(io: FileIO): Promise<string[]> {
  return readRows((await new Catalog(io, WAREHOUSE).table('db.t')).read())
}

describe('on S3', () => {
  test('a data file that is replaced between two of its reads is an error and no rows', async () => {
    const { s3, io, file } = await tableOnS3()
    await using _ = s3
    const bytes = await s3.io.read(file)
    let reads = 0
    const readRange = async (...args: Parameters<FileIO['readRange']>): Promise<Uint8Array> => {
      const isFirst = args[0] === file && reads++ === 0
      const result = await io.readRange(...args)
      if (isFirst) await s3.io.write(file, flipped(bytes, seeded(1)))
      return result
    }
    const replacing = new Proxy(io, {
      get(target, name) {
        if (name === 'readRange') return readRange
        const value = Reflect.get(target, name, target) as unknown
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
    await expect(readAll(replacing)).rejects.toMatchObject({ code: 'CONFLICT', path: file })
    expect(reads).toBeGreaterThan(1)
  })

  test.each<[string, string, (response: S3Response) => Partial<S3Response>]>([
    [
      'another range than was asked for',
      'IO',
      ({ headers }) => ({ headers: { ...headers, 'content-range': 'bytes 0-99/1000' } }),
    ],
    [
      'half of the range',
      'IO',
      ({ headers, body = new Uint8Array(0) }) => ({
        headers: { ...headers, 'content-length': String(body.length >> 1) },
        body: body.subarray(0, body.length >> 1),
      }),
    ],
    [
      'other bytes, and says nothing of checksums',
      'CORRUPT',
      ({ headers, body = new Uint8Array(0) }) => ({
        headers: Object.fromEntries(
          Object.entries(headers).filter(([name]) => !name.startsWith('x-amz-checksum')),
        ),
        body: flipped(body, seeded(2)),
      }),
    ],
  ])('a store that answers with %s is an error and no rows', async (...[, code, change]) => {
    const { s3, io, file } = await tableOnS3()
    await using _ = s3
    expect(await readAll(io)).toHaveLength(50_000)
    s3.server.faults.add(
      ({ operation, key }) => operation === 'GetObject' && key.endsWith('.parquet'),
      { kind: 'answer', change: (response) => ({ ...response, ...change(response) }) },
      1_000,
    )
    await expect(readAll(io)).rejects.toMatchObject({ code, path: file })
  })
})
