import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import * as fc from 'fast-check'
import fastGlob from 'fast-glob'
import { describe, expect, test } from 'vitest'

import { parseSchemaFile, schemaFileText } from '../../src/types/schema-file.ts'
import {
  bucketKeys,
  fieldNamed,
  isCrossPartition,
  keyValueFields,
  partitionFields,
  partitionNaming,
  trimmedPrimaryKeys,
} from '../../src/types/schema-keys.ts'
import { LakeError } from '../../src/util/errors.ts'

const GOLDEN = join(import.meta.dirname, '../../fixtures/golden/warehouse/golden.db')

test('every schema file that Java wrote is read, and written back to the same bytes', () => {
  const files = fastGlob.sync('**/schema/schema-*', { cwd: GOLDEN })
  expect(files.length).toBeGreaterThan(60)
  const different = files.filter((file) => {
    const text = readFileSync(join(GOLDEN, file), 'utf8')
    return schemaFileText(parseSchemaFile(text, file)) !== text
  })
  expect(different).toEqual([])
})

const BASE = {
  version: 3,
  id: 0,
  fields: [
    { id: 0, name: 'a', type: 'INT NOT NULL' },
    { id: 1, name: 'b', type: 'STRING NOT NULL' },
    { id: 2, name: 'c', type: 'DATE' },
  ],
  highestFieldId: 2,
  partitionKeys: ['b'],
  primaryKeys: ['a', 'b'],
  options: { bucket: '2' } as Record<string, string>,
  timeMillis: 1_700_000_000_000,
}

function parse(changes: object): ReturnType<typeof parseSchemaFile> {
  return parseSchemaFile(JSON.stringify({ ...BASE, ...changes }), 'db/t/schema/schema-0')
}

describe('older versions', () => {
  test.each([
    [
      { version: undefined, options: {} },
      { bucket: '1', 'file.format': 'orc' },
    ],
    [
      { version: 1, options: { bucket: '4' } },
      { bucket: '4', 'file.format': 'orc' },
    ],
    [{ version: 2, options: {} }, { 'file.format': 'orc' }],
    [{ version: 2, options: { 'file.format': 'avro' } }, { 'file.format': 'avro' }],
    [{ version: 3, options: {} }, {}],
  ])('%j gets the defaults of its time', (changes, options) => {
    expect({ ...parse(changes).options }).toEqual(options)
  })

  test('unknown properties are ignored, and what may be missing has its default', () => {
    const schema = parse({ someday: 1, timeMillis: undefined, comment: null })
    expect(schema.timeMillis).toBe(0)
    expect(schema).not.toHaveProperty('comment')
    expect(schema).not.toHaveProperty('someday')
  })

  test('option values that are no texts become texts, as in Java', () => {
    expect({ ...parse({ options: { bucket: 4, 'write-only': true } }).options }).toEqual({
      bucket: '4',
      'write-only': 'true',
    })
  })
})

