/** Which manifests are merged, and that a merge changes no live file. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import type { ManifestEntry } from '../../src/snapshot/manifest-entry.ts'
import type { ManifestFileMeta } from '../../src/snapshot/manifest-list.ts'
import {
  chooseFullMerge,
  chooseMinorMerge,
  mergeManifests,
  type MergeOptions,
  needsFullMerge,
  reuseMerge,
} from '../../src/snapshot/manifest-merge.ts'
import { entryAt, identityAt, identityOf } from '../../src/snapshot/manifest-rows.ts'
import { scanManifests } from '../../src/snapshot/manifest-scan.ts'
import { Uploads } from '../../src/snapshot/uploads.ts'
import { partitionOf } from '../support/commit-tables.ts'
import {
  entry,
  type EntryOptions,
  FORMAT,
  metaOf,
  type TestManifests,
  testManifests,
} from '../support/manifests.ts'

const OPTIONS: MergeOptions = { targetSizeBytes: 800, fullSizeBytes: 1_600, mergeCountMin: 3 }

/** Manifests of the sizes; a size in brackets has deletions. */
function metasOf(text: string): ManifestFileMeta[] {
  const parts = text === '' ? [] : text.split(' ')
  return parts.map((part, i) =>
    metaOf({
      fileName: `m${i}`,
      fileSize: Number(part.replace(/[()]/g, '')),
      numDeletedFiles: part.startsWith('(') ? 1 : 0,
    }),
  )
}

test.each([
  ['', false],
  ['700 700', false],
  ['800 900 5000', false],
  ['700 700 200', true],
  ['(1600)', true],
  ['(900) 700', true],
  ['(900) 900 600', false],
])('manifests of %s: a full merge is due: %s', (sizes, isDue) => {
  expect(needsFullMerge(metasOf(sizes), OPTIONS)).toBe(isDue)
})

test.each([
  ['', []],
  ['100', ['m0']],
  ['100 100', ['m0', 'm1']],
  ['100 100 100', ['m0+m1+m2']],
  ['900 900', ['m0', 'm1']],
  ['100 900', ['m0+m1']],
  ['500 300 100', ['m0+m1', 'm2']],
  ['500 300 100 100 100', ['m0+m1', 'm2+m3+m4']],
  ['900 100 100 900 100', ['m0', 'm1+m2+m3', 'm4']],
])('a minor merge of manifests of %s makes the groups %j', (sizes, groups) => {
  const chosen = chooseMinorMerge(metasOf(sizes), OPTIONS)
  expect(chosen.map((group) => group.map(({ fileName }) => fileName).join('+'))).toEqual(groups)
})

test('a full merge opens small manifests, those with deletions, and big ones that a deletion may hit', () => {
  const metas = [
    metaOf({ fileName: 'small', fileSize: 10 }),
    metaOf({ fileName: 'deleting', fileSize: 9_000, numDeletedFiles: 1, dts: ['a', 'a'] }),
    metaOf({ fileName: 'hit', fileSize: 9_000, dts: ['b', 'd'] }),
    metaOf({ fileName: 'edge', fileSize: 9_000, dts: ['c', 'c'] }),
    metaOf({ fileName: 'missed', fileSize: 9_000, dts: ['x', 'z'] }),
  ]
  const choice = chooseFullMerge(metas, [partitionOf('c')], FORMAT.partitionFields, OPTIONS)
  expect(choice?.open.map(({ fileName }) => fileName)).toEqual(['small', 'deleting', 'hit', 'edge'])
  expect(choice?.keep.map(({ fileName }) => fileName)).toEqual(['missed'])
  expect(chooseFullMerge(metas.slice(3), [partitionOf('c')], FORMAT.partitionFields, OPTIONS)).toBe(
    null,
  )
  expect(
    chooseFullMerge(metas, [partitionOf('q')], FORMAT.partitionFields, OPTIONS)?.keep,
  ).toHaveLength(3)
})

test('without partitions a deletion may be in every manifest', () => {
  const metas = [metaOf({ fileSize: 9_000 }), metaOf({ fileSize: 9_000 })]
  expect(chooseFullMerge(metas, [new Uint8Array(12)], [], OPTIONS)?.open).toHaveLength(2)
  expect(chooseFullMerge(metas, [], [], OPTIONS)).toBe(null)
})

