/** Random tables: columns, keys, partitions and options of every kind that this library writes, and rows for them. */
import * as fc from 'fast-check'

import { type DataField, type DataType, MAX_LENGTH } from '../../src/types/data-type.ts'
import { type InternalValue, utf8 } from '../../src/types/internal-value.ts'
import { firstSchema, type NewSchema } from '../../src/types/new-schema.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import { presentValue } from './random-columns.ts'
import { between, pick, type Random, seeded } from './random.ts'

/** What a table is made of; the table follows from it. */
export interface RandomTablePlan {
  readonly keyed: boolean
  readonly keys: readonly DataType[]
  readonly partitions: readonly DataType[]
  readonly values: readonly DataType[]
  /** -1 for none; only of append tables. */
  readonly bucketCount: number
  /** Whether one column alone decides the bucket, where the key has several. */
  readonly hasBucketKey: boolean
  readonly modBuckets: boolean
  readonly thin: boolean
  readonly sequences: readonly DataType[]
  readonly sequenceDescending: boolean
  readonly kindColumn: boolean
  readonly ignoreDelete: boolean
  readonly ignoreUpdateBefore: boolean
  readonly format: 'parquet' | 'avro'
  readonly codec: string
  /** Whether buffers, files, pages, splits and manifests are so small that a few rows fill several. */
  readonly small: boolean
  readonly statsMode: string
  readonly denseStats: boolean
  readonly legacyPartitions: boolean
  /** What the names of columns end with, beyond the letters that a name is sure to have. */
  readonly suffix: string
  /** Options that are set besides. */
  readonly extras: readonly (readonly [name: string, value: string])[]
  /** The order of the columns. */
  readonly shuffle: number
}

/** A table and what its columns are for. */
export interface RandomTable {
  readonly definition: NewSchema
  readonly schema: TableSchema
  readonly keyed: boolean
  /** Names of the primary key's columns, or none. */
  readonly primaryKeys: readonly string[]
  readonly sequences: readonly string[]
  readonly sequenceDescending: boolean
  readonly kindColumn: string | undefined
  readonly ignoreDelete: boolean
  readonly ignoreUpdateBefore: boolean
}

const nullable = (parts: object): DataType => ({ ...parts, nullable: true }) as DataType
const text: DataType = nullable({ kind: 'VARCHAR', length: MAX_LENGTH })

/** Of timestamps: files of Avro have none finer than microseconds. */
const PRECISIONS = {
  parquet: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  avro: [0, 1, 2, 3, 4, 5, 6],
} as const
/** Of times of day, which are milliseconds in all of them; Avro has these alone. */
const TIME_PRECISIONS = { parquet: [0, 3, 6, 9], avro: [0, 3] } as const

function atomicTypes(format: 'parquet' | 'avro'): fc.Arbitrary<DataType> {
  const fixed = ['BOOLEAN', 'TINYINT', 'SMALLINT', 'INT', 'BIGINT', 'FLOAT', 'DOUBLE', 'DATE']
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...fixed).map((kind) => nullable({ kind })) },
    { weight: 3, arbitrary: fc.constant(text) },
    {
      weight: 1,
      arbitrary: fc.constant(nullable({ kind: 'VARBINARY', length: MAX_LENGTH })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('CHAR', 'VARCHAR', 'BINARY', 'VARBINARY'), fc.constantFrom(1, 7, 20))
        .map(([kind, length]) => nullable({ kind, length })),
    },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom([1, 1], [9, 2], [10, 0], [18, 0], [18, 18], [19, 0], [20, 3], [38, 10])
        .map(([precision, scale]) => nullable({ kind: 'DECIMAL', precision, scale })),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          fc.constantFrom('TIMESTAMP', 'TIMESTAMP_LTZ'),
          fc.constantFrom(...PRECISIONS[format]),
        )
        .map(([kind, precision]) => nullable({ kind, precision })),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(...TIME_PRECISIONS[format])
        .map((precision) => nullable({ kind: 'TIME', precision })),
    },
  )
}

/** Columns that are no key may be nested. */
function valueTypes(format: 'parquet' | 'avro'): fc.Arbitrary<DataType> {
  const inner = atomicTypes(format)
  const nested = nestedTypes(inner, format)
  return fc
    .tuple(
      fc.oneof(
        { weight: 12, arbitrary: inner },
        { weight: 2, arbitrary: nested },
        { weight: 1, arbitrary: nestedTypes(nested, format) },
      ),
      fc.nat(3),
    )
    .map(([type, n]) => ({ ...type, nullable: n > 0 }))
}

