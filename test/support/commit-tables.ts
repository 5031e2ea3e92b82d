/** Tables without rows: data files are a few bytes, and what counts is which of them the snapshots say are there. */
import { randomUUID } from 'node:crypto'

import type { FileIO } from '../../src/io/file-io.ts'
import { type CommitMessage, EMPTY_INCREMENT } from '../../src/snapshot/commit-message.ts'
import type { CommitTable } from '../../src/snapshot/commit.ts'
import { type DataFileMeta, FILE_SOURCE } from '../../src/snapshot/data-file-meta.ts'
import { dataLayout, dataFilePath, pathsOfFile } from '../../src/snapshot/data-paths.ts'
import { scanEntries } from '../../src/snapshot/manifest-scan.ts'
import { manifestPath } from '../../src/snapshot/paths.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { encodeStats } from '../../src/snapshot/stats.ts'
import { openTableStore, type TableStoreOptions } from '../../src/snapshot/table-store.ts'
import { serializeBinaryRow } from '../../src/types/binary-row.ts'
import type { DataType } from '../../src/types/data-type.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { encodePartition } from '../../src/types/partition.ts'
import { parseSchemaFile, type TableSchema } from '../../src/types/schema-file.ts'
import { partitionFields } from '../../src/types/schema-keys.ts'

const ID: DataType = { kind: 'BIGINT', nullable: false }

/** Keyed by `id` in partitions by `dt`, with two buckets, unless told. */
export function testSchema(options: Record<string, string> = {}): TableSchema {
  const fields = [
    { id: 0, name: 'dt', type: 'STRING NOT NULL' },
    { id: 1, name: 'id', type: 'BIGINT NOT NULL' },
    { id: 2, name: 'v', type: 'STRING' },
  ]
  const json = {
    version: 3,
    id: 0,
    fields,
    highestFieldId: 2,
    partitionKeys: ['dt'],
    primaryKeys: ['dt', 'id'],
    options: { bucket: '2', ...options },
    timeMillis: 1_700_000_000_000,
  }
  return parseSchemaFile(JSON.stringify(json), 'a test schema')
}

/** Makes the table: its schema is written. */
export async function createTestTable(
  io: FileIO,
  root: string,
  options: Record<string, string> = {},
): Promise<CommitTable> {
  const table = openTestTable(io, root, options)
  await table.store.schemas.create(table.schema)
  return table
}

/** The table as another process sees it. */
export function openTestTable(
  io: FileIO,
  root: string,
  options: Record<string, string> = {},
  storeOptions: TableStoreOptions = {},
): CommitTable {
  return { store: openTableStore(io, root, storeOptions), schema: testSchema(options) }
}

export function partitionOf(dt: string): Uint8Array {
  return encodePartition(partitionFields(testSchema()), [utf8(dt)])
}

export interface FileOptions {
  readonly level?: number
  readonly rowCount?: number
  readonly keys?: readonly [min: bigint, max: bigint]
  readonly name?: string
}

/** What a manifest says of a data file with the given keys. */
export function fileMeta(options: FileOptions = {}): DataFileMeta {
  const { level = 0, rowCount = 10, keys = [1n, 9n], name } = options
  const [min, max] = keys
  return {
    fileName: name ?? `data-${randomUUID()}-0.parquet`,
    fileSize: 4,
    rowCount,
    minKey: serializeBinaryRow([ID], [min]),
    maxKey: serializeBinaryRow([ID], [max]),
    keyStats: encodeStats([ID], [{ min, max, nullCount: 0 }]),
    valueStats: encodeStats([], []),
    minSequenceNumber: min,
    maxSequenceNumber: max,
    schemaId: 0,
    level,
    extraFiles: [],
    creationTime: 1_700_000_000_000n,
    deleteRowCount: 0,
    embeddedFileIndex: null,
    fileSource: level === 0 ? FILE_SOURCE.APPEND : FILE_SOURCE.COMPACT,
    valueStatsCols: [],
    externalPath: null,
    firstRowId: null,
    writeCols: null,
  }
}

export function message(change: Partial<CommitMessage> & { dt?: string } = {}): CommitMessage {
  const { dt = 'a', ...rest } = change
  return {
    partition: partitionOf(dt),
    bucket: 0,
    totalBuckets: 2,
    ...EMPTY_INCREMENT,
    ...rest,
  }
}

/** Writes the data files that the messages say are new. */
export async function writeDataFiles(
  { store, schema }: CommitTable,
  messages: readonly CommitMessage[],
): Promise<void> {
  const layout = dataLayout(store.location.root, schema)
  for (const { partition, bucket, ...files } of messages) {
    const { newFiles, changelogFiles, compactAfter, compactChangelog } = files
    for (const file of [...newFiles, ...changelogFiles, ...compactAfter, ...compactChangelog])
      await store.io.write(dataFilePath(layout, { partition, bucket, file }), utf8('data'))
  }
}

/** The names of the live files of the latest snapshot (as a reader finds it) or of the given one, sorted. */
export async function liveFiles(table: CommitTable, snapshot?: Snapshot): Promise<string[]> {
  const { store } = table
  const at = snapshot ?? (await store.snapshots.readLatest())
  if (at === null) return []
  const entries = await scanEntries(store.manifests, at, 'all')
  return entries.map((entry) => entry.file.fileName).toSorted()
}

/** The paths that the snapshots of the table's history refer to: data files of the live state, and all metadata. */
export async function reachableFiles(table: CommitTable): Promise<Set<string>> {
  const { store, schema } = table
  const layout = dataLayout(store.location.root, schema)
  const paths = new Set<string>()
  const range = await store.snapshots.range()
  if (range === null) return paths
  for (let id = range.earliest; id <= range.latest; id++) {
    const snapshot = await store.snapshots.read(id)
    const metadata = (name: string | undefined): void => {
      if (name !== undefined) paths.add(manifestPath(store.location.root, name))
    }
    metadata(snapshot.baseManifestList)
    metadata(snapshot.deltaManifestList)
    metadata(snapshot.changelogManifestList)
    metadata(snapshot.indexManifest)
    const manifests = await store.manifests.readDataManifests(snapshot)
    const changelogs = await store.manifests.readChangelogManifests(snapshot)
    for (const { fileName } of [...manifests, ...changelogs]) metadata(fileName)
    for (const kind of ['all', 'changelog'] as const) {
      for (const entry of await scanEntries(store.manifests, snapshot, kind))
        for (const path of pathsOfFile(layout, entry)) paths.add(path)
    }
  }
  return paths
}

/** Every file below the table's directory. */
export async function allFiles(io: FileIO, root: string): Promise<string[]> {
  const files = await Array.fromAsync(io.list(root, { recursive: true }))
  return files.map((file) => file.path)
}
