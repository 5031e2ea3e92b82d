/** A writer that stalls before its commit while others commit and expire, with rows, on every storage. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { FileIO } from '../../src/io/file-io.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { hintBytes } from '../../src/snapshot/hints.ts'
import { hintPath } from '../../src/snapshot/paths.ts'
import { reachableFiles } from '../support/commit-tables.ts'
import { intercept, once } from '../support/intercept.ts'
import { createRowTable, openRowTable, rowsOf } from '../support/row-tables.ts'
import { startTestS3, type TestS3 } from '../support/s3-file-io.ts'

interface Storage {
  readonly io: FileIO
  readonly root: string
}

const UPSERT = { primaryKeys: ['dt', 'id'], options: { bucket: 1, 'write-only': true } }
const APPEND = { options: { bucket: -1 } }
/** What is kept when the others' snapshots expire. */
const FIRST_KEPT = 6
const LAST = 9

async function add(io: FileIO, root: string, id: number): Promise<void> {
  await (await openRowTable(io, root)).write([{ dt: 'a', id: BigInt(id), v: 'x' }])
}

/** The snapshots before the first kept one go, as expiry takes them, and the metadata that only they refer to. */
async function expire(io: FileIO, root: string): Promise<void> {
  const { store, schema } = await openRowTable(io, root)
  const before = await reachableFiles({ store, schema })
  for (const id of await store.snapshots.ids())
    if (id < FIRST_KEPT) await store.snapshots.delete(id)
  const kept = await reachableFiles({ store, schema })
  await io.deleteAll([...before].filter((path) => !kept.has(path)))
  await io.write(hintPath(store.location, 'EARLIEST'), hintBytes(FIRST_KEPT))
}

/** What a reader and a writer that open the table find. */
async function stateOf(io: FileIO, root: string) {
  const table = await openRowTable(io, root)
  const { damage } = await table.check({ allSnapshots: true })
  const range = await table.store.snapshots.range()
  return { rows: await rowsOf(table), range, damage }
}

async function stall({ io, root }: Storage, definition: Record<string, unknown>) {
  await createRowTable(io, root, definition)
  for (const id of [1, 2, 3]) await add(io, root, id)
  const goOn = async (): Promise<void> => {
    for (let id = 4; id <= LAST; id++) await add(io, root, id)
    await expire(io, root)
  }
  const stalled = intercept(io, { create: { before: once('snapshot-4', goOn) } })
  await using writer = await (await openRowTable(stalled, root)).writer({ commitUser: 'job' })
  await writer.write([{ dt: 'a', id: 99n, v: 'late' }])
  const { snapshots } = await writer.commit({ identifier: 1n })
  return { ids: snapshots.map(({ id }) => id), state: await stateOf(io, root) }
}

const ROWS = Array.from({ length: LAST }, (_, i) => `a ${i + 1} x`)
const EXPECTED = {
  ids: [LAST + 1],
  state: {
    rows: [...ROWS, 'a 99 late'].toSorted(),
    range: { earliest: FIRST_KEPT, latest: LAST + 1 },
    damage: [],
  },
}

describe('a writer that stalls takes no row back, and its own rows come on top', () => {
  let s3: TestS3
  let directory: string
  let local: LocalFileIO

  beforeAll(async () => {
    s3 = await startTestS3({}, { idleTimeoutMs: 30_000 })
    directory = await mkdtemp(join(tmpdir(), 'millrace-stalled-'))
    local = new LocalFileIO()
  })
  afterAll(async () => {
    await s3[Symbol.asyncDispose]()
    await local.close()
    await rm(directory, { recursive: true })
  })

  const storages: Readonly<Record<string, () => Storage>> = {
    'in memory': () => ({ io: new MemoryFileIO(), root: `memory://${randomUUID()}/t` }),
    'on a local disk': () => ({ io: local, root: join(directory, randomUUID()) }),
    'on S3': () => ({ io: s3.io, root: `s3://lake/${randomUUID()}/t` }),
  }

  for (const [where, storage] of Object.entries(storages))
    test.each([
      ['upsert', UPSERT],
      ['append', APPEND],
    ])(`${where}, with an %s`, async (_, definition) => {
      expect(await stall(storage(), definition)).toEqual(EXPECTED)
    })
})
