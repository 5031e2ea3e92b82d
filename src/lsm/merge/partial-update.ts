/**
 * The merge engine partial-update: each row of a key updates some of its columns.
 *
 * Follows the Java class `PartialUpdateMergeFunction`. Where a sequence group removes records, its columns are always
 * read: in Java a read of other columns alone does not see the removal.
 */
import type { DataField } from '../../types/data-type.ts'
import type { TableOptionValues } from '../../types/options.ts'
import { DELETE, INSERT, isAdd, isRetract } from '../../types/row-kind.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { invalid, type LakeError } from '../../util/errors.ts'
import { checkNotNull, type ColumnEngine } from './column-engine.ts'
import {
  aggregateFunction,
  type ColumnFunction,
  ColumnMerge,
  pickFunction,
} from './column-merge.ts'
import { FlatMemory } from './flat-columns.ts'
import { decideGroups, type GroupRole, operationsFor } from './group-decisions.ts'
import type { KeyedRows } from './keyed-rows.ts'
import type { Operations } from './operations.ts'
import { ADDED, IGNORED, RETRACTED, SET_FIRST, SET_ROW } from './row-actions.ts'
import { type SequenceGroup, sequenceGroups } from './sequence-groups.ts'

interface DeleteRules {
  readonly ignores: boolean
  readonly removes: boolean
  readonly hasGroups: boolean
}

/** Where a column's operations come from: a group's decisions, or, without a group, the rows alone. */
interface ColumnPlan {
  readonly function: ColumnFunction
  readonly group: SequenceGroup | null
  readonly role: GroupRole
}

/** Throws INVALID for options that contradict each other or the columns. */
export function partialUpdate(schema: TableSchema, options: TableOptionValues): ColumnEngine {
  const groups = sequenceGroups(schema, options)
  const rules: DeleteRules = {
    ignores: options.get('ignore-delete'),
    removes: options.get('partial-update.remove-record-on-delete'),
    hasGroups: groups.length > 0,
  }
  checkRules(rules, options)
  const plans = new Map(
    schema.fields.map((field) => [field.id, planColumn(schema, field, groups, options)]),
  )
  const memory = new FlatMemory()
  return {
    ignoresDelete: rules.ignores,
    reads: (fields) => withSequences(fields, groups),
    merge: (keyed, fields, { lengths, columnsOf }) => {
      const actions = rowActions(keyed, rules)
      const kinds = kindsOf(keyed, actions, rules)
      const read = groupsToRead(fields, groups)
      const decisions = decideGroups(keyed, actions, kinds, read, columnsOf)
      const operations = new Map<string, Operations>()
      const merge = new ColumnMerge(keyed, lengths, memory)
      const columns = fields.map((field) => {
        const plan = plans.get(field.id)!
        const sources = columnsOf(field)
        const key = `${plan.role} ${read.indexOf(plan.group!)}`
        if (!operations.has(key)) {
          const decided = plan.group === null ? null : decisions.get(plan.group)!
          operations.set(key, operationsFor(plan.role, keyed, actions, decided))
        }
        const steps = operations.get(key)!
        checkNotNull(field, keyed, steps, sources, groups.length === 0)
        return merge.merge(plan.function, steps, sources)
      })
      return { kinds, columns }
    },
  }
}

function checkRules(
  { ignores, removes, hasGroups }: DeleteRules,
  options: TableOptionValues,
): void {
  const group = 'partial-update.remove-record-on-sequence-group'
  const removal = 'partial-update.remove-record-on-delete'
  if (ignores && removes) throw excluding('ignore-delete', removal)
  if (ignores && options.isSet(group)) throw excluding('ignore-delete', group)
  if (removes && hasGroups) throw excluding('sequence groups', removal)
}

function excluding(a: string, b: string): LakeError {
  return invalid(`${a} and ${b} exclude each other`, { hint: 'unset one of them' })
}

