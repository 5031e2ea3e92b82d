/**
 * What a process does to a table that compacts, logs changes and marks rows as deleted, and what must hold of the table when
 * the process dies anywhere in it.
 */
import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'

import type { FileIO } from '../../src/io/file-io.ts'
import { openTableStore } from '../../src/snapshot/table-store.ts'
import { Table } from '../../src/table/table.ts'
import { TableWriter } from '../../src/table/write/writer.ts'
import { firstSchema, parseNewSchema } from '../../src/types/new-schema.ts'
import { LakeError } from '../../src/util/errors.ts'
import { CrashError } from './faults.ts'
import { canonicalRow, readRows } from './golden-expect.ts'
import { readStream, type StreamRow } from './golden-streams.ts'
import type { Template } from './trials.ts'

type Row = Readonly<{ p: string; k: number; v: string; _kind?: string }>

type Action =
  /** A commit; the writer lives on until something else is done. */
  | { readonly op: 'write'; readonly rows: readonly Row[] }
  /** By a writer of its own, beside the first. */
  | { readonly op: 'compact'; readonly full: boolean }
  /** Of the partitions that the rows are in; done again it would undo what was written since, so it is the last. */
  | { readonly op: 'overwrite'; readonly rows: readonly Row[] }
  /** Of the rows with this `k`; the last, too. */
  | { readonly op: 'delete'; readonly k: number }

export interface CompactionScenario extends Template {
  readonly actions: readonly Action[]
  /** The rows before the first action and after each one, as sorted texts. */
  readonly states: readonly (readonly string[])[]
  /**
   * Rows that are seen between the two snapshots of the last action, here as with Java: deletion vectors hide what is not
   * compacted yet.
   */
  readonly halfway?: readonly string[]
  /** Whether the changes, one after another, lead to the rows. */
  readonly hasChangelog: boolean
}

const USER = 'job'
const FIELDS = [
  { name: 'p', type: 'STRING NOT NULL' },
  { name: 'k', type: 'INT NOT NULL' },
  { name: 'v', type: 'STRING' },
]

function put(keys: readonly number[], v: string, p = 'a'): Row[] {
  return keys.map((k) => ({ p, k, v: `${v} ${k}` }))
}

function drop(keys: readonly number[], p = 'a'): Row[] {
  return keys.map((k) => ({ p, k, v: '', _kind: '-D' }))
}

const write = (...rows: Row[]): Action => ({ op: 'write', rows })
const overwrite = (...rows: Row[]): Action => ({ op: 'overwrite', rows })

const BEFORE: readonly Action[] = [
  write(...put([1, 2, 3, 4, 5, 6], 'one'), ...put([1, 2], 'one', 'b')),
  write(...put([2, 4], 'two'), ...drop([6])),
]
const ACTIONS: readonly Action[] = [
  write(...put([1, 7], 'three'), ...drop([3]), ...put([2], 'three', 'b')),
  write(...put([3, 7], 'four'), ...drop([2])),
  { op: 'compact', full: true },
  write(...put([5], 'five'), ...drop([1], 'b')),
]

const TELLING = { hasChangelog: true }
const EAGER = { bucket: '1', 'num-sorted-run.compaction-trigger': '2' }

export const COMPACTION_SCENARIOS: readonly CompactionScenario[] = [
  keyed('a compaction', EAGER),
  keyed('a changelog of lookups', { ...EAGER, 'changelog-producer': 'lookup' }, TELLING),
  keyed(
    'a changelog of full compactions',
    { ...EAGER, 'changelog-producer': 'full-compaction', 'full-compaction.delta-commits': '1' },
    TELLING,
  ),
  keyed('deletion vectors', { ...EAGER, 'deletion-vectors.enabled': 'true' }),
  keyed(
    'deletion vectors and a changelog',
    { ...EAGER, 'deletion-vectors.enabled': 'true', 'changelog-producer': 'lookup' },
    TELLING,
  ),
  keyed('buckets that grow in number', {
    ...EAGER,
    bucket: '-1',
    'dynamic-bucket.target-row-num': '2',
  }),
  keyed('an overwrite', EAGER, { actions: [ACTIONS[0]!, overwrite(...put([2, 9], 'new'))] }),
  keyed(
    'an overwrite with deletion vectors',
    { ...EAGER, 'deletion-vectors.enabled': 'true' },
    {
      actions: [ACTIONS[0]!, overwrite(...put([2, 9], 'new'))],
      halfway: textsOf([...put([1], 'one', 'b'), ...put([2], 'three', 'b')]),
    },
  ),
  appending('small files without keys', ACTIONS),
  appending('rows deleted without keys', [ACTIONS[0]!, { op: 'delete', k: 2 }]),
  appending('vectors without keys', [ACTIONS[0]!, { op: 'delete', k: 2 }], {
    'deletion-vectors.enabled': 'true',
  }),
]

