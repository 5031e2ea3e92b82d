/** Deletion vectors carried over into Puffin files and into files of positions. */
import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'

import type { IcebergSettings } from '../../src/iceberg-compat/settings.ts'
import { dropMemoryStore } from '../../src/io/memory.ts'
import {
  type DeletedOf,
  DeletesTable,
  expectedDeletes,
  pathOfFile,
  ROOT,
  ROW_COUNT,
} from '../support/iceberg-deletes.ts'
import { vectorBytes } from '../support/vector-files.ts'

afterEach(() => {
  dropMemoryStore('deletes')
})

const MANY = Array.from({ length: 5000 }, (_, i) => 2 * i)
const FIRST: DeletedOf = { '1/a': [0, 5, 70_000], '1/b': MANY, '2/c': [9], '2/hidden': [1] }

describe.each(['puffin', 'positions'] as const)('%s', (deletes) => {
  test.each([32, 64] as const)('tell the rows that vectors of %i bits delete', async (form) => {
    const table = new DeletesTable(deletes)
    const { added } = await table.step({ deleted: FIRST, form })
    expect(await table.deleted()).toEqual(expectedDeletes(FIRST))
    expect(new Set(added.map(({ filePath }) => filePath)).size).toBe(deletes === 'puffin' ? 1 : 2)
    expect(added.map(({ fileFormat }) => fileFormat)).toEqual(
      deletes === 'puffin' ? ['puffin', 'puffin', 'puffin'] : ['parquet', 'parquet'],
    )
  })

  test('are not written where nothing changed, though the index files are others', async () => {
    const table = new DeletesTable(deletes)
    await table.step({ deleted: FIRST })
    const written = table.io.stats().requestCounts['openWriter']
    const { added, removed } = await table.step({ deleted: FIRST, form: 32 })
    expect([added, removed]).toEqual([[], []])
    expect(table.io.stats().requestCounts['openWriter']).toBe(written)
  })

  test('are written anew as far as vectors changed', async () => {
    const table = new DeletesTable(deletes)
    await table.step({ deleted: FIRST })
    const next = { ...FIRST, '2/c': [9, 10] }
    const { added, removed } = await table.step({ deleted: next })
    expect([added.length, removed.length]).toEqual([1, 1])
    expect(added[0]!.referencedDataFile).toBe(pathOfFile('2/c'))
    expect(await table.deleted()).toEqual(expectedDeletes(next))
  })

  test('are written anew where nobody says how many rows a vector deletes', async () => {
    const table = new DeletesTable(deletes)
    const next = { ...FIRST, '1/a': [0, 5] }
    await table.step({ deleted: next, hasCardinalities: false })
    await table.step({ deleted: FIRST, hasCardinalities: false })
    expect(await table.deleted()).toEqual(expectedDeletes(FIRST))
  })

  test('go with their data files', async () => {
    const table = new DeletesTable(deletes)
    await table.step({ deleted: FIRST })
    const { '2/c': _, ...rest } = FIRST
    const gone = await table.step({ deleted: rest, removed: ['2/c'] })
    expect([gone.added.length, gone.removed.length]).toEqual([0, 1])
    expect(await table.deleted()).toEqual(expectedDeletes(rest))
    // A vector may be there longer than its file.
    await table.step({ deleted: rest, removed: ['1/a'] })
    expect(await table.deleted()).toEqual(expectedDeletes({ '1/b': MANY }))
  })

  test('of a data file that is shown from now on are new, so that they are no older than it', async () => {
    const table = new DeletesTable(deletes)
    await table.step({ deleted: FIRST })
    const { added, removed } = await table.step({ deleted: FIRST, added: ['2/c'] })
    expect([added.length, removed.length]).toEqual([1, 1])
    expect(await table.deleted()).toEqual(expectedDeletes(FIRST))
  })

  test('of the other version, or of an unknown snapshot, are replaced as a whole', async () => {
    const table = new DeletesTable(deletes)
    await table.step({ deleted: FIRST })
    const before = table.live
    const { added, removed } = await table.step({ deleted: FIRST }, { previousEntries: null })
    expect(removed).toEqual(before)
    expect(added.length).toBe(before.length)

    const other = deletes === 'puffin' ? 'positions' : 'puffin'
    const settings = { deletes: other } as IcebergSettings
    expect((await table.step({ deleted: FIRST }, { settings })).removed).toEqual(added)
    expect(await table.deleted()).toEqual(expectedDeletes(FIRST))
    expect(new Set(table.live.map(({ fileFormat }) => fileFormat)).size).toBe(1)
  })

  test('of a damaged vector are refused, and nothing is left of the file', async () => {
    const table = new DeletesTable(deletes)
    const wrong = table.step({ deleted: { '1/a': [1], '1/b': [ROW_COUNT] } })
    await expect(wrong).rejects.toThrow(/deletes row 200000 of a file of 200000.*index-/)
    const left = await Array.fromAsync(table.io.list(`${ROOT}/metadata`))
    expect(left).toEqual([])
  })
})

