/**
 * Random tables, written by several writers in random steps, against a plain model: after each commit the table holds
 * what the model holds, and in the end so do all its snapshots, under filters, projections and limits.
 */
import * as fc from 'fast-check'
import { expect } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import type { FileIO } from '../../src/io/file-io.ts'
import { joinPath } from '../../src/io/path.ts'
import type { ReadResult } from '../../src/table/read.ts'
import type { Table } from '../../src/table/table.ts'
import type { TableWriter } from '../../src/table/write/writer.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { allFiles, reachableFiles } from './commit-tables.ts'
import { differences, NO_DIFFERENCES, readRows } from './golden-expect.ts'
import { randomFilter } from './random-predicates.ts'
import {
  RandomRows,
  randomTable,
  type RandomTable,
  type RandomTablePlan,
  tablePlans,
} from './random-tables.ts'
import { seeded } from './random.ts'
import { type KindedRow, type ModelRow, rowTexts, TableModel } from './table-model.ts'
import { INPUT_FORMS, type InputForm, writeInput } from './write-inputs.ts'

/** What is done with one of the writers. */
type Step =
  | {
      readonly do: 'write'
      readonly writer: number
      readonly rowCount: number
      readonly form: InputForm
    }
  | { readonly do: 'commit'; readonly writer: number; readonly inTwoPhases: boolean }
  | { readonly do: 'reopen'; readonly writer: number }

interface Scenario {
  readonly plan: RandomTablePlan
  readonly seed: number
  readonly steps: readonly Step[]
}

const writer = fc.nat(2)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      writer,
      rowCount: fc.oneof(
        { weight: 12, arbitrary: fc.nat(40) },
        { weight: 1, arbitrary: fc.integer({ min: 1000, max: 2500 }) },
      ),
      form: fc.constantFrom(...INPUT_FORMS),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      writer,
      inTwoPhases: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const), writer }) },
)

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  plan: tablePlans(),
  seed: fc.nat(),
  steps: fc.array(step, { minLength: 3, maxLength: 14 }),
})

/** A writer, and the rows that it has not committed. */
interface Hand {
  readonly table: Table
  readonly user: string
  writer: TableWriter
  pending: KindedRow[]
  identifier: bigint
}

/** Everything that one scenario works with. */
class Run {
  readonly table: RandomTable
  readonly model: TableModel
  readonly rows: RandomRows
  /** The rows of each snapshot. */
  readonly history = new Map<number, readonly ModelRow[]>()
  readonly reader: Table
  readonly #hands: readonly Hand[]
  readonly #small: boolean

  private constructor({ plan, seed }: Scenario, reader: Table, hands: readonly Hand[]) {
    this.table = randomTable(plan)
    this.model = new TableModel(this.table)
    this.rows = new RandomRows(this.table, seed)
    this.reader = reader
    this.#hands = hands
    this.#small = plan.small
  }

  static async open(scenario: Scenario, io: FileIO, warehouse: string): Promise<Run> {
    const { definition } = randomTable(scenario.plan)
    const reader = await new Catalog(io, warehouse).createTable('db.t', definition)
    const hands: Hand[] = []
    for (const user of ['a', 'b', 'c']) {
      // Each writer has a catalog of its own, as another process has.
      const table = await new Catalog(io, warehouse).table('db.t')
      const opened = await table.writer({ commitUser: user })
      hands.push({ table, user, writer: opened, pending: [], identifier: 0n })
    }
    return new Run(scenario, reader, hands)
  }

  async take(action: Step): Promise<void> {
    const hand = this.#hands[action.writer]!
    switch (action.do) {
      case 'write':
        return await this.#write(hand, action.rowCount, action.form)
      case 'commit':
        return await this.#commit(hand, action.inTwoPhases)
      case 'reopen': {
        await hand.writer.close()
        hand.writer = await hand.table.writer({ commitUser: hand.user })
        hand.pending = []
      }
    }
  }

  async #write(hand: Hand, rowCount: number, form: InputForm): Promise<void> {
    // What a full buffer writes out early is numbered before the commits of others, so their order is not foretold.
    if (this.#small)
      for (const other of this.#hands)
        if (other !== hand && other.pending.length > 0) await this.#commit(other, false)
    const rows = this.rows.next(rowCount)
    await hand.writer.write(writeInput(this.table.schema.fields, rows, form))
    hand.pending.push(...rows)
  }

  async #commit(hand: Hand, inTwoPhases: boolean): Promise<void> {
    const identifier = ++hand.identifier
    const { snapshots } = inTwoPhases
      ? await hand.table.commit(await hand.writer.prepareCommit(), { user: hand.user, identifier })
      : await hand.writer.commit({ identifier })
    this.model.flush(hand.pending)
    hand.pending = []
    for (const { id } of snapshots) this.history.set(id, this.model.rows())
    await checkCommit(this, snapshots.length)
  }

