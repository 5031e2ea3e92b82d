/**
 * Builds a bucket of a primary-key table of overlapping sorted runs, has a process of a limited heap compact it, and prints
 * that process's peak memory as a JSON line:
 *
 *     node scripts/compact-memory.ts [--megabytes 1000] [--runs 5] [--seed 1] [--heap-mb 1024] [--changelog]
 *
 * `--megabytes` is what the files take. The exit code is 1 when the peak is above the limit of the heap.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'

import { benchTable, randomBatch } from '../bench/data.ts'
import { createCatalog } from '../src/index.ts'

/** What a row takes in a file. */
const ROW_BYTES = 103
const BATCH_ROWS = 100_000

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    'heap-mb': { type: 'string', default: '1024' },
    changelog: { type: 'boolean', default: false },
    /** Given to the process that compacts. */
    warehouse: { type: 'string' },
  },
})
const runCount = Number(values.runs)
const rowCount = Math.ceil((Number(values.megabytes) * 1e6) / ROW_BYTES)

async function build(warehouse: string): Promise<number> {
  await using catalog = await createCatalog({ warehouse })
  const table = await catalog.createTable('memory.t', {
    ...benchTable,
    options: {
      ...benchTable.options,
      'write-buffer-size': '8 gb',
      ...(values.changelog && { 'changelog-producer': 'full-compaction' }),
    },
  })
  let seed = Number(values.seed)
  for (let run = 0; run < runCount; run++) {
    await using writer = await table.writer()
    for (let left = Math.ceil(rowCount / runCount); left > 0; left -= BATCH_ROWS)
      await writer.write(randomBatch(Math.min(left, BATCH_ROWS), rowCount, seed++))
    await writer.commit()
  }
  const { splits } = await table.read().plan()
  const files = splits.flatMap((split) => split.files)
  return files.reduce((sum, { fileSize }) => sum + fileSize, 0)
}

/** Compacts the bucket, and prints what that took. */
async function compact(warehouse: string): Promise<void> {
  await using catalog = await createCatalog({ warehouse })
  const table = await catalog.table('memory.t')
  const startMs = performance.now()
  await table.compact({ full: true })
  const seconds = (performance.now() - startMs) / 1000
  // Kilobytes on Linux and macOS, where Node says the same of both.
  const peakMb = process.resourceUsage().maxRSS / 1024
  process.stdout.write(JSON.stringify({ peakMb: Math.round(peakMb), seconds: Math.round(seconds) }))
}

async function main(): Promise<void> {
  const warehouse = await mkdtemp(join(tmpdir(), 'millrace-compact-'))
  try {
    const bytes = await build(warehouse)
    const flags = [`--max-old-space-size=${values['heap-mb']}`]
    const args = [...flags, import.meta.filename, '--warehouse', warehouse]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    const told = JSON.parse(stdout) as { readonly peakMb: number; readonly seconds: number }
    const heapMb = Number(values['heap-mb'])
    const report = { rowCount, runCount, fileMb: Math.round(bytes / 1e6), heapMb, ...told }
    process.stdout.write(`${JSON.stringify(report)}\n`)
    if (told.peakMb > heapMb) process.exitCode = 1
  } finally {
    await rm(warehouse, { recursive: true })
  }
}

await (values.warehouse === undefined ? main() : compact(values.warehouse))
