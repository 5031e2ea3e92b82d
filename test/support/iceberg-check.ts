/**
 * What must hold of a table's Iceberg metadata at any time, told by the table itself and by the independent reader: each snapshot
 * shows the rows that it should, tags are refs, ids of rows are given once, and nothing lies there that nothing names.
 */
import assert from 'node:assert/strict'

import type { FileIO } from '../../src/io/file-io.ts'
import { nameOf } from '../../src/io/path.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { differences, NO_DIFFERENCES } from './golden-expect.ts'
import { icebergRows } from './iceberg-rows.ts'
import { shownRows } from './iceberg-shown.ts'
import {
  type IcebergTree,
  icebergVersions,
  openIceberg,
  type TreeFile,
  treeFiles,
  type TreeSnapshot,
} from './iceberg-tree.ts'
import { openTable } from './table-picture.ts'

/** What is known of a table's Iceberg metadata from one check to the next. */
export class IcebergWatch {
  readonly #io: FileIO
  readonly #root: string
  /** Whether files may lie there that nothing names: of processes that have died. */
  #leftovers: boolean
  #uuid: string | undefined
  #nextRowId = 0
  /** Ranges of row ids that were given, by data file and first id. */
  readonly #rowIds = new Map<string, RowIds>()
  /** Snapshots whose rows were looked at: what is shown of them never changes. */
  readonly #seen = new Set<string>()

  constructor(io: FileIO, root: string, { leftovers = false } = {}) {
    this.#io = io
    this.#root = root
    this.#leftovers = leftovers
  }

  /** Files may lie there from now on that nothing names. */
  allowLeftovers(): void {
    this.#leftovers = true
  }

  /** Another writer has lost the ids that were given, so that they begin anew. */
  forgetRowIds(): void {
    this.#nextRowId = 0
    this.#rowIds.clear()
  }