/** Types that have the given ones inside. */
function nestedTypes(
  inner: fc.Arbitrary<DataType>,
  format: 'parquet' | 'avro',
): fc.Arbitrary<DataType> {
  const key = fc.constantFrom(...MAP_KEYS)
  // Java cannot read other multisets, its own among them.
  const elements = MAP_KEYS.filter(({ kind }) =>
    format === 'avro' ? kind === 'VARCHAR' : kind !== 'DECIMAL',
  )
  return fc.oneof(
    inner.map((element) => nullable({ kind: 'ARRAY', element })),
    fc.tuple(key, inner).map(([type, value]) => nullable({ kind: 'MAP', key: type, value })),
    fc.constantFrom(...elements).map((element) => nullable({ kind: 'MULTISET', element })),
    fc.array(inner, { minLength: 1, maxLength: 3 }).map((types) =>
      nullable({
        kind: 'ROW',
        fields: types.map((type, i) => ({ id: 0, name: `f${i}`, type })),
      }),
    ),
  )
}

const MAP_KEYS: readonly DataType[] = [
  { ...text, nullable: false },
  { ...text, nullable: false },
  { kind: 'INT', nullable: false },
  { kind: 'BIGINT', nullable: false },
  { kind: 'DATE', nullable: false },
  { kind: 'DECIMAL', precision: 20, scale: 2, nullable: false },
]

const PARTITION_TYPES: readonly DataType[] = [
  text,
  text,
  nullable({ kind: 'INT' }),
  nullable({ kind: 'DATE' }),
  nullable({ kind: 'BOOLEAN' }),
  nullable({ kind: 'BIGINT' }),
  nullable({ kind: 'DECIMAL', precision: 9, scale: 2 }),
  nullable({ kind: 'DECIMAL', precision: 30, scale: 10 }),
  nullable({ kind: 'TINYINT' }),
  nullable({ kind: 'SMALLINT' }),
  nullable({ kind: 'CHAR', length: 3 }),
  nullable({ kind: 'TIME', precision: 3 }),
  nullable({ kind: 'TIMESTAMP', precision: 0 }),
  nullable({ kind: 'TIMESTAMP', precision: 3 }),
  nullable({ kind: 'TIMESTAMP', precision: 6 }),
  nullable({ kind: 'TIMESTAMP_LTZ', precision: 6 }),
]

const SEQUENCE_TYPES: readonly DataType[] = [
  nullable({ kind: 'INT' }),
  nullable({ kind: 'BIGINT' }),
  nullable({ kind: 'DOUBLE' }),
  nullable({ kind: 'TIMESTAMP', precision: 3 }),
  nullable({ kind: 'DECIMAL', precision: 20, scale: 2 }),
  text,
]

/** Names are paths of columns, of directories, of options and of JSON members. */
const ODD_SUFFIXES = ['', '', '', ' c d', 'É漢🚀', '=/%', '"`\\\'', 'KEY']

function suffixes(format: 'parquet' | 'avro', java: boolean): readonly string[] {
  if (format === 'avro') return ['', '_Z9']
  // Java takes a name with a dot in filters for a path of names, and finds no rows.
  return java ? ODD_SUFFIXES : [...ODD_SUFFIXES, '.x']
}

const EXTRAS: readonly (readonly [name: string, value: string])[] = [
  ['file.compression.zstd-level', '5'],
  ['file.suffix.include.compression', 'true'],
  ['data-file.prefix', 'part-'],
  ['data-file.path-directory', 'files'],
  ['partition.default-name', '__NOTHING__'],
  ['metadata.stats-keep-first-n-columns', '2'],
  ['fields.k0.stats-mode', 'none'],
  ['fields.k1.stats-mode', 'full'],
  ['fields.v0.stats-mode', 'truncate(3)'],
  ['fields.v1.stats-mode', 'counts'],
  ['manifest.compression', 'snappy'],
  ['parquet.enable.dictionary', 'false'],
  ['parquet.dictionary.page.size', '200'],
  ['parquet.page.size', '1000'],
  ['read.batch-size', '3'],
]

