/** Partitions between Paimon's rows of bytes and the columns of Iceberg's manifests, and what a list says of them. */
import { longs } from '../snapshot/metadata-columns.ts'
import type { StructBuilder } from '../types/column-builder.ts'
import { type Column, isPresent } from '../types/column.ts'
import type { DataField } from '../types/data-type.ts'
import { appendValue, cellValue, type InternalValue } from '../types/internal-value.ts'
import { decodePartition, encodePartition } from '../types/partition.ts'
import { compareValues, type ScalarValue } from '../types/predicate-literal.ts'
import { corrupt, unsupported } from '../util/errors.ts'
import type { PartitionSummary } from './entry.ts'
import { singleValue } from './metrics.ts'

/** Paimon's partition keys, and the fields that they are in Iceberg. */
export interface PartitionForm {
  readonly keys: readonly DataField[]
  readonly fields: readonly DataField[]
}

/**
 * Appends the partition of Paimon's bytes. CORRUPT when they are no row of the keys, UNSUPPORTED for a time whose microseconds do
 * not fit in 64 bits.
 */
export function appendPartition(
  { keys, fields }: PartitionForm,
  partition: Uint8Array,
  builder: StructBuilder,
): void {
  const values = decodePartition(keys, partition)
  for (const [i, { type }] of keys.entries()) {
    const value = values[i]!
    const isScaled = isMillis(type) && value !== null
    appendValue(builder.children[i]!, fields[i]!.type, isScaled ? toMicros(value as bigint) : value)
  }
  builder.endRow()
}

function toMicros(millis: bigint): bigint {
  const micros = millis * 1000n
  if (BigInt.asIntN(64, micros) === micros) return micros
  throw unsupported(`the partition of the time ${millis} ms is beyond the times that Iceberg has`)
}

/** CORRUPT where a time has more digits of a second than its partition key. */
export function checkPartitions({ keys }: PartitionForm, columns: readonly Column[]): void {
  for (const [i, { name, type }] of keys.entries())
    if (isMillis(type))
      for (const micros of longs(columns[i]!))
        if (micros % 1000n !== 0n)
          throw corrupt(`the partition key ${name} has more digits of a second than its type`)
}

/** The partition of a row as Paimon's manifests have it. */
export function partitionBytes(
  { keys, fields }: PartitionForm,
  columns: readonly Column[],
  row: number,
): Uint8Array {
  const values = keys.map(({ type }, i): InternalValue => {
    const value = cellValue(columns[i]!, fields[i]!.type, row)
    return isMillis(type) && value !== null ? (value as bigint) / 1000n : value
  })
  return encodePartition(keys, values)
}

const isMillis = (type: DataField['type']): boolean =>
  (type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ') && type.precision <= 3

/** Gathers the summaries of the partitions that the rows of a manifest are of. */
export class PartitionSummaries {
  readonly #fields: readonly DataField[]
  readonly #summaries: { hasNull: boolean; hasNan: boolean; min: Bound; max: Bound }[]

  constructor(fields: readonly DataField[]) {
    this.#fields = fields
    this.#summaries = fields.map(() => ({ hasNull: false, hasNan: false, min: null, max: null }))
  }

  /** Adds the partition of a row, by the columns of the fields. */
  add(columns: readonly Column[], row: number): void {
    for (const [i, summary] of this.#summaries.entries()) {
      const column = columns[i]!
      if (!isPresent(column, row)) {
        summary.hasNull = true
        continue
      }
      const value = cellValue(column, this.#fields[i]!.type, row) as ScalarValue
      if (Number.isNaN(value)) {
        summary.hasNan = true
        continue
      }
      if (summary.min === null || compareValues(value, summary.min) < 0) summary.min = value
      if (summary.max === null || compareValues(value, summary.max) > 0) summary.max = value
    }
  }

  finish(): PartitionSummary[] {
    return this.#summaries.map(({ hasNull, hasNan, min, max }, i) => {
      const { type } = this.#fields[i]!
      return {
        containsNull: hasNull,
        // Of other types than numbers with a fraction too: Java's Paimon reads no list that does not say it.
        containsNan: hasNan,
        lowerBound: min === null ? null : singleValue(type, min),
        upperBound: max === null ? null : singleValue(type, max),
      }
    })
  }
}

type Bound = ScalarValue | null
