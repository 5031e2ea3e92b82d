/** Random rows of every merge engine, flushed with and without having been spilled. */
import { randomUUID } from 'node:crypto'

import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { openDataFile } from '../../src/format/data-file.ts'
import { MemoryFileIO } from '../../src/io/memory.ts'
import { fileTarget } from '../../src/lsm/file-target.ts'
import { keyValueLayout } from '../../src/lsm/key-value.ts'
import { WriteBuffer } from '../../src/lsm/write-buffer.ts'
import type { DataFileMeta } from '../../src/snapshot/data-file-meta.ts'
import { type InternalValue, utf8 } from '../../src/types/internal-value.ts'
import { keyValueFields } from '../../src/types/schema-keys.ts'
import { keyedSchema } from '../support/memory-runs.ts'
import {
  type EngineName,
  type MergeTable,
  randomMergeRow,
  randomMergeTable,
} from '../support/merge-tables.ts'
import { appendCells } from '../support/parquet.ts'
import { batchOf } from '../support/random-columns.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'

const ENGINES: readonly EngineName[] = ['deduplicate', 'first-row', 'aggregation', 'partial-update']

interface Step {
  readonly rows: readonly (readonly InternalValue[])[]
  readonly kinds: Int8Array
  readonly spills: boolean
}

function randomSteps(table: MergeTable, random: Random): Step[] {
  return Array.from({ length: between(random, 1, 12) }, () => {
    const rows = Array.from({ length: between(random, 1, 20) }, () =>
      randomMergeRow(table, between(random, 0, 25), random),
    )
    return {
      rows,
      kinds: Int8Array.from(rows, () => pick(random, table.kinds)),
      spills: random() < 0.6,
    }
  })
}

const told = (metas: readonly DataFileMeta[]) =>
  metas.map((meta) => ({ ...meta, fileName: '', fileSize: 0, creationTime: 0n }))

/** What is in the files, and what manifests are told of them, without names, sizes and times. */
async function flushed(
  { schema }: MergeTable,
  steps: readonly Step[],
  spills: boolean,
  first: bigint,
) {
  const io = new MemoryFileIO()
  const target = fileTarget(io, schema)
  const directory = `memory://${randomUUID()}/bucket-0`
  const buffer = new WriteBuffer(target, directory, keyValueLayout(schema))
  for (const step of steps) {
    buffer.append(batchOf(schema.fields, step.rows), step.kinds)
    if (!spills || !step.spills) continue
    expect(await buffer.spill()).toBe(true)
    expect(buffer.sizeBytes).toBe(0)
  }
  expect(buffer.rowCount).toBe(steps.reduce((sum, { rows }) => sum + rows.length, 0))
  const { files, changelogFiles, paths } = await buffer.flush(first)
  expect(buffer.rowCount).toBe(0)
  const fields = keyValueFields(schema, false)
  const cells: InternalValue[][][] = []
  for (const path of paths) {
    const columns: InternalValue[][] = fields.map(() => [])
    const cursor = (await openDataFile(io, path)).cursor({ fields })
    for (let batch = await cursor.read(1000); batch !== null; batch = await cursor.read(1000))
      appendCells(columns, batch, fields)
    cells.push(columns)
  }
  return { files: told(files), changelog: told(changelogFiles), cells }
}

test.each(ENGINES)('%s writes the same files whether rows were spilled or not', async (engine) => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const random = seeded(seed)
      const options = {
        'local-sort.max-num-file-handles': String(between(random, 2, 6)),
        'spill-compression': pick(random, ['zstd', 'lz4', 'none']),
        ...(engine !== 'first-row' && random() < 0.4 && { 'changelog-producer': 'input' }),
      }
      const table = randomMergeTable(engine, random, { options, forged: true })
      const steps = randomSteps(table, random)
      const first = random() < 0.5 ? 0n : 2n ** 32n - 20n
      expect(await flushed(table, steps, true, first)).toEqual(
        await flushed(table, steps, false, first),
      )
    }),
    { numRuns: 15 },
  )
})

test('keys with rows on both sides of pages and windows are merged whole', async () => {
  const random = seeded(11)
  const table: MergeTable = {
    engine: 'aggregation',
    kinds: [0],
    schema: keyedSchema(
      {
        k: { kind: 'INT', nullable: false },
        n: { kind: 'BIGINT', nullable: true },
        s: { kind: 'INT', nullable: true },
        t: { kind: 'VARCHAR', length: 1000, nullable: true },
      },
      {
        'merge-engine': 'aggregation',
        'fields.n.aggregate-function': 'sum',
        'fields.t.aggregate-function': 'last_value',
        'changelog-producer': 'input',
        'sequence.field': 's',
        'sequence.field.sort-order': 'descending',
      },
    ),
  }
  // Some 500 rows fill a page; one key has more rows than a page, and more than a window.
  const steps = Array.from({ length: 4 }, (_, step): Step => {
    const rows = Array.from({ length: 900 }, (__, i) => {
      const key = random() < 0.6 ? 7 : between(random, 0, 60)
      return [key, BigInt(i), between(random, 0, 5), utf8(`${step} ${i} `.repeat(60))]
    })
    return { rows, kinds: new Int8Array(rows.length), spills: true }
  })
  expect(await flushed(table, steps, true, 3n)).toEqual(await flushed(table, steps, false, 3n))
})
