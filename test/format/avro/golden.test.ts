import { basename } from 'node:path'

import { describe, expect, test } from 'vitest'

import { parseAvroHeader } from '../../../src/format/avro/container.ts'
import { decodeAvro } from '../../../src/format/avro/reader.ts'
import { encodeAvro } from '../../../src/format/avro/writer.ts'
import type { Batch } from '../../../src/types/column.ts'
import type { DataField, DataType } from '../../../src/types/data-type.ts'
import { cellValue, type InternalValue } from '../../../src/types/internal-value.ts'
import { parseTypeText } from '../../../src/types/type-text.ts'
import {
  avscRows,
  fieldsOfAvro,
  goldenAvroFiles,
  rawRows,
  readGolden,
  witnessValue,
} from '../../support/avro-witness.ts'
import { INDEX_MANIFEST, MANIFEST, MANIFEST_LIST } from '../../support/metadata-types.ts'

const FILES = goldenAvroFiles()

const rowsOf = (batch: Batch, fields: readonly DataField[]): InternalValue[][] =>
  Array.from({ length: batch.length }, (_, row) =>
    fields.map((field, i) => cellValue(batch.columns[i]!, field.type, row)),
  )

const schemaText = (bytes: Uint8Array): string =>
  new TextDecoder().decode(parseAvroHeader(bytes).metadata.get('avro.schema'))

const KINDS: [string, RegExp, DataField[]][] = [
  ['manifest list', /^manifest-list-/, MANIFEST_LIST],
  ['manifest', /^manifest-[0-9a-f]{8}-/, MANIFEST],
  ['index manifest', /^index-manifest-/, INDEX_MANIFEST],
]

test('there are golden files of every kind', () => {
  for (const [, name] of KINDS)
    expect(FILES.filter((file) => name.test(basename(file))).length).toBeGreaterThan(5)
  expect(FILES.filter((file) => file.includes('/iceberg_')).length).toBeGreaterThan(10)
  expect(FILES.filter((file) => file.includes('/format_avro/bucket-0/')).length).toBe(2)
})

test('every golden file has the rows that avsc finds in it', async () => {
  let rows = 0
  for (const file of FILES) {
    const bytes = readGolden(file)
    const fields = fieldsOfAvro(JSON.parse(schemaText(bytes)) as object)
    const read = rowsOf(decodeAvro(file, bytes, fields), fields)
    const expected = (await avscRows(bytes)) as Record<string, unknown>[]
    expect({ file, rows: read }).toEqual({
      file,
      rows: expected.map((row) => fields.map((field) => witnessValue(field.type, row[field.name]))),
    })
    rows += read.length
  }
  expect(rows).toBeGreaterThan(500)
})

describe.each(KINDS)('a %s', (_, name, fields) => {
  const files = FILES.filter((file) => name.test(basename(file)))

  test('written from its columns is byte for byte what Java wrote, before compression', () => {
    for (const file of files) {
      const bytes = readGolden(file)
      const { sync, sizeBytes } = parseAvroHeader(bytes)
      const batch = decodeAvro(file, bytes, fields)
      const written = encodeAvro(fields, [batch], { sync })
      expect(Buffer.from(written.subarray(0, sizeBytes)).equals(bytes.subarray(0, sizeBytes))).toBe(
        true,
      )
      expect(rawRows(written)).toEqual(rawRows(bytes))
      expect(rowsOf(decodeAvro('written', written, fields), fields)).toEqual(rowsOf(batch, fields))
    }
  })

  test('gives the same values for a few of its fields, in another order', () => {
    const few = fields.filter((_field, i) => i % 3 === 1).toReversed()
    for (const file of files) {
      const bytes = readGolden(file)
      const all = decodeAvro(file, bytes, fields)
      const some = decodeAvro(file, bytes, few)
      for (const [i, field] of few.entries())
        expect(some.columns[i]).toEqual(all.columns[fields.indexOf(field)])
    }
  })
})

/** `IcebergManifestFile` and `IcebergManifestList` pass these as `avro.row-name-mapping`. */
const ICEBERG_NAMES = new Map(
  (
    'iceberg:true,manifest_entry_data_file:r2,r2_partition:r102,' +
    'kv_name_r2_null_value_counts:k121_v122,k_id_k121_v122:121,v_id_k121_v122:122,' +
    'kv_name_r2_lower_bounds:k126_v127,k_id_k126_v127:126,v_id_k126_v127:127,' +
    'kv_name_r2_upper_bounds:k129_v130,k_id_k129_v130:129,v_id_k129_v130:130,' +
    'manifest_file_partitions:r508,array_id_r508:508'
  )
    .split(',')
    .map((entry) => entry.split(':') as [string, string]),
)

