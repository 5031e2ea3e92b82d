/** Compactions of whole tables, and by the writers themselves. */
import { randomUUID } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import type { FileIO } from '../../src/io/file-io.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { scanEntries } from '../../src/snapshot/manifest-scan.ts'
import { BATCH_IDENTIFIER } from '../../src/snapshot/snapshot.ts'
import { checkTable } from '../../src/table/check.ts'
import type { Table } from '../../src/table/table.ts'
import { LakeError } from '../../src/util/errors.ts'
import { intercept, once } from '../support/intercept.ts'
import { createRowTable, openRowTable, type Row, rowsOf } from '../support/row-tables.ts'

const io = new MemoryFileIO()
const row = (id: number, v: string, dt = 'a'): Row => ({ dt, id: BigInt(id), v })

type Options = Readonly<Record<string, unknown>>

async function newTable(options: Options = {}): Promise<string> {
  const root = `memory://${randomUUID()}/t`
  await createRowTable(io, root, { primaryKeys: ['dt', 'id'], options: { bucket: 1, ...options } })
  return root
}

const open = (root: string, from: FileIO = io): Promise<Table> => openRowTable(from, root)

/** The live files by level, such as `0 0 5`. */
async function levelsOf(root: string): Promise<string> {
  const { store } = await open(root)
  const entries = await scanEntries(store.manifests, (await store.snapshots.readLatest())!, 'all')
  return entries
    .map(({ file }) => String(file.level))
    .toSorted((a, b) => Number(a) - Number(b))
    .join(' ')
}

async function kindsOf(root: string): Promise<string> {
  const snapshots = await (await open(root)).snapshots()
  return snapshots.map(({ commitKind }) => commitKind[0]).join('')
}

/** Nothing is damaged, and nothing lies about that no snapshot names. */
async function expectWhole(root: string): Promise<void> {
  const { damage, counts } = await checkTable((await open(root)).store, {
    deep: true,
    allSnapshots: true,
  })
  expect(damage).toEqual([])
  expect(counts.orphanFiles).toBe(0)
}

