/** Expiries that die at any of their storage operations: what is kept can be read, and the next one ends as the first would. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import type { FileIO } from '../../../src/io/file-io.ts'
import { MemoryFileIO } from '../../../src/io/memory.ts'
import { tagPath } from '../../../src/snapshot/paths.ts'
import { snapshotText } from '../../../src/snapshot/snapshot.ts'
import type { ExpireOptions } from '../../../src/table/maintain/expire.ts'
import type { Table } from '../../../src/table/table.ts'
import { utf8 } from '../../../src/types/internal-value.ts'
import { CrashError, faultAt, FaultyFileIO } from '../../support/faults.ts'
import { createRowTable, openRowTable, rowsOf } from '../../support/row-tables.ts'

const FULL = process.env['RELIABILITY'] === 'full'
const SEED = Number(process.env['SEED'] ?? 3)
/** Deaths lie so many operations apart. */
const STRIDE = FULL ? 1 : 13

const EXPIRY: ExpireOptions = { retainMin: 1, retainMax: 1, changelogs: { retainMax: 2 } }

/** A tagged table whose commits compact and write changelog files. */
async function build(io: FileIO, root: string): Promise<void> {
  await createRowTable(io, root, {
    primaryKeys: ['dt', 'id'],
    options: { bucket: '1', 'changelog-producer': 'input', 'deletion-vectors.enabled': 'true' },
  })
  const table = await openRowTable(io, root)
  for (let i = 0; i < 3; i++) {
    await table.write([
      { dt: 'a', id: 1n, v: `v${i}` },
      { dt: 'a', id: BigInt(2 + i), v: 'x' },
    ])
    if (i === 1) await table.compact({ full: true })
  }
  const { location, snapshots } = table.store
  await io.write(tagPath(location, 't'), utf8(snapshotText(await snapshots.read(2))))
}

/** Files are deleted one after another, so that a death can come between any two. */
function deletingSingly(io: FileIO): FileIO {
  return new Proxy(io, {
    get(target, name) {
      const value = Reflect.get(target, name, target) as unknown
      if (name === 'deleteAll')
        return async (paths: readonly string[]) => {
          for (const path of paths) await target.delete(path)
        }
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

async function filesBelow(io: FileIO, root: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for await (const { path } of io.list(root, { recursive: true }))
    // Who dies before this hint leaves changelogs that are found by listing.
    if (!path.endsWith('/changelog/EARLIEST'))
      files.set(path.slice(root.length + 1), await io.read(path))
  return files
}

async function readsOf(table: Table): Promise<string[][]> {
  return [await rowsOf(table), await rowsOf(table.withOptions({ 'scan.tag-name': 't' }))]
}

test('the next expiry ends as one that did not die', async () => {
  const io = new MemoryFileIO()
  const root = `memory://${randomUUID()}/t`
  await build(io, root)
  const original = await filesBelow(io, root)
  const copy = async (): Promise<string> => {
    const other = `memory://${randomUUID()}/t`
    for (const [path, bytes] of original) await io.write(`${other}/${path}`, bytes)
    return other
  }
  const reference = await copy()
  const whole = await openRowTable(io, reference)
  const rows = await readsOf(whole)
  await whole.expire(EXPIRY)
  const left = [...(await filesBelow(io, reference)).keys()].toSorted()
  expect(left.length).toBeLessThan(original.size)

  let isDone = false
  for (let number = 3 + (SEED % STRIDE); !isDone; number += STRIDE) {
    const place = await copy()
    const faulty = new FaultyFileIO(io, faultAt(number, 'crash'))
    const dying = await openRowTable(deletingSingly(faulty), place)
    try {
      await dying.expire(EXPIRY)
      isDone = true
    } catch (error) {
      if (!(error instanceof CrashError)) throw error
    }
    const table = await openRowTable(io, place)
    expect(await readsOf(table), `after a death at ${number}`).toEqual(rows)
    await table.expire(EXPIRY)
    const files = [...(await filesBelow(io, place)).keys()].toSorted()
    expect(files, `after a death at ${number}`).toEqual(left)
    expect((await table.check()).damage).toEqual([])
  }
})
