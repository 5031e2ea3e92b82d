/** What a read takes of a view: its columns and its filter, and what that asks of the rows of the table. */
import { takeBatch } from '../../types/column-take.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { columnsOf, projectTo } from '../../types/predicate-analysis.ts'
import { bindPredicate, type BoundPredicate } from '../../types/predicate-bind.ts'
import { selectRows } from '../../types/predicate-rows.ts'
import type { Predicate } from '../../types/predicate.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { fieldsNamed, hasPrimaryKey } from '../../types/schema-keys.ts'
import { whereText } from '../../types/where-print.ts'
import { parseWhere } from '../../types/where-text.ts'
import { type RowIdTest, rowIdTest } from '../file/row-tracking.ts'
import type { Split } from '../plan/split.ts'
import { distinctFields, type ReadRequest } from '../read.ts'
import type { RowView, ViewColumn } from './row-view.ts'

export interface ViewChoice {
  readonly view: RowView
  /** The columns to return. */
  readonly fields: readonly DataField[]
  /** Those, and behind them those that only the filter looks at. */
  readonly columns: readonly ViewColumn[]
  /** The columns of the table that are read for them. */
  readonly sources: readonly DataField[]
  readonly predicate: Predicate | undefined
  readonly filter: BoundPredicate | undefined
  /** What the filter says of the table's rows. */
  readonly where: Predicate | undefined
  /** What it says of the ids of tracked rows. */
  readonly rowIds: RowIdTest | undefined
}

/** INVALID for columns that the view does not have, and a filter that does not fit them. */
export function chooseOfView(
  view: RowView,
  schema: TableSchema,
  { columns: names, where: given }: Pick<ReadRequest, 'columns' | 'where'>,
): ViewChoice {
  const all = view.columns(schema)
  const shown = all.map(({ field }) => field)
  const predicate = typeof given === 'string' ? parseWhere(given, shown) : given
  if (predicate !== undefined) bindPredicate(predicate, shown)
  const fields = names === undefined ? shown : distinctFields({ fields: shown }, names)
  const looked = predicate === undefined ? [] : columnsOf(predicate)
  const filtered = fieldsNamed({ fields: shown }, looked)
  const read = [...fields, ...filtered.filter((field) => !fields.includes(field))]
  const columns = read.map((field) => all.find((column) => column.field === field)!)
  return {
    view,
    fields,
    columns,
    sources: columns.flatMap(({ source }) => source ?? []),
    predicate,
    filter: predicate && bindPredicate(predicate, read),
    where: view.passesFilters ? tableFilter(schema, predicate) : undefined,
    rowIds: view.passesFilters ? rowIdTest(predicate) : undefined,
  }
}

function tableFilter(
  { fields }: TableSchema,
  predicate: Predicate | undefined,
): Predicate | undefined {
  const names = fields.map(({ name }) => name)
  return predicate && projectTo(predicate, names)
}

/** What is shown of the rows of a split, which come with their kinds as the last column. */
export async function* showSplit(
  { view, fields, columns, filter }: ViewChoice,
  rows: AsyncIterable<Batch>,
  isStreaming: boolean,
): AsyncGenerator<Batch, void, undefined> {
  for await (const batch of view.show(columns, rows, isStreaming)) {
    const chosen = filter === undefined ? null : selectRows(filter, batch)
    const passed = chosen === null ? batch : takeBatch(batch, chosen)
    if (passed.length === 0) continue
    yield { length: passed.length, columns: passed.columns.slice(0, fields.length) }
  }
}

/** The split as it is read for the view: what files say of the kinds of their rows shows even where nothing is merged. */
export function splitOfView(split: Split, { keepsDeletes }: RowView, schema: TableSchema): Split {
  const isMerged = keepsDeletes && hasPrimaryKey(schema)
  return isMerged ? { ...split, rawConvertible: false } : split
}

/** How rows are read for the view. */
export function kindsOfView({ keepsDeletes }: RowView): { kinds: true; keepDeletes: boolean } {
  return { kinds: true, keepDeletes: keepsDeletes }
}

/** Tells which rows of which view are shown. */
export function markOfView({ view, predicate }: ViewChoice): string {
  const filter = predicate === undefined ? '' : whereText(predicate)
  return `$${view.name} ${filter} `
}
