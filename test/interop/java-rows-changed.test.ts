/**
 * Tables whose rows this library deletes, updates, merges, compacts and sorts, in turns with Java that writes, deletes and
 * compacts: after each step both read the same, and what the step asked for.
 */
import { expect, test } from 'vitest'

import { Catalog } from '../../src/catalog/catalog.ts'
import type { Table } from '../../src/table/table.ts'
import { canonicalRow, differences, NO_DIFFERENCES, readRows } from '../support/golden-expect.ts'
import { between, pick, type Random, seeded } from '../support/random.ts'
import { findJava } from './support/java.ts'
import { sharedWarehouse } from './support/shared-warehouse.ts'

const both = sharedWarehouse(await findJava(), 'rows-changed')
const isFull = process.env['RELIABILITY'] === 'full'
const seed = Number(process.env['SEED'] ?? 1)
const RUNS_OF_EACH = isFull ? 25 : 1
const STEPS = 10

const FIELDS = [
  { id: 0, name: 'dt', type: 'STRING NOT NULL' },
  { id: 1, name: 'id', type: 'BIGINT NOT NULL' },
  { id: 2, name: 'v', type: 'STRING' },
  { id: 3, name: 'n', type: 'INT' },
  { id: 4, name: 'd', type: 'DECIMAL(10, 2)' },
  { id: 5, name: 't', type: 'TIMESTAMP(6)' },
  { id: 6, name: 'f', type: 'DOUBLE' },
]

type Options = Readonly<Record<string, string>>

interface Kind {
  readonly keyed?: boolean
  /** Whether rows take the place of others as they are. */
  readonly replaces?: boolean
  /** Whether rows have ids, which have to stay. */
  readonly tracked?: boolean
  readonly options: Options
}

const UNAWARE = { bucket: '-1' }
const BUCKETED = { bucket: '2', 'bucket-key': 'id' }
const KEYED = { bucket: '2' }
const V32 = { 'deletion-vectors.enabled': 'true' }
const V64 = { ...V32, 'deletion-vectors.bitmap64': 'true' }

const KINDS: Readonly<Record<string, Kind>> = {
  unaware: { options: UNAWARE },
  unaware_v32: { options: { ...UNAWARE, ...V32 } },
  unaware_v64: {
    options: { ...UNAWARE, ...V64, 'deletion-vector.index-file.target-size': '64 b' },
  },
  tracked: { tracked: true, options: { ...UNAWARE, 'row-tracking.enabled': 'true' } },
  tracked_v32: { tracked: true, options: { ...UNAWARE, ...V32, 'row-tracking.enabled': 'true' } },
  bucketed: { options: BUCKETED },
  bucketed_v32: { options: { ...BUCKETED, ...V32 } },
  bucketed_v64: { options: { ...BUCKETED, ...V64 } },
  keyed: { keyed: true, replaces: true, options: KEYED },
  keyed_lookup: {
    keyed: true,
    replaces: true,
    options: { ...KEYED, 'changelog-producer': 'lookup' },
  },
  keyed_v32: { keyed: true, replaces: true, options: { ...KEYED, ...V32 } },
  keyed_v64: { keyed: true, replaces: true, options: { ...KEYED, ...V64 } },
  partial: {
    keyed: true,
    replaces: true,
    options: {
      ...KEYED,
      'merge-engine': 'partial-update',
      'partial-update.remove-record-on-delete': 'true',
    },
  },
  aggregated: {
    keyed: true,
    options: {
      ...KEYED,
      'merge-engine': 'aggregation',
      'aggregation.remove-record-on-delete': 'true',
      'fields.n.aggregate-function': 'sum',
    },
  },
}

/** A row as JSON. */
interface Row {
  readonly dt: string
  readonly id: string
  readonly v: string | null
  readonly n: number | null
  readonly d: string | null
  readonly t: string | null
  readonly f: number | null
}

const orNull = <Value>(random: Random, value: Value): Value | null =>
  random() < 0.15 ? null : value

