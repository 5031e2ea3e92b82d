/**
 * The sequence groups of a partial update: `fields.<columns>.sequence-group` names columns that are updated only by rows
 * that are not older in the columns of the option's name.
 */
import type { DataField } from '../../types/data-type.ts'
import type { TableOptionValues } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { fieldsNamed } from '../../types/schema-keys.ts'
import { invalid, unsupported } from '../../util/errors.ts'

export interface SequenceGroup {
  /** The columns by which rows are ordered, the first one first. */
  readonly sequence: readonly DataField[]
  readonly members: readonly DataField[]
  /** Whether a row of kind -D that is not older in the group removes its key. */
  readonly removes: boolean
}

const OPTION = /^fields\.(?<columns>.+)\.sequence-group$/

/** Throws INVALID for columns that are not there, or in several groups, and UNSUPPORTED for groups that share an order. */
export function sequenceGroups(schema: TableSchema, options: TableOptionValues): SequenceGroup[] {
  const removal = options.get('partial-update.remove-record-on-sequence-group')?.split(',') ?? []
  const groups = Object.entries(schema.options).flatMap(([name, value]): SequenceGroup[] => {
    const columns = OPTION.exec(name)?.groups?.['columns']
    if (columns === undefined) return []
    const sequence = fieldsNamed(schema, columns.split(','))
    const removes = sequence.some((field) => removal.includes(field.name))
    return [{ sequence, members: fieldsNamed(schema, value.split(',')), removes }]
  })
  checkMembers(groups)
  const names = groups.flatMap(({ sequence }) => sequence.map((field) => field.name))
  for (const name of removal)
    if (!names.includes(name))
      throw invalid(
        `partial-update.remove-record-on-sequence-group names "${name}", which orders no sequence group`,
        { hint: names.length === 0 ? 'there are no sequence groups' : `use ${names.join(', ')}` },
      )
  return groups
}

function checkMembers(groups: readonly SequenceGroup[]): void {
  const grouped = new Set<string>()
  for (const { members } of groups)
    for (const { name } of members) {
      if (grouped.has(name))
        throw invalid(`column "${name}" is in several sequence groups`, {
          hint: 'name it in one fields.<columns>.sequence-group only',
        })
      grouped.add(name)
    }
  const ordering = new Set<string>()
  for (const { sequence } of groups)
    for (const { name } of sequence) {
      // Which group wins there is left to the order of a hash map in Java.
      if (ordering.has(name) || grouped.has(name))
        throw unsupported(`column "${name}" orders a sequence group and belongs to another one`)
      ordering.add(name)
    }
}
