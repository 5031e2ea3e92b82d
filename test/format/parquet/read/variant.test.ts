/** VARIANT columns, whole and shredded: what is written as ROWs of the parts is read as variants. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { batchBuilder, finishBatch } from '../../../../src/types/column-builder.ts'
import type { DataField, DataType } from '../../../../src/types/data-type.ts'
import { appendValue, type InternalValue, utf8 } from '../../../../src/types/internal-value.ts'
import { parseTypeText } from '../../../../src/types/type-text.ts'
import { variantText } from '../../../../src/types/variant-json.ts'
import { parseVariant } from '../../../../src/types/variant-parse.ts'
import { checkedError } from '../../../support/malformed.ts'
import { openBytes, readColumns, TEST_PATH, writeParquet } from '../../../support/parquet.ts'

const VARIANT: DataField = { id: 1, name: 'v', type: { kind: 'VARIANT', nullable: true } }

let nextId = 10

/** A ROW of fields, whose types are given as texts or as types. */
function row(fields: Readonly<Record<string, string | DataType>>, nullable = true): DataType {
  return {
    kind: 'ROW',
    nullable,
    fields: Object.entries(fields).map(([name, type]) => ({
      id: nextId++,
      name,
      type: typeof type === 'string' ? parseTypeText(type) : type,
    })),
  }
}

/** What a file says of a variant that is stored as `storage`. */
async function read(storage: DataType, values: readonly InternalValue[]): Promise<InternalValue[]> {
  const fields = [{ ...VARIANT, type: storage }]
  const builder = batchBuilder(fields)
  for (const value of values) {
    appendValue(builder.children[0]!, storage, value)
    builder.endRow()
  }
  const bytes = await writeParquet(fields, [finishBatch(builder)])
  const [found] = await readColumns(await openBytes(bytes), { fields: [VARIANT] })
  return found!
}

function textOf(variant: InternalValue): string | null {
  if (variant === null) return null
  const [value, metadata] = variant as [Uint8Array, Uint8Array]
  return variantText(value, metadata)
}

const whole = row({ value: 'BYTES NOT NULL', metadata: 'BYTES NOT NULL' })
const value = (json: string): Uint8Array => parseVariant(json).value
const metadata = (json: string): Uint8Array => parseVariant(json).metadata
const NO_KEYS = metadata('1')

/** A level of a shredded variant with a typed value of the type. */
const level = (type: string | DataType, nullable = true): DataType =>
  row({ value: 'BYTES', typed_value: type }, nullable)
const shredded = (type: string | DataType): DataType =>
  row({ metadata: 'BYTES NOT NULL', value: 'BYTES', typed_value: type })

test('a variant that lies there whole is read byte for byte, nulls and all', async () => {
  const jsons = ['{"b":1,"a":[true,null,"x"]}', null, '1.25', null, '"text"']
  const stored = jsons.map((json) => (json === null ? null : [value(json), metadata(json)]))
  expect(await read(whole, stored)).toEqual(stored)
})

describe('a typed value of', () => {
  test.each<[string, InternalValue, string]>([
    ['BOOLEAN', true, 'true'],
    ['TINYINT', -7, '-7'],
    ['SMALLINT', 300, '300'],
    ['INT', 70_000, '70000'],
    ['BIGINT', -(2n ** 63n), '-9223372036854775808'],
    ['FLOAT', 0.5, '0.5'],
    ['DOUBLE', 1e300, '1.0E300'],
    ['DECIMAL(9, 2)', 150n, '1.5'],
    ['DECIMAL(38, 10)', 10n ** 37n + 1n, '1000000000000000000000000000.0000000001'],
    ['STRING', utf8('é'.repeat(50)), `"${'é'.repeat(50)}"`],
    ['BYTES', Uint8Array.of(1, 255), '"Af8="'],
    ['DATE', 18_518, '"2020-09-13"'],
    ['TIMESTAMP(6)', -1n, '"1969-12-31 23:59:59.999999"'],
    ['TIMESTAMP(6) WITH LOCAL TIME ZONE', 0n, '"1970-01-01 00:00:00+00:00"'],
  ])('%s comes back', async (type, typed, text) => {
    const [found, other] = await read(shredded(type), [
      [NO_KEYS, null, typed],
      [metadata('{"k":1}'), value('{"k":1}'), null],
    ])
    expect(textOf(found!)).toBe(text)
    expect(textOf(other!)).toBe('{"k":1}')
  })

  test('TIME is refused: variants have none', async () => {
    const error = checkedError(
      await read(shredded('TIME(3)'), [[NO_KEYS, null, 1]]).catch((e: unknown) => e),
      TEST_PATH,
    )
    expect(error).toMatchObject({ code: 'UNSUPPORTED' })
  })
})