/** Plans of tables, with a primary key or without; `java`: only such as Java 1.4 takes too. */
export function tablePlans(
  options: { readonly java?: boolean } = {},
): fc.Arbitrary<RandomTablePlan> {
  return fc.constantFrom('parquet' as const, 'parquet' as const, 'avro' as const).chain((format) =>
    fc.record({
      keyed: fc.nat(3).map((n) => n > 0),
      keys: fc.array(atomicTypes(format), { minLength: 1, maxLength: 3 }),
      partitions: fc.oneof(
        fc.constant([]),
        fc.array(fc.constantFrom(...PARTITION_TYPES), { maxLength: 2 }),
      ),
      values: fc.array(valueTypes(format), { maxLength: 4 }),
      bucketCount: fc.constantFrom(1, 1, 2, 7, -1),
      hasBucketKey: fc.boolean(),
      modBuckets: fc.boolean(),
      thin: fc.boolean(),
      sequences: fc.oneof(
        fc.constant([]),
        fc.array(fc.constantFrom(...SEQUENCE_TYPES), { minLength: 1, maxLength: 2 }),
      ),
      sequenceDescending: fc.boolean(),
      kindColumn: fc.nat(4).map((n) => n === 0),
      ignoreDelete: fc.nat(4).map((n) => n === 0),
      ignoreUpdateBefore: fc.nat(4).map((n) => n === 0),
      format: fc.constant(format),
      codec: fc.constantFrom(
        'zstd',
        'snappy',
        // Java calls it null where the files are Avro.
        ...(format === 'parquet' || !options.java ? ['none'] : []),
        ...(format === 'parquet' ? ['gzip', 'lz4'] : []),
      ),
      small: fc.boolean(),
      statsMode: fc.constantFrom('truncate(16)', 'full', 'counts', 'none', 'truncate(2)'),
      denseStats: fc.boolean(),
      legacyPartitions: fc.boolean(),
      suffix: fc.constantFrom(...suffixes(format, options.java ?? false)),
      extras: fc.subarray([...EXTRAS], { maxLength: 5 }),
      shuffle: fc.nat(1000),
    }),
  )
}

export function randomTable(plan: RandomTablePlan): RandomTable {
  const { keyed } = plan
  const named = (prefix: string, types: readonly DataType[], notNull: boolean): DataField[] =>
    columnsOf(prefix, types, notNull, plan.suffix)
  const partitions = named('p', plan.partitions, keyed)
  const keys = named('k', plan.keys, keyed)
  const sequences = keyed ? named('s', plan.sequences, false) : []
  const kindColumn = keyed && plan.kindColumn ? 'kind' : undefined
  const kinds: DataField[] =
    kindColumn === undefined ? [] : [{ id: 0, name: kindColumn, type: text }]
  const fields = shuffled(
    [...partitions, ...keys, ...named('v', plan.values, false), ...sequences, ...kinds],
    seeded(plan.shuffle),
  )
  const definition: NewSchema = {
    fields,
    hasIds: false,
    partitionKeys: partitions.map(({ name }) => name),
    primaryKeys: keyed ? [...partitions, ...keys].map(({ name }) => name) : [],
    options: {
      ...bucketOptions(plan),
      ...mergeOptions(plan, sequences),
      ...fileOptions(plan),
      'write-only': 'true',
    },
  }
  return {
    definition,
    schema: firstSchema(definition, 0),
    keyed,
    primaryKeys: definition.primaryKeys,
    sequences: sequences.map(({ name }) => name),
    sequenceDescending: plan.sequenceDescending,
    kindColumn,
    ignoreDelete: keyed && plan.ignoreDelete,
    ignoreUpdateBefore: keyed && plan.ignoreUpdateBefore,
  }
}

function columnsOf(
  prefix: string,
  types: readonly DataType[],
  notNull: boolean,
  suffix: string,
): DataField[] {
  return types.map((type, i) => ({
    id: 0,
    name: `${prefix}${i}${suffix}`,
    type: notNull ? { ...type, nullable: false } : type,
  }))
}

function bucketOptions(plan: RandomTablePlan): Record<string, string> {
  const { keyed, keys, hasBucketKey, modBuckets, suffix } = plan
  const bucketCount = keyed ? Math.max(1, plan.bucketCount) : plan.bucketCount
  if (bucketCount === -1) return { bucket: '-1' }
  const single = !keyed || (hasBucketKey && keys.length > 1)
  const hashed = single ? keys.slice(0, 1) : keys
  const isWhole = hashed.length === 1 && ['INT', 'BIGINT'].includes(hashed[0]!.kind)
  return {
    bucket: String(bucketCount),
    ...(single && { 'bucket-key': `k0${suffix}` }),
    ...(modBuckets && isWhole && { 'bucket-function.type': 'mod' }),
  }
}

