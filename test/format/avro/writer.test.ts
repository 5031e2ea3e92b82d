import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { checkSync, parseAvroHeader, parseBlockHead } from '../../../src/format/avro/container.ts'
import { decodeAvro } from '../../../src/format/avro/reader.ts'
import { rowSchema } from '../../../src/format/avro/row-schema.ts'
import { avroCodec, AvroWriter, encodeAvro } from '../../../src/format/avro/writer.ts'
import { MemoryFileIO } from '../../../src/io/memory.ts'
import type { Batch } from '../../../src/types/column.ts'
import type { DataField, DataType } from '../../../src/types/data-type.ts'
import { cellValue, type InternalValue, utf8 } from '../../../src/types/internal-value.ts'
import { parseType } from '../../../src/types/type-text.ts'
import { avscRows, sortedEntries, witnessValue } from '../../support/avro-witness.ts'
import { columnOf } from '../../support/java-vectors.ts'

const CODECS = ['zstandard', 'snappy', 'deflate', 'null'] as const

const rowsOf = (batch: Batch, fields: readonly DataField[]): InternalValue[][] =>
  Array.from({ length: batch.length }, (_, row) =>
    fields.map(({ type }, i) => cellValue(batch.columns[i]!, type, row)),
  )

const batchOf = (fields: readonly DataField[], rows: readonly InternalValue[][]): Batch => ({
  length: rows.length,
  columns: fields.map(({ type }, i) =>
    columnOf(
      type,
      rows.map((row) => row[i]!),
    ),
  ),
})

const ATOMIC = (
  'BOOLEAN TINYINT SMALLINT INT BIGINT FLOAT DOUBLE DATE TIME(3) CHAR(5) STRING BYTES DECIMAL(9,2) ' +
  'DECIMAL(38,10) TIMESTAMP(3) TIMESTAMP(6) TIMESTAMP_LTZ(6)'
)
  .split(' ')
  .map((text) => parseType(text))

const { type: anyType } = fc.letrec<{ type: DataType; inner: DataType }>((tie) => ({
  type: fc
    .tuple(tie('inner'), fc.boolean())
    .map(([inner, nullable]): DataType => ({ ...inner, nullable })),
  inner: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom(...ATOMIC),
    tie('type').map((element): DataType => ({ kind: 'ARRAY', nullable: true, element })),
    fc
      .tuple(fc.constantFrom('STRING', 'INT', 'TIMESTAMP(3)', 'BYTES'), tie('type'))
      .map(([key, value]): DataType => ({
        kind: 'MAP',
        nullable: true,
        key: parseType(`${key} NOT NULL`),
        value,
      })),
    fc
      .array(tie('type'), { minLength: 1, maxLength: 3 })
      .map((types): DataType => ({ kind: 'ROW', nullable: true, fields: fieldsOf(types) })),
    fc.constant<DataType>({
      kind: 'MULTISET',
      nullable: true,
      element: parseType('STRING NOT NULL'),
    }),
  ),
}))

function fieldsOf(types: readonly DataType[]): DataField[] {
  return types.map((type, id) => ({ id, name: `f${id}`, type }))
}

function anyValue(type: DataType): fc.Arbitrary<InternalValue> {
  const value = presentValue(type)
  return type.nullable ? fc.option(value, { freq: 3 }) : value
}

function presentValue(type: DataType): fc.Arbitrary<InternalValue> {
  switch (type.kind) {
    case 'BOOLEAN':
      return fc.boolean()
    case 'TINYINT':
      return fc.integer({ min: -128, max: 127 })
    case 'SMALLINT':
      return fc.integer({ min: -32768, max: 32767 })
    case 'INT':
    case 'DATE':
      return fc.integer()
    case 'TIME':
      return fc.nat(86_399_999)
    case 'FLOAT':
      return fc.float()
    case 'DOUBLE':
      return fc.double()
    case 'DECIMAL':
      return fc.bigInt({
        min: -(10n ** BigInt(type.precision)) + 1n,
        max: 10n ** BigInt(type.precision) - 1n,
      })
    case 'CHAR':
    case 'VARCHAR':
      return fc.oneof(fc.string(), fc.string({ unit: 'grapheme' })).map(utf8)
    case 'VARBINARY':
      return fc.uint8Array({ maxLength: 200 })
    case 'ARRAY':
      return fc.array(anyValue(type.element), { maxLength: 4 })
    case 'MAP':
      return anyEntries(type.key, type.value)
    case 'MULTISET':
      return anyEntries(type.element, parseType('INT NOT NULL'))
    case 'ROW':
      return fc.tuple(...type.fields.map((field) => anyValue(field.type)))
    default:
      return fc.oneof(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.bigInt({ min: -70n, max: 70n }),
      )
  }
}

