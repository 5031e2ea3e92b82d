/** Random tables: fields of every type, nested to a depth of three, with rows in the JSON encoding. */
import * as fc from 'fast-check'

import { batchBuilder, finishBatch } from '../../src/types/column-builder.ts'
import type { Batch } from '../../src/types/column.ts'
import { type DataField, type DataType, MAX_LENGTH } from '../../src/types/data-type.ts'
import { dateText, timestampText, timeText } from '../../src/types/date-text.ts'
import { decimalText } from '../../src/types/decimal-text.ts'
import { shortestFloat } from '../../src/types/float-text.ts'
import { jsonAppender } from '../../src/types/json-value.ts'
import { variantText } from '../../src/types/variant-json.ts'
import { parseVariant } from '../../src/types/variant-parse.ts'
import { quoteJson } from '../../src/util/json.ts'

export type JsonRow = Record<string, unknown>

export interface RandomTable {
  readonly fields: readonly DataField[]
  readonly rows: readonly JsonRow[]
}

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n }
const precision = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max })

/** The parts of a type, which is nullable. */
function nullable(parts: object): DataType {
  return { ...parts, nullable: true } as DataType
}

/** Types whose nullability is chosen apart. */
const atomic: fc.Arbitrary<DataType> = fc.oneof(
  fc
    .constantFrom(
      'BOOLEAN',
      'TINYINT',
      'SMALLINT',
      'INT',
      'BIGINT',
      'FLOAT',
      'DOUBLE',
      'DATE',
      'VARIANT',
      'BLOB',
    )
    .map((kind) => nullable({ kind })),
  fc
    .tuple(
      fc.constantFrom('CHAR', 'VARCHAR', 'BINARY', 'VARBINARY'),
      fc.constantFrom(1, 5, MAX_LENGTH),
    )
    .map(([kind, length]) => nullable({ kind, length })),
  fc
    .integer({ min: 1, max: 38 })
    .chain((digits) => fc.tuple(fc.constant(digits), precision(digits)))
    .map(([digits, scale]) => nullable({ kind: 'DECIMAL', precision: digits, scale })),
  fc
    .tuple(fc.constantFrom('TIME', 'TIMESTAMP', 'TIMESTAMP_LTZ'), precision(9))
    .map(([kind, digits]) => nullable({ kind, precision: digits })),
)

const keyTypes: fc.Arbitrary<DataType> = fc.constantFrom<DataType>(
  { kind: 'VARCHAR', length: MAX_LENGTH, nullable: false },
  { kind: 'INT', nullable: false },
  { kind: 'BIGINT', nullable: false },
  { kind: 'DATE', nullable: false },
)

const vectorElements: fc.Arbitrary<DataType> = fc.constantFrom<DataType>(
  { kind: 'FLOAT', nullable: false },
  { kind: 'INT', nullable: false },
)

function nullability(types: fc.Arbitrary<DataType>): fc.Arbitrary<DataType> {
  return fc
    .tuple(types, fc.integer({ min: 0, max: 3 }))
    .map(([type, n]) => ({ ...type, nullable: n > 0 }))
}

const types: fc.Arbitrary<DataType> = fc.letrec<{ type: DataType }>((tie) => ({
  type: nullability(
    fc.oneof(
      { maxDepth: 3, depthIdentifier: 'type' },
      { weight: 4, arbitrary: atomic },
      {
        weight: 1,
        arbitrary: tie('type').map((element) => nullable({ kind: 'ARRAY', element })),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(keyTypes, tie('type'))
          .map(([key, value]) => nullable({ kind: 'MAP', key, value })),
      },
      {
        weight: 1,
        arbitrary: keyTypes.map((element) => nullable({ kind: 'MULTISET', element })),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(vectorElements, fc.integer({ min: 1, max: 3 }))
          .map(([element, length]) => nullable({ kind: 'VECTOR', element, length })),
      },
      { weight: 2, arbitrary: fc.array(tie('type'), { minLength: 1, maxLength: 3 }).map(rowOf) },
    ),
  ),
})).type

function rowOf(of: readonly DataType[]): DataType {
  return {
    kind: 'ROW',
    fields: of.map((type, i) => ({ id: 100 + i, name: `f${i}`, type })),
    nullable: true,
  }
}

