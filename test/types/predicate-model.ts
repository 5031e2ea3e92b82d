/** Random rows and predicates, and the plain three-valued meaning of a predicate on one row. */
import * as fc from 'fast-check'

import { batchBuilder, finishBatch } from '../../src/types/column-builder.ts'
import type { Batch } from '../../src/types/column.ts'
import { type DataField, type DataType, MAX_LENGTH } from '../../src/types/data-type.ts'
import { appendValue, type InternalValue } from '../../src/types/internal-value.ts'
import type { Predicate } from '../../src/types/predicate.ts'
import * as build from '../../src/types/predicate.ts'

export type Row = readonly InternalValue[]

interface ColumnModel {
  readonly type: DataType
  /** Values as columns hold them, close enough to each other that comparisons hit. */
  readonly cells: fc.Arbitrary<InternalValue>
  /** Literals as users write them, also between and outside of the cells. */
  readonly literals: fc.Arbitrary<unknown>
  /** The order of a cell and a literal. */
  readonly compare: (cell: never, literal: never) => number
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const sign = (a: number | bigint, b: number | bigint): number => (a < b ? -1 : a > b ? 1 : 0)

/** Java's Double.compare: the values that no operator tells apart have a rank of their own. */
function javaOrder(a: number, b: number): number {
  return a < b || a > b ? sign(a, b) : sign(floatRank(a), floatRank(b))
}

function floatRank(value: number): number {
  if (Number.isNaN(value)) return 2
  return Object.is(value, 0) ? 1 : 0
}

const smallTexts = fc.string({
  unit: fc.constantFrom('a', 'b', '%', '_', 'é', '漢', '🚀', '\n'),
  maxLength: 4,
})
const integers = (kind: 'TINYINT' | 'SMALLINT' | 'INT', limit: number): ColumnModel => ({
  type: { kind, nullable: true },
  cells: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(limit - 1, -limit)),
  literals: fc.oneof(
    fc.integer({ min: -4, max: 4 }),
    fc.constantFrom(1.5, -0, -2.5, limit, limit - 1, -limit, -limit - 1, 1e300, 2n, -(2n ** 70n)),
  ),
  compare: (cell: number, literal: number | bigint) => sign(cell, literal),
})

const specialFloats = [0, -0, 1, -1.5, 0.1, Infinity, -Infinity, Number.NaN, 3e38]

