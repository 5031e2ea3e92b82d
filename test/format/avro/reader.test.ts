import { describe, expect, test } from 'vitest'

import { readAvroHeader } from '../../../src/format/avro/block-source.ts'
import {
  decodeAvro,
  decodeAvroBatches,
  decodeAvroHeader,
  readAvro,
} from '../../../src/format/avro/reader.ts'
import { encodeAvro } from '../../../src/format/avro/writer.ts'
import { dropMemoryStore, MemoryFileIO } from '../../../src/io/memory.ts'
import type { Batch } from '../../../src/types/column.ts'
import type { DataField, DataType } from '../../../src/types/data-type.ts'
import { cellValue, type InternalValue, textOf, utf8 } from '../../../src/types/internal-value.ts'
import { parseType } from '../../../src/types/type-text.ts'
import { block, file, header, long, record, string } from '../../support/avro-bytes.ts'
import { avscFile, avscRows } from '../../support/avro-witness.ts'
import { columnOf } from '../../support/java-vectors.ts'

const field = (name: string, type: unknown): DataField => ({ id: 0, name, type: parseType(type) })

const rowsOf = (batch: Batch, fields: readonly DataField[]): InternalValue[][] =>
  Array.from({ length: batch.length }, (_, row) =>
    fields.map(({ type }, i) => cellValue(batch.columns[i]!, type, row)),
  )

/** The one value of a file with one row and one field `a`. */
function read(schema: unknown, bytes: readonly number[], type: unknown): InternalValue {
  const fields = [field('a', type)]
  return rowsOf(decodeAvro('f.avro', file(record({ a: schema }), 1, bytes), fields), fields)[0]![0]!
}

function float(value: number): number[] {
  return [...new Uint8Array(Float32Array.of(value).buffer)]
}

describe('fields are found by name', () => {
  test('in any order, and others are skipped', () => {
    const schema = record({
      a: 'long',
      skipped: { type: 'map', values: ['null', 'double', 'string'] },
      b: 'string',
      color: { type: 'enum', name: 'color', symbols: ['red', 'green'] },
      id: { type: 'fixed', name: 'id', size: 3 },
      inner: record({ x: 'float', y: ['null', 'long'], z: 'boolean' }, 'inner'),
      c: 'int',
    })
    const map = [...long(2), ...string('k'), 0, ...string('l'), 4, ...string('text'), 0]
    const row = [
      ...long(-5),
      ...map,
      ...string('hello'),
      2,
      1,
      2,
      3,
      ...float(1.5),
      2,
      ...long(1000),
      1,
      ...long(77),
    ]
    const fields = [field('c', 'INT'), field('b', 'STRING'), field('a', 'BIGINT')]
    const batch = decodeAvro('f.avro', file(schema, 2, [...row, ...row]), fields)
    const expected = [77, utf8('hello'), -5n]
    expect(rowsOf(batch, fields)).toEqual([expected, expected])
  })

  test('what the file lacks is null, at every depth', () => {
    const schema = record({
      a: record({ x: 'int' }, 'a'),
      list: { type: 'array', items: record({ x: 'int' }, 'item') },
    })
    const xy = {
      type: 'ROW',
      fields: [
        { id: 0, name: 'y', type: 'STRING' },
        { id: 1, name: 'x', type: 'INT' },
      ],
    }
    const fields = [
      field('missing', 'DECIMAL(20, 2)'),
      field('a', xy),
      field('list', { type: 'ARRAY', element: xy }),
      field('gone', xy),
    ]
    const batch = decodeAvro(
      'f.avro',
      file(schema, 1, [...long(1), ...long(1), ...long(2), 0]),
      fields,
    )
    expect(rowsOf(batch, fields)).toEqual([[null, [null, 1], [[null, 2]], null]])
  })

  test('several fields that the file lacks may share a name', () => {
    const fields = [field('', 'INT'), field('a', 'INT'), field('', 'STRING')]
    const batch = decodeAvro('f.avro', file(record({ a: 'int' }), 2, [2, 4]), fields)
    expect(batch.columns.map(({ length }) => length)).toEqual([2, 2, 2])
    expect(rowsOf(batch, fields)).toEqual([
      [null, 1, null],
      [null, 2, null],
    ])
  })

  test('a NOT NULL field that the file lacks, and one that is null, are damage', () => {
    const bytes = file(record({ a: 'int' }), 0, [])
    expect(() => decodeAvro('f.avro', bytes, [field('b', 'INT NOT NULL')])).toThrow(
      /the Avro record r has no field "b", in f.avro/,
    )
    expect(() => read(['null', 'int'], [0], 'INT NOT NULL')).toThrow(/a is null/)
    expect(() => read('null', [], 'INT NOT NULL')).toThrow(/a is null/)
    expect(read('null', [], 'INT')).toBe(null)
  })

  test('no fields at all still count the rows', () => {
    expect(decodeAvro('f.avro', file(record({ a: 'int' }), 3, [2, 4, 6]), []).length).toBe(3)
  })
})

