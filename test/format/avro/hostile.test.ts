import { basename } from 'node:path'
import { zstdCompressSync } from 'node:zlib'

import { describe, expect, test } from 'vitest'

import { parseAvroHeader } from '../../../src/format/avro/container.ts'
import { decodeAvro, readAvro } from '../../../src/format/avro/reader.ts'
import { parseAvroSchema } from '../../../src/format/avro/schema.ts'
import { compress } from '../../../src/format/codec.ts'
import { dropMemoryStore, MemoryFileIO } from '../../../src/io/memory.ts'
import type { DataField } from '../../../src/types/data-type.ts'
import { parseType } from '../../../src/types/type-text.ts'
import { LakeError } from '../../../src/util/errors.ts'
import { block, file, header, long, record, SYNC } from '../../support/avro-bytes.ts'
import { fieldsOfAvro, goldenAvroFiles, rawRows, readGolden } from '../../support/avro-witness.ts'

const field = (type: unknown, name = 'a'): DataField => ({ id: 0, name, type: parseType(type) })
const INTS = { type: 'array', items: 'int' }
const INT_ARRAY = field({ type: 'ARRAY', element: 'INT' })

/** The code of the error that decoding ends with, or `decoded`; anything but a LakeError that names the file fails. */
function outcome(bytes: Uint8Array, fields: readonly DataField[]): string {
  try {
    decodeAvro('f.avro', bytes, fields)
    return 'decoded'
  } catch (error) {
    if (error instanceof LakeError && error.path === 'f.avro') return error.code
    throw error
  }
}

describe('a value that lies', () => {
  const huge = [2n ** 50n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 50n), 2n ** 31n, 1000n]
  const cases: [string, unknown, number[], DataField][] = [
    ...huge.map((count): [string, unknown, number[], DataField] => [
      `an array of ${count} items`,
      INTS,
      [...long(count), 2, 4, 6],
      INT_ARRAY,
    ]),
    [
      'a map of 2^40 entries',
      { type: 'map', values: 'int' },
      long(2n ** 40n),
      field({ type: 'MAP', key: 'STRING', value: 'INT' }),
    ],
    ['an array run of a negative size', INTS, [...long(-1), ...long(-1), 2, 0], INT_ARRAY],
    ['an array run of a size beyond the end', INTS, [...long(-1), ...long(100), 2, 0], INT_ARRAY],
    ['an array without an end', INTS, [...long(1), 2], INT_ARRAY],
    ['a string of 2^40 bytes', 'string', long(2n ** 40n), field('STRING')],
    ['a string of negative length', 'string', long(-1), field('STRING')],
    ['a string beyond the end', 'string', [...long(4), 65, 65, 65], field('STRING')],
    ['a number of eleven bytes', 'long', [...Array(10).fill(0x80), 1], field('BIGINT')],
    ['a number of more than 64 bits', 'long', [...Array(9).fill(0xff), 2], field('BIGINT')],
    ['a number without an end', 'long', [0x80, 0x80], field('BIGINT')],
    [
      'a fixed beyond the end',
      { type: 'fixed', name: 'x', size: 2 ** 31 - 1 },
      [1, 2],
      field('BYTES'),
    ],
    ['a float beyond the end', 'float', [1, 2], field('FLOAT')],
    ['bytes after the row', 'int', [2, 2], field('INT')],
    ['no bytes', 'int', [], field('INT')],
  ]

  test.each(cases)('as %s is CORRUPT, read or skipped', (_, schema, bytes, wanted) => {
    const damaged = file(record({ a: schema }), 1, bytes)
    expect(outcome(damaged, [wanted])).toBe('CORRUPT')
    expect(outcome(damaged, [])).toBe('CORRUPT')
  })

  test('as many items of no bytes is refused', () => {
    for (const items of ['null', record({}, 'nothing'), { type: 'fixed', name: 'x', size: 0 }]) {
      const schema = record({ a: { type: 'array', items } })
      const few = file(schema, 1, [...long(60_000), 0])
      const many = file(schema, 1, [...long(2n ** 40n), 0])
      const runs = file(schema, 1, [...long(60_000), ...long(60_000), 0])
      const rows = file(record({ a: items }), 2n ** 40n, [])
      expect(outcome(few, [])).toBe('decoded')
      for (const bytes of [many, runs, rows]) expect(outcome(bytes, [])).toBe('UNSUPPORTED')
      expect(outcome(many, [INT_ARRAY])).toBe('UNSUPPORTED')
    }
  })

  test('and nulls of no bytes are items like others', () => {
    const bytes = file(record({ a: { type: 'array', items: 'null' } }), 1, [...long(3), 0])
    expect(outcome(bytes, [INT_ARRAY])).toBe('decoded')
  })

  test('as more than 16 million items in a row is refused', () => {
    const count = 2 ** 24 + 1
    const rows = Buffer.concat([Uint8Array.from(long(count)), Buffer.alloc(count + 1)])
    const compressed = [...zstdCompressSync(rows)]
    const head = header(record({ a: INTS }), { 'avro.codec': 'zstandard' })
    const bytes = Uint8Array.from([...head, ...block(1, compressed)])
    expect(outcome(bytes, [INT_ARRAY])).toBe('UNSUPPORTED')
  })
})

