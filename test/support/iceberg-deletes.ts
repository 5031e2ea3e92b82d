/** States of a table with deletion vectors, made by hand, and the Iceberg deletes that are derived from them. */
import assert from 'node:assert/strict'

import { openDataFile } from '../../src/format/data-file.ts'
import { openParquet } from '../../src/format/parquet/read/file-reader.ts'
import { type DeletesRequest, updateDeletes } from '../../src/iceberg-compat/deletes.ts'
import type { IcebergFile } from '../../src/iceberg-compat/entry.ts'
import type { IcebergSettings } from '../../src/iceberg-compat/settings.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import type { DataLayout } from '../../src/snapshot/data-paths.ts'
import {
  DELETION_VECTORS_INDEX,
  type IndexManifestEntry,
} from '../../src/snapshot/index-manifest.ts'
import { FILE_KIND } from '../../src/snapshot/manifest-entry.ts'
import { type DataField, MAX_LENGTH, ofKind } from '../../src/types/data-type.ts'
import { cellValue } from '../../src/types/internal-value.ts'
import { decodePartition, encodePartition } from '../../src/types/partition.ts'
import { deletedByVector } from './iceberg-vectors.ts'
import { vectorFile, type VectorForm } from './vector-files.ts'

export const ROOT = 'memory://deletes/table'
export const ROW_COUNT = 200_000
/** The ids of the columns of files of positions. */
const PATH_ID = 2_147_483_546
const POSITION_ID = 2_147_483_545
const PARTITION_FIELDS: readonly DataField[] = [{ id: 0, name: 'p', type: ofKind('INT') }]

/** A data file: `3/name` is in the partition 3. Files that begin with `hidden` are not shown. */
export interface DeletedOf {
  readonly [file: string]: readonly number[]
}

export interface VectorStep {
  readonly deleted: DeletedOf
  readonly form?: VectorForm
  /** Whether the index manifest tells how many rows a vector deletes. */
  readonly hasCardinalities?: boolean
  /** Bytes in the index files that are of no vector that anybody asks for. */
  readonly otherBytes?: number
  readonly added?: readonly string[]
  readonly removed?: readonly string[]
}

const inPartition = (file: string): number => Number(file.slice(0, file.indexOf('/')))
const nameOfFile = (file: string): string => `${file.slice(file.indexOf('/') + 1)}.parquet`
const isShown = (file: string): boolean => !nameOfFile(file).startsWith('hidden')

/** What manifests call the data file. */
export function pathOfFile(file: string): string {
  return `${ROOT}/p=${inPartition(file)}/bucket-0/${nameOfFile(file)}`
}

/** One table, snapshot after snapshot. */
export class DeletesTable {
  readonly io = new MemoryFileIO()
  readonly #deletes: IcebergSettings['deletes']
  #count = 0
  entries: readonly IndexManifestEntry[] | null = null
  live: readonly IcebergFile[] = []

  constructor(deletes: IcebergSettings['deletes']) {
    this.#deletes = deletes
  }

  /** The next snapshot: each partition that has vectors gets an index file of them all. */
  async step(
    step: VectorStep,
    change: Partial<DeletesRequest> = {},
  ): Promise<{ added: readonly IcebergFile[]; removed: readonly IcebergFile[] }> {
    const indexEntries = await this.#writeIndexes(step)
    const result = await updateDeletes({
      io: this.io,
      layout: LAYOUT,
      settings: { deletes: this.#deletes } as IcebergSettings,
      indexEntries,
      previousEntries: this.entries,
      filesOf: async (targets) =>
        targets.map(({ partition, bucket, dataFileName }) => {
          assert.equal(bucket, 0)
          const [value] = decodePartition(PARTITION_FIELDS, partition)
          const file = `${Number(value)}/${dataFileName.replace('.parquet', '')}`
          const isThere = isShown(file) && !step.removed?.includes(file)
          return isThere ? { path: pathOfFile(file), recordCount: ROW_COUNT } : undefined
        }),
      addedFileNames: new Set((step.added ?? []).map(nameOfFile)),
      removedPaths: new Set((step.removed ?? []).map(pathOfFile)),
      before: this.live,
      newPath: (suffix) => `${ROOT}/metadata/${this.#count++}${suffix}`,
      ...change,
    })
    this.entries = indexEntries
    for (const file of result.removed) assert.ok(this.live.includes(file))
    this.live = [...this.live.filter((file) => !result.removed.includes(file)), ...result.added]
    return result
  }

  async #writeIndexes(step: VectorStep): Promise<IndexManifestEntry[]> {
    const entries: IndexManifestEntry[] = []
    const files = Object.entries(step.deleted).filter(([, rows]) => rows.length > 0)
    for (const [partition, ofPartition] of Map.groupBy(files, ([file]) => inPartition(file))) {
      const rows = ofPartition.map(([file, each]) => [nameOfFile(file), each] as const)
      const { bytes: vectors, ranges } = vectorFile(new Map(rows), step.form ?? 64)
      const bytes = Buffer.concat([vectors, new Uint8Array(step.otherBytes ?? 0)])
      const fileName = `index-${this.#count++}`
      await this.io.write(`${ROOT}/index/${fileName}`, bytes)
      const deletionVectors = ranges.map((range) =>
        step.hasCardinalities === false ? { ...range, cardinality: null } : range,
      )
      entries.push({
        kind: FILE_KIND.ADD,
        partition: encodePartition(PARTITION_FIELDS, [partition]),
        bucket: 0,
        indexFile: {
          indexType: DELETION_VECTORS_INDEX,
          fileName,
          fileSize: bytes.length,
          rowCount: ranges.length,
          deletionVectors,
          externalPath: null,
          globalIndex: null,
        },
      })
    }
    return entries
  }

