/**
 * Tables as TypeScript declares them: column builders, `defineSchema`, and the types of the rows that follow.
 *
 * Rows as they are read: BIGINT is a bigint, DECIMAL a string, DATE, TIME and timestamps are ISO texts with the digits of
 * their precision (`2026-11-01T12:00:00.123456`, with a final Z for a timestamp with local time zone), so that nothing
 * is lost; MAP and MULTISET are Maps, bytes are Uint8Arrays. Rows to be written may hold a little more: see
 * {@link InsertOf}.
 */
import { invalid } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import { type DataField, type DataType, MAX_LENGTH, notNull } from './data-type.ts'
import { type DefaultInput, defaultText } from './default-value.ts'
import type { NewSchema } from './new-schema.ts'
import { rawOptions, type TableOptions } from './options.ts'
import type { TableSchema } from './schema-file.ts'
import { typeText } from './type-text.ts'

/** A column: what a read returns for it, what a write takes, whether it may be null, whether it has a default value. */
export interface ColumnDefinition<
  Read = unknown,
  Input = Read,
  Nullable extends boolean = true,
  HasDefault extends boolean = false,
> {
  readonly type: DataType
  readonly description: string | undefined
  /** The default value as schema files store it. */
  readonly defaultValue: string | undefined
  /** Makes the column NOT NULL. */
  notNull(): ColumnDefinition<Read, Input, false, HasDefault>
  /** The value of rows that leave the column out. */
  default(value: Input & DefaultInput): ColumnDefinition<Read, Input, Nullable, true>
  comment(text: string): ColumnDefinition<Read, Input, Nullable, HasDefault>
  /** Type-only: keep columns of different values apart. */
  readonly $read?: Read
  readonly $input?: Input
  readonly $nullable?: Nullable
  readonly $hasDefault?: HasDefault
}

type AnyColumn = ColumnDefinition<unknown, unknown, boolean, boolean>

export type Columns = Readonly<Record<string, AnyColumn>>

type OrNull<Value, Nullable extends boolean> = Nullable extends false ? Value : Value | null
type ReadOf<Column> =
  Column extends ColumnDefinition<infer Read, infer _Input, infer Nullable, infer _HasDefault>
    ? OrNull<Read, Nullable>
    : never
type InputOf<Column> =
  Column extends ColumnDefinition<infer _Read, infer Input, infer Nullable, infer _HasDefault>
    ? OrNull<Input, Nullable>
    : never
type OptionalKeys<C extends Columns> = {
  [K in keyof C]: C[K] extends ColumnDefinition<unknown, unknown, false> ? never : K
}[keyof C]
type Flatten<T> = { [K in keyof T]: T[K] } & {}

/** The row object that a read returns: every column is there, nullable ones as `T | null`. */
export type RowOf<C extends Columns> = Flatten<{ [K in keyof C]: ReadOf<C[K]> }>

/**
 * The row object that a write takes. Columns that are nullable or have a default value may be left out. Where nothing
 * is lost by it more is taken than a read returns: a number for a BIGINT, a Date for a DATE or a timestamp, a bigint for
 * a DECIMAL.
 */
export type InsertOf<C extends Columns> = Flatten<
  { [K in Exclude<keyof C, OptionalKeys<C>>]: InputOf<C[K]> } & {
    [K in OptionalKeys<C>]?: InputOf<C[K]> | undefined
  }
>

/** What `defineSchema` returns. */
export interface SchemaDefinition<C extends Columns = Columns> {
  readonly columns: C
  readonly primaryKey: readonly string[]
  readonly partitionBy: readonly string[]
  readonly options: TableOptions
  readonly comment: string | undefined
}

/**
 * Declares a table. Wrong names of columns and options, and wrong values, do not compile.
 *
 * @example
 *   const orders = defineSchema({
 *     columns: { region: t.string().notNull(), id: t.bigint().notNull(), amount: t.decimal(10, 2) },
 *     primaryKey: ['region', 'id'],
 *     partitionBy: ['region'],
 *     options: { bucket: 4 },
 *   })
 */
