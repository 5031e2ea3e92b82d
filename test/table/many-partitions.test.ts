/** Rows of many partitions, more of them than the write buffer holds: a commit has one file for each all the same. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { createCatalog } from '../../src/catalog/catalog.ts'
import { parseNewSchema } from '../../src/types/new-schema.ts'
import { canonicalRow, readRows } from '../support/golden-expect.ts'

const PARTITIONS = 60
const ROUNDS = 10

/** Each round has a row of every partition; of the rows of a key the last round's stays. */
function* rounds(keyed: boolean): Generator<Record<string, unknown>[]> {
  for (let round = 0; round < ROUNDS; round++)
    yield Array.from({ length: PARTITIONS }, (_, i) => ({
      p: (i * 7) % PARTITIONS,
      k: keyed ? round % 4 : round,
      v: `round ${round} `.repeat(8),
    }))
}

test.each([
  ['with a primary key', true, {}],
  ['with a primary key and a changelog', true, { 'changelog-producer': 'input' }],
  ['without a primary key', false, {}],
] as const)('%s', async (_, keyed, options) => {
  await using catalog = await createCatalog({ warehouse: `memory://${randomUUID()}/wh` })
  const schema = parseNewSchema({
    fields: [
      { name: 'p', type: 'INT NOT NULL' },
      { name: 'k', type: 'INT NOT NULL' },
      { name: 'v', type: 'STRING' },
    ],
    partitionKeys: ['p'],
    primaryKeys: keyed ? ['p', 'k'] : [],
    options: {
      'write-only': 'true',
      'write-buffer-size': '32 kb',
      bucket: keyed ? '1' : '-1',
      ...options,
    },
  })
  const table = await catalog.createTable('db.t', schema)
  await using writer = await table.writer()
  for (const rows of rounds(keyed)) await writer.write(rows)
  await writer.commit()
  const files = await readRows((await catalog.systemTable('db.t$files')).read())
  expect(files).toHaveLength(PARTITIONS)
  const all = [...rounds(keyed)].flat()
  const kept = keyed ? all.slice(-4 * PARTITIONS) : all
  expect((await readRows(table.read())).toSorted()).toEqual(kept.map(canonicalRow).toSorted())
})
