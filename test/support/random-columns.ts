/** Random columns of the types that Parquet files hold, with chosen patterns of nulls and of repetition. */
import * as fc from 'fast-check'

import type { Batch } from '../../src/types/column.ts'
import { type DataField, type DataType, MAX_LENGTH } from '../../src/types/data-type.ts'
import { type InternalValue, utf8 } from '../../src/types/internal-value.ts'
import { columnOf } from './java-vectors.ts'
import { between, pick, type Random, randomBits64, seeded } from './random.ts'

export const NULL_PATTERNS = ['none', 'all', 'alternating', 'runs', 'some', 'head', 'tail'] as const
export type NullPattern = (typeof NULL_PATTERNS)[number]

export const SPREADS = ['few', 'many', 'sorted', 'constant'] as const
/** How often values repeat. */
export type Spread = (typeof SPREADS)[number]

export type Row = readonly InternalValue[]

/** What a table of random rows is made of; the rows follow from it. */
export interface TablePlan {
  readonly fields: readonly DataField[]
  readonly rowCount: number
  readonly seed: number
  readonly nulls: NullPattern
  readonly spread: Spread
}

/** Whether the row at the position is null. */
function isNullAt(pattern: NullPattern, row: number, rowCount: number, random: Random): boolean {
  switch (pattern) {
    case 'none':
      return false
    case 'all':
      return true
    case 'alternating':
      return row % 2 === 0
    case 'runs':
      return Math.floor(row / 50) % 2 === 1
    case 'head':
      return row < rowCount / 2
    case 'tail':
      return row >= rowCount / 2
    default:
      return random() < 0.25
  }
}

/** The rows of a plan: the same for equal plans. */
export function randomRows({
  fields,
  rowCount,
  seed,
  nulls,
  spread,
}: TablePlan): InternalValue[][] {
  const random = seeded(seed)
  const columns = fields.map(({ type }) => randomValues(type, rowCount, nulls, spread, random))
  return Array.from({ length: rowCount }, (_, row) => columns.map((values) => values[row]!))
}

function randomValues(
  type: DataType,
  count: number,
  nulls: NullPattern,
  spread: Spread,
  random: Random,
): InternalValue[] {
  const pool =
    spread === 'few' || spread === 'constant'
      ? Array.from({ length: spread === 'few' ? 5 : 1 }, () => presentValue(type, random))
      : null
  const values: InternalValue[] = []
  for (let row = 0; row < count; row++) {
    if (type.nullable && isNullAt(nulls, row, count, random)) values.push(null)
    else values.push(pool === null ? presentValue(type, random) : pick(random, pool))
  }
  if (spread === 'sorted') sortPresent(values)
  return values
}

/** Sorts values that compare plainly among the places that have one. */
function sortPresent(values: InternalValue[]): void {
  const present = values.filter((value) => value !== null)
  if (typeof present[0] !== 'number' && typeof present[0] !== 'bigint') return
  const numbers = (present as (number | bigint)[]).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  let next = 0
  for (const [i, value] of values.entries()) if (value !== null) values[i] = numbers[next++]!
}

const FLOATS = [
  0,
  -0,
  1,
  -1.5,
  3.4028234663852886e38,
  1.401298464324817e-45,
  Infinity,
  -Infinity,
  Number.NaN,
]

/** A value of the type that is not null; what it holds may be. */
export function presentValue(type: DataType, random: Random): InternalValue {
  switch (type.kind) {
    case 'BOOLEAN':
      return random() < 0.5
    case 'TINYINT':
      return between(random, -128, 128)
    case 'SMALLINT':
      return between(random, -32768, 32768)
    case 'INT':
    case 'DATE':
      return random() < 0.1
        ? pick(random, [0, -1, 2 ** 31 - 1, -(2 ** 31)])
        : between(random, -(2 ** 31), 2 ** 31)
    case 'TIME':
      return between(random, 0, 86_400_000)
    case 'BIGINT':
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return random() < 0.1
        ? pick(random, [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), -86_400_000_000_000n])
        : BigInt.asIntN(64, randomBits64(random) >> BigInt(between(random, 0, 64)))
    case 'FLOAT':
      return random() < 0.2 ? pick(random, FLOATS) : Math.fround((random() - 0.5) * 1000)
    case 'DOUBLE':
      return random() < 0.2 ? pick(random, FLOATS) : (random() - 0.5) * 10 ** between(random, -9, 9)
    case 'DECIMAL':
      return randomDecimal(type.precision, random)
    case 'CHAR':
    case 'VARCHAR':
      return utf8(randomText(random))
    case 'BINARY':
    case 'VARBINARY':
      return randomBytes(random, 24)
    case 'ARRAY':
      return randomList(random, () => randomElement(type.element, random))
    case 'MAP':
      return uniqueEntries(
        random,
        () => presentValue(type.key, random),
        () => randomElement(type.value, random),
      )
    case 'MULTISET':
      return uniqueEntries(
        random,
        () => presentValue(type.element, random),
        () => between(random, 1, 9),
      )
    case 'ROW':
      return type.fields.map((field) => randomElement(field.type, random))
    default:
      throw new Error(`no random ${type.kind}`)
  }
}