describe('a writer compacts', () => {
  test('at the fifth commit of a batch, in a snapshot of its own with the same identifier', async () => {
    const root = await newTable()
    for (let i = 0; i < 5; i++) await (await open(root)).write([row(i, 'x'), row(9, `v${i}`)])
    expect(await kindsOf(root)).toBe('AAAAAC')
    expect(await levelsOf(root)).toBe('5')
    const [append, compact] = (await (await open(root)).snapshots()).slice(-2)
    expect(compact!.commitIdentifier).toBe(BATCH_IDENTIFIER)
    expect(compact!.commitUser).toBe(append!.commitUser)
    expect(await rowsOf(await open(root))).toEqual([
      'a 0 x',
      'a 1 x',
      'a 2 x',
      'a 3 x',
      'a 4 x',
      'a 9 v4',
    ])
    await expectWhole(root)
  })

  test('and moves a file up that shares no key with another', async () => {
    const root = await newTable({ 'num-sorted-run.compaction-trigger': 2, 'target-file-size': 100 })
    await (await open(root)).write([row(1, 'x')])
    const [first] = await filesOf(root)
    await (await open(root)).write([row(2, 'x')])
    const files = await filesOf(root)
    expect(files.map(({ level }) => level)).toEqual([2, 2])
    expect(files.map(({ fileName }) => fileName)).toContain(first!.fileName)
    await expectWhole(root)
  })

  test('and leaves files alone where it is write-only', async () => {
    const root = await newTable({ 'write-only': true })
    for (let i = 0; i < 7; i++) await (await open(root)).write([row(i, 'x')])
    expect(await kindsOf(root)).toBe('AAAAAAA')
  })

  test('a stream does not wait for a compaction, and commits it later', async () => {
    const root = await newTable()
    await using writer = await (await open(root)).writer({ commitUser: 'stream' })
    for (let i = 0; i < 30; i++) {
      await writer.write([row(i % 7, `v${i}`)])
      await writer.commit({ identifier: BigInt(i + 1) })
    }
    expect(await kindsOf(root)).toContain('C')
    expect((await levelsOf(root)).split(' ').length).toBeLessThan(10)
    expect(await rowsOf(await open(root))).toEqual([
      'a 0 v28',
      'a 1 v29',
      ...[2, 3, 4, 5, 6].map((i) => `a ${i} v${21 + i}`),
    ])
    await writer.close()
    await expectWhole(root)
  })

  test('before each commit where it is forced to', async () => {
    const root = await newTable({
      'commit.force-compact': true,
      'num-sorted-run.compaction-trigger': 2,
    })
    await using writer = await (await open(root)).writer()
    for (let i = 0; i < 4; i++) {
      await writer.write([row(1, `v${i}`)])
      await writer.commit()
    }
    expect(await kindsOf(root)).toBe('AACACAC')
  })

  test('all that was written since at every third commit, where the option says so', async () => {
    const root = await newTable({ 'full-compaction.delta-commits': 3 })
    await using writer = await (await open(root)).writer()
    for (let i = 0; i < 6; i++) {
      await writer.write([row(1, `v${i}`)])
      await writer.commit()
    }
    expect(await kindsOf(root)).toBe('AAACAAAC')
    expect(await levelsOf(root)).toBe('5')
    const compacts = (await (await open(root)).snapshots()).filter(
      ({ commitKind }) => commitKind === 'COMPACT',
    )
    expect(compacts.map(({ commitIdentifier }) => commitIdentifier % 3n)).toEqual([0n, 0n])
  })

  test('many partitions, and forgets those that are not written to any more', async () => {
    const root = await newTable({ 'num-sorted-run.compaction-trigger': 2 })
    await using writer = await (await open(root)).writer()
    for (let round = 0; round < 6; round++) {
      const days = round < 3 ? [0, 1, 2, 3, 4, 5, 6, 7] : [1]
      await writer.write(days.map((day) => row(1, `v${round}`, `d${day}`)))
      await writer.commit({ waitForCompaction: true })
    }
    await writer.write([row(1, 'late', 'd0')])
    await writer.commit({ waitForCompaction: true })
    expect(await rowsOf(await open(root))).toEqual([
      'd0 1 late',
      'd1 1 v5',
      ...[2, 3, 4, 5, 6, 7].map((day) => `d${day} 1 v2`),
    ])
    await writer.close()
    await expectWhole(root)
  })
})

async function filesOf(root: string) {
  const { store } = await open(root)
  const entries = await scanEntries(store.manifests, (await store.snapshots.readLatest())!, 'all')
  return entries.map(({ file }) => file)
}

