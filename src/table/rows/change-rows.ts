/**
 * Deletes and updates the rows of a table that a filter chooses, in one commit.
 *
 * A primary-key table is written rows of kind -D and +U for the keys; in an append table rows go away and others come.
 * Follows the rules of `PrimaryKeyTableUtils.validatePKUpsertDeletable` and of Flink's row-level updates.
 */
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { Batch } from '../../types/column.ts'
import { bindPredicate } from '../../types/predicate-bind.ts'
import { selectRows } from '../../types/predicate-rows.ts'
import type { Predicate } from '../../types/predicate.ts'
import { DELETE, UPDATE_AFTER } from '../../types/row-kind.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { hasPrimaryKey } from '../../types/schema-keys.ts'
import { parseWhere } from '../../types/where-text.ts'
import { rowFilter } from '../file/row-filter.ts'
import { fileContext } from '../file/table-file.ts'
import { planScan } from '../plan/scan.ts'
import { TableRead } from '../read.ts'
import { TableWriter } from '../write/writer.ts'
import { AppendChanges } from './append-changes.ts'
import { fileMatches, type RowTest } from './file-matches.ts'
import {
  requireDeletable,
  requireLatestSchema,
  requireUpdatable,
  stateSchema,
} from './row-rules.ts'
import { columnSetter, type SetValues } from './set-columns.ts'

/** What became of the rows of a table. */
export interface RowChanges {
  /** Null where no row was changed, or none was to be. */
  readonly snapshot: Snapshot | null
  readonly deleted: number
  readonly updated: number
  readonly inserted: number
}

export interface ChangeOptions {
  /** Whether to count the rows and change nothing. */
  readonly dryRun?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** What is changed, and of what. */
export interface RowChange {
  readonly store: TableStore
  readonly schema: TableSchema
  /** All rows where it is left out; a text is parsed by `where-text.ts`. */
  readonly where?: Predicate | string | undefined
}

/** Deletes the matching rows. UNSUPPORTED where the merge engine has no deletes. */
export async function deleteRows(change: RowChange, options: ChangeOptions): Promise<RowChanges> {
  const { store } = change
  const schema = stateSchema(change.schema)
  requireDeletable(schema)
  const bound = { store, schema, where: predicateOf(change.where, schema) }
  if (hasPrimaryKey(schema)) {
    const { count, snapshot } = await rewriteKeyed(bound, options, DELETE, (batch) => batch)
    return { snapshot, deleted: count, updated: 0, inserted: 0 }
  }
  const { count, snapshot } = await changeAppended(bound, options, null)
  return { snapshot, deleted: count, updated: 0, inserted: 0 }
}

/** Gives the matching rows new values. UNSUPPORTED where the merge engine would not replace the old ones. */
export async function updateRows(
  change: RowChange & { readonly set: SetValues },
  options: ChangeOptions,
): Promise<RowChanges> {
  const { store, set } = change
  const schema = stateSchema(change.schema)
  requireUpdatable(schema, Object.keys(set))
  const setter = columnSetter(schema, set)
  await requireLatestSchema(store, schema, options.signal)
  const bound = { store, schema, where: predicateOf(change.where, schema) }
  const { count, snapshot } = hasPrimaryKey(schema)
    ? await rewriteKeyed(bound, options, UPDATE_AFTER, setter)
    : await changeAppended(bound, options, setter)
  return { snapshot, deleted: 0, updated: count, inserted: 0 }
}

function predicateOf(
  where: Predicate | string | undefined,
  { fields }: TableSchema,
): Predicate | undefined {
  const predicate = typeof where === 'string' ? parseWhere(where, fields) : where
  // A filter that does not fit is refused before anything is read.
  if (predicate !== undefined) bindPredicate(predicate, fields)
  return predicate
}

interface BoundChange {
  readonly store: TableStore
  readonly schema: TableSchema
  readonly where: Predicate | undefined
}

interface Changed {
  readonly count: number
  readonly snapshot: Snapshot | null
}

/** Writes the matching rows again, each as a row of the kind. */
async function rewriteKeyed(
  { store, schema, where }: BoundChange,
  { dryRun = false, signal }: ChangeOptions,
  kind: number,
  change: (batch: Batch) => Batch,
): Promise<Changed> {
  const read = new TableRead(store, schema, { where, signal })
  await using writer = new TableWriter(store, schema, { signal })
  let count = 0
  for await (const batch of read.batches()) {
    count += batch.length
    if (!dryRun) await writer.writeBatch(change(batch), new Int8Array(batch.length).fill(kind))
  }
  if (count === 0 || dryRun) return { count, snapshot: null }
  // Rows that were read may have come with another schema meanwhile.
  if (kind !== DELETE) await requireLatestSchema(store, schema, signal)
  const { snapshots } = await writer.commit()
  return { count, snapshot: snapshots.at(-1) ?? null }
}

/** Takes the matching rows away, and adds what they become, if anything. */
async function changeAppended(
  { store, schema, where }: BoundChange,
  { dryRun = false, signal }: ChangeOptions,
  change: ((batch: Batch) => Batch) | null,
): Promise<Changed> {
  const snapshot = await store.snapshots.readLatest({ signal })
  const { splits } = await planScan(store, { schema, snapshot, where, signal })
  await using changes = new AppendChanges(store, schema, snapshot, signal)
  const test = where === undefined ? allRows(schema) : whereTest(where, schema)
  let count = 0
  for await (const matches of fileMatches(fileContext(store, schema), splits, test, signal)) {
    count += matches.positions.length
    if (dryRun) continue
    await changes.remove(matches)
    if (change === null) continue
    for await (const [batch] of matches.read(schema.fields)) await changes.insert(change(batch))
  }
  return { count, snapshot: dryRun ? null : await changes.commit() }
}

function whereTest(where: Predicate, { fields }: TableSchema): RowTest {
  const { statistics, values } = rowFilter(where, fields)
  return {
    fields: values.fields,
    statistics,
    choose: (batch) => ({ rows: selectRows(values, batch) ?? rowsUpTo(batch.length), by: null }),
  }
}

function allRows({ fields }: TableSchema): RowTest {
  return {
    fields: fields.slice(0, 1),
    statistics: null,
    choose: ({ length }) => ({ rows: rowsUpTo(length), by: null }),
  }
}

function rowsUpTo(length: number): Uint32Array {
  return Uint32Array.from({ length }, (_, row) => row)
}
