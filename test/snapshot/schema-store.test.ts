/** Schema files: created once each, read once each. */
import { randomUUID } from 'node:crypto'

import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../src/io/memory.ts'
import { MAIN_BRANCH, schemaPath } from '../../src/snapshot/paths.ts'
import { SchemaStore } from '../../src/snapshot/schema-store.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { schemaFileText, type TableSchema } from '../../src/types/schema-file.ts'
import { testSchema } from '../support/commit-tables.ts'
import { FaultyFileIO } from '../support/faults.ts'

const io = new MemoryFileIO()

function freshStore() {
  const location = { root: `memory://${randomUUID()}/t`, branch: MAIN_BRANCH }
  return { location, store: new SchemaStore(io, location) }
}

const next = (latest: TableSchema | null): TableSchema =>
  latest === null ? testSchema() : { ...latest, id: latest.id + 1 }

test('a table without a schema is not there', async () => {
  const { store } = freshStore()
  await expect(store.readLatest()).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('a schema that is not there is an error that names those that are', async () => {
  const { store } = freshStore()
  for (let i = 0; i < 3; i++) await store.change(next)
  await expect(store.read(7)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    hint: 'the table has the schemas 0 to 2',
  })
})

test('an id is given once', async () => {
  const { store, location } = freshStore()
  expect(await store.create(testSchema())).toBe(true)
  const other = { ...testSchema(), comment: 'mine' }
  expect(await new SchemaStore(io, location).create(other)).toBe(false)
  expect(await store.readLatest()).not.toHaveProperty('comment')
})

test('changes at the same time follow each other', async () => {
  const { location } = freshStore()
  const stores = Array.from({ length: 10 }, () => new SchemaStore(io, location))
  await Promise.all(stores.map((store) => store.change(next, { delayMsBase: 1 })))
  expect(await stores[0]!.ids()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('a change to nothing makes no schema', async () => {
  const { store } = freshStore()
  await store.change(next)
  expect(await store.change(() => null)).toMatchObject({ id: 0 })
  expect(await store.ids()).toEqual([0])
})

test('a create whose answer is lost is settled by reading', async () => {
  const { location } = freshStore()
  const losing = new FaultyFileIO(io, ({ name }) => (name === 'create' ? 'lose' : undefined))
  expect(await new SchemaStore(losing, location).create(testSchema())).toBe(true)
  const other = { ...testSchema(), comment: 'mine' }
  expect(await new SchemaStore(losing, location).create(other)).toBe(false)
})

test('schemas are read once', async () => {
  const { store, location } = freshStore()
  await store.change(next)
  const counting = new FaultyFileIO(io)
  const reader = new SchemaStore(counting, location)
  for (let i = 0; i < 3; i++) await reader.read(0)
  expect(counting.operations.map(({ name }) => name)).toEqual(['read'])
})

test('a schema that says another id is damaged', async () => {
  const { store, location } = freshStore()
  const path = schemaPath(location, 1)
  await io.write(path, utf8(schemaFileText(testSchema())))
  await expect(store.read(1)).rejects.toMatchObject({ code: 'CORRUPT', path })
})