describe('others commit at the same time', () => {
  test('a writer goes on from what another one compacted', async () => {
    const root = await newTable({ 'num-sorted-run.compaction-trigger': 3 })
    await using writer = await (await open(root)).writer({ commitUser: 'stream' })
    for (let i = 0; i < 12; i++) {
      await writer.write([row(1, `v${i}`), row(10 + i, 'x')])
      await writer.commit({ waitForCompaction: i % 2 === 0 })
      if (i % 4 === 3) await (await open(root)).compact({ full: true })
    }
    const rows = await rowsOf(await open(root))
    expect(rows).toHaveLength(13)
    expect(rows[0]).toBe('a 1 v11')
    await writer.close()
    await expectWhole(root)
  })

  test('a compaction that another one overtook is dropped with its files, and the rows of its commit stay', async () => {
    const root = await newTable({ 'num-sorted-run.compaction-trigger': 3 })
    for (let i = 0; i < 2; i++) await (await open(root)).write([row(i, 'x')])
    // The other compacts between the two snapshots of the commit.
    const overtaken = intercept(io, {
      create: {
        before: once('snapshot-4', async () => {
          await (await open(root)).compact({ full: true })
        }),
      },
    })
    await using writer = await (await open(root, overtaken)).writer({ commitUser: 'stream' })
    await writer.write([row(2, 'mine')])
    const result = await writer.commit({ identifier: 1n, waitForCompaction: true })
    expect(result.isCompactionDropped).toBe(true)
    expect(result.snapshots.map(({ id, commitKind }) => [id, commitKind])).toEqual([[3, 'APPEND']])
    await writer.write([row(3, 'mine')])
    await writer.commit({ identifier: 2n, waitForCompaction: true })
    expect(await rowsOf(await open(root))).toEqual(['a 0 x', 'a 1 x', 'a 2 mine', 'a 3 mine'])
    await writer.close()
    await expectWhole(root)
  })

  test('a compaction whose files were replaced and expired is dropped, and the rows stay', async () => {
    const root = await newTable({ 'num-sorted-run.compaction-trigger': 3 })
    for (let i = 0; i < 2; i++) await (await open(root)).write([row(i, 'x')])
    const old = await filesOf(root)
    const paths = old.map(({ fileName }) => `${root}/dt=a/bucket-0/${fileName}`)
    const before = once(old[0]!.fileName, async () => {
      await (await open(root)).compact({ full: true })
      await io.deleteAll(paths)
    })
    const overtaken = intercept(io, { read: { before }, readRange: { before } })
    await using writer = await (await open(root, overtaken)).writer({ commitUser: 'stream' })
    for (let i = 2; i < 8; i++) {
      await writer.write([row(i, 'mine')])
      // It is dropped before the commit, which has only rows then.
      const result = await writer.commit({ waitForCompaction: true })
      expect(result.isCompactionDropped).toBe(false)
    }
    const ids = [0, 1, 2, 3, 4, 5, 6, 7]
    expect(await rowsOf(await open(root))).toEqual(ids.map((i) => `a ${i} ${i < 2 ? 'x' : 'mine'}`))
    expect(await kindsOf(root)).toBe('AACAACAACAAC')
  })

  test('a table that lacks a file is no such case', async () => {
    const root = await newTable({ 'num-sorted-run.compaction-trigger': 3 })
    await (await open(root)).write([row(1, 'x')])
    const [lost] = await filesOf(root)
    await using writer = await (await open(root)).writer()
    await io.delete(`${root}/dt=a/bucket-0/${lost!.fileName}`)
    const writing = async (): Promise<void> => {
      for (let i = 0; i < 9; i++) {
        await writer.write([row(i, 'y')])
        await writer.commit({ waitForCompaction: true })
      }
    }
    await expect(writing()).rejects.toMatchObject({
      code: 'NOT_FOUND',
      path: expect.stringContaining(lost!.fileName) as string,
    })
  })

  test('messages that are handed out are compacted on, whoever commits them', async () => {
    const root = await newTable({ 'num-sorted-run.compaction-trigger': 3 })
    const table = await open(root)
    await using writer = await table.writer()
    for (let i = 0; i < 9; i++) {
      await writer.write([row(1, `v${i}`), row(10 + i, 'x')])
      const messages = await writer.prepareCommit({ waitForCompaction: i % 3 !== 1 })
      await (await open(root)).commit(messages, { user: 'committer', identifier: BigInt(i + 1) })
      if (i === 4) await (await open(root)).write([row(99, 'of another')])
    }
    const rows = await rowsOf(await open(root))
    expect(rows).toHaveLength(11)
    expect(rows).toContain('a 1 v8')
    expect((await levelsOf(root)).split(' ').length).toBeLessThan(6)
    await writer.close()
    await expectWhole(root)
  })
})

