/** Merges columns by their functions: the values of chosen rows are gathered, sums are computed, the rest is folded. */
import { type Column, countNulls, type FixedColumn, type FixedValues } from '../../types/column.ts'
import type { DataField, DataType } from '../../types/data-type.ts'
import type { TableOptionValues } from '../../types/options.ts'
import { type Picks, picksOf } from '../gather-prefixed.ts'
import { gatherColumn } from '../gather.ts'
import { extremeByKey, fixedExtreme } from './extremes.ts'
import {
  type FlatMemory,
  type FlatRows,
  flatRows,
  flatValidity,
  flatValues,
  gatherBits,
  gatherFlat,
} from './flat-columns.ts'
import type { KeyedRows } from './keyed-rows.ts'
import { hasRetracts, type Operations, withoutRetracts } from './operations.ts'
import { pickFirst, pickLast, pickLastNonNull, type PickedRow, type PickRule } from './picks.ts'
import { lastPresent, plainExtremes } from './plain-folds.ts'
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

/** Picked rows. */
interface Chosen {
  readonly picked: PickedRow
  /** Where the values lie in flat columns; -1 for null. */
  readonly places: Int32Array
  sources?: ChosenSources
}

/** The same rows as sources of a gather; any row of the key where the value is null. */
interface ChosenSources {
  readonly runOf: Uint16Array
  readonly rows: Uint32Array
  readonly prefixed: Picks | null
}

/** The columns of one batch of merged keys. What columns have in common is worked out once. */
export class ColumnMerge {
  readonly #rows: FlatRows
  readonly #memory: FlatMemory
  readonly #chosen = new Map<Operations, Map<PickRule, Chosen>>()

