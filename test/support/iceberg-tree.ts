/**
 * What Iceberg's own metadata says of a table, read without a line of what writes it: the metadata file, the manifest list of a
 * snapshot, and its manifests as avsc decodes them. What the parts say of each other is checked while they are read.
 */
import assert from 'node:assert/strict'

import type avro from 'avsc'

import { parseAvroHeader } from '../../src/format/avro/container.ts'
import type { FileIO } from '../../src/io/file-io.ts'
import { rawRows, witnessType } from './avro-witness.ts'

/** `vN.metadata.json` as it is. */
export interface TreeMetadata {
  readonly 'format-version': number
  readonly 'table-uuid': string
  readonly location: string
  readonly 'last-sequence-number': number
  readonly 'last-updated-ms': number
  readonly 'last-column-id': number
  readonly 'current-schema-id': number
  readonly 'current-snapshot-id'?: number
  readonly 'next-row-id'?: number
  readonly schemas: readonly TreeSchema[]
  readonly 'partition-specs': readonly {
    readonly 'spec-id': number
    readonly fields: readonly TreePartitionField[]
  }[]
  readonly properties: Readonly<Record<string, string>>
  readonly snapshots: readonly TreeSnapshot[]
  readonly refs?: Readonly<Record<string, { 'snapshot-id': number; type: string }>>
  readonly 'snapshot-log'?: readonly { 'snapshot-id': number; 'timestamp-ms': number }[]
  readonly 'metadata-log'?: readonly { 'metadata-file': string; 'timestamp-ms': number }[]
}

export interface TreeSchema {
  readonly 'schema-id': number
  readonly fields: readonly TreeField[]
}

export interface TreeField {
  readonly id: number
  readonly name: string
  readonly required: boolean
  readonly type: TreeType
}

export type TreeType =
  | string
  | { readonly type: 'struct'; readonly fields: readonly TreeField[] }
  | { readonly type: 'list'; readonly element: TreeType; readonly 'element-id': number }
  | {
      readonly type: 'map'
      readonly key: TreeType
      readonly 'key-id': number
      readonly value: TreeType
      readonly 'value-id': number
    }

export interface TreePartitionField {
  readonly name: string
  readonly transform: string
  readonly 'source-id': number
  readonly 'field-id': number
}

export interface TreeSnapshot {
  readonly 'snapshot-id': number
  readonly 'parent-snapshot-id'?: number
  readonly 'sequence-number': number
  readonly 'timestamp-ms': number
  readonly 'manifest-list': string
  readonly 'schema-id': number
  readonly summary: Readonly<Record<string, string>>
  readonly 'first-row-id'?: number
  readonly 'added-rows'?: number
}

/** An entry of a manifest, with what it inherits. */
export interface TreeFile {
  readonly status: number
  readonly snapshotId: number
  readonly sequence: number
  readonly content: number
  readonly path: string
  readonly format: string
  /** The values of the partition fields, as avsc has them. */
  readonly partition: readonly unknown[]
  readonly rowCount: number
  readonly sizeBytes: number
  readonly nullCounts: ReadonlyMap<number, number>
  readonly lowerBounds: ReadonlyMap<number, Uint8Array>
  readonly upperBounds: ReadonlyMap<number, Uint8Array>
  readonly firstRowId: number | null
  readonly referencedDataFile: string | null
  readonly contentOffset: number | null
  readonly contentSize: number | null
}

export interface IcebergTree {
  readonly metadata: TreeMetadata
  readonly metadataPath: string
  readonly io: FileIO
  /** Where a file is that metadata names. */
  readonly placeOf: (path: string) => string
}

type Avro = Readonly<Record<string, unknown>>

