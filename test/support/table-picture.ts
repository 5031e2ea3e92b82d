/** What readers see of a table at every place that it keeps for them, and which of its files any of those places need. */
import { setTimeout } from 'node:timers/promises'

import type { FileIO } from '../../src/io/file-io.ts'
import { nameOf } from '../../src/io/path.ts'
import { branchNames } from '../../src/snapshot/branches.ts'
import { ChangelogStore } from '../../src/snapshot/changelog-store.ts'
import { ConsumerStore } from '../../src/snapshot/consumer-store.ts'
import { dataLayout, pathsOfFile } from '../../src/snapshot/data-paths.ts'
import { entryAt } from '../../src/snapshot/manifest-rows.ts'
import { scanManifests } from '../../src/snapshot/manifest-scan.ts'
import type { Snapshot } from '../../src/snapshot/snapshot.ts'
import { openBranch, openTableStore, type TableStore } from '../../src/snapshot/table-store.ts'
import { Table } from '../../src/table/table.ts'
import { schemaFileText } from '../../src/types/schema-file.ts'
import { LakeError } from '../../src/util/errors.ts'
import { readRows } from './golden-expect.ts'
import { readStream } from './golden-streams.ts'

/** What is seen at each place, `snapshot 3` or `tag x`, as a text; one that starts with {@link DAMAGED} cannot be read. */
export type Picture = ReadonlyMap<string, string>

export const DAMAGED = 'damaged: '

export async function openTable(io: FileIO, root: string): Promise<Table> {
  const store = openTableStore(io, root)
  return new Table(store, 'db.t', await store.schemas.readLatest())
}

/** Looks at the table with eyes that have seen nothing of it yet. */
export async function pictureOf(io: FileIO, root: string): Promise<Picture> {
  const picture = new Map<string, string>()
  const main = openTableStore(io, root)
  await addBranch(picture, main, '')
  for (const name of await branchNames(io, root))
    await addBranch(picture, openBranch(main, name), `branch ${name} `)
  return picture
}

async function addBranch(
  picture: Map<string, string>,
  store: TableStore,
  prefix: string,
): Promise<void> {
  const add = async (place: string, look: () => Promise<string>): Promise<void> => {
    picture.set(`${prefix}${place}`, await look().catch(damageOf))
  }
  const [schemaId] = (await store.schemas.ids()).slice(-1)
  // A branch may be half made, or half gone.
  if (schemaId === undefined) return
  await add('schema', async () => schemaFileText(untimed(await store.schemas.read(schemaId))))
  const table = new Table(store, 'db.t', await store.schemas.read(schemaId))
  const read = async (options: Readonly<Record<string, string>>): Promise<string> =>
    (await readRows(table.read({ options }))).join('\n')
  await add('rows', async () => read({}))
  for (const id of await store.snapshots.ids())
    await add(`snapshot ${id}`, () => read({ 'scan.snapshot-id': String(id) }))
  for (const name of await store.tags.list())
    await add(`tag ${name}`, () => read({ 'scan.tag-name': name }))
  const consumers = new ConsumerStore(store.io, store.location)
  for (const name of await consumers.list())
    await add(`consumer ${name}`, async () => {
      const next = await consumers.find(name)
      return `${next}\n${await changesFrom(table, next!)}`
    })
  for (const id of await new ChangelogStore(store.io, store.location).ids())
    await add(`changelog ${id}`, () => changesFrom(table, id, id))
}

function untimed<T extends { readonly timeMillis: number }>(schema: T): T {
  return { ...schema, timeMillis: 0 }
}

async function changesFrom(table: Table, first: number, last = Infinity): Promise<string> {
  const options = { 'scan.mode': 'from-snapshot', 'scan.snapshot-id': String(first) }
  const changes = await readStream(table.changes({ follow: false, options }))
  const texts = changes
    .filter(({ snapshotId }) => snapshotId <= last)
    .map(({ snapshotId, row }) => `${snapshotId} ${JSON.stringify(row)}`)
  return texts.toSorted().join('\n')
}

function damageOf(error: unknown): string {
  if (error instanceof LakeError) return `${DAMAGED}${error.code}`
  throw error
}

/** Removes all orphans there are now, however young they are. */
export async function removeAllOrphans(table: Table): Promise<void> {
  await setTimeout(2)
  const olderThan = new Date()
  await setTimeout(2)
  await table.removeOrphans({ olderThan })
}

/** Files that no snapshot, tag or changelog of any branch needs and that are no metadata themselves, Iceberg's among them. */
export async function unneededFiles(io: FileIO, root: string): Promise<string[]> {
  const needed = new Set<string>()
  const main = openTableStore(io, root)
  const stores = [main, ...(await branchNames(io, root)).map((name) => openBranch(main, name))]
  for (const store of stores) {
    for (const id of await store.snapshots.ids())
      await addNeeded(needed, store, await store.snapshots.read(id))
    for (const name of await store.tags.list())
      await addNeeded(needed, store, (await store.tags.read(name)).snapshot)
    const changelogs = new ChangelogStore(io, store.location)
    for (const id of await changelogs.ids())
      await addNeeded(needed, store, (await changelogs.find(id))!, true)
  }
  const files = await Array.fromAsync(io.list(root, { recursive: true }))
  return files
    .map(({ path }) => path)
    .filter((path) => !needed.has(nameOf(path)) && !METADATA.test(path.slice(root.length)))
}

const METADATA =
  /^\/(?:branch\/branch-[^/]+\/)?(?:snapshot\/(?:snapshot-\d+|EARLIEST|LATEST)|changelog\/(?:changelog-\d+|EARLIEST|LATEST)|schema\/schema-\d+|tag\/tag-[^/]+|consumer\/consumer-[^/]+)$|^\/metadata\/|\/_SUCCESS$/

/**
 * Adds the names of the files that the snapshot refers to, those that its manifests say are deleted among them. A changelog
 * keeps no more than its changes, and a tag of a snapshot that has expired all but those.
 */
async function addNeeded(
  needed: Set<string>,
  { manifests, schemas, location }: TableStore,
  snapshot: Snapshot,
  isChangelog = false,
): Promise<void> {
  const layout = dataLayout(location.root, await schemas.read(snapshot.schemaId))
  const { baseManifestList, deltaManifestList, changelogManifestList } = snapshot
  const { indexManifest, statistics } = snapshot
  const lists = isChangelog
    ? [changelogManifestList]
    : [baseManifestList, deltaManifestList, changelogManifestList, indexManifest, statistics]
  for (const name of lists) if (name !== undefined) needed.add(name)
  const metas = isChangelog ? [] : await manifests.readDataManifests(snapshot)
  const changes = await manifests.readChangelogManifests(snapshot).catch(unlessMissing)
  for (const meta of [...metas, ...changes]) {
    needed.add(meta.fileName)
    for (const { rows, indices } of await scanManifests(manifests, [meta], 'as-is'))
      for (const row of indices)
        for (const path of pathsOfFile(layout, entryAt(rows, row))) needed.add(nameOf(path))
  }
  if (isChangelog) return
  for (const { indexFile } of await manifests.readIndexEntries(snapshot))
    needed.add(indexFile.fileName)
}

function unlessMissing(error: unknown): [] {
  if (error instanceof LakeError && error.code === 'NOT_FOUND') return []
  throw error
}
