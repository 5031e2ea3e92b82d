import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { keyValueLayout } from '../../src/lsm/key-value.ts'
import { mergeRuns } from '../../src/lsm/merge-reader.ts'
import type { RunFile } from '../../src/lsm/run-reader.ts'
import type { DataField, DataType } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import {
  deduplicated,
  inKeyOrder,
  keyedSchema,
  type KeyValueRow,
  memoryRun,
} from '../support/memory-runs.ts'
import { appendCells } from '../support/parquet.ts'
import { presentValue } from '../support/random-columns.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { KEY_TYPES, keyRows } from '../support/row-order.ts'

const int: DataType = { kind: 'INT', nullable: true }
const key: DataType = { kind: 'INT', nullable: false }
const text: DataType = { kind: 'VARCHAR', length: 100, nullable: true }

interface ReadOptions {
  readonly fields?: readonly DataField[]
  readonly windowRows?: number
  readonly signal?: AbortSignal
}

/** The rows that merging leaves. */
async function mergedRows(
  schema: TableSchema,
  runs: readonly (readonly RunFile[])[],
  { fields = schema.fields, windowRows = 3, signal }: ReadOptions = {},
): Promise<InternalValue[][]> {
  const columns: InternalValue[][] = fields.map(() => [])
  const layout = keyValueLayout(schema)
  let rowCount = 0
  for await (const batch of mergeRuns(runs, { layout, fields, windowRows, signal })) {
    expect(batch.length).toBeGreaterThan(0)
    rowCount += batch.length
    appendCells(columns, batch, fields)
  }
  return Array.from({ length: rowCount }, (_, row) => columns.map((values) => values[row]!))
}

const rowsOf = (rows: readonly KeyValueRow[]): (readonly InternalValue[])[] =>
  rows.map(({ row }) => row)

interface Scenario {
  readonly keys: readonly DataType[]
  readonly sequences: number
  readonly descending: boolean
  readonly ignoreDelete: boolean
  readonly runCount: number
  readonly keyCount: number
  readonly seed: number
}

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  keys: fc.array(fc.constantFrom(...KEY_TYPES), { minLength: 1, maxLength: 2 }),
  sequences: fc.nat(2),
  descending: fc.boolean(),
  ignoreDelete: fc.boolean(),
  runCount: fc.integer({ min: 1, max: 6 }),
  keyCount: fc.integer({ min: 1, max: 40 }),
  seed: fc.nat(),
})

function schemaOf({ keys, sequences, descending, ignoreDelete }: Scenario): TableSchema {
  const names = Array.from({ length: sequences }, (_, i) => `s${i}`)
  return keyedSchema(
    {
      v: text,
      ...Object.fromEntries(keys.map((type, i) => [`k${i}`, type])),
      ...Object.fromEntries(names.map((name) => [name, int])),
      l: { kind: 'ARRAY', element: int, nullable: true },
    },
    {
      ...(ignoreDelete && { 'ignore-delete': 'true' }),
      ...(sequences > 0 && {
        'sequence.field': names.join(','),
        ...(descending && { 'sequence.field.sort-order': 'descending' }),
      }),
    },
  )
}

/** Rows for the runs, all of numbers of their own; a run may have several rows of a key. */
function randomRuns(scenario: Scenario, schema: TableSchema, random: Random): KeyValueRow[][] {
  const { keys, runCount, keyCount } = scenario
  const pool = keyRows(
    keys.map((type) => ({ type })),
    keyCount,
    keyCount,
    random,
  )
  const numbers = Array.from({ length: 500 }, (_, i) => BigInt(i) << 30n).toSorted(
    () => random() - 0.5,
  )
  const row = (): KeyValueRow => {
    const chosen = pick(random, pool)
    const values = schema.fields.map(({ name, type }) => {
      if (name.startsWith('k')) return chosen[Number(name.slice(1))]!
      if (random() < 0.2) return null
      return name.startsWith('s') ? between(random, 0, 4) : presentValue(type, random)
    })
    return { row: values, number: numbers.pop()!, kind: between(random, 0, 4) }
  }
  return Array.from({ length: runCount }, () =>
    inKeyOrder(schema, Array.from({ length: between(random, 0, 60) }, row)),
  )
}

/** The rows as one file or two, which end where they like, even within a key. */
function filesOf(schema: TableSchema, rows: readonly KeyValueRow[], random: Random): RunFile[] {
  const at = random() < 0.5 ? rows.length : between(random, 0, rows.length + 1)
  return [rows.slice(0, at), rows.slice(at)].map((part) =>
    memoryRun(schema, part, {
      thin: random() < 0.3,
      stops: part.map((_, i) => i).filter(() => random() < 0.1),
    }),
  )
}

