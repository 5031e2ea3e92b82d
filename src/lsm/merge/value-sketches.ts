/** Aggregate functions over stored sketches and bitmaps: theta_sketch, hll_sketch, rbm32 and rbm64. */
import { decodeBitmap, encodeBitmap, union, withRuns } from '../../indexes/roaring.ts'
import { decodeBitmap64, encodeBitmap64, union64 } from '../../indexes/roaring64.ts'
import { corrupt } from '../../util/errors.ts'
import { unionHllSketches } from './hll-sketch.ts'
import { unionThetaSketches } from './theta-sketch.ts'
import { type MergeOfColumn, unlessNull, wrongType } from './value-merge.ts'

/** The union of theta sketches of Apache DataSketches. */
export const thetaSketch = unionOf('theta_sketch', unionThetaSketches)

/** The union of HLL sketches of Apache DataSketches. */
export const hllSketch = unionOf('hll_sketch', unionHllSketches)

/** The union of Roaring bitmaps of 32-bit integers. */
export const rbm32 = unionOf('rbm32', (a, b) =>
  encodeBitmap(withRuns(union(decodeBitmap(a).bitmap, decodeBitmap(b).bitmap))),
)

/** The union of bitmaps of 64-bit integers, as the Java class `Roaring64Bitmap` stores them. */
export const rbm64 = unionOf('rbm64', (a, b) =>
  encodeBitmap64(union64(decodeBitmap64(a), decodeBitmap64(b))),
)

/** Bytes that are merged into bytes. What cannot be decoded is CORRUPT, naming the column. */
function unionOf(name: string, merge: (a: Uint8Array, b: Uint8Array) => Uint8Array): MergeOfColumn {
  return (field) => {
    if (field.type.kind !== 'VARBINARY') throw wrongType(name, field, 'VARBINARY')
    return {
      agg: unlessNull((acc, input) => {
        try {
          return merge(acc as Uint8Array, input as Uint8Array)
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error)
          throw corrupt(`column "${field.name}": ${reason}`, {
            cause: error,
            hint: `${name} merges only values that were stored as such by a tool of the same format`,
          })
        }
      }),
    }
  }
}
