import { randomUUID } from 'node:crypto'

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { openDataFile } from '../../src/format/data-file.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import {
  type CompactionResult,
  type CompactionRewriter,
  compactionRewriter,
} from '../../src/lsm/compaction-rewrite.ts'
import { fileTarget } from '../../src/lsm/file-target.ts'
import { fileSections } from '../../src/lsm/intervals.ts'
import { keyValueLayout } from '../../src/lsm/key-value.ts'
import { levelsOf } from '../../src/lsm/levels.ts'
import { recordExpiry } from '../../src/lsm/record-expiry.ts'
import { writeRun } from '../../src/lsm/run-writer.ts'
import { rowsOf } from '../../src/lsm/sorted-rows.ts'
import { type DataFileMeta, FILE_SOURCE } from '../../src/snapshot/data-file-meta.ts'
import type { DataType } from '../../src/types/data-type.ts'
import { SEQUENCE_NUMBER_FIELD, VALUE_KIND_FIELD } from '../../src/types/field-ids.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import {
  DELETE,
  INSERT,
  isAdd,
  isRetract,
  UPDATE_AFTER,
  UPDATE_BEFORE,
} from '../../src/types/row-kind.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import { trimmedKeyFields } from '../../src/types/schema-keys.ts'
import { inKeyOrder, keyedSchema, type KeyValueRow } from '../support/memory-runs.ts'
import { type LeveledRow, mergedByModel } from '../support/merge-model.ts'
import {
  type EngineName,
  type MergeTable,
  randomMergeRow,
  randomMergeTable,
} from '../support/merge-tables.ts'
import { appendCells } from '../support/parquet.ts'
import { batchOf } from '../support/random-columns.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'

const TOP = 5
const INT: DataType = { kind: 'INT', nullable: true }
const INT_KEY: DataType = { kind: 'INT', nullable: false }
const ENGINES: readonly EngineName[] = ['deduplicate', 'first-row', 'aggregation', 'partial-update']

/** A bucket whose files are in memory. */
class Bucket {
  readonly io = new MemoryFileIO()
  readonly directory = `memory://${randomUUID()}/bucket-0`
  readonly schema: TableSchema
  files: DataFileMeta[] = []

  constructor(schema: TableSchema) {
    this.schema = schema
  }

  /** Writes rows, which are sorted, as files of a level. */
  async add(rows: readonly KeyValueRow[], level: number): Promise<void> {
    const stored = [...this.schema.fields, SEQUENCE_NUMBER_FIELD]
    const { columns } = batchOf(
      stored,
      rows.map(({ row, number }) => [...row, number]),
    )
    const kinds = Int8Array.from(rows, ({ kind }) => kind)
    const place = { directory: this.directory, level, source: FILE_SOURCE.APPEND }
    const { files } = await writeRun(
      fileTarget(this.io, this.schema),
      place,
      rowsOf(columns.slice(0, -1), columns.at(-1)!, kinds),
    )
    this.files.push(...files)
  }

  rewriter(windowRows = 5, nowMs = Date.now()): CompactionRewriter {
    return compactionRewriter({
      target: fileTarget(this.io, this.schema),
      directory: this.directory,
      layout: keyValueLayout(this.schema),
      windowRows,
      openRun: ({ fileName, level, deleteRowCount }) => ({
        open: async () => await openDataFile(this.io, `${this.directory}/${fileName}`),
        rows: async () => null,
        level,
        hasDeletes: deleteRowCount !== 0,
      }),
      levels: () => levelsOf(trimmedKeyFields(this.schema), this.files, TOP + 1),
      deletions: null,
      expiry: recordExpiry(this.schema, { schemaOf: () => undefined, nowMs: () => nowMs }),
    })
  }

  async compactAll(level: number, windowRows?: number): Promise<CompactionResult> {
    const sections = fileSections(this.files, trimmedKeyFields(this.schema))
    return await this.rewriter(windowRows).rewrite(level, level === TOP, sections)
  }

  /** The rows of the files, one file behind the other. */
  async rows(files: readonly DataFileMeta[]): Promise<KeyValueRow[]> {
    const fields = [...this.schema.fields, SEQUENCE_NUMBER_FIELD, VALUE_KIND_FIELD]
    const columns: InternalValue[][] = fields.map(() => [])
    for (const { fileName } of files) {
      const file = await openDataFile(this.io, `${this.directory}/${fileName}`)
      const cursor = file.cursor({ fields })
      for (let batch = await cursor.read(500); batch !== null; batch = await cursor.read(500))
        appendCells(columns, batch, fields)
    }
    return columns[0]!.map((_, i) => {
      const cells = columns.map((values) => values[i]!)
      return {
        row: cells.slice(0, -2),
        number: cells.at(-2) as bigint,
        kind: cells.at(-1) as number,
      }
    })
  }
}