describe('a block that lies', () => {
  const schema = record({ a: 'int' })
  const head = header(schema)
  test.each<[string, number[]]>([
    ['a negative row count', block(-1, [2])],
    ['more rows than bytes', block(3, [2, 4])],
    ['2^62 rows', block(2n ** 62n, [2, 4])],
    ['fewer rows than bytes', block(1, [2, 4])],
    ['a negative size', [...long(1), ...long(-1), 2, ...SYNC]],
    ['a size beyond the end', [...long(1), ...long(100), 2, ...SYNC]],
    ['a size of 2^62', [...long(1), ...long(2n ** 62n), 2, ...SYNC]],
    ['another marker', [...long(1), ...long(1), 2, ...SYNC.toReversed()]],
    ['no marker', [...long(1), ...long(1), 2]],
    ['half a marker', [...long(1), ...long(1), 2, ...SYNC.slice(8)]],
  ])('with %s is CORRUPT', async (_, bytes) => {
    const damaged = Uint8Array.from([...head, ...block(1, [2]), ...bytes])
    expect(outcome(damaged, [field('INT')])).toBe('CORRUPT')
    const io = new MemoryFileIO()
    const path = 'memory://avro-hostile/f.avro'
    await io.write(path, damaged)
    await expect(Array.fromAsync(readAvro(io, path, [field('INT')]))).rejects.toMatchObject({
      code: 'CORRUPT',
      path,
    })
    dropMemoryStore('avro-hostile')
  })

  test('about its codec is CORRUPT', () => {
    for (const codec of ['zstandard', 'snappy', 'deflate']) {
      const bytes = [...header(schema, { 'avro.codec': codec }), ...block(1, [2])]
      expect(outcome(Uint8Array.from(bytes), [field('INT')])).toBe('CORRUPT')
    }
  })

  test('and decompresses to more than the limit is CORRUPT', () => {
    const bomb = compress('zstd', new Uint8Array(257 * 1024 * 1024))
    const bytes = [...header(schema, { 'avro.codec': 'zstandard' }), ...block(1, [...bomb])]
    expect(outcome(Uint8Array.from(bytes), [field('INT')])).toBe('CORRUPT')
  })
})

const code = (bytes: readonly number[]): string => outcome(Uint8Array.from(bytes), [])