test('a vector of 64 bits has the same bytes in a Puffin file', async () => {
  const table = new DeletesTable('puffin')
  await table.step({ deleted: { '1/a': [3], '1/b': MANY } })
  for (const [i, rows] of [[3], MANY].entries()) {
    const { filePath, contentOffset, contentSize } = table.live[i]!
    const bytes = await table.io.readRange(filePath, contentOffset!, contentSize!)
    expect(bytes).toEqual(vectorBytes(rows, 64))
  }
})

test('one changed vector of a large index file is read alone', async () => {
  const table = new DeletesTable('puffin')
  const deleted = { '1/a': MANY, '1/b': [1] }
  await table.step({ deleted })
  const readBefore = table.io.stats().readBytes
  const { added } = await table.step({ deleted: { ...deleted, '1/b': [1, 2] }, otherBytes: 2e6 })
  expect(added.length).toBe(1)
  expect(table.io.stats().readBytes - readBefore).toBeLessThan(1000)
})

test('without deletion vectors the delete files that were go', async () => {
  const table = new DeletesTable('puffin')
  await table.step({ deleted: FIRST })
  const live = table.live
  const none = { settings: { deletes: 'none' } } as never
  expect(await table.step({ deleted: {} }, none)).toEqual({ added: [], removed: live })
})

const FILES = ['1/a', '1/b', '2/c', '3/hidden'] as const
/** What happens to each file in a step: rows are deleted in it, it goes, or it comes (again). */
const steps = fc.array(
  fc.record({
    rows: fc.tuple(...FILES.map(() => fc.option(fc.nat(20), { freq: 2 }))),
    gone: fc.subarray([...FILES], { maxLength: 1 }),
    form: fc.constantFrom(32 as const, 64 as const),
    hasCardinalities: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
)

test.each(['puffin', 'positions'] as const)(
  'whatever happens to vectors and files, %s tell the rows that are deleted',
  async (deletes) => {
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const table = new DeletesTable(deletes)
        const there = new Set<string>(FILES)
        let deleted: Record<string, number[]> = {}
        for (const { rows, gone, form, hasCardinalities } of history) {
          const added = FILES.filter((file) => !there.has(file))
          const removed = gone.filter((file) => there.has(file))
          for (const file of added) there.add(file)
          for (const file of removed) there.delete(file)
          const next = FILES.filter((file) => there.has(file)).map((file) => {
            const more = rows[FILES.indexOf(file)] ?? null
            const all = new Set(deleted[file] ?? [])
            if (more !== null) all.add(more)
            return [file, [...all].toSorted((a, b) => a - b)] as const
          })
          deleted = Object.fromEntries(next)
          await table.step({ deleted, added, removed, form, hasCardinalities })
          expect(await table.deleted()).toEqual(expectedDeletes(deleted))
        }
      }),
      { numRuns: 15 },
    )
  },
)
