/**
 * Table and catalog options: every one that Paimon has, with its type, default, meaning and what this library makes of
 * it, and typed access to the options of a table.
 */
import { invalid, type LakeError } from '../util/errors.ts'
import { BUCKET_OPTIONS } from './options/bucket-options.ts'
import { CATALOG_OPTIONS as CATALOG } from './options/catalog-options.ts'
import { decodeOption, encodeOption } from './options/codec.ts'
import { COMPACTION_OPTIONS } from './options/compaction-options.ts'
import { FEATURE_OPTIONS } from './options/feature-options.ts'
import { FILE_OPTIONS } from './options/file-options.ts'
import { ICEBERG_OPTIONS } from './options/iceberg-options.ts'
import { MERGE_OPTIONS } from './options/merge-options.ts'
import { PARQUET_OPTIONS } from './options/parquet-options.ts'
import {
  CATALOG_PATTERNS,
  FIELD_SUFFIXES,
  type FieldSuffix,
  type OptionPattern,
  TABLE_PATTERNS,
} from './options/pattern-options.ts'
import { SCAN_OPTIONS } from './options/scan-options.ts'
import { SNAPSHOT_OPTIONS } from './options/snapshot-options.ts'
import type { OptionSpec } from './options/spec.ts'

/** Options as they are stored: text by name. */
export type RawOptions = Readonly<Record<string, string>>

/** The options of tables, in the groups of their documentation. */
export const TABLE_OPTION_GROUPS = {
  'Table, keys and buckets': BUCKET_OPTIONS,
  'Merge engine, changelog and deletion vectors': MERGE_OPTIONS,
  'Write buffer, files, statistics and indexes': FILE_OPTIONS,
  'Parquet files': PARQUET_OPTIONS,
  'Compaction and lookup': COMPACTION_OPTIONS,
  'Snapshots, manifests, commits, tags and partitions': SNAPSHOT_OPTIONS,
  'Reads and streams': SCAN_OPTIONS,
  'Iceberg metadata': ICEBERG_OPTIONS,
  'Row tracking, indexes, clustering, blobs and other features': FEATURE_OPTIONS,
} as const

export const TABLE_OPTIONS = {
  ...BUCKET_OPTIONS,
  ...MERGE_OPTIONS,
  ...FILE_OPTIONS,
  ...PARQUET_OPTIONS,
  ...COMPACTION_OPTIONS,
  ...SNAPSHOT_OPTIONS,
  ...SCAN_OPTIONS,
  ...ICEBERG_OPTIONS,
  ...FEATURE_OPTIONS,
} as const

export const CATALOG_OPTIONS = CATALOG

type TableSpecs = typeof TABLE_OPTIONS
type CatalogSpecs = typeof CATALOG_OPTIONS
export type TableOptionName = keyof TableSpecs
export type CatalogOptionName = keyof CatalogSpecs

type ValueOf<Spec> =
  Spec extends OptionSpec<infer Value, unknown, infer Default>
    ? Default extends string
      ? Value
      : Value | undefined
    : never
type InputOf<Spec> = Spec extends OptionSpec<unknown, infer Input> ? Input : never

/**
 * The options that a schema definition takes, by their names in Paimon: numbers, booleans and the words of enumerations
 * as such, sizes as `128 mb` or a number of bytes, durations as `1 h` or a number of milliseconds. `Name` are the
 * columns of the table.
 */
export type TableOptions<Name extends string = string> = {
  readonly [K in Exclude<TableOptionName, ColumnOption>]?: InputOf<TableSpecs[K]>
} & {
  readonly [K in ColumnOption]?: Name | `${Name},${string}`
} & {
  readonly [K in `fields.${Name}.${Exclude<FieldSuffix, BooleanSuffix>}`]?: string | number
} & {
  readonly [K in `fields.${Name}.${BooleanSuffix}`]?: boolean
} & {
  readonly [K in `fields.${Name},${string}.sequence-group`]?: string
} & {
  readonly [K in `file-index.${IndexType}.columns`]?: Name | `${Name},${string}`
} & {
  readonly [K in `file-index.${IndexType}.${Name}.${string}`]?: string | number
}

/** Options that name columns. */
type ColumnOption =
  | 'bucket-key'
  | 'sequence.field'
  | 'rowkind.field'
  | 'record-level.time-field'
  | 'clustering.columns'
type BooleanSuffix = 'ignore-retract' | 'distinct'
type IndexType = 'bloom-filter' | 'bitmap' | 'bsi' | 'range-bitmap' | 'token-bloom-filter'

export type CatalogOptionsInput = {
  readonly [K in CatalogOptionName]?: InputOf<CatalogSpecs[K]>
}

/** Typed access to stored options. A text that is no value of its option is an INVALID error when it is asked for. */
export interface OptionValues<Specs> {
  readonly raw: RawOptions
  /** The value, or the default, or undefined when the option has neither. */
  get<K extends keyof Specs & string>(name: K): ValueOf<Specs[K]>
  /** Whether the option is set, under its name or an older one. */
  isSet(name: keyof Specs & string): boolean
}

export interface TableOptionValues extends OptionValues<TableSpecs> {
  /** The value of `fields.<column>.<suffix>`. */
  field<K extends FieldSuffix>(column: string, suffix: K): ValueOf<(typeof FIELD_SUFFIXES)[K]>
}

