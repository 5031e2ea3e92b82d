/** Random schedules: a table of any merge engine and changelog producer, and what is written, compacted and replaced in it. */
import { MAX_LENGTH, type DataField, type DataType } from '../../../src/types/data-type.ts'
import { type InternalValue, utf8 } from '../../../src/types/internal-value.ts'
import { ROW_KINDS } from '../../../src/types/row-kind.ts'
import type { TableSchema } from '../../../src/types/schema-file.ts'
import {
  type EngineName,
  type MergeTable,
  randomMergeRow,
  randomMergeTable,
} from '../../support/merge-tables.ts'
import { between, pick, type Random, seeded } from '../../support/random.ts'
import type { JsonSchema } from './java.ts'
import { jsonSchema, kindedTexts } from './shared-table.ts'

/** Rows are JSON with their kinds. */
export type ScheduleStep =
  | {
      readonly op: 'write'
      readonly rows: readonly unknown[]
      /** By the writer of the step before, or by a new one. */
      readonly kept?: boolean
      /** Compacts the buckets that are written to, whole, in the same commit. */
      readonly compact?: boolean
    }
  /** By a process of its own. */
  | { readonly op: 'compact'; readonly full: boolean }

export interface Schedule {
  readonly seed: number
  readonly schema: JsonSchema
  readonly steps: readonly ScheduleStep[]
}

type Options = Readonly<Record<string, string>>
type Writing = 'kept' | 'fresh' | 'write-only'

interface Plan {
  readonly table: MergeTable
  readonly writing: Writing
  /** Whether the first commit is much larger than all others, so that its file stays out of most picks. */
  readonly hasBase: boolean
  readonly keyCount: number
}

const ENGINES: readonly EngineName[] = [
  'deduplicate',
  'deduplicate',
  'partial-update',
  'aggregation',
  'first-row',
]

export function randomSchedule(seed: number): Schedule {
  const random = seeded(seed)
  const plan = randomPlan(random)
  return { seed, schema: jsonSchema(plan.table), steps: randomSteps(plan, random) }
}

function randomPlan(random: Random): Plan {
  const engine = pick(random, ENGINES)
  const writing = pick(random, ['kept', 'fresh', 'write-only'] as const)
  const hasBase = random() < 0.1
  const options = {
    ...producerOptions(engine, random),
    ...pickOptions(hasBase, random),
    ...fileOptions(random),
    'write-only': String(writing === 'write-only'),
  }
  const base = randomMergeTable(engine, random, { options })
  const table = { ...base, schema: withMoreColumns(base.schema, hasBase, random) }
  return { table, writing, hasBase, keyCount: pick(random, [4, 10, 10, 30]) }
}

function producerOptions(engine: EngineName, random: Random): Options {
  const producers = [
    'none',
    'lookup',
    'lookup',
    ...(engine === 'first-row' ? [] : ['input', 'full-compaction']),
  ]
  const producer = pick(random, producers)
  const hasVectors = engine !== 'first-row' && producer !== 'full-compaction' && random() < 0.4
  const isDeduplicating = producer === 'lookup' || producer === 'full-compaction'
  return {
    'changelog-producer': producer,
    ...(hasVectors && { 'deletion-vectors.enabled': 'true' }),
    ...(hasVectors && random() < 0.3 && { 'deletion-vectors.bitmap64': 'true' }),
    ...(isDeduplicating && random() < 0.4 && { 'changelog-producer.row-deduplicate': 'true' }),
    ...(producer === 'lookup' &&
      random() < 0.25 && { 'lookup-compact': 'gentle', 'lookup-compact.max-interval': '3' }),
  }
}

/**
 * Options under which what is picked does not depend on how many bytes a writer makes of the same rows: every run goes into
 * a pick, or every one but that of the large first commit.
 */
function pickOptions(hasBase: boolean, random: Random): Options {
  return {
    'num-sorted-run.compaction-trigger': pick(random, ['2', '3', '3', '4', '100']),
    'compaction.max-size-amplification-percent': '2000000000',
    'compaction.size-ratio': hasBase ? '1000' : '2000000000',
    ...(random() < 0.3 && { 'num-levels': pick(random, ['3', '4', '7']) }),
  }
}

