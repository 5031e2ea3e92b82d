/** Commits to let fail, and what must hold of the table whatever happened to them. */
import { expect } from 'vitest'

import type { FileIO } from '../../src/io/file-io.ts'
import type { CommitMessage } from '../../src/snapshot/commit-message.ts'
import { commit, type CommitOptions, type CommitTable } from '../../src/snapshot/commit.ts'
import { LakeError } from '../../src/util/errors.ts'
import {
  createTestTable,
  fileMeta,
  liveFiles,
  message,
  openTestTable,
  reachableFiles,
  writeDataFiles,
} from './commit-tables.ts'
import { CrashError } from './faults.ts'
import type { Template } from './trials.ts'

/** A commit on a table that is ready for it. */
export interface Scenario {
  readonly options: Record<string, string>
  /** The commits before. */
  readonly before: readonly (readonly CommitMessage[])[]
  readonly messages: readonly CommitMessage[]
  /** The live files that the table may have: before the commit, after each of its snapshots. */
  readonly states: readonly (readonly string[])[]
}

/** The scenario's table, as trials copy it. */
export function templateOf(scenario: Scenario): Template {
  return {
    name: JSON.stringify(scenario.states),
    prepare: (io, root) => prepare(io, root, scenario),
  }
}

const COMMIT: CommitOptions = { commitUser: 'job', identifier: 42n }

const DATES = ['a', 'b', 'c']

/** Names do not change, so that a prepared table can be copied. */
function named(count: number, prefix = 'old') {
  return Array.from({ length: count }, (_, i) =>
    fileMeta({ name: `${prefix}-${i}.parquet`, keys: [BigInt(10 * i), BigInt(10 * i + 9)] }),
  )
}

function namesOf(files: readonly { fileName: string }[]): string[] {
  return files.map((file) => file.fileName).toSorted()
}

function firstCommit(): Scenario {
  const files = named(2, 'new')
  const messages = files.map((file, i) => message({ dt: DATES[i]!, newFiles: [file] }))
  return { options: {}, before: [], messages, states: [[], namesOf(files)] }
}

function append(): Scenario {
  const old = named(2)
  const files = named(2, 'new')
  return {
    options: {},
    before: old.map((file) => [message({ newFiles: [file] })]),
    messages: files.map((file, i) => message({ dt: DATES[i]!, newFiles: [file] })),
    states: [namesOf(old), namesOf([...old, ...files])],
  }
}

function appendAndCompact(): Scenario {
  const old = named(3)
  const fresh = fileMeta({ name: 'new.parquet', keys: [1n, 99n] })
  const compacted = fileMeta({ name: 'compacted.parquet', level: 5, keys: [0n, 99n] })
  const changelog = fileMeta({ name: 'changelog.parquet' })
  const messages = [
    message({
      newFiles: [fresh],
      changelogFiles: [fileMeta({ name: 'input.parquet' })],
      compactBefore: [...old, fresh],
      compactAfter: [compacted],
      compactChangelog: [changelog],
    }),
  ]
  return {
    options: {},
    before: old.map((file) => [message({ newFiles: [file] })]),
    messages,
    states: [namesOf(old), namesOf([...old, fresh]), namesOf([compacted])],
  }
}

/** A commit before which manifests are merged. */
function appendWithMerge(): Scenario {
  const old = named(5)
  const fresh = fileMeta({ name: 'new.parquet' })
  return {
    options: { 'manifest.merge-min-count': '5' },
    before: old.map((file, i) => [message({ dt: DATES[i % 3]!, newFiles: [file] })]),
    messages: [message({ dt: 'c', newFiles: [fresh] })],
    states: [namesOf(old), namesOf([...old, fresh])],
  }
}

export const SCENARIOS: Readonly<Record<string, () => Scenario>> = {
  'the first commit of a table': firstCommit,
  'an append': append,
  'an append and a compaction': appendAndCompact,
  'an append with a merge of manifests': appendWithMerge,
}

/** Makes the table with its commits before, and the data files that are to be committed. */
async function prepare(io: FileIO, root: string, scenario: Scenario): Promise<void> {
  // Many manifests are made before the option that merges them holds.
  const table = await createTestTable(io, root)
  for (const [i, messages] of scenario.before.entries()) {
    await writeDataFiles(table, messages)
    await commit(table, messages, { commitUser: 'setup', identifier: BigInt(i) })
  }
  await writeDataFiles(table, scenario.messages)
}

/** How a commit ended. */
export interface Attempt {
  readonly isAcknowledged: boolean
  readonly error?: unknown
}

/** Commits the scenario's messages as a new process. */
export async function tryCommit(
  io: FileIO,
  root: string,
  { options, messages }: Scenario,
): Promise<Attempt> {
  try {
    await commit(openTestTable(io, root, options), messages, COMMIT)
    return { isAcknowledged: true }
  } catch (error) {
    if (!(error instanceof LakeError) && !(error instanceof CrashError)) throw error
    return { isAcknowledged: false, error }
  }
}

/** The table is in a state that the commit goes through, and in the last one if the commit was acknowledged. */
export async function checkState(
  io: FileIO,
  root: string,
  scenario: Scenario,
  { isAcknowledged }: Attempt,
): Promise<void> {
  const table = openTestTable(io, root)
  const live = await liveFiles(table)
  const states = isAcknowledged ? scenario.states.slice(-1) : scenario.states
  expect(states).toContainEqual(live)
  await checkFiles(io, table)
}

/** After a second try the commit has happened, once. */
export async function checkConverged(
  io: FileIO,
  root: string,
  scenario: Scenario,
): Promise<CommitTable> {
  const table = openTestTable(io, root)
  expect(await liveFiles(table)).toEqual(scenario.states.at(-1))
  const ours: string[] = []
  const range = await table.store.snapshots.range()
  for (let id = 1; id <= range!.latest; id++) {
    const snapshot = await table.store.snapshots.read(id)
    if (snapshot.commitUser === COMMIT.commitUser) ours.push(snapshot.commitKind)
  }
  expect(ours).toEqual(['APPEND', 'COMPACT'].slice(0, scenario.states.length - 1))
  expect(range!.latest).toBe(scenario.before.length + ours.length)
  await checkFiles(io, table)
  return table
}

async function checkFiles(io: FileIO, table: CommitTable): Promise<void> {
  for (const path of await reachableFiles(table))
    expect([path, (await io.stat(path)) !== null]).toEqual([path, true])
}

/** Metadata files that nothing refers to. */
export async function unreachableMetadata(io: FileIO, root: string): Promise<string[]> {
  const reachable = await reachableFiles(openTestTable(io, root))
  const files = await Array.fromAsync(io.list(`${root}/manifest`))
  return files.map((file) => file.path).filter((path) => !reachable.has(path))
}
