import { expect, test } from 'vitest'

import { joinPath } from '../../../src/io/path.ts'
import { compactionRewriter } from '../../../src/lsm/compaction-rewrite.ts'
import type { DataType } from '../../../src/types/data-type.ts'
import { lookupBucket } from '../../support/lookup-buckets.ts'
import { keyedSchema } from '../../support/memory-runs.ts'
import type { LeveledRow } from '../../support/merge-model.ts'

const key: DataType = { kind: 'INT', nullable: false }
const LOOKUP = { 'changelog-producer': 'lookup', bucket: '1' }

function rowsOf(keys: readonly number[], level: number, kind = 0): LeveledRow[] {
  return keys.map((k, i) => ({ row: [k, k * 10], number: BigInt(i), kind, level }))
}

/** Moves the last of the runs to level 1, and tells whether the changelog has the bytes of its file. */
async function moved(
  options: Readonly<Record<string, string>>,
  runs: readonly (readonly LeveledRow[])[],
): Promise<boolean> {
  const schema = keyedSchema({ k: key, v: { ...key, nullable: true } }, { ...LOOKUP, ...options })
  const { context, files, read } = await lookupBucket(schema, runs, {
    windowRows: 10,
    marks: false,
  })
  const file = files.at(-1)!
  const { changelog, paths } = await compactionRewriter(context).upgrade(1, false, file)
  expect(changelog).toHaveLength(1)
  expect(await read(changelog)).toHaveLength(changelog[0]!.rowCount)
  expect(changelog[0]).toMatchObject({ level: 1, fileSource: 0 })
  const [bytes, copy] = await Promise.all(
    [joinPath(context.directory, file.fileName), paths[0]!].map((path) =>
      context.target.io.read(path),
    ),
  )
  return Buffer.compare(bytes!, copy!) === 0
}

test.each([
  ['keys that are all new', {}, [rowsOf([1, 2, 3], 0)], true],
  ['keys between those above', {}, [rowsOf([1, 5], 2), rowsOf([2, 3], 0)], true],
  ['a key that is above already', {}, [rowsOf([1, 5], 2), rowsOf([4, 5], 0)], false],
  ['rows that are no inserts', {}, [rowsOf([1, 2], 0, 2)], false],
  [
    'changelog files of another compression',
    { 'changelog-file.compression': 'lz4' },
    [rowsOf([1, 2], 0)],
    false,
  ],
] as const)('the changelog of a file is its copy or not: %s', async (_, options, runs, copied) => {
  expect(await moved(options, runs)).toBe(copied)
})
