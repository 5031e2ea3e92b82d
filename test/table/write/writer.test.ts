/** Writers whose commits or files fail: rows are in the table once, or not at all and the caller knows. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'

import { afterEach, describe, expect, test, vi } from 'vitest'

import type { FileIO } from '../../../src/io/file-io.ts'
import { MemoryFileIO } from '../../../src/io/memory.ts'
import { hintBytes } from '../../../src/snapshot/hints.ts'
import { hintPath } from '../../../src/snapshot/paths.ts'
import { BATCH_IDENTIFIER } from '../../../src/snapshot/snapshot.ts'
import type { Table } from '../../../src/table/table.ts'
import { LakeError } from '../../../src/util/errors.ts'
import { type FaultKind, FaultyFileIO } from '../../support/faults.ts'
import { intercept, once } from '../../support/intercept.ts'
import { createRowTable, openRowTable, type Row, rowsOf } from '../../support/row-tables.ts'

const io = new MemoryFileIO()

const row = (id: number, v: string): Row => ({ dt: 'a', id: BigInt(id), v })

const APPEND = { options: { bucket: -1 } }

/** What goes wrong with the storage at the moment. */
interface Trouble {
  fault: (name: string, path: string) => FaultKind | undefined
  /** Whether what is created never arrives, and nobody can tell. */
  losesCreates: boolean
}

/** A table with one row, on a storage that can be troubled. */
async function troubledTable(definition?: Readonly<Record<string, unknown>>) {
  const root = `memory://${randomUUID()}/t`
  await createRowTable(io, root, definition)
  await (await openRowTable(io, root)).write([row(0, 'old')])
  const trouble: Trouble = { fault: () => undefined, losesCreates: false }
  const losing = intercept(io, {
    create: {
      before() {
        if (trouble.losesCreates) throw new LakeError('OUTCOME_UNKNOWN', 'no answer')
      },
    },
  })
  const faulty = new FaultyFileIO(losing, ({ name, path }) => trouble.fault(name, path))
  return { root, trouble, table: await openRowTable(faulty, root) }
}

async function stateOf(root: string) {
  const table = await openRowTable(io, root)
  const { damage, counts } = await table.check({ allSnapshots: true })
  expect(damage).toEqual([])
  return { rows: await rowsOf(table), orphans: counts.orphanFiles }
}

/** From now on the create of a snapshot happens or not, and nothing can be found out. */
function loseOutcome(trouble: Trouble, happens: boolean): void {
  let isLost = false
  trouble.losesCreates = !happens
  trouble.fault = (name, path) => {
    isLost ||= name === 'create'
    if (!isLost || !path.includes('/snapshot/')) return undefined
    return name === 'create' ? 'lose' : 'fail'
  }
}

function endTrouble(trouble: Trouble): void {
  trouble.losesCreates = false
  trouble.fault = () => undefined
}

/** The commit of a row `one`, of which the writer does not know whether it happened. */
async function uncertainCommit(
  definition: Readonly<Record<string, unknown>> | undefined,
  happens: boolean,
  identifier: bigint | undefined,
) {
  const world = await troubledTable(definition)
  const { trouble, table } = world
  const writer = await table.writer({ commitUser: 'job' })
  await writer.write([row(1, 'one')])
  loseOutcome(trouble, happens)
  await expect(writer.commit({ identifier })).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  endTrouble(trouble)
  return { ...world, writer }
}

const OLD = 'a 0 old'