  /** Throws where the metadata is not what it should be. The number of snapshots that it shows. */
  async check(): Promise<number> {
    const table = await openTable(this.#io, this.#root)
    const latest = await table.latestSnapshot()
    const directory = `${this.#root}/metadata`
    const tree = await openIceberg(this.#io, directory)
    if (tree === null) {
      assert.equal(latest, null, 'there is no Iceberg metadata')
      return 0
    }
    const { metadata } = tree
    assert.equal(metadata['current-snapshot-id'], latest?.id)
    assert.equal(this.#uuid ?? metadata['table-uuid'], metadata['table-uuid'])
    this.#uuid = metadata['table-uuid']
    const tags = new Map<string, Snapshot>()
    for (const name of await table.store.tags.list())
      tags.set(name, (await table.store.tags.read(name)).snapshot)
    checkRefs(tree, tags)
    await this.#checkSnapshots(tree, table, tags)
    checkSchemas(tree, await table.store.schemas.ids())
    await checkNames(tree, directory, this.#leftovers)
    const now = differences(await icebergRows(tree), await shownRows(table, {}))
    assert.deepEqual(now, NO_DIFFERENCES, 'the current rows')
    return metadata.snapshots.length
  }

  async #checkSnapshots(
    tree: IcebergTree,
    table: Awaited<ReturnType<typeof openTable>>,
    tags: ReadonlyMap<string, Snapshot>,
  ): Promise<void> {
    const places = new Map<number, { snapshot: Snapshot; at: Record<string, string> }>()
    for (const [name, snapshot] of tags)
      places.set(snapshot.id, { snapshot, at: { 'scan.tag-name': name } })
    for (const snapshot of await table.snapshots())
      places.set(snapshot.id, { snapshot, at: { 'scan.snapshot-id': String(snapshot.id) } })
    const shown = tree.metadata.snapshots.map((each) => each['snapshot-id'])
    const ids = [...places.keys()].toSorted((a, b) => a - b)
    assert.deepEqual(shown, ids, 'the snapshots')
    for (const each of tree.metadata.snapshots) {
      const { snapshot, at } = places.get(each['snapshot-id'])!
      await this.#checkSnapshot(tree, each, snapshot)
      const key = `${snapshot.deltaManifestList} ${each['manifest-list']}`
      if (this.#seen.has(key)) continue
      const found = await icebergRows(tree, snapshot.id)
      const wrong = differences(found, await shownRows(table, at))
      assert.deepEqual(wrong, NO_DIFFERENCES, `the rows of snapshot ${snapshot.id}`)
      this.#seen.add(key)
    }
    this.#nextRowId = tree.metadata['next-row-id'] ?? 0
  }

  async #checkSnapshot(tree: IcebergTree, each: TreeSnapshot, snapshot: Snapshot): Promise<void> {
    const where = `snapshot ${snapshot.id}`
    assert.equal(each['timestamp-ms'], snapshot.timeMillis, where)
    assert.equal(each['sequence-number'], snapshot.id, where)
    assert.equal(each['schema-id'], snapshot.schemaId, where)
    const { files, deleted } = await treeFiles(tree, each)
    for (const file of [...files, ...deleted]) {
      assert.ok(file.snapshotId <= snapshot.id, `${where}: ${file.path}`)
      if (file.status === 0) assert.ok(file.snapshotId < snapshot.id, `${where}: ${file.path}`)
    }
    if (tree.metadata['format-version'] < 3) return
    const next = tree.metadata['next-row-id']
    assert.ok(next !== undefined && next >= this.#nextRowId, `${where}: next-row-id`)
    assert.ok(each['first-row-id'] !== undefined && each['added-rows'] !== undefined, where)
    assert.ok(each['first-row-id'] + each['added-rows'] <= next, where)
    for (const file of files) if (file.content === 0) this.#checkRowIds(file, next)
  }

  /** Ids of rows are of one file, now and in all that was there before. */
  #checkRowIds({ path, firstRowId, rowCount }: TreeFile, next: number): void {
    assert.ok(firstRowId !== null, `${path} has no row ids`)
    assert.ok(firstRowId + rowCount <= next, `${path} has ids that are not given yet`)
    const key = `${path} ${firstRowId}`
    if (this.#rowIds.has(key)) return
    for (const other of this.#rowIds.values())
      assert.ok(
        firstRowId + rowCount <= other.from || other.to <= firstRowId,
        `${path} has the row ids of ${other.path}`,
      )
    this.#rowIds.set(key, { path, from: firstRowId, to: firstRowId + rowCount })
  }
}

interface RowIds {
  readonly path: string
  readonly from: number
  readonly to: number
}

/** The refs are the tags, and the main branch. */
function checkRefs({ metadata }: IcebergTree, tags: ReadonlyMap<string, Snapshot>): void {
  const expected = new Map([...tags].map(([name, { id }]) => [name, id]))
  for (const [name, ref] of Object.entries(metadata.refs ?? {})) {
    if (ref.type === 'branch') {
      assert.deepEqual([name, ref['snapshot-id']], ['main', metadata['current-snapshot-id']])
      continue
    }
    assert.equal(ref['snapshot-id'], expected.get(name), `the tag ${name}`)
    expected.delete(name)
  }
  assert.deepEqual([...expected.keys()], [], 'tags that are no refs')
}

function checkSchemas({ metadata }: IcebergTree, ids: readonly number[]): void {
  assert.equal(metadata['current-schema-id'], ids.at(-1), 'the current schema')
  const known = new Set(metadata.schemas.map((schema) => schema['schema-id']))
  assert.equal(known.size, metadata.schemas.length)
  for (const each of metadata.snapshots) assert.ok(known.has(each['schema-id']), 'a schema less')
}

/** All that the metadata names is there, and nothing else. */
async function checkNames(tree: IcebergTree, directory: string, leftovers: boolean): Promise<void> {
  const named = await namedFiles(tree)
  const stored = await Array.fromAsync(tree.io.list(directory, { recursive: true }))
  const there = stored.map(({ path }) => nameOf(path)).toSorted()
  const looked = leftovers ? there.filter((name) => named.has(name)) : there
  assert.deepEqual(looked, [...named].toSorted(), 'the files in the metadata directory')
}

/** The names of the files of metadata and deletes that the current metadata lead to. */
async function namedFiles({ metadata, metadataPath, ...rest }: IcebergTree): Promise<Set<string>> {
  const tree = { metadata, metadataPath, ...rest }
  const named = new Set(['version-hint.text', nameOf(metadataPath)])
  const log = metadata['metadata-log'] ?? []
  for (const { 'metadata-file': path } of log) named.add(nameOf(path))
  for (const snapshot of metadata.snapshots) {
    named.add(nameOf(snapshot['manifest-list']))
    const { files, manifests } = await treeFiles(tree, snapshot)
    for (const path of manifests) named.add(nameOf(path))
    for (const { content, path } of files) if (content !== 0) named.add(nameOf(path))
  }
  return named
}

/**
 * What clients see at any moment, whatever went wrong: all metadata can be read, and the current rows are those of a snapshot that
 * the table had.
 */
export async function checkReadable(io: FileIO, root: string): Promise<void> {
  const directory = `${root}/metadata`
  for (const tree of await icebergVersions(io, directory)) {
    await checkNames(tree, directory, true)
    await icebergRows(tree)
  }
}