  async close(): Promise<void> {
    for (const hand of this.#hands) await hand.writer.close()
  }
}

async function runScenario(
  scenario: Scenario,
  io: FileIO,
  warehouse: string,
  listed: (path: string) => string,
): Promise<void> {
  const run = await Run.open(scenario, io, warehouse)
  try {
    for (const action of scenario.steps) await run.take(action)
    await checkReads(run, scenario.seed)
  } finally {
    await run.close()
  }
  await checkFiles(run, io, listed)
}

async function checkCommit({ reader, model }: Run, snapshotCount: number): Promise<void> {
  expect(snapshotCount).toBe(1)
  expect(differences(await readRows(reader.read()), model.texts())).toEqual(NO_DIFFERENCES)
}

/** Travels in time, filters, projects and limits. */
async function checkReads(
  { history, model, reader, rows, table }: Run,
  seed: number,
): Promise<void> {
  const { fields } = table.schema
  const random = seeded(seed + 1)
  for (const [id, then] of history) {
    if (history.size > 4 && random() < 0.5) continue
    const texts = then.map(({ text }) => text)
    const found = await readRows(reader.read({ at: { snapshot: id } }))
    expect(differences(found, texts)).toEqual(NO_DIFFERENCES)
  }
  const now = model.rows()
  for (let i = 0; i < 6; i++) {
    const { where, meaning } = randomFilter(table, rows, random)
    const matching = now.filter(({ row }) => meaning(row) === true)
    const columns = fields.filter(() => random() < 0.6).toSorted(() => random() - 0.5)
    const read = reader.read({ where, columns: columns.map(({ name }) => name) })
    const expected = projected(fields, columns, matching)
    expect(differences(await readRows(read), expected)).toEqual(NO_DIFFERENCES)
    await checkLimit(reader.read({ where, limit: i * i }), matching, i * i)
  }
  await checkLimit(reader.read({ limit: 7 }), now, 7)
  expect((await reader.read().toArrow()).numRows).toBe(now.length)
}

function projected(
  fields: readonly DataField[],
  columns: readonly DataField[],
  rows: readonly ModelRow[],
): string[] {
  const positions = columns.map((column) => fields.indexOf(column))
  const parts = rows.map(({ row, kind }) => ({ row: positions.map((at) => row[at]!), kind }))
  return rowTexts(columns, parts)
}

/** As many rows as the limit allows, each as often as it is there at most. */
async function checkLimit(
  read: ReadResult<unknown>,
  rows: readonly ModelRow[],
  limit: number,
): Promise<void> {
  const got = await readRows(read)
  expect(got).toHaveLength(Math.min(limit, rows.length))
  const left = rows.map(({ text }) => text).toSorted()
  for (const text of got) {
    expect(left).toContain(text)
    left.splice(left.indexOf(text), 1)
  }
}

/** Nothing lies in the table but what its snapshots refer to, its schema and its hints. */
async function checkFiles(
  { reader }: Run,
  io: FileIO,
  listed: (path: string) => string,
): Promise<void> {
  const files = await reachableFiles({ store: reader.store, schema: reader.schema })
  const reachable = new Set([...files].map((path) => listed(path)))
  const others = (await allFiles(io, reader.path)).filter((path) => !reachable.has(path))
  const known = /\/(snapshot\/(snapshot-\d+|LATEST|EARLIEST)|schema\/schema-0)$/
  expect(others.filter((path) => !known.test(path))).toEqual([])
}

/** So many runs; SEED sets another seed than the one that every run of the suite has. */
const runs = (count: number): { numRuns: number; seed: number } => ({
  numRuns: count * (process.env['RELIABILITY'] === 'full' ? 50 : 1),
  seed: Number(process.env['SEED'] ?? 1),
})
let counter = 0

/**
 * Checks so many random scenarios, each in a warehouse of its own. `listed` tells how the storage lists a path, where that
 * differs.
 */
export async function checkScenarios(
  io: FileIO,
  warehouse: string,
  count: number,
  listed: (path: string) => string = (path) => path,
): Promise<void> {
  const property = fc.asyncProperty(scenarios, (scenario) =>
    runScenario(scenario, io, joinPath(warehouse, String(counter++)), listed),
  )
  await fc.assert(property, runs(count))
}