describe('a header', () => {
  test('that is none, or cut, is CORRUPT', () => {
    const whole = header(record({ a: 'int' }))
    for (let length = 0; length < whole.length; length++)
      expect(code(whole.slice(0, length))).toBe('CORRUPT')
    expect(code(whole)).toBe('decoded')
    expect(code([0x50, 0x41, 0x52, 0x31, ...whole.slice(4)])).toBe('CORRUPT')
    expect(code([...whole.slice(0, 4), ...long(2n ** 40n)])).toBe('CORRUPT')
    expect(code([...whole.slice(0, 4), 0, ...SYNC])).toBe('CORRUPT')
  })

  test('with a codec or rows that cannot be read is UNSUPPORTED', () => {
    for (const codec of ['bzip2', 'xz', 'lz4', '__proto__', ''])
      expect(code(header(record({ a: 'int' }), { 'avro.codec': codec }))).toBe('UNSUPPORTED')
    for (const root of [
      '"int"',
      '{"type":"array","items":"int"}',
      '["null","int"]',
      '["int","string","null"]',
    ])
      expect(code(header(root))).toBe('UNSUPPORTED')
  })
})

function codeOf(text: string): string {
  try {
    parseAvroSchema(text)
    return 'parsed'
  } catch (error) {
    if (error instanceof LakeError) return error.code
    throw error
  }
}

const nested = (depth: number): string =>
  `${'{"type":"array","items":'.repeat(depth)}"int"${'}'.repeat(depth)}`

describe('a schema', () => {
  test.each([
    '',
    '{',
    'null',
    '5',
    '{}',
    '[]',
    '"nothing"',
    '"toString"',
    '{"type":"record"}',
    '{"type":"record","name":"r"}',
    '{"type":"record","name":"","fields":[]}',
    '{"type":"record","name":5,"fields":[]}',
    '{"type":"record","name":"r","fields":[5]}',
    '{"type":"record","name":"r","fields":[{"type":"int"}]}',
    '{"type":"record","name":"r","fields":[{"name":"a"}]}',
    '{"type":"record","name":"r","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}',
    '{"type":"record","name":"r","fields":[{"name":"a","type":{"type":"record","name":"r","fields":[]}}]}',
    '[["int"]]',
    '{"type":"array"}',
    '{"type":"map"}',
    '{"type":"fixed","name":"f"}',
    '{"type":"fixed","name":"f","size":-1}',
    '{"type":"fixed","name":"f","size":1e300}',
    '{"type":"fixed","name":"f","size":1.5}',
    '{"type":"enum","name":"f"}',
    '[{"type":"fixed","name":"f","size":1},{"type":"fixed","name":"f","size":1}]',
  ])('that is %s is CORRUPT', (text) => {
    expect(codeOf(text)).toBe('CORRUPT')
  })

  test('that holds itself is refused with the reason', () => {
    const text = JSON.stringify(record({ next: ['null', 'r'] }))
    expect(() => parseAvroSchema(text)).toThrow(/r holds itself/)
    expect(codeOf(text)).toBe('UNSUPPORTED')
  })

  test('may nest 64 deep and no deeper', () => {
    expect(codeOf(nested(64))).toBe('parsed')
    expect(codeOf(nested(65))).toBe('UNSUPPORTED')
    expect(['UNSUPPORTED', 'CORRUPT']).toContain(codeOf(nested(100_000)))
    expect(['UNSUPPORTED', 'CORRUPT']).toContain(codeOf('['.repeat(1_000_000)))
  })

  test('whose references multiply is refused', () => {
    let inner: unknown = record({}, 'r0')
    for (let i = 1; i < 30; i++) inner = record({ a: inner, b: `r${i - 1}` }, `r${i}`)
    expect(codeOf(JSON.stringify(inner))).toBe('UNSUPPORTED')
    const wide = Array.from({ length: 100_001 }, (_, i) => ({ name: `f${i}`, type: 'int' }))
    expect(codeOf(JSON.stringify({ type: 'record', name: 'r', fields: wide }))).toBe('UNSUPPORTED')
  })

  test('with fields named as properties of objects is read as any other', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
    const schema = `{"type":"record","name":"constructor","fields":[${names.map((name) => `{"name":"${name}","type":"int"}`).join(',')}]}`
    const bytes = Uint8Array.from([...header(schema), ...block(1, [2, 4, 6, 8])])
    const fields = names.toReversed().map((name) => field('INT', name))
    const { columns } = decodeAvro('f.avro', bytes, fields)
    expect(columns.map((column) => column.layout === 'fixed' && column.values[0])).toEqual([
      4, 3, 2, 1,
    ])
    expect(outcome(bytes, [field('INT', 'valueOf')])).toBe('decoded')
  })
})

