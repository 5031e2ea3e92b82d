import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { ParquetCursor, type ParquetFile } from '../../../../src/format/parquet/read/file-reader.ts'
import { inferFields } from '../../../../src/format/parquet/read/infer.ts'
import type { DataField } from '../../../../src/types/data-type.ts'
import type { InternalValue } from '../../../../src/types/internal-value.ts'
import { parseTypeText } from '../../../../src/types/type-text.ts'
import {
  appendCells,
  byColumn,
  difference,
  openBytes,
  readColumns,
  writeParquet,
} from '../../../support/parquet.ts'
import {
  batchOf,
  fieldsOf,
  NULL_PATTERNS,
  randomRows,
  SPREADS,
} from '../../../support/random-columns.ts'
import { seeded } from '../../../support/random.ts'

const FIELDS = fieldsOf(
  [
    'INT NOT NULL',
    'BIGINT',
    'STRING NOT NULL',
    'STRING',
    'BOOLEAN',
    'DECIMAL(30, 2)',
    'DOUBLE',
    'ARRAY<STRING>',
    'ROW<`a` INT, `b` STRING>',
  ].map((text) => parseTypeText(text)),
)

/** Whether each row is dropped: about `share` of them, in stretches of about `run` rows. */
function droppedRows(rowCount: number, share: number, run: number, seed: number): boolean[] {
  const random = seeded(seed)
  let isDropped = false
  return Array.from({ length: rowCount }, (_, row) => {
    if (row === 0 || random() < 1 / run) isDropped = random() < share
    return isDropped
  })
}

interface DroppedRead {
  readonly fields: readonly DataField[]
  readonly dropped: readonly boolean[]
  readonly batchRows: number
  readonly views: boolean
}

/** What is left of the file's columns. */
async function readKept(
  file: ParquetFile,
  { fields, dropped, batchRows, views }: DroppedRead,
): Promise<InternalValue[][]> {
  const columns: InternalValue[][] = fields.map(() => [])
  const cursor = new ParquetCursor(file, { fields, views })
  for (let row = 0; ;) {
    const bits = new Uint32Array(Math.ceil(batchRows / 32))
    for (let i = 0; i < batchRows; i++)
      if (dropped[row + i] === true) bits[i >> 5] = bits[i >> 5]! | (1 << (i & 31))
    const batch = await cursor.read(batchRows, bits)
    if (batch === null) return columns
    expect(batch.rows[0]!.from).toBe(row)
    row = batch.rows.at(-1)!.to
    if (batch.length > 0) appendCells(columns, batch, fields)
  }
}

const keptOf = (columns: readonly InternalValue[][], dropped: readonly boolean[]) =>
  columns.map((values) => values.filter((_, row) => !dropped[row]))

test('rows that are dropped are left out of columns of all types', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        nulls: fc.constantFrom(...NULL_PATTERNS),
        spread: fc.constantFrom(...SPREADS),
        share: fc.constantFrom(0, 0.02, 0.3, 0.9, 1),
        run: fc.constantFrom(1, 5, 400),
        batchRows: fc.constantFrom(100, 1000, 5000),
        views: fc.boolean(),
        seed: fc.nat(1000),
      }),
      async ({ nulls, spread, share, run, batchRows, views, seed }) => {
        const rows = randomRows({ fields: FIELDS, rowCount: 2500, seed, nulls, spread })
        const bytes = await writeParquet(FIELDS, [batchOf(FIELDS, rows)], {
          rowGroupBytes: 60_000,
          pageRows: 700,
        })
        const dropped = droppedRows(rows.length, share, run, seed)
        const kept = await readKept(await openBytes(bytes), {
          fields: FIELDS,
          dropped,
          batchRows,
          views,
        })
        expect(difference(kept, keptOf(byColumn(FIELDS, rows), dropped))).toBeNull()
      },
    ),
    { numRuns: 25 },
  )
})

const FIXTURES = join(import.meta.dirname, '../../../../fixtures/parquet')
const files = readdirSync(FIXTURES).filter((name) => name.endsWith('.parquet'))

test.each(files)('%s reads without the rows that are dropped', async (name) => {
  const file = await openBytes(new Uint8Array(readFileSync(join(FIXTURES, name))))
  const fields = inferFields(file.root)
  const all = await readColumns(file)
  for (const [run, views] of [
    [2, false],
    [30, true],
  ] as const) {
    const dropped = droppedRows(all[0]!.length, 0.4, run, 7)
    const kept = await readKept(file, { fields, dropped, batchRows: 3000, views })
    expect(difference(kept, keptOf(all, dropped))).toBeNull()
  }
})
