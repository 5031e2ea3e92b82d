/** What a process prepared and may not have committed before it died. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import { decodeMessages, encodeMessages } from '../../../src/snapshot/commit-message-bytes.ts'
import type { Table } from '../../../src/table/table.ts'
import type { PreparedCommit } from '../../../src/table/write/recover.ts'
import { createRowTable, openRowTable, type Row, rowsOf } from '../../support/row-tables.ts'

const row = (id: number, v: string): Row => ({ dt: 'a', id: BigInt(id), v })

async function freshTable(): Promise<Table> {
  const io = new MemoryFileIO()
  const root = `memory://${randomUUID()}/t`
  await createRowTable(io, root)
  return openRowTable(io, root)
}

/** Three commits of one job, of which the first has happened. */
async function preparedCommits(table: Table): Promise<PreparedCommit[]> {
  const prepared: PreparedCommit[] = []
  for (const identifier of [1n, 2n, 3n]) {
    await using writer = await table.writer({ commitUser: 'job' })
    await writer.write([row(Number(identifier), 'v')])
    const messages = await writer.prepareCommit({ identifier })
    prepared.push({ identifier, messages: decodeMessages(encodeMessages(messages)) })
  }
  await table.commit(prepared[0]!.messages, { user: 'job', identifier: 1n })
  return prepared
}

const ALL = ['a 1 v', 'a 2 v', 'a 3 v']

test('commits that have not happened are made, in their order, and only once', async () => {
  const table = await freshTable()
  const prepared = await preparedCommits(table)
  const first = await table.recover(prepared.toReversed(), { user: 'job' })
  expect(first.alreadyCommitted).toEqual([1n])
  expect(first.snapshots.map(({ commitIdentifier }) => commitIdentifier)).toEqual([2n, 3n])
  const again = await (await openRowTable(table.io, table.path)).recover(prepared, { user: 'job' })
  expect(again).toEqual({ snapshots: [], alreadyCommitted: [1n, 2n, 3n] })
  expect(await rowsOf(table)).toEqual(ALL)
})

test('a commit is not made whose files are gone', async () => {
  const table = await freshTable()
  const prepared = await preparedCommits(table)
  await table.abort(prepared[2]!.messages)
  await expect(table.recover(prepared, { user: 'job' })).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(await rowsOf(table)).toEqual(ALL.slice(0, 2))
})

test('commits that have not happened are dropped with their files', async () => {
  const table = await freshTable()
  const prepared = await preparedCommits(table)
  expect(await table.dropUncommitted(prepared, { user: 'job' })).toEqual({ kept: [1n] })
  const { damage, counts } = await table.check()
  expect([damage, counts.orphanFiles]).toEqual([[], 0])
  expect(await rowsOf(table)).toEqual(ALL.slice(0, 1))
})
