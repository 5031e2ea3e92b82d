/** The same random changes of the same tables: Java and this library make the same schemas, or both refuse, and read on. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import type { Table } from '../../src/table/table.ts'
import { parseNewSchema } from '../../src/types/new-schema.ts'
import type { SchemaChange } from '../../src/types/schema-change.ts'
import { schemaFileText, type TableSchema } from '../../src/types/schema-file.ts'
import { parseTypeText, typeToJson } from '../../src/types/type-text.ts'
import { LakeError } from '../../src/util/errors.ts'
import { readRows } from '../support/golden-expect.ts'
import { type Random, seeded } from '../support/random.ts'
import { findJava, JavaPaimon, type JavaWarehouse, type JsonSchema } from './support/java.ts'
import { weWrite } from './support/our-writes.ts'
import { randomChanges, randomRow, randomSchema } from './support/random-changes.ts'

const classPath = await findJava()
const isFull = process.env['RELIABILITY'] === 'full'
const seed = Number(process.env['SEED'] ?? 1)
const TABLES = isFull ? 300 : 22
const LISTS = 8

let directory: string
let catalog: Catalog
let java: JavaPaimon
let warehouse: JavaWarehouse

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-alter-'))
  catalog = new Catalog(new LocalFileIO(), directory)
  java = new JavaPaimon(classPath)
  warehouse = java.warehouse(directory)
})

afterAll(async () => {
  await java[Symbol.asyncDispose]()
  await catalog.close()
  await rm(directory, { recursive: true })
})

/** What this library refuses on purpose, where Java makes a table that cannot be written or loses rows. */
const STRICTER: readonly RegExp[] = [
  // Options and types that this library does not serve.
  /^UNSUPPORTED/,
  // A default value that a changed column could not take.
  /^INVALID the default value of column/,
  // The rows of a bucket would not be found any more.
  /^INVALID the column ".*" is in the bucket key and cannot change/,
  // Rows could not be read or written any more.
  /^INVALID rowkind.field ".*" must be a string/,
  /^INVALID aggregate function .* takes columns of/,
  // Java allows an option to be removed that it does not allow to be set to its default.
  /^INVALID option (deletion-vectors.enabled|ignore-delete) cannot/,
]

/** What this library makes where Java stumbles over its own books. */
const LARGER: readonly RegExp[] = [
  // Two renames in one column.
  /Duplicate key/,
]

interface Answer {
  readonly schema?: unknown
  readonly error?: string
}

function comparable(json: unknown): unknown {
  const { timeMillis: _timeMillis, ...rest } = json as Record<string, unknown>
  return rest
}

async function oursAfter(table: Table, changes: readonly SchemaChange[]): Promise<Answer> {
  try {
    const { schema } = await table.alter(changes)
    return { schema: comparable(JSON.parse(schemaFileText(schema))) }
  } catch (error) {
    if (!(error instanceof LakeError)) throw error
    return { error: `${error.code} ${error.message}` }
  }
}

async function javaAfter(name: string, changes: readonly SchemaChange[]): Promise<Answer> {
  const list = changes.map((change) =>
    'type' in change && typeof change.type === 'string'
      ? { ...change, type: typeToJson(parseTypeText(change.type)) }
      : change,
  )
  const answers = await warehouse.alter(name, { task: 'alter', lists: [list] })
  const [answer] = answers as [Answer]
  return answer.error === undefined ? { schema: comparable(answer.schema) } : answer
}

/** Where one of both is wrong. */
const mistakes: string[] = []
const counts = { same: 0, refused: 0, stricter: 0, larger: 0, tablesRead: 0 }

