/** Every aggregate function in tables that Java writes and merges, and sketches of any size that Java merges. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { describe, expect, test } from 'vitest'

import { valueAggregate } from '../../src/lsm/merge/value-aggregates.ts'
import { tableOptions } from '../../src/types/options.ts'
import { parseTypeText } from '../../src/types/type-text.ts'
import { canonicalRow, differences, NO_DIFFERENCES, readRows } from '../support/golden-expect.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { AGGREGATE_COLUMNS, type AggregateColumn } from './support/aggregate-columns.ts'
import { findJava, type JsonSchema } from './support/java.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const run = promisify(execFile)
const classPath = await findJava()
const isFull = process.env['RELIABILITY'] === 'full'
const seed = Number(process.env['SEED'] ?? 1)

const both = sharedWarehouse(classPath, 'aggregates')

describe('tables of aggregates that Java writes', () => {
  let rowCount = 0
  const numbers = Array.from({ length: isFull ? 400 : 40 }, (_, i) => i)
  test.each(numbers)(`table %i of seed ${seed}`, async (i) => {
    const random = seeded(seed * 1000 + i)
    const takesBack = random() < 0.5
    const columns = randomColumns(random, i)
    const name = `db.t${i}`
    await both.java.create(name, schemaOf(columns, takesBack, random))
    const table = await both.table(name)
    for (let turn = between(random, 2, 5); turn > 0; turn--) {
      await both.java.write(name, randomRows(columns, takesBack, random))
      const [ours, theirs] = [await readRows(table.read()), await both.java.read(name)].map(
        (rows) => rows.map((text) => comparable(text, columns)),
      )
      expect(differences(ours!, theirs!)).toEqual(NO_DIFFERENCES)
      rowCount += theirs!.length
    }
  })

  test('hold rows', () => {
    expect(rowCount).toBeGreaterThan(numbers.length)
  })
})

/** Every function comes up in a few tables on end. */
function randomColumns(random: Random, i: number): AggregateColumn[] {
  const perTable = 8
  return Array.from({ length: perTable }, (_, j) => {
    const next = AGGREGATE_COLUMNS[(i * perTable + j) % AGGREGATE_COLUMNS.length]!
    return j < 5 ? next : pick(random, AGGREGATE_COLUMNS)
  })
}

function schemaOf(
  columns: readonly AggregateColumn[],
  takesBack: boolean,
  random: Random,
): JsonSchema {
  const options: Record<string, string> = {
    bucket: '1',
    'merge-engine': 'aggregation',
    'file.format': pick(random, ['parquet', 'avro']),
    'write-only': pick(random, ['true', 'false']),
    'num-sorted-run.compaction-trigger': pick(random, ['2', '5']),
  }
  for (const [i, column] of columns.entries()) {
    options[`fields.c${i}.aggregate-function`] = column.name
    for (const [name, value] of Object.entries(column.options))
      options[`fields.c${i}.${name}`] = value
    if (takesBack && (!column.retracts || random() < 0.1))
      options[`fields.c${i}.ignore-retract`] = 'true'
  }
  const fields = columns.map(({ type }, i) => {
    const ownIds = JSON.stringify(type).replaceAll(/"id":/g, `"id":${i + 1}`)
    return { id: i + 1, name: `c${i}`, type: JSON.parse(ownIds) as unknown }
  })
  return {
    fields: [{ id: 0, name: 'id', type: 'INT NOT NULL' }, ...fields],
    partitionKeys: [],
    primaryKeys: ['id'],
    options,
  }
}

function randomRows(
  columns: readonly AggregateColumn[],
  takesBack: boolean,
  random: Random,
): string[] {
  return Array.from({ length: between(random, 1, 25) }, () => {
    const kind = takesBack ? pick(random, ['+I', '+I', '+U', '-U', '-D']) : '+I'
    const cells = columns.map(({ value }, i) => [`c${i}`, random() < 0.15 ? null : value(random)])
    return JSON.stringify({ _kind: kind, id: between(random, 0, 7), ...Object.fromEntries(cells) })
  })
}

/** The row with the elements of sets in order. */
function comparable(text: string, columns: readonly AggregateColumn[]): string {
  const row = JSON.parse(text) as Record<string, unknown[] | null>
  for (const [i, { isSet }] of columns.entries()) {
    const elements = row[`c${i}`]
    if (isSet && elements)
      row[`c${i}`] = elements.map((element) => canonicalRow(element)).toSorted()
  }
  return canonicalRow(row)
}

interface Union {
  readonly name: string
  readonly a: string
  readonly b: string
  readonly union: string
}

describe('sketches and bitmaps of any size', () => {
  test(`of seed ${seed} are merged into the same bytes`, async () => {
    const count = isFull ? 600 : 40
    const args = ['-Xmx1g', '-cp', classPath, 'SketchVectors', '-', String(seed), String(count)]
    const { stdout } = await run('java', args, { maxBuffer: 2 ** 30 })
    const lines = stdout.split('\n').filter((line) => line !== '')
    expect(lines.length).toBe(4 * count)
    for (const [i, line] of lines.entries()) {
      const { name, a, b, union } = JSON.parse(line) as Union
      const field = { id: 0, name: 'v', type: parseTypeText('BYTES') }
      const { agg } = valueAggregate(name, field, tableOptions({}))
      const merged = agg(Buffer.from(a, 'base64'), Buffer.from(b, 'base64')) as Uint8Array
      const isSame = Buffer.from(union, 'base64').equals(merged)
      expect({ i, name, isSame }).toEqual({ i, name, isSame: true })
    }
  })
})
