/** The metadata of the golden tables: read, counted, and written again as Java wrote it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { decodeAvroHeader } from '../../src/format/avro/reader.ts'
import { encodeAvro } from '../../src/format/avro/writer.ts'
import type { SimpleStats } from '../../src/snapshot/data-file-meta.ts'
import { decodeIndexManifest, encodeIndexManifest } from '../../src/snapshot/index-manifest.ts'
import { FILE_KIND } from '../../src/snapshot/manifest-entry.ts'
import { decodeManifest, ManifestWriter } from '../../src/snapshot/manifest-file.ts'
import { decodeManifestList, encodeManifestList } from '../../src/snapshot/manifest-list.ts'
import { entryAt, rowsOfEntries } from '../../src/snapshot/manifest-rows.ts'
import { scanEntries } from '../../src/snapshot/manifest-scan.ts'
import {
  INDEX_MANIFEST_FIELDS,
  MANIFEST_FIELDS,
  MANIFEST_LIST_FIELDS,
} from '../../src/snapshot/manifest-types.ts'
import { parseSnapshot, type Snapshot, snapshotText } from '../../src/snapshot/snapshot.ts'
import { buildStats, statsByName } from '../../src/snapshot/stats.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { partitionFields, trimmedKeyFields } from '../../src/types/schema-keys.ts'
import { goldenFiles, goldenRoot, goldenStore, goldenTables } from '../support/golden-tables.ts'

interface GoldenFile {
  readonly table: string
  readonly name: string
  readonly path: string
  readonly bytes: Uint8Array
}

function filesOf(
  directory: string,
  prefix: string,
  isOther: (name: string) => boolean = () => false,
): GoldenFile[] {
  return goldenTables.flatMap((table) =>
    goldenFiles(table, directory, prefix)
      .filter((name) => !isOther(name))
      .map((name) => {
        const path = join(goldenRoot(table), directory, name)
        return { table, name, path, bytes: readFileSync(path) }
      }),
  )
}

const isList = (name: string): boolean => name.startsWith('manifest-list-')
const manifests = filesOf('manifest', 'manifest-', isList)
const lists = filesOf('manifest', 'manifest-list-')
const indexManifests = filesOf('manifest', 'index-manifest-')
const snapshots = [
  ...filesOf('snapshot', 'snapshot-'),
  ...filesOf('branch/branch-dev/snapshot', 'snapshot-'),
]
const tags = [...filesOf('tag', 'tag-'), ...filesOf('branch/branch-dev/tag', 'tag-')]

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

test('all snapshots and tags are written again byte for byte', () => {
  expect(snapshots).toHaveLength(169 + 2)
  expect(tags).toHaveLength(3)
  for (const { path, bytes } of [...snapshots, ...tags])
    expect(snapshotText(parseSnapshot(textOf(bytes), path))).toBe(textOf(bytes))
})

test('the Avro schemas that are written equal those of Java', () => {
  const cases = [
    [MANIFEST_FIELDS, manifests],
    [MANIFEST_LIST_FIELDS, lists],
    [INDEX_MANIFEST_FIELDS, indexManifests],
  ] as const
  for (const [fields, files] of cases) {
    const ours = schemaOf('ours', encodeAvro(fields, []))
    expect(files.length).toBeGreaterThan(5)
    for (const { path, bytes } of files) expect(schemaOf(path, bytes)).toEqual(ours)
  }
})

function schemaOf(path: string, bytes: Uint8Array): unknown {
  return JSON.parse(textOf(decodeAvroHeader(path, bytes).metadata.get('avro.schema')!))
}

test('manifest lists are written again with equal values', () => {
  for (const { path, bytes } of lists) {
    const metas = decodeManifestList(path, bytes)
    expect(decodeManifestList('again', encodeManifestList(metas, 'zstandard'))).toEqual(metas)
  }
})

test('manifests are written again with equal values', () => {
  for (const { path, bytes } of manifests) {
    const rows = decodeManifest(path, bytes)
    const entries = Array.from({ length: rows.length }, (_, row) => entryAt(rows, row))
    const again = decodeManifest(
      'again',
      encodeAvro(MANIFEST_FIELDS, [rowsOfEntries(entries).batch]),
    )
    expect(Array.from({ length: again.length }, (_, row) => entryAt(again, row))).toEqual(entries)
  }
})

test('index manifests are written again with equal values', () => {
  let vectorCount = 0
  for (const { path, bytes } of indexManifests) {
    const entries = decodeIndexManifest(path, bytes)
    for (const { indexFile } of entries) vectorCount += indexFile.deletionVectors?.length ?? 0
    expect(decodeIndexManifest('again', encodeIndexManifest(entries, 'zstandard'))).toEqual(entries)
  }
  expect(vectorCount).toBeGreaterThan(0)
})

test('what a list says of a manifest is what its entries give', async () => {
  let compared = 0
  for (const { table, path, bytes } of lists) {
    const schema = await goldenStore(table).schemas.readLatest()
    for (const meta of decodeManifestList(path, bytes)) {
      const manifest = manifests.find((file) => file.name === meta.fileName)
      // Manifests of expired snapshots are gone.
      if (manifest === undefined) continue
      const writer = new ManifestWriter({
        partitionFields: partitionFields(schema),
        codec: 'zstandard',
        targetSizeBytes: Infinity,
        nextName: () => meta.fileName,
        store: async () => {},
      })
      await writer.write(decodeManifest(manifest.path, manifest.bytes, meta))
      const [again] = await writer.finish()
      expect({ ...again, fileSize: manifest.bytes.length }).toEqual(meta)
      compared++
    }
  }
  expect(compared).toBeGreaterThan(300)
})

test('record counts of snapshots are those of their files', async () => {
  for (const table of goldenTables) {
    const store = goldenStore(table)
    for (const id of await store.snapshots.ids()) {
      const snapshot = await store.snapshots.read(id)
      const rows = async (kind: 'all' | 'delta' | 'changelog'): Promise<number> =>
        (await scanEntries(store.manifests, snapshot, kind)).reduce(
          (sum, entry) => sum + (entry.kind === FILE_KIND.ADD ? 1 : -1) * entry.file.rowCount,
          0,
        )
      expect([table, id, await rows('delta')]).toEqual([table, id, snapshot.deltaRecordCount])
      expect([table, id, await rows('all')]).toEqual([table, id, snapshot.totalRecordCount])
      expect(await rows('changelog')).toBe(snapshot.changelogRecordCount ?? 0)
    }
  }
})

test('sizes of manifest lists in snapshots are those of the files', () => {
  const sizes = new Map(lists.map((file) => [file.name, file.bytes.length]))
  let compared = 0
  for (const { path, bytes } of snapshots) {
    const snapshot = parseSnapshot(textOf(bytes), path)
    for (const [name, size] of listsOf(snapshot)) {
      expect(sizes.get(name)).toBe(size)
      compared++
    }
  }
  expect(compared).toBeGreaterThan(2 * 169)
})

function listsOf(snapshot: Snapshot): [string, number | undefined][] {
  const { changelogManifestList, changelogManifestListSize } = snapshot
  return [
    [snapshot.baseManifestList, snapshot.baseManifestListSize],
    [snapshot.deltaManifestList, snapshot.deltaManifestListSize],
    ...(changelogManifestList === undefined
      ? []
      : [[changelogManifestList, changelogManifestListSize] as [string, number | undefined]]),
  ]
}

test('column statistics decode, and encode to the same bytes', async () => {
  let compared = 0
  for (const { table, path, bytes } of manifests) {
    const { schemas } = goldenStore(table)
    const rows = decodeManifest(path, bytes)
    for (let row = 0; row < rows.length; row++) {
      const { file } = entryAt(rows, row)
      const schema = await schemas.read(file.schemaId)
      const columns = schema.fields.filter((field) => file.writeCols?.includes(field.name) ?? true)
      expect(encodeAgain(file.valueStats, columns, file.valueStatsCols)).toEqual(file.valueStats)
      const keys = file.minKey.length > 12 ? trimmedKeyFields(schema) : []
      expect(encodeAgain(file.keyStats, keys, null)).toEqual(file.keyStats)
      compared++
    }
  }
  expect(compared).toBeGreaterThan(500)
})

/** Through the lookup by name, and the building of dense statistics. */
function encodeAgain(
  stats: SimpleStats,
  fields: readonly DataField[],
  columns: readonly string[] | null,
): SimpleStats {
  const lookup = statsByName(stats, fields, columns, 'a golden manifest')
  const unknown = { min: null, max: null, nullCount: null }
  const bounds = fields.map(({ name }) => lookup(name) ?? unknown)
  const built = buildStats(
    fields,
    bounds,
    fields.map(() => 'full' as const),
    columns !== null,
  )
  expect(built.columns).toEqual(columns)
  return built.stats
}
