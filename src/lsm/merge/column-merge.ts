/** Merges columns by their functions: the values of chosen rows are gathered, sums are computed, the rest is folded. */
import type { Column, FixedColumn } from '../../types/column.ts'
import { countNulls } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import type { TableOptionValues } from '../../types/options.ts'
import { setBits } from '../../util/bits.ts'
import { type Picks, picksOf } from '../gather-prefixed.ts'
import { gatherColumn } from '../gather.ts'
import type { KeyedRows } from './keyed-rows.ts'
import { hasRetracts, type Operations, withoutRetracts } from './operations.ts'
import { isSharable, type PickRule, type PickedRow, pickRows } from './picks.ts'
import { sumRows } from './sums.ts'
import { type ValueAggregate, valueAggregate } from './value-aggregates.ts'
import { foldValues } from './value-fold.ts'

/** How the rows of a key become one value of a column. */
export interface ColumnFunction {
  readonly field: DataField
  readonly rule: PickRule | 'sum' | 'fold'
  /** What the function does to single values; null for columns that only ever take the value of a row. */
  readonly aggregate: ValueAggregate | null
  readonly ignoresRetract: boolean
}

/** A column whose value is that of a row, chosen by the rule. */
export function pickFunction(field: DataField, rule: 'last' | 'last-non-null'): ColumnFunction {
  return { field, rule, aggregate: null, ignoresRetract: false }
}

/** The aggregate function of the name; see {@link valueAggregate} for what it throws. */
export function aggregateFunction(
  name: string,
  field: DataField,
  options: TableOptionValues,
): ColumnFunction {
  const aggregate = valueAggregate(name, field, options)
  const rule = Object.hasOwn(RULES, name) ? RULES[name]! : 'fold'
  const ignoresRetract = options.field(field.name, 'ignore-retract')
  // The greatest of values without an order is an error where two of them meet.
  const isFolded = (name === 'max' || name === 'min') && !hasOrder(field)
  return { field, rule: isFolded ? 'fold' : rule, aggregate, ignoresRetract }
}

const RULES: Readonly<Record<string, ColumnFunction['rule']>> = {
  sum: 'sum',
  max: 'greatest',
  min: 'least',
  bool_or: 'greatest',
  bool_and: 'least',
  last_value: 'last',
  last_non_null_value: 'last-non-null',
  first_value: 'first',
  first_non_null_value: 'first-non-null',
  first_not_null_value: 'first-non-null',
  'primary-key': 'key',
}

/** Whether Java compares values of the type; truth values it does not. */
function hasOrder({ type }: DataField): boolean {
  switch (type.kind) {
    case 'BOOLEAN':
    case 'ARRAY':
    case 'MAP':
    case 'MULTISET':
    case 'ROW':
    case 'VECTOR':
    case 'VARIANT':
    case 'BLOB':
      return false
    default:
      return true
  }
}

/** Picked rows as sources of a gather. */
interface Chosen {
  readonly runOf: Uint16Array
  readonly rows: Uint32Array
  /** Keys whose value is null whatever the row has; null without any. */
  readonly nulls: Uint8Array | null
  prefixed?: Picks | null
}

/** The columns of one batch of merged keys. What columns have in common is worked out once. */
export class ColumnMerge {
  readonly #keyed: KeyedRows
  readonly #chosen = new Map<Operations, Map<PickRule, Chosen>>()

  constructor(keyed: KeyedRows) {
    this.#keyed = keyed
  }

  /** The column of the keys' values; `columns` has the column of each source of the rows. */
  merge(
    { field, rule, aggregate, ignoresRetract }: ColumnFunction,
    operations: Operations,
    columns: readonly Column[],
  ): Column {
    const steps =
      ignoresRetract && hasRetracts(operations) ? withoutRetracts(operations) : operations
    const merged =
      rule === 'fold'
        ? null
        : rule === 'sum'
          ? this.#sum(field, steps, columns)
          : this.#pick(field, rule, steps, columns)
    return merged ?? foldValues(field.type, aggregate!, this.#keyed, operations, columns)
  }

  #sum(field: DataField, steps: Operations, columns: readonly Column[]): Column | null {
    const { runOf, rows, length } = this.#keyed
    const values = gatherColumn({ columns, sourceOf: runOf, rows, length }) as FixedColumn
    const sums = sumRows(field.type, this.#keyed, steps, values)
    return sums !== null && countNulls(sums) === 0 ? { ...sums, validity: null } : sums
  }

  #pick(
    { type }: DataField,
    rule: PickRule,
    steps: Operations,
    columns: readonly Column[],
  ): Column | null {
    const isShared = isSharable(rule) && columns.every(({ validity }) => validity === null)
    const known = isShared ? this.#chosen.get(steps)?.get(rule) : undefined
    const chosen = known ?? this.#choose(pickRows(rule, type, this.#keyed, steps, columns))
    if (chosen === null) return null
    if (isShared && known === undefined) {
      const rules = this.#chosen.get(steps) ?? new Map<PickRule, Chosen>()
      this.#chosen.set(steps, rules.set(rule, chosen))
    }
    return gatherChosen(chosen, columns)
  }

  #choose(picked: PickedRow | null): Chosen | null {
    if (picked === null) return null
    const { runOf, rows, starts } = this.#keyed
    const length = picked.length
    const chosenRuns = new Uint16Array(length)
    const chosenRows = new Uint32Array(length)
    let nulls: Uint8Array | null = null
    for (let key = 0; key < length; key++) {
      let i = picked[key]!
      if (i < 0) {
        nulls ??= new Uint8Array(length)
        nulls[key] = 1
        i = starts[key]!
      }
      chosenRuns[key] = runOf[i]!
      chosenRows[key] = rows[i]!
    }
    return { runOf: chosenRuns, rows: chosenRows, nulls }
  }
}

function gatherChosen(chosen: Chosen, columns: readonly Column[]): Column {
  const { runOf, rows, nulls } = chosen
  if (columns[0]!.layout === 'bytes' && chosen.prefixed === undefined) {
    const lengths = columns.map(({ length }) => length)
    chosen.prefixed = picksOf(runOf, rows, lengths)
  }
  const source = { columns, sourceOf: runOf, rows, length: rows.length }
  const column = gatherColumn(source, chosen.prefixed ?? null)
  return nulls === null ? column : withNulls(column, nulls)
}

/** The column with nulls where they are marked. */
function withNulls(column: Column, nulls: Uint8Array): Column {
  const validity = column.validity?.slice() ?? allSet(column.length)
  for (let i = 0; i < nulls.length; i++) if (nulls[i] === 1) validity[i >> 3]! &= ~(1 << (i & 7))
  return { ...column, validity }
}

function allSet(length: number): Uint8Array {
  const bits = new Uint8Array((length + 7) >> 3)
  setBits(bits, 0, length)
  return bits
}