function mergeOptions(
  plan: RandomTablePlan,
  sequences: readonly DataField[],
): Record<string, string> {
  if (!plan.keyed) return {}
  return {
    ...(plan.kindColumn && { 'rowkind.field': 'kind' }),
    ...(plan.ignoreDelete && { 'ignore-delete': 'true' }),
    ...(plan.ignoreUpdateBefore && { 'ignore-update-before': 'true' }),
    ...(sequences.length > 0 && {
      'sequence.field': sequences.map(({ name }) => name).join(','),
      ...(plan.sequenceDescending && { 'sequence.field.sort-order': 'descending' }),
    }),
    ...(plan.thin && { 'data-file.thin-mode': 'true' }),
  }
}

function fileOptions(plan: RandomTablePlan): Record<string, string> {
  const isDescending = plan.sequences.length > 0 && plan.sequenceDescending
  return {
    'file.format': plan.format,
    'file.compression': plan.codec,
    'metadata.stats-mode': plan.statsMode,
    'metadata.stats-dense-store': String(plan.denseStats),
    'partition.legacy-name': String(plan.legacyPartitions),
    ...Object.fromEntries(
      plan.extras
        .filter(([name]) => isOfColumn(name, plan))
        .map(([name, value]) => [name.replace(/(?<=^fields\.\w\d)/, plan.suffix), value]),
    ),
    ...(plan.small && {
      // Where the order descends, each flush decides by itself, so a commit has to be one flush to be foretold.
      ...(!isDescending && { 'write-buffer-size': '4 kb' }),
      'target-file-size': '8 kb',
      'parquet.page.row.count.limit': '30',
      'parquet.block.size': '20000',
      'file.block-size': '20 kb',
      'source.split.target-size': '20 kb',
      'source.split.open-file-cost': '4 kb',
      'manifest.target-file-size': '2 kb',
      'manifest.merge-min-count': '3',
      'manifest.full-compaction-threshold-size': '6 kb',
    }),
  }
}

/** Whether the option is of no column, or of one that the table has. */
function isOfColumn(option: string, { keys, values }: RandomTablePlan): boolean {
  const [, letter, index] = /^fields\.(\w)(\d)\./.exec(option) ?? []
  return letter === undefined || Number(index) < (letter === 'k' ? keys : values).length
}

function shuffled<T>(values: readonly T[], random: Random): T[] {
  const order = values.map((value) => ({ value, at: random() }))
  return order.toSorted((a, b) => a.at - b.at).map(({ value }) => value)
}

const ODD_TEXTS = [
  '',
  ' ',
  'a',
  'a/b',
  'a=b',
  '%',
  'é漢🚀',
  '..',
  '{x}',
  "'",
  '__DEFAULT_PARTITION__',
]
const KINDS = ['+I', '+I', '+I', '+U', '-U', '-D', '-D'] as const
const MILLIS = { min: -62_135_596_800_000, max: 253_402_300_799_999 }

/** Rows of one table; keys repeat, so that rows replace each other. */
export class RandomRows {
  readonly #table: RandomTable
  readonly #random: Random
  /** The values that each key, partition and sequence column takes. */
  readonly #pools = new Map<string, readonly InternalValue[]>()
  /** A row of each key that was used lately: some of the next rows replace it. */
  readonly #lately: (readonly InternalValue[])[] = []

  /**
   * `java`: no NaN and no -0 among keys and sequence fields. Java 1.4 takes NaN there for equal to every number and -0 for
   * 0, and loses rows by it; later versions order them as this library does.
   */
  constructor(table: RandomTable, seed: number, options: { readonly java?: boolean } = {}) {
    this.#table = table
    this.#random = seeded(seed)
    const isWanted = (value: InternalValue): boolean =>
      !options.java || !(Number.isNaN(value) || Object.is(value, -0))
    for (const { name, type } of table.schema.fields) {
      const [letter] = name
      if (letter !== 'p' && letter !== 'k' && letter !== 's') continue
      const size = letter === 'p' ? 3 : letter === 's' ? 6 : 12
      this.#pools.set(
        name,
        Array.from({ length: 2 * size }, () => this.#value(name, type))
          .filter(isWanted)
          .slice(0, size),
      )
    }
  }

