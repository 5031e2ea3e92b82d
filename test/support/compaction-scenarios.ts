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

export interface CompactionScenario extends Template {
  readonly actions: readonly Action[]
  /** The rows before the first action and after each one, as sorted texts. */
  readonly states: readonly (readonly string[])[]
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

const EAGER = { bucket: '1', 'num-sorted-run.compaction-trigger': '2' }

export const COMPACTION_SCENARIOS: readonly CompactionScenario[] = [
  keyed('a compaction', EAGER),
  keyed('a changelog of lookups', { ...EAGER, 'changelog-producer': 'lookup' }, true),
  keyed(
    'a changelog of full compactions',
    { ...EAGER, 'changelog-producer': 'full-compaction', 'full-compaction.delta-commits': '1' },
    true,
  ),
  keyed('deletion vectors', { ...EAGER, 'deletion-vectors.enabled': 'true' }),
  keyed(
    'deletion vectors and a changelog',
    { ...EAGER, 'deletion-vectors.enabled': 'true', 'changelog-producer': 'lookup' },
    true,
  ),
  keyed('buckets that grow in number', {
    ...EAGER,
    bucket: '-1',
    'dynamic-bucket.target-row-num': '2',
  }),
  appending('small files without keys', { bucket: '-1', 'compaction.min.file-num': '2' }),
]

function keyed(
  name: string,
  options: Readonly<Record<string, string>>,
  hasChangelog = false,
): CompactionScenario {
  const rows = new Map<string, Row>()
  const definition = { partitionKeys: ['p'], primaryKeys: ['p', 'k'], options }
  return scenario(name, definition, hasChangelog, (changes) => {
    for (const row of changes)
      if (row._kind === '-D') rows.delete(`${row.p} ${row.k}`)
      else rows.set(`${row.p} ${row.k}`, row)
    return [...rows.values()]
  })
}

function appending(name: string, options: Readonly<Record<string, string>>): CompactionScenario {
  const rows: Row[] = []
  return scenario(name, { options }, false, (changes) => {
    rows.push(...changes)
    return [...rows]
  })
}

/** `apply` takes the rows of a commit, and gives all that are in the table then. */
function scenario(
  name: string,
  definition: Readonly<Record<string, unknown>>,
  hasChangelog: boolean,
  apply: (rows: readonly Row[]) => Row[],
): CompactionScenario {
  const isKeyed = 'primaryKeys' in definition
  const possible = (actions: readonly Action[]): Action[] =>
    actions.map((action) =>
      action.op === 'write' && !isKeyed
        ? write(...action.rows.filter((row) => !row._kind))
        : action,
    )
  const stateAfter = (action: Action): string[] =>
    apply(action.op === 'write' ? action.rows : [])
      .map(({ p, k, v }) => canonicalRow({ p, k, v }))
      .toSorted()
  const [before, actions] = [possible(BEFORE), possible(ACTIONS)]
  const states = [...before.map(stateAfter).slice(-1), ...actions.map(stateAfter)]
  return {
    name,
    actions,
    states,
    hasChangelog,
    async prepare(io, root) {
      const schema = parseNewSchema({ fields: FIELDS, ...definition })
      await openTableStore(io, root).schemas.create(firstSchema(schema, 1_700_000_000_000))
      await perform(await openTable(io, root), before, 'setup')
    },
  }
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
        await table.compact({ full: action.full })
      }
      onDone()
    }
  } finally {
    await writer?.close()
  }
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
  const possible = scenario.states.slice(done, done + 2)
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
