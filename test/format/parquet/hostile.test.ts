import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'

import { beforeAll, describe, expect, test } from 'vitest'

import { parseTypeText } from '../../../src/types/type-text.ts'
import { LakeError } from '../../../src/util/errors.ts'
import {
  hasChecksums,
  mutateFile,
  mutatePage,
  type Original,
  originalOf,
  type Outcome,
  readMutant,
} from '../../support/parquet-mutants.ts'
import { assemble, dismantle, pageHeaders, type RawFile } from '../../support/parquet-pages.ts'
import { openBytes, readColumns, writeParquet } from '../../support/parquet.ts'
import { batchOf, fieldsOf, randomRows } from '../../support/random-columns.ts'
import { pick, type Random, seeded } from '../../support/random.ts'

const isFull = process.env['RELIABILITY'] === 'full'
/** The same damage every time, but for full runs, which tell the seed that repeats them. */
const SEED = Number(process.env['RELIABILITY_SEED'] ?? (isFull ? Date.now() % 2 ** 31 : 1))
if (isFull) process.stderr.write(`Parquet mutants of RELIABILITY_SEED=${SEED}\n`)

const MUTANTS = { files: isFull ? 300_000 : 12_000, pages: isFull ? 300_000 : 8_000 }
/** What the files at hand, of at most 26 KB, may make a reader allocate before it refuses them. */
const ALLOCATED_BYTES_MAX = 80_000_000
/** A reader that takes longer over one of them hangs. */
const HANG_MS = 30_000

const originals: Original[] = []
const dismantled: { original: Original; raw: RawFile }[] = []

/** A file with every type that can be nested, in pages of a few rows, with and without dictionaries. */
async function ownFile(dictionary: boolean): Promise<Uint8Array> {
  const types = [
    'INT NOT NULL',
    'STRING',
    'DOUBLE',
    'DECIMAL(30, 2)',
    'TIMESTAMP(9)',
    'BOOLEAN',
    'ARRAY<STRING>',
    'MAP<INT NOT NULL, ROW<`a` BIGINT, `b` ARRAY<INT>>>',
    'ROW<`x` ROW<`y` ARRAY<ARRAY<INT>>>>',
  ]
  const fields = fieldsOf(types.map((text) => parseTypeText(text)))
  const rows = randomRows({
    fields,
    rowCount: 120,
    seed: 4,
    nulls: 'some',
    spread: dictionary ? 'few' : 'many',
  })
  return await writeParquet(fields, [batchOf(fields, rows)], { dictionary, pageRows: 25 })
}

beforeAll(async () => {
  const paths = [
    ...globSync('fixtures/golden/warehouse/**/*.parquet').toSorted(),
    ...globSync('fixtures/parquet/*.parquet').toSorted(),
  ]
  for (const path of paths)
    originals.push(await originalOf(basename(path), new Uint8Array(readFileSync(path))))
  for (const dictionary of [true, false])
    originals.push(await originalOf(`own-${dictionary}`, await ownFile(dictionary)))
  for (const original of originals) {
    const raw = await dismantle(original.bytes).catch(() => null)
    // Logical types that the library does not write cannot be put into another footer.
    if (raw !== null && canAssemble(raw)) dismantled.push({ original, raw })
  }
})

function canAssemble(raw: RawFile): boolean {
  try {
    return assemble(raw).length > 0
  } catch {
    return false
  }
}

/** The bodies of the pages of a file. */
function pageBodies({ bytes, metadata }: Original): ReturnType<typeof pageHeaders> {
  const chunks = metadata.rowGroups.flatMap((group) => group.columns)
  return chunks.flatMap((chunk) => pageHeaders(bytes, chunk))
}

async function readWhole(bytes: Uint8Array, { name, fields }: Original): Promise<string> {
  const read = openBytes(bytes, name).then((file) => readColumns(file, { fields }))
  return await read.then(
    () => 'read',
    (error: unknown) =>
      error instanceof LakeError && error.code === 'CORRUPT' && error.path === name
        ? 'refused'
        : String(error),
  )
}

interface Tally {
  same: number
  other: number
  refused: number
  allocatedBytes: number
  tookMs: number
}

