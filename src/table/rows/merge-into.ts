/**
 * Merges a batch of rows into a table as SQL's MERGE does, in one commit: rows that match one of the table update or
 * delete it, others are inserted.
 *
 * Follows `MergeIntoPaimonTable` of Spark.
 */
import type { TableStore } from '../../snapshot/table-store.ts'
import { takeBatch } from '../../types/column-take.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { bindPredicate } from '../../types/predicate-bind.ts'
import { DELETE, INSERT, UPDATE_AFTER } from '../../types/row-kind.ts'
import { rowReader } from '../../types/row-value.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { fieldsNamed, hasPrimaryKey } from '../../types/schema-keys.ts'
import { invalid } from '../../util/errors.ts'
import { fileContext } from '../file/table-file.ts'
import { planScan } from '../plan/scan.ts'
import { TableRead } from '../read.ts'
import { inputReader, type KindedBatch } from '../write/input.ts'
import { TableWriter } from '../write/writer.ts'
import { AppendChanges } from './append-changes.ts'
import type { ChangeOptions, RowChanges } from './change-rows.ts'
import { type FileMatches, fileMatches } from './file-matches.ts'
import {
  requireDeletable,
  requireLatestSchema,
  requireUpdatable,
  stateSchema,
} from './row-rules.ts'
import { joinBatches, SourceRows } from './source-rows.ts'

/** What becomes of a row of the table and the row of the source that matches it. */
export type WhenMatched<Row, Source> =
  | 'update'
  | 'delete'
  | 'keep'
  | ((target: Row, source: Row) => Source | 'delete' | 'keep')

/** What becomes of a row of the source that matches none. */
export type WhenNotMatched<Row, Source> = 'insert' | 'skip' | ((source: Row) => Source | 'skip')

export interface MergeRules<Row = Record<string, unknown>, Source = Record<string, unknown>> {
  /** The columns whose values have to be equal; the primary key unless told. A null equals nothing. */
  readonly on?: readonly (keyof Row & string)[] | undefined
  /** `update`, the default, puts the row of the source in its place. */
  readonly whenMatched?: WhenMatched<Row, Source> | undefined
  /** `insert`, the default, adds it. */
  readonly whenNotMatched?: WhenNotMatched<Row, Source> | undefined
}

export interface MergeInto {
  readonly store: TableStore
  readonly schema: TableSchema
  /** Rows of the table's columns. */
  readonly source: AsyncIterable<KindedBatch> | Iterable<KindedBatch>
  readonly rules: MergeRules
}

/** Merges the source, whose rows are held in memory. INVALID where several of them match one row of the table. */
export async function mergeRows(merge: MergeInto, options: ChangeOptions): Promise<RowChanges> {
  const schema = stateSchema(merge.schema)
  const { rules } = merge
  const on = fieldsNamed(schema, columnsOf(schema, rules))
  checkRules(schema, rules)
  await requireLatestSchema(merge.store, schema, options.signal)
  const batches = await insertsAmong(merge.source)
  const source = new SourceRows(schema, joinBatches(schema.fields, batches), on)
  const bound = { store: merge.store, schema, on, source, rules }
  return hasPrimaryKey(schema)
    ? await mergeKeyed(bound, options)
    : await mergeAppended(bound, options)
}

function columnsOf(schema: TableSchema, { on }: MergeRules): readonly string[] {
  const { primaryKeys } = schema
  if (!hasPrimaryKey(schema)) {
    if (on !== undefined && on.length > 0) return on
    throw invalid('a merge into a table without primary key has to tell the columns to match on', {
      hint: "give them: { on: ['id'] }",
    })
  }
  if (on === undefined) return primaryKeys
  if (on.length === primaryKeys.length && primaryKeys.every((key) => on.includes(key))) return on
  throw invalid('rows of a primary-key table are matched on its primary key', {
    hint: `leave out \`on\`, or give ${primaryKeys.join(', ')}`,
  })
}

function checkRules(schema: TableSchema, { whenMatched = 'update' }: MergeRules): void {
  if (whenMatched === 'keep') return
  if (whenMatched !== 'delete') requireUpdatable(schema, [])
  if (whenMatched === 'delete') requireDeletable(schema)
}

async function insertsAmong(source: MergeInto['source']): Promise<Batch[]> {
  const batches: Batch[] = []
  for await (const { batch, kinds } of source) {
    if (kinds.some((kind) => kind !== INSERT))
      throw invalid('a row of the source has a kind of its own', {
        hint: 'what becomes of matching rows is told by whenMatched',
      })
    batches.push(batch)
  }
  return batches
}

/** What is done about matches, each told by its number among them. */
interface Decisions {
  readonly deleted: Uint32Array
  readonly updated: Uint32Array
  /** What takes the place of those updated. */
  readonly rows: Batch
}

/** Decides about matches; `targets` gives the rows of the table, which only rules look at that are functions. */
async function decide(
  schema: TableSchema,
  source: SourceRows,
  { whenMatched = 'update' }: MergeRules,
  by: Uint32Array,
  targets: () => Promise<Batch> | Batch,
): Promise<Decisions> {
  source.matched(by, whenMatched !== 'keep')
  const none = new Uint32Array(0)
  const all = Uint32Array.from(by.keys())
  const noRows = joinBatches(schema.fields, [])
  if (whenMatched === 'keep') return { deleted: none, updated: none, rows: noRows }
  if (whenMatched === 'delete') return { deleted: all, updated: none, rows: noRows }
  if (whenMatched === 'update')
    return { deleted: none, updated: all, rows: takeBatch(source.rows, by) }
  const readTarget = rowReader(await targets(), schema.fields)
  const readSource = rowReader(source.rows, schema.fields)
  const deleted: number[] = []
  const updated: number[] = []
  const made: unknown[] = []
  for (const [i, row] of by.entries()) {
    const result = whenMatched(readTarget(i), readSource(row))
    if (result === 'delete') deleted.push(i)
    else if (result !== 'keep') {
      updated.push(i)
      made.push(result)
    }
  }
  const rows = await batchOf(schema, made)
  return { deleted: Uint32Array.from(deleted), updated: Uint32Array.from(updated), rows }
}

