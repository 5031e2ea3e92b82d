/** What a check finds in index files of deletion vectors. */
import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import type { IndexFileMeta } from '../../../src/snapshot/index-manifest.ts'
import { createRowTable, openRowTable } from '../../support/row-tables.ts'
import { addVectors } from '../../support/vector-files.ts'

let count = 0

interface Damage {
  /** What the index manifest says of the index file. */
  readonly entry?: (entry: IndexFileMeta) => IndexFileMeta
  readonly bytes?: (bytes: Uint8Array) => Uint8Array | null
  readonly rows?: readonly number[]
}

/** What a check of a table with ten rows finds, by file. */
async function damageOf({ entry, bytes, rows = [1, 2, 7] }: Damage): Promise<string[]> {
  const io = new MemoryFileIO()
  const root = `memory://check-vectors-${++count}/t`
  await createRowTable(io, root, { options: { bucket: -1 } })
  const rowsOfTable = Array.from({ length: 10 }, (_, id) => ({ dt: 'a', id, v: 'v' }))
  await (await openRowTable(io, root)).write(rowsOfTable as never)
  await addVectors(io, root, () => rows, {
    change: (each) => ({ ...each, indexFile: entry?.(each.indexFile) ?? each.indexFile }),
  })
  if (bytes !== undefined) {
    const path = `${root}/index/index-0`
    const changed = bytes((await io.read(path)).slice())
    if (changed === null) await io.delete(path)
    else await io.write(path, changed)
  }
  const { damage } = await (await openRowTable(io, root)).check()
  return damage.map(({ path, what }) =>
    `${path.slice(root.length + 1)} ${what}`.replaceAll(/data-[-0-9a-f]+\.parquet/g, 'DATA'),
  )
}

const eachVector =
  (change: (range: NonNullable<IndexFileMeta['deletionVectors']>[number]) => object) =>
  (entry: IndexFileMeta): IndexFileMeta => ({
    ...entry,
    deletionVectors: entry.deletionVectors!.map((range) => ({ ...range, ...change(range) })),
  })

test('vectors as they should be are no damage, nor is a file without any', async () => {
  expect(await damageOf({})).toEqual([])
  expect(await damageOf({ rows: [] })).toEqual([])
})

test.each<[string, Damage, RegExp[]]>([
  ['an index file that is gone', { bytes: () => null }, [/^index\/index-0 is missing$/]],
  [
    'an index file of another size',
    { bytes: (bytes) => bytes.subarray(1) },
    [/^index\/index-0 has \d+ bytes, and the index manifest says \d+$/],
  ],
  [
    'a flipped bit of a vector',
    { bytes: (bytes) => bytes.map((byte, i) => (i === bytes.length - 6 ? byte ^ 1 : byte)) },
    [/^index\/index-0 deletion vector of DATA: the checksum of a deletion vector is wrong$/],
  ],
  [
    'rows that the data file does not have',
    { rows: [3, 10] },
    [/^index\/index-0 deletion vector of DATA: a deletion vector deletes row 10 of a file of 10$/],
  ],
  [
    'another cardinality',
    { entry: eachVector(() => ({ cardinality: 2 })) },
    [/deletes 3 rows, and its entry says 2$/],
  ],
  [
    'another length',
    { entry: eachVector(({ length }) => ({ length: length + 1 })) },
    [/has 26 bytes, and its entry says 27$/],
  ],
  [
    'a place behind the file',
    { entry: eachVector(() => ({ offset: 4000 })) },
    [/has no deletion vector of 26 bytes at 4000$/],
  ],
  [
    'a vector of a file that is not live',
    { entry: eachVector(() => ({ dataFileName: 'gone.parquet' })) },
    [/^index\/index-0 has a deletion vector of gone.parquet, which is not live$/],
  ],
  [
    'another count of vectors',
    { entry: (entry) => ({ ...entry, rowCount: 4 }) },
    [/^index\/index-0 has 1 deletion vectors, and its entry says 4$/],
  ],
  [
    'two vectors of a data file',
    {
      entry: (entry) => ({
        ...entry,
        rowCount: 2,
        deletionVectors: entry.deletionVectors!.flatMap((range) => [range, range]),
      }),
    },
    [/^snapshot\/snapshot-1 has two deletion vectors of DATA$/],
  ],
])('%s is found', async (_, damage, found) => {
  expect(await damageOf(damage)).toEqual(
    found.map((pattern) => expect.stringMatching(pattern) as string),
  )
})