  /** `lengths` are the rows of each source. */
  constructor(keyed: KeyedRows, lengths: readonly number[], memory: FlatMemory) {
    this.#rows = flatRows(keyed, lengths)
    this.#memory = memory
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
          ? this.#sum(field.type, steps, columns as readonly FixedColumn[])
          : this.#pick(field.type, rule, steps, columns)
    return merged ?? foldValues(field.type, aggregate!, this.#rows, operations, columns)
  }

  #sum(type: DataType, steps: Operations, columns: readonly FixedColumn[]): Column | null {
    const values = flatValues(columns, this.#memory)
    const sums = sumRows(type, this.#rows, steps, values, flatValidity(columns, this.#memory))
    return sums !== null && countNulls(sums) === 0 ? { ...sums, validity: null } : sums
  }

  /** Null where something is taken back of what the rule cannot give back. */
  #pick(
    type: DataType,
    rule: PickRule,
    steps: Operations,
    columns: readonly Column[],
  ): Column | null {
    const isFixed = columns.every((column) => column.layout === 'fixed')
    const values = isFixed ? flatValues(columns, this.#memory) : null
    const validity = flatValidity(columns, this.#memory)
    const isExtreme = rule === 'greatest' || rule === 'least'
    if (isExtreme && isNarrow(values) && validity === null && steps === null) {
      const extremes = plainExtremes(this.#rows, values, rule === 'greatest')
      return { layout: 'fixed', length: extremes.length, validity: null, values: extremes }
    }
    if (rule === 'last-non-null' && steps === null && values !== null && validity !== null) {
      const { flats } = this.#rows.inTurn()
      const places = this.#memory.places(this.#rows.keyCount)
      lastPresent(this.#rows, columns, validity, flats, places)
      return gatherFlat(values, null, places, strideOf(type))
    }
    const chosen = this.#choose(type, rule, steps, columns, { values, validity })
    if (chosen === null) return null
    return values === null
      ? this.#gather(chosen, columns, validity)
      : gatherFlat(values, validity, chosen.places, strideOf(type))
  }

  #choose(
    type: DataType,
    rule: PickRule,
    steps: Operations,
    columns: readonly Column[],
    flat: FlatColumn,
  ): Chosen | null {
    const isShared = isSharable(rule, flat.validity)
    const known = isShared ? this.#chosen.get(steps)?.get(rule) : undefined
    if (known !== undefined) return known
    const picked = pickRows(type, rule, this.#rows, steps, columns, flat)
    if (picked === null) return null
    const chosen = this.#located(picked)
    if (isShared) {
      const rules = this.#chosen.get(steps) ?? new Map<PickRule, Chosen>()
      this.#chosen.set(steps, rules.set(rule, chosen))
    }
    return chosen
  }

  #located(picked: PickedRow): Chosen {
    const { flat } = this.#rows
    const places = new Int32Array(picked.length)
    for (let key = 0; key < picked.length; key++) {
      const i = picked[key]!
      places[key] = i < 0 ? -1 : flat[i]!
    }
    return { picked, places }
  }

  #gather(chosen: Chosen, columns: readonly Column[], validity: Uint8Array | null): Column {
    chosen.sources ??= this.#sourcesOf(chosen.picked, columns)
    const { runOf, rows, prefixed } = chosen.sources
    // What is there is known already, so the columns need not say it.
    const sources = columns.map((column) =>
      column.validity === null ? column : { ...column, validity: null },
    )
    const source = { columns: sources, sourceOf: runOf, rows, length: rows.length }
    const gathered = gatherColumn(source, prefixed)
    const bits = gatherBits(validity, chosen.places)
    return bits === null ? gathered : { ...gathered, validity: bits }
  }

  #sourcesOf(picked: PickedRow, columns: readonly Column[]): ChosenSources {
    const { runOf, rows, starts } = this.#rows
    const chosenRuns = new Uint16Array(picked.length)
    const chosenRows = new Uint32Array(picked.length)
    for (let key = 0; key < picked.length; key++) {
      const i = picked[key]! < 0 ? starts[key]! : picked[key]!
      chosenRuns[key] = runOf[i]!
      chosenRows[key] = rows[i]!
    }
    const lengths = columns.map(({ length }) => length)
    const isOfBytes = columns[0]!.layout === 'bytes'
    const prefixed = isOfBytes ? picksOf(chosenRuns, chosenRows, lengths) : null
    return { runOf: chosenRuns, rows: chosenRows, prefixed }
  }
}

/** The columns of all sources as one: `values` of fixed width, else null. */
interface FlatColumn {
  readonly values: FixedValues | null
  readonly validity: Uint8Array | null
}

/** Whether the rule gives the same rows for other columns, whose values are others. */
function isSharable(rule: PickRule, validity: Uint8Array | null): boolean {
  if (rule === 'last' || rule === 'key') return true
  return rule !== 'greatest' && rule !== 'least' && validity === null
}

function isNarrow(values: FixedValues | null): values is Exclude<FixedValues, BigInt64Array> {
  return values !== null && !(values instanceof BigInt64Array)
}

function strideOf({ kind }: DataType): 1 | 2 {
  return kind === 'DECIMAL' ? 2 : 1
}

function pickRows(
  type: DataType,
  rule: PickRule,
  rows: FlatRows,
  steps: Operations,
  columns: readonly Column[],
  { values, validity }: FlatColumn,
): PickedRow | null {
  switch (rule) {
    case 'last':
    case 'key':
      return pickLast(rows, steps, rule === 'key')
    case 'last-non-null':
      return pickLastNonNull(rows, steps, columns, validity)
    case 'first':
    case 'first-non-null':
      if (hasRetracts(steps)) return null
      return pickFirst(rows, steps, rule === 'first-non-null', validity)
    default: {
      if (hasRetracts(steps)) return null
      const greatest = rule === 'greatest'
      return values === null
        ? extremeByKey(type, rows, steps, columns, validity, greatest)
        : fixedExtreme(rows, steps, values, validity, strideOf(type), greatest)
    }
  }
}
