/** Which bucket a row belongs to, from its bucket key: the option `bucket-function.type`. */
import { invalid, unsupported } from '../util/errors.ts'
import { type Column, type FixedColumn, isPresent } from './column.ts'
import type { DataField, DataType } from './data-type.ts'
import { rowHashes } from './row-writer.ts'
import { typeText } from './type-text.ts'

/**
 * The bucket, from 0 to `bucketCount - 1`, of each of the first `length` rows. The columns are those of the bucket key,
 * in its order.
 */
export type BucketFunction = (
  columns: readonly Column[],
  length: number,
  bucketCount: number,
) => Int32Array

export type BucketFunctionName = 'default' | 'mod' | 'hive'

/**
 * The bucket function of a table. `default` takes the hash of the key's BinaryRow; `mod` takes a single INT or BIGINT
 * modulo the number of buckets, never negative. Throws UNSUPPORTED for `hive` and INVALID for a key that does not fit.
 * Follows the Java classes `DefaultBucketFunction` and `ModBucketFunction`.
 */
export function bucketFunction(
  name: BucketFunctionName,
  key: readonly DataField[],
): BucketFunction {
  const types = key.map((field) => field.type)
  switch (name) {
    case 'default':
      return (columns, length, bucketCount) => {
        const buckets = rowHashes(types, columns, length)
        for (let row = 0; row < length; row++)
          buckets[row] = bucketOfHash(buckets[row]!, bucketCount)
        return buckets
      }
    case 'mod':
      return modFunction(types)
    default:
      throw unsupported(`the bucket function "${name}" is not supported`, {
        hint: 'tables with bucket-function.type default or mod can be written',
      })
  }
}

/** The bucket that a key's hash falls into. */
function bucketOfHash(hash: number, bucketCount: number): number {
  return Math.abs(hash % bucketCount)
}

function modFunction(types: readonly DataType[]): BucketFunction {
  const [type] = types
  if (types.length !== 1 || type === undefined || (type.kind !== 'INT' && type.kind !== 'BIGINT'))
    throw invalid(
      `the bucket function "mod" needs one bucket key of type INT or BIGINT, not (${types.map(typeText).join(', ')})`,
      { hint: 'set another bucket-key, or bucket-function.type = default' },
    )
  return (columns, length, bucketCount) => {
    const column = columns[0] as FixedColumn
    const { values } = column
    const buckets = new Int32Array(length)
    // A null counts as 0, as the empty slot of its BinaryRow does in Java.
    for (let row = 0; row < length; row++)
      if (isPresent(column, row)) buckets[row] = floorMod(values[row]!, bucketCount)
    return buckets
  }
}

function floorMod(value: number | bigint, divisor: number): number {
  const rest = typeof value === 'number' ? value % divisor : Number(value % BigInt(divisor))
  return rest < 0 ? rest + divisor : rest
}
