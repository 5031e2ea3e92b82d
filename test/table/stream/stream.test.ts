/** Streams of tables: where they start, what they follow, when they end, and what they say when they cannot go on. */
import { beforeEach, describe, expect, test } from 'vitest'

import { changelogPath } from '../../../src/snapshot/paths.ts'
import { storedSnapshot } from '../../../src/snapshot/snapshot-store.ts'
import type { Checkpoint } from '../../../src/table/stream/checkpoint.ts'
import type { LakeError } from '../../../src/util/errors.ts'
import { openRowTable } from '../../support/row-tables.ts'
import { APPEND, eventClock, StreamTable, textsOf } from '../../support/streams.ts'

let t: StreamTable

/** Three snapshots, one second apart. */
beforeEach(async () => {
  t = await StreamTable.create()
  await t.commit(['1 one', '2 two'], ['-D 1 one', '+U 2 TWO'], ['3 three'])
  for (const id of [1, 2, 3]) await t.edit(id, { timeMillis: id * 1_000 })
})

const FIRST = ['1: +I 1 one', '1: +I 2 two']
const SECOND = ['2: -D 1 one', '2: +U 2 TWO']
const THIRD = ['3: +I 3 three']
const STATE = ['3: +U 2 TWO', '3: +I 3 three']

function refusal(code: string, message: string): unknown {
  return expect.objectContaining({ code, message: expect.stringContaining(message) as string })
}

describe('where a stream starts', () => {
  test.each([
    ['earliest', [...FIRST, ...SECOND, ...THIRD]],
    ['latest', []],
    ['latest-full', STATE],
    ['compacted-full', STATE],
    [2, [...SECOND, ...THIRD]],
    [4, []],
    [{ snapshot: 2, full: true }, ['2: +U 2 TWO', ...THIRD]],
    [{ timestamp: 0 }, [...FIRST, ...SECOND, ...THIRD]],
    [{ timestamp: 2_000 }, [...SECOND, ...THIRD]],
    [{ timestamp: new Date(2_001) }, THIRD],
    [{ timestamp: 3_001 }, []],
    [{ fileCreationTime: 0 }, STATE],
    [{ fileCreationTime: Date.now() + 3_600_000 }, []],
    [{ creationTime: 2_001 }, THIRD],
    // Nothing is older, so the files say when they were made.
    [{ creationTime: 500 }, STATE],
  ] as const)('%j', async (from, rows) => {
    expect(await t.read({ from })).toEqual(rows)
  })

  test('where the options say, which is with the latest state', async () => {
    expect(await t.read()).toEqual(STATE)
    expect(await t.read({ options: { 'scan.snapshot-id': '3' } })).toEqual(THIRD)
    expect(await t.read({}, { 'scan.mode': 'latest' })).toEqual([])
  })

  test('with the last compaction', async () => {
    await t.edit(2, { commitKind: 'COMPACT', commitIdentifier: 3n })
    expect(await t.read({ from: 'compacted-full' })).toEqual(['2: +U 2 TWO', ...THIRD])
    // Of these only each fifth is a full one.
    const stored = { 'full-compaction.delta-commits': '5' }
    expect(await t.read({ from: 'compacted-full' }, stored)).toEqual(STATE)
  })

  test('with what is left of what has expired', async () => {
    await t.expireTo(2)
    expect(await t.read({ from: 'earliest' })).toEqual([...SECOND, ...THIRD])
    expect(await t.read({ from: 1 })).toEqual([...SECOND, ...THIRD])
    expect(await t.read({ from: { snapshot: 1, full: true } })).toEqual(['2: +U 2 TWO', ...THIRD])
    expect(await t.read({ from: { timestamp: 0 } })).toEqual([...SECOND, ...THIRD])
  })

  test.each(['earliest', 'latest', 'latest-full', { timestamp: 5 }, 7] as const)(
    'of a table without snapshots: %j',
    async (from) => {
      const empty = await StreamTable.create()
      expect(await empty.read({ from })).toEqual([])
    },
  )

  test.each([
    ['latest', ['1: +I 1', '2: +I 2']],
    ['earliest', ['1: +I 1', '2: +I 2']],
    ['latest-full', ['2: +I 1', '2: +I 2']],
  ] as const)('of a table whose snapshots come later: %s', async (from, rows) => {
    const empty = await StreamTable.create()
    const controller = new AbortController()
    const clock = eventClock(async (sleeps) => {
      if (sleeps === 2) await empty.commit(['1'], ['2'])
      if (sleeps === 6) controller.abort()
    })
    const { signal } = controller
    const stream = empty.changes({ from, follow: true, clock, signal })
    const seen: string[] = []
    const reading = (async () => {
      for await (const { kind, row, snapshotId } of stream)
        seen.push(`${snapshotId}: ${kind} ${String(row['id'])}`)
    })()
    await expect(reading).rejects.toEqual(refusal('ABORTED', ''))
    expect(seen).toEqual(rows)
  })
})

