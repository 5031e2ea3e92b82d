import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { openDataFile } from '../../src/format/data-file.ts'
import { openParquet } from '../../src/format/parquet/read/file-reader.ts'
import { decodeHead, headLengthOf } from '../../src/indexes/file-index/container.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { fileTarget } from '../../src/lsm/file-target.ts'
import { keyValueLayout } from '../../src/lsm/key-value.ts'
import { Memtable } from '../../src/lsm/memtable.ts'
import { type RunRows, writeRun } from '../../src/lsm/run-writer.ts'
import { serializeBinaryRow } from '../../src/types/binary-row.ts'
import type { DataType } from '../../src/types/data-type.ts'
import { type InternalValue, utf8 } from '../../src/types/internal-value.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import { keyValueFields } from '../../src/types/schema-keys.ts'
import { keyedSchema } from '../support/memory-runs.ts'
import { appendCells } from '../support/parquet.ts'
import { batchOf } from '../support/random-columns.ts'

const int: DataType = { kind: 'INT', nullable: true }
const text: DataType = { kind: 'VARCHAR', length: 1000, nullable: false }
const columns = { v: int, k0: text, k1: { ...int, nullable: false } }

const ROWS: readonly (readonly [number | null, string, number])[] = [
  [7, 'b', 2],
  [null, 'b', 1],
  [5, 'a', 9],
  [6, 'c', 0],
]
const KINDS = Int8Array.of(0, 1, 2, 3)

function sorted(schema: TableSchema, first: bigint): RunRows {
  const memtable = new Memtable(keyValueLayout(schema))
  const rows = ROWS.map(([v, k0, k1]) => [v, utf8(k0), k1])
  memtable.append(batchOf(schema.fields, rows), KINDS)
  return memtable.sorted(first).all()
}

async function written(options: Readonly<Record<string, string>> = {}) {
  const schema = keyedSchema(columns, options)
  const io = new MemoryFileIO()
  const directory = `memory://${randomUUID()}/bucket-0`
  const run = await writeRun(
    fileTarget(io, schema),
    { directory, level: 3, source: 1 },
    sorted(schema, 2n ** 33n),
  )
  return { schema, io, run }
}

test.each([
  ['with the key columns apart', false, 'parquet'],
  ['without them in thin mode', true, 'parquet'],
  ['as Avro', false, 'avro'],
])('a file has key, number, kind and all columns of each row, %s', async (_, thin, format) => {
  const options = { 'data-file.thin-mode': String(thin), 'file.format': format }
  const { schema, io, run } = await written(options)
  const fields = keyValueFields(schema, thin)
  const file = await openDataFile(io, run.paths[0]!)
  expect([...file.columnNames]).toEqual(fields.map(({ name }) => name))
  const found: InternalValue[][] = fields.map(() => [])
  appendCells(found, (await file.cursor({ fields }).read(10))!, fields)
  const texts = ['a', 'b', 'b', 'c'].map(utf8)
  expect(found).toEqual([
    ...(thin ? [] : [texts, [9, 1, 2, 0]]),
    [2, 1, 0, 3].map((at) => 2n ** 33n + BigInt(at)),
    [2, 1, 0, 3],
    [5, null, 7, 6],
    texts,
    [9, 1, 2, 0],
  ])
})

test.each([false, true])(
  'manifests are told of keys, numbers and deletes (thin: %s)',
  async (thin) => {
    const { schema, io, run } = await written({ 'data-file.thin-mode': String(thin) })
    const keyTypes = [text, { ...int, nullable: false }]
    const key = (k0: string, k1: number): Uint8Array => serializeBinaryRow(keyTypes, [utf8(k0), k1])
    expect(run.files).toHaveLength(1)
    expect(run.files[0]).toMatchObject({
      rowCount: 4,
      level: 3,
      schemaId: schema.id,
      // A -U counts as a delete, as Java counts it.
      deleteRowCount: 2,
      minSequenceNumber: 2n ** 33n,
      maxSequenceNumber: 2n ** 33n + 3n,
      // The first and the last key as wholes; statistics are of each column by itself.
      minKey: key('a', 9),
      maxKey: key('c', 0),
      keyStats: { minValues: key('a', 0), maxValues: key('c', 9), nullCounts: [0, 0] },
    })
    const valueTypes = [int, ...keyTypes]
    expect(run.files[0]!.valueStats).toEqual({
      minValues: serializeBinaryRow(valueTypes, [5, utf8('a'), 0]),
      maxValues: serializeBinaryRow(valueTypes, [7, utf8('c'), 9]),
      nullCounts: [1, 0, 0],
    })
    expect((await io.stat(run.paths[0]!))?.sizeBytes).toBe(run.files[0]!.fileSize)
  },
)

test('a file has a row group each time that its rows come to the size of one', async () => {
  const schema = keyedSchema(
    { k: { ...int, nullable: false }, v: text },
    {
      'file.block-size': '64 kb',
      'parquet.page.row.count.limit': '200',
    },
  )
  const rows = Array.from({ length: 10_000 }, (_, i) => [
    i,
    utf8(`${(i * 7919) % 10_000}`.repeat(20)),
  ])
  const memtable = new Memtable(keyValueLayout(schema))
  memtable.append(batchOf(schema.fields, rows), new Int8Array(10_000))
  const io = new MemoryFileIO()
  const directory = `memory://${randomUUID()}/bucket-0`
  const { paths } = await writeRun(
    fileTarget(io, schema),
    { directory, level: 0, source: 0 },
    memtable.sorted(0n).all(),
  )
  const { rowGroups } = (await openParquet(io, paths[0]!)).metadata
  expect(paths).toHaveLength(1)
  expect(rowGroups.length).toBeGreaterThan(2)
  expect(rowGroups.reduce((sum, { rowCount }) => sum + rowCount, 0)).toBe(10_000)
})

test.each([
  ['in the manifest', '1 kb', []],
  ['beside their file', '10 bytes', ['.index']],
])('indexes lie %s', async (_, threshold, extra) => {
  const { io, run } = await written({
    'file-index.bitmap.columns': 'v,k0',
    'file-index.in-manifest-threshold': threshold,
  })
  const [file] = run.files
  expect(file!.extraFiles).toEqual(extra.map((suffix) => file!.fileName + suffix))
  expect(run.paths).toEqual([run.paths[0]!, ...extra.map((suffix) => run.paths[0]! + suffix)])
  const container = file!.embeddedFileIndex ?? (await io.read(run.paths[1]!))
  const length = headLengthOf(container, container.length)
  const indexed = decodeHead(container.subarray(0, length), container.length)
  expect([...indexed.keys()].toSorted()).toEqual(['k0', 'v'])
})
