/** Tables that track their rows: each has an id that stays, and the snapshot that brought it. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import { scanEntries } from '../../../src/snapshot/manifest-scan.ts'
import { createRowTable, openRowTable } from '../../support/row-tables.ts'

/** More than go into a file: its size is looked at every thousand. */
const ROWS = 2_500

test('all files of all commits of one writer have ids behind each other, and their snapshot as the number', async () => {
  const io = new MemoryFileIO()
  const root = `memory://${randomUUID()}/t`
  const options = { 'row-tracking.enabled': true, 'target-file-size': '1 kb' }
  await createRowTable(io, root, { partitionKeys: [], options: { bucket: -1, ...options } })
  const table = await openRowTable(io, root)
  await using writer = await table.writer()
  for (let commit = 0; commit < 3; commit++) {
    const rows = Array.from({ length: ROWS }, (_, i) => ({
      dt: 'a',
      id: BigInt(i),
      v: randomUUID(),
    }))
    await writer.write(rows)
    await writer.commit()
  }
  const latest = (await table.latestSnapshot())!
  const files = (await scanEntries(table.store.manifests, latest, 'all')).map(({ file }) => file)
  expect(files.length).toBeGreaterThan(3)
  let next = 0n
  for (const file of files.toSorted((a, b) => Number(a.firstRowId! - b.firstRowId!))) {
    const snapshot = next / BigInt(ROWS) + 1n
    expect(file).toMatchObject({
      firstRowId: next,
      minSequenceNumber: snapshot,
      maxSequenceNumber: snapshot,
    })
    next += BigInt(file.rowCount)
  }
  expect([next, latest.nextRowId]).toEqual([3n * BigInt(ROWS), 3n * BigInt(ROWS)])
  expect((await table.check()).damage).toEqual([])
})