/** Reads mutants, counts what became of them, and fails with what tells the one that broke the contract. */
async function readMutants(
  count: number,
  seed: number,
  next: (random: Random) => { original: Original; mutant: Uint8Array },
): Promise<{ tally: Tally; outcomes: (readonly [string, Outcome])[] }> {
  const tally: Tally = { same: 0, other: 0, refused: 0, allocatedBytes: 0, tookMs: 0 }
  const others: (readonly [string, Outcome])[] = []
  for (let i = 0; i < count; i++) {
    // Each mutant has a seed of its own, so that one can be looked at alone.
    const random = seeded(seed * 1_000_003 + i)
    const { original, mutant } = next(random)
    const what = `RELIABILITY_SEED=${seed} mutant ${i} of ${original.name}`
    const before = process.memoryUsage().arrayBuffers
    const began = performance.now()
    const outcome = await readMutant(mutant, original, random).catch((cause: unknown) => {
      throw new Error(what, { cause })
    })
    tally.tookMs = Math.max(tally.tookMs, performance.now() - began)
    const allocated = process.memoryUsage().arrayBuffers - before
    tally.allocatedBytes = Math.max(tally.allocatedBytes, allocated)
    if (outcome.kind === 'refused') tally.refused++
    else if (outcome.isSame) tally.same++
    else {
      tally.other++
      others.push([what, outcome])
    }
  }
  expect(tally.allocatedBytes).toBeLessThan(ALLOCATED_BYTES_MAX)
  expect(tally.tookMs).toBeLessThan(HANG_MS)
  return { tally, outcomes: others }
}

const TIMEOUT_MS = isFull ? 3_600_000 : 120_000

describe(
  'a damaged file is refused by name, or read as if it were whole',
  { timeout: TIMEOUT_MS },
  () => {
    test('flipped, blown up, cut, repeated or spliced anywhere', async () => {
      const { tally, outcomes } = await readMutants(MUTANTS.files, SEED, (random) => {
        const original = pick(random, originals)
        const other = pick(random, originals)
        return { original, mutant: mutateFile(original.bytes, other.bytes, random) }
      })
      // Without a checksum another value is a value as good as the first.
      const wrong = outcomes.filter(
        ([, outcome]) => outcome.kind === 'read' && !outcome.isSame && outcome.isDetectable,
      )
      expect(wrong.map(([what]) => what)).toEqual([])
      expect(tally.other).toBeLessThan(MUTANTS.files / 100)
      expect(tally.refused).toBeGreaterThan(MUTANTS.files / 2)
      expect(tally.same).toBeGreaterThan(MUTANTS.files / 50)
    })

    test('cut at any length', async () => {
      const lengths = isFull ? 400 : 8
      let count = 0
      for (const [n, original] of originals.entries()) {
        const random = seeded(SEED + n)
        const { bytes } = original
        for (let i = 0; i < lengths; i++) {
          const length = Math.floor(((i + random()) * bytes.length) / lengths)
          const outcome = await readMutant(bytes.slice(0, length), original, random)
          expect([original.name, length, outcome.kind]).toEqual([original.name, length, 'refused'])
          count++
        }
      }
      expect(count).toBe(originals.length * lengths)
    })

    test('cut at every byte', async () => {
      const smallest = originals.toSorted((a, b) => a.bytes.length - b.bytes.length)
      for (const original of smallest.slice(0, isFull ? 40 : 2))
        for (let length = 0; length < original.bytes.length; length++) {
          const cut = original.bytes.slice(0, length)
          const outcome = await readMutant(cut, original, seeded(length))
          expect([original.name, length, outcome.kind]).toEqual([original.name, length, 'refused'])
        }
    })

    test('with another byte in the body of a page that has a checksum', async () => {
      const step = isFull ? 1 : 211
      let count = 0
      for (const original of originals.filter((each) => hasChecksums(each.bytes, each.metadata))) {
        const bytes = original.bytes.slice()
        for (const { from, to } of pageBodies(original))
          for (let at = from + (count % step); at < to; at += step) {
            bytes[at]! ^= 1 << (at & 7)
            const outcome = await readWhole(bytes, original)
            bytes[at]! ^= 1 << (at & 7)
            expect([original.name, at, outcome]).toEqual([original.name, at, 'refused'])
            count++
          }
      }
      expect(count).toBeGreaterThan(1000)
    })
  },
)

describe('damage behind the checksums', { timeout: TIMEOUT_MS }, () => {
  test('the files are the same when they are put together again', async () => {
    expect(dismantled.length).toBeGreaterThan(380)
    for (const { original, raw } of dismantled) {
      const outcome = await readMutant(assemble(raw), original, seeded(1))
      expect([original.name, outcome.kind === 'read' && outcome.isSame]).toEqual([
        original.name,
        true,
      ])
    }
  })

  test('is refused by name, or gives any rows', async () => {
    const { tally } = await readMutants(MUTANTS.pages, SEED + 1, (random) => {
      const { original, raw } = pick(random, dismantled)
      let mutant = mutatePage(raw, random)
      if (random() < 0.2) mutant = mutatePage(mutant, random)
      return { original, mutant: assemble(mutant) }
    })
    expect(tally.refused).toBeGreaterThan(MUTANTS.pages / 4)
    expect(tally.same).toBeGreaterThan(MUTANTS.pages / 50)
    expect(tally.other).toBeGreaterThan(MUTANTS.pages / 50)
  })
})