function planColumn(
  schema: TableSchema,
  field: DataField,
  groups: readonly SequenceGroup[],
  options: TableOptionValues,
): ColumnPlan {
  const has = (fields: readonly DataField[]) => fields.some(({ id }) => id === field.id)
  const ordered = groups.find(({ sequence }) => has(sequence))
  if (ordered !== undefined)
    return { function: pickFunction(field, 'last'), group: ordered, role: 'sequence' }
  const group = groups.find(({ members }) => has(members)) ?? null
  const name = schema.primaryKeys.includes(field.name)
    ? 'primary-key'
    : (options.field(field.name, 'aggregate-function') ??
      options.get('fields.default-aggregate-function'))
  if (group === null) {
    if (name !== undefined && name !== 'primary-key' && name !== 'last_non_null_value') {
      aggregateFunction(name, field, options)
      throw invalid(`column "${field.name}" is in no sequence group, so it cannot have ${name}`, {
        hint: 'name it in a fields.<columns>.sequence-group, or use last_non_null_value',
      })
    }
    return { function: pickFunction(field, 'last-non-null'), group, role: 'rest' }
  }
  if (name === undefined) return { function: pickFunction(field, 'last'), group, role: 'plain' }
  return { function: aggregateFunction(name, field, options), group, role: 'aggregated' }
}

/** The groups that the columns belong to, and those that remove records. */
function groupsToRead(
  fields: readonly DataField[],
  groups: readonly SequenceGroup[],
): SequenceGroup[] {
  const asked = new Set(fields.map(({ id }) => id))
  return groups.filter(
    ({ sequence, members, removes }) =>
      removes || [...sequence, ...members].some(({ id }) => asked.has(id)),
  )
}

function withSequences(
  fields: readonly DataField[],
  groups: readonly SequenceGroup[],
): DataField[] {
  const ordering = groupsToRead(fields, groups).flatMap(({ sequence }) => sequence)
  const asked = new Set(fields.map(({ id }) => id))
  return [...fields, ...ordering.filter(({ id }) => !asked.has(id))]
}

/** What each row does, before groups are looked at; null where each adds. INVALID for a delete that is not provided for. */
function rowActions(
  { length, keyCount, starts, kinds, isLone, hasRetracts }: KeyedRows,
  rules: DeleteRules,
): Uint8Array | null {
  if (!hasRetracts && !(rules.hasGroups && isLone.includes(1))) return null
  const actions = new Uint8Array(length).fill(ADDED)
  for (let key = 0; key < keyCount; key++) {
    const from = starts[key]!
    if (isLone[key] === 1) actions[from] = SET_ROW
    else
      for (let i = from; i < starts[key + 1]!; i++)
        if (isRetract(kinds[i]!)) actions[i] = retraction(kinds[i]!, i === from, rules)
  }
  return actions
}

function retraction(
  kind: number,
  isFirst: boolean,
  { ignores, removes, hasGroups }: DeleteRules,
): number {
  if (ignores) return isFirst ? SET_ROW : IGNORED
  if (hasGroups) return isFirst ? SET_FIRST : RETRACTED
  if (!removes)
    throw invalid('partial-update cannot merge rows of kind -D and -U', {
      hint: 'set ignore-delete or partial-update.remove-record-on-delete, or define sequence groups',
    })
  return isFirst || kind === DELETE ? SET_ROW : IGNORED
}

/** Kinds as far as they follow without groups: a key is deleted by its last row, or while no row was inserted. */
function kindsOf(
  { keyCount, starts, kinds, isLone }: KeyedRows,
  actions: Uint8Array | null,
  { removes }: DeleteRules,
): Int8Array {
  const merged = new Int8Array(keyCount).fill(INSERT)
  for (let key = 0; key < keyCount; key++) {
    const from = starts[key]!
    const to = starts[key + 1]!
    if (isLone[key] === 1) merged[key] = kinds[from]!
    else if (actions !== null) {
      const isRemoved = removes && kinds[to - 1] === DELETE
      if (isRemoved || !anyAdds(kinds, from, to)) merged[key] = DELETE
    }
  }
  return merged
}

function anyAdds(kinds: Int8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (isAdd(kinds[i]!)) return true
  return false
}
