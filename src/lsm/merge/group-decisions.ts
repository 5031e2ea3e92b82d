/** What each row of a partial update does to the columns of each sequence group, by how it compares with those before. */
import { type Column, isPresent } from '../../types/column.ts'
import { DELETE } from '../../types/row-kind.ts'
import { compareKeys, type SortKeys, sortKeys } from '../sort-keys.ts'
import type { Sources } from './column-engine.ts'
import type { KeyedRows } from './keyed-rows.ts'
import {
  ADD,
  ADD_BEFORE,
  CLEAR,
  type Operations,
  RETRACT,
  SET,
  SET_RETRACT,
  SKIP,
} from './operations.ts'
import { ADDED, IGNORED, RETRACTED, SET_FIRST, SET_ROW } from './row-actions.ts'
import type { SequenceGroup } from './sequence-groups.ts'

/** What a row does to a group, as an index into the operations of each role. */
const PASSED = 0
const INITIAL = 1
const NEWER = 2
const OLDER = 3
const RETRACTED_NEWER = 4
const RETRACTED_OLDER = 5
const INITIAL_RETRACTED = 6

/** What a column is to its group; `rest` are the columns in no group. */
export type GroupRole = 'sequence' | 'plain' | 'aggregated' | 'rest'

/** What each decision means to the columns of a role. */
const OPERATIONS: Readonly<Record<Exclude<GroupRole, 'rest'>, Uint8Array>> = {
  sequence: Uint8Array.of(SKIP, SET, SET, SKIP, SET, SKIP, SET),
  plain: Uint8Array.of(SKIP, SET, SET, SKIP, CLEAR, SKIP, CLEAR),
  aggregated: Uint8Array.of(SKIP, SET, ADD, ADD_BEFORE, RETRACT, RETRACT, SET_RETRACT),
}

/** What each action of a row means to columns in no group. */
const REST = new Uint8Array(5)
REST[IGNORED] = SKIP
REST[SET_ROW] = SET
REST[ADDED] = ADD
REST[RETRACTED] = SKIP
REST[SET_FIRST] = SET

export function operationsFor(
  role: GroupRole,
  { hasRetracts }: KeyedRows,
  actions: Uint8Array | null,
  decisions: Uint8Array | null,
): Operations {
  if (role === 'rest') return hasRetracts ? translated(actions!, REST) : null
  return translated(decisions!, OPERATIONS[role])
}

function translated(codes: Uint8Array, table: Uint8Array): Uint8Array {
  const operations = new Uint8Array(codes.length)
  for (let i = 0; i < codes.length; i++) operations[i] = table[codes[i]!]!
  return operations
}

/** A group's columns as they are compared. */
interface Comparison {
  readonly keys: readonly SortKeys[]
  readonly columns: readonly (readonly Column[])[]
  /** Whether some row may have no value in any of the columns. */
  readonly mayBeEmpty: boolean
  readonly removes: boolean
}

/**
 * The decisions of each group, row by row. A row that removes its key is set in all groups, and in `actions` and `kinds`
 * it is noted.
 */
export function decideGroups(
  keyed: KeyedRows,
  actions: Uint8Array | null,
  kinds: Int8Array,
  groups: readonly SequenceGroup[],
  columnsOf: Sources['columnsOf'],
): ReadonlyMap<SequenceGroup, Uint8Array> {
  if (groups.length === 0) return new Map()
  const { length, keyCount, starts } = keyed
  const compared = groups.map((group) => comparison(group, columnsOf))
  const decisions = groups.map(() => new Uint8Array(length))
  // The row whose sequence each group has; -1 before the first.
  const holders = new Int32Array(groups.length)
  for (let key = 0; key < keyCount; key++) {
    holders.fill(-1)
    for (let i = starts[key]!; i < starts[key + 1]!; i++) {
      const action = actions === null ? ADDED : actions[i]!
      if (action === IGNORED) continue
      const sets = action === SET_ROW || action === SET_FIRST
      if (sets) holders.fill(i)
      if (action === SET_ROW || isRemoval(keyed, compared, holders, action, i)) {
        for (const of of decisions) of[i] = INITIAL
        holders.fill(i)
        if (action === SET_ROW) continue
        actions![i] = SET_ROW
        if (i + 1 === starts[key + 1]!) kinds[key] = DELETE
        continue
      }
      for (let g = 0; g < compared.length; g++) {
        const decision = decide(keyed, compared[g]!, action, holders[g]!, i)
        decisions[g]![i] = decision
        if (decision === NEWER || decision === RETRACTED_NEWER) holders[g] = i
      }
    }
  }
  return new Map(groups.map((group, g) => [group, decisions[g]!]))
}

function comparison(
  { sequence, removes }: SequenceGroup,
  columnsOf: Sources['columnsOf'],
): Comparison {
  const columns = sequence.map(columnsOf)
  const order = sequence.map(({ type }) => ({ type, nullable: true }))
  const keys = columns[0]!.map((first, source) =>
    sortKeys(
      order,
      columns.map((of) => of[source]!),
      first.length,
    ),
  )
  const mayBeEmpty = columns.every((of) => of.some(({ validity }) => validity !== null))
  return { keys, columns, mayBeEmpty, removes }
}

function isEmpty({ runOf, rows }: KeyedRows, { columns }: Comparison, i: number): boolean {
  for (let c = 0; c < columns.length; c++)
    if (isPresent(columns[c]![runOf[i]!]!, rows[i]!)) return false
  return true
}

/** Whether row i is not older than the row that the group has. */
function isNewer(
  { runOf, rows }: KeyedRows,
  { keys }: Comparison,
  holder: number,
  i: number,
): boolean {
  if (holder < 0 || holder === i) return true
  const held = keys[runOf[holder]!]!
  return compareKeys(keys[runOf[i]!]!, rows[i]!, held, rows[holder]!) >= 0
}

function decide(
  keyed: KeyedRows,
  group: Comparison,
  action: number,
  holder: number,
  i: number,
): number {
  if (group.mayBeEmpty && isEmpty(keyed, group, i)) return action === SET_FIRST ? INITIAL : PASSED
  if (action === SET_FIRST) return INITIAL_RETRACTED
  const newer = isNewer(keyed, group, holder, i)
  if (action === ADDED) return newer ? NEWER : OLDER
  return newer ? RETRACTED_NEWER : RETRACTED_OLDER
}

/** Whether a -D removes its key, since it is not older in a group that says so. */
function isRemoval(
  keyed: KeyedRows,
  groups: readonly Comparison[],
  holders: Int32Array,
  action: number,
  i: number,
): boolean {
  if (action === ADDED || keyed.kinds[i] !== DELETE) return false
  for (let g = 0; g < groups.length; g++) {
    const group = groups[g]!
    const isLeftOut = !group.removes || (group.mayBeEmpty && isEmpty(keyed, group, i))
    if (!isLeftOut && isNewer(keyed, group, holders[g]!, i)) return true
  }
  return false
}