describe('the levels of the first state', () => {
  test('leave out what a compaction is going to tell as changes', async () => {
    expect(await t.read({}, { 'changelog-producer': 'lookup' })).toEqual([])
    expect(await t.read({}, { 'changelog-producer': 'input' })).toEqual(STATE)
  })
})

describe('what is followed', () => {
  test('changelogs, where a producer makes them', async () => {
    // The second snapshot gets its own files as its changelog.
    await t.edit(2, ({ deltaManifestList }) => ({ changelogManifestList: deltaManifestList }))
    const stored = { 'changelog-producer': 'input' }
    expect(await t.read({ from: 'earliest' }, stored)).toEqual(SECOND)
  })

  test('compactions and overwrites are passed over', async () => {
    await t.edit(1, { commitKind: 'OVERWRITE' })
    await t.edit(2, { commitKind: 'COMPACT' })
    expect(await t.read({ from: 'earliest' })).toEqual(THIRD)
  })

  test('an overwrite as the rows that it took away, and those that it put there', async () => {
    const { table } = t
    await using writer = await table.writer({ commitUser: 'overwriter' })
    await writer.write([{ dt: 'a', id: 9n, v: 'nine' }])
    const [message] = await writer.prepareCommit()
    const { splits } = await table.read().plan()
    const deletedFiles = splits.flatMap(({ files }) => files)
    await table.commit([{ ...message!, deletedFiles }], { user: 'overwriter', identifier: 1n })
    expect((await table.latestSnapshot())?.commitKind).toBe('OVERWRITE')
    expect(await t.read({ from: 4 })).toEqual([])
    const options = { 'streaming-read-overwrite': 'true' }
    expect(await t.read({ from: 4, options })).toEqual([
      '4: -D 2 TWO',
      '4: -D 3 three',
      '4: +I 9 nine',
    ])
    expect(await t.read({ from: 4, options, where: 'id = 3' })).toEqual(['4: -D 3 three'])
  })

  test('an overwrite of an append table as the rows that it put there', async () => {
    const append = await StreamTable.create(APPEND)
    await append.commit(['1'], ['2'])
    await append.edit(2, { commitKind: 'OVERWRITE' })
    expect(await append.read({ from: 'earliest' })).toEqual(['1: +I 1'])
    const options = { 'streaming-read-append-overwrite': 'true' }
    expect(await append.read({ from: 'earliest', options })).toEqual(['1: +I 1', '2: +I 2'])
  })

  test('rows that fit the filter, of the columns that are asked for', async () => {
    expect(await t.read({ from: 'earliest', where: 'id = 2' })).toEqual([
      '1: +I 2 two',
      '2: +U 2 TWO',
    ])
    const stream = t.changes({ from: 'earliest', columns: ['v'], where: "v = 'TWO'" })
    const [change] = await Array.fromAsync(stream)
    expect(change).toMatchObject({ kind: '+U', row: { v: 'TWO' }, snapshotId: 2 })
  })

  test('changes that are kept longer than their snapshots', async () => {
    const { snapshots, location } = t.table.store
    for (const id of [1, 2])
      await t.io.write(changelogPath(location, id), storedSnapshot(await snapshots.read(id)).bytes)
    await t.expireTo(3)
    const stored = { 'changelog.num-retained.max': '50', 'snapshot.num-retained.max': '20' }
    expect(await t.read({ from: 'earliest' }, stored)).toEqual([...FIRST, ...SECOND, ...THIRD])
    expect(await t.read({ from: { timestamp: 2_000 } }, stored)).toEqual([...SECOND, ...THIRD])
    expect(await t.read({ restore: 2 }, stored)).toEqual([...SECOND, ...THIRD])
    expect(await t.read({ from: 'earliest' })).toEqual(THIRD)
  })

  test('with the schema that a snapshot option means, as Java takes it', async () => {
    const { schemas } = t.table.store
    const { schema } = t.table
    const type = { kind: 'INT', nullable: true } as const
    const fields = [...schema.fields, { id: 3, name: 'more', type }]
    await schemas.create({ ...schema, id: 1, fields, highestFieldId: 3 })
    const later = await openRowTable(t.io, t.root)
    await later.write([{ dt: 'a', id: 4n, v: 'four', more: 4 }])
    const columns = async (options: Record<string, string>): Promise<string[]> =>
      (await later.changes({ options }).fields()).map(({ name }) => name)
    expect(await columns({ 'scan.snapshot-id': '1' })).toEqual(['dt', 'id', 'v'])
    expect(await columns({ 'scan.snapshot-id': '4' })).toEqual(['dt', 'id', 'v', 'more'])
    const changes = await Array.fromAsync(later.changes({ from: 3, follow: false }))
    expect(changes.map(({ row }) => row['more'])).toEqual([null, 4])
  })
})