function randomRow(random: Random, mayBeNull: boolean): Row {
  const or = <Value>(value: Value): Value | null => (mayBeNull ? orNull(random, value) : value)
  const second = String(between(random, 10, 59))
  return {
    dt: pick(random, ['a', 'b']),
    id: String(between(random, 0, 60)),
    v: or(pick(random, ['x', 'yy', 'zzz', 'the fourth'])),
    n: or(between(random, -20, 20)),
    d: or(`${between(random, -99, 99)}.${between(random, 10, 99)}`),
    t: or(`2026-11-${between(random, 10, 28)}T01:02:${second}.000${between(random, 100, 999)}`),
    f: or(between(random, -8, 8) / 4),
  }
}

const rowsOf = (random: Random, count: number, mayBeNull = true): Row[] =>
  Array.from({ length: count }, () => randomRow(random, mayBeNull))

const forOurs = (row: Row): Record<string, unknown> => ({ ...row, id: BigInt(row.id) })

/** A condition as text, and on rows of JSON. */
function randomFilter(random: Random): readonly [string, (row: Row) => boolean] {
  const from = between(random, 0, 50)
  const to = from + between(random, 1, 12)
  const filters: readonly (readonly [string, (row: Row) => boolean])[] = [
    [`id >= ${from} and id < ${to}`, ({ id }) => Number(id) >= from && Number(id) < to],
    [`n > ${from - 40}`, ({ n }) => n !== null && n > from - 40],
    ['v is null', ({ v }) => v === null],
    [`dt = 'a' and id < ${from}`, ({ dt, id }) => dt === 'a' && Number(id) < from],
    [`v = 'yy' or f <= -1.5`, ({ v, f }) => v === 'yy' || (f !== null && f <= -1.5)],
  ]
  return pick(random, filters)
}

const keyOf = ({ dt, id }: Row): string => `${dt} ${id}`

interface Step {
  readonly name: string
  /** What the table is to hold then; null where only both have to agree. */
  readonly expected: readonly Row[] | null
  act(): Promise<unknown>
}

interface Turn {
  readonly name: string
  readonly kind: Kind
  readonly table: Table
  readonly random: Random
  /** The rows as they are. */
  readonly rows: readonly Row[]
}

function deletion({ random, table, rows }: Turn): Step {
  const [where, fits] = randomFilter(random)
  const expected = rows.filter((row) => !fits(row))
  return { name: `we delete where ${where}`, expected, act: () => table.deleteWhere(where) }
}

function update({ random, table, rows }: Turn): Step {
  const [where, fits] = randomFilter(random)
  const set = { v: 'updated', n: ({ n }: { n: number | null }) => (n ?? 0) + 1 }
  const expected = rows.map((row) =>
    fits(row) ? { ...row, v: 'updated', n: (row.n ?? 0) + 1 } : row,
  )
  return { name: `we update where ${where}`, expected, act: () => table.update({ where, set }) }
}

function merge({ random, table, rows, kind }: Turn): Step {
  const canReplace = kind.tracked !== true && (kind.keyed !== true || kind.replaces === true)
  const choices = ['delete', 'keep', ...(canReplace ? (['update'] as const) : [])] as const
  const whenMatched = pick(random, choices)
  const source = new Map(rowsOf(random, 15, kind.keyed !== true).map((row) => [keyOf(row), row]))
  const keys = new Set(rows.map(keyOf))
  const kept = rows.flatMap((row): Row[] => {
    const match = source.get(keyOf(row))
    if (match === undefined || whenMatched === 'keep') return [row]
    return whenMatched === 'delete' ? [] : [match]
  })
  const added = [...source.values()].filter((row) => !keys.has(keyOf(row)))
  const on = ['dt', 'id']
  return {
    name: `we merge, ${whenMatched} what matches`,
    // What an engine makes of a new row with what lies under a deletion is for Java to say.
    expected:
      kind.options['merge-engine'] === undefined && kind.tracked !== true
        ? [...kept, ...added]
        : null,
    act: () => table.mergeInto([...source.values()].map(forOurs), { on, whenMatched }),
  }
}