/** The metadata that the hint of the directory leads to; null where there is none. */
export async function openIceberg(
  io: FileIO,
  directory: string,
  placeOf: (path: string) => string = (path) => path.replace(/^file:\/\//, ''),
): Promise<IcebergTree | null> {
  const [first, next] = await icebergVersions(io, directory, placeOf)
  assert.equal(next?.metadataPath, undefined, 'the hint does not name the last version')
  return first ?? null
}

/**
 * What clients may take for the metadata: that of the version which the hint names, and those behind it, which readers of Iceberg's
 * own library look for.
 */
export async function icebergVersions(
  io: FileIO,
  directory: string,
  placeOf: (path: string) => string = (path) => path.replace(/^file:\/\//, ''),
): Promise<IcebergTree[]> {
  if ((await io.stat(`${directory}/version-hint.text`)) === null) return []
  const hint = textOf(await io.read(`${directory}/version-hint.text`))
  assert.match(hint, /^\d+$/)
  const trees: IcebergTree[] = []
  for (let version = Number(hint); ; version++) {
    const metadataPath = `${directory}/v${version}.metadata.json`
    if (trees.length > 0 && (await io.stat(metadataPath)) === null) return trees
    const metadata = JSON.parse(textOf(await io.read(metadataPath))) as TreeMetadata
    trees.push({ metadata, metadataPath, io, placeOf })
  }
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

export function treeSnapshot({ metadata }: IcebergTree, id: number): TreeSnapshot {
  const found = metadata.snapshots.find((snapshot) => snapshot['snapshot-id'] === id)
  assert.ok(found !== undefined, `there is no snapshot ${id}`)
  return found
}

/** The files that the snapshot shows, data and deletes; and the paths of its manifests. */
export async function treeFiles(
  tree: IcebergTree,
  snapshot: TreeSnapshot,
): Promise<{ files: TreeFile[]; manifests: string[]; deleted: TreeFile[] }> {
  const list = await avroRows(tree, snapshot['manifest-list'])
  const all: TreeFile[] = []
  for (const manifest of list.rows) all.push(...(await manifestFiles(tree, manifest, snapshot)))
  return {
    files: all.filter(({ status }) => status !== DELETED),
    deleted: all.filter(({ status }) => status === DELETED),
    manifests: list.rows.map((manifest) => String(manifest['manifest_path'])),
  }
}

const DELETED = 2

async function manifestFiles(
  tree: IcebergTree,
  manifest: Avro,
  snapshot: TreeSnapshot,
): Promise<TreeFile[]> {
  const path = String(manifest['manifest_path'])
  const { rows, bytes, keys } = await avroRows(tree, path)
  assert.equal(bytes.length, numberOf(manifest['manifest_length']), path)
  const sequence = numberOf(manifest['sequence_number'])
  assert.ok(sequence <= snapshot['sequence-number'], path)
  let nextRowId = maybeNumber(manifest['first_row_id'])
  const files = rows.map((entry): TreeFile => {
    const file = fileOf(entry, manifest)
    if (file.content !== 0 || file.firstRowId !== null || nextRowId === null) return file
    if (file.status === DELETED) return file
    const firstRowId = nextRowId
    nextRowId += file.rowCount
    return { ...file, firstRowId }
  })
  checkManifest(tree, manifest, files)
  if (isOurs(tree)) checkKeys(tree, keys, manifest)
  return files
}

/** Java's manifests have no key-values, and its metadata names no writer. */
export function isOurs({ metadata }: IcebergTree): boolean {
  return Object.keys(metadata.properties).some((name) => name.startsWith('millrace'))
}

function fileOf(entry: Avro, manifest: Avro): TreeFile {
  const file = entry['data_file'] as Avro
  return {
    status: numberOf(entry['status']),
    snapshotId: maybeNumber(entry['snapshot_id']) ?? numberOf(manifest['added_snapshot_id']),
    sequence: maybeNumber(entry['sequence_number']) ?? numberOf(manifest['sequence_number']),
    content: numberOf(file['content']),
    path: String(file['file_path']),
    format: String(file['file_format']).toLowerCase(),
    partition: Object.values(file['partition'] as object),
    rowCount: numberOf(file['record_count']),
    sizeBytes: numberOf(file['file_size_in_bytes']),
    nullCounts: new Map(
      pairs(file['null_value_counts']).map(([id, count]) => [id, numberOf(count)]),
    ),
    lowerBounds: new Map(pairs(file['lower_bounds']).map(([id, each]) => [id, bytesOf(each)])),
    upperBounds: new Map(pairs(file['upper_bounds']).map(([id, each]) => [id, bytesOf(each)])),
    firstRowId: maybeNumber(file['first_row_id']),
    referencedDataFile: (file['referenced_data_file'] as string | null | undefined) ?? null,
    contentOffset: maybeNumber(file['content_offset']),
    contentSize: maybeNumber(file['content_size_in_bytes']),
  }
}

const bytesOf = (value: unknown): Uint8Array => new Uint8Array(value as Uint8Array)

function pairs(value: unknown): [number, unknown][] {
  const entries = (value ?? []) as readonly { readonly key: unknown; readonly value: unknown }[]
  return entries.map((entry) => [numberOf(entry.key), entry.value])
}

/** What the list says of a manifest is so. */
function checkManifest(tree: IcebergTree, manifest: Avro, files: readonly TreeFile[]): void {
  const where = String(manifest['manifest_path'])
  for (const [status, name] of ['existing', 'added', 'deleted'].entries()) {
    const those = files.filter((file) => file.status === status)
    assert.equal(numberOf(manifest[`${name}_files_count`]), those.length, `${where}: ${name} files`)
    const rowCount = those.reduce((sum, file) => sum + file.rowCount, 0)
    assert.equal(numberOf(manifest[`${name}_rows_count`]), rowCount, `${where}: ${name} rows`)
  }
  const content = numberOf(manifest['content'])
  for (const file of files) {
    assert.equal(file.content === 0 ? 0 : 1, content, `${where} holds ${file.path}`)
    if (file.status === DELETED) continue
    assert.ok(file.sequence >= numberOf(manifest['min_sequence_number']), file.path)
  }
  const summaries = (manifest['partitions'] ?? []) as readonly Avro[]
  const { fields } = tree.metadata['partition-specs'][0]!
  assert.equal(summaries.length, fields.length, where)
  for (const [i, summary] of summaries.entries()) {
    const values = files.filter(({ status }) => status !== DELETED).map((file) => file.partition[i])
    const hasNull = values.some((value) => value === null || value === undefined)
    if (hasNull) assert.ok(summary['contains_null'], `${where} has a NULL`)
    if (!isOurs(tree)) continue
    if (values.some((value) => value !== null && !Number.isNaN(value)))
      assert.notEqual(summary['lower_bound'], null, `${where}: partition values without bounds`)
  }
}

/** Whoever reads the manifest alone finds its schema and its partitions. */
function checkKeys(
  { metadata }: IcebergTree,
  keys: ReadonlyMap<string, Uint8Array>,
  manifest: Avro,
): void {
  const key = (name: string): string => {
    const value = keys.get(name)
    assert.ok(value !== undefined, `${String(manifest['manifest_path'])} has no ${name}`)
    return textOf(value)
  }
  const schemaId = Number(key('schema-id'))
  const schema = metadata.schemas.find((each) => each['schema-id'] === schemaId)
  assert.deepEqual(JSON.parse(key('schema')), schema)
  assert.deepEqual(JSON.parse(key('partition-spec')), metadata['partition-specs'][0]!.fields)
  assert.equal(key('partition-spec-id'), '0')
  assert.equal(key('format-version'), String(metadata['format-version']))
  assert.equal(key('content'), numberOf(manifest['content']) === 0 ? 'data' : 'deletes')
}

const types = new Map<string, avro.Type>()

/** The rows of a file, as plain objects, with the bytes and the key-values of its header. */
async function avroRows(
  { io, placeOf }: IcebergTree,
  path: string,
): Promise<{ rows: Avro[]; bytes: Uint8Array; keys: ReadonlyMap<string, Uint8Array> }> {
  const bytes = await io.read(placeOf(path))
  const { metadata: keys } = parseAvroHeader(bytes)
  const schema = textOf(keys.get('avro.schema')!)
  let type = types.get(schema)
  if (type === undefined) types.set(schema, (type = witnessType(JSON.parse(schema) as avro.Schema)))
  const raw = Buffer.from(rawRows(bytes))
  const rows: Avro[] = []
  for (let at = 0; at < raw.length;) {
    const { value, offset } = type.decode(raw, at)
    assert.ok(offset > at, path)
    rows.push(value as Avro)
    at = offset
  }
  return { rows, bytes, keys }
}

function numberOf(value: unknown): number {
  const number = Number(value)
  assert.ok(Number.isSafeInteger(number), String(value))
  return number
}

const maybeNumber = (value: unknown): number | null =>
  value === null || value === undefined ? null : numberOf(value)