const COLUMNS: readonly ColumnModel[] = [
  integers('TINYINT', 2 ** 7),
  integers('SMALLINT', 2 ** 15),
  integers('INT', 2 ** 31),
  {
    type: { kind: 'BIGINT', nullable: true },
    cells: fc.oneof(
      fc.bigInt({ min: -3n, max: 3n }),
      fc.constantFrom(2n ** 63n - 1n, -(2n ** 63n), 2n ** 32n, 2n ** 31n),
    ),
    literals: fc.oneof(
      fc.bigInt({ min: -4n, max: 4n }),
      fc.constantFrom(
        1.5,
        2,
        2n ** 63n,
        2n ** 63n - 1n,
        -(2n ** 63n),
        -(2n ** 64n),
        2n ** 32n,
        2n ** 31n - 1n,
      ),
    ),
    compare: (cell: bigint, literal: number | bigint) => sign(cell, literal),
  },
  {
    type: { kind: 'DOUBLE', nullable: true },
    cells: fc.constantFrom(...specialFloats),
    literals: fc.constantFrom<unknown>(
      ...specialFloats,
      'NaN',
      '-Infinity',
      1n,
      2n ** 2000n,
      2n ** 60n + 1n,
    ),
    compare: (cell: number, literal: number | string | bigint) =>
      typeof literal === 'bigint'
        ? Number.isNaN(cell)
          ? 1
          : sign(cell, literal)
        : javaOrder(cell, Number(literal)),
  },
  {
    type: { kind: 'FLOAT', nullable: true },
    cells: fc.constantFrom(...specialFloats.map(Math.fround)),
    literals: fc.constantFrom<unknown>(...specialFloats, 'Infinity', 1e39, -1e39),
    compare: (cell: number, literal: number | string) => {
      const wanted = Number(literal)
      const beyond = Number.isFinite(wanted) && Math.abs(wanted) > 3.5e38
      return javaOrder(cell, beyond ? wanted : Math.fround(wanted))
    },
  },
  {
    type: { kind: 'DECIMAL', precision: 38, scale: 2, nullable: true },
    cells: fc.oneof(
      fc.bigInt({ min: -300n, max: 300n }),
      fc.constantFrom(10n ** 37n, -(10n ** 37n), 2n ** 64n, -(2n ** 64n), 2n ** 63n),
    ),
    literals: fc.oneof(
      fc.integer({ min: -400, max: 400 }).map((cents) => String(cents / 100)),
      fc.constantFrom<unknown>(
        '1.005',
        '-1.005',
        1.5,
        2n,
        '1e60',
        '-1e60',
        '1e35',
        '184467440737095516.16',
      ),
    ),
    compare: (cell: bigint, literal: unknown) => {
      const [whole = '', fraction = ''] = String(literal).replace(/^-/, '').split('.')
      const [digits = '', exponent = '0'] = whole.split('e')
      const scaled = BigInt(digits + fraction.padEnd(5, '0')) * 10n ** BigInt(exponent)
      return sign(cell * 1000n, String(literal).startsWith('-') ? -scaled : scaled)
    },
  },
  {
    type: { kind: 'VARCHAR', length: MAX_LENGTH, nullable: true },
    cells: smallTexts.map(utf8),
    literals: smallTexts,
    compare: (cell: Uint8Array, literal: string) => Buffer.compare(cell, utf8(literal)),
  },
  {
    type: { kind: 'VARBINARY', length: MAX_LENGTH, nullable: true },
    cells: fc.uint8Array({ max: 255, maxLength: 2 }),
    literals: fc.uint8Array({ max: 255, maxLength: 2 }),
    compare: (cell: Uint8Array, literal: Uint8Array) => Buffer.compare(cell, literal),
  },
  {
    type: { kind: 'BOOLEAN', nullable: true },
    cells: fc.boolean(),
    literals: fc.boolean(),
    compare: (cell: boolean, literal: boolean) => sign(Number(cell), Number(literal)),
  },
  {
    type: { kind: 'DATE', nullable: true },
    cells: fc.integer({ min: -2, max: 2 }),
    literals: fc.constantFrom<unknown>(
      '1969-12-31',
      '1970-01-01',
      '1970-01-02',
      '+9999999-01-01',
      new Date(3_600_000),
    ),
    compare: (cell: number, literal: string | Date) =>
      sign(
        cell,
        literal instanceof Date
          ? literal.getTime() / 86_400_000
          : literal.startsWith('+')
            ? 1e12
            : Date.parse(literal) / 86_400_000,
      ),
  },
  {
    type: { kind: 'TIMESTAMP', precision: 3, nullable: true },
    cells: fc.bigInt({ min: -2n, max: 2n }),
    literals: fc.constantFrom<unknown>(
      '1970-01-01T00:00:00.001',
      '1969-12-31T23:59:59.999500',
      new Date(1),
      '+999999999-01-01',
    ),
    compare: (cell: bigint, literal: string | Date) =>
      literal instanceof Date
        ? sign(cell, literal.getTime())
        : literal.startsWith('+')
          ? -1
          : sign(Number(cell), literal.includes('9500') ? -0.5 : 1),
  },
]

export const FIELDS: readonly DataField[] = COLUMNS.map(({ type }, id) => ({
  id,
  name: `c_${type.kind.toLowerCase()}`,
  type,
}))

const NAMES = new Map(FIELDS.map((field, i) => [field.name, i]))

export const rows: fc.Arbitrary<Row[]> = fc.array(
  fc.tuple(...COLUMNS.map(({ cells }) => fc.option(cells, { freq: 4 }))),
  { maxLength: 40 },
)

export function batchOf(list: readonly Row[], fields: readonly DataField[] = FIELDS): Batch {
  const builder = batchBuilder(fields)
  for (const row of list) {
    for (const [i, child] of builder.children.entries())
      appendValue(child, fields[i]!.type, row[i]!)
    builder.endRow()
  }
  return finishBatch(builder)
}