describe('when a stream ends', () => {
  test('before the first watermark beyond the bound', async () => {
    await t.edit(1, { watermark: 5n })
    await t.edit(2, { watermark: 10n })
    await t.edit(3, { watermark: 11n })
    const options = { 'scan.bounded.watermark': '10' }
    const follow = true
    expect(await t.read({ from: 'earliest', options, follow })).toEqual([...FIRST, ...SECOND])
    expect(await t.read({ from: 'latest', options, follow })).toEqual([])
    expect(await t.read({ from: 'latest-full', options, follow })).toEqual(STATE)
  })

  test('without following, with the snapshot that was the latest when it started', async () => {
    const seen: string[] = []
    for await (const { snapshotId } of t.changes({ from: 2 })) {
      seen.push(String(snapshotId))
      await t.commit(['8'])
    }
    expect(seen).toEqual(['2', '2', '3'])
  })

  test('when its signal fires, while it waits too', async () => {
    const controller = new AbortController()
    const { signal } = controller
    const stream = t.changes({ from: 'latest', follow: true, signal, pollIntervalMs: 3_600_000 })
    const reading = textsOf(stream)
    setTimeout(() => controller.abort(new Error('enough')), 20)
    await expect(reading).rejects.toEqual(refusal('ABORTED', 'aborted'))
  })

  test('when its reader stops', async () => {
    for await (const { kind } of t.changes({ from: 'earliest', follow: true })) {
      expect(kind).toBe('+I')
      break
    }
  })
})

describe('looking for what is to come', () => {
  test('soon after something was found, and less and less often', async () => {
    const clock = eventClock(async (sleeps) => {
      if (sleeps === 8) await t.commit(['4'])
    })
    const seen: number[] = []
    const stream = t.changes({ from: 'latest', follow: true, pollIntervalMs: 1_000, clock })
    for await (const { snapshotId } of stream) {
      seen.push(snapshotId, clock.waits.length)
      break
    }
    expect(seen).toEqual([4, 8])
    expect(clock.waits).toEqual([31.25, 62.5, 125, 250, 500, 1_000, 1_000, 1_000])
  })

  test('costs one request each time', async () => {
    const counts: number[] = []
    const clock = eventClock(async (sleeps) => {
      const { requestCounts } = t.io.stats()
      counts.push(Object.values(requestCounts).reduce((sum, count) => sum + count, 0))
      if (sleeps === 10) await t.commit(['4'])
    })
    for await (const _ of t.changes({ from: 'latest', follow: true, clock })) break
    const differences = counts.slice(1).map((count, i) => count - counts[i]!)
    expect(differences).toEqual(Array.from({ length: 9 }, () => 1))
  })

  test('waits for snapshots to be as old as the delay', async () => {
    await t.edit(3, { timeMillis: Date.now() })
    const options = { 'streaming.read.snapshot.delay': '1 min' }
    expect(await t.read({ from: 2, options })).toEqual(SECOND)
    const clock = eventClock(() => {})
    const stream = t.changes({ from: 3, options, follow: true, clock, pollIntervalMs: 40_000 })
    for await (const { snapshotId } of stream) {
      expect(snapshotId).toBe(3)
      break
    }
    expect(clock.waits).toHaveLength(2)
    expect(clock.waits[0]).toBe(40_000)
    expect(clock.waits[1]).toBeLessThanOrEqual(20_000)
  })
})

