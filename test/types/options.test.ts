import { describe, expect, test } from 'vitest'

import {
  CATALOG_OPTIONS,
  catalogOptions,
  knownTableOption,
  rawOptions,
  TABLE_OPTION_GROUPS,
  TABLE_OPTIONS,
  tableOptions,
  targetFileSizeBytes,
} from '../../src/types/options.ts'
import { decodeOption, encodeOption } from '../../src/types/options/codec.ts'
import type { OptionSpec } from '../../src/types/options/spec.ts'
import { fixture } from '../support/java-vectors.ts'

interface JavaOption {
  readonly catalog: boolean
  readonly name: string
  readonly type: string
  readonly default: string | null
  readonly immutable: boolean
  readonly aliases: readonly string[]
  readonly values: readonly string[]
}

const JAVA = fixture('options.json') as JavaOption[]
const SPECS = { ...TABLE_OPTIONS, ...CATALOG_OPTIONS } as Readonly<Record<string, OptionSpec>>

/** Java declares this one with the wrong type: its writer reads a boolean. */
const MISDECLARED = ['parquet.enable.dictionary']

/** Java's are those of docs/notes/0004: readers lose the metadata that they are reading, and not all can read snappy. */
const OTHER_DEFAULTS: Readonly<Record<string, string>> = {
  'metadata.iceberg.previous-versions-max': '5',
  'metadata.iceberg.manifest-compression': 'deflate',
}

describe('every option that Java declares is declared alike', () => {
  const plain = JAVA.filter(({ name }) => !name.includes('#') && !MISDECLARED.includes(name))

  test.each(plain)('$name', (java) => {
    const spec = SPECS[java.name]!
    const normal = (text: string) => encodeOption(spec.codec, decodeOption(spec.codec, text))
    const expected = OTHER_DEFAULTS[java.name] ?? java.default
    expect(spec.default === null ? null : normal(spec.default)).toBe(
      expected === null ? null : normal(expected),
    )
    expect(spec.immutable).toBe(java.immutable)
    // format-table.file.compression falls back to another option, which is no older name of it.
    const aliases = java.aliases.filter((alias) => !Object.hasOwn(SPECS, alias))
    expect(spec.aliases).toEqual(expect.arrayContaining(aliases))
    for (const value of java.values) expect(decodeOption(spec.codec, value)).toBe(value)
  })

  test('there are many', () => {
    expect(plain.length).toBeGreaterThan(280)
  })
})

test('declarations are complete and consistent', () => {
  for (const [name, spec] of Object.entries(SPECS)) {
    expect(`${name}: ${spec.summary}`).toMatch(/: [A-Z].*[.]$/)
    const defaults = spec.default === null ? [] : [spec.default]
    for (const text of defaults) expect(() => decodeOption(spec.codec, text)).not.toThrow()
    const values = Array.isArray(spec.implemented) ? (spec.implemented as string[]) : []
    for (const value of values) expect(() => decodeOption(spec.codec, value)).not.toThrow()
  }
  const grouped = Object.values(TABLE_OPTION_GROUPS).flatMap((group) => Object.keys(group))
  expect(grouped.toSorted()).toEqual(Object.keys(TABLE_OPTIONS).toSorted())
})

