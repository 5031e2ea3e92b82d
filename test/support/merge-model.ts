/** What merging the rows of a key gives under each merge engine, written plainly, a row at a time, from the documentation. */
import { keyValueLayout } from '../../src/lsm/key-value.ts'
import { type ValueAggregate, valueAggregate } from '../../src/lsm/merge/value-aggregates.ts'
import type { DataField } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import { type TableOptionValues, tableOptions } from '../../src/types/options.ts'
import { DELETE, INSERT, isAdd, isRetract } from '../../src/types/row-kind.ts'
import type { TableSchema } from '../../src/types/schema-file.ts'
import { inKeyOrder, type KeyValueRow } from './memory-runs.ts'
import { compareRows } from './row-order.ts'

/** A row of a file of a level. */
export interface LeveledRow extends KeyValueRow {
  readonly level: number
}

export interface MergedRow {
  readonly row: readonly InternalValue[]
  readonly kind: number
}

/** The row of each key in the order of the keys, deleted ones too. */
export function mergedByModel(schema: TableSchema, rows: readonly LeveledRow[]): MergedRow[] {
  const engine = engineModel(schema, tableOptions(schema.options))
  return groupsOf(schema, rows).flatMap((group) => {
    if (group.length === 1) return [{ row: group[0]!.row, kind: group[0]!.kind }]
    const counted = keyValueLayout(schema).looksUp ? withoutLowerLevels(schema, group) : group
    const merged = engine(counted)
    return merged === null ? [] : [{ row: merged.row.map(withoutBuffers), kind: merged.kind }]
  })
}

export function withoutBuffers(value: InternalValue): InternalValue {
  return value instanceof Uint8Array ? new Uint8Array(value) : value
}

type EngineModel = (rows: readonly LeveledRow[]) => MergedRow | null

/** The rows of each key, by sequence field and sequence number. */
export function groupsOf(schema: TableSchema, rows: readonly LeveledRow[]): LeveledRow[][] {
  const { keys, sequence, sequenceDescending } = keyValueLayout(schema)
  const cells = (fields: readonly DataField[], { row }: KeyValueRow) =>
    fields.map(({ id }) => row[schema.fields.findIndex((field) => field.id === id)]!)
  const order = sequence.map(({ type }) => ({ type, descending: sequenceDescending }))
  const groups: LeveledRow[][] = []
  for (const each of inKeyOrder(schema, rows) as LeveledRow[]) {
    const group = groups.at(-1)
    if (group && compareRows(keys, cells(keys, group[0]!), cells(keys, each)) === 0)
      group.push(each)
    else groups.push([each])
  }
  return groups.map((group) =>
    group.toSorted(
      (a, b) =>
        compareRows(order, cells(sequence, a), cells(sequence, b)) || Number(a.number - b.number),
    ),
  )
}

/** Above level 0, a row holds what lies below it. */
function withoutLowerLevels(schema: TableSchema, rows: readonly LeveledRow[]): LeveledRow[] {
  if (schema.options['merge-engine'] === 'first-row') return [...rows]
  const upper = rows.map(({ level }) => level).filter((level) => level > 0)
  return rows.filter(({ level }) => level === 0 || level === Math.min(...upper))
}

export function engineModel(schema: TableSchema, options: TableOptionValues): EngineModel {
  const ignoresDelete = options.get('ignore-delete')
  const counted = (rows: readonly LeveledRow[]) =>
    ignoresDelete ? rows.filter(({ kind }) => isAdd(kind)) : rows
  switch (options.get('merge-engine')) {
    case 'deduplicate':
      return (rows) => counted(rows).at(-1) ?? null
    case 'first-row':
      return (rows) => counted(rows)[0] ?? null
    case 'aggregation':
      return aggregationModel(schema, options)
    default:
      return partialUpdateModel(schema, options)
  }
}

function aggregationModel(schema: TableSchema, options: TableOptionValues): EngineModel {
  const aggregates = schema.fields.map((field) => {
    const name = options.get('sequence.field')?.includes(field.name)
      ? 'last_value'
      : schema.primaryKeys.includes(field.name)
        ? 'primary-key'
        : (options.field(field.name, 'aggregate-function') ??
          options.get('fields.default-aggregate-function') ??
          'last_non_null_value')
    return valueAggregate(name, field, options)
  })
  return (rows) => {
    let values: readonly InternalValue[] = schema.fields.map(() => null)
    for (const each of aggregates) each.reset()
    let isDeleted = false
    for (const { row, kind } of rows) {
      isDeleted = kind === DELETE && options.get('aggregation.remove-record-on-delete')
      values = isDeleted
        ? row
        : values.map((value, i) =>
            isRetract(kind)
              ? aggregates[i]!.retract(value, row[i]!)
              : aggregates[i]!.agg(value, row[i]!),
          )
    }
    return { row: values, kind: isDeleted ? DELETE : INSERT }
  }
}