  /** So many rows, each with the kind that it is written as. */
  next(count: number): { row: InternalValue[]; kind: string }[] {
    return Array.from({ length: count }, () => this.#row())
  }

  /** A value that the column may hold, most often one that it does. */
  literal({ name, type }: DataField): InternalValue {
    const pool = this.#pools.get(name)
    return pool === undefined || this.#random() < 0.2
      ? this.#value(name, type)
      : pick(this.#random, pool)
  }

  #row(): { row: InternalValue[]; kind: string } {
    const { schema, keyed, kindColumn } = this.#table
    const random = this.#random
    const kind = keyed ? pick(random, KINDS) : '+I'
    const row = schema.fields.map(({ name, type }): InternalValue => {
      if (name === kindColumn) return utf8(kind)
      if (type.nullable && random() < 0.2) return null
      const pool = this.#pools.get(name)
      return pool === undefined ? this.#value(name, type) : pick(random, pool)
    })
    this.#repeatKey(row)
    return { row, kind }
  }

  /** Gives the row the key of another, now and then: keys of many columns would hardly ever meet. */
  #repeatKey(row: InternalValue[]): void {
    const { schema, primaryKeys } = this.#table
    if (primaryKeys.length < 2) return
    if (this.#lately.length > 0 && this.#random() < 0.4) {
      const other = pick(this.#random, this.#lately)
      for (const [at, { name }] of schema.fields.entries())
        if (primaryKeys.includes(name)) row[at] = other[at]!
    } else {
      this.#lately[this.#lately.length < 50 ? this.#lately.length : between(this.#random, 0, 50)] =
        row
    }
  }

  #value(name: string, type: DataType): InternalValue {
    const random = this.#random
    if (name.startsWith('p') && type.kind === 'VARCHAR') return utf8(pick(random, ODD_TEXTS))
    return portableValue(type, random)
  }
}

/** A value that every engine can print: years have four digits. */
function portableValue(type: DataType, random: Random): InternalValue {
  switch (type.kind) {
    case 'DATE':
      return between(random, MILLIS.min / 86_400_000, MILLIS.max / 86_400_000)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ': {
      const { precision } = type
      // Nanoseconds in 64 bits reach from 1677 to 2262.
      const millis =
        precision > 6 ? between(random, -9e12, 9e12) : between(random, MILLIS.min, MILLIS.max)
      const digits = precision <= 3 ? 3 : precision <= 6 ? 6 : 9
      const perMilli = 10 ** (digits - 3)
      const value = BigInt(millis) * BigInt(perMilli) + BigInt(between(random, 0, perMilli))
      // No digits but those that the type shows.
      const step = 10n ** BigInt(digits - precision)
      return (value / step) * step
    }
    case 'ARRAY':
      return Array.from({ length: between(random, 0, 4) }, () =>
        portableElement(type.element, random),
      )
    case 'CHAR':
    case 'VARCHAR':
    case 'BINARY':
    case 'VARBINARY':
      return ofLength(type, presentValue(type, random) as Uint8Array)
    case 'MAP':
      return entriesOf(type.key, random, (key) => [key, portableElement(type.value, random)])
    case 'MULTISET':
      return entriesOf(type.element, random, (key) => [key, between(random, 1, 9)])
    case 'ROW':
      return type.fields.map((field) => portableElement(field.type, random))
    default:
      return presentValue(type, random)
  }
}

/** The value cut to what its type holds, or filled up if the type has one length only. */
function ofLength(
  { kind, length }: Extract<DataType, { length: number; kind: `${string}${'CHAR' | 'BINARY'}` }>,
  bytes: Uint8Array,
): Uint8Array {
  if (kind === 'BINARY' || kind === 'VARBINARY') {
    const cut = bytes.slice(0, length)
    return kind === 'BINARY' ? Buffer.concat([cut, Buffer.alloc(length - cut.length)]) : cut
  }
  const points = Array.from(new TextDecoder().decode(bytes)).slice(0, length)
  if (kind === 'CHAR') while (points.length < length) points.push('.')
  return utf8(points.join(''))
}

function portableElement(type: DataType, random: Random): InternalValue {
  return type.nullable && random() < 0.25 ? null : portableValue(type, random)
}

/** Entries whose keys are all different: few texts, or small numbers. */
function entriesOf(
  key: DataType,
  random: Random,
  entry: (key: InternalValue) => InternalValue,
): InternalValue {
  if (key.kind === 'VARCHAR') {
    const texts = ['a', 'b', 'é', '漢字', ''].filter(() => random() < 0.4)
    return texts.map((each) => entry(utf8(each)))
  }
  const numbers = new Set(
    Array.from({ length: between(random, 0, 4) }, () => between(random, -5, 5)),
  )
  const isLong = key.kind === 'BIGINT' || key.kind === 'DECIMAL'
  return [...numbers].map((each) => entry(isLong ? BigInt(each) : each))
}