const leaves: fc.Arbitrary<Predicate> = fc.nat(COLUMNS.length - 1).chain((i) => {
  const { literals, type } = COLUMNS[i]!
  const { name } = FIELDS[i]!
  const nullable = fc.option(literals, { freq: 12 })
  const comparisons = fc
    .tuple(fc.constantFrom('eq', 'ne', 'lt', 'lte', 'gt', 'gte'), nullable)
    .map(([op, value]) => ({ op, args: [name, value] }))
  const others = fc.oneof(
    fc.constantFrom(build.isNull(name), build.isNotNull(name)),
    fc.tuple(nullable, nullable).map(([a, b]) => build.between(name, a, b)),
    fc.array(nullable, { maxLength: 7 }).map((values) => build.isIn(name, values)),
    fc.array(literals, { maxLength: 7 }).map((values) => build.notIn(name, values)),
    fc.array(nullable, { maxLength: 3 }).map((values) => build.notIn(name, values)),
  )
  if (type.kind !== 'VARCHAR') return fc.oneof(comparisons, others)
  const text = fc
    .tuple(fc.constantFrom('startsWith', 'endsWith', 'contains', 'like'), smallTexts)
    .map(([op, value]) => ({ op, args: [name, value] }))
  return fc.oneof(comparisons, others, text)
})

export const predicates: fc.Arbitrary<Predicate> = fc.letrec<{ tree: Predicate }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'predicate' },
    leaves,
    fc.array(tie('tree'), { maxLength: 3 }).map((children) => build.and(...children)),
    fc.array(tie('tree'), { maxLength: 3 }).map((children) => build.or(...children)),
    tie('tree').map((child) => build.not(child)),
  ),
})).tree

/** SQL's true, false, and null for unknown. */
export function meaning(predicate: Predicate, row: Row): boolean | null {
  const { op, args } = predicate
  const children = (): (boolean | null)[] =>
    (args as Predicate[]).map((child) => meaning(child, row))
  if (op === 'and') return all(children())
  if (op === 'or') return negation(all(children().map(negation)))
  if (op === 'not') return negation(children()[0]!)
  const [name, ...literals] = args
  const i = NAMES.get(name as string)!
  const cell = row[i]!
  if (op === 'isNull' || op === 'isNotNull') return (cell === null) === (op === 'isNull')
  return leafMeaning(op, cell, literals, COLUMNS[i]!)
}

function leafMeaning(
  op: string,
  cell: InternalValue,
  literals: readonly unknown[],
  column: ColumnModel,
): boolean | null {
  const test = (accepts: (order: number) => boolean, literal: unknown): boolean | null =>
    cell === null || literal === null
      ? null
      : accepts(column.compare(cell as never, literal as never))
  const equals = (literal: unknown): boolean | null => test((order) => order === 0, literal)
  switch (op) {
    case 'eq':
      return equals(literals[0])
    case 'ne':
      return negation(equals(literals[0]))
    case 'lt':
      return test((order) => order < 0, literals[0])
    case 'lte':
      return test((order) => order <= 0, literals[0])
    case 'gt':
      return test((order) => order > 0, literals[0])
    case 'gte':
      return test((order) => order >= 0, literals[0])
    case 'between':
      return all([
        test((order) => order >= 0, literals[0]),
        test((order) => order <= 0, literals[1]),
      ])
    case 'in':
    case 'notIn': {
      const values = literals[0] as unknown[]
      const found =
        cell === null ? null : negation(all(values.map((value) => negation(equals(value)))))
      return op === 'in' ? found : negation(found)
    }
    default:
      return cell === null
        ? null
        : textMeaning(op, Buffer.from(cell as Uint8Array).toString(), literals[0] as string)
  }
}

function textMeaning(op: string, text: string, wanted: string): boolean {
  if (op === 'startsWith') return text.startsWith(wanted)
  if (op === 'endsWith') return text.endsWith(wanted)
  if (op === 'contains') return text.includes(wanted)
  const pattern = wanted.replaceAll('%', '[^]*').replaceAll('_', '[^]')
  return new RegExp(`^${pattern}$`, 'u').test(text)
}

function all(values: readonly (boolean | null)[]): boolean | null {
  if (values.includes(false)) return false
  return values.includes(null) ? null : true
}

const negation = (value: boolean | null): boolean | null => (value === null ? null : !value)