describe('a table is compacted from outside', () => {
  test('whole, or only what is due', async () => {
    const root = await newTable({ 'write-only': true })
    for (let i = 0; i < 3; i++) await (await open(root)).write([row(i, 'x'), row(7, `v${i}`)])
    expect(await (await open(root)).compact()).toEqual({ snapshots: [], droppedBuckets: 0 })
    const progress: unknown[] = []
    const { snapshots } = await (
      await open(root)
    ).compact({
      full: true,
      onProgress: (each) => progress.push(each),
    })
    expect(snapshots.map(({ commitKind }) => commitKind)).toEqual(['COMPACT'])
    expect(progress).toEqual([
      { what: 'buckets', done: 0, total: 1 },
      { what: 'buckets', done: 1, total: 1 },
    ])
    expect(await levelsOf(root)).toBe('5')
    expect(await rowsOf(await open(root))).toEqual(['a 0 x', 'a 1 x', 'a 2 x', 'a 7 v2'])
    expect((await (await open(root)).compact({ full: true })).snapshots).toEqual([])
    await expectWhole(root)
  })

  test.each([
    ['by their values', { partition: { dt: 'b' } }],
    ['by a filter', { where: "dt LIKE 'b%'" }],
    ['by both', { partition: { dt: 'b' }, where: "dt IN ('a', 'b')" }],
  ])('some partitions, %s', async (_, choice) => {
    const root = await newTable({ 'write-only': true })
    for (const v of ['x', 'y'])
      await (await open(root)).write(['a', 'b', 'c'].map((dt) => row(1, v, dt)))
    await (await open(root)).compact({ full: true, ...choice })
    expect(await levelsOf(root)).toBe('0 0 0 0 5')
  })

  test('is refused for a filter on other columns', async () => {
    const table = await open(await newTable())
    await expect(table.compact({ where: 'id = 5' })).rejects.toMatchObject({ code: 'INVALID' })
    await expect(table.compact({ partition: { id: 5 } })).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('as it is written, until the signal fires', async () => {
    const root = await newTable({ 'write-only': true, 'continuous.discovery-interval': '10 ms' })
    const end = new AbortController()
    const rounds: number[] = []
    const { promise: isDone, resolve: done } = Promise.withResolvers<void>()
    const watching = (await open(root)).watchCompactions({
      signal: end.signal,
      onRound: (snapshots) => {
        rounds.push(snapshots.length)
        if (snapshots.length > 0) done()
      },
    })
    for (let i = 0; i < 6; i++) await (await open(root)).write([row(i, 'x')])
    await isDone
    end.abort()
    await expect(watching).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await kindsOf(root)).toContain('C')
    expect(await rowsOf(await open(root))).toHaveLength(6)
    await expectWhole(root)
  })

  test('as it is written, although the storage fails now and then', async () => {
    const root = await newTable({ 'write-only': true, 'continuous.discovery-interval': '10 ms' })
    for (let i = 0; i < 6; i++) await (await open(root)).write([row(i, 'x')])
    const busy = new LakeError('IO', 'the storage is busy', { retriable: true })
    let failsLeft = 3
    const before = (path: string): void => {
      if (path.endsWith('.parquet') && failsLeft-- > 0) throw busy
    }
    const shaky = intercept(io, { read: { before }, readRange: { before } })
    const end = new AbortController()
    const watching = (await open(root, shaky)).watchCompactions({
      signal: end.signal,
      onRound: () => end.abort(),
    })
    await expect(watching).rejects.toMatchObject({ code: 'ABORTED' })
    expect(failsLeft).toBeLessThan(0)
    expect(await kindsOf(root)).toBe('AAAAAAC')
    failsLeft = Infinity
    const lost = (await open(root, shaky)).watchCompactions()
    await (await open(root)).write(Array.from({ length: 9 }, (_, i) => row(i, 'y')))
    await expect(Promise.all([lost, writeMore(root)])).rejects.toMatchObject({
      code: 'IO',
      retriable: true,
    })
    await expectWhole(root)
  })
})

async function writeMore(root: string): Promise<void> {
  for (let i = 0; i < 9; i++) await (await open(root)).write([row(i, 'z')])
}
