/** What a system table is made of: columns that are computed from items, only as far as they are read. */
import type { TableStore } from '../../snapshot/table-store.ts'
import type { DataField, DataType } from '../../types/data-type.ts'
import { type InternalValue, utf8 } from '../../types/internal-value.ts'
import type { RawOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { parseTypeText } from '../../types/type-text.ts'

/** A column; texts are given as such. */
export interface SystemColumn<Item> {
  readonly name: string
  readonly type: DataType
  value(item: Item): InternalValue | string
}

/** What each read of a system table is given. */
export interface SystemReadContext {
  /** Paimon's dynamic options, such as `scan.snapshot-id`. */
  readonly options: RawOptions
  readonly signal: AbortSignal | undefined
}

/** The table that a system table tells of. */
export interface SystemContext extends SystemReadContext {
  readonly store: TableStore
  /** The latest schema when the table was opened. */
  readonly schema: TableSchema
}

export interface SystemSource<Item, Context = SystemContext> {
  readonly columns: readonly SystemColumn<Item>[]
  /** What each row tells of, in the order of the rows. */
  items(context: Context): AsyncIterable<Item>
}

/** A column of the type, as SQL writes it: `column('snapshot_id', 'BIGINT NOT NULL', ...)`. */
export function column<Item>(
  name: string,
  type: string,
  value: SystemColumn<Item>['value'],
): SystemColumn<Item> {
  return { name, type: parseTypeText(type, { nested: true }), value }
}

export function fieldsOf(columns: readonly SystemColumn<unknown>[]): DataField[] {
  return columns.map(({ name, type }, id) => ({ id, name, type }))
}

/** The value as columns hold it. */
export function internal(value: InternalValue | string): InternalValue {
  return typeof value === 'string' ? utf8(value) : value
}

/** A count as a BIGINT column holds it. */
export function long(value: number | undefined | null): bigint | null {
  return value === undefined || value === null ? null : BigInt(value)
}