export function tableOptions(raw: RawOptions): TableOptionValues {
  const values = optionValues(TABLE_OPTIONS, raw)
  return {
    ...values,
    field: (column, suffix) => {
      const name = `fields.${column}.${suffix}`
      const spec = FIELD_SUFFIXES[suffix]
      const given = raw[name] ?? spec.default
      return (given === null ? undefined : decoded(name, spec, given)) as never
    },
  }
}

export function catalogOptions(raw: RawOptions): OptionValues<CatalogSpecs> {
  return optionValues(CATALOG_OPTIONS, raw)
}

function optionValues<Specs extends Readonly<Record<string, unknown>>>(
  specs: Specs,
  raw: RawOptions,
): OptionValues<Specs> {
  const cache = new Map<string, unknown>()
  return {
    raw,
    get: (name) => {
      if (!cache.has(name)) {
        const spec = specs[name] as OptionSpec
        const given = givenText(raw, name, spec) ?? spec.default
        cache.set(name, given === null ? undefined : decoded(name, spec, given))
      }
      return cache.get(name) as never
    },
    isSet: (name) => givenText(raw, name, specs[name] as OptionSpec) !== undefined,
  }
}

/** The text that is set under the option's name or an older one. */
export function givenText(raw: RawOptions, name: string, spec: OptionSpec): string | undefined {
  for (const key of [name, ...spec.aliases]) if (Object.hasOwn(raw, key)) return raw[key]
  return undefined
}

/** The value of an option's text. Throws INVALID, naming the option, for a text that is none. */
export function decoded(name: string, spec: OptionSpec, given: string): unknown {
  try {
    return decodeOption(spec.codec, given)
  } catch (error) {
    throw badValue(name, spec, given, error)
  }
}

function badValue(name: string, spec: OptionSpec, given: unknown, cause: unknown): LakeError {
  const shown = String(given).slice(0, 100)
  return invalid(`option ${name}: "${shown}" ${spec.codec.problem}`, {
    cause,
    hint: 'docs/options.md lists the options and their types',
  })
}

/** What is declared of an option name: its own declaration, or that of its pattern. */
export interface KnownOption {
  /** The option's name today, for an older name. */
  readonly name: string
  readonly spec: OptionSpec
  /** The columns that the name itself holds. */
  readonly columns: readonly string[]
}

export function knownTableOption(name: string): KnownOption | undefined {
  return knownOption(TABLE_OPTIONS, TABLE_PATTERNS, name)
}

export function knownCatalogOption(name: string): KnownOption | undefined {
  return knownOption(CATALOG_OPTIONS, CATALOG_PATTERNS, name)
}

function knownOption(
  specs: Readonly<Record<string, unknown>>,
  patterns: readonly OptionPattern[],
  name: string,
): KnownOption | undefined {
  if (Object.hasOwn(specs, name)) return { name, spec: specs[name] as OptionSpec, columns: [] }
  for (const [current, spec] of Object.entries(specs) as [string, OptionSpec][])
    if (spec.aliases.includes(name)) return { name: current, spec, columns: [] }
  for (const { pattern, spec } of patterns) {
    const match = pattern.exec(name)
    if (match !== null) return { name, spec, columns: match.groups?.['columns']?.split(',') ?? [] }
  }
  return undefined
}

/** Options that are given for one read or one object: Paimon's names, with values as texts, numbers or booleans. */
export type DynamicOptions = Readonly<Record<string, string | number | boolean>>

/**
 * The stored form of options given as values. Unknown names are left to {@link checkSettable}; a value that is none of
 * its option's type is INVALID. Undefined values are left out.
 */
export function rawOptions(given: Readonly<Record<string, unknown>>): Record<string, string> {
  const raw = Object.create(null) as Record<string, string>
  for (const [name, value] of Object.entries(given))
    if (value !== undefined) raw[name] = optionText(name, value)
  return raw
}

function optionText(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  const isPlain =
    typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean'
  const known = knownTableOption(name) ?? knownCatalogOption(name)
  // An unknown option is refused by its name later; patterns of free text take numbers and booleans as they are.
  if (isPlain && (known === undefined || known.spec.codec.typeName === 'text')) return String(value)
  if (known === undefined) throw invalid(`option ${name}: its value is neither text nor number`)
  try {
    return encodeOption(known.spec.codec, value)
  } catch (error) {
    throw badValue(name, known.spec, value, error)
  }
}

/** Bytes at which a data file is full: 128 MB with a primary key, else 256 MB, unless set. */
export function targetFileSizeBytes(
  options: OptionValues<TableSpecs>,
  hasPrimaryKey: boolean,
): number {
  return options.get('target-file-size') ?? (hasPrimaryKey ? 128 : 256) * 2 ** 20
}

/** The highest level of the LSM tree: a level for each sorted run below the compaction trigger, unless set. */
export function topLevel(options: OptionValues<TableSpecs>): number {
  return (options.get('num-levels') ?? options.get('num-sorted-run.compaction-trigger') + 1) - 1
}

/** Where the table's Iceberg metadata are published; null where there are none. Those of Hive are not made here. */
export function icebergStorage(
  options: OptionValues<TableSpecs>,
): 'table-location' | 'hadoop-catalog' | 'rest-catalog' | null {
  const storage = options.get('metadata.iceberg.storage')
  return storage === 'disabled' || storage === 'hive-catalog' ? null : storage
}
