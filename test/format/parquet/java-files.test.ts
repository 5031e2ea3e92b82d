import { globSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'

import { describe, expect, test } from 'vitest'

import type { Codec } from '../../../src/format/codec.ts'
import {
  type ColumnChunk,
  ENCODING,
  PHYSICAL,
  type SchemaElement,
  type Statistics,
} from '../../../src/format/parquet/metadata.ts'
import { ParquetCursor } from '../../../src/format/parquet/read/file-reader.ts'
import { inferFields } from '../../../src/format/parquet/read/infer.ts'
import { codecOf } from '../../../src/format/parquet/read/page.ts'
import { writeSchema } from '../../../src/format/parquet/write/schema.ts'
import type { DataField, DataType } from '../../../src/types/data-type.ts'
import type { InternalValue } from '../../../src/types/internal-value.ts'
import { type JsonValue, jsonReader } from '../../../src/types/json-value.ts'
import { parseField } from '../../../src/types/type-text.ts'
import { inspect, type InspectedChunk } from '../../support/parquet-pages.ts'
import { toWitness, type WitnessValue, witnessRows } from '../../support/parquet-witness.ts'
import { difference, openBytes, readColumns, writeParquet } from '../../support/parquet.ts'
import { batchOf } from '../../support/random-columns.ts'

const FILES = globSync('fixtures/golden/warehouse/**/*.parquet').toSorted()

/** The columns that Paimon adds to the user's, by name. */
const SYSTEM: Record<string, DataType> = {
  _SEQUENCE_NUMBER: { kind: 'BIGINT', nullable: false },
  _VALUE_KIND: { kind: 'TINYINT', nullable: false },
  _ROW_ID: { kind: 'BIGINT', nullable: true },
  rowkind: { kind: 'VARCHAR', length: 2147483647, nullable: true },
}

/** The fields of each schema of the file's table. */
function schemasOf(path: string): DataField[][] {
  let table = dirname(path)
  while (!readdirSync(table).includes('schema')) table = dirname(table)
  return globSync(join(table, 'schema/schema-*')).map((schema) => {
    const json = JSON.parse(readFileSync(schema, 'utf8')) as { fields: unknown[] }
    return json.fields.map((each) => parseField(each))
  })
}

/** The columns of a file as a schema declares them; null where it does not declare them all. */
function declaredAs(
  columns: readonly DataField[],
  schema: readonly DataField[],
): DataField[] | null {
  const byName = new Map(schema.map((field) => [field.name, field]))
  const fields = columns.map((column) => {
    const name = column.name.startsWith('_KEY_') ? column.name.slice(5) : column.name
    const type = SYSTEM[column.name] ?? byName.get(name)?.type
    return type === undefined ? null : { ...column, type }
  })
  return fields.some((field) => field === null) ? null : (fields as DataField[])
}

/** The fields that a file was written with: the schema of its table by which the library would write the same one. */
function fieldsOfFile(
  path: string,
  inferred: readonly DataField[],
  written: readonly SchemaElement[],
): DataField[] {
  for (const schema of schemasOf(path)) {
    const fields = declaredAs(inferred, schema)
    if (fields !== null && isDeepStrictEqual(writeSchema(fields), written)) return fields
  }
  throw new Error(`no schema of the table declares the columns of ${path}`)
}

interface Read {
  readonly bytes: Uint8Array
  readonly fields: readonly DataField[]
  readonly inferred: readonly DataField[]
  readonly columns: readonly InternalValue[][]
}

async function readFile(path: string): Promise<Read> {
  const bytes = new Uint8Array(readFileSync(path))
  const file = await openBytes(bytes)
  const inferred = inferFields(file.root)
  const fields = fieldsOfFile(path, inferred, file.metadata.schema)
  return { bytes, fields, inferred, columns: await readColumns(file, { fields }) }
}

const rowsOf = (columns: readonly InternalValue[][]): InternalValue[][] =>
  columns[0]!.map((_, row) => columns.map((values) => values[row]!))

/** The files of variants are left out: what they hold is not told by the files alone. */
const tables = [...new Set(FILES.map((path) => path.split('/')[4]!))].filter(
  (table) => table !== 'variant_append',
)

test('the golden tables have hundreds of Parquet files', () => {
  expect([FILES.length, tables.length > 50]).toEqual([391, true])
})

test('the schema of VARIANT columns is the one that Java wrote', async () => {
  const fields: readonly DataField[] = [
    { id: 0, name: 'id', type: { kind: 'INT', nullable: true } },
    { id: 1, name: 'v', type: { kind: 'VARIANT', nullable: true } },
  ]
  for (const path of FILES.filter((file) => file.includes('/variant_append/'))) {
    const { metadata } = await openBytes(new Uint8Array(readFileSync(path)))
    expect(writeSchema(fields)).toEqual(metadata.schema)
  }
})

test('the rows of every type are those that Java itself reads', async () => {
  const lines: JsonValue[] = []
  for (const path of FILES.filter((file) => file.includes('/types_append/'))) {
    const { bytes, fields } = await readFile(path)
    const cursor = new ParquetCursor(await openBytes(bytes), { fields })
    for (let batch = await cursor.read(10); batch !== null; batch = await cursor.read(10)) {
      const rowOf = jsonReader(batch, fields)
      for (let row = 0; row < batch.length; row++) lines.push(rowOf(row))
    }
  }
  const expected = readFileSync('fixtures/golden/expect/types_append.jsonl', 'utf8')
  const wanted = expected
    .trim()
    .split('\n')
    .map((line) => JSON.stringify(JSON.parse(line)))
  expect(lines.map((line) => JSON.stringify(line)).toSorted(textOrder)).toEqual(
    wanted.toSorted(textOrder),
  )
})

describe.each(tables)('%s', (table) => {
  const files = FILES.filter((path) => path.split('/')[4] === table)

  test('the files have the values that hyparquet finds in them', async () => {
    for (const path of files) {
      const { bytes, fields, columns } = await readFile(path)
      const wanted = await witnessRows(bytes, fields)
      const found = rowsOf(columns).map((row) =>
        fields.map(({ type }, i) => toWitness(type, row[i]!)),
      )
      forgetOldNanos(fields, found, wanted)
      expect([path, isDeepStrictEqual(found, wanted)]).toEqual([path, true])
      const file = await openBytes(bytes)
      const again = await readColumns(file, { fields, views: true, batchRows: [1, 2, 7] })
      expect([path, difference(again, columns)]).toEqual([path, null])
    }
  })

  test('the schema that is written is the one that Java wrote, ids and all', async () => {
    for (const path of files) {
      const { bytes, inferred } = await readFile(path)
      const { metadata } = await openBytes(bytes)
      // By the types of the table's schema it is by the choice of that schema; the types that the file tells suffice.
      expect(writeSchema(inferred)).toEqual(metadata.schema)
    }
  })

  test('rows written again have the footer that Java gave them', async () => {
    for (const path of files) {
      const { bytes, fields, columns } = await readFile(path)
      const codec = codecOfFile(await inspect(bytes))
      const again = await writeParquet(fields, [batchOf(fields, rowsOf(columns))], { codec })
      expect([basename(path), comparable(await inspect(again))]).toEqual([
        basename(path),
        comparable(await inspect(bytes)),
      ])
    }
  })
})

/** Java writes times of the day before 1970 as negative numbers, of which hyparquet makes another day. */
function forgetOldNanos(fields: readonly DataField[], ...sides: WitnessValue[][][]): void {
  const [found] = sides
  for (const [i, { type }] of fields.entries()) {
    if ((type.kind !== 'TIMESTAMP' && type.kind !== 'TIMESTAMP_LTZ') || type.precision <= 6)
      continue
    for (const [row, values] of found!.entries())
      if (values[i] !== null && (values[i] as bigint) < 0n)
        for (const table of sides) table[row]![i] = null
  }
}

const textOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function codecOfFile(groups: readonly InspectedChunk[][]): Codec {
  const chunk = groups[0]?.[0]?.chunk
  return chunk === undefined ? 'zstd' : codecOf(chunk.codec)
}

/** What the footer and the indexes say that does not depend on the codec's bytes. */
function comparable(groups: readonly InspectedChunk[][]): unknown[][] {
  return groups.map((chunks) =>
    chunks.map(({ chunk, dataPages, dictionary, offsetIndex, columnIndex }) => ({
      path: chunk.path,
      physical: chunk.physical,
      codec: chunk.codec,
      valueCount: chunk.valueCount,
      statistics: meant(chunk, chunk.statistics!),
      // Java counts four bytes more for each INT96, so that it keeps dictionaries that do not pay.
      encodings: chunk.physical === PHYSICAL.INT96 ? null : dataEncodings(chunk),
      dictionary: chunk.physical === PHYSICAL.INT96 ? null : dictionary?.valueCount,
      pages: dataPages.map((page) => page.valueCount),
      rows: offsetIndex!.map((page) => page.firstRow),
      columnIndex,
    })),
  )
}

/** Java lists the deprecated BIT_PACKED for the levels that a column does not have. */
function dataEncodings({ encodings }: ColumnChunk): number[] {
  const ofLevels = new Set<number>([ENCODING.RLE, ENCODING.BIT_PACKED])
  return encodings.filter((encoding) => !ofLevels.has(encoding)).toSorted((a, b) => a - b)
}

/**
 * Bounds of floats as parquet-mr takes them when it reads: with a NaN there are none, and zeros have the sign that
 * keeps them bounds. Java writes them as they come, this library as they are read.
 */
function meant({ physical }: ColumnChunk, { min, max, nullCount }: Statistics): unknown {
  const Floats =
    physical === PHYSICAL.FLOAT ? Float32Array : physical === PHYSICAL.DOUBLE ? Float64Array : null
  if (Floats === null || min === undefined || max === undefined) return { min, max, nullCount }
  const [low, high] = [min, max].map((bytes) => new Floats(bytes.slice().buffer)[0]!)
  if (Number.isNaN(low) || Number.isNaN(high)) return { nullCount, min: undefined, max: undefined }
  return { nullCount, min: low === 0 ? -0 : low, max: high === 0 ? 0 : high }
}
