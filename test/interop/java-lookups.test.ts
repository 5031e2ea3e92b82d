/**
 * Tables whose compactions look up older rows, written by Java and by this library with the same rows and commits: a large
 * first commit, a smaller one that stays on a level of its own, and small ones above both. Rows, changes, levels and
 * deletion vectors are the same afterwards, for every merge engine and every use of lookups.
 */
import { expect, test } from 'vitest'

import { type DataField, MAX_LENGTH } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import { ROW_KINDS } from '../../src/types/row-kind.ts'
import {
  type EngineName,
  type MergeTable,
  randomMergeRow,
  randomMergeTable,
} from '../support/merge-tables.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { findJava } from './support/java.ts'
import type { Schedule, ScheduleStep } from './support/schedule-plans.ts'
import { runSchedule } from './support/schedule-runs.ts'
import { jsonSchema, kindedTexts } from './support/shared-table.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const classPath = await findJava()
const both = sharedWarehouse(classPath, 'lookups')
const first = Number(process.env['SEED'] ?? 1)
const COUNT = process.env['RELIABILITY'] === 'full' ? 60 : 1

type Options = Readonly<Record<string, string>>

const CHANGES = { 'changelog-producer': 'lookup' }
const DEDUPLICATED = { ...CHANGES, 'changelog-producer.row-deduplicate': 'true' }
const VECTORS = { 'deletion-vectors.enabled': 'true' }

/** Every use of lookups. */
const USES: Readonly<Record<string, Options>> = {
  lookup: CHANGES,
  'row-deduplicate': DEDUPLICATED,
  'ignored fields': {
    ...DEDUPLICATED,
    'changelog-producer.row-deduplicate-ignore-fields': 's0,s1',
  },
  vectors: VECTORS,
  '64-bit vectors': { ...VECTORS, 'deletion-vectors.bitmap64': 'true' },
  'vectors and lookup': { ...VECTORS, ...CHANGES },
  'vectors and input': { ...VECTORS, 'changelog-producer': 'input' },
  'force-lookup': { 'force-lookup': 'true' },
}
const CASES: readonly (readonly [EngineName, string, Options])[] = [
  ...(['deduplicate', 'partial-update', 'aggregation'] as const).flatMap((engine) =>
    Object.entries(USES).map(([use, options]) => [engine, use, options] as const),
  ),
  ['first-row', 'no changelog', {}],
  ['first-row', 'lookup', CHANGES],
]

/**
 * What is picked does not depend on how many bytes a writer makes of the same rows: small files are all within the ratio,
 * and the large ones far beyond it.
 */
const PICKS = {
  'num-sorted-run.compaction-trigger': '100',
  'num-levels': '6',
  'compaction.size-ratio': '500',
}
const BASE_KEYS = 300
const MIDDLE_KEYS = 40

function lookupSchedule(engine: EngineName, use: Options, seed: number): Schedule {
  const random = seeded(seed)
  const options = {
    bucket: '1',
    'write-only': 'false',
    ...PICKS,
    ...use,
    ...(random() < 0.2 && { 'data-file.thin-mode': 'true' }),
    ...(random() < 0.2 && { 'file.format': 'avro' }),
    ...(random() < 0.2 && { 'file.format.per.level': '0:avro,5:parquet' }),
  }
  const table = withPadding(randomMergeTable(engine, random, { options }))
  // Where a writer of Java has marked a row, it goes on finding it: what it looked up once it keeps as it was.
  const isKept = random() < 0.5 && use['deletion-vectors.enabled'] !== 'true'
  const small = Array.from({ length: between(random, 3, 6) }, () =>
    Array.from({ length: between(random, 1, 12) }, () =>
      between(random, BASE_KEYS - 12, BASE_KEYS + 4),
    ),
  )
  const write = (keys: readonly number[], padding: number): ScheduleStep => {
    const rows = keys.map((key) => ({
      row: paddedRow(table, key, padding, random),
      kind: ROW_KINDS[padding > 0 ? 0 : pick(random, table.kinds)]!,
    }))
    const json = kindedTexts(table, rows).map((text) => JSON.parse(text) as unknown)
    return { op: 'write', rows: json, kept: isKept }
  }
  const steps = [
    write(upTo(0, BASE_KEYS), 1_200),
    write(upTo(BASE_KEYS - MIDDLE_KEYS, BASE_KEYS - 6), 1_300),
    ...small.map((keys) => write(keys, 0)),
  ]
  return { seed, schema: jsonSchema(table), steps }
}

function upTo(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

/** The table with a column for bytes that make files large. */
function withPadding(table: MergeTable): MergeTable {
  const { schema } = table
  const type = { kind: 'VARBINARY', length: MAX_LENGTH, nullable: true } as const
  const id = schema.fields.length
  const fields: DataField[] = [...schema.fields, { id, name: 'pad', type }]
  return { ...table, schema: { ...schema, fields, highestFieldId: id } }
}

/** A row whose padding cannot be compressed. */
function paddedRow(table: MergeTable, key: number, bytes: number, random: Random): InternalValue[] {
  const row = randomMergeRow(table, key, random)
  row[row.length - 1] =
    bytes === 0 ? null : Uint8Array.from({ length: bytes }, () => between(random, 0, 256))
  return row
}

test.each(CASES)(
  '%s, %s: rows, changes and files are those of Java',
  async (engine, use, options) => {
    const differing: unknown[] = []
    for (let i = 0; i < COUNT; i++) {
      const schedule = lookupSchedule(engine, options, first * 1000 + i)
      const name = `${engine}_${use}_${i}`.replaceAll(/[^a-z0-9]/g, '_')
      const problems = await runSchedule(both, schedule, name)
      if (problems !== null && problems.length > 0)
        differing.push({ seed: schedule.seed, problems, options: schedule.schema.options })
    }
    expect(differing).toEqual([])
  },
  600_000,
)