function keyed(
  name: string,
  options: Readonly<Record<string, string>>,
  { actions = ACTIONS, hasChangelog = false, ...rest }: Partial<CompactionScenario> = {},
): CompactionScenario {
  const definition = { partitionKeys: ['p'], primaryKeys: ['p', 'k'], options }
  return scenarioOf({ name, before: BEFORE, actions, hasChangelog, ...rest }, definition, upsert)
}

/** What an action makes of rows with keys. */
function upsert(state: readonly Row[], action: Action): Row[] {
  const rows = new Map(state.map((row) => [`${row.p} ${row.k}`, row]))
  if (action.op === 'overwrite') {
    const partitions = new Set(action.rows.map(({ p }) => p))
    for (const [key, { p }] of rows) if (partitions.has(p)) rows.delete(key)
  }
  const changes = 'rows' in action ? action.rows : []
  for (const { _kind: kind, ...row } of changes)
    if (kind === '-D') rows.delete(`${row.p} ${row.k}`)
    else rows.set(`${row.p} ${row.k}`, row)
  return [...rows.values()]
}

function appending(
  name: string,
  actions: readonly Action[],
  options: Readonly<Record<string, string>> = {},
): CompactionScenario {
  const definition = { options: { bucket: '-1', 'compaction.min.file-num': '2', ...options } }
  const apply = (state: readonly Row[], action: Action): Row[] => {
    if (action.op === 'delete') return state.filter(({ k }) => k !== action.k)
    return 'rows' in action ? [...state, ...action.rows] : [...state]
  }
  const [before, possible] = [BEFORE, actions].map(withoutDeletes)
  const scenario = { name, hasChangelog: false, before: before!, actions: possible! }
  return scenarioOf(scenario, definition, apply)
}

/** Only rows with a key can be deleted by rows. */
function withoutDeletes(actions: readonly Action[]): Action[] {
  return actions.map((action) =>
    action.op === 'write'
      ? write(...action.rows.filter(({ _kind: kind }) => kind === undefined))
      : action,
  )
}

/** `apply` gives the rows that are in the table after an action. */
function scenarioOf(
  {
    before,
    ...parts
  }: Omit<CompactionScenario, 'states' | 'prepare'> & { before: readonly Action[] },
  definition: Readonly<Record<string, unknown>>,
  apply: (rows: readonly Row[], action: Action) => Row[],
): CompactionScenario {
  let state = before.reduce<readonly Row[]>(apply, [])
  const states = [textsOf(state)]
  for (const action of parts.actions) {
    state = apply(state, action)
    states.push(textsOf(state))
  }
  return {
    ...parts,
    states,
    async prepare(io, root) {
      const schema = parseNewSchema({ fields: FIELDS, ...definition })
      await openTableStore(io, root).schemas.create(firstSchema(schema, 1_700_000_000_000))
      await perform(await openTable(io, root), before, 'setup')
    },
  }
}

function textsOf(rows: readonly Row[]): string[] {
  return rows.map(({ p, k, v }) => canonicalRow({ p, k, v })).toSorted()
}

async function openTable(io: FileIO, root: string): Promise<Table> {
  const store = openTableStore(io, root)
  return new Table(store, 'db.t', await store.schemas.readLatest())
}

/** Does all actions; the same identifiers belong to the same actions each time. `onDone` hears of each that has ended. */
async function perform(
  table: Table,
  actions: readonly Action[],
  commitUser: string,
  onDone: () => void = () => {},
): Promise<void> {
  let writer: TableWriter | null = null
  try {
    for (const [i, action] of actions.entries()) {
      if (action.op === 'write') {
        writer ??= new TableWriter(table.store, table.schema, { commitUser })
        await writer.write(action.rows)
        await writer.commit({ identifier: BigInt(i + 1), waitForCompaction: true })
      } else {
        await writer?.close()
        writer = null
        await maintain(table, action)
      }
      onDone()
    }
  } finally {
    await writer?.close()
  }
}