describe('typed access', () => {
  test('what is not set has its default', () => {
    const options = tableOptions({})
    expect(options.get('bucket')).toBe(-1)
    expect(options.get('merge-engine')).toBe('deduplicate')
    expect(options.get('manifest.target-file-size')).toBe(8 * 2 ** 20)
    expect(options.get('commit.max-retry-wait')).toBe(10_000)
    expect(options.get('write-buffer-spill.max-disk-size')).toBe(Infinity)
    expect(options.get('file.format.per.level')).toEqual({})
    expect(options.get('sequence.field')).toBeUndefined()
    expect(options.isSet('bucket')).toBe(false)
    expect(options.field('a', 'stats-mode')).toBeUndefined()
    expect(options.field('a', 'list-agg-delimiter')).toBe(',')
    expect(targetFileSizeBytes(options, true)).toBe(128 * 2 ** 20)
    expect(targetFileSizeBytes(options, false)).toBe(256 * 2 ** 20)
    expect(catalogOptions({}).get('metastore')).toBe('filesystem')
  })

  test('texts are read as Java reads them', () => {
    const options = tableOptions({
      bucket: '4',
      'merge-engine': 'DEDUPLICATE',
      'write-buffer-size': '64mb',
      'target-file-size': '1 kibibytes',
      'snapshot.time-retained': '90',
      'commit.timeout': '2 minutes',
      'write.compaction-skip': 'TRUE',
      'sequence.field': 'a, b',
      'file.format.per.level': "0:avro,'3:parquet'",
      'scan.watermark': '-9223372036854775808',
      'fields.a.stats-mode': 'full',
    })
    expect(options.get('bucket')).toBe(4)
    expect(options.get('merge-engine')).toBe('deduplicate')
    expect(options.get('write-buffer-size')).toBe(64 * 2 ** 20)
    expect(targetFileSizeBytes(options, true)).toBe(1024)
    expect(options.get('snapshot.time-retained')).toBe(90)
    expect(options.get('commit.timeout')).toBe(120_000)
    expect(options.get('write-only')).toBe(true)
    expect(options.isSet('write-only')).toBe(true)
    expect(options.get('sequence.field')).toEqual(['a', 'b'])
    expect(options.get('file.format.per.level')).toEqual({ 0: 'avro', 3: 'parquet' })
    expect(options.get('scan.watermark')).toBe(-(2n ** 63n))
    expect(options.field('a', 'stats-mode')).toBe('full')
  })

  test.each([
    ['bucket', 'four', 'option bucket: "four" is no whole number from -2 on'],
    ['bucket', '-3', 'option bucket: "-3" is no whole number from -2 on'],
    ['bucket', '99999999999', 'option bucket: "99999999999" is no whole number from -2 on'],
    ['write-only', 'yes', 'option write-only: "yes" is neither true nor false'],
    ['write-only', '__proto__', 'option write-only: "__proto__" is neither true nor false'],
    ['target-file-size', '1.5 mb', 'is no memory size such as "128 mb"'],
    ['target-file-size', '9999999999 tb', 'is no memory size such as "128 mb"'],
    ['commit.timeout', 'PT1H', 'is no duration such as "10 s"'],
    ['merge-engine', 'dedup', 'is none of deduplicate, partial-update, aggregation, first-row'],
    ['file.format.per.level', "0:'avro", 'is no list of KEY:VALUE pairs'],
    ['scan.snapshot-id', '-1', 'is no whole number from 0 on'],
  ] as const)('%s = %s is INVALID when it is asked for', (name, text, message) => {
    const options = tableOptions({ [name]: text })
    expect(() => options.get(name)).toThrow(expect.objectContaining({ code: 'INVALID' }))
    expect(() => options.get(name)).toThrow(message)
  })
})

describe('values become the text that is stored', () => {
  test.each([
    [{ bucket: 4 }, { bucket: '4' }],
    [{ 'write-only': true }, { 'write-only': 'true' }],
    [{ 'write-buffer-size': 64 * 2 ** 20 }, { 'write-buffer-size': '64 mb' }],
    [{ 'write-buffer-size': '64 mb' }, { 'write-buffer-size': '64 mb' }],
    [{ 'target-file-size': 1025 }, { 'target-file-size': '1025 bytes' }],
    [{ 'snapshot.time-retained': 3_600_000 }, { 'snapshot.time-retained': '1 h' }],
    [{ 'snapshot.time-retained': 90_500 }, { 'snapshot.time-retained': '90500 ms' }],
    [{ 'scan.watermark': 5 }, { 'scan.watermark': '5' }],
    [
      { 'file.format.per.level': { 0: 'avro', a: 'x:y' } },
      { 'file.format.per.level': "0:avro,'a:''x:y'''" },
    ],
    [{ 'fields.a.distinct': true }, { 'fields.a.distinct': 'true' }],
    [{ 'file-index.bloom-filter.a.fpp': 0.05 }, { 'file-index.bloom-filter.a.fpp': '0.05' }],
    [{ bucket: undefined }, {}],
  ])('%j', (given, expected) => {
    const raw = rawOptions(given)
    expect({ ...raw }).toEqual(expected)
    for (const [name, text] of Object.entries(raw)) {
      const { codec } = knownTableOption(name)!.spec
      expect(encodeOption(codec, decodeOption(codec, text))).toBe(text)
    }
  })

  test.each([{ bucket: 1.5 }, { bucket: -5 }, { 'write-only': 1 }, { 'unknown-option': {} }])(
    '%j is INVALID',
    (given) => {
      expect(() => rawOptions(given)).toThrow(expect.objectContaining({ code: 'INVALID' }))
    },
  )

  test('a name such as __proto__ changes no object', () => {
    const raw = rawOptions(JSON.parse('{"__proto__": "x"}') as Record<string, unknown>)
    expect(Object.keys(raw)).toEqual(['__proto__'])
    expect(tableOptions(raw).get('bucket')).toBe(-1)
  })
})