/** Makes the changes on both sides; the number that the latest schema of both has afterwards. */
async function alterBoth(
  name: string,
  changes: readonly SchemaChange[],
  id: number,
): Promise<number> {
  const [table, theirs] = [await catalog.table(`db.o${name}`), `db.j${name}`]
  const ours = await oursAfter(table, changes)
  const javas = await javaAfter(theirs, changes)
  const shown = `${name} ${JSON.stringify(changes)}`
  if (ours.schema !== undefined && javas.schema !== undefined) {
    counts.same++
    if (!isDeepStrictEqual(ours.schema, javas.schema))
      mistakes.push(
        `${shown}: ${JSON.stringify(ours.schema)} is in Java ${JSON.stringify(javas.schema)}`,
      )
    return id + 1
  }
  const file = `schema/schema-${id + 1}`
  if (ours.schema !== undefined) {
    if (!LARGER.some((each) => each.test(javas.error!))) mistakes.push(`${shown}: ${javas.error}`)
    await rm(join(table.path, file))
    counts.larger++
  } else if (javas.schema !== undefined) {
    if (!STRICTER.some((each) => each.test(ours.error!))) mistakes.push(`${shown}: ${ours.error}`)
    await rm(join(directory, 'db.db', `j${name}`, file))
    counts.stricter++
  } else counts.refused++
  return id
}

function jsonOf(schema: TableSchema): JsonSchema {
  return JSON.parse(schemaFileText(schema)) as JsonSchema
}

/** The rows, sorted, or that values of them cannot be cast. */
async function readByUs(name: string): Promise<unknown> {
  try {
    return (await readRows((await catalog.table(name)).read())).toSorted()
  } catch (error) {
    if (!(error instanceof LakeError)) throw error
    const isCast = error.code === 'INVALID' || error.message.includes('there is no cast')
    return isCast ? 'cannot be cast' : error.message
  }
}

async function readByJava(name: string): Promise<unknown> {
  try {
    return await warehouse.read(name)
  } catch {
    return 'cannot be cast'
  }
}

/** Why it is refused, such as the rows of a table with another number of buckets; null where it is not. */
async function refusal(write: () => Promise<unknown>): Promise<string | null> {
  try {
    await write()
    return null
  } catch (error) {
    return String(error)
  }
}

/** What Java shows of the schemas, but when they were made. */
async function schemasOf(name: string): Promise<unknown> {
  const rows = await warehouse.read(`${name}$schemas`)
  return rows.map((row) => {
    const json = JSON.parse(row) as { readonly options: string }
    // Their order is that of a hash map.
    return { ...json, options: JSON.parse(json.options) as unknown, update_time: null }
  })
}

test(`${TABLES} tables of seed ${seed}, changed ${LISTS} times, have the same schemas and rows`, async () => {
  for (let t = 0; t < TABLES; t++) {
    const random = seeded(seed * 1000 + t)
    const table = await catalog.createTable(`db.o${t}`, parseNewSchema(randomSchema(random)))
    const [ours, theirs] = [`db.o${t}`, `db.j${t}`]
    await warehouse.create(theirs, jsonOf(table.schema))
    if (random() < 0.7) {
      const rows = rowsFor(random, table.schema)
      for (const name of [ours, theirs]) await weWrite(await catalog.table(name), rows)
    }
    let id = 0
    for (let list = 0; list < LISTS; list++) {
      const { schema } = await catalog.table(ours)
      id = await alterBoth(String(t), randomChanges(random, schema), id)
    }
    expect(await schemasOf(ours)).toEqual(await schemasOf(theirs))
    // Each writes to the table that the other has changed.
    const { schema } = await catalog.table(ours)
    // A null in what must not be null is what it is here, and in Java a row of nulls, or an error.
    const mayLie = (await table.schemas()).some(
      ({ options }) => options['alter-column-null-to-not-null.disabled'] === 'false',
    )
    if (mayLie) continue
    const rows = rowsFor(random, schema)
    const texts = rows.map((row) => JSON.stringify(row))
    // The bucket of a row in a table with dynamic ones is not for this writer of Java to tell.
    const isDynamic = schema.primaryKeys.length > 0 && (schema.options['bucket'] ?? '-1') === '-1'
    const byJava = await refusal(async () =>
      isDynamic ? weWrite(await catalog.table(ours), rows) : warehouse.write(ours, texts),
    )
    const byUs = await refusal(async () => weWrite(await catalog.table(theirs), rows))
    // Java looks for another number of buckets only where it reads what is in the bucket.
    const isRescaled = byUs?.includes('buckets, and the table is set to') === true
    if ((byJava !== null && byUs !== null) || isRescaled) continue
    expect([byJava, byUs], `${t} is written to`).toEqual([null, null])
    const read = await readByUs(ours)
    expect(await readByJava(ours), `${t} changed by us`).toEqual(read)
    expect(await readByJava(theirs), `${t} changed by Java`).toEqual(read)
    expect(await readByUs(theirs), `${t} changed by Java`).toEqual(read)
    if (Array.isArray(read)) counts.tablesRead++
  }
  expect(mistakes).toEqual([])
})

