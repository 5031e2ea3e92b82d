/**
 * Names that lead elsewhere, given by users, found in partitions, or written into metadata by somebody hostile: they are
 * refused or escaped, and no operation ever touches a path outside of the table.
 */
import { afterEach, describe, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import type { FileIO } from '../../src/io/file-io.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { parsePath } from '../../src/io/path.ts'
import {
  DELETION_VECTORS_INDEX,
  type IndexManifestEntry,
} from '../../src/snapshot/index-manifest.ts'
import type { ManifestEntry } from '../../src/snapshot/manifest-entry.ts'
import type { ManifestFileMeta } from '../../src/snapshot/manifest-list.ts'
import { entryAt, rowsOfEntries } from '../../src/snapshot/manifest-rows.ts'
import { ManifestStore } from '../../src/snapshot/manifest-store.ts'
import { snapshotPath } from '../../src/snapshot/paths.ts'
import { type Snapshot, snapshotText } from '../../src/snapshot/snapshot.ts'
import { Uploads } from '../../src/snapshot/uploads.ts'
import type { Table } from '../../src/table/table.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { defineSchema, t } from '../../src/types/schema.ts'
import { LakeError } from '../../src/util/errors.ts'
import { FORMAT } from '../support/manifests.ts'

const EVENTS = defineSchema({
  columns: { dt: t.string(), id: t.int() },
  partitionBy: ['dt'],
  options: { bucket: -1 },
})

interface Logged {
  readonly io: FileIO
  /** What was asked for, by whom, in paths without their scheme. */
  readonly asked: { readonly call: string; readonly path: string }[]
}

/** The storage, with every path that it is asked for. */
function logged(inner: FileIO): Logged {
  const asked: { call: string; path: string }[] = []
  const io = new Proxy(inner, {
    get(target, name) {
      const value = Reflect.get(target, name, target) as unknown
      if (typeof value !== 'function') return value
      return (...args: unknown[]) => {
        const paths = [args[0]].flat().filter((path) => typeof path === 'string')
        asked.push(...paths.map((path) => ({ call: String(name), path })))
        return (value as (...all: unknown[]) => unknown).apply(target, args)
      }
    },
  })
  return { io, asked }
}

let count = 0
let opened: Logged | undefined

/** A table of two snapshots and a tag, in a warehouse beside which there is a secret. */
async function eventsTable(): Promise<{ catalog: Catalog; table: Table; root: string }> {
  opened = logged(new MemoryFileIO())
  const { io } = opened
  const catalog = new Catalog(io, `memory://paths-${++count}/a/wh`)
  const table = await catalog.createTable('shop.events', EVENTS)
  await table.write([{ dt: 'x', id: 1 }])
  await table.tags.create('v1')
  await table.write([{ dt: 'x', id: 2 }])
  await io.write(`memory://paths-${count}/a/secret`, utf8('secret'))
  opened.asked.length = 0
  return { catalog, table: table as unknown as Table, root: table.path }
}

/** What was asked of paths that are not below the directory. */
function outside(root: string): string[] {
  const isInside = (path: string): boolean =>
    (path === root || path.startsWith(`${root}/`)) && !parsePath(path).segments.includes('..')
  return (opened?.asked ?? [])
    .filter(({ path }) => !isInside(path))
    .map(({ call, path }) => `${call} ${path}`)
}

afterEach(() => {
  opened = undefined
})

/** `refused`, or `done`; any other failure is thrown. */
async function outcome(act: () => Promise<unknown>): Promise<'refused' | 'done'> {
  try {
    await act()
    return 'done'
  } catch (error) {
    if (error instanceof LakeError && REFUSALS.has(error.code)) return 'refused'
    throw error
  }
}

const REFUSALS = new Set(['INVALID', 'CORRUPT', 'NOT_FOUND', 'UNSUPPORTED'])

const LEADING_ELSEWHERE = [
  '',
  '/',
  'a/b',
  '../x',
  '../../../secret',
  '/etc/passwd',
  's3://other/x',
  'a\\b',
  'a\0b',
]
/** Of these some are the names of a level, be it behind a prefix. */
const ODD = [
  '..',
  '.',
  '%2e%2e',
  '..%2f..%2fsecret',
  'C:',
  '...',
  '\u00e9',
  'e\u0301',
  'x'.repeat(1024),
  'tag-a',
]

describe('a name that a user gives', () => {
  const USES: Readonly<Record<string, (table: Table, name: string) => Promise<unknown>>> = {
    'of a tag to make': (table, name) => table.tags.create(name),
    'of a tag to rename to': (table, name) => table.tags.rename('v1', name),
    'of a tag to delete': (table, name) => table.tags.delete(name),
    'of a tag to roll back to': (table, name) => table.rollbackTo({ tag: name }),
    'of a tag to read': (table, name) => Array.fromAsync(table.read({ at: { tag: name } }).rows()),
    'of a branch to make': (table, name) => table.branches.create(name),
    'of a branch to delete': (table, name) => table.branches.delete(name),
    'of a branch to forward to': (table, name) => table.branches.fastForward(name),
    'of a consumer to set': (table, name) => table.consumers.reset(name, 1),
    'of a consumer to delete': (table, name) => table.consumers.delete(name),
    'of a consumer to follow as': (table, name) =>
      Array.fromAsync(table.changes({ consumer: name, follow: false })),
  }

  test.each(Object.entries(USES))('%s is one level of a path in the table', async (_, use) => {
    const { table, root } = await eventsTable()
    for (const name of LEADING_ELSEWHERE)
      expect({ name, is: await outcome(() => use(table, name)) }).toEqual({ name, is: 'refused' })
    for (const name of ODD) await outcome(() => use(table, name))
    expect(outside(root)).toEqual([])
  })

  test('of a database or a table is one level of a path in the warehouse', async () => {
    const { catalog } = await eventsTable()
    for (const name of [...LEADING_ELSEWHERE, '.', '..', 'C:']) {
      const uses = [
        () => catalog.createDatabase(name),
        () => catalog.tables(name),
        () => catalog.createTable(`shop.${name}`, EVENTS),
        () => catalog.table(`${name}.events`),
        () => catalog.table(`shop.events$branch_${name}`),
      ]
      for (const use of uses) expect(await outcome(use)).toBe('refused')
    }
    expect(outside(catalog.warehouse)).toEqual([])
  })

  test('is that of one thing in each of its Unicode forms', async () => {
    const { table } = await eventsTable()
    const forms = ['\u00e9', 'e\u0301']
    for (const form of forms) await table.tags.create(form)
    const names = (await table.tags.list()).map(({ name }) => name)
    expect(names.toSorted()).toEqual([...forms, 'v1'].toSorted())
  })
})

describe('the value of a partition', () => {
  /** As Java's `PartitionPathUtils` escapes it. */
  const DIRECTORIES: readonly (readonly [value: string, directory: string])[] = [
    ['..', 'dt=..'],
    ['.', 'dt=.'],
    ['', 'dt=__DEFAULT_PARTITION__'],
    ['a/b', 'dt=a%2Fb'],
    ['../../../secret', 'dt=..%2F..%2F..%2Fsecret'],
    ['a\\b', 'dt=a%5Cb'],
    ['%2e%2e', 'dt=%252e%252e'],
    ['a\0b', 'dt=a%00b'],
    ['C:', 'dt=C%3A'],
    ['s3://other/x', 'dt=s3%3A%2F%2Fother%2Fx'],
    ['\u00e9', 'dt=\u00e9'],
    ['e\u0301', 'dt=e\u0301'],
  ]

  test('is one level of a path, escaped as in Java, and read back', async () => {
    const { table, root } = await eventsTable()
    const rows = DIRECTORIES.map(([dt], at) => ({ dt, id: 10 + at }))
    await table.write(rows)
    const written = opened!.asked.filter(({ call }) => call === 'openWriter')
    const directories = written.map(({ path }) => path.slice(root.length + 1).split('/')[0]!)
    expect(directories.toSorted()).toEqual(DIRECTORIES.map(([, each]) => each).toSorted())
    const read = await Array.fromAsync(table.read({ where: 'id >= 10' }).rows())
    expect(read.toSorted((a, b) => Number(a['id']) - Number(b['id']))).toEqual(rows)
    await table.dropPartitions(DIRECTORIES.map(([dt]) => ({ dt })))
    expect(outside(root)).toEqual([])
  })
})

const FORGED_NAMES =
  process.env['RELIABILITY'] === 'full' ? LEADING_ELSEWHERE : ['../../../secret', 's3://other/x']

describe('a name in the metadata', () => {
  type Forge = (forged: Forged, name: string) => Promise<Partial<Snapshot>>

  interface Forged {
    readonly snapshot: Snapshot
    readonly store: ManifestStore
    readonly uploads: Uploads
    readonly entries: readonly ManifestEntry[]
    readonly metas: readonly ManifestFileMeta[]
  }

  const delta = async ({ store, uploads }: Forged, metas: readonly ManifestFileMeta[]) => {
    const { name, sizeBytes } = await store.writeList(metas, 'zstandard', uploads)
    return { deltaManifestList: name, deltaManifestListSize: sizeBytes }
  }
  const withFile = async (forged: Forged, lie: Partial<ManifestEntry['file']>) => {
    const entries = forged.entries.map((entry) => ({ ...entry, file: { ...entry.file, ...lie } }))
    const rows = rowsOfEntries(entries)
    return delta(forged, await forged.store.writeManifests(rows, FORMAT, forged.uploads))
  }
  const withIndex = async (forged: Forged, lie: Partial<IndexManifestEntry['indexFile']>) => {
    const [{ partition, bucket }] = forged.entries as [ManifestEntry]
    const vector = { dataFileName: 'x', offset: 1, length: 20, cardinality: 1n }
    const indexFile = {
      indexType: DELETION_VECTORS_INDEX,
      fileName: 'index-1',
      fileSize: 21,
      rowCount: 1,
      deletionVectors: [vector],
      externalPath: null,
      globalIndex: null,
      ...lie,
    } as unknown as IndexManifestEntry['indexFile']
    const entry = { kind: 0, partition, bucket, indexFile } as IndexManifestEntry
    const { name } = await forged.store.writeIndexManifest([entry], 'zstandard', forged.uploads)
    return { indexManifest: name }
  }

  const FORGERIES: Readonly<Record<string, Forge>> = {
    'of a base list': async (_, name) => ({ baseManifestList: name }),
    'of a delta list': async (_, name) => ({ deltaManifestList: name }),
    'of a changelog list': async (_, name) => ({
      changelogManifestList: name,
      changelogManifestListSize: 1,
    }),
    'of an index manifest': async (_, name) => ({ indexManifest: name }),
    'of a statistics file': async (_, name) => ({ statistics: name }),
    'of a manifest': (forged, name) =>
      delta(
        forged,
        forged.metas.map((meta) => ({ ...meta, fileName: name })),
      ),
    'of a data file': (forged, name) => withFile(forged, { fileName: name }),
    'of a file beside a data file': (forged, name) => withFile(forged, { extraFiles: [name] }),
    'of a data file elsewhere': (forged, name) => withFile(forged, { externalPath: name }),
    'of an index file': (forged, name) => withIndex(forged, { fileName: name }),
    'of an index file elsewhere': (forged, name) => withIndex(forged, { externalPath: name }),
  }

  /** The latest snapshot, and one before it, as somebody hostile would have them. */
  async function forge(table: Table, forgery: Forge, name: string): Promise<void> {
    const { io, location } = table.store
    for (const id of [1, 2]) {
      const store = new ManifestStore(io, location.root)
      const uploads = new Uploads(io)
      const snapshot = await table.store.snapshots.read(id)
      const metas = await store.readDeltaManifests(snapshot)
      const rows = await store.readManifest(metas[0]!)
      const entries = Array.from({ length: rows.length }, (_, row) => entryAt(rows, row))
      const lie = await forgery({ snapshot, store, uploads, entries, metas }, name)
      await uploads.finish()
      await io.write(snapshotPath(location, id), utf8(snapshotText({ ...snapshot, ...lie })))
    }
  }

  const later = new Date(Date.now() - 1)
  const DOINGS: Readonly<Record<string, (table: Table) => Promise<unknown>>> = {
    read: (table) => Array.fromAsync(table.read().rows()),
    follow: (table) => Array.fromAsync(table.changes({ follow: false })),
    check: (table) => table.check({ allSnapshots: true }),
    'remove orphans': (table) => table.removeOrphans({ olderThan: later }),
    compact: (table) => table.compact({ full: true }),
    truncate: (table) => table.truncate(),
    expire: (table) => table.expire({ retainMin: 1, retainMax: 1 }),
    'delete a tag': (table) => table.tags.delete('v1'),
    'roll back': (table) => table.rollbackTo({ snapshot: 1 }),
  }

  test.each(Object.entries(FORGERIES))('%s leads nowhere else', async (what, forgery) => {
    for (const name of FORGED_NAMES) {
      const { catalog, table, root } = await eventsTable()
      await forge(table, forgery, name)
      opened!.asked.length = 0
      for (const act of Object.values(DOINGS)) {
        // Nothing is taken from memory.
        const fresh = await new Catalog(catalog.io, catalog.warehouse).table('shop.events')
        await outcome(() => act(fresh))
      }
      expect({ what, name, outside: outside(root) }).toEqual({ what, name, outside: [] })
    }
  })

  test('of a data file on the same storage may be read there, and is never deleted', async () => {
    const { catalog, table, root } = await eventsTable()
    const other = catalog.warehouse.replace(/wh$/, 'other')
    const planted: string[] = []
    const forgery: Forge = async (forged) => {
      const [{ file }] = forged.entries as [ManifestEntry]
      const path = `${other}/${file.fileName}`
      planted.push(path)
      await table.io.write(path, utf8('not ours'))
      return await withFile(forged, { externalPath: path })
    }
    await forge(table, forgery, '')
    for (const act of Object.values(DOINGS)) {
      const fresh = await new Catalog(catalog.io, catalog.warehouse).table('shop.events')
      await outcome(() => act(fresh))
    }
    const touched = outside(root).filter((asked) => /delete|write|create|replace/i.test(asked))
    expect(touched).toEqual(planted.map((path) => `write ${path}`))
  })
})