function randomElement(type: DataType, random: Random): InternalValue {
  return type.nullable && random() < 0.25 ? null : presentValue(type, random)
}

function randomList(random: Random, element: () => InternalValue): InternalValue[] {
  const length = random() < 0.3 ? 0 : between(random, 1, 4)
  return Array.from({ length }, element)
}

function uniqueEntries(
  random: Random,
  key: () => InternalValue,
  value: () => InternalValue,
): InternalValue {
  const entries = new Map<string, InternalValue>()
  for (const each of randomList(random, key)) entries.set(String(each), [each, value()])
  return [...entries.values()]
}

function randomDecimal(precision: number, random: Random): bigint {
  const limit = 10n ** BigInt(precision) - 1n
  if (random() < 0.15) return pick(random, [0n, limit, -limit, 1n, -1n])
  const bits = (randomBits64(random) << 64n) | randomBits64(random)
  return (bits % 10n ** BigInt(between(random, 1, precision + 1))) * (random() < 0.5 ? -1n : 1n)
}

const LETTERS = ['a', 'b', 'z', '0', ' ', 'é', '漢', '🚀', '\n', '\u007f', '\uffff']

function randomText(random: Random): string {
  const kind = random()
  if (kind < 0.05) return ''
  if (kind < 0.1) return pick(random, LETTERS).repeat(between(random, 20, 120))
  return Array.from({ length: between(random, 1, 20) }, () => pick(random, LETTERS)).join('')
}

function randomBytes(random: Random, lengthMax: number): Uint8Array {
  return Uint8Array.from({ length: between(random, 0, lengthMax + 1) }, () =>
    between(random, 0, 256),
  )
}

/** The rows as columns. */
export function batchOf(fields: readonly DataField[], rows: readonly Row[]): Batch {
  const columns = fields.map((field, i) =>
    columnOf(
      field.type,
      rows.map((row) => row[i]!),
    ),
  )
  return { length: rows.length, columns }
}

const nullable = (parts: object): DataType => ({ ...parts, nullable: true }) as DataType

const atomicTypes: fc.Arbitrary<DataType> = fc.oneof(
  fc
    .constantFrom('BOOLEAN', 'TINYINT', 'SMALLINT', 'INT', 'BIGINT', 'FLOAT', 'DOUBLE', 'DATE')
    .map((kind) => nullable({ kind })),
  fc
    .constantFrom('CHAR', 'VARCHAR', 'BINARY', 'VARBINARY')
    .map((kind) => nullable({ kind, length: MAX_LENGTH })),
  fc
    .integer({ min: 1, max: 38 })
    .chain((digits) => fc.tuple(fc.constant(digits), fc.integer({ min: 0, max: digits })))
    .map(([precision, scale]) => nullable({ kind: 'DECIMAL', precision, scale })),
  fc
    .tuple(fc.constantFrom('TIME', 'TIMESTAMP', 'TIMESTAMP_LTZ'), fc.constantFrom(0, 3, 6, 9))
    .map(([kind, precision]) => nullable({ kind, precision })),
)

const keyTypes = fc.constantFrom<DataType>(
  { kind: 'VARCHAR', length: MAX_LENGTH, nullable: false },
  { kind: 'INT', nullable: false },
  { kind: 'BIGINT', nullable: false },
)

/** Types nested to the depth, every one of them nullable or not. */
export function typesToDepth(depth: number): fc.Arbitrary<DataType> {
  const inner = depth > 0 ? typesToDepth(depth - 1) : atomicTypes
  const of =
    depth === 0
      ? atomicTypes
      : fc.oneof(
          { weight: 3, arbitrary: atomicTypes },
          { weight: 2, arbitrary: inner.map((element) => nullable({ kind: 'ARRAY', element })) },
          {
            weight: 1,
            arbitrary: fc
              .tuple(keyTypes, inner)
              .map(([key, value]) => nullable({ kind: 'MAP', key, value })),
          },
          {
            weight: 1,
            arbitrary: keyTypes.map((element) => nullable({ kind: 'MULTISET', element })),
          },
          { weight: 2, arbitrary: fc.array(inner, { minLength: 1, maxLength: 3 }).map(rowType) },
        )
  return fc
    .tuple(of, fc.integer({ min: 0, max: 3 }))
    .map(([type, n]) => ({ ...type, nullable: n > 0 }))
}

function rowType(types: readonly DataType[]): DataType {
  return nullable({
    kind: 'ROW',
    fields: types.map((type, i) => ({ id: 100 + i, name: `f${i}`, type })),
  })
}

export function fieldsOf(types: readonly DataType[]): DataField[] {
  return types.map((type, id) => ({ id, name: `c${id}`, type }))
}

/** Plans of tables with columns of the types. */
export function tablePlans(
  types: fc.Arbitrary<DataType>,
  rowCountMax: number,
): fc.Arbitrary<TablePlan> {
  return fc.record({
    fields: fc.array(types, { minLength: 1, maxLength: 4 }).map(fieldsOf),
    rowCount: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: rowCountMax })),
    seed: fc.nat(),
    nulls: fc.constantFrom(...NULL_PATTERNS),
    spread: fc.constantFrom(...SPREADS),
  })
}