export function defineSchema<const C extends Columns>(definition: {
  readonly columns: C
  readonly primaryKey?: readonly (NoInfer<keyof C> & string)[]
  readonly partitionBy?: readonly (NoInfer<keyof C> & string)[]
  readonly options?: TableOptions<NoInfer<keyof C> & string>
  readonly comment?: string
}): SchemaDefinition<C> {
  const { columns, primaryKey = [], partitionBy = [], options = {}, comment } = definition
  for (const key of primaryKey)
    if (columns[key]?.type.nullable === true)
      throw invalid(`the primary-key column "${key}" is nullable`, {
        hint: `declare it with .notNull()`,
      })
  return { columns, primaryKey, partitionBy, options, comment }
}

/** The definition in the form that tables are created from. */
export function newSchemaOf(definition: SchemaDefinition): NewSchema {
  const { columns, primaryKey, partitionBy, options, comment } = definition
  return {
    fields: fieldsOf(columns),
    hasIds: false,
    primaryKeys: primaryKey,
    partitionKeys: partitionBy,
    options: rawOptions(options),
    ...(comment !== undefined && { comment }),
  }
}

/**
 * Throws INVALID when rows of the stored table would not have the types that the definition gives them: a column is
 * missing, has another type, or is nullable where the definition says NOT NULL. The table may have more columns.
 */
export function checkDefinition(definition: SchemaDefinition, schema: TableSchema): void {
  const names = schema.fields.map((field) => field.name)
  for (const { name, type } of fieldsOf(definition.columns)) {
    const stored = schema.fields.find((field) => field.name === name)
    if (stored === undefined)
      throw invalid(`the table has no column "${name}"${didYouMean(name, names)}`)
    const readable = type.nullable ? { ...stored.type, nullable: true } : stored.type
    if (typeText(withoutComments(readable)) !== typeText(withoutComments(type)))
      throw invalid(
        `column "${name}" of the table has the type ${typeText(stored.type)}, not ${typeText(type)}`,
      )
  }
}

/** The type without what its nested fields say beside their names and types. */
function withoutComments(type: DataType): DataType {
  switch (type.kind) {
    case 'ROW':
      return {
        ...type,
        fields: type.fields.map(({ id, name, type: inner }) => ({
          id,
          name,
          type: withoutComments(inner),
        })),
      }
    case 'ARRAY':
    case 'MULTISET':
      return { ...type, element: withoutComments(type.element) }
    case 'MAP':
      return { ...type, key: withoutComments(type.key), value: withoutComments(type.value) }
    default:
      return type
  }
}

function fieldsOf(columns: Columns): DataField[] {
  return Object.entries(columns).map(([name, { type, description, defaultValue }]) => ({
    id: -1,
    name,
    type,
    ...(description !== undefined && { description }),
    ...(defaultValue !== undefined && { defaultValue }),
  }))
}

/** A column of the type, nullable. */
function column<Read, Input = Read>(type: DataType): ColumnDefinition<Read, Input> {
  return definitionOf<Read, Input, true, false>(type, undefined, undefined)
}

function definitionOf<Read, Input, Nullable extends boolean, HasDefault extends boolean>(
  type: DataType,
  description: string | undefined,
  defaultValue: string | undefined,
): ColumnDefinition<Read, Input, Nullable, HasDefault> {
  return {
    type,
    description,
    defaultValue,
    notNull: () => definitionOf(notNull(type), description, defaultValue),
    default: (value) => definitionOf(type, description, defaultText(type, value)),
    comment: (text) => definitionOf(type, text, defaultValue),
  }
}

const nullable = true