  /** The deleted rows by the paths of the data files, as a client finds them; each data file has one place that tells them. */
  async deleted(): Promise<Record<string, number[]>> {
    const found: Record<string, number[]> = {}
    for (const file of this.live) {
      assert.equal(file.content, 1)
      const rows =
        file.fileFormat === 'puffin' ? await this.#vectorOf(file) : await this.#positionsOf(file)
      for (const [path, positions] of rows) {
        assert.ok(!Object.hasOwn(found, path), `two files tell the deletes of ${path}`)
        found[path] = positions
        const [value] = decodePartition(PARTITION_FIELDS, file.partition)
        assert.ok(
          path.includes(`/p=${Number(value)}/`),
          'the partition is the one of the data file',
        )
      }
      const count = [...rows.values()].reduce((sum, { length }) => sum + length, 0)
      assert.equal(file.recordCount, count)
      assert.equal((await this.io.stat(file.filePath))?.sizeBytes, file.fileSize)
    }
    return found
  }

  async #vectorOf(file: IcebergFile): Promise<Map<string, number[]>> {
    const path = file.referencedDataFile!
    const place = { offset: file.contentOffset!, size: file.contentSize! }
    const bytes = await this.io.read(file.filePath)
    return new Map([[path, [...deletedByVector(bytes, { path, ...place, isWhole: true })]]])
  }

  async #positionsOf(file: IcebergFile): Promise<Map<string, number[]>> {
    const parquet = await openParquet(this.io, file.filePath)
    const columns = parquet.root.children.map(({ element }) => [element.fieldId, element.name])
    assert.deepEqual(columns, [
      [PATH_ID, 'file_path'],
      [POSITION_ID, 'pos'],
    ])
    const rows = new Map<string, number[]>()
    const order: string[] = []
    for await (const [path, position] of this.#rowsOf(file.filePath)) {
      if (order.at(-1) !== path) order.push(path)
      const positions = rows.get(path) ?? []
      positions.push(position)
      rows.set(path, positions)
    }
    assert.deepEqual(order, order.toSorted())
    assert.equal(order.length, rows.size)
    const { lowerBounds, upperBounds } = file.metrics!
    assert.equal(new TextDecoder().decode(lowerBounds.get(PATH_ID)), order[0])
    assert.equal(new TextDecoder().decode(upperBounds.get(PATH_ID)), order.at(-1))
    assert.equal(file.referencedDataFile, order.length === 1 ? order[0] : null)
    return rows
  }

  async *#rowsOf(path: string): AsyncGenerator<[string, number]> {
    const file = await openDataFile(this.io, path)
    const text = { kind: 'VARCHAR', length: MAX_LENGTH, nullable: true } as const
    const fields: DataField[] = [
      { id: 0, name: 'file_path', type: text },
      { id: 1, name: 'pos', type: ofKind('BIGINT') },
    ]
    const cursor = file.cursor({ fields })
    for (;;) {
      const batch = await cursor.read(1 << 16)
      if (batch === null) return
      for (let row = 0; row < batch.length; row++) {
        const [dataFile, position] = batch.columns.map((column, i) =>
          cellValue(column, fields[i]!.type, row),
        )
        yield [new TextDecoder().decode(dataFile as Uint8Array), Number(position)]
      }
    }
  }
}

const LAYOUT: DataLayout = {
  root: ROOT,
  directory: ROOT,
  partitionFields: PARTITION_FIELDS,
  naming: { defaultName: '__DEFAULT_PARTITION__', legacyName: true },
  indexesBesideData: false,
  partitionDirectories: new Map(),
}

/** What {@link DeletesTable.deleted} should find. */
export function expectedDeletes(deleted: DeletedOf): Record<string, readonly number[]> {
  const files = Object.entries(deleted).filter(([file, rows]) => isShown(file) && rows.length > 0)
  return Object.fromEntries(files.map(([file, rows]) => [pathOfFile(file), rows]))
}