/** Keys that stay in their order, and stay themselves, as properties of avsc's objects. */
function anyEntries(key: DataType, value: DataType): fc.Arbitrary<InternalValue> {
  const name = fc.stringMatching(/^[a-z]{1,40}$/).map(utf8)
  const anyKey = key.kind === 'VARCHAR' ? name : presentValue(key)
  return fc
    .uniqueArray(fc.tuple(anyKey, anyValue(value)), { maxLength: 4, selector: ([k]) => String(k) })
    .map((entries) => sortedEntries(entries))
}

const anyTable = fc
  .array(anyType, { minLength: 1, maxLength: 5 })
  .map(fieldsOf)
  .chain((fields) =>
    fc.tuple(
      fc.constant(fields),
      fc.array(fc.tuple(...fields.map(({ type }) => anyValue(type))), { maxLength: 30 }),
    ),
  )

test('rows of any type are read back as they were, by avsc too', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyTable,
      fc.constantFrom(...CODECS),
      fc.integer({ min: 1, max: 2000 }),
      async ([fields, rows], codec, blockBytes) => {
        const file = encodeAvro(fields, [batchOf(fields, rows)], { codec, blockBytes })
        expect(rowsOf(decodeAvro('f.avro', file, fields), fields)).toEqual(rows)
        const witnessed = (await avscRows(file)) as Record<string, unknown>[]
        expect(
          witnessed.map((row) => fields.map(({ type, name }) => witnessValue(type, row[name]))),
        ).toEqual(rows)
      },
    ),
    { numRuns: 100 },
  )
})

const ID = { id: 0, name: 'id', type: parseType('BIGINT NOT NULL') }
const TEXT = { id: 1, name: 'text', type: parseType('STRING') }

function idBatch(from: number, to: number): Batch {
  const ids = Array.from({ length: to - from }, (_, i) => BigInt(from + i))
  return batchOf(
    [ID, TEXT],
    ids.map((id) => [id, utf8(`value ${id}`)]),
  )
}

describe('blocks', () => {
  test('end with the row that brings them to the size, whatever the batches are', () => {
    const file = encodeAvro([ID, TEXT], [idBatch(0, 3), idBatch(3, 9000), idBatch(9000, 20_000)], {
      codec: 'null',
    })
    const header = parseAvroHeader(file)
    const sizes: number[] = []
    let rowCount = 0
    for (let at = header.sizeBytes; at < file.length;) {
      const block = parseBlockHead(file, at, file.length - at)
      at = checkSync(file, block, header)
      sizes.push(block.end - block.from)
      rowCount += block.rowCount
    }
    expect(rowCount).toBe(20_000)
    expect(sizes.length).toBe(5)
    for (const size of sizes.slice(0, -1)) {
      expect(size).toBeGreaterThanOrEqual(64_000)
      expect(size).toBeLessThan(64_000 + 20)
    }
  })

  test('are not written for no rows', () => {
    const file = encodeAvro([ID], [])
    expect(parseAvroHeader(file).sizeBytes).toBe(file.length)
    expect(decodeAvro('f.avro', file, [ID]).length).toBe(0)
  })

  test('of snappy end with the checksum of their rows', () => {
    const file = encodeAvro([ID, TEXT], [idBatch(0, 50)], { codec: 'snappy' })
    for (const at of [1, 2, 3, 4]) {
      const damaged = file.slice()
      damaged[file.length - 16 - at]! ^= 1
      expect(() => decodeAvro('f.avro', damaged, [ID])).toThrow(/checksum/)
    }
  })
})

