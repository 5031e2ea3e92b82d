/** A check finds what Iceberg clients would read wrong, or not find. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../../src/io/memory.ts'
import type { Table } from '../../../src/table/table.ts'
import { createRowTable, openRowTable } from '../../support/row-tables.ts'

interface Place {
  readonly io: MemoryFileIO
  readonly root: string
  readonly table: Table
}

/** Two commits, of which the second marks a row of the first as deleted, compacted. */
async function tableOf(options: Readonly<Record<string, string>>): Promise<Place> {
  const [io, root] = [new MemoryFileIO(), `memory://${randomUUID()}/t`]
  await createRowTable(io, root, {
    primaryKeys: ['dt', 'id'],
    options: {
      bucket: '1',
      'deletion-vectors.enabled': 'true',
      'metadata.iceberg.storage': 'table-location',
      ...options,
    },
  })
  const table = await openRowTable(io, root)
  await using writer = await table.writer()
  for (const ids of [[1n, 2n, 3n], [2n]]) {
    await writer.write(ids.map((id) => ({ dt: 'a', id, v: `${ids.length}` })))
    await writer.commit({ waitForCompaction: true })
  }
  return { io, root, table }
}

const report = async ({ io, root }: Place): Promise<{ damage: string[]; warnings: string[] }> => {
  const { damage, warnings } = await (await openRowTable(io, root)).check({ deep: false })
  const text = ({ path, what }: { path: string; what: string }): string =>
    `${path.slice(root.length + 1).replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')} ${what}`
  return { damage: damage.map(text), warnings: warnings.map(text) }
}

const emit = async ({ io, root }: Place): Promise<void> => {
  await (await openRowTable(io, root)).iceberg.emit({ rebuild: true })
}

test.each(['2', '3'])('of format version %s', async (version) => {
  const place = await tableOf({ 'metadata.iceberg.format-version': version })
  const { io, root } = place
  expect(await report(place)).toEqual({ damage: [], warnings: [] })

  const files = await Array.fromAsync(io.list(`${root}/metadata`))
  const deletes = files.map(({ path }) => path).find((path) => path.includes('deletes'))!
  const { manifests } = (await place.table.iceberg.show())!
  const { path: manifest } = manifests.find(({ content }) => content === 'data')!
  const kept = await io.read(manifest)
  await io.delete(deletes)
  await io.write(manifest, kept.subarray(0, kept.length - 1))
  const cure = '`millrace iceberg emit --rebuild` makes up for it'
  const { damage } = await report(place)
  expect(damage).toHaveLength(2)
  expect(damage).toContainEqual(
    expect.stringMatching(/^metadata\/ID.*deletes.* is missing, and Iceberg clients need it; /),
  )
  expect(damage).toContainEqual(
    expect.stringContaining(
      `has ${kept.length - 1} bytes, and what names it says ${kept.length}; ${cure}`,
    ),
  )
  await emit(place)
  expect(await report(place)).toEqual({ damage: [], warnings: [] })
})

test('metadata that show other files than the table has, or cannot be read', async () => {
  const place = await tableOf({})
  const { io, root, table } = place
  const { metadataPath, snapshots } = (await table.iceberg.show())!
  const text = new TextDecoder().decode(await io.read(metadataPath))
  const [first, last] = [snapshots[1]!.manifestList, snapshots.at(-1)!.manifestList]
  const change = async (from: string, to: string): Promise<void> => {
    await io.write(metadataPath, new TextEncoder().encode(text.replaceAll(from, to)))
  }
  await change(last, first)
  expect((await report(place)).damage).toEqual([
    expect.stringMatching(
      /^metadata\/v\d.metadata.json shows other data files than the table has: /,
    ),
    expect.stringMatching(/shows other deleted rows than the table has: lacks 1, /),
  ])
  await change(last, `${root}/metadata/../../none.avro`)
  expect((await report(place)).damage).toEqual([
    expect.stringMatching(/^metadata\/none.avro is missing, and Iceberg's snapshot 4 needs it; /),
  ])
  await change('{', '[')
  expect((await report(place)).damage).toEqual([expect.stringContaining('metadata.json ')])
  await emit(place)
  expect(await report(place)).toEqual({ damage: [], warnings: [] })
})

test('that they are behind is no damage', async () => {
  const place = await tableOf({})
  const { table } = place
  const silent = table.withOptions({ 'metadata.iceberg.storage': 'disabled' })
  await silent.tags.create('v1')
  expect(await report(place)).toEqual({
    damage: [],
    warnings: [expect.stringMatching(/Iceberg clients are behind: the tag "v1" of snapshot 4 is/)],
  })
  await place.io.deleteDirectory(`${place.root}/metadata`)
  expect((await report(place)).warnings).toEqual([
    expect.stringContaining('metadata there are no Iceberg metadata yet; '),
  ])
})