test('whatever overlapping runs hold, the last row of each key comes once, in order of the keys', async () => {
  await fc.assert(
    fc.asyncProperty(scenarios, fc.constantFrom(1, 2, 3, 7, 50), async (scenario, windowRows) => {
      const random = seeded(scenario.seed)
      const schema = schemaOf(scenario)
      const runs = randomRuns(scenario, schema, random)
      const files = runs.map((rows) => filesOf(schema, rows, random))
      const expected = deduplicated(schema, runs.flat(), { keepDeletes: false })
      expect(await mergedRows(schema, files, { windowRows })).toEqual(rowsOf(expected))
    }),
    { numRuns: 150 },
  )
})

const schema = keyedSchema({ k: key, v: text, w: int })

function rowsFrom(numbers: readonly [k: number, number: number, kind?: number][]): KeyValueRow[] {
  return numbers.map(([k, number, kind = 0]) => ({
    row: [k, null, number],
    number: BigInt(number),
    kind,
  }))
}

describe('a key', () => {
  test('whose rows fill several windows of every run is merged as a whole', async () => {
    const runs = [
      rowsFrom([
        [1, 1],
        [1, 4],
        [1, 7],
        [1, 10],
        [2, 0],
      ]),
      rowsFrom([
        [1, 2],
        [1, 5],
        [1, 12],
        [1, 13],
      ]),
      rowsFrom([
        [0, 3],
        [1, 6],
        [1, 9],
      ]),
    ]
    const files = runs.map((rows) => [memoryRun(schema, rows)])
    for (const windowRows of [1, 2, 3, 100])
      expect(await mergedRows(schema, files, { windowRows })).toEqual([
        [0, null, 3],
        [1, null, 13],
        [2, null, 0],
      ])
  })

  test('that goes on in the next file of its run is merged with it', async () => {
    const files = [[memoryRun(schema, rowsFrom([[1, 1]])), memoryRun(schema, rowsFrom([[1, 2]]))]]
    expect(await mergedRows(schema, files)).toEqual([[1, null, 2]])
  })

  test('that is deleted in a run that has long ended stays deleted', async () => {
    const files = [
      rowsFrom([[1, 9, 3]]),
      rowsFrom([
        [0, 1],
        [1, 2],
        [5, 3],
        [6, 4],
      ]),
    ].map((rows) => [memoryRun(schema, rows)])
    const keys = (await mergedRows(schema, files, { windowRows: 1 })).map(([k]) => k)
    expect(keys).toEqual([0, 5, 6])
  })
})

describe('of the columns', () => {
  const rows = inKeyOrder(
    schema,
    Array.from({ length: 20 }, (_, i) => ({ row: [i, null, i], number: BigInt(i), kind: 0 })),
  )

  test('those asked for come, in the order asked for', async () => {
    const [k, , w] = schema.fields
    const found = await mergedRows(schema, [[memoryRun(schema, rows)]], { fields: [w!, k!, w!] })
    expect(found).toEqual(rows.map((_, i) => [i, i, i]))
  })

  test('only those that decide are read first, and no others where no others are asked for', async () => {
    const run = memoryRun(schema, rows)
    await mergedRows(schema, [[run]], { fields: schema.fields.slice(0, 1) })
    expect(run.asked).toEqual([['_KEY_k', '_SEQUENCE_NUMBER', '_VALUE_KIND']])
    const thin = memoryRun(schema, rows, { thin: true })
    await mergedRows(schema, [[thin]])
    expect(thin.asked).toEqual([
      ['k', '_SEQUENCE_NUMBER', '_VALUE_KIND'],
      ['v', 'w'],
    ])
  })

  test('only the rows that were chosen are read', async () => {
    const ranges = [
      { from: 2, to: 4 },
      { from: 9, to: 10 },
    ]
    const files = [
      [memoryRun(schema, rows, { rows: ranges })],
      [memoryRun(schema, rows.slice(3, 5))],
    ]
    const keys = (await mergedRows(schema, files)).map(([each]) => each)
    expect(keys).toEqual([2, 3, 4, 9])
  })

  test('such of another length than the keys are CORRUPT', async () => {
    const run = memoryRun(schema, rows)
    const file = await run.open()
    const short: RunFile = {
      ...run,
      open: async () => ({
        ...file,
        cursor: (options) =>
          options.fields[0]!.name === 'v'
            ? file.cursor({ ...options, rows: [{ from: 0, to: 19 }] })
            : file.cursor(options),
      }),
    }
    const read = mergedRows(schema, [[short]])
    await expect(read).rejects.toMatchObject({ code: 'CORRUPT' })
  })
})

test('no runs, and runs without rows, give nothing', async () => {
  expect(await mergedRows(schema, [])).toEqual([])
  expect(await mergedRows(schema, [[], [memoryRun(schema, [])]])).toEqual([])
})

test('a merge stops at its signal', async () => {
  const abort = new AbortController()
  const rows = rowsFrom(Array.from({ length: 50 }, (_, i) => [i, i]))
  const merge = mergeRuns([[memoryRun(schema, rows)]], {
    layout: keyValueLayout(schema),
    fields: schema.fields,
    windowRows: 5,
    signal: abort.signal,
  })
  expect((await merge.next()).done).toBe(false)
  abort.abort()
  await expect(merge.next()).rejects.toMatchObject({ code: 'ABORTED' })
})
