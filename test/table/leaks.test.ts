/**
 * Whatever fails, nothing is held or left half-done: no open file, no socket, no temporary file, and on S3 no upload that was
 * begun and not ended.
 */
import { mkdir, mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import type { FileIO } from '../../src/io/file-io.ts'
import { LocalFileIO } from '../../src/io/local.ts'
import { defineSchema, t } from '../../src/types/schema.ts'
import { FaultyFileIO, type FaultSchedule } from '../support/faults.ts'
import { PATIENT, startTestS3 } from '../support/s3-file-io.ts'

const isFull = process.env['RELIABILITY'] === 'full'
const TIMEOUT_MS = isFull ? 1_800_000 : 60_000
/** Every so many operations fail. */
const SAMPLE = isFull ? { disk: 1, s3: 3 } : { disk: 37, s3: 61 }

const EVENTS = defineSchema({
  columns: { id: t.int().notNull(), text: t.string() },
  primaryKey: ['id'],
  options: {
    bucket: 1,
    'changelog-producer': 'lookup',
    'file.compression': 'none',
    'parquet.enable.dictionary': false,
  },
})

/** Most of what is done to a table, and readers that stop in the middle. */
async function useTable(io: FileIO, warehouse: string, sizeBytes: number): Promise<void> {
  const catalog = new Catalog(io, warehouse)
  const table = await catalog.createTable('shop.events', EVENTS)
  const row = (id: number) => ({ id, text: String(id).repeat(sizeBytes) })
  await using writer = await table.writer()
  for (const identifier of [1n, 2n]) {
    await writer.write([row(1), row(Number(identifier))])
    await writer.commit({ identifier })
  }
  for await (const batch of table.read()) if (batch.numRows > 0) break
  for await (const change of table.changes({ follow: false, consumer: 'job' })) {
    await change.ack()
    break
  }
  await table.tags.create('v1')
  await table.compact({ full: true })
  await table.analyze()
  await table.deleteWhere('id = 1')
  await table.expire({ retainMin: 1, retainMax: 1, olderThan: new Date() })
  await table.removeOrphans()
  await table.check()
  await writer.write([row(3)])
}

/** Where nothing was made to fail nothing may fail. */
async function useFaulty(io: FaultyFileIO, warehouse: string, sizeBytes: number): Promise<void> {
  try {
    await useTable(io, warehouse, sizeBytes)
  } catch (error) {
    if (io.operations.every(({ fault }) => fault === undefined)) throw error
  } finally {
    await io.close()
  }
}

/** One operation fails; what cleans up after it does not. */
function failingAt(number: number): FaultSchedule {
  return (operation) =>
    operation.number === number && operation.name !== 'writer.abort' ? 'fail' : undefined
}

/** Runs the scenario whole, and then again and again with one operation that fails; the failures. */
async function failEverywhere(
  run: (schedule: FaultSchedule) => Promise<FaultyFileIO>,
  step: number,
): Promise<number> {
  const { operations } = await run(() => undefined)
  expect(operations.length).toBeGreaterThan(100)
  let failures = 0
  for (let number = 1; number <= operations.length; number += step) {
    const failed = await run(failingAt(number))
    if (failed.operations.some(({ fault }) => fault !== undefined)) failures++
  }
  return failures
}

async function openFilesOf(directory: string): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd')
  const links = await Promise.all(
    descriptors.map((descriptor) => readlink(`/proc/self/fd/${descriptor}`).catch(() => '')),
  )
  return links.filter((link) => link.startsWith(directory) || link.includes('/millrace-'))
}

test(
  'on a disk no file stays open and no temporary one behind',
  { timeout: TIMEOUT_MS },
  async () => {
    const root = await mkdtemp(join(tmpdir(), 'millrace-leaks-'))
    const before = await readdir(tmpdir())
    let runs = 0
    try {
      const failures = await failEverywhere(async (schedule) => {
        const io = new FaultyFileIO(new LocalFileIO(), schedule)
        const warehouse = join(root, String(++runs))
        await mkdir(warehouse)
        await useFaulty(io, warehouse, 10)
        const files = await readdir(warehouse, { recursive: true })
        const leaks = {
          run: runs,
          open: await openFilesOf(root),
          temporary: files.filter((name) => name.endsWith('.tmp')),
        }
        expect(leaks).toEqual({ run: runs, open: [], temporary: [] })
        await rm(warehouse, { recursive: true })
        return io
      }, SAMPLE.disk)
      expect(failures).toBeGreaterThan(5)
      const left = (await readdir(tmpdir())).filter((name) =>
        /^millrace-[0-9a-f-]+\.tmp$/.test(name),
      )
      expect(left.filter((name) => !before.includes(name))).toEqual([])
    } finally {
      await rm(root, { recursive: true })
    }
  },
)

function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
}

test('on S3 no upload stays unfinished and no socket open', { timeout: TIMEOUT_MS }, async () => {
  // Large files are those of more than one part.
  const config = { ...PATIENT, partSizeBytes: 1 << 10 }
  await using s3 = await startTestS3({ partBytesMin: 1 }, config)
  const socketsBefore = sockets()
  let runs = 0
  const failures = await failEverywhere(async (schedule) => {
    const inner = s3.open(config)
    const io = new FaultyFileIO(inner, schedule)
    await useFaulty(io, `s3://lake/${++runs}`, 2_000)
    expect({ runs, uploads: s3.server.unfinishedUploads('lake') }).toEqual({ runs, uploads: [] })
    return io
  }, SAMPLE.s3)
  expect(failures).toBeGreaterThan(3)
  expect(s3.operations()).toContain('CreateMultipartUpload')
  // Both ends of a connection are in this process, and the other one hears of it a moment later.
  for (let turn = 0; turn < 10_000 && sockets() > socketsBefore; turn++) await setImmediate()
  expect(sockets()).toBeLessThanOrEqual(socketsBefore)
})