/** Runs of rows of several levels; above level 0 a level is one run. */
function randomRuns(table: MergeTable, random: Random): LeveledRow[][] {
  const numbers = Array.from({ length: 300 }, (_, i) => BigInt(i))
  if (random() < 0.5) numbers.sort(() => random() - 0.5)
  const levels = [...Array.from({ length: between(random, 0, 4) }, () => 0), 2, TOP]
  return levels.flatMap((level) => {
    const keys = Array.from({ length: 14 }, (_, i) => i).filter(() => random() < 0.5)
    const kinds = level === TOP ? table.kinds.filter(isAdd) : table.kinds
    const rows = keys.map((key) => ({
      row: randomMergeRow(table, key, random),
      number: numbers.pop()!,
      kind: pick(random, kinds),
      level,
    }))
    return rows.length === 0 ? [] : [inKeyOrder(table.schema, rows) as LeveledRow[]]
  })
}

/** The rows of each key, in the order of the keys. */
function byKey(table: MergeTable, runs: readonly LeveledRow[][]): LeveledRow[][] {
  const at = table.schema.fields.findIndex(({ name }) => name === 'k')
  const groups = Map.groupBy(runs.flat(), ({ row }) => row[at] as number)
  return [...groups].toSorted(([a], [b]) => a - b).map(([, rows]) => rows)
}

/** What becomes of the rows of a key, with the number of the row that counted last. */
function mergedKey({ schema, engine }: MergeTable, rows: LeveledRow[]): KeyValueRow | null {
  const [merged] = mergedByModel(schema, rows)
  if (merged === undefined) return null
  if (rows.length === 1) return { ...merged, number: rows[0]!.number }
  const places = keyValueLayout(schema).sequence.map(({ id }) =>
    schema.fields.findIndex((field) => field.id === id),
  )
  const isDescending = schema.options['sequence.field.sort-order'] === 'descending'
  const compare = (a: InternalValue, b: InternalValue): number => {
    if (a === null || b === null) return Number(b === null) - Number(a === null)
    return (isDescending ? -1 : 1) * (Number(a) - Number(b))
  }
  const inOrder = rows.toSorted((a, b) => {
    for (const at of places) {
      const order = compare(a.row[at]!, b.row[at]!)
      if (order !== 0) return order
    }
    return Number(a.number - b.number)
  })
  const ignores = schema.options['ignore-delete'] === 'true' && engine !== 'aggregation'
  const counted = inOrder.filter(({ kind }) => !ignores || isAdd(kind))
  const last = engine === 'first-row' ? counted[0] : counted.at(-1)
  return { ...merged, number: last?.number ?? 0n }
}

function byName(a: DataFileMeta, b: DataFileMeta): number {
  return a.fileName < b.fileName ? -1 : 1
}

describe.each(ENGINES)('with the merge engine %s', (engine) => {
  test('a compaction leaves a row of each key, and deletes only below the top level', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom(3, 50), async (seed, windowRows) => {
        const random = seeded(seed)
        const options = random() < 0.3 ? { 'data-file.thin-mode': 'true' } : {}
        const table = randomMergeTable(engine, random, {
          options,
          forged: engine !== 'first-row',
        })
        const level = pick(random, [3, TOP])
        const runs = randomRuns(table, random).filter((run) => run[0]!.level <= level)
        const bucket = new Bucket(table.schema)
        for (const run of runs) await bucket.add(run, run[0]!.level)
        const { before, after, changelog } = await bucket.compactAll(level, windowRows)
        const expected = byKey(table, runs)
          .flatMap((rows) => mergedKey(table, rows) ?? [])
          .filter(({ kind }) => level < TOP || isAdd(kind))
        expect(await bucket.rows(after)).toEqual(expected)
        expect(before.toSorted(byName)).toEqual(bucket.files.toSorted(byName))
        expect(changelog).toEqual([])
        for (const file of after) await expectDescribed(bucket, file, level)
      }),
      { numRuns: 6 },
    )
  })
})

