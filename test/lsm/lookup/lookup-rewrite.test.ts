/** Random buckets of every merge engine, compacted with lookups and compared with a plain model. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { bitmapValues } from '../../../src/indexes/roaring.ts'
import { compactionRewriter } from '../../../src/lsm/compaction-rewrite.ts'
import { partitionIntervals } from '../../../src/lsm/intervals.ts'
import { decodeKey } from '../../../src/lsm/key-compare.ts'
import type { DataFileMeta } from '../../../src/snapshot/data-file-meta.ts'
import { isAdd } from '../../../src/types/row-kind.ts'
import { type LookupBucket, lookupBucket } from '../../support/lookup-buckets.ts'
import { lookedUpByModel } from '../../support/lookup-model.ts'
import { inKeyOrder } from '../../support/memory-runs.ts'
import type { LeveledRow } from '../../support/merge-model.ts'
import {
  type EngineName,
  type MergeTable,
  randomMergeRow,
  randomMergeTable,
} from '../../support/merge-tables.ts'
import { between, pick, type Random, seeded } from '../../support/random.ts'

const ENGINES: readonly EngineName[] = ['deduplicate', 'first-row', 'aggregation', 'partial-update']
const KEYS = 40
const CHANGES = { 'changelog-producer': 'lookup' }
const VECTORS = { 'deletion-vectors.enabled': 'true' }
const PRODUCERS: readonly Readonly<Record<string, string>>[] = [
  CHANGES,
  { ...CHANGES, 'changelog-producer.row-deduplicate': 'true' },
  {
    ...CHANGES,
    'changelog-producer.row-deduplicate': 'true',
    'changelog-producer.row-deduplicate-ignore-fields': 's0',
  },
  VECTORS,
  { ...VECTORS, ...CHANGES },
  { 'force-lookup': 'true' },
]

/** Runs of level 0, and one of some of the levels above, whose rows are older. */
function randomRuns(table: MergeTable, random: Random): LeveledRow[][] {
  const levels = [1, 2, 3, 4, 5].filter(() => random() < 0.5).toReversed()
  levels.push(...Array.from({ length: between(random, 1, 4) }, () => 0))
  let number = 0n
  return levels.map((level) => {
    const share = pick(random, [0.1, 0.5, 0.9])
    const [from, to] = random() < 0.3 ? [10, 25] : [0, KEYS]
    const keys = Array.from({ length: to - from }, (_, i) => from + i)
    const chosen = keys.filter((key) => key === from || random() < share)
    const rows = chosen.map((key) => ({
      row: randomMergeRow(table, key, random),
      number: number++,
      kind: pick(random, level === 0 ? table.kinds : table.kinds.filter((kind) => kind !== 1)),
      level,
    }))
    return inKeyOrder(table.schema, rows) as LeveledRow[]
  })
}

interface Scenario {
  readonly table: MergeTable
  readonly runs: readonly (readonly LeveledRow[])[]
  /** Rows of each run that are marked as deleted. */
  readonly marked: readonly (readonly number[])[]
  readonly marks: boolean
}

function scenario(engine: EngineName, random: Random): Scenario {
  const producer = engine === 'first-row' ? pick(random, [{}, CHANGES]) : pick(random, PRODUCERS)
  const table = randomMergeTable(engine, random, { options: { bucket: '1', ...producer } })
  const runs = randomRuns(table, random)
  const marks = 'deletion-vectors.enabled' in producer
  const marked = runs.map((rows) =>
    [...rows.keys()].filter(() => marks && rows[0]!.level > 0 && random() < 0.2),
  )
  return { table, runs, marked, marks }
}

/** The rows of the runs that are not marked. */
function live({ runs, marked }: Scenario): LeveledRow[][] {
  return runs.map((rows, i) => rows.filter((_, row) => !marked[i]!.includes(row)))
}

function sectionsOf({ context }: LookupBucket, files: readonly DataFileMeta[]) {
  const key = (bytes: Uint8Array) => decodeKey(context.layout.keys, bytes)
  return partitionIntervals(
    files.map((file) => ({ file, minKey: key(file.minKey), maxKey: key(file.maxKey) })),
  )
}