test('a merge serves the next attempt as long as what it replaced comes first', () => {
  const [a, b, c, d] = metasOf('1 2 3 4') as [
    ManifestFileMeta,
    ManifestFileMeta,
    ManifestFileMeta,
    ManifestFileMeta,
  ]
  const merged = metaOf({ fileName: 'merged' })
  expect(reuseMerge([a, b], [merged], [a, b, c, d])).toEqual([merged, c, d])
  expect(reuseMerge([a, b], [merged], [a, b])).toEqual([merged])
  expect(reuseMerge([a, b], [merged], [a, c, b])).toBe(null)
  expect(reuseMerge([a, b], [merged], [a])).toBe(null)
})

const add = (name: string, level = 0): EntryOptions => ({ name, level })
const drop = (name: string, level = 0): EntryOptions => ({ name, level, kind: 'DELETE' })
const big = (dt: string): ManifestEntry[] =>
  Array.from({ length: 40 }, (_, i) => entry({ dt, name: `${dt}${i}` }))

interface Merged {
  readonly metas: ManifestFileMeta[]
  readonly entries: ManifestEntry[]
}

async function merge(
  manifests: TestManifests,
  metas: readonly ManifestFileMeta[],
  options: MergeOptions,
): Promise<Merged> {
  const uploads = new Uploads(manifests.io)
  const merged = await mergeManifests(metas, options, {
    read: (meta) => manifests.store.readManifest(meta),
    newWriter: () => manifests.store.manifestWriter(FORMAT, uploads),
    partitionFields: FORMAT.partitionFields,
  })
  await uploads.finish()
  return { metas: merged, entries: await entriesOf(manifests, merged) }
}

async function entriesOf(
  { store }: TestManifests,
  metas: readonly ManifestFileMeta[],
): Promise<ManifestEntry[]> {
  const chosen = await scanManifests(store, metas, 'as-is')
  return chosen.flatMap(({ rows, indices }) => Array.from(indices, (row) => entryAt(rows, row)))
}

async function liveOf(
  { store }: TestManifests,
  metas: readonly ManifestFileMeta[],
): Promise<string[]> {
  const chosen = await scanManifests(store, metas, 'live')
  return chosen
    .flatMap(({ rows, indices }) => Array.from(indices, (row) => identityAt(rows, row)))
    .toSorted()
}

const named = (entries: readonly ManifestEntry[]): string[] =>
  entries.map(({ kind, file }) => `${kind === 0 ? '+' : '-'}${file.fileName}@${file.level}`)

test('a minor merge cancels what was added and deleted, and keeps a deletion of a file elsewhere', async () => {
  const manifests = testManifests()
  const metas = [
    await manifests.write([add('a'), add('b')].map(entry)),
    await manifests.write([drop('a'), add('a', 5), drop('elsewhere')].map(entry)),
    await manifests.write([add('c')].map(entry)),
  ]
  const { metas: merged, entries } = await merge(manifests, metas, {
    ...OPTIONS,
    fullSizeBytes: 1e9,
    targetSizeBytes: 1e9,
  })
  expect(merged).toHaveLength(1)
  expect(named(entries)).toEqual(['+b@0', '+a@5', '-elsewhere@0', '+c@0'])
})

test('a group that cancels out leaves no manifest', async () => {
  const manifests = testManifests()
  const file = entry({ name: 'a' })
  const metas = [
    await manifests.write([file]),
    await manifests.write([{ ...file, kind: 1 }]),
    await manifests.write([entry({ name: 'b' }), { ...entry({ name: 'b' }), kind: 1 }]),
  ]
  const { metas: merged } = await merge(manifests, metas, {
    ...OPTIONS,
    fullSizeBytes: 1e9,
    targetSizeBytes: 1e9,
  })
  expect(merged).toEqual([])
})

