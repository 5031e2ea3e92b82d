/** Tag files: those of Java, and damaged ones. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../src/io/memory.ts'
import { MAIN_BRANCH, type TableLocation, tagPath } from '../../src/snapshot/paths.ts'
import { TagStore } from '../../src/snapshot/tag-store.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { printJson } from '../../src/util/json.ts'

const io = new MemoryFileIO()

const SNAPSHOT = {
  version: 3,
  id: 7,
  schemaId: 1,
  baseManifestList: 'manifest-list-a-0',
  deltaManifestList: 'manifest-list-a-1',
  commitUser: 'someone',
  commitIdentifier: 5,
  commitKind: 'APPEND',
  timeMillis: 1_795_247_710_557,
  totalRecordCount: 30,
  deltaRecordCount: 30,
}

function freshLocation(branch = MAIN_BRANCH): TableLocation {
  return { root: `memory://${randomUUID()}/t`, branch }
}

async function storeWith(tags: Readonly<Record<string, object>>, branch?: string) {
  const location = freshLocation(branch)
  for (const [name, tag] of Object.entries(tags))
    await io.write(tagPath(location, name), utf8(printJson(tag)))
  return new TagStore(io, location)
}

test('tags are listed by name, those of a branch apart from those of the table', async () => {
  const tags = { v2: SNAPSHOT, 'a.b c': SNAPSHOT, v10: SNAPSHOT }
  expect(await (await storeWith(tags)).list()).toEqual(['a.b c', 'v10', 'v2'])
  const ofBranch = await storeWith(tags, 'dev')
  expect(await ofBranch.list()).toEqual(['a.b c', 'v10', 'v2'])
  expect(ofBranch.location.root).not.toContain('dev')
  expect(await new TagStore(io, { ...ofBranch.location, branch: MAIN_BRANCH }).list()).toEqual([])
})

test('a tag is its snapshot', async () => {
  const store = await storeWith({ v1: SNAPSHOT })
  const tag = await store.read('v1')
  expect(tag).toMatchObject({ name: 'v1', snapshot: { id: 7, commitIdentifier: 5n } })
  expect(tag.tagCreateTimeNanos).toBeUndefined()
  expect(tag.tagTimeRetainedNanos).toBeUndefined()
})

const SECOND = 1_000_000_000n

// The forms that Java's Jackson writes, and texts, which it reads too.
test.each([
  [[2026, 1, 2, 3, 0], 0n],
  [[2026, 1, 2, 3, 0, 5], 5n * SECOND],
  [[2026, 1, 2, 3, 0, 0, 5], 5n],
  [[2026, 1, 2, 3, 4, 10, 705_000_000], 250n * SECOND + 705_000_000n],
  ['2026-01-02T03:00:05', 5n * SECOND],
])('the time %j of a tag is read', async (tagCreateTime, since) => {
  const store = await storeWith({ v1: { ...SNAPSHOT, tagCreateTime } })
  const base = BigInt(Date.UTC(2026, 0, 2, 3)) * 1_000_000n
  expect((await store.read('v1')).tagCreateTimeNanos).toBe(base + since)
})

test.each([
  ['86400.000000000', 86_400n * SECOND],
  ['0.5', SECOND / 2n],
  ['-90.500000000', -90n * SECOND - SECOND / 2n],
  ['1E-9', 1n],
  ['3600.000000001', 3600n * SECOND + 1n],
])('a tag is kept for %s seconds', async (seconds, nanos) => {
  const store = await storeWith({ v1: SNAPSHOT })
  const text = printJson(SNAPSHOT).replace(/\n\}$/, `,\n  "tagTimeRetained" : ${seconds}\n}`)
  await io.write(tagPath(store.location, 'v1'), utf8(text))
  expect((await store.read('v1')).tagTimeRetainedNanos).toBe(nanos)
})

test.each([
  { tagCreateTime: [2026, 13, 2, 3, 0] },
  { tagCreateTime: [2026, 1, 2] },
  { tagCreateTime: [2026, 1, 2, 3, 0, 0, 1e12] },
  { tagCreateTime: ['2026', 1, 2, 3, 0] },
  { tagCreateTime: '2026-01-02T03:00:05Z' },
  { tagCreateTime: 5 },
  { tagTimeRetained: 'PT1H' },
  { tagTimeRetained: 1e300 },
  { id: 'seven' },
])('%j makes a tag damaged, and its file is named', async (part) => {
  const store = await storeWith({ v1: { ...SNAPSHOT, ...part } })
  const path = tagPath(store.location, 'v1')
  await expect(store.read('v1')).rejects.toMatchObject({ code: 'CORRUPT', path })
})

test('a tag that is not there is an error that names the nearest', async () => {
  const store = await storeWith({ release_1: SNAPSHOT })
  await expect(store.read('relase_1')).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('release_1') as string,
    hint: 'the tags are release_1',
  })
  expect(await store.find('relase_1')).toBeNull()
})

test('a name that leads elsewhere is no name of a tag', async () => {
  const store = await storeWith({})
  await expect(store.read('a/../../b')).rejects.toMatchObject({ code: 'INVALID' })
})