/** The positions that are marked by now. */
function marksOf({ deletions, files }: LookupBucket): number[][] {
  return files.map(({ fileName }) => {
    const vector = deletions.of(fileName)
    return vector === undefined ? [] : [...bitmapValues(vector)]
  })
}

test.each(ENGINES)(
  '%s merges new rows with the older ones that are looked up, and tells what changes',
  async (engine) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom(3, 10, 100), async (seed, windowRows) => {
        const random = seeded(seed)
        const given = scenario(engine, random)
        const { table, runs, marked, marks } = given
        const bucket = await lookupBucket(table.schema, runs, { windowRows, marks, marked })
        const output = between(random, 1, 6)
        const isIn = ({ level }: { level: number }) => level <= output
        const inputs = bucket.files.filter(isIn)
        const dropDelete = random() < 0.5
        const rows = live(given).flat()
        const { schema } = table
        const expected = lookedUpByModel(
          schema,
          rows.filter(isIn),
          rows.filter((row) => !isIn(row)),
        )
        const rewriter = compactionRewriter(bucket.context)
        const result = await rewriter.rewrite(output, dropDelete, sectionsOf(bucket, inputs))
        expect(await bucket.read(result.after)).toEqual(
          expected.rows.filter((row) => !dropDelete || isAdd(row.at(-1) as number)),
        )
        const tells = schema.options['changelog-producer'] === 'lookup'
        expect(await bucket.read(result.changelog)).toEqual(tells ? expected.changes : [])
        expect(result.before).toEqual(sectionsOf(bucket, inputs).flat(2))
        expect(result.after.every(({ level }) => level === output)).toBe(true)
        if (!marks) return
        const positions = runs.map((run, i) =>
          isIn(run[0]!)
            ? []
            : [...run.keys()].filter(
                (row) => marked[i]!.includes(row) || expected.found.includes(run[row]!),
              ),
        )
        expect(marksOf(bucket)).toEqual(positions)
      }),
      { numRuns: 6 },
    )
  },
)

test.each(ENGINES)('%s moves a file of new rows to a level, or writes it anew', async (engine) => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const random = seeded(seed)
      const whole = scenario(engine, random)
      const { schema } = whole.table
      const output = between(random, 1, 6)
      // The levels above, and one run of new rows.
      const isIn = (run: readonly LeveledRow[], i: number): boolean =>
        run[0]!.level > output || i === whole.runs.length - 1
      const given: Scenario = {
        ...whole,
        runs: whole.runs.filter(isIn),
        marked: whole.marked.filter((_, i) => isIn(whole.runs[i]!, i)),
      }
      const { marks, marked } = given
      const bucket = await lookupBucket(schema, given.runs, { windowRows: 10, marks, marked })
      const rows = live(given)
      const fresh = rows.at(-1)!
      const expected = lookedUpByModel(schema, fresh, rows.slice(0, -1).flat())
      const file = bucket.files.at(-1)!
      const result = await compactionRewriter(bucket.context).upgrade(output, true, file)
      expect(result.before).toEqual([file])
      expect(result.after.every(({ level }) => level === output)).toBe(true)
      const isMoved = result.after[0]?.fileName === file.fileName
      const merged = expected.rows.filter((row) => !marks || isAdd(row.at(-1) as number))
      expect(await bucket.read(result.after)).toEqual(
        isMoved ? fresh.map(({ row, kind }) => [...row, kind]) : merged,
      )
      const tells = schema.options['changelog-producer'] === 'lookup'
      expect(await bucket.read(result.changelog)).toEqual(tells ? expected.changes : [])
      const isReplaced = engine === 'deduplicate' && schema.options['sequence.field'] === undefined
      const hasDeletes = marks && file.deleteRowCount !== 0
      expect(isMoved).toBe(!hasDeletes && (output === 5 || isReplaced))
    }),
    { numRuns: 6 },
  )
})