async function batchOf(schema: TableSchema, rows: readonly unknown[]): Promise<Batch> {
  return joinBatches(schema.fields, await insertsAmong(inputReader(schema).read(rows)))
}

/** The rows to be inserted, of those that match none. */
async function insertsOf(
  schema: TableSchema,
  source: SourceRows,
  { whenNotMatched = 'insert' }: MergeRules,
): Promise<Batch> {
  if (whenNotMatched === 'skip') return joinBatches(schema.fields, [])
  const rows = source.unmatched()
  if (whenNotMatched === 'insert') return rows
  const read = rowReader(rows, schema.fields)
  const made = Array.from({ length: rows.length }, (_, row) => whenNotMatched(read(row)))
  return await batchOf(
    schema,
    made.filter((row) => row !== 'skip'),
  )
}

/** What both kinds of table need. */
interface BoundMerge {
  readonly store: TableStore
  readonly schema: TableSchema
  readonly on: readonly DataField[]
  readonly source: SourceRows
  readonly rules: MergeRules
}

async function mergeAppended(
  { store, schema, on, source, rules }: BoundMerge,
  { dryRun = false, signal }: ChangeOptions,
): Promise<RowChanges> {
  const snapshot = await store.snapshots.readLatest({ signal })
  await using changes = new AppendChanges(store, schema, snapshot, signal)
  const where = source.demand()
  const { splits } = await planScan(store, { schema, snapshot, where, signal })
  const statistics = where === undefined ? null : bindPredicate(where, schema.fields)
  const test = { fields: on, statistics, choose: (batch: Batch) => source.matches(batch) }
  let [deleted, updated] = [0, 0]
  for await (const matches of fileMatches(fileContext(store, schema), splits, test, signal)) {
    const targets = async (): Promise<Batch> => await matchingRows(schema, matches)
    const decisions = await decide(schema, source, rules, matches.by!, targets)
    deleted += decisions.deleted.length
    updated += decisions.updated.length
    const removed = Uint32Array.from([...decisions.deleted, ...decisions.updated]).toSorted()
    if (dryRun || removed.length === 0) continue
    await changes.remove({ ...matches, positions: removed.map((i) => matches.positions[i]!) })
    await changes.insert(decisions.rows)
  }
  const inserts = await insertsOf(schema, source, rules)
  const counts = { deleted, updated, inserted: inserts.length }
  if (dryRun) return { snapshot: null, ...counts }
  await changes.insert(inserts)
  return { snapshot: await changes.commit(), ...counts }
}

async function matchingRows({ fields }: TableSchema, matches: FileMatches): Promise<Batch> {
  const batches: Batch[] = []
  for await (const [batch] of matches.read(fields)) batches.push(batch)
  return joinBatches(fields, batches)
}

async function mergeKeyed(
  { store, schema, on, source, rules }: BoundMerge,
  { dryRun = false, signal }: ChangeOptions,
): Promise<RowChanges> {
  await using writer = new TableWriter(store, schema, { signal })
  const write = async (batch: Batch, kind: number): Promise<void> => {
    if (!dryRun) await writer.writeBatch(batch, new Int8Array(batch.length).fill(kind))
  }
  const positions = on.map((field) => schema.fields.indexOf(field))
  let [deleted, updated] = [0, 0]
  const read = new TableRead(store, schema, { where: source.demand(), signal })
  for await (const batch of read.batches()) {
    const { rows, by } = source.matches(columnsAt(batch, positions))
    if (rows.length === 0) continue
    const targets = takeBatch(batch, rows)
    const decisions = await decide(schema, source, rules, by, () => targets)
    requireSameKeys(source, decisions, by, positions)
    deleted += decisions.deleted.length
    updated += decisions.updated.length
    await write(decisions.rows, UPDATE_AFTER)
    await write(takeBatch(targets, decisions.deleted), DELETE)
  }
  const inserts = await insertsOf(schema, source, rules)
  await write(inserts, INSERT)
  const counts = { deleted, updated, inserted: inserts.length }
  if (dryRun || deleted + updated + inserts.length === 0) return { snapshot: null, ...counts }
  // Rows that were read may have come with another schema meanwhile.
  await requireLatestSchema(store, schema, signal)
  const { snapshots } = await writer.commit()
  return { snapshot: snapshots.at(-1) ?? null, ...counts }
}

function columnsAt({ length, columns }: Batch, positions: readonly number[]): Batch {
  return { length, columns: positions.map((at) => columns[at]!) }
}

/** INVALID where a row that takes the place of another has another key: that would be left where it is. */
function requireSameKeys(
  source: SourceRows,
  { updated, rows }: Decisions,
  by: Uint32Array,
  positions: readonly number[],
): void {
  const found = source.matches(columnsAt(rows, positions))
  const isSame =
    found.rows.length === rows.length && found.by.every((row, i) => row === by[updated[i]!])
  if (!isSame)
    throw invalid('a row that takes the place of another has another primary key', {
      hint: "keep the key in what whenMatched returns, or return 'delete' and insert another row",
    })
}