function asKind({ row, number }: KeyValueRow, kind: number): KeyValueRow {
  return { row, number, kind }
}

/** The changes of a key in a compaction into the top level. */
function changesOf(table: MergeTable, rows: LeveledRow[]): KeyValueRow[] {
  const before = rows.find(({ level }) => level === TOP)
  if (before !== undefined && rows.length === 1) return []
  const merged = mergedKey(table, rows)
  const after = merged !== null && isAdd(merged.kind) ? merged : null
  if (before === undefined) return after === null ? [] : [asKind(after, INSERT)]
  if (after === null) return [asKind(before, DELETE)]
  return [asKind(before, UPDATE_BEFORE), asKind(after, UPDATE_AFTER)]
}

describe.each(ENGINES.filter((engine) => engine !== 'first-row'))(
  'with the full-compaction changelog of %s',
  (engine) => {
    const options = { 'changelog-producer': 'full-compaction' }

    test('a compaction into the top level tells what changes there', async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(), fc.constantFrom(3, 50), async (seed, windowRows) => {
          const random = seeded(seed)
          const table = randomMergeTable(engine, random, { options, forged: true })
          const runs = randomRuns(table, random)
          const bucket = new Bucket(table.schema)
          for (const run of runs) await bucket.add(run, run[0]!.level)
          const { after, changelog } = await bucket.compactAll(TOP, windowRows)
          const keys = byKey(table, runs)
          const rows = keys.flatMap((key) => mergedKey(table, key) ?? [])
          expect(await bucket.rows(after)).toEqual(rows.filter(({ kind }) => isAdd(kind)))
          const changes = keys.flatMap((key) => changesOf(table, key))
          expect(await bucket.rows(changelog)).toEqual(changes)
        }),
        { numRuns: 6 },
      )
    })
  },
)

function keyRow(cells: readonly InternalValue[], number: number, kind = INSERT): KeyValueRow {
  return { row: cells, number: BigInt(number), kind }
}

describe('a table with a full-compaction changelog', () => {
  const schema = keyedSchema(
    { k: INT_KEY, v: INT, w: INT },
    { 'changelog-producer': 'full-compaction', 'changelog-producer.row-deduplicate': 'true' },
  )
  test('says nothing of a compaction below the top level', async () => {
    const bucket = new Bucket(schema)
    await bucket.add([keyRow([1, 1, 1], 0)], 0)
    await bucket.add([keyRow([1, 2, 2], 1)], 0)
    const { after, changelog } = await bucket.compactAll(3)
    expect(changelog).toEqual([])
    expect(await bucket.rows(after)).toEqual([keyRow([1, 2, 2], 1)])
  })

  test('tells the rows of a file that moves to the top level, and leaves the file as it is', async () => {
    const bucket = new Bucket(schema)
    await bucket.add([keyRow([1, 1, 1], 0), keyRow([2, 2, 2], 1, UPDATE_AFTER)], 0)
    const [file] = bucket.files
    const { before, after, changelog, paths } = await bucket.rewriter().upgrade(TOP, true, file!)
    expect(before).toEqual([file])
    expect(after).toEqual([{ ...file!, level: TOP }])
    expect(changelog).toMatchObject([{ level: TOP, fileSource: FILE_SOURCE.APPEND, rowCount: 2 }])
    expect(await bucket.rows(changelog)).toEqual([keyRow([1, 1, 1], 0), keyRow([2, 2, 2], 1)])
    expect(paths).toEqual([`${bucket.directory}/${changelog[0]!.fileName}`])
  })

  test.each([
    {
      ignored: '',
      changes: [keyRow([1, 1, 1], 0, UPDATE_BEFORE), keyRow([1, 1, 9], 9, UPDATE_AFTER)],
    },
    { ignored: 'w', changes: [] },
  ])(
    'leaves out rows that stay equal but for the columns "$ignored"',
    async ({ ignored, changes }) => {
      const options = {
        ...schema.options,
        'changelog-producer.row-deduplicate-ignore-fields': ignored,
      }
      const bucket = new Bucket({ ...schema, options: ignored === '' ? schema.options : options })
      await bucket.add([keyRow([1, 1, 1], 0), keyRow([2, 2, 2], 1)], TOP)
      await bucket.add([keyRow([1, 1, 9], 9), keyRow([2, 2, 2], 10)], 0)
      const { after, changelog } = await bucket.compactAll(TOP)
      expect(await bucket.rows(changelog)).toEqual(changes)
      expect(await bucket.rows(after)).toEqual([keyRow([1, 1, 9], 9), keyRow([2, 2, 2], 10)])
    },
  )
})