/** Builders of columns, one for every type of Paimon. */
export const t = {
  boolean: (): ColumnDefinition<boolean> => column({ kind: 'BOOLEAN', nullable }),
  tinyint: (): ColumnDefinition<number> => column({ kind: 'TINYINT', nullable }),
  smallint: (): ColumnDefinition<number> => column({ kind: 'SMALLINT', nullable }),
  int: (): ColumnDefinition<number> => column({ kind: 'INT', nullable }),
  bigint: (): ColumnDefinition<bigint, bigint | number> => column({ kind: 'BIGINT', nullable }),
  float: (): ColumnDefinition<number> => column({ kind: 'FLOAT', nullable }),
  double: (): ColumnDefinition<number> => column({ kind: 'DOUBLE', nullable }),
  /** `precision` digits, `scale` of them after the point; digits beyond are rounded half up when they are written. */
  decimal: (precision: number, scale = 0): ColumnDefinition<string, string | bigint> =>
    column({ kind: 'DECIMAL', precision, scale, nullable }),
  string: (): ColumnDefinition<string> => column({ kind: 'VARCHAR', length: MAX_LENGTH, nullable }),
  /** At most `length` characters. */
  varchar: (length: number): ColumnDefinition<string> =>
    column({ kind: 'VARCHAR', length, nullable }),
  char: (length: number): ColumnDefinition<string> => column({ kind: 'CHAR', length, nullable }),
  bytes: (): ColumnDefinition<Uint8Array> =>
    column({ kind: 'VARBINARY', length: MAX_LENGTH, nullable }),
  /** At most `length` bytes. */
  varbinary: (length: number): ColumnDefinition<Uint8Array> =>
    column({ kind: 'VARBINARY', length, nullable }),
  binary: (length: number): ColumnDefinition<Uint8Array> =>
    column({ kind: 'BINARY', length, nullable }),
  /** Read as `2026-11-01`. */
  date: (): ColumnDefinition<string, string | Date> => column({ kind: 'DATE', nullable }),
  /** Read as `12:30:00.000`. */
  time: (precision = 3): ColumnDefinition<string> => column({ kind: 'TIME', precision, nullable }),
  /** Read as `2026-11-01T12:30:00.000000`, with as many digits after the second as the precision. */
  timestamp: (precision = 6): ColumnDefinition<string, string | Date> =>
    column({ kind: 'TIMESTAMP', precision, nullable }),
  /** An instant, read in UTC with a final Z. */
  timestampLtz: (precision = 6): ColumnDefinition<string, string | Date> =>
    column({ kind: 'TIMESTAMP_LTZ', precision, nullable }),
  array: <R, I, N extends boolean>(
    of: ColumnDefinition<R, I, N>,
  ): ColumnDefinition<OrNull<R, N>[], readonly OrNull<I, N>[]> =>
    column({ kind: 'ARRAY', element: of.type, nullable }),
  /** Keys are never null. */
  map: <KR, KI, KN extends boolean, R, I, N extends boolean>(
    key: ColumnDefinition<KR, KI, KN>,
    value: ColumnDefinition<R, I, N>,
  ): ColumnDefinition<Map<KR, OrNull<R, N>>, ReadonlyMap<KI, OrNull<I, N>>> =>
    column({ kind: 'MAP', key: notNull(key.type), value: value.type, nullable }),
  /** How often each element occurs. */
  multiset: <R, I, N extends boolean>(
    of: ColumnDefinition<R, I, N>,
  ): ColumnDefinition<Map<R, number>, ReadonlyMap<I, number>> =>
    column({ kind: 'MULTISET', element: notNull(of.type), nullable }),
  row: <const C extends Columns>(columns: C): ColumnDefinition<RowOf<C>, InsertOf<C>> =>
    column({ kind: 'ROW', fields: fieldsOf(columns), nullable }),
  /** Exactly `length` numbers or booleans. */
  vector: <R extends number | bigint | boolean, I>(
    of: ColumnDefinition<R, I, boolean>,
    length: number,
  ): ColumnDefinition<R[], readonly I[]> =>
    column({ kind: 'VECTOR', element: of.type, length, nullable }),
  /** Any JSON value; cannot be written yet. */
  variant: (): ColumnDefinition<unknown> => column({ kind: 'VARIANT', nullable }),
  /** Bytes in a file of their own; cannot be written yet. */
  blob: (): ColumnDefinition<Uint8Array> => column({ kind: 'BLOB', nullable }),
}