async function maintain(table: Table, action: Exclude<Action, { op: 'write' }>): Promise<void> {
  if (action.op === 'compact') await table.compact({ full: action.full })
  else if (action.op === 'overwrite') await table.overwrite(action.rows)
  else await table.deleteWhere(`k = ${action.k}`)
}

/** Performs the scenario as a new process; how many actions it has seen ending. */
export async function performUntilDeath(
  io: FileIO,
  root: string,
  { actions }: CompactionScenario,
): Promise<number> {
  let done = 0
  try {
    await perform(await openTable(io, root), actions, USER, () => done++)
  } catch (error) {
    if (!isOfTheStorage(error)) throw error
  }
  return done
}

function isOfTheStorage(error: unknown): boolean {
  // Closing the writer failed too.
  if (error instanceof SuppressedError) return isOfTheStorage(error.suppressed)
  return error instanceof CrashError || error instanceof LakeError
}

/** The table is whole, and in the state behind the last action that ended or behind the one that did not. */
export async function checkAfterDeath(
  io: FileIO,
  root: string,
  scenario: CompactionScenario,
  done: number,
): Promise<void> {
  const table = await openTable(io, root)
  await checkWhole(table)
  const { states, halfway } = scenario
  const isLast = done === states.length - 2 && halfway !== undefined
  const possible = [...states.slice(done, done + 2), ...(isLast ? [halfway] : [])]
  checkOneOf(await readRows(table.read()), possible)
  if (scenario.hasChangelog) checkOneOf(await rowsOfChanges(table), possible)
}

/** Another process has done the same again: each commit is there once, and all rows are in their last state. */
export async function checkRecovered(
  io: FileIO,
  root: string,
  scenario: CompactionScenario,
): Promise<void> {
  const table = await openTable(io, root)
  // What was written but not compacted before the death may wait for the next compaction.
  await table.compact({ full: true })
  await checkWhole(table)
  const last = scenario.states.at(-1)!
  assert.deepEqual(await readRows(table.read()), last)
  if (scenario.hasChangelog) assert.deepEqual(await rowsOfChanges(table), last)
  const commits = (await table.snapshots())
    .filter(({ commitUser }) => commitUser === USER)
    .map(({ commitIdentifier, commitKind }) => `${commitIdentifier} ${commitKind}`)
  assert.deepEqual(commits, [...new Set(commits)])
  const appended = commits.filter((commit) => commit.endsWith('APPEND'))
  assert.equal(appended.length, scenario.actions.filter(({ op }) => op === 'write').length)
}

/** Shows how the rows differ from those of the last state that is possible. */
function checkOneOf(rows: readonly string[], possible: readonly (readonly string[])[]): void {
  if (!possible.some((state) => isDeepStrictEqual(state, rows)))
    assert.deepEqual(rows, possible.at(-1))
}

async function checkWhole(table: Table): Promise<void> {
  const { damage } = await table.check({ allSnapshots: true })
  assert.deepEqual(damage, [])
}

/** The rows that all changes lead to, each of which has to fit to those before it. */
async function rowsOfChanges(table: Table): Promise<string[]> {
  const options = { 'scan.mode': 'from-snapshot', 'scan.snapshot-id': '1' }
  const rows = new Map<string, string>()
  for (const { row } of await readStream(table.changes({ follow: false, options }))) {
    const { _kind: kind, ...values } = row as StreamRow & { readonly _kind: string }
    const [key, text] = [JSON.stringify([values['p'], values['k']]), canonicalRow(values)]
    const before = rows.get(key)
    if (kind === '-U' || kind === '-D') assert.deepEqual([kind, text], [kind, before])
    if (kind === '+I') assert.deepEqual([kind, key, before], [kind, key, undefined])
    if (kind === '-D') rows.delete(key)
    if (kind === '+I' || kind === '+U') rows.set(key, text)
  }
  return [...rows.values()].toSorted()
}
