/** The golden tables written anew by Java, with other rows than those of the fixtures, and read as Java reads them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { comparableRows, expectedRows, readRows } from '../support/golden-expect.ts'
import { batchCases, openGolden, REFUSED } from '../support/golden-suite.ts'
import { findJava, writeGoldenTables } from './support/java.ts'

const classPath = await findJava()
const seed = Number(process.env['SEED'] ?? 7)
const io = new LocalFileIO()
let directory: string
let catalog: Catalog

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-golden-'))
  await writeGoldenTables(classPath, directory, seed)
  catalog = new Catalog(io, join(directory, 'warehouse'))
})

afterAll(async () => {
  await io.close()
  await rm(directory, { recursive: true })
})

const wanted = batchCases.filter(({ name }) => REFUSED[name] === undefined)

test.each(wanted)(`$name of seed ${seed} reads as in Java`, async (golden) => {
  const rows = await readRows(await openGolden(catalog, golden))
  const expected = expectedRows(golden, join(directory, 'warehouse'), join(directory, 'expect'))
  expect(comparableRows(golden, rows)).toEqual(comparableRows(golden, expected))
})
