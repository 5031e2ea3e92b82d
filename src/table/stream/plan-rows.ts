/** Reads the rows that a stream has planned of a snapshot, with their kinds. */
import { kindsColumn } from '../../lsm/row-kinds.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { sliceBatch } from '../../types/column-slice.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import type { Predicate } from '../../types/predicate.ts'
import { DELETE } from '../../types/row-kind.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { assert } from '../../util/assert.ts'
import { fileContext } from '../file/table-file.ts'
import type { Split } from '../plan/split.ts'
import { readSplits } from '../split/parallel-read.ts'
import { readSplit } from '../split/split-read.ts'
import { kindsOfView, showSplit, splitOfView, type ViewChoice } from '../system/view-choice.ts'
import type { PlannedSplit } from './change-plan.ts'
import type { SnapshotPlan } from './stream-scan.ts'

export interface PlanRead {
  readonly store: TableStore
  readonly schema: TableSchema
  readonly fields: readonly DataField[]
  readonly where: Predicate | undefined
  /** What is given instead of the rows: those of a system table, each an insert. */
  readonly view?: ViewChoice | undefined
  readonly signal: AbortSignal | undefined
}

/** Rows and their kinds, and whether they are the last of the plan. */
export interface PlanBatch {
  readonly batch: Batch
  readonly kinds: Int8Array
  readonly isLast: boolean
}

/** The rows of the plan behind those that are skipped; the same rows in the same order whenever it is read. */
export async function* readPlan(
  plan: SnapshotPlan,
  read: PlanRead,
): AsyncGenerator<PlanBatch, void, undefined> {
  const { splits, skippedRows } = read.view === undefined ? skipSplits(plan, read.where) : plan
  let skipped = 0
  // One batch is held back, to tell the last one.
  let held: Omit<PlanBatch, 'isLast'> | null = null
  const rows = read.view === undefined ? splitRows(splits, read) : viewRows(splits, read, read.view)
  for await (const { batch, isReversed } of rows) {
    const from = Math.min(batch.length, skippedRows - skipped)
    skipped += from
    if (from === batch.length) continue
    if (held !== null) yield { ...held, isLast: false }
    held = withKinds(sliceBatch(batch, from, batch.length), isReversed)
  }
  if (held !== null) yield { ...held, isLast: true }
}

/** Leaves out the first splits, as far as it is known of them that all of their rows are to be skipped. */
function skipSplits(
  { splits, skippedRows }: SnapshotPlan,
  where: Predicate | undefined,
): Pick<SnapshotPlan, 'splits' | 'skippedRows'> {
  let first = 0
  let left = skippedRows
  for (const { split } of splits) {
    // What is merged or filtered has fewer rows than its files say.
    if (!split.isStreaming || where !== undefined) break
    const rowCount = split.files.reduce((sum, file) => sum + file.rowCount, 0)
    if (rowCount > left) break
    left -= rowCount
    first++
  }
  return { splits: splits.slice(first), skippedRows: left }
}

async function* splitRows(
  planned: readonly PlannedSplit[],
  { store, schema, fields, where, signal }: PlanRead,
): AsyncGenerator<{ readonly batch: Batch; readonly isReversed: boolean }, void, undefined> {
  const { io, location } = store
  const context = fileContext(store, schema)
  const options = { fields, where, kinds: true, signal }
  const readHere = (split: Split): AsyncIterable<Batch> => readSplit(context, split, options)
  if (planned.some(({ isReversed }) => isReversed)) {
    for (const { split, isReversed } of planned)
      for await (const batch of readHere(split)) yield { batch, isReversed }
    return
  }
  const splits = planned.map(({ split }) => split)
  for await (const batch of readSplits(splits, { io, location, schema, options, readHere }))
    yield { batch, isReversed: false }
}

async function* viewRows(
  planned: readonly PlannedSplit[],
  { store, schema, where, signal }: PlanRead,
  choice: ViewChoice,
): AsyncGenerator<{ readonly batch: Batch; readonly isReversed: boolean }, void, undefined> {
  const context = fileContext(store, schema)
  const { view, sources: fields } = choice
  const options = { fields, where, ...kindsOfView(view), signal }
  for (const { split, isReversed } of planned) {
    const rows = readSplit(context, splitOfView(split, view, schema), options)
    const changes = isReversed ? reversed(rows) : rows
    for await (const { length, columns } of showSplit(choice, changes, split.isStreaming)) {
      const kinds = kindsColumn(new Int8Array(length))
      yield { batch: { length, columns: [...columns, kinds] }, isReversed: false }
    }
  }
}

async function* reversed(rows: AsyncIterable<Batch>): AsyncGenerator<Batch, void, undefined> {
  for await (const batch of rows) {
    const { kinds, batch: rest } = withKinds(batch, true)
    yield { length: rest.length, columns: [...rest.columns, kindsColumn(kinds)] }
  }
}

/** Takes the column of the kinds apart from the others. */
function withKinds({ length, columns }: Batch, isReversed: boolean): Omit<PlanBatch, 'isLast'> {
  const column = columns.at(-1)
  assert(column?.layout === 'fixed', 'the last column has the kinds')
  const kinds = column.values as Int8Array
  return {
    batch: { length, columns: columns.slice(0, -1) },
    // What is taken away is so whether it was inserted or updated; `ReverseReader` in Java.
    kinds: isReversed ? new Int8Array(length).fill(DELETE) : kinds,
  }
}
