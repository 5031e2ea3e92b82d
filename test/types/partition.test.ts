import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { DataField } from '../../src/types/data-type.ts'
import { type InternalValue, utf8 } from '../../src/types/internal-value.ts'
import {
  decodePartition,
  encodePartition,
  escapePathName,
  parsePartitionSpec,
  partitionPath,
  partitionText,
  partitionValues,
  unescapePathName,
} from '../../src/types/partition.ts'
import { parseField, parseType } from '../../src/types/type-text.ts'
import { parseValueText } from '../../src/types/value-text.ts'
import { fixture, vectorValue } from '../support/java-vectors.ts'

const GOLDEN = join(import.meta.dirname, '../../fixtures/golden')
const LEGACY = { defaultName: '__DEFAULT_PARTITION__', legacyName: true }
const CAST = { defaultName: '__DEFAULT_PARTITION__', legacyName: false }

interface Name {
  readonly type: string
  readonly value: unknown
  readonly legacy?: string
  readonly path?: string
  readonly cast: string
}

const { names } = fixture('partition-texts.json') as { names: Name[] }

/** How floats print is in value-text.test.ts. */
const exact = names.filter(({ type }) => type !== 'FLOAT' && type !== 'DOUBLE')

describe('names are those of Java', () => {
  test.each(Object.entries(Object.groupBy(exact, ({ type }) => type)))('%s', (text, vectors) => {
    const type = parseType(text)
    for (const vector of vectors!) {
      const value = vectorValue(type, vector.value)
      expect(partitionText(type, value, CAST)).toBe(vector.cast)
      if (vector.legacy === undefined) continue
      expect(partitionText(type, value, LEGACY)).toBe(vector.legacy)
      expect(`${partitionPath([{ id: 0, name: 'p', type }], [value], LEGACY)}/`).toBe(vector.path)
    }
  })
})

describe('the directories of golden tables', () => {
  test.each(['odd_partitions', 'typed_partitions', 'mor'])('%s', (table) => {
    const root = join(GOLDEN, 'warehouse/golden.db', table)
    const schema = JSON.parse(readFileSync(join(root, 'schema/schema-0'), 'utf8')) as {
      fields: { name: string }[]
      partitionKeys: string[]
    }
    const fields = schema.partitionKeys.map((key) =>
      parseField(schema.fields.find(({ name }) => name === key)),
    )
    const rows = readFileSync(join(GOLDEN, `expect/${table}.jsonl`), 'utf8')
      .trim()
      .split('\n')
    const paths = rows.map((line) => {
      const row = JSON.parse(line) as Record<string, string | number | boolean | null>
      const values = fields.map(({ name, type }) => goldenValue(type, row[name]))
      return partitionPath(fields, values, LEGACY)
    })
    const directories = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.name.startsWith('bucket-'))
      .map((entry) => entry.parentPath.slice(root.length + 1))
    // A directory may hold nothing but deleted rows; every row's directory must be there.
    expect(directories.length).toBeGreaterThan(1)
    for (const path of new Set(paths)) expect(directories).toContain(path)
  })
})

function goldenValue(
  type: DataField['type'],
  json: string | number | boolean | null | undefined,
): InternalValue {
  return json === null || json === undefined ? null : parseValueText(type, String(json))
}

describe('escaping', () => {
  test.each([
    ['a=b', 'a%3Db'],
    ['x/y', 'x%2Fy'],
    ['é %', 'é %25'],
    ['\u0000\t\u001f\u007f', '%00%09%1F%7F'],
    ['"#%\'*/:=?\\{}[]^', '%22%23%25%27%2A%2F%3A%3D%3F%5C%7B%7D%5B%5D%5E'],
    ['plain -_.<>|&,;@~日本😀', 'plain -_.<>|&,;@~日本😀'],
  ])('%j', (name, escaped) => {
    expect(escapePathName(name)).toBe(escaped)
    expect(unescapePathName(escaped)).toBe(name)
  })

  test('what is no escape stays as it is', () => {
    expect(unescapePathName('100% of %zz %4')).toBe('100% of %zz %4')
  })

  test('every name survives, and none can leave its directory', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const escaped = escapePathName(name)
        expect(unescapePathName(escaped)).toBe(name)
        expect(escaped).not.toMatch(/[/\\=:]/)
      }),
    )
  })
})

describe('partition specs', () => {
  const fields: DataField[] = [
    { id: 0, name: 'dt', type: parseType('DATE') },
    { id: 1, name: 'region', type: parseType('STRING') },
  ]

  test.each([
    ['dt=2020-01-01,region=eu', { dt: '2020-01-01', region: 'eu' }],
    ['region=a=b', { region: 'a=b' }],
    [String.raw`region=Paris\, Texas`, { region: 'Paris, Texas' }],
    [String.raw`a\=b=c\\d`, { 'a=b': String.raw`c\d` }],
    [' region =', { region: '' }],
  ])('%s', (text, expected) => {
    expect(Object.fromEntries(parsePartitionSpec(text))).toEqual(expected)
  })

  test.each(['', 'dt', '=x', 'dt=1,,region=2', 'dt=1,dt=2'])('"%s" is refused', (text) => {
    expect(() => parsePartitionSpec(text)).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })

  test('texts become values of the key columns; keys may be left out; the default name is null', () => {
    expect(partitionValues(fields, parsePartitionSpec('region=eu,dt=2020-01-01'), LEGACY)).toEqual([
      18262,
      utf8('eu'),
    ])
    expect(partitionValues(fields, parsePartitionSpec('dt=18262'), LEGACY)).toEqual([
      18262,
      undefined,
    ])
    expect(
      partitionValues(fields, parsePartitionSpec('region=__DEFAULT_PARTITION__'), LEGACY),
    ).toEqual([undefined, null])
  })

  test('another column is refused with the nearest partition key', () => {
    expect(() => partitionValues(fields, new Map([['regoin', 'eu']]), LEGACY)).toThrow(
      expect.objectContaining({
        message: '"regoin" is no partition key (did you mean "region"?)',
        hint: 'the partition keys are dt, region',
      }),
    )
  })

  test('values survive the form that manifests store', () => {
    const values = [18262, utf8('a region with a long name')]
    expect(decodePartition(fields, encodePartition(fields, values))).toEqual(values)
    expect(decodePartition(fields, encodePartition(fields, [null, null]))).toEqual([null, null])
  })
})

test('partitions by bytes have a name only as a cast', () => {
  const type = parseType('BYTES')
  expect(partitionText(type, utf8('ab'), CAST)).toBe('ab')
  expect(() => partitionText(type, utf8('ab'), LEGACY)).toThrow(
    expect.objectContaining({ code: 'UNSUPPORTED' }),
  )
})

test('a table without partitions has an empty path', () => {
  expect(partitionPath([], [], LEGACY)).toBe('')
})
