/**
 * The rows that a snapshot of an Iceberg table shows, as a reader that knows Iceberg's specification alone finds them: columns
 * by their ids, deleted rows by Puffin vectors or files of positions. What metadata says of the files is checked on the way.
 */
import assert from 'node:assert/strict'

import { openDataFile } from '../../src/format/data-file.ts'
import { openParquet, type ParquetFile } from '../../src/format/parquet/read/file-reader.ts'
import { listForm, mapForm, type Node } from '../../src/format/parquet/tree.ts'
import type { DataField, DataType } from '../../src/types/data-type.ts'
import { cellValue, type InternalValue } from '../../src/types/internal-value.ts'
import { canonicalRow } from './golden-expect.ts'
import {
  type IcebergTree,
  isOurs,
  type TreeFile,
  treeFiles,
  type TreeSchema,
  treeSnapshot,
  type TreeType,
} from './iceberg-tree.ts'
import { boundValue, icebergJson, partitionValue, readTypeOf } from './iceberg-values.ts'
import { deletedByVector } from './iceberg-vectors.ts'
import { compareCells } from './table-model.ts'

/** The rows of a snapshot, the current one unless told, as canonical JSON in order. */
export async function icebergRows(tree: IcebergTree, id?: number): Promise<string[]> {
  const snapshotId = id ?? tree.metadata['current-snapshot-id'] ?? -1
  if (snapshotId === -1) return []
  const snapshot = treeSnapshot(tree, snapshotId)
  const schemaId = id === undefined ? tree.metadata['current-schema-id'] : snapshot['schema-id']
  const schema = tree.metadata.schemas.find((each) => each['schema-id'] === schemaId)
  assert.ok(schema !== undefined, `there is no schema ${schemaId}`)
  const { files } = await treeFiles(tree, snapshot)
  const deletes = await deletesOf(tree, files)
  const rows: string[] = []
  for (const file of files.filter(({ content }) => content === 0)) {
    const gone = deletes.get(file.path)
    if (gone !== undefined) assert.ok(file.sequence <= gone.sequence, `${file.path} is too young`)
    rows.push(...(await dataRows(tree, schema, file, gone?.positions ?? new Set())))
  }
  return rows.toSorted()
}

interface Deleted {
  readonly sequence: number
  readonly positions: ReadonlySet<number>
}

/** The deleted rows of each data file. */
async function deletesOf(
  tree: IcebergTree,
  files: readonly TreeFile[],
): Promise<Map<string, Deleted>> {
  const deletes = new Map<string, Deleted>()
  const data = new Map(
    files.filter(({ content }) => content === 0).map((each) => [each.path, each]),
  )
  assert.equal(
    data.size,
    files.filter(({ content }) => content === 0).length,
    'a file is there twice',
  )
  for (const file of files.filter(({ content }) => content !== 0)) {
    assert.equal(file.content, 1, 'no deletes by equality are made')
    const found =
      file.format === 'puffin' ? await vectorOf(tree, file) : await positionsOf(tree, file)
    const count = [...found.values()].reduce((sum, { size }) => sum + size, 0)
    assert.equal(count, file.rowCount, `${file.path} deletes so many rows`)
    for (const [path, positions] of found) {
      assert.ok(!deletes.has(path), `${path} has two files of deletes`)
      deletes.set(path, { sequence: file.sequence, positions })
      const target = data.get(path)
      if (isOurs(tree)) assert.ok(target !== undefined, `${path} is not there, but its deletes are`)
      assert.deepEqual(file.partition, target?.partition ?? file.partition, file.path)
    }
  }
  return deletes
}

async function vectorOf(tree: IcebergTree, file: TreeFile): Promise<Map<string, Set<number>>> {
  const { referencedDataFile: path, contentOffset: offset, contentSize: size } = file
  assert.ok(path !== null && offset !== null && size !== null, `${file.path} has no place`)
  const bytes = await tree.io.read(tree.placeOf(file.path))
  if (isOurs(tree)) assert.equal(bytes.length, file.sizeBytes, file.path)
  const expected = { path, offset, size, isWhole: isOurs(tree) }
  return new Map([[path, deletedByVector(bytes, expected)]])
}

/** The ids of the columns of files of positions. */
const PATH_ID = 2_147_483_546
const POSITION_ID = 2_147_483_545

async function positionsOf(tree: IcebergTree, file: TreeFile): Promise<Map<string, Set<number>>> {
  const found = new Map<string, Set<number>>()
  let last: [string, bigint] = ['', -1n]
  const fields = [
    { id: PATH_ID, name: 'file_path', required: true, type: 'string' },
    { id: POSITION_ID, name: 'pos', required: true, type: 'long' },
  ]
  for await (const [bytes, at] of valuesOf(tree, fields, file)) {
    const path = new TextDecoder().decode(bytes as Uint8Array)
    const position = at as bigint
    assert.ok(last[0] < path || (last[0] === path && last[1] < position), 'positions are in order')
    last = [path, position]
    const positions = found.get(path) ?? new Set()
    found.set(path, positions.add(Number(position)))
  }
  return found
}

