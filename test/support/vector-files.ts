/** Files of deletion vectors, written as Java writes them, and put to tables that have none. */
import { crc32 } from 'node:zlib'

import { bitmapOf, encodeBitmap, withRuns } from '../../src/indexes/roaring.ts'
import type { FileIO } from '../../src/io/file-io.ts'
import {
  DELETION_VECTORS_INDEX,
  type DeletionVectorRange,
  encodeIndexManifest,
  type IndexManifestEntry,
} from '../../src/snapshot/index-manifest.ts'
import { FILE_KIND } from '../../src/snapshot/manifest-entry.ts'
import { scanEntries } from '../../src/snapshot/manifest-scan.ts'
import { hintPath, manifestPath, schemaPath, snapshotPath } from '../../src/snapshot/paths.ts'
import { openTableStore } from '../../src/snapshot/table-store.ts'
import { parseJson, printJson } from '../../src/util/json.ts'

export type VectorForm = 32 | 64

/** The stored vector of the rows: its size, its bytes, their checksum. */
export function vectorBytes(rows: Iterable<number>, form: VectorForm): Uint8Array {
  const bitmap = encodeBitmap(withRuns(bitmapOf(rows)))
  const head = Buffer.alloc(form === 32 ? 4 : 16)
  if (form === 32) head.writeUInt32BE(1_581_511_376)
  else {
    head.writeUInt32LE(1_681_511_377)
    head.writeBigUInt64LE(1n, 4)
  }
  return framed(Buffer.concat([head, bitmap]))
}

export function framed(bytes: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(8 + bytes.length)
  frame.writeUInt32BE(bytes.length)
  frame.set(bytes, 4)
  frame.writeUInt32BE(crc32(bytes), 4 + bytes.length)
  return new Uint8Array(frame)
}

export interface VectorFile {
  readonly bytes: Uint8Array
  readonly ranges: readonly DeletionVectorRange[]
}

/** An index file of vectors, and what the index manifest says of each. */
export function vectorFile(
  rowsByFile: ReadonlyMap<string, readonly number[]>,
  form: VectorForm,
): VectorFile {
  const parts: Uint8Array[] = [Uint8Array.of(1)]
  const ranges: DeletionVectorRange[] = []
  let offset = 1
  for (const [dataFileName, rows] of rowsByFile) {
    const bytes = vectorBytes(rows, form)
    const length = form === 32 ? bytes.length - 8 : bytes.length
    ranges.push({ dataFileName, offset, length, cardinality: new Set(rows).size })
    parts.push(bytes)
    offset += bytes.length
  }
  return { bytes: new Uint8Array(Buffer.concat(parts)), ranges }
}

/**
 * Deletes rows of the table's data files, each of which `deletedOf` is asked for, by vectors of its latest snapshot; the
 * table has the options from then on. The vectors of a bucket go into one file.
 */
export async function addVectors(
  io: FileIO,
  root: string,
  deletedOf: (fileName: string, rowCount: number) => readonly number[],
  options: {
    readonly form?: VectorForm
    readonly options?: Readonly<Record<string, string>>
    readonly change?: (entry: IndexManifestEntry) => IndexManifestEntry
  } = {},
): Promise<void> {
  const { form = 32, change = (entry) => entry } = options
  const store = openTableStore(io, root)
  const snapshot = (await store.snapshots.readLatest())!
  const buckets = Map.groupBy(
    await scanEntries(store.manifests, snapshot, 'all'),
    ({ bucket, partition }) => `${bucket} ${Buffer.from(partition).toString('hex')}`,
  )
  const entries: IndexManifestEntry[] = []
  for (const files of buckets.values()) {
    const { partition, bucket } = files[0]!
    const rows = files.map(({ file }): [string, readonly number[]] => [
      file.fileName,
      deletedOf(file.fileName, file.rowCount),
    ])
    const { bytes, ranges } = vectorFile(new Map(rows.filter(([, each]) => each.length > 0)), form)
    const fileName = `index-${entries.length}`
    await io.write(`${root}/index/${fileName}`, bytes)
    const indexFile = {
      indexType: DELETION_VECTORS_INDEX,
      fileName,
      fileSize: bytes.length,
      rowCount: ranges.length,
      deletionVectors: ranges,
      externalPath: null,
      globalIndex: null,
    }
    entries.push(change({ kind: FILE_KIND.ADD, partition, bucket, indexFile }))
  }
  const manifest = 'index-manifest-of-the-test'
  await io.write(manifestPath(root, manifest), encodeIndexManifest(entries, 'null'))
  await edit(io, snapshotPath(store.location, snapshot.id), { indexManifest: manifest })
  await io.delete(hintPath(store.location, 'EARLIEST'))
  await setOptions(io, root, { 'deletion-vectors.enabled': 'true', ...options.options })
}

/** Changes options of the table's first schema where it lies, which no commit would. */
export async function setOptions(
  io: FileIO,
  root: string,
  options: Readonly<Record<string, string>>,
): Promise<void> {
  const path = schemaPath(openTableStore(io, root).location, 0)
  const json = parseJson(new TextDecoder().decode(await io.read(path)), path) as {
    options: Record<string, string>
  }
  await edit(io, path, { options: { ...json.options, ...options } })
}

async function edit(io: FileIO, path: string, members: Record<string, unknown>): Promise<void> {
  const json = parseJson(new TextDecoder().decode(await io.read(path)), path) as object
  await io.write(path, new TextEncoder().encode(printJson({ ...json, ...members })))
}