function fileOptions(random: Random): Options {
  return {
    bucket: pick(random, ['1', '1', '2']),
    'file.format': pick(random, ['parquet', 'parquet', 'avro']),
    ...(random() < 0.1 && { 'data-file.thin-mode': 'true' }),
    ...(random() < 0.1 && { 'compaction.force-rewrite-all-files': 'true' }),
  }
}

const REQUIRED_INT: DataType = { kind: 'INT', nullable: false }
const REQUIRED_TEXT: DataType = { kind: 'VARCHAR', length: MAX_LENGTH, nullable: false }
const PADDING: DataType = { kind: 'VARBINARY', length: MAX_LENGTH, nullable: true }

/** Another key in some tables, partitions in some, and a column for bytes that make files large. */
function withMoreColumns(schema: TableSchema, hasBase: boolean, random: Random): TableSchema {
  const columns: [string, DataType][] = [
    ...(random() < 0.3 ? [['k2', REQUIRED_TEXT] as [string, DataType]] : []),
    ...(random() < 0.3 ? [['p', REQUIRED_INT] as [string, DataType]] : []),
    ...(hasBase ? [['pad', PADDING] as [string, DataType]] : []),
  ]
  const last = schema.fields.length
  const added: DataField[] = columns.map(([name, type], i) => ({ id: last + i, name, type }))
  const names = added.map(({ name }) => name)
  return {
    ...schema,
    fields: [...schema.fields, ...added],
    highestFieldId: last + added.length - 1,
    primaryKeys: [...schema.primaryKeys, ...names.filter((name) => name !== 'pad')],
    partitionKeys: names.filter((name) => name === 'p'),
  }
}

function randomSteps(plan: Plan, random: Random): ScheduleStep[] {
  const { hasBase, writing } = plan
  const steps: ScheduleStep[] = hasBase ? [{ op: 'write', rows: baseRows(plan, random) }] : []
  const count = between(random, 3, 9)
  while (steps.length < count) steps.push(randomStep(plan, random))
  // What was written last is compacted in some, and in others not.
  if (writing === 'write-only' && random() < 0.5) steps.push({ op: 'compact', full: true })
  return steps
}

function randomStep(plan: Plan, random: Random): ScheduleStep {
  // A job that compacts a table of this kind compacts all of it, here as in Flink.
  const isTelling = plan.table.schema.options['changelog-producer'] === 'full-compaction'
  const what = random()
  if (what < (plan.writing === 'write-only' ? 0.3 : 0.1))
    return { op: 'compact', full: isTelling || random() < 0.5 }
  const rows = randomRows(plan, between(random, 1, 15), random)
  if (plan.writing === 'kept') return { op: 'write', rows, kept: true }
  return { op: 'write', rows, compact: plan.writing === 'fresh' && random() < 0.25 }
}

/** All keys, with half a megabyte of bytes that cannot be compressed. */
function baseRows(plan: Plan, random: Random): unknown[] {
  const rows = Array.from({ length: 500 }, (_, key) => randomRow(plan, key, random))
  const at = plan.table.schema.fields.findIndex(({ name }) => name === 'pad')
  for (const row of rows) row[at] = Uint8Array.from({ length: 1000 }, () => between(random, 0, 256))
  return jsonRows(
    plan,
    rows.map((row) => ({ row, kind: '+I' })),
  )
}

function randomRows(plan: Plan, count: number, random: Random): unknown[] {
  const rows = Array.from({ length: count }, () => ({
    row: randomRow(plan, between(random, 0, plan.keyCount), random),
    kind: ROW_KINDS[pick(random, plan.table.kinds)]!,
  }))
  return jsonRows(plan, rows)
}

function jsonRows({ table }: Plan, rows: Parameters<typeof kindedTexts>[1]): unknown[] {
  return kindedTexts(table, rows).map((text) => JSON.parse(text) as unknown)
}

function randomRow({ table }: Plan, key: number, random: Random): InternalValue[] {
  const row = randomMergeRow(table, key, random)
  for (const [i, { name }] of table.schema.fields.entries())
    if (name === 'p') row[i] = between(random, 0, 2)
    else if (name === 'k2') row[i] = utf8(pick(random, ['', 'a', 'ab', 'b', 'é']))
    else if (name === 'pad') row[i] = null
  return row
}