test('a full merge drops deletions and what they delete, and leaves big untouched manifests alone', async () => {
  const manifests = testManifests()
  const [hit, missed, untouched] = [
    await manifests.write(big('b')),
    await manifests.write(big('x')),
    await manifests.write(big('c')),
  ] as const
  const metas = [
    hit,
    missed,
    untouched,
    await manifests.write([entry({ dt: 'b', name: 'b3', kind: 'DELETE' })]),
    await manifests.write([
      entry({ dt: 'c', name: 'other', kind: 'DELETE' }),
      entry({ name: 'new' }),
    ]),
  ]
  const options = { targetSizeBytes: hit.fileSize - 100, fullSizeBytes: 1, mergeCountMin: 30 }
  const before = await liveOf(manifests, metas)
  const { metas: merged, entries } = await merge(manifests, metas, options)
  // x was not opened; c was, in vain.
  expect(merged.slice(0, 2)).toEqual([missed, untouched])
  expect(merged).toHaveLength(3)
  expect(entries.every(({ kind }) => kind === 0)).toBe(true)
  expect(await liveOf(manifests, merged)).toEqual(before)
  expect(before).toHaveLength(120)
})

test('a file that is added twice stops the merge', async () => {
  const manifests = testManifests()
  const metas = [
    await manifests.write([entry({ name: 'a' })]),
    await manifests.write([entry({ name: 'a' })]),
  ]
  const merging = merge(manifests, metas, {
    targetSizeBytes: 1e9,
    fullSizeBytes: 1e9,
    mergeCountMin: 2,
  })
  await expect(merging).rejects.toMatchObject({ code: 'CORRUPT' })
})

/** Random commits: each adds some files, and deletes or moves up some that are live. */
const history = fc.array(
  fc.record({
    adds: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 }),
    drops: fc.array(fc.nat(), { maxLength: 3 }),
    moves: fc.array(fc.nat(), { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 12 },
)

async function manifestsOf(
  manifests: TestManifests,
  commits: readonly { adds: string[]; drops: number[]; moves: number[] }[],
): Promise<ManifestFileMeta[]> {
  const live = new Map<string, ManifestEntry>()
  const metas: ManifestFileMeta[] = []
  let count = 0
  for (const { adds, drops, moves } of commits) {
    const change: ManifestEntry[] = []
    const remove = (index: number): ManifestEntry | undefined => {
      const [identity, old] = [...live][index % Math.max(1, live.size)] ?? []
      if (identity === undefined || old === undefined) return undefined
      live.delete(identity)
      change.push({ ...old, kind: 1 })
      return old
    }
    for (const index of drops) remove(index)
    const added = moves.flatMap((index) => {
      const old = remove(index)
      return old === undefined ? [] : [{ ...old, file: { ...old.file, level: old.file.level + 1 } }]
    })
    for (const dt of adds) added.push(entry({ dt, name: `f${count++}` }))
    for (const each of added) live.set(identityOf(each), each)
    change.push(...added)
    if (change.length > 0) metas.push(await manifests.write(change))
  }
  expect(await liveOf(manifests, metas)).toEqual([...live.keys()].toSorted())
  return metas
}

test('whatever is merged, however often, the live files stay the same', async () => {
  const options = fc.record({
    targetSizeBytes: fc.constantFrom(1, 3_000, 6_000, 1e9),
    fullSizeBytes: fc.constantFrom(1, 5_000, 20_000, 1e9),
    mergeCountMin: fc.constantFrom(1, 2, 3, 30),
  })
  await fc.assert(
    fc.asyncProperty(
      history,
      fc.array(options, { minLength: 1, maxLength: 3 }),
      async (commits, rounds) => {
        const manifests = testManifests()
        let metas = await manifestsOf(manifests, commits)
        const live = await liveOf(manifests, metas)
        for (const each of rounds) {
          metas = (await merge(manifests, metas, each)).metas
          expect(await liveOf(manifests, metas)).toEqual(live)
        }
        const all = { targetSizeBytes: 1e9, fullSizeBytes: 1, mergeCountMin: 1 }
        const { entries } = await merge(manifests, metas, all)
        expect(metas.length <= 1 || entries.every(({ kind }) => kind === 0)).toBe(true)
      },
    ),
    { numRuns: 150 },
  )
})
