/** Iceberg's manifests as columns: what is written is read back, by others too; Java's are read; lies are refused. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { decodeAvroHeader } from '../../src/format/avro/reader.ts'
import { CONTENT, ENTRY_STATUS, type IcebergEntry } from '../../src/iceberg-compat/entry.ts'
import { decodeIcebergManifestList } from '../../src/iceberg-compat/manifest-list.ts'
import {
  decodeIcebergManifest,
  fileAt,
  firstRowIdAt,
  type IcebergRows,
  joinRows,
  type ManifestForm,
  partitionAt,
  pathAt,
  recordCountAt,
  referencedDataFileAt,
  rowsOfEntries,
  sequenceNumberAt,
  snapshotIdAt,
  statusAt,
  takeRows,
} from '../../src/iceberg-compat/manifest-rows.ts'
import {
  type ManifestTarget,
  writeIcebergManifests,
} from '../../src/iceberg-compat/manifest-writer.ts'
import { icebergSchema, partitionSpec } from '../../src/iceberg-compat/schema.ts'
import { type InternalValue, utf8 } from '../../src/types/internal-value.ts'
import { encodePartition } from '../../src/types/partition.ts'
import { parseSchemaFile, type TableSchema } from '../../src/types/schema-file.ts'
import { partitionFields } from '../../src/types/schema-keys.ts'
import { parseTypeText } from '../../src/types/type-parser.ts'
import { avscRows, readGolden } from '../support/avro-witness.ts'
import { between, seeded } from '../support/random.ts'

/** Every type that a partition key can have in Iceberg, and two of its values. */
const KEYS: readonly [type: string, value: InternalValue, other: InternalValue][] = [
  ['BOOLEAN', true, false],
  ['TINYINT', -128, 127],
  ['SMALLINT', -32768, 300],
  ['INT', 7, -7],
  ['BIGINT', 2n ** 62n, -8n],
  ['FLOAT', -0, 0],
  ['DOUBLE', 1.5, Number.NaN],
  ['DECIMAL(9, 2)', -123456789n, 1n],
  ['DECIMAL(38, 4)', 10n ** 38n - 1n, 0n],
  ['DECIMAL(38, 4)', 5n, -128n],
  ['DATE', -1, 20000],
  ['TIMESTAMP(0)', 1000n, -2000n],
  ['TIMESTAMP(3)', -1n, 1n],
  ['TIMESTAMP(6)', 1n, 2n],
  ['TIMESTAMP_LTZ(3)', 1_700_000_000_123n, 0n],
  ['TIMESTAMP_LTZ(6)', -5n, 5n],
  ['STRING', utf8('é\u{10000}'), utf8('')],
  ['BINARY(2)', Uint8Array.of(255, 0), Uint8Array.of(0, 1)],
]
const NAMES = new Map([
  [3, 'p a'],
  [4, '1ä-'],
  [5, 'p_x20a'],
])

const FIELDS = KEYS.map(([type], id) => ({
  id,
  name: NAMES.get(id) ?? `p${id}`,
  type: parseTypeText(type),
}))
const VALUE = { id: 99, name: 'v', type: parseTypeText('INT') }
const SCHEMA: TableSchema = {
  ...parseSchemaFile(
    '{"version":3,"id":0,"fields":[],"highestFieldId":99,"partitionKeys":[],"primaryKeys":[],"options":{},"timeMillis":0}',
    'schema-0',
  ),
  fields: [...FIELDS, VALUE],
  partitionKeys: FIELDS.map(({ name }) => name),
}

function formOf(schema: TableSchema, formatVersion: 2 | 3, targetBytes = 1 << 23): ManifestForm {
  return {
    schema: icebergSchema(schema),
    spec: partitionSpec(schema),
    partitionFields: partitionFields(schema),
    formatVersion,
    codec: 'deflate',
    targetBytes,
  }
}

const UNPARTITIONED: TableSchema = { ...SCHEMA, partitionKeys: [] }
const NONE = encodePartition([], [])

type Changes = Partial<Omit<IcebergEntry, 'file'>> & { readonly file?: object }