const finite = (value: number): unknown => (Number.isFinite(value) ? value : String(value))
const strings = fc.string({ unit: 'binary', maxLength: 20 })
const hex = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const integer = (bits: number): fc.Arbitrary<number> =>
  fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })

/** A value of the type, null now and then where it may be. */
function valueOf(type: DataType): fc.Arbitrary<unknown> {
  const present = presentValue(type)
  return type.nullable ? fc.option(present, { freq: 4 }) : present
}

function presentValue(type: DataType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'BOOLEAN':
      return fc.boolean()
    case 'TINYINT':
      return integer(8)
    case 'SMALLINT':
      return integer(16)
    case 'INT':
      return integer(32)
    case 'BIGINT':
      return fc
        .oneof(fc.bigInt(INT64), fc.bigInt({ min: -(10n ** 6n), max: 10n ** 16n }))
        .map(String)
    case 'FLOAT':
      return fc.float().map((value) => finite(shortestFloat(value)))
    case 'DOUBLE':
      return fc.oneof(fc.double(), fc.integer(), fc.double({ min: -1e4, max: 1e4 })).map(finite)
    case 'DATE':
      return fc.oneof(integer(32), fc.integer({ min: 0, max: 30_000 })).map(dateText)
    case 'TIME':
      return fc.integer({ min: 0, max: 86_399_999 }).map(timeText)
    case 'TIMESTAMP':
    case 'TIMESTAMP_LTZ':
      return (
        fc
          .oneof(fc.bigInt(INT64), fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }))
          .map(
            (value) =>
              timestampText(value, type.precision) + (type.kind === 'TIMESTAMP' ? '' : 'Z'),
          )
          // Cutting digits can take the least values out of the range.
          .filter((text) => !/^-(292|290|000[01])|^-1677|^167/.test(text))
      )
    case 'DECIMAL': {
      const limit = 10n ** BigInt(type.precision) - 1n
      return fc
        .oneof(
          fc.bigInt({ min: -limit, max: limit }),
          fc.constantFrom(0n, limit, -limit, limit / 10n ** 3n),
        )
        .map((unscaled) => decimalText(unscaled, type.scale))
    }
    case 'CHAR':
    case 'VARCHAR':
      return strings
    case 'BINARY':
    case 'VARBINARY':
    case 'BLOB':
      return hex
    case 'VARIANT':
      return fc.json({ maxDepth: 2, stringUnit: 'binary' }).map((text) => {
        const { value, metadata } = parseVariant(text)
        return variantText(value, metadata)
      })
    case 'ARRAY':
      return fc.array(valueOf(type.element), { maxLength: 4 })
    case 'VECTOR':
      return fc.array(valueOf(type.element), { minLength: type.length, maxLength: type.length })
    case 'MAP':
      return entries(type.key, valueOf(type.value))
    case 'MULTISET':
      return entries(type.element, fc.integer({ min: 1, max: 9 }))
    default:
      return fc.record(
        Object.fromEntries(type.fields.map((field) => [field.name, valueOf(field.type)])),
      )
  }
}

function entries(key: DataType, values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc
    .uniqueArray(fc.tuple(presentValue(key), values), {
      selector: ([first]) => first,
      maxLength: 4,
    })
    .map((pairs) => pairs.toSorted((a, b) => (keyText(a[0]) < keyText(b[0]) ? -1 : 1)))
}

function keyText(key: unknown): string {
  return typeof key === 'string' ? quoteJson(key) : String(key)
}

/** Tables of a few columns; every type may come up. */
export const tables: fc.Arbitrary<RandomTable> = fc
  .array(types, { minLength: 1, maxLength: 4 })
  .map((of) => of.map((type, id): DataField => ({ id, name: `c${id}`, type })))
  .chain((fields) =>
    fc.record({
      fields: fc.constant(fields),
      rows: fc.array(
        fc.record(Object.fromEntries(fields.map((field) => [field.name, valueOf(field.type)]))),
        { maxLength: 20 },
      ),
    }),
  )

/** The rows as columns. */
export function toBatch({ fields, rows }: RandomTable): Batch {
  const builder = batchBuilder(fields)
  const append = jsonAppender(fields)
  for (const [i, row] of rows.entries()) append(builder, row, i + 1)
  return finishBatch(builder)
}