describe('types', () => {
  test.each<[unknown, number[], unknown, InternalValue]>([
    ['int', long(-3), 'BIGINT', -3n],
    ['int', long(7), 'DOUBLE', 7],
    ['int', long(7), 'FLOAT', 7],
    ['long', long(2n ** 40n), 'DOUBLE', 2 ** 40],
    ['long', long(-(2n ** 63n)), 'BIGINT', -(2n ** 63n)],
    ['long', long(2n ** 63n - 1n), 'BIGINT', 2n ** 63n - 1n],
    ['float', float(0.5), 'DOUBLE', 0.5],
    ['bytes', string('abc'), 'STRING', utf8('abc')],
    ['string', string('abc'), 'BYTES', utf8('abc')],
    [{ type: 'fixed', name: 'f', size: 2 }, [8, 9], 'BYTES', Uint8Array.of(8, 9)],
    [['null', 'int'], [2, ...long(5)], 'INT', 5],
    [['null', 'int'], [0], 'INT', null],
    [['int', 'null'], [0, ...long(5)], 'INT', 5],
    [['int', 'null'], [2], 'INT', null],
    [['int'], [0, ...long(5)], 'INT NOT NULL', 5],
    [['null', 'int'], [2, ...long(5)], 'INT NOT NULL', 5],
    ['int', long(-128), 'TINYINT', -128],
    ['int', long(20000), 'DATE', 20000],
    [{ type: 'long', logicalType: 'local-timestamp-micros' }, long(-1), 'TIMESTAMP(6)', -1n],
    [{ type: 'long', logicalType: 'timestamp-millis' }, long(-1), 'TIMESTAMP(6)', -1000n],
    [{ type: 'long', logicalType: 'timestamp-micros' }, long(5), 'TIMESTAMP_LTZ(9)', 5000n],
    [
      { type: 'bytes', logicalType: 'decimal', precision: 4, scale: 2 },
      string([0xff, 0x7f]),
      'DECIMAL(6, 2)',
      -129n,
    ],
    [
      { type: 'bytes', logicalType: 'decimal', precision: 4, scale: 2 },
      string([...Array(20).fill(0xff), 0x80]),
      'DECIMAL(4, 2)',
      -128n,
    ],
    [
      { type: 'fixed', name: 'f', size: 3, logicalType: 'decimal', precision: 4, scale: 2 },
      [0, 1, 0],
      'DECIMAL(4, 2)',
      256n,
    ],
    [{ type: 'long', logicalType: 'no-such-type' }, long(1), 'BIGINT', 1n],
    [{ type: 'long', logicalType: 'timestamp-millis' }, long(1), 'BIGINT', 1n],
    [
      { type: 'array', items: 'int' },
      [...long(3), 2, 4, 6, 0],
      { type: 'VECTOR', element: 'INT', length: 3 },
      [1, 2, 3],
    ],
  ])('%j with %j reads as %j', (schema, bytes, type, expected) => {
    expect(read(schema, bytes, type)).toEqual(expected)
  })

  test.each<[unknown, unknown]>([
    ['long', 'INT'],
    ['double', 'FLOAT'],
    ['int', 'STRING'],
    ['string', 'INT'],
    ['boolean', 'INT'],
    ['int', 'BOOLEAN'],
    ['long', 'TIMESTAMP(3)'],
    ['long', 'DATE'],
    [{ type: 'int', logicalType: 'time-millis' }, 'DATE'],
    [{ type: 'long', logicalType: 'timestamp-micros' }, 'TIMESTAMP(3)'],
    [{ type: 'long', logicalType: 'time-micros' }, 'TIME(3)'],
    ['bytes', 'DECIMAL(4, 2)'],
    [{ type: 'bytes', logicalType: 'decimal', precision: 4, scale: 1 }, 'DECIMAL(4, 2)'],
    [{ type: 'bytes', logicalType: 'decimal', precision: 4, scale: 2 }, 'BYTES'],
    [['null', 'int', 'string'], 'INT'],
    [['int', 'string'], 'INT'],
    [{ type: 'enum', name: 'e', symbols: ['a'] }, 'STRING'],
    [
      { type: 'array', items: 'int' },
      { type: 'MAP', key: 'STRING', value: 'INT' },
    ],
    [
      { type: 'map', values: 'int' },
      { type: 'MAP', key: 'INT', value: 'INT' },
    ],
    [
      { type: 'map', values: 'int' },
      { type: 'ARRAY', element: 'INT' },
    ],
    ['bytes', 'VARIANT'],
    [record({ value: 'bytes', metadata: 'bytes' }, 'v'), 'VARIANT'],
  ])('%j cannot be read as %j', (schema, type) => {
    const bytes = file(record({ a: schema }), 0, [])
    expect(() => decodeAvro('f.avro', bytes, [field('a', type)])).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', path: 'f.avro' }),
    )
  })

  test.each<[string, unknown, number[], unknown]>([
    ['does not fit 32 bits', 'int', long(2 ** 31), 'INT'],
    ['is not between', 'int', long(128), 'TINYINT'],
    ['is not between', 'int', long(-32769), 'SMALLINT'],
    ['neither 0 nor 1', 'boolean', [2], 'BOOLEAN'],
    ['no branch 2', ['null', 'int'], [4], 'INT'],
    ['no branch -1', ['null', 'int'], [1], 'INT'],
    [
      'more digits',
      { type: 'bytes', logicalType: 'decimal', precision: 2, scale: 0 },
      string([100]),
      'DECIMAL(2, 0) NOT NULL',
    ],
    [
      'more digits',
      { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 0 },
      string([0x80, ...Array(15).fill(0)]),
      'DECIMAL(38, 0) NOT NULL',
    ],
    [
      '128 bits',
      { type: 'bytes', logicalType: 'decimal', precision: 38, scale: 0 },
      string([0, 0x80, ...Array(15).fill(0)]),
      'DECIMAL(38, 0)',
    ],
    [
      'no bytes',
      { type: 'bytes', logicalType: 'decimal', precision: 2, scale: 0 },
      string([]),
      'DECIMAL(2, 0)',
    ],
    [
      'vector of 2',
      { type: 'array', items: 'int' },
      [...long(3), 2, 4, 6, 0],
      { type: 'VECTOR', element: 'INT', length: 2 },
    ],
    [
      'out of range',
      { type: 'long', logicalType: 'timestamp-millis' },
      long(2n ** 62n),
      'TIMESTAMP(6)',
    ],
  ])('a value that %s is damage', (message, schema, bytes, type) => {
    expect(() => read(schema, bytes, type)).toThrow(
      expect.objectContaining({ code: 'CORRUPT', message: expect.stringContaining(message) }),
    )
  })

  test('a decimal of more digits than its type, as Java writes sums, is null', () => {
    const schema = { type: 'bytes', logicalType: 'decimal', precision: 2, scale: 0 }
    expect(read(schema, string([99]), 'DECIMAL(2, 0)')).toBe(99n)
    expect(read(schema, string([100]), 'DECIMAL(2, 0)')).toBe(null)
    expect(read(schema, string([0x9c]), 'DECIMAL(2, 0)')).toBe(null)
  })
})