function entryOf(changes: Changes = {}): IcebergEntry {
  const file = {
    content: CONTENT.DATA,
    filePath: '/t/bucket-0/data-1.parquet',
    fileFormat: 'parquet' as const,
    partition: NONE,
    recordCount: 10,
    fileSize: 1000,
    metrics: null,
    firstRowId: null,
    referencedDataFile: null,
    contentOffset: null,
    contentSize: null,
    ...changes.file,
  }
  const numbers = { snapshotId: 5, sequenceNumber: 5, fileSequenceNumber: 5 }
  return { status: ENTRY_STATUS.ADDED, ...numbers, ...changes, file }
}

/** The manifests that the rows become, with their bytes. */
async function written(rows: IcebergRows, form: ManifestForm, to: Partial<ManifestTarget> = {}) {
  const stored: Uint8Array[] = []
  const manifests = await writeIcebergManifests(rows, form, {
    content: CONTENT.DATA,
    snapshotId: 5,
    sequenceNumber: 5,
    firstRowId: null,
    nextPath: () => `m${stored.length}.avro`,
    store: async (_, bytes) => void stored.push(bytes),
    ...to,
  })
  return { manifests, stored }
}

const entriesOf = (form: ManifestForm, rows: IcebergRows): IcebergEntry[] =>
  Array.from({ length: rows.length }, (_, row) => ({
    status: statusAt(rows, row),
    snapshotId: snapshotIdAt(rows, row),
    sequenceNumber: sequenceNumberAt(rows, row),
    fileSequenceNumber: sequenceNumberAt(rows, row),
    file: fileAt(form, rows, row),
  }))

