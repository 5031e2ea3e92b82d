/** What overwrites replace, and what they leave. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../src/io/memory.ts'
import type { CommitMessage } from '../../src/snapshot/commit-message.ts'
import { commit, type CommitTable } from '../../src/snapshot/commit.ts'
import { DELETION_VECTORS_INDEX, HASH_INDEX } from '../../src/snapshot/index-manifest.ts'
import { type OverwriteScope, WHOLE_TABLE } from '../../src/snapshot/overwrite.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import {
  allFiles,
  createTestTable,
  fileMeta,
  liveFiles,
  message,
  openTestTable,
  reachableFiles,
} from '../support/commit-tables.ts'

const WRITTEN: OverwriteScope = { kind: 'written' }
const partition = (dt: string | null | undefined): OverwriteScope => ({
  kind: 'matching',
  specs: [[typeof dt === 'string' ? utf8(dt) : dt]],
})

async function filledTable(options: Record<string, string> = {}): Promise<CommitTable> {
  const root = `memory://${randomUUID()}/db.db/t`
  const table = await createTestTable(new MemoryFileIO(), root, options)
  const messages = [
    message({ dt: 'a', newFiles: [fileMeta({ name: 'a1' }), fileMeta({ name: 'a2' })] }),
    message({ dt: 'b', bucket: 1, newFiles: [fileMeta({ name: 'b1' })] }),
    message({ dt: 'b', bucket: -2, newFiles: [fileMeta({ name: 'b-later' })] }),
  ]
  await commit(table, messages, { commitUser: 'first' })
  return table
}

interface Case {
  readonly scope: OverwriteScope
  readonly messages?: readonly CommitMessage[]
  readonly left: readonly string[]
  readonly options?: Record<string, string>
}

const inA = message({ dt: 'a', newFiles: [fileMeta({ name: 'new' })] })
const inC = message({ dt: 'c', newFiles: [fileMeta({ name: 'new' })] })

const cases: readonly [name: string, given: Case][] = [
  [
    'the partitions written to',
    { scope: WRITTEN, messages: [inA], left: ['b-later', 'b1', 'new'] },
  ],
  [
    'a partition written to that is new',
    { scope: WRITTEN, messages: [inC], left: ['a1', 'a2', 'b-later', 'b1', 'new'] },
  ],
  ['a partition told', { scope: partition('a'), messages: [inA], left: ['b-later', 'b1', 'new'] }],
  ['a partition told, with nothing', { scope: partition('b'), left: ['a1', 'a2', 'b-later'] }],
  ['a partition that is not there', { scope: partition('x'), left: ['a1', 'a2', 'b-later', 'b1'] }],
  [
    'the partition of nulls, which others are not',
    { scope: partition(null), left: ['a1', 'a2', 'b-later', 'b1'] },
  ],
  ['any partition', { scope: partition(undefined), left: ['b-later'] }],
  ['the whole table', { scope: WHOLE_TABLE, messages: [inC], left: ['b-later', 'new'] }],
  [
    'the whole table where buckets are told later',
    { scope: WHOLE_TABLE, left: [], options: { bucket: '-2' } },
  ],
]

test.each(cases)('an overwrite of %s takes the place of what is there', async (_, given) => {
  const { scope, messages = [], left, options } = given
  const table = await filledTable(options)
  const { snapshots } = await commit(table, messages, { commitUser: 'w', overwrite: scope })
  expect(snapshots).toMatchObject([{ id: 2, commitKind: 'OVERWRITE' }])
  expect(await liveFiles(table)).toEqual(left)
  expect(snapshots[0]!.totalRecordCount).toBe(10 * left.length)
})

test('an overwrite of the partitions written to that writes nothing changes nothing', async () => {
  const table = await filledTable()
  const result = await commit(table, [], { commitUser: 'w', overwrite: WRITTEN })
  expect(result.snapshots).toEqual([])
})

test('rows outside of what is overwritten are INVALID', async () => {
  const table = await filledTable()
  await expect(
    commit(table, [inC], { commitUser: 'w', overwrite: partition('a') }),
  ).rejects.toMatchObject({ code: 'INVALID', message: expect.stringMatching(/dt=c/) as string })
})

test('an overwrite replaces what another commit adds meanwhile', async () => {
  const table = await filledTable()
  const other = openTestTable(table.store.io, table.store.location.root)
  const { snapshots: store } = table.store
  const create = store.create.bind(store)
  let isFirst = true
  store.create = async (...args) => {
    if (isFirst) {
      isFirst = false
      const late = message({ dt: 'a', newFiles: [fileMeta({ name: 'late' })] })
      await commit(other, [late], { commitUser: 'other' })
    }
    return create(...args)
  }
  const { snapshots } = await commit(table, [inA], { commitUser: 'w', overwrite: WRITTEN })
  expect(snapshots).toMatchObject([{ id: 3 }])
  expect(await liveFiles(table)).toEqual(['b-later', 'b1', 'new'])
  const reachable = await reachableFiles(table)
  const lost = await allFiles(table.store.io, `${table.store.location.root}/manifest`)
  expect(lost.filter((path) => !reachable.has(path))).toEqual([])
})

const index = (indexType: string, fileName: string) => ({
  indexType,
  fileName,
  fileSize: 1,
  rowCount: 0,
  deletionVectors: indexType === HASH_INDEX ? null : [],
  externalPath: null,
  globalIndex: null,
})

const bucketFiles = () => [
  message({
    newFiles: [fileMeta({ keys: [5n, 6n] }), fileMeta({ keys: [1n, 4n] })],
  }),
  message({ bucket: 1, newFiles: [fileMeta({ keys: [1n, 4n] }), fileMeta({ keys: [4n, 5n] })] }),
]

test('index files of the partitions go with an overwrite', async () => {
  const table = await filledTable()
  const messages = [
    message({
      dt: 'a',
      newIndexFiles: [index(HASH_INDEX, 'h'), index(DELETION_VECTORS_INDEX, 'v')],
    }),
    message({ dt: 'b', newIndexFiles: [index(HASH_INDEX, 'kept')] }),
  ]
  await commit(table, messages, { commitUser: 'u' })
  const replacing = message({
    dt: 'a',
    newFiles: [fileMeta()],
    newIndexFiles: [index(HASH_INDEX, 'n')],
  })
  const { snapshots } = await commit(table, [replacing], { commitUser: 'w', overwrite: WRITTEN })
  const entries = await table.store.manifests.readIndexEntries(snapshots[0]!)
  expect(entries.map(({ indexFile }) => indexFile.fileName).toSorted()).toEqual(['kept', 'n'])
})

test('files of an overwrite go to the top level in buckets where they do not overlap', async () => {
  const table = await filledTable({ 'num-levels': '4' })
  const levels = async (options: Record<string, string>): Promise<number[]> => {
    const opened = openTestTable(table.store.io, table.store.location.root, options)
    const overwrite = WHOLE_TABLE
    const { snapshots } = await commit(opened, bucketFiles(), { commitUser: 'w', overwrite })
    const delta = await opened.store.manifests.readDeltaManifests(snapshots[0]!)
    const { levels: found, kinds } = await opened.store.manifests.readManifest(delta[0]!)
    return [...found].filter((__, row) => kinds[row] === 0).toSorted((a, b) => a - b)
  }
  expect(await levels({ 'num-levels': '4' })).toEqual([0, 0, 3, 3])
  expect(await levels({ 'num-levels': '4', 'overwrite-upgrade': 'false' })).toEqual([0, 0, 0, 0])
})

test('a compaction that comes with an overwrite follows it, and no changelog does', async () => {
  const table = await filledTable()
  const before = fileMeta({ name: 'flat' })
  const compacting = message({
    newFiles: [before],
    changelogFiles: [fileMeta({ name: 'told' })],
    compactBefore: [before],
    compactAfter: [fileMeta({ name: 'merged', level: 4 })],
    compactChangelog: [fileMeta({ name: 'told-again' })],
  })
  const { snapshots } = await commit(table, [compacting], { commitUser: 'w', overwrite: WRITTEN })
  expect(snapshots.map(({ commitKind }) => commitKind)).toEqual(['OVERWRITE', 'COMPACT'])
  expect(snapshots.every(({ changelogManifestList }) => changelogManifestList === undefined)).toBe(
    true,
  )
  expect(await liveFiles(table)).toEqual(['b-later', 'b1', 'merged'])
})

test('a truncation whose answer was lost happens once', async () => {
  const table = await filledTable()
  const options = { commitUser: 'w', overwrite: WHOLE_TABLE, mayBeCommitted: true }
  const first = await commit(table, [], options)
  table.store.users.set('w', { committed: undefined, unfinished: new Map([[2n ** 63n - 1n, 1]]) })
  const again = await commit(table, [], options)
  expect(again).toMatchObject({
    alreadyCommitted: true,
    snapshots: [{ id: first.snapshots[0]!.id }],
  })
})