describe('arrays and maps', () => {
  const runs = [...long(2), 2, 4, ...long(-1), ...long(1), 6, ...long(1), 8, 0]

  test('come in several runs, with and without their size', () => {
    expect(read({ type: 'array', items: 'int' }, runs, { type: 'ARRAY', element: 'INT' })).toEqual([
      1, 2, 3, 4,
    ])
    const map = [...long(-1), ...long(3), ...string('k'), 6, ...long(1), ...string('l'), 8, 0]
    expect(
      read({ type: 'map', values: 'int' }, map, { type: 'MAP', key: 'STRING', value: 'INT' }),
    ).toEqual([
      [utf8('k'), 3],
      [utf8('l'), 4],
    ])
    expect(
      read({ type: 'map', values: 'int' }, map, { type: 'MULTISET', element: 'STRING' }),
    ).toEqual([
      [utf8('k'), 3],
      [utf8('l'), 4],
    ])
  })

  test('are skipped by run, by size where it is stored', () => {
    const schema = record({ skipped: { type: 'array', items: 'int' }, a: 'int' })
    const sized = [...long(-3), ...long(2), 99, 98, 0]
    const fields = [field('a', 'INT')]
    for (const items of [runs, sized])
      expect(
        rowsOf(decodeAvro('f.avro', file(schema, 1, [...items, ...long(9)]), fields), fields),
      ).toEqual([[9]])
  })

  test('must take the bytes that a run says', () => {
    for (const size of [1, 3, 4]) {
      const bytes = [...long(-2), ...long(size), 2, 4, 0, 0]
      expect(() =>
        read({ type: 'array', items: 'int' }, bytes, { type: 'ARRAY', element: 'INT' }),
      ).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
    }
  })

  test('a map of keys that are no strings is an array of records, by field name', () => {
    const entry = record({ value: 'string', key: 'int', extra: 'int' }, 'entry')
    const bytes = [...long(1), ...string('v'), ...long(5), ...long(6), 0]
    const type = { type: 'MAP', key: 'INT', value: 'STRING' }
    expect(read({ type: 'array', items: entry }, bytes, type)).toEqual([[5, utf8('v')]])
  })
})