describe('damaged files are CORRUPT and named', () => {
  test.each<[string, object]>([
    ['no fields', { fields: undefined }],
    ['fields no array', { fields: {} }],
    ['a field without id', { fields: [{ name: 'a', type: 'INT' }] }],
    ['a field of no type', { fields: [{ id: 0, name: 'a', type: 'INTT' }] }],
    ['two fields of one name', { fields: [BASE.fields[0], { ...BASE.fields[1], name: 'a' }] }],
    ['two fields of one id', { fields: [BASE.fields[0], { ...BASE.fields[1], id: 0 }] }],
    ['a key that is no column', { primaryKeys: ['zz'] }],
    ['a key named twice', { primaryKeys: ['a', 'a'] }],
    ['partitioned by the whole primary key', { primaryKeys: ['b'] }],
    ['a fractional id', { id: 0.5 }],
    ['a negative id', { id: -1 }],
    ['an id beyond 2^53', { id: 1e300 }],
    ['options no object', { options: [] }],
    ['an option of an object', { options: { bucket: {} } }],
    ['keys no array', { partitionKeys: 'b' }],
  ])('%s', (_, changes) => {
    expect(() => parse(changes)).toThrow(
      expect.objectContaining({ code: 'CORRUPT', path: 'db/t/schema/schema-0' }),
    )
  })

  test('a file cut anywhere', () => {
    const text = schemaFileText(parse({}))
    for (let size = 0; size < text.length; size += 7)
      expect(() => parseSchemaFile(text.slice(0, size), 'f')).toThrow(
        expect.objectContaining({ code: 'CORRUPT', path: 'f' }),
      )
  })

  test('a file with any byte replaced is a schema, or a LakeError that names it', () => {
    const text = readFileSync(join(GOLDEN, 'types_pk/schema/schema-0'), 'latin1')
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 1, max: 126 }), (at, byte) => {
        const damaged = text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1)
        expect(['schema', 'CORRUPT f', 'UNSUPPORTED f']).toContain(outcome(damaged))
      }),
      { numRuns: 2_000 },
    )
  })

  test('a newer version is UNSUPPORTED', () => {
    expect(() => parse({ version: 4 })).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
  })

  test('names such as __proto__ change no other object', () => {
    const text = JSON.stringify(BASE).replace('"bucket"', '"__proto__":"x","constructor"')
    const { options } = parseSchemaFile(text, 'f')
    expect(options['bucket']).toBeUndefined()
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })
})

describe('what follows from a schema', () => {
  const schema = parse({})

  test('the trimmed primary key leaves out partition keys, and is the bucket key by default', () => {
    expect(trimmedPrimaryKeys(schema)).toEqual(['a'])
    expect(bucketKeys(schema)).toEqual(['a'])
    expect(bucketKeys(parse({ partitionKeys: [], options: { 'bucket-key': 'b,a' } }))).toEqual([
      'b',
      'a',
    ])
  })

  test.each([
    ['zz', 'is no column'],
    ['b', 'is a partition key'],
    ['c', 'is not in the primary key'],
  ])('the bucket key %s %s', (key, problem) => {
    expect(() => bucketKeys(parse({ options: { 'bucket-key': key } }))).toThrow(problem)
  })

  test('data files have key, sequence, kind and all columns, or no key columns in thin mode', () => {
    const fields = keyValueFields(schema, false)
    expect(fields.map(({ id, name }) => [id, name])).toEqual([
      [1073741823, '_KEY_a'],
      [2147483646, '_SEQUENCE_NUMBER'],
      [2147483645, '_VALUE_KIND'],
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ])
    expect(keyValueFields(schema, true)).toEqual(fields.slice(1))
  })

  test('a primary key without all partition keys lets rows move between partitions', () => {
    expect(isCrossPartition(schema)).toBe(false)
    expect(isCrossPartition(parse({ primaryKeys: ['a'] }))).toBe(true)
    expect(isCrossPartition(parse({ primaryKeys: [] }))).toBe(false)
  })

  test('columns are found by name, mistyped ones with the nearest right name', () => {
    const wide = parse({ fields: [...BASE.fields, { id: 3, name: 'amount', type: 'INT' }] })
    expect(fieldNamed(wide, 'amount').id).toBe(3)
    expect(() => fieldNamed(wide, 'amonut')).toThrow(
      expect.objectContaining({
        code: 'INVALID',
        message: 'there is no column "amonut" (did you mean "amount"?)',
        hint: 'the columns are a, b, c, amount',
      }),
    )
  })

  test('partitions', () => {
    expect(partitionFields(schema).map(({ name }) => name)).toEqual(['b'])
    expect(partitionNaming(schema)).toEqual({
      defaultName: '__DEFAULT_PARTITION__',
      legacyName: true,
    })
  })
})

/** `schema`, or the code and the path of the error. */
function outcome(text: string): string {
  try {
    parseSchemaFile(text, 'f')
    return 'schema'
  } catch (error) {
    return error instanceof LakeError ? `${error.code} ${error.path}` : String(error)
  }
}