describe('a manifest that was written', () => {
  const partitions = [
    KEYS.map(([, value]) => value),
    KEYS.map(([, , other]) => other),
    KEYS.map(() => null),
  ]
  const entries = partitions.map((values, i) =>
    entryOf({
      status: i,
      file: {
        partition: encodePartition(FIELDS, values),
        recordCount: 10 ** i,
        metrics:
          i === 1
            ? null
            : {
                nullCounts: new Map([[99, 1n]]),
                lowerBounds: new Map([[99, Uint8Array.of(1, 0, 0, 0)]]),
                upperBounds: new Map<number, Uint8Array>(),
              },
        referencedDataFile: i === 2 ? '/t/other.parquet' : null,
      },
    }),
  )
  const ofVersion3 = entries.map((entry, i) => ({
    ...entry,
    file: { ...entry.file, firstRowId: 2n ** 40n + BigInt(i), contentOffset: i, contentSize: 4 },
  }))

  test.each([
    [2, entries],
    [3, ofVersion3],
  ] as const)('in version %i has every kind of partition as it was', async (version, list) => {
    const form = formOf(SCHEMA, version)
    const { stored } = await written(rowsOfEntries(form, list), form)
    const rows = decodeIcebergManifest('m.avro', stored[0]!, form)
    expect(entriesOf(form, rows)).toEqual(list)
    expect(partitionAt(rows, 1)).toEqual(list[1]!.file.partition)
    expect(referencedDataFileAt(rows, 2)).toBe('/t/other.parquet')
    expect(firstRowIdAt(rows, 1)).toBe(list[1]!.file.firstRowId)
  })

  test('tells others types, ids and names as Iceberg has them', async () => {
    const form = formOf(SCHEMA, 3)
    const { stored } = await written(rowsOfEntries(form, ofVersion3), form)
    const { metadata } = decodeAvroHeader('m.avro', stored[0]!)
    const text = (name: string) => new TextDecoder().decode(metadata.get(name))
    const partition = /"name":"r102","fields":(\[.*?\])\},"field-id":102/.exec(
      text('avro.schema'),
    )![1]!
    const fields = JSON.parse(partition) as Record<string, unknown>[]
    expect(fields.map((field) => field['field-id'])).toEqual(KEYS.map((_, i) => 1000 + i))
    expect(fields.slice(3, 6)).toEqual([
      {
        name: 'p_x20a',
        type: ['null', 'int'],
        default: null,
        'field-id': 1003,
        'iceberg-field-name': 'p a',
      },
      {
        name: '_1_xE4_x2D',
        type: ['null', 'long'],
        default: null,
        'field-id': 1004,
        'iceberg-field-name': '1ä-',
      },
      {
        name: 'p_x20a_1005',
        type: ['null', 'float'],
        default: null,
        'field-id': 1005,
        'iceberg-field-name': 'p_x20a',
      },
    ])
    const decimal = { logicalType: 'decimal', precision: 38, scale: 4, type: 'fixed', size: 16 }
    expect(fields.slice(7, 10).map(({ type }) => (type as unknown[])[1])).toMatchObject([
      { ...decimal, precision: 9, scale: 2, size: 4, name: 'decimal_9_2' },
      { ...decimal, name: 'decimal_38_4' },
      // A name may be defined once, and pyiceberg follows no reference.
      { ...decimal, name: expect.stringMatching(/^decimal_38_4_/) },
    ])
    const micros = { type: 'long', logicalType: 'timestamp-micros' }
    expect(fields.slice(10, 16).map(({ type }) => (type as unknown[])[1])).toEqual([
      { type: 'int', logicalType: 'date' },
      ...Array.from({ length: 3 }, () => ({ ...micros, 'adjust-to-utc': false })),
      ...Array.from({ length: 2 }, () => ({ ...micros, 'adjust-to-utc': true })),
    ])
    expect(text('content')).toBe('data')
    expect(text('format-version')).toBe('3')
    expect(text('schema-id')).toBe('0')
    expect(text('partition-spec-id')).toBe('0')
    expect(JSON.parse(text('schema'))).toEqual(form.schema)
    expect(JSON.parse(text('partition-spec'))).toEqual(form.spec.fields)
    const [first] = (await avscRows(stored[0]!)) as { data_file: { partition: object } }[]
    expect(first!.data_file.partition).toMatchObject({
      p1: -128,
      p12: -1000n,
      p13: 1n,
      p16: 'é\u{10000}',
    })
  })

  test('has the bounds of its partitions, without nulls and NaN, and its counts in the list', async () => {
    const form = formOf(SCHEMA, 3)
    const { manifests } = await written(rowsOfEntries(form, ofVersion3), form, { firstRowId: 70n })
    const [{ partitions: summaries, ...manifest }] = manifests as [(typeof manifests)[0]]
    expect(manifest).toMatchObject({
      path: 'm0.avro',
      existingFiles: 1,
      addedFiles: 1,
      deletedFiles: 1,
      existingRows: 1,
      addedRows: 10,
      deletedRows: 100,
      specId: 0,
      sequenceNumber: 5,
      minSequenceNumber: 5,
      addedSnapshotId: 5,
      firstRowId: 70n,
    })
    expect(summaries.every(({ containsNull }) => containsNull)).toBe(true)
    const ofKey = (i: number) => {
      const { containsNan, lowerBound, upperBound } = summaries[i]!
      return [containsNan, [...lowerBound!], [...upperBound!]]
    }
    expect(ofKey(1)).toEqual([false, [128, 255, 255, 255], [127, 0, 0, 0]])
    expect(ofKey(5)).toEqual([false, [0, 0, 0, 128], [0, 0, 0, 0]])
    expect(ofKey(6)).toEqual([true, [0, 0, 0, 0, 0, 0, 248, 63], [0, 0, 0, 0, 0, 0, 248, 63]])
    expect(ofKey(9)).toEqual([false, [128], [5]])
    expect(ofKey(12)).toEqual([
      false,
      [24, 252, 255, 255, 255, 255, 255, 255],
      [232, 3, 0, 0, 0, 0, 0, 0],
    ])
  })

  test('is followed by another when it is full, whose row ids go on', async () => {
    const form = formOf(UNPARTITIONED, 3, 5_000)
    const directory = `/t/${'d'.repeat(400)}`
    const list = Array.from({ length: 1500 }, (_, i) =>
      entryOf({ status: i % 3, file: { filePath: `${directory}/data-${Math.sin(i)}.parquet` } }),
    )
    const { manifests, stored } = await written(rowsOfEntries(form, list), form, { firstRowId: 0n })
    expect(manifests.map(({ path }) => path)).toEqual(['m0.avro', 'm1.avro'])
    const live = manifests.map(({ addedRows, existingRows }) => addedRows + existingRows)
    expect(manifests.map(({ firstRowId }) => Number(firstRowId))).toEqual([0, live[0]])
    const all = joinRows(
      form,
      stored.map((bytes, i) => decodeIcebergManifest(`m${i}`, bytes, form)),
    )
    expect(entriesOf(form, all)).toEqual(list)
    expect(joinRows(form, []).length).toBe(0)
  })

  test('of deletes, or of rows that are all gone, has no row ids and the sequence number of its snapshot', async () => {
    const form = formOf(UNPARTITIONED, 3)
    const deleted = entryOf({
      status: ENTRY_STATUS.DELETED,
      sequenceNumber: 2,
      file: { content: CONTENT.DELETES },
    })
    const to = { content: CONTENT.DELETES, sequenceNumber: 9, firstRowId: 3n }
    const { manifests, stored } = await written(rowsOfEntries(form, [deleted]), form, to)
    expect(manifests[0]).toMatchObject({ content: 1, minSequenceNumber: 9, firstRowId: null })
    const { metadata } = decodeAvroHeader('m', stored[0]!)
    expect(new TextDecoder().decode(metadata.get('content'))).toBe('deletes')
    expect((await written(rowsOfEntries(form, []), form)).manifests).toEqual([])
  })
})