function added(column: string): SchemaChange {
  return { action: 'addColumn', column, type: 'INT' }
}

test('changes that both sides make at the same time are all made', async () => {
  const schema = parseNewSchema({ fields: [{ name: 'id', type: 'INT' }] })
  const table = await catalog.createTable('db.shared', schema)
  const names = Array.from({ length: 12 }, (_, i) => i)
  const lists = names.map((i) => [added(`theirs${i}`)])
  const [answers] = await Promise.all([
    warehouse.alter('db.shared', {
      task: 'alter',
      lists: lists.map((list) => list.map((change) => ({ ...change, type: 'INT' }))),
    }),
    ...names.map(async (i) => table.alter([added(`ours${i}`)])),
  ])
  expect((answers as Answer[]).filter(({ error }) => error !== undefined)).toEqual([])
  const { fields, id, highestFieldId } = (await catalog.table('db.shared')).schema
  expect({ id, highestFieldId, count: fields.length }).toEqual({
    id: 2 * names.length,
    highestFieldId: 2 * names.length,
    count: 1 + 2 * names.length,
  })
  expect(new Set(fields.map((field) => field.id)).size).toBe(fields.length)
})

test('what either side drops or renames is so for the other', async () => {
  const schema = parseNewSchema({ fields: [{ name: 'id', type: 'INT' }] })
  const row = '{"id":1}'
  for (const name of ['a', 'b', 'c']) {
    const table = await catalog.createTable(`ops.${name}`, schema)
    await warehouse.create(`other.${name}`, jsonOf(table.schema))
    await weWrite(table, [{ id: 1 }])
    await warehouse.write(`other.${name}`, [row])
  }
  await catalog.renameTable('other.a', 'ops.d')
  await warehouse.alter('ops.a', { task: 'rename', to: 'other.d' })
  expect(await warehouse.read('ops.d')).toEqual([row])
  expect(await readByUs('other.d')).toEqual([row])
  await catalog.dropTable('other.b')
  await warehouse.alter('ops.b', { task: 'drop' })
  const shown = await warehouse.read('sys.tables')
  const tables = shown.map((text) => JSON.parse(text) as Record<string, string>)
  const names = tables.map(({ database_name: db, table_name: name }) => `${db}.${name}`)
  expect(names.filter((name) => /^(ops|other)/.test(name)).toSorted()).toEqual([
    'ops.c',
    'ops.d',
    'other.c',
    'other.d',
  ])
  const databases = await warehouse.alter('other.x', { task: 'dropDatabase', cascade: true })
  expect(databases).not.toContain('other')
  expect(await catalog.databases()).not.toContain('other')
  await catalog.dropDatabase('ops', { cascade: true })
  expect(await warehouse.alter('db.o0', { task: 'drop' })).not.toContain('ops')
})

function rowsFor(random: Random, { fields }: TableSchema): Record<string, unknown>[] {
  return Array.from({ length: 5 }, () => randomRow(random, fields))
}

test('hundreds of lists of changes were made, others refused, and few of them by one alone', () => {
  const { same, refused, stricter, larger, tablesRead } = counts
  process.stderr.write(`lists of changes: ${JSON.stringify(counts)}\n`)
  expect(same).toBeGreaterThan(TABLES * 3)
  expect(refused).toBeGreaterThan(TABLES)
  expect(stricter + larger).toBeLessThan(TABLES)
  expect(tablesRead).toBeGreaterThan(TABLES / 3)
})
