import { describe, expect, test } from 'vitest'

import { parseAvroHeader } from '../../../src/format/avro/container.ts'
import { decodeAvro } from '../../../src/format/avro/reader.ts'
import { rowSchema } from '../../../src/format/avro/row-schema.ts'
import { avroCodec, encodeAvro } from '../../../src/format/avro/writer.ts'
import { cellValue } from '../../../src/types/internal-value.ts'
import { parseType } from '../../../src/types/type-text.ts'
import { LakeError } from '../../../src/util/errors.ts'
import { rawRows } from '../../support/avro-witness.ts'
import { fixture, vectorValue } from '../../support/java-vectors.ts'

interface AvroFiles {
  readonly files: readonly {
    readonly types: readonly unknown[]
    readonly codec: string
    readonly file: string
    readonly rows: readonly unknown[][]
  }[]
  readonly union: string
  readonly types: Record<string, boolean>
  readonly names: Record<string, boolean>
}

const { files, union, types, names } = fixture('avro-files.json') as AvroFiles

const CASES = files.map(({ types: jsons, codec, file, rows }) => {
  const fields = jsons.map((json, i) => ({ id: i, name: `f${i}`, type: parseType(json) }))
  return {
    fields,
    codec,
    bytes: new Uint8Array(Buffer.from(file, 'base64')),
    rows: rows.map((row) => fields.map((field, i) => vectorValue(field.type, row[i]))),
    name: JSON.stringify(jsons),
  }
})

describe.each(CASES)('$codec $name', ({ fields, codec, bytes, rows }) => {
  test('has the values that Java wrote', () => {
    const batch = decodeAvro('java.avro', bytes, fields)
    const read = Array.from({ length: batch.length }, (_, row) =>
      fields.map((field, i) => cellValue(batch.columns[i]!, field.type, row)),
    )
    expect(read).toEqual(rows)
  })

  test('is written as Java writes it', () => {
    const { sync } = parseAvroHeader(bytes)
    const batch = decodeAvro('java.avro', bytes, fields)
    const written = encodeAvro(fields, [batch], { sync, codec: avroCodec(codec) })
    const header = parseAvroHeader(written)
    expect(Buffer.from(written.subarray(0, header.sizeBytes)).toString('latin1')).toBe(
      Buffer.from(bytes.subarray(0, header.sizeBytes)).toString('latin1'),
    )
    expect(decodeAvro('written.avro', written, fields)).toEqual(batch)
    expect(rawRows(written)).toEqual(rawRows(bytes))
  })
})

test('an uncompressed file is byte for byte the one that Java wrote', () => {
  const plain = CASES.filter(({ codec }) => codec === 'null')
  expect(plain.length).toBeGreaterThan(1)
  for (const { bytes, fields } of plain) {
    const { sync } = parseAvroHeader(bytes)
    const batch = decodeAvro('java.avro', bytes, fields)
    expect(encodeAvro(fields, [batch], { sync, codec: 'null' })).toEqual(bytes)
  }
})

test('rows that are a union of null and the record are read', () => {
  const bytes = new Uint8Array(Buffer.from(union, 'base64'))
  const a = { id: 0, name: 'a', type: parseType('INT') }
  const { columns } = decodeAvro('union.avro', bytes, [a])
  expect([0, 1, 2].map((row) => cellValue(columns[0]!, a.type, row))).toEqual([1, null, -70000])
})

function accepts(name: string, type: unknown): boolean {
  try {
    rowSchema([{ id: 0, name, type: parseType(type) }])
    return true
  } catch (error) {
    if (error instanceof LakeError && error.code === 'UNSUPPORTED') return false
    throw error
  }
}

test('types and names are refused exactly where Java cannot write or read them', () => {
  for (const [text, accepted] of Object.entries(types))
    expect([text, accepts('a', text.startsWith('{') ? JSON.parse(text) : text)]).toEqual([
      text,
      accepted,
    ])
  for (const [name, accepted] of Object.entries(names))
    expect([name, accepts(name, 'INT')]).toEqual([name, accepted])
  expect(Object.keys(types).length + Object.keys(names).length).toBeGreaterThan(20)
})