test('rows are chosen with other statuses, and the deleted ones name who deletes them', () => {
  const form = formOf(UNPARTITIONED, 2)
  const rows = rowsOfEntries(
    form,
    ['a', 'b', 'c'].map((name) => entryOf({ file: { filePath: `/${name}` } })),
  )
  const statuses = Int32Array.of(ENTRY_STATUS.DELETED, ENTRY_STATUS.EXISTING)
  const taken = takeRows(rows, Int32Array.of(2, 0), statuses, 8)
  expect([pathAt(taken, 0), statusAt(taken, 0), snapshotIdAt(taken, 0)]).toEqual(['/c', 2, 8])
  expect([pathAt(taken, 1), statusAt(taken, 1), snapshotIdAt(taken, 1)]).toEqual(['/a', 0, 5])
  expect(snapshotIdAt(rows, 2)).toBe(5)
  const again = takeRows(rows, Int32Array.of(1), ENTRY_STATUS.EXISTING)
  expect([pathAt(again, 0), statusAt(again, 0)]).toEqual(['/b', 0])
})

test.each(['iceberg_v2', 'iceberg_v3_dv'])(
  'the manifests that Java wrote for %s are read',
  (table) => {
    const root = join('fixtures/golden/warehouse/golden.db', table)
    const schemaPath = join(root, 'schema/schema-0')
    const schema = parseSchemaFile(new TextDecoder().decode(readGolden(schemaPath)), schemaPath)
    const form = formOf(schema, table === 'iceberg_v2' ? 2 : 3)
    const names = readdirSync(join(root, 'metadata')).filter((name) => name.startsWith('snap-'))
    const listed = new Map(
      names
        .flatMap((name) =>
          decodeIcebergManifestList(name, readGolden(join(root, 'metadata', name))),
        )
        .map((manifest) => [manifest.path.split('/').at(-1)!, manifest]),
    )
    expect(listed.size).toBeGreaterThan(3)
    for (const [name, manifest] of listed) {
      const rows = decodeIcebergManifest(name, readGolden(join(root, 'metadata', name)), form)
      expect(rows.length).toBe(manifest.addedFiles + manifest.existingFiles + manifest.deletedFiles)
      let added = 0
      for (let row = 0; row < rows.length; row++) {
        const file = fileAt(form, rows, row)
        expect(file.content).toBe(manifest.content)
        const isVector = file.content === CONTENT.DELETES
        expect(file.filePath).toMatch(isVector ? /\/index\/index-/ : /\/bucket-\d+\/data-/)
        expect(file.fileFormat).toBe(isVector ? 'puffin' : 'parquet')
        expect(file.referencedDataFile ?? '').toMatch(isVector ? /\/bucket-\d+\/data-/ : /^$/)
        if (statusAt(rows, row) === ENTRY_STATUS.ADDED) added += recordCountAt(rows, row)
      }
      expect(added).toBe(manifest.addedRows)
    }
  },
)