function randomOf(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

describe('every golden file', () => {
  const files = goldenAvroFiles().map((path) => {
    const bytes = readGolden(path)
    const { metadata, sizeBytes } = parseAvroHeader(bytes)
    const schema = new TextDecoder().decode(metadata.get('avro.schema'))
    return { path, bytes, sizeBytes, fields: fieldsOfAvro(JSON.parse(schema) as object) }
  })
  /** One file of each kind, with rows. */
  const kinds = new Map(
    files
      .filter(({ bytes, sizeBytes }) => bytes.length > sizeBytes)
      .map((entry) => [
        basename(entry.path).replace(/[0-9a-f]{8}-.*?(-m\d)?(\.avro|$)/, '$1$2'),
        entry,
      ]),
  )

  test('there are several kinds', () => {
    expect([...kinds.keys()].toSorted()).toEqual([
      '-m1.avro',
      '-m2.avro',
      'data-.avro',
      'index-manifest-',
      'manifest-',
      'manifest-list-',
      'snap-1-.avro',
      'snap-2-.avro',
    ])
  })

  test('cut at any length is CORRUPT', () => {
    const random = randomOf(1)
    const decoded: string[] = []
    const cut = ({ path, bytes, sizeBytes, fields }: (typeof files)[0], length: number): void => {
      const result = outcome(bytes.subarray(0, length), fields)
      // What ends with its header is a file without rows.
      if (result !== 'CORRUPT' && length !== sizeBytes) decoded.push(`${path} ${length} ${result}`)
    }
    for (const entry of kinds.values())
      for (let length = 0; length < entry.bytes.length; length++) cut(entry, length)
    for (const entry of files)
      for (let run = 0; run < 12; run++) cut(entry, random(entry.bytes.length))
    expect(decoded).toEqual([])
  })

  test('with changed bytes is an error that names it, or decodes', () => {
    const random = randomOf(42)
    const codes = new Map<string, number>()
    for (const { bytes, sizeBytes, fields } of files) {
      for (let run = 0; run < 12; run++) {
        const damaged = bytes.slice()
        const from = random(3) === 0 ? 0 : sizeBytes
        for (let edits = 1 + random(3); edits > 0 && from < bytes.length; edits--)
          damaged[from + random(bytes.length - from)] = random(4) === 0 ? 0xff : random(256)
        if (random(4) === 0) {
          const length = random(50)
          damaged.copyWithin(random(bytes.length), random(bytes.length), length)
        }
        const result = outcome(damaged, fields)
        codes.set(result, (codes.get(result) ?? 0) + 1)
      }
    }
    expect([...codes.keys()].toSorted()).toEqual(['CORRUPT', 'UNSUPPORTED', 'decoded'])
    expect(codes.get('CORRUPT')).toBeGreaterThan(1000)
  })

  test('with changed rows, but good blocks, is an error that names it, or decodes', () => {
    const random = randomOf(7)
    const codes = new Map<string, number>()
    for (const { bytes, fields } of kinds.values()) {
      const schema = new TextDecoder().decode(parseAvroHeader(bytes).metadata.get('avro.schema'))
      const rows = rawRows(bytes)
      const rowCount = decodeAvro('f.avro', bytes, fields).length
      for (let run = 0; run < 400; run++) {
        const damaged = [...rows]
        for (let edits = 1 + random(3); edits > 0; edits--)
          damaged[random(damaged.length)] = random(2) === 0 ? 0x80 + random(128) : random(256)
        const whole = Uint8Array.from([...header(schema), ...block(rowCount, damaged)])
        const result = outcome(whole, fields)
        codes.set(result, (codes.get(result) ?? 0) + 1)
        outcome(whole, fields.slice(1, 3))
      }
    }
    expect([...codes.keys()].toSorted()).toEqual(['CORRUPT', 'decoded'])
    expect(codes.get('CORRUPT')).toBeGreaterThan(500)
  })
})