interface Group {
  readonly sequence: readonly number[]
  readonly members: readonly number[]
  readonly removes: boolean
}

function groupsOfOptions(schema: TableSchema, options: TableOptionValues): Group[] {
  const removal = options.get('partial-update.remove-record-on-sequence-group')?.split(',') ?? []
  const positions = (names: string) =>
    names.split(',').map((name) => schema.fields.findIndex((field) => field.name === name))
  return Object.entries(schema.options).flatMap(([option, members]) => {
    const names = /^fields\.(.*)\.sequence-group$/.exec(option)?.[1]
    if (names === undefined) return []
    return [
      {
        sequence: positions(names),
        members: positions(members),
        removes: names.split(',').some((name) => removal.includes(name)),
      },
    ]
  })
}

function partialUpdateModel(schema: TableSchema, options: TableOptionValues): EngineModel {
  const groups = groupsOfOptions(schema, options)
  const aggregates = schema.fields.map((field): ValueAggregate | null => {
    const name =
      options.field(field.name, 'aggregate-function') ??
      options.get('fields.default-aggregate-function')
    const isKey = schema.primaryKeys.includes(field.name)
    return name === undefined || isKey ? null : valueAggregate(name, field, options)
  })
  return (rows) => {
    for (const each of aggregates) each?.reset()
    return new PartialUpdate(schema, options, groups, aggregates).merge(rows)
  }
}

class PartialUpdate {
  readonly #schema: TableSchema
  readonly #options: TableOptionValues
  readonly #groups: readonly Group[]
  readonly #aggregates: readonly (ValueAggregate | null)[]
  #values: InternalValue[]
  #isDeleted = false

  constructor(
    schema: TableSchema,
    options: TableOptionValues,
    groups: readonly Group[],
    aggregates: readonly (ValueAggregate | null)[],
  ) {
    this.#schema = schema
    this.#options = options
    this.#groups = groups
    this.#aggregates = aggregates
    this.#values = schema.fields.map(() => null)
  }

  merge(rows: readonly LeveledRow[]): MergedRow {
    for (const [i, { row, kind }] of rows.entries()) {
      this.#isDeleted = false
      if (isAdd(kind)) this.#add(row)
      else {
        if (i === 0) this.#values = [...row]
        if (!this.#options.get('ignore-delete')) this.#takeBack(row, kind)
      }
    }
    const isKept = !this.#isDeleted && rows.some(({ kind }) => isAdd(kind))
    return { row: this.#values, kind: isKept ? INSERT : DELETE }
  }

  #add(row: readonly InternalValue[]): void {
    const before = [...this.#values]
    for (const i of this.#schema.fields.keys()) {
      const group = this.#groups.find((each) => [...each.sequence, ...each.members].includes(i))
      const [value, aggregate] = [row[i]!, this.#aggregates[i] ?? null]
      if (group === undefined) this.#values[i] = value ?? before[i]!
      else if (!isEmpty(group, row)) {
        const isNewer = this.#isNewer(group, row, before)
        if (group.sequence.includes(i)) this.#values[i] = isNewer ? value : before[i]!
        else if (aggregate === null) this.#values[i] = isNewer ? value : before[i]!
        else if (isNewer) this.#values[i] = aggregate.agg(before[i]!, value)
        else this.#values[i] = aggregate.aggReversed(before[i]!, value)
      }
    }
  }

  #takeBack(row: readonly InternalValue[], kind: number): void {
    if (this.#groups.length === 0) {
      if (!this.#options.get('partial-update.remove-record-on-delete'))
        throw new Error('deletes are not provided for')
      if (kind === DELETE) this.#remove(row)
      return
    }
    const before = [...this.#values]
    const winning = (group: Group) => !isEmpty(group, row) && this.#isNewer(group, row, before)
    if (kind === DELETE && this.#groups.some((group) => group.removes && winning(group))) {
      this.#remove(row)
      return
    }
    for (const group of this.#groups) {
      if (isEmpty(group, row)) continue
      const isNewer = this.#isNewer(group, row, before)
      if (isNewer) for (const i of group.sequence) this.#values[i] = row[i]!
      for (const i of group.members) {
        const aggregate = this.#aggregates[i] ?? null
        if (aggregate !== null) this.#values[i] = aggregate.retract(before[i]!, row[i]!)
        else if (isNewer) this.#values[i] = null
      }
    }
  }

  #remove(row: readonly InternalValue[]): void {
    this.#values = [...row]
    this.#isDeleted = true
  }

  #isNewer(
    { sequence }: Group,
    row: readonly InternalValue[],
    before: readonly InternalValue[],
  ): boolean {
    const order = sequence.map((i) => ({ type: this.#schema.fields[i]!.type }))
    const cells = (of: readonly InternalValue[]) => sequence.map((i) => of[i]!)
    return compareRows(order, cells(row), cells(before)) >= 0
  }
}

function isEmpty({ sequence }: Group, row: readonly InternalValue[]): boolean {
  return sequence.every((i) => row[i] === null)
}
