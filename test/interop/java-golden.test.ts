/** The golden tables written anew by Java, with other rows than those of the fixtures, and read as Java reads them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import {
  comparableRows,
  expectedRows,
  type GoldenCase,
  readRows,
} from '../support/golden-expect.ts'
import {
  byKey,
  expectedStream,
  openStream,
  readStream,
  streamCases,
} from '../support/golden-streams.ts'
import { batchCases, openGolden, REFUSED } from '../support/golden-suite.ts'
import { findJava, writeGoldenTables } from './support/java.ts'

const classPath = await findJava()
/** Three sets of tables, none of them that of the fixtures. */
const given = process.env['SEED']
const SEEDS = given === undefined ? [7, 77, 777] : [Number(given)]

describe.each(SEEDS)('tables of seed %i', (seed) => {
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

  test.each(batchCases.filter(isServed))('$name reads as in Java', async (golden) => {
    const rows = await readRows(await openGolden(catalog, golden))
    const expected = expectedRows(golden, join(directory, 'warehouse'), join(directory, 'expect'))
    expect(comparableRows(golden, rows)).toEqual(comparableRows(golden, expected))
  })

  test.each(streamCases.filter(isServed))("$name gives what Java's gives", async (golden) => {
    const { stream, keys } = await openStream(catalog, golden)
    const rows = (await readStream(stream)).map(({ row }) => row)
    const expected = expectedStream(golden, join(directory, 'expect'))
    expect(byKey(rows, keys)).toEqual(byKey(expected, keys))
  })
})

function isServed({ name }: GoldenCase): boolean {
  return REFUSED[name] === undefined
}
