/** The golden tables that Java wrote, read through the catalog and compared with what Java reads: tests for any storage. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import type { FileIO } from '../../src/io/file-io.ts'
import type { BatchResult } from '../../src/table/batch-result.ts'
import {
  comparableRows,
  expectedRows,
  type GoldenCase,
  goldenCases,
  isOfTheCopy,
  readRows,
} from './golden-expect.ts'
import { byKey, expectedStream, openStream, readStream, streamCases } from './golden-streams.ts'

/** What is refused as UNSUPPORTED, by the name of the file in `expect/`. */
export const REFUSED: Readonly<Record<string, string>> = {}

/** The warehouse of the golden tables on a storage. */
export interface GoldenStorage extends AsyncDisposable {
  readonly io: FileIO
  readonly warehouse: string
}

/** Everything but streams. */
export const batchCases: readonly GoldenCase[] = goldenCases.filter(({ isStream }) => !isStream)

/** Copying more than a thousand small files takes seconds, and much longer on a busy machine. */
const COPY_MS_MAX = 600_000

/**
 * Each file of `expect/` is a test. What this version refuses is listed with the reason: a case that is listed and reads
 * right fails too, so that the list shrinks as the library grows.
 */
export function goldenSuite(storageName: string, open: () => Promise<GoldenStorage>): void {
  describe(`on ${storageName}`, () => {
    let opened: GoldenStorage
    let catalog: Catalog

    beforeAll(async () => {
      opened = await open()
      catalog = new Catalog(opened.io, opened.warehouse)
    }, COPY_MS_MAX)

    afterAll(async () => {
      await opened[Symbol.asyncDispose]()
    })

    const wanted = batchCases.filter(({ name }) => REFUSED[name] === undefined)
    test.each(wanted)(`$name on ${storageName} reads as in Java`, async (golden) => {
      const rows = await readRows(await openGolden(catalog, golden))
      const expected = expectedRows(golden, opened.warehouse)
      expect(comparableRows(golden, rows)).toEqual(comparableRows(golden, expected))
    })

    const refused = batchCases.filter(({ name }) => REFUSED[name] !== undefined)
    test.each(refused)(`$name on ${storageName} is refused`, async (golden) => {
      const read = openGolden(catalog, golden).then(readRows)
      await expect(read).rejects.toMatchObject({ name: 'LakeError', code: 'UNSUPPORTED' })
    })

    const streams = streamCases.filter(({ name }) => REFUSED[name] === undefined)
    test.each(streams)(`$name on ${storageName} gives what Java's gives`, async (golden) => {
      const { stream, keys } = await openStream(catalog, golden)
      const rows = (await readStream(stream)).map(({ row }) => row)
      expect(byKey(rows, keys)).toEqual(byKey(expectedStream(golden), keys))
    })

    const refusedStreams = streamCases.filter(({ name }) => REFUSED[name] !== undefined)
    test.each(refusedStreams)(`$name on ${storageName} is refused`, async (golden) => {
      const { stream } = await openStream(catalog, golden)
      const read = readStream(stream)
      await expect(read).rejects.toMatchObject({ name: 'LakeError', code: 'UNSUPPORTED' })
    })
  })
}

/** What a case asks for, in Paimon's dynamic options. */
export function optionsOf(at: string): Record<string, string> {
  if (/^\d+$/.test(at)) return { 'scan.snapshot-id': at }
  const [, tag] = /^tag-(.+)$/.exec(at) ?? []
  if (tag !== undefined) return { 'scan.tag-name': tag }
  return { 'incremental-between': at.replace('..', ',') }
}

/** Reads what a case asks for. */
export async function openGolden(
  catalog: Catalog,
  golden: GoldenCase,
): Promise<BatchResult<unknown>> {
  const { table, systemTable, at } = golden
  const [, branch] = /^branch-(.+)$/.exec(at ?? '') ?? []
  if (branch !== undefined) return (await catalog.table(`golden.${table}$branch_${branch}`)).read()
  if (systemTable !== undefined) {
    const opened = await catalog.systemTable(`golden.${table}$${systemTable}`)
    const columns = opened.fields.map(({ name }) => name)
    return opened.read({ columns: columns.filter((name) => !isOfTheCopy(golden, name)) })
  }
  const opened = await catalog.table(`golden.${table}`)
  return opened.read({ options: at === undefined ? {} : optionsOf(at) })
}
