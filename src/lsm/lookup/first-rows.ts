/**
 * What a compaction of a first-row table writes: the first row of each key that the levels above do not have.
 *
 * Follows the Java class `FirstRowMergeFunctionWrapper`.
 */
import type { MergedStep, StepColumns } from '../step-merge.ts'
import type { LookedUpStep } from './looked-up-step.ts'
import type { StepOutput, StepRows } from './step-rows.ts'
import { gatherRows, takeRows } from './taken-rows.ts'

export function firstRows(
  merged: MergedStep,
  { older: { rangeOf }, isFound }: LookedUpStep,
  { count }: StepColumns,
  { writesRows, writesChanges }: StepOutput,
): StepRows {
  const { length, keys, kinds, runOf, rows, sources } = merged
  const chosen = Uint32Array.from(kinds.keys()).filter((i) => isFound?.[keys[i]!] !== 1)
  const columns = gatherRows(
    sources,
    count,
    {
      sourceOf: Uint16Array.from(chosen, (i) => runOf[i]!),
      rows: chosen.map((i) => rows[i]!),
      length: chosen.length,
    },
    true,
  )
  const take = (taken: Uint32Array) =>
    takeRows(
      [columns],
      null,
      taken,
      Int8Array.from(taken, (i) => kinds[chosen[i]!]!),
    )
  const all = Uint32Array.from(chosen.keys())
  // Rows of keys that have an older row in the compaction are not new.
  const fresh = all.filter((i) => rangeOf[keys[chosen[i]!]!]! < 0)
  return {
    rows: writesRows && length > 0 ? take(all) : null,
    changes: writesChanges ? take(fresh) : null,
  }
}