test('named types can be referred to, within the namespace and by their full name', () => {
  const schema = {
    type: 'record',
    name: 'root',
    namespace: 'a.b',
    fields: [
      { name: 'x', type: record({ i: 'int' }, 'inner') },
      { name: 'y', type: 'inner' },
      { name: 'z', type: ['null', 'a.b.inner'] },
    ],
  }
  const inner: DataType = { kind: 'ROW', nullable: true, fields: [field('i', 'INT')] }
  const fields = ['x', 'y', 'z'].map((name, id) => ({ id, name, type: inner }))
  const batch = decodeAvro('f.avro', file(schema, 1, [2, 4, 2, 6]), fields)
  expect(rowsOf(batch, fields)).toEqual([[[1], [2], [3]]])
})

test('a file of avsc reads as avsc reads it', async () => {
  const schema = record({
    n: 'long',
    s: ['null', 'string'],
    list: { type: 'array', items: ['null', 'double'] },
    map: { type: 'map', values: 'bytes' },
  })
  const rows = Array.from({ length: 3000 }, (_, i) => ({
    n: BigInt(i) * 123456789n - 5n,
    s: i % 3 === 0 ? null : `text ${i}`,
    list: Array.from({ length: i % 4 }, (_item, k) => (k === 1 ? null : i / 4)),
    map: i % 2 === 0 ? {} : { [`k${i}`]: Buffer.from([i & 255]) },
  }))
  const fields = [
    field('n', 'BIGINT'),
    field('s', 'STRING'),
    field('list', { type: 'ARRAY', element: 'DOUBLE' }),
    field('map', { type: 'MAP', key: 'STRING', value: 'BYTES' }),
  ]
  for (const codec of ['null', 'deflate', 'zstandard']) {
    const bytes = await avscFile(schema, rows, codec)
    const batches = [...decodeAvroBatches('f.avro', bytes, fields, { batchRows: 700 })]
    expect(batches.map(({ length }) => length)).toEqual([700, 700, 700, 700, 200])
    expect(batches.flatMap((batch) => rowsOf(batch, fields))).toEqual(
      rows.map(({ n, s, list, map }) => [
        n,
        s === null ? null : utf8(s),
        list,
        Object.entries(map).map(([key, value]) => [utf8(key), new Uint8Array(value)]),
      ]),
    )
    expect((await avscRows(bytes)).length).toBe(3000)
  }
})

test('the header gives the metadata and the schema', () => {
  const bytes = Uint8Array.from(
    header(record({ a: 'int' }), { 'avro.codec': 'deflate', mine: 'value' }),
  )
  const { metadata, record: root, codec } = decodeAvroHeader('f.avro', bytes)
  expect([textOf(metadata.get('mine')!), root.fields.length, codec]).toEqual([
    'value',
    1,
    'deflate',
  ])
})

async function withFile(
  bytes: Uint8Array,
  body: (io: MemoryFileIO, path: string) => Promise<void>,
): Promise<void> {
  const io = new MemoryFileIO()
  const path = 'memory://avro-reader/f.avro'
  try {
    await io.write(path, bytes)
    await body(io, path)
  } finally {
    await io.close()
    dropMemoryStore('avro-reader')
  }
}