/** Takes the data files of the second snapshot away when the first has been read. */
async function readWithoutFiles(then: () => Promise<void>): Promise<void> {
  const { io, table } = t
  const plan = await table.read({ at: { snapshot: 2 } }).plan()
  const first = await table.read({ at: { snapshot: 1 } }).plan()
  const namesOf = ({ splits }: typeof plan): string[] =>
    splits.flatMap(({ files }) => files.map(({ fileName }) => fileName))
  const added = namesOf(plan).filter((name) => !namesOf(first).includes(name))
  for await (const { snapshotId } of t.changes({ from: 'earliest' })) {
    if (snapshotId !== 1) continue
    for await (const { path } of io.list(t.root, { recursive: true }))
      if (added.some((name) => path.endsWith(name))) await io.delete(path)
    await then()
  }
}

describe('what a stream cannot go on with', () => {
  test('a snapshot that has expired', async () => {
    await t.expireTo(3)
    await expect(t.read({ restore: 2 })).rejects.toEqual(
      refusal('NOT_FOUND', 'snapshot 2 has expired: 3 is the earliest'),
    )
    const error = (await t.read({ restore: 2 }).catch((failure: unknown) => failure)) as LakeError
    expect(error.hint).toContain('start again from 3')
  })

  test('a snapshot that expires while its rows are read', async () => {
    await expect(readWithoutFiles(async () => await t.expireTo(3))).rejects.toEqual(
      refusal('NOT_FOUND', 'snapshot 2 has expired'),
    )
  })

  test('a snapshot whose files are gone', async () => {
    await expect(readWithoutFiles(async () => {})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: expect.stringContaining('if snapshot 2 is just expiring') as string,
      path: expect.stringContaining('data-') as string,
    })
  })

  test('a snapshot that is far beyond', async () => {
    await expect(t.read({ restore: 9 })).rejects.toEqual(
      refusal('NOT_FOUND', 'snapshot 9 is beyond those of the table: the latest is 3'),
    )
    expect(await t.read({ restore: 4 })).toEqual([])
  })

  test('a table that was rolled back meanwhile', async () => {
    const clock = eventClock(async (sleeps) => {
      if (sleeps === 3) await t.rollBackTo(1)
    })
    const stream = t.changes({ from: 'latest', follow: true, clock })
    await expect(textsOf(stream)).rejects.toEqual(refusal('NOT_FOUND', 'the latest is 1'))
  })

  test('a second start, a wrong column, a wrong filter', async () => {
    expect(() => t.changes({ from: 'latest', options: { 'scan.snapshot-id': '1' } })).toThrow(
      refusal('INVALID', 'given twice'),
    )
    await expect(t.read({ columns: ['x'] })).rejects.toEqual(refusal('INVALID', 'x'))
    await expect(t.read({ where: 'x = 1' })).rejects.toEqual(refusal('INVALID', 'x'))
    expect(() => t.changes({ options: { 'scan.modes': 'latest' } })).toThrow(
      refusal('INVALID', 'did you mean "scan.mode"'),
    )
  })

  test('overwrites of a table whose changelog tells them, or that has no key', async () => {
    const options = { 'streaming-read-overwrite': 'true' }
    await expect(t.read({ options }, { 'changelog-producer': 'lookup' })).rejects.toEqual(
      refusal('INVALID', 'does not go with changelog-producer = lookup'),
    )
    const append = await StreamTable.create(APPEND)
    await expect(append.read({ options })).rejects.toEqual(
      refusal('INVALID', 'needs a primary key'),
    )
  })

  test('a second reader', async () => {
    const stream = t.changes({ from: 'earliest' })
    await textsOf(stream)
    await expect(textsOf(stream)).rejects.toEqual(refusal('INVALID', 'read already'))
  })
})

