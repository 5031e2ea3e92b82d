/** Random tables of every merge engine, merged from runs of all levels and compared with a plain model. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { keyValueLayout } from '../../../src/lsm/key-value.ts'
import { mergeRuns } from '../../../src/lsm/merge-reader.ts'
import type { RunFile } from '../../../src/lsm/run-reader.ts'
import type { DataField } from '../../../src/types/data-type.ts'
import { VALUE_KIND_FIELD } from '../../../src/types/field-ids.ts'
import type { InternalValue } from '../../../src/types/internal-value.ts'
import { isAdd } from '../../../src/types/row-kind.ts'
import { inKeyOrder, memoryRun } from '../../support/memory-runs.ts'
import { type LeveledRow, mergedByModel } from '../../support/merge-model.ts'
import {
  type EngineName,
  type MergeTable,
  randomMergeRow,
  randomMergeTable,
} from '../../support/merge-tables.ts'
import { appendCells } from '../../support/parquet.ts'
import { between, pick, type Random, seeded } from '../../support/random.ts'

const ENGINES: readonly EngineName[] = ['deduplicate', 'first-row', 'aggregation', 'partial-update']

/** A run each for the levels 1 and up, some of level 0; no run has a key twice. */
function randomRuns(table: MergeTable, random: Random): LeveledRow[][] {
  const numbers = Array.from({ length: 300 }, (_, i) => BigInt(i))
  // Files written one after the other, or numbers of all files mixed.
  if (random() < 0.5) numbers.sort(() => random() - 0.5)
  const levels = [...Array.from({ length: between(random, 1, 5) }, () => 0), 1, 3, 5]
  levels.sort(() => random() - 0.5)
  return levels.map((level) => {
    const keys = Array.from({ length: 12 }, (_, i) => i).filter(() => random() < 0.5)
    const rows = keys.map((key) => ({
      row: randomMergeRow(table, key, random),
      number: numbers.pop()!,
      kind: pick(random, table.kinds),
      level,
    }))
    return inKeyOrder(table.schema, rows) as LeveledRow[]
  })
}

interface Reading {
  readonly fields: readonly DataField[]
  readonly keepDeletes: boolean
}

/** The merged rows, with their kinds behind their columns. */
async function merged(
  { schema }: MergeTable,
  runs: readonly (readonly RunFile[])[],
  { fields, keepDeletes }: Reading,
  windowRows: number,
): Promise<InternalValue[][]> {
  const read = [...fields, VALUE_KIND_FIELD]
  const columns: InternalValue[][] = read.map(() => [])
  let rowCount = 0
  const layout = keyValueLayout(schema)
  const batches = mergeRuns(runs, { layout, fields, windowRows, kinds: true, keepDeletes })
  for await (const batch of batches) {
    rowCount += batch.length
    appendCells(columns, batch, read)
  }
  return Array.from({ length: rowCount }, (_, row) => columns.map((values) => values[row]!))
}

test.each(ENGINES)('%s merges as its rules say', async (engine) => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.constantFrom(2, 5, 50), async (seed, windowRows) => {
      const random = seeded(seed)
      const options = random() < 0.5 ? { 'changelog-producer': 'lookup' } : {}
      const table = randomMergeTable(engine, random, { options, forged: true })
      const { schema } = table
      const runs = randomRuns(table, random)
      const files = runs.map((rows) => [
        memoryRun(schema, rows, { level: rows[0]?.level ?? 0, thin: random() < 0.3 }),
      ])
      const fields = random() < 0.5 ? schema.fields : schema.fields.filter(() => random() < 0.5)
      const keepDeletes = random() < 0.5
      const places = fields.map(({ id }) => schema.fields.findIndex((field) => field.id === id))
      const expected = mergedByModel(schema, runs.flat())
        .filter(({ kind }) => keepDeletes || isAdd(kind))
        .map(({ row, kind }) => [...places.map((at) => row[at]!), kind])
      expect(await merged(table, files, { fields, keepDeletes }, windowRows)).toEqual(expected)
    }),
    { numRuns: 200 },
  )
})