test('an object is made of its shredded fields and of those that were left over', async () => {
  const type = shredded(
    row({ n: level('INT', false), s: level('STRING', false), any: row({ value: 'BYTES' }, false) }),
  )
  const keys = metadata('{"x":1,"y":2}')
  const found = await read(type, [
    [keys, value('{"x":1,"y":[2]}'), [[null, 5], [value('null'), null], [value('"v"')]]],
    [keys, null, [[null, null], [null, utf8('t')], [null]]],
    [keys, value('[1]'), null],
    null,
  ])
  expect(found.map(textOf)).toEqual([
    '{"any":"v","n":5,"s":null,"x":1,"y":[2]}',
    '{"s":"t"}',
    '[1]',
    null,
  ])
})

test('elements of an array are shredded each', async () => {
  const element = level(row({ n: level('DOUBLE', false) }))
  const list: DataType = { kind: 'ARRAY', element, nullable: true }
  const found = await read(shredded(list), [
    [
      NO_KEYS,
      null,
      [
        [null, [[null, 1.5]]],
        [value('7'), null],
        [null, [[null, null]]],
      ],
    ],
    [NO_KEYS, null, []],
    [NO_KEYS, value('"no array"'), null],
  ])
  expect(found.map(textOf)).toEqual(['[{"n":1.5},7,{}]', '[]', '"no array"'])
})

test('what is shredded has the bytes of the same JSON that was never shredded', async () => {
  const type = shredded(row({ a: level('BIGINT', false), b: level('BOOLEAN', false) }))
  const records = fc.record({
    a: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    b: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(records, { minLength: 1, maxLength: 20 }), async (values) => {
      const stored = values.map(({ a, b }) => [
        NO_KEYS,
        null,
        [
          [null, a],
          [null, b],
        ],
      ])
      const expected = values.map(({ a, b }) => parseVariant(`{"a":${a},"b":${b}}`))
      expect(await read(type, stored)).toEqual(expected.map((v) => [v.value, v.metadata]))
    }),
    { numRuns: 20 },
  )
})

describe('is CORRUPT where', () => {
  const object = shredded(row({ n: level('INT', false) }))
  const deep = Buffer.concat([...Array<Uint8Array>(600).fill(Uint8Array.of(3, 1, 0, 255))])
  test.each<[string, DataType, InternalValue]>([
    ['a variant has neither part', shredded('INT'), [NO_KEYS, null, null]],
    ['the rest of an object is none', object, [NO_KEYS, value('1'), [[null, 1]]]],
    [
      'the rest of an object has a shredded field',
      object,
      [metadata('{"n":1}'), value('{"n":1}'), [[null, null]]],
    ],
    ['a key is not in the metadata', object, [NO_KEYS, value('{"n":1}'), null]],
    ['the value is empty', shredded('INT'), [NO_KEYS, new Uint8Array(0), null]],
    ['the metadata is empty', shredded('INT'), [new Uint8Array(0), value('1'), null]],
    ['an array overlaps itself', shredded('INT'), [NO_KEYS, Uint8Array.of(3, 2, 0, 0, 0), null]],
    ['a text is longer than the value', shredded('INT'), [NO_KEYS, Uint8Array.of(0xfd, 1), null]],
    ['arrays nest without end', shredded('INT'), [NO_KEYS, new Uint8Array(deep), null]],
    ['the type is unknown', shredded('INT'), [NO_KEYS, Uint8Array.of(0xfc), null]],
    ['the parts are no bytes', row({ value: 'INT', metadata: 'BYTES' }), [1, NO_KEYS]],
    ['there is no metadata', row({ value: 'BYTES' }), [NO_KEYS]],
    ['there is no value', row({ metadata: 'BYTES' }), [NO_KEYS]],
    ['there is a strange part', row({ metadata: 'BYTES', typed_value: 'INT', x: 'INT' }), null],
    [
      'a level has no part',
      shredded(row({ n: row({ x: 'INT' }, false) })),
      [NO_KEYS, null, [[null]]],
    ],
    ['a variant is an INT', parseTypeText('INT'), 1],
  ])('%s', async (_, type, stored) => {
    const error = checkedError(await read(type, [stored]).catch((e: unknown) => e), TEST_PATH)
    expect(error).toMatchObject({ code: 'CORRUPT' })
  })
})