describe('a streamed file', () => {
  test.each(CODECS)('of %s holds what the same rows encoded at once do', async (codec) => {
    const sync = new Uint8Array(16).fill(7)
    const io = new MemoryFileIO()
    const path = `memory://avro-writer/${codec}.avro`
    const writer = new AvroWriter(await io.openWriter(path), [ID, TEXT], {
      codec,
      sync,
      blockBytes: 500,
    })
    const batch = idBatch(0, 3000)
    await writer.write(batch, 0, 10)
    await writer.write(batch, 10, 10)
    await writer.write(batch, 10, 2500)
    expect(writer.rowCount).toBe(2500)
    expect(await io.stat(path)).toBe(null)
    await writer.write(batch, 2500)
    await writer.close()
    const file = await io.read(path)
    expect(file).toEqual(encodeAvro([ID, TEXT], [batch], { codec, sync, blockBytes: 500 }))
    expect([writer.rowCount, writer.sizeBytes]).toEqual([3000, file.length])
  })

  test('without rows is a header, and an aborted one is nothing', async () => {
    const io = new MemoryFileIO()
    const writer = new AvroWriter(await io.openWriter('memory://avro-writer/none.avro'), [ID])
    await writer.close()
    expect(decodeAvro('f', await io.read('memory://avro-writer/none.avro'), [ID]).length).toBe(0)
    const aborted = new AvroWriter(
      await io.openWriter('memory://avro-writer/aborted'),
      [ID, TEXT],
      { blockBytes: 10 },
    )
    await aborted.write(idBatch(0, 100))
    await aborted.abort()
    expect(await io.stat('memory://avro-writer/aborted')).toBe(null)
  })
})

const rowField = (name: string, inner: DataType): DataField => ({
  id: 0,
  name,
  type: { kind: 'ROW', nullable: true, fields: [{ id: 1, name: 'b', type: inner }] },
})

describe('what is refused', () => {
  test('a NOT NULL field without a value, by its path and row', () => {
    const inner: DataType = { kind: 'ROW', nullable: true, fields: [{ ...ID, name: 'x' }] }
    const nullable: DataType = {
      kind: 'ROW',
      nullable: true,
      fields: [{ ...ID, name: 'x', type: parseType('BIGINT') }],
    }
    const column = columnOf({ kind: 'ARRAY', nullable: true, element: nullable }, [
      [[1n]],
      [[2n], [null]],
    ])
    const fields = [
      { id: 0, name: 'list', type: { kind: 'ARRAY', nullable: true, element: inner } as const },
    ]
    expect(() => encodeAvro(fields, [{ length: 2, columns: [column] }])).toThrow(
      expect.objectContaining({
        code: 'INVALID',
        message: expect.stringContaining('list.element.x is NOT NULL'),
      }),
    )
  })

  test('two rows that would be the same Avro record', () => {
    const leaf: DataType = { kind: 'ROW', nullable: true, fields: [{ ...ID, name: 'x' }] }
    const other: DataType = { kind: 'ROW', nullable: true, fields: [{ ...ID, name: 'y' }] }
    const a = rowField('a', leaf)
    expect(() => rowSchema([a, { id: 2, name: 'a_b', type: other }])).toThrow(/record_a_b/)
    // The same fields make the same record, written once and referred to.
    const { json } = rowSchema([a, { id: 2, name: 'a_b', type: leaf }])
    expect(json).toContain('{"name":"a_b","type":["null","record_a_b"],"default":null}')
    const fields = [a, { id: 2, name: 'a_b', type: leaf }]
    const batch = batchOf(fields, [[[[1n]], [2n]]])
    expect(rowsOf(decodeAvro('f.avro', encodeAvro(fields, [batch]), fields), fields)).toEqual([
      [[[1n]], [2n]],
    ])
  })

  test('compressions that Avro does not have', () => {
    expect(['zstd', 'ZSTD', 'none', 'snappy', 'deflate', 'null'].map(avroCodec)).toEqual([
      'zstandard',
      'zstandard',
      'null',
      'snappy',
      'deflate',
      'null',
    ])
    for (const name of ['lz4', 'gzip', '', '__proto__'])
      expect(() => avroCodec(name)).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })
})