describe('a stored file', () => {
  const fields = [field('id', 'BIGINT NOT NULL'), field('text', 'STRING')]
  const rowCount = 12_000
  const ids = Array.from({ length: rowCount }, (_, i) => BigInt(i))
  // Values that do not compress make a file of several pieces.
  let state = 1
  const texts = ids.map((id) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return id % 5n === 0n ? null : utf8(`${id} ${state.toString(36).repeat(1 + (state % 160))}`)
  })
  const columns = [columnOf(fields[0]!.type, ids), columnOf(fields[1]!.type, texts)]
  const batch = { length: rowCount, columns }

  test.each(['null', 'zstandard', 'snappy', 'deflate'] as const)(
    'of %s blocks gives its rows in batches',
    async (codec) => {
      for (const blockBytes of [3_000, 300_000]) {
        const bytes = encodeAvro(fields, [batch], { codec, blockBytes })
        await withFile(bytes, async (io, path) => {
          const batches = await Array.fromAsync(readAvro(io, path, fields, { batchRows: 5_000 }))
          expect(batches.map(({ length }) => length)).toEqual([5_000, 5_000, 2_000])
          expect(
            batches.flatMap((part) => rowsOf(part, fields)).map(([id, text]) => [id, text]),
          ).toEqual(ids.map((id, i) => [id, texts[i]]))
        })
      }
    },
  )

  test('of one block and of none', async () => {
    await withFile(
      encodeAvro(fields, [batch], { blockBytes: 2 ** 30, codec: 'null' }),
      async (io, path) => {
        expect((await io.stat(path))!.sizeBytes).toBeGreaterThan(4_500_000)
        const lengths = await Array.fromAsync(readAvro(io, path, []), ({ length }) => length)
        expect(lengths).toEqual([12_000])
      },
    )
    await withFile(encodeAvro(fields, []), async (io, path) => {
      expect(await Array.fromAsync(readAvro(io, path, fields))).toEqual([])
    })
  })

  test('with a header longer than a piece is read', async () => {
    const filler = new Uint8Array(5_000_000)
    const head = header(record({ a: 'int' }), { 'avro.codec': 'null', filler: '' })
    // The header ends with the length of the filler, the end of the metadata and the marker.
    const bytes = Buffer.concat([
      Uint8Array.from([...head.slice(0, -18), ...long(filler.length)]),
      filler,
      Uint8Array.from([...head.slice(-17), ...block(2, [2, 4])]),
    ])
    await withFile(bytes, async (io, path) => {
      const { record: root, metadata } = await readAvroHeader(io, path)
      expect([root.fields.length, metadata.get('filler')!.length]).toEqual([1, 5_000_000])
      const batches = await Array.fromAsync(readAvro(io, path, [field('a', 'INT')]))
      expect(batches.flatMap((part) => rowsOf(part, [field('a', 'INT')]))).toEqual([[1], [2]])
    })
  })

  test('that is cut or not there is an error that names it, after the rows before', async () => {
    const bytes = encodeAvro(fields, [batch])
    await withFile(bytes.subarray(0, bytes.length - 1), async (io, path) => {
      const batches = readAvro(io, path, fields, { batchRows: 100 })
      expect((await batches.next()).value!.length).toBe(100)
      const rest = Array.fromAsync(batches)
      await expect(rest).rejects.toMatchObject({ code: 'CORRUPT', path })
      const missing = 'memory://avro-reader/missing'
      await expect(readAvroHeader(io, missing)).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await io.write(missing, bytes.subarray(0, 100))
      await expect(readAvroHeader(io, missing)).rejects.toMatchObject({ code: 'CORRUPT' })
      await io.delete(missing)
      await expect(Array.fromAsync(readAvro(io, missing, fields))).rejects.toMatchObject({
        code: 'NOT_FOUND',
        path: missing,
      })
    })
  })

  test('stops when the signal fires', async () => {
    await withFile(encodeAvro(fields, [batch]), async (io, path) => {
      const signal = AbortSignal.abort()
      const batches = readAvro(io, path, fields, { signal })
      await expect(batches.next()).rejects.toMatchObject({ code: 'ABORTED' })
    })
  })
})
