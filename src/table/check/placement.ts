/** Checks that rows lie in the partition and bucket that their values say. */
import { type BucketFunction, bucketFunction } from '../../types/bucket-function.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import type { InternalValue } from '../../types/internal-value.ts'
import { tableOptions } from '../../types/options.ts'
import type { BoundNode } from '../../types/predicate-bind.ts'
import type { ScalarValue } from '../../types/predicate-literal.ts'
import { selectRows } from '../../types/predicate-rows.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { bucketKeyFields } from '../../types/schema-keys.ts'

export interface Place {
  readonly partitionFields: readonly DataField[]
  readonly partition: readonly InternalValue[]
  readonly bucket: number
  readonly totalBuckets: number
}

/** Looks at a batch; what is wrong with it, or undefined. */
export type PlaceCheck = (batch: Batch) => string | undefined

/** The columns of the batches are `fields`; of a file that lacks some of the columns only the others are looked at. */
export function placeCheck(
  place: Place,
  schema: TableSchema,
  fields: readonly DataField[],
): PlaceCheck {
  const checks = [partitionCheck(place, fields), bucketCheck(place, schema, fields)]
  return (batch) => {
    for (const check of checks) {
      const problem = check(batch)
      if (problem !== undefined) return problem
    }
    return undefined
  }
}

function indexOf(fields: readonly DataField[], { id }: DataField): number {
  return fields.findIndex((field) => field.id === id)
}

function partitionCheck(
  { partitionFields, partition }: Place,
  fields: readonly DataField[],
): PlaceCheck {
  const outside = partitionFields.map((field, i): [string, BoundNode] => {
    const column = indexOf(fields, field)
    return [field.name, column < 0 ? { op: 'none' } : otherThan(column, partition[i] ?? null)]
  })
  return (batch) => {
    for (const [name, root] of outside) {
      if (root.op === 'none') continue
      const rows = selectRows({ fields: [], root }, batch)
      if (rows === null || rows.length > 0) return `has rows of another partition, by ${name}`
    }
    return undefined
  }
}

function otherThan(column: number, value: InternalValue): BoundNode {
  if (value === null) return { op: 'isNotNull', column }
  const scalar = value as ScalarValue
  return {
    op: 'or',
    children: [
      { op: 'isNull', column },
      { op: 'range', column, low: scalar, high: scalar, highOpen: false, negated: true },
    ],
  }
}

function bucketCheck(
  { bucket, totalBuckets }: Place,
  schema: TableSchema,
  fields: readonly DataField[],
): PlaceCheck {
  const keys = bucketKeyFields(schema)
  const indexes = keys.map((key) => indexOf(fields, key))
  // Buckets that are not counted are not computed from the row.
  if (totalBuckets <= 0 || bucket < 0 || keys.length === 0 || indexes.includes(-1))
    return () => undefined
  const name = tableOptions(schema.options).get('bucket-function.type')
  const bucketOf: BucketFunction = bucketFunction(name, keys)
  return ({ columns, length }) => {
    const buckets = bucketOf(
      indexes.map((index) => columns[index]!),
      length,
      totalBuckets,
    )
    const row = buckets.findIndex((each) => each !== bucket)
    return row < 0 ? undefined : `has rows of bucket ${buckets[row]} in bucket ${bucket}`
  }
}