function agingSchema(type: DataType): TableSchema {
  return keyedSchema(
    { k: INT_KEY, t: type },
    { 'record-level.expire-time': '1 h', 'record-level.time-field': 't' },
  )
}

describe('rows with an age', () => {
  const NOW_MS = 1_700_000_000_000
  const now = NOW_MS / 1000
  test.each([
    { type: INT, at: (seconds: number) => seconds },
    { type: { kind: 'BIGINT', nullable: true } as const, at: (seconds: number) => BigInt(seconds) },
    {
      type: { kind: 'BIGINT', nullable: true } as const,
      at: (seconds: number) => BigInt(seconds) * 1000n + 999n,
    },
    {
      type: { kind: 'TIMESTAMP', precision: 6, nullable: true } as const,
      at: (seconds: number) => BigInt(seconds) * 1_000_000n + 999_999n,
    },
  ])(
    'are left out before they are merged once they are older than told: $type',
    async ({ type, at }) => {
      const bucket = new Bucket(agingSchema(type))
      const [old, edge, young] = [now - 3601, now - 3600, now - 10].map((seconds) => at(seconds))
      await bucket.add(
        [keyRow([1, edge!], 0), keyRow([2, young!], 1), keyRow([3, null], 2), keyRow([4, old!], 3)],
        TOP,
      )
      await bucket.add([keyRow([2, old!], 5), keyRow([3, young!], 6), keyRow([5, old!], 7)], 0)
      const sections = fileSections(bucket.files, trimmedKeyFields(bucket.schema))
      const { after } = await bucket.rewriter(2, NOW_MS).rewrite(TOP, true, sections)
      expect(await bucket.rows(after)).toEqual([
        keyRow([1, edge!], 0),
        keyRow([2, young!], 1),
        keyRow([3, young!], 6),
      ])
    },
  )

  test('are found where a later time has the lesser number', async () => {
    const bucket = new Bucket(agingSchema({ kind: 'BIGINT', nullable: true }))
    await bucket.add([keyRow([1, BigInt(now)], 0), keyRow([2, BigInt(now - 9999) * 1000n], 1)], 0)
    const sections = fileSections(bucket.files, trimmedKeyFields(bucket.schema))
    const { after } = await bucket.rewriter(5, NOW_MS).rewrite(TOP, true, sections)
    expect(await bucket.rows(after)).toEqual([keyRow([1, BigInt(now)], 0)])
  })

  test('are known to be in a file by its statistics', async () => {
    const bucket = new Bucket(agingSchema(INT))
    await bucket.add([keyRow([1, now - 3601], 0), keyRow([2, now], 1)], 0)
    await bucket.add([keyRow([1, now - 3600], 0), keyRow([2, null], 1)], 0)
    await bucket.add([keyRow([1, null], 0)], 0)
    const expiry = recordExpiry(bucket.schema, { schemaOf: () => undefined, nowMs: () => NOW_MS })
    expect(bucket.files.map((file) => expiry!.hasExpired(file))).toEqual([true, false, false])
    const older = { ...bucket.schema, id: 7 }
    const known = recordExpiry(older, { schemaOf: () => bucket.schema, nowMs: () => NOW_MS })
    expect(bucket.files.map((file) => known!.hasExpired(file))).toEqual([true, false, false])
  })

  test('need a column that has it', () => {
    const schema = keyedSchema({ k: INT_KEY }, { 'record-level.expire-time': '1 h' })
    expect(() => recordExpiry(schema, { schemaOf: () => undefined })).toThrow(/time-field/)
  })
})

/** What the manifest will say of the file is true. */
async function expectDescribed(bucket: Bucket, file: DataFileMeta, level: number): Promise<void> {
  const rows = await bucket.rows([file])
  const numbers = rows.map(({ number }) => Number(number))
  expect(file).toMatchObject({
    level,
    fileSource: FILE_SOURCE.COMPACT,
    rowCount: rows.length,
    deleteRowCount: rows.filter(({ kind }) => isRetract(kind)).length,
    minSequenceNumber: BigInt(Math.min(...numbers)),
    maxSequenceNumber: BigInt(Math.max(...numbers)),
  })
}