describe.each([
  ['happened', true],
  ['did not happen', false],
])('after a commit that %s without its writer knowing', (_, happens) => {
  // The manifest and the two lists of a commit that may have happened are left to orphan cleaning.
  const left = happens ? 0 : 3

  test.each([
    ['without identifiers', undefined, undefined],
    ['with higher identifiers', 5n, 6n],
  ])('rows written since make a commit of their own, %s', async (__, first, second) => {
    const { root, writer } = await uncertainCommit(APPEND, happens, first)
    await writer.write([row(2, 'two')])
    const { snapshots } = await writer.commit({ identifier: second })
    expect(snapshots.map(({ id }) => id)).toEqual([2, 3])
    await writer.close()
    expect(await stateOf(root)).toEqual({ rows: [OLD, 'a 1 one', 'a 2 two'], orphans: left })
  })

  test.each([[undefined], [5n], [BATCH_IDENTIFIER]])(
    'the same commit (%s) again happens once',
    async (identifier) => {
      const { root, writer } = await uncertainCommit(APPEND, happens, identifier)
      const { snapshots, alreadyCommitted } = await writer.commit({ identifier })
      expect([snapshots.map(({ id }) => id), alreadyCommitted]).toEqual([[2], happens])
      await writer.close()
      expect(await stateOf(root)).toEqual({ rows: [OLD, 'a 1 one'], orphans: left })
    },
  )

  test('the same identifier is refused for more rows, and so is a hand-over of the files', async () => {
    const { root, writer } = await uncertainCommit(undefined, happens, 5n)
    await writer.write([row(2, 'two')])
    await expect(writer.commit({ identifier: 5n })).rejects.toMatchObject({ code: 'INVALID' })
    await expect(writer.prepareCommit()).rejects.toMatchObject({ code: 'INVALID' })
    await writer.commit({ identifier: 6n })
    await writer.close()
    expect(await stateOf(root)).toEqual({ rows: [OLD, 'a 1 one', 'a 2 two'], orphans: left })
  })

  test('a writer that is closed deletes only what cannot be in the table', async () => {
    const { root, writer } = await uncertainCommit(undefined, happens, 5n)
    await writer.write([row(2, 'two')])
    await expect(writer.commit({ identifier: 5n })).rejects.toMatchObject({ code: 'INVALID' })
    await writer.close()
    const { rows, orphans } = await stateOf(root)
    expect(rows).toEqual(happens ? [OLD, 'a 1 one'] : [OLD])
    // So is the data file then.
    expect(orphans).toBe(happens ? 0 : left + 1)
  })

  test('a process that repeats it leaves no second files', async () => {
    const { root } = await uncertainCommit(APPEND, happens, 5n)
    const before = (await stateOf(root)).orphans
    await using writer = await (await openRowTable(io, root)).writer({ commitUser: 'job' })
    await writer.write([row(1, 'one')])
    expect((await writer.commit({ identifier: 5n })).alreadyCommitted).toBe(happens)
    expect(await stateOf(root)).toEqual({ rows: [OLD, 'a 1 one'], orphans: before })
  })
})

describe('with a clock an hour behind that of the last commit of the same user', () => {
  afterEach(() => vi.useRealTimers())

  test.each([[undefined], [true], [false]])(
    'a commit without identifier happens once (after a first try that happened unknown to it: %s)',
    async (happened) => {
      const { root, trouble, table } = await troubledTable(APPEND)
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 })
      await using ahead = await (await openRowTable(io, root)).writer({ commitUser: 'job' })
      await ahead.write([row(1, 'one')])
      await ahead.commit()
      vi.setSystemTime(Date.now() - 3_600_000)
      await using writer = await table.writer({ commitUser: 'job' })
      await writer.write([row(2, 'two')])
      if (happened !== undefined) {
        loseOutcome(trouble, happened)
        const code = await writer.commit().catch((error: unknown) => (error as LakeError).code)
        assert(code === 'OUTCOME_UNKNOWN')
        endTrouble(trouble)
      }
      const { snapshots } = await writer.commit()
      expect(snapshots.map(({ id }) => id)).toEqual([3])
      expect((await stateOf(root)).rows).toEqual([OLD, 'a 1 one', 'a 2 two'])
      const times = (await (await openRowTable(io, root)).snapshots()).map(
        (each) => each.timeMillis,
      )
      expect(times).toEqual(times.toSorted((a, b) => a - b))
    },
  )
})

test.each([
  ['append', 'writer.write', APPEND],
  ['append', 'writer.close', APPEND],
  ['upsert', 'openWriter', undefined],
  ['upsert', 'writer.close', undefined],
])(
  'an %s whose %s fails commits nothing, also when it is asked again',
  async (_, call, definition) => {
    const { root, trouble, table } = await troubledTable(definition)
    await using writer = await table.writer({ commitUser: 'job' })
    await writer.write([row(1, 'one')])
    await writer.write([{ dt: 'b', id: 2n, v: 'two' }])
    let calls = 0
    trouble.fault = (name) => (name === call && ++calls === 2 ? 'fail' : undefined)
    await expect(writer.commit({ identifier: 5n })).rejects.toMatchObject({ code: 'IO' })
    await expect(writer.commit({ identifier: 5n })).rejects.toMatchObject({
      code: 'IO',
      hint: expect.stringContaining('open a new writer'),
    })
    await expect(writer.write([row(3, 'three')])).rejects.toMatchObject({ code: 'IO' })
    await writer.close()
    expect(await stateOf(root)).toEqual({ rows: [OLD], orphans: 0 })
  },
)