describe('a manifest that lies is refused, by its name', () => {
  const form = formOf(UNPARTITIONED, 3)
  test.each([
    ['CORRUPT', 'a status', entryOf({ status: 3 })],
    ['CORRUPT', 'a snapshot', entryOf({ snapshotId: -1 })],
    ['CORRUPT', 'a sequence number', entryOf({ sequenceNumber: 2 ** 60 })],
    ['CORRUPT', 'a record count', entryOf({ file: { recordCount: -5 } })],
    ['CORRUPT', 'a place', entryOf({ file: { contentOffset: -1 } })],
    ['UNSUPPORTED', 'deletes by values', entryOf({ file: { content: 2 } })],
    ['UNSUPPORTED', 'a format', entryOf({ file: { fileFormat: 'lance' } })],
  ])('%s: %s', async (code, _, entry) => {
    const { stored } = await written(rowsOfEntries(form, [entry]), form)
    expect(() => decodeIcebergManifest('m.avro', stored[0]!, form)).toThrow(
      expect.objectContaining({ code, path: 'm.avro' }),
    )
  })

  test('CORRUPT: a count of nulls, and a time between milliseconds', async () => {
    const refused = expect.objectContaining({ code: 'CORRUPT', path: 'm.avro' })
    const nullCounts = new Map([[1, -1n]])
    const none = new Map<number, Uint8Array>()
    const metrics = { nullCounts, lowerBounds: none, upperBounds: none }
    const { stored } = await written(rowsOfEntries(form, [entryOf({ file: { metrics } })]), form)
    expect(() => decodeIcebergManifest('m.avro', stored[0]!, form)).toThrow(refused)
    const finer = { ...SCHEMA, partitionKeys: ['p13'] }
    const coarser = {
      ...finer,
      fields: SCHEMA.fields.map((field) =>
        field.name === 'p13' ? { ...field, type: parseTypeText('TIMESTAMP(3)') } : field,
      ),
    }
    const partition = encodePartition([FIELDS[13]!], [1_234_567n])
    const rows = rowsOfEntries(formOf(finer, 3), [entryOf({ file: { partition } })])
    const { stored: byMicros } = await written(rows, formOf(finer, 3))
    expect(() => decodeIcebergManifest('m.avro', byMicros[0]!, formOf(coarser, 3))).toThrow(refused)
  })

  test('CORRUPT or another refusal, or still a manifest: whatever became of its bytes', async () => {
    const partitioned = formOf(SCHEMA, 3)
    const partition = encodePartition(
      FIELDS,
      KEYS.map(([, value]) => value),
    )
    const rows = rowsOfEntries(partitioned, [entryOf({ file: { partition } })])
    const { stored } = await written(rows, { ...partitioned, codec: 'null' })
    const random = seeded(7)
    const refusals: unknown[] = []
    for (let i = 0; i < 300; i++) {
      const bytes = stored[0]!.slice()
      bytes[between(random, 0, bytes.length - 1)] = between(random, 0, 255)
      try {
        const read = decodeIcebergManifest('m.avro', bytes, partitioned)
        for (let row = 0; row < read.length; row++) fileAt(partitioned, read, row)
      } catch (error) {
        refusals.push(error)
      }
    }
    expect(refusals.length).toBeGreaterThan(20)
    for (const error of refusals) expect(error).toMatchObject({ name: 'LakeError', path: 'm.avro' })
  })

  test('UNSUPPORTED: a partition that no Iceberg table can have', () => {
    const partition = encodePartition(
      FIELDS,
      KEYS.map((_, i) => (i === 12 ? 2n ** 62n : null)),
    )
    const entry = entryOf({ file: { partition } })
    expect(() => rowsOfEntries(formOf(SCHEMA, 3), [entry])).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED' }),
    )
  })

  test('CORRUPT: of another partition, or no manifest at all', async () => {
    const { stored } = await written(rowsOfEntries(form, [entryOf()]), form)
    const refused = expect.objectContaining({ code: 'CORRUPT', path: 'm.avro' })
    expect(() => decodeIcebergManifest('m.avro', stored[0]!, formOf(SCHEMA, 3))).toThrow(refused)
    expect(() => decodeIcebergManifest('m.avro', stored[0]!.subarray(0, -20), form)).toThrow(
      refused,
    )
    expect(() => decodeIcebergManifest('m.avro', Uint8Array.of(1, 2), form)).toThrow(refused)
  })
})