async function dataRows(
  tree: IcebergTree,
  { fields }: TreeSchema,
  file: TreeFile,
  gone: ReadonlySet<number>,
): Promise<string[]> {
  const rows: string[] = []
  const nulls = fields.map(() => 0)
  const check = valueChecks(tree, fields, file)
  let position = 0
  for await (const row of valuesOf(tree, fields, file)) {
    for (const [i, value] of row.entries()) {
      if (value === null) nulls[i]!++
      check(i, value)
    }
    if (!gone.has(position++)) {
      const json = fields.map((field, i) => [field.name, icebergJson(field.type, row[i]!)])
      rows.push(canonicalRow(Object.fromEntries(json)))
    }
  }
  assert.equal(position, file.rowCount, `${file.path} has so many rows`)
  for (const each of gone) assert.ok(each < position, `${file.path} has no row ${each}`)
  for (const [i, { id, type }] of fields.entries())
    if (typeof type === 'string')
      assert.equal(file.nullCounts.get(id) ?? nulls[i], nulls[i], `${file.path}: nulls of ${id}`)
  return rows
}

/** Looks whether a value is within the bounds of its column, and the one of its partition. */
function valueChecks(
  { metadata }: IcebergTree,
  fields: TreeSchema['fields'],
  file: TreeFile,
): (column: number, value: InternalValue) => void {
  const spec = metadata['partition-specs'][0]!.fields
  const checks = fields.map(({ id, name, type }) => {
    if (typeof type !== 'string') return () => {}
    const [lower, upper] = [file.lowerBounds.get(id), file.upperBounds.get(id)]
    const min = lower && boundValue(type, lower)
    const max = upper && boundValue(type, upper)
    const place = spec.findIndex((field) => field['source-id'] === id)
    const own = place < 0 ? undefined : partitionValue(type, file.partition[place])
    const where = `${name} of ${file.path}`
    return (value: InternalValue): void => {
      if (own !== undefined) assert.deepEqual(plain(value), plain(own), `the partition of ${where}`)
      if (value === null || Number.isNaN(value)) return
      if (min !== undefined) assert.ok(compare(min, value) <= 0, `the lower bound of ${where}`)
      if (max !== undefined) assert.ok(compare(value, max) <= 0, `the upper bound of ${where}`)
    }
  })
  return (column, value) => checks[column]!(value)
}

const plain = (value: InternalValue): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value

/** -0 and 0 are the same to readers that prune. */
const compare = (a: InternalValue, b: InternalValue): number => (a === b ? 0 : compareCells(a, b))

/** The values of the columns of each row of a file, found by their ids. */
async function* valuesOf(
  { io, placeOf }: IcebergTree,
  fields: TreeSchema['fields'],
  file: TreeFile,
): AsyncGenerator<InternalValue[]> {
  assert.equal(file.format, 'parquet')
  const path = placeOf(file.path)
  const parquet = await openParquet(io, path)
  assert.equal(parquet.sizeBytes, file.sizeBytes, file.path)
  const columns = fields.map((field) => columnOf(parquet.root.children, field.id, field.type))
  const data = await openDataFile(io, path)
  const cursor = data.cursor({ fields: columns })
  for (;;) {
    const batch = await cursor.read(4096)
    if (batch === null) return
    for (let row = 0; row < batch.length; row++)
      yield batch.columns.map((column, i) => cellValue(column, columns[i]!.type, row))
  }
}

/** The column of the id, as the file calls it; one that no file has where this has none. */
function columnOf(nodes: ParquetFile['root']['children'], id: number, type: TreeType): DataField {
  const node = nodes.find(({ element }) => element.fieldId === id)
  return { id: -1, name: node?.name ?? '\0', type: typeIn(node, type) }
}

function typeIn(node: Node | undefined, type: TreeType): DataType {
  if (typeof type === 'string') return readTypeOf(type)
  const nullable = true
  switch (type.type) {
    case 'struct': {
      const children = node?.children ?? []
      return {
        kind: 'ROW',
        nullable,
        fields: type.fields.map((field) => columnOf(children, field.id, field.type)),
      }
    }
    case 'list': {
      const element = node && listForm(node)?.element
      if (element !== undefined) assert.equal(element.element.fieldId, type['element-id'])
      return { kind: 'ARRAY', nullable, element: typeIn(element, type.element) }
    }
    default: {
      const form = node === undefined ? null : mapForm(node)
      if (form !== null) {
        assert.equal(form.key.element.fieldId, type['key-id'])
        assert.equal(form.value?.element.fieldId, type['value-id'])
      }
      const key = { ...typeIn(form?.key, type.key), nullable: false }
      return { kind: 'MAP', nullable, key, value: typeIn(form?.value, type.value) }
    }
  }
}