/** Deletes the snapshots below `end`, as expiry does; their files stay. */
async function expire({ store }: Table, end: number): Promise<void> {
  for (const id of await store.snapshots.ids()) if (id < end) await store.snapshots.delete(id)
  await io.write(hintPath(store.location, 'EARLIEST'), hintBytes(end))
}

test.each([9, 5, 15])(
  'a writer that stalls while 15 others commit and all before %i expire takes no row back',
  async (end) => {
    const root = `memory://${randomUUID()}/t`
    await createRowTable(io, root, {
      primaryKeys: ['dt', 'id'],
      options: { bucket: 2, 'write-only': true },
    })
    const add = async (id: number): Promise<void> => {
      await (await openRowTable(io, root)).write([row(id, 'x')])
    }
    for (const id of [1, 2, 3]) await add(id)
    const stalled: FileIO = intercept(io, {
      create: {
        before: once('snapshot-4', async () => {
          for (let id = 4; id <= 15; id++) await add(id)
          await expire(await openRowTable(io, root), end)
        }),
      },
    })
    await using writer = await (await openRowTable(stalled, root)).writer({ commitUser: 'job' })
    await writer.write([row(99, 'late'), row(3, 'late')])
    const { snapshots } = await writer.commit({ identifier: 1n })
    expect(snapshots.map(({ id }) => id)).toEqual([16])
    const { rows } = await stateOf(root)
    expect(rows).toHaveLength(16)
    expect(rows).toContain('a 99 late')
    for (let id = 4; id <= 15; id++) expect(rows).toContain(`a ${id} x`)
  },
)

test('the snapshot of a writer that dies where others have expired is no damage', async () => {
  const root = `memory://${randomUUID()}/t`
  await createRowTable(io, root, APPEND)
  const add = async (id: number): Promise<void> => {
    await (await openRowTable(io, root)).write([row(id, 'x')])
  }
  for (const id of [1, 2, 3]) await add(id)
  let isCreated = false
  const stalled = intercept(io, {
    create: {
      before: once('snapshot-4', async () => {
        for (let id = 4; id <= 9; id++) await add(id)
        await expire(await openRowTable(io, root), 5)
      }),
      after: (path) => void (isCreated ||= path.endsWith('snapshot-4')),
    },
  })
  const dying = new FaultyFileIO(stalled, () => (isCreated ? 'crash' : undefined))
  const writer = await (await openRowTable(dying, root)).writer({ commitUser: 'job' })
  await writer.write([row(99, 'late')])
  await expect(writer.commit({ identifier: 1n })).rejects.toThrow('crashed')
  const table = await openRowTable(io, root)
  expect((await table.snapshots()).map(({ id }) => id)).toEqual([4, 5, 6, 7, 8, 9])
  expect(await stateOf(root)).toMatchObject({
    rows: Array.from({ length: 9 }, (_, i) => `a ${i + 1} x`),
  })
  await using again = await table.writer({ commitUser: 'job' })
  await again.write([row(99, 'late')])
  expect((await again.commit({ identifier: 1n })).alreadyCommitted).toBe(false)
  expect((await stateOf(root)).rows).toContain('a 99 late')
})

test('a writer goes on when what its dead predecessor sent arrives late', async () => {
  const root = `memory://${randomUUID()}/t`
  const options = {
    bucket: 1,
    'merge-engine': 'aggregation',
    'fields.v.aggregate-function': 'sum',
    'num-sorted-run.compaction-trigger': 2,
  }
  const fields = [
    { name: 'dt', type: 'STRING NOT NULL' },
    { name: 'id', type: 'BIGINT NOT NULL' },
    { name: 'v', type: 'BIGINT' },
  ]
  await createRowTable(io, root, { fields, primaryKeys: ['dt', 'id'], options })
  const rows = [{ dt: 'a', id: 1n, v: 1n }]
  const predecessor = async (): Promise<void> => {
    await using writer = await (await openRowTable(io, root)).writer({ commitUser: 'u' })
    await writer.write(rows)
    await writer.commit({ identifier: 1n })
  }
  const late = intercept(io, { create: { before: once('snapshot-1', predecessor) } })
  await using writer = await (await openRowTable(late, root)).writer({ commitUser: 'u' })
  for (let identifier = 1n; identifier <= 8n; identifier++) {
    await writer.write(rows)
    const { alreadyCommitted } = await writer.commit({ identifier })
    expect(alreadyCommitted).toBe(identifier === 1n)
  }
  expect((await stateOf(root)).rows).toEqual(['a 1 8'])
})