/** The fields with the ids that the schema gives them, and its arrays of entries as maps. */
function icebergFields(record: object, fields: readonly DataField[]): DataField[] {
  const ids = (record as { fields: { 'field-id': number }[] }).fields
  return fields.map((field, i) => {
    const json = JSON.stringify(ids[i])
    const inner = /"fields":/.test(json) ? innerRecord(ids[i]!) : undefined
    return { ...field, id: ids[i]!['field-id'], type: icebergType(field.type, inner) }
  })
}

function innerRecord(field: unknown): object {
  const json = field as { type?: unknown; items?: unknown; fields?: unknown }
  if (Array.isArray(json)) return innerRecord(json.find((branch) => branch !== 'null'))
  if (Array.isArray(json.fields)) return json
  return innerRecord(json.items ?? json.type)
}

function icebergType(type: DataType, record: object | undefined): DataType {
  if (record === undefined) return type
  if (type.kind === 'ROW') return { ...type, fields: icebergFields(record, type.fields) }
  if (type.kind !== 'ARRAY' || type.element.kind !== 'ROW') throw new Error(type.kind)
  const [key, value] = type.element.fields
  if (key!.name === 'key')
    return { kind: 'MAP', nullable: type.nullable, key: key!.type, value: value!.type }
  return { ...type, element: icebergType(type.element, record) }
}

test('a metadata file of Iceberg, with its names and ids, is byte for byte what Java wrote', () => {
  const files = FILES.filter((file) => file.includes('/iceberg_') && file.endsWith('.avro'))
  expect(files.length).toBeGreaterThan(10)
  for (const file of files) {
    const bytes = readGolden(file)
    const schema = JSON.parse(schemaText(bytes)) as { name: string }
    const fields = icebergFields(schema, fieldsOfAvro(schema))
    const names = new Map([
      ...ICEBERG_NAMES,
      ['org.apache.paimon.avro.generated.record', schema.name],
    ])
    const { sync, sizeBytes } = parseAvroHeader(bytes)
    const batch = decodeAvro(file, bytes, fields)
    const written = encodeAvro(fields, [batch], { codec: 'snappy', names, sync })
    expect(schemaText(written)).toBe(schemaText(bytes))
    expect(written.subarray(0, sizeBytes)).toEqual(bytes.subarray(0, sizeBytes))
    expect(rawRows(written)).toEqual(rawRows(bytes))
  }
})

describe('a data file', () => {
  const types = {
    _KEY_id: 'INT NOT NULL',
    _SEQUENCE_NUMBER: 'BIGINT NOT NULL',
    _VALUE_KIND: 'TINYINT NOT NULL',
    id: 'INT NOT NULL',
    c_boolean: 'BOOLEAN',
    c_tinyint: 'TINYINT',
    c_smallint: 'SMALLINT',
    c_bigint: 'BIGINT',
    c_float: 'FLOAT',
    c_double: 'DOUBLE',
    c_decimal_9_2: 'DECIMAL(9, 2)',
    c_decimal_18_4: 'DECIMAL(18, 4)',
    c_decimal_38_10: 'DECIMAL(38, 10)',
    c_char: 'CHAR(5)',
    c_varchar: 'VARCHAR(20)',
    c_string: 'STRING',
    c_binary: 'BINARY(4)',
    c_varbinary: 'VARBINARY(12)',
    c_bytes: 'BYTES',
    c_date: 'DATE',
    c_time: 'TIME(3)',
    c_timestamp_0: 'TIMESTAMP(0)',
    c_timestamp_3: 'TIMESTAMP(3)',
    c_timestamp_6: 'TIMESTAMP(6)',
  }
  const fields = Object.entries(types).map(([name, type], id): DataField => ({
    id,
    name,
    type: parseTypeText(type),
  }))

  test('written from its columns is byte for byte what Java wrote, before compression', async () => {
    for (const file of FILES.filter((path) => path.includes('/format_avro/bucket-0/'))) {
      const bytes = readGolden(file)
      const { sync, sizeBytes } = parseAvroHeader(bytes)
      const batch = decodeAvro(file, bytes, fields)
      const written = encodeAvro(fields, [batch], { sync })
      expect(schemaText(written)).toBe(schemaText(bytes))
      expect(written.subarray(0, sizeBytes)).toEqual(bytes.subarray(0, sizeBytes))
      expect(rawRows(written)).toEqual(rawRows(bytes))
      const expected = (await avscRows(bytes)) as Record<string, unknown>[]
      expect(rowsOf(batch, fields)).toEqual(
        expected.map((row) => fields.map((field) => witnessValue(field.type, row[field.name]))),
      )
      expect(expected.length).toBeGreaterThan(10)
    }
  })
})