async function checkpoints(request: Parameters<StreamTable['changes']>[0]): Promise<Checkpoint[]> {
  const found: Checkpoint[] = []
  for await (const { checkpoint } of t.changes(request))
    found.push(JSON.parse(JSON.stringify(checkpoint)) as Checkpoint)
  return found
}

describe('a restored stream', () => {
  const ALL = [...FIRST, ...SECOND, ...THIRD]

  test('gives the rows behind its place, of changes', async () => {
    const places = await checkpoints({ from: 'earliest' })
    expect(places.map(({ nextSnapshot }) => nextSnapshot)).toEqual([1, 2, 2, 3, 4])
    for (const [i, restore] of places.entries())
      expect(await t.read({ restore })).toEqual(ALL.slice(i + 1))
  })

  test('gives the rows behind its place, of the state that it started with', async () => {
    const places = await checkpoints({ from: 'latest-full' })
    await t.commit(['4 four'])
    for (const [i, restore] of places.entries())
      expect(await t.read({ restore })).toEqual([...STATE.slice(i + 1), '4: +I 4 four'])
    expect(places.at(-1)).toEqual({ nextSnapshot: 4 })
  })

  test('gives the rows behind its place, of a filter, and of no other one', async () => {
    const where = 'id >= 2'
    const [place] = await checkpoints({ from: { snapshot: 3, full: true }, where })
    expect(await t.read({ restore: place, where })).toEqual(THIRD)
    await expect(t.read({ restore: place })).rejects.toEqual(refusal('INVALID', 'another filter'))
    const [, end] = await checkpoints({ from: 'latest-full', where })
    expect(await t.read({ restore: end, where: 'id = 1' })).toEqual([])
  })

  test('does not take another snapshot for the one that it was in', async () => {
    const places = await checkpoints({ from: 3 })
    await t.commit(['5', '6'])
    const [within] = await checkpoints({ from: 4 })
    expect(within?.within?.rowCount).toBe(1)
    await t.rollBackTo(3)
    await t.commit(['7', '8'])
    await expect(t.read({ restore: within })).rejects.toEqual(
      refusal('NOT_FOUND', 'snapshot 4 is not the one'),
    )
    expect(await t.read({ restore: places[0] })).toEqual(['4: +I 7', '4: +I 8'])
  })

  test.each([0, -1, 1.5, '3', null, {}, { nextSnapshot: '3' }, { nextSnapshot: 3, other: 1 }])(
    'is not made of %j',
    (restore) => {
      expect(() => t.changes({ restore: restore as number })).toThrow(
        refusal('INVALID', 'is no checkpoint'),
      )
    },
  )
})

describe('batches', () => {
  test('have the rows as Arrow data with their kinds', async () => {
    const batches = await Array.fromAsync(t.changes({ from: 2, columns: ['id', 'v'] }).batches())
    expect(batches.map(({ length, snapshotId, isFull }) => [length, snapshotId, isFull])).toEqual([
      [2, 2, false],
      [1, 3, false],
    ])
    const arrow = await batches[0]!.toArrow()
    expect(arrow.schema.fields.map(({ name }) => name)).toEqual(['_kind', 'id', 'v'])
    expect(arrow.toArray().map((row) => row?.toJSON())).toEqual([
      { _kind: '-D', id: 1n, v: 'one' },
      { _kind: '+U', id: 2n, v: 'TWO' },
    ])
  })

  test('tell those of the first state from changes', async () => {
    const stream = t.changes({ from: { snapshot: 2, full: true } })
    const batches = await Array.fromAsync(stream.batches())
    expect(batches.map(({ isFull }) => isFull)).toEqual([true, false])
  })
})
