/**
 * Writes rows to a primary-key table with a write buffer of a given size, in one commit, and prints the peak memory of the
 * process as a JSON line: `node scripts/write-memory.ts [--rows 5000000] [--buffer-mb 256] [--batch-rows 100000]`. The
 * aim is 1.5 times the buffer plus 300 MB; the exit code is 1 above it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { benchTable, randomBatch } from '../bench/data.ts'
import { createCatalog } from '../src/index.ts'

const MB = 1 << 20
/** What is allowed beside one and a half buffers. */
const REST_MB = 300

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '5000000' },
    'buffer-mb': { type: 'string', default: '256' },
    'batch-rows': { type: 'string', default: '100000' },
  },
})
const rowCount = Number(values.rows)
const bufferMb = Number(values['buffer-mb'])
const batchRows = Number(values['batch-rows'])

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function* batches() {
  for (let from = 0, seed = 1; from < rowCount; from += batchRows, seed++)
    yield randomBatch(Math.min(batchRows, rowCount - from), 2 ** 31 - 1, seed)
}

const warehouse = await mkdtemp(join(tmpdir(), 'millrace-memory-'))
try {
  await using catalog = await createCatalog({ warehouse })
  const definition = {
    ...benchTable,
    options: { ...benchTable.options, 'write-buffer-size': `${bufferMb} mb` as const },
  }
  const table = await catalog.createTable('memory.t', definition)
  const startMb = process.memoryUsage.rss() / MB
  const startMs = performance.now()
  await using writer = await table.writer()
  for (const batch of batches()) await writer.write(batch)
  await writer.commit()
  const seconds = (performance.now() - startMs) / 1_000
  // Kilobytes on Linux and macOS, where Node says the same of both.
  const peakMb = process.resourceUsage().maxRSS / 1_024
  const aimMb = 1.5 * bufferMb + REST_MB
  const report = { rowCount, bufferMb, batchRows, startMb, peakMb, aimMb, seconds }
  const rounded = Object.entries(report).map(([name, value]) => [name, round(value)])
  process.stdout.write(`${JSON.stringify(Object.fromEntries(rounded))}\n`)
  if (peakMb > aimMb) process.exitCode = 1
} finally {
  await rm(warehouse, { recursive: true })
}
