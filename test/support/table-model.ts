/**
 * What a table has to hold, kept in a Map by the rules of Paimon's documentation: the judge of model and interop tests.
 *
 * Within one flush the last row of a key wins: by the sequence fields in ascending order whatever the table says, then
 * as it came; a key's only row passes whatever its kind. Between flushes the sequence fields count in the table's order,
 * nulls least in either, then the later flush wins. A key whose row retracts is hidden.
 */
import type { DataField, DataType } from '../../src/types/data-type.ts'
import type { InternalValue } from '../../src/types/internal-value.ts'
import { jsonReader } from '../../src/types/json-value.ts'
import { canonicalRow } from './golden-expect.ts'
import { batchOf } from './random-columns.ts'
import type { RandomTable } from './random-tables.ts'

export interface KindedRow {
  readonly row: readonly InternalValue[]
  readonly kind: string
}

export interface ModelRow extends KindedRow {
  /** The row as canonical JSON. */
  readonly text: string
}

interface Entry extends ModelRow {
  readonly sequence: readonly InternalValue[]
}

export class TableModel {
  readonly #table: RandomTable
  readonly #keys: readonly number[]
  readonly #sequences: readonly number[]
  /** The winner of each key, also when it hides the key; rows of append tables have keys that count up. */
  #entries = new Map<string, Entry>()
  #appended = 0

  constructor(table: RandomTable) {
    this.#table = table
    const names = table.schema.fields.map(({ name }) => name)
    this.#keys = table.primaryKeys.map((name) => names.indexOf(name))
    this.#sequences = table.sequences.map((name) => names.indexOf(name))
  }

  /** Applies rows that were flushed together, in the order in which they came. */
  flush(rows: readonly KindedRow[]): void {
    const { keyed } = this.#table
    const taken = rows.filter(({ kind }) => !this.#isIgnored(kind))
    const texts = rowTexts(this.#table.schema.fields, taken)
    const winners = new Map<string, Entry>()
    for (const [i, { row, kind }] of taken.entries()) {
      const entry = { row, kind, text: texts[i]!, sequence: this.#sequences.map((at) => row[at]!) }
      const key = keyed ? keyText(this.#keys.map((at) => row[at]!)) : String(this.#appended++)
      const before = winners.get(key)
      if (before === undefined || compareAll(entry.sequence, before.sequence, false) >= 0)
        winners.set(key, entry)
    }
    const { sequenceDescending } = this.#table
    for (const [key, entry] of winners) {
      const before = this.#entries.get(key)
      const wins =
        before === undefined || compareAll(entry.sequence, before.sequence, sequenceDescending) >= 0
      if (wins) this.#entries.set(key, entry)
    }
  }

  #isIgnored(kind: string): boolean {
    const { ignoreDelete, ignoreUpdateBefore } = this.#table
    if (kind === '-U') return ignoreDelete || ignoreUpdateBefore
    return kind === '-D' && ignoreDelete
  }

  /** A full compaction forgets the keys that are hidden. */
  compact(): void {
    this.#entries = new Map([...this.#entries].filter(([, { kind }]) => !isRetract(kind)))
  }

  /** The rows that a read returns, in no order. */
  rows(): ModelRow[] {
    return [...this.#entries.values()].filter(({ kind }) => !isRetract(kind))
  }

  /** Their texts, sorted. */
  texts(): string[] {
    return this.rows()
      .map(({ text }) => text)
      .toSorted()
  }
}

/** Each row as canonical JSON. */
export function rowTexts(fields: readonly DataField[], rows: readonly KindedRow[]): string[] {
  const json = jsonReader(
    batchOf(
      fields,
      rows.map(({ row }) => row),
    ),
    fields,
  )
  return rows.map((_, i) => canonicalRow(json(i)))
}

const isRetract = (kind: string): boolean => kind.startsWith('-')

/** Tells keys apart as Java's BinaryRow does: 0 and -0 are two, NaN is one. */
function keyText(key: readonly InternalValue[]): string {
  return key
    .map((value) =>
      value instanceof Uint8Array
        ? Buffer.from(value).toString('hex')
        : Object.is(value, -0)
          ? '-0'
          : String(value),
    )
    .join('|')
}

function compareAll(
  a: readonly InternalValue[],
  b: readonly InternalValue[],
  descending: boolean,
): number {
  for (const [i, value] of a.entries()) {
    const other = b[i]!
    if (value === null || other === null) {
      if (value !== other) return value === null ? -1 : 1
      continue
    }
    const order = compareCells(value, other)
    if (order !== 0) return descending ? -order : order
  }
  return 0
}

/** The order of two values of a type without nesting, as in Java. */
export function compareCells(a: InternalValue, b: InternalValue): number {
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array)
  if (a! < b!) return -1
  if (a! > b!) return 1
  if (typeof a !== 'number') return 0
  return floatRank(a) - floatRank(b as number)
}

/** -0 is below 0, and NaN above all. */
function floatRank(value: number): number {
  if (Number.isNaN(value)) return 2
  return Object.is(value, -0) ? 0 : 1
}

/** Whether values of the type compare. */
export function isComparable({ kind }: DataType): boolean {
  return !['ARRAY', 'MAP', 'MULTISET', 'ROW', 'VECTOR', 'VARIANT', 'BLOB'].includes(kind)
}