function nextStep(turn: Turn): Step {
  const { random, table, rows, kind, name } = turn
  const { options, keyed = false, replaces = false } = kind
  const isUnaware = options['bucket'] === '-1'
  const fresh = rowsOf(random, between(random, 5, 40))
  const steps: (() => Step)[] = [
    () => deletion(turn),
    () => deletion(turn),
    () => merge(turn),
    () => ({
      name: 'we compact',
      expected: rows,
      act: () => table.compact({ full: random() < 0.7 }),
    }),
    () => ({
      name: 'we write',
      expected: null,
      act: () => table.write(fresh.map(forOurs) as never),
    }),
    () => ({
      name: 'Java writes',
      expected: null,
      act: () =>
        both.java.write(
          name,
          fresh.map((row) => JSON.stringify({ ...row, _kind: '+I' })),
        ),
    }),
    () => ({ name: 'Java compacts', expected: rows, act: () => both.java.compact(name) }),
  ]
  if (kind.tracked !== true && (!keyed || replaces))
    steps.push(
      () => update(turn),
      () => update(turn),
    )
  if (isUnaware) {
    const columns = pick(random, [['id'], ['n', 'id'], ['v', 'f', 't', 'd']])
    const act = () => table.compact({ orderBy: { columns } })
    steps.push(() => ({ name: `we sort by ${columns.join()}`, expected: rows, act }))
  }
  if (!keyed && options['deletion-vectors.enabled'] === 'true') {
    const act = () => both.java.deleteRows(name, 0.3, between(random, 1, 1e6))
    steps.push(() => ({ name: 'Java deletes', expected: null, act }))
  }
  return pick(random, steps)()
}

/** Does steps, each of which is looked at by both; what was done. */
async function runTurns(name: string, kind: Kind, random: Random): Promise<readonly string[]> {
  const partitionKeys = random() < 0.7 ? ['dt'] : []
  const primaryKeys = kind.keyed === true ? ['dt', 'id'] : []
  await both.java.create(name, {
    fields: FIELDS,
    partitionKeys,
    primaryKeys,
    options: kind.options,
  })
  const said: string[] = []
  let rows: readonly Row[] = []
  for (let i = 0; i < STEPS; i++) {
    const table = await both.table(name)
    const turn = { name, kind, table, random, rows }
    const step = i === 0 ? { ...nextStep(turn), ...firstStep(turn) } : nextStep(turn)
    said.push(step.name)
    await step.act()
    const shown = kind.tracked === true ? `${name}$row_tracking` : name
    const theirs = await both.java.read(shown)
    const expected = step.expected?.map((row) => canonicalRow(row)).toSorted() ?? theirs
    const ours = await readRows((await opened(shown)).read())
    expect({
      said,
      java: differences(theirs, expected),
      ours: differences(ours, expected),
    }).toEqual({
      said,
      java: NO_DIFFERENCES,
      ours: NO_DIFFERENCES,
    })
    rows = theirs.map((text) => JSON.parse(text) as Row)
  }
  return said
}

/** The table, or the system table, as this library opens it. */
async function opened(name: string) {
  return await new Catalog(both.io, both.directory).open(name)
}

/** What either side finds wrong with the files of the table. */
async function findings(name: string): Promise<unknown[]> {
  const { damage, counts } = await (await both.table(name)).check({ allSnapshots: true })
  const orphans = await both.java.orphans(name)
  return [...damage, ...orphans, ...(counts.orphanFiles === 0 ? [] : [counts])]
}

function firstStep({ name, random }: Turn): Step {
  const texts = rowsOf(random, 60).map((row) => JSON.stringify({ ...row, _kind: '+I' }))
  return { name: 'Java writes', expected: null, act: () => both.java.write(name, texts) }
}

test.each(Object.entries(KINDS))('%s: both read what the steps ask for', async (name, kind) => {
  for (let run = 0; run < RUNS_OF_EACH; run++) {
    const random = seeded(seed * 10_000 + run * 100 + Object.keys(KINDS).indexOf(name))
    const table = `db.${name}_${run}`
    const said = await runTurns(table, kind, random)
    expect({ said, found: await findings(table) }).toEqual({ said, found: [] })
  }
})
