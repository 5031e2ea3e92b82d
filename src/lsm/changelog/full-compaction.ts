/**
 * Compactions that tell, when they merge all files of a bucket into its top level, how that level has changed since the
 * last one did.
 *
 * Follows the Java classes `FullChangelogMergeTreeCompactRewriter` and `FullChangelogMergeFunctionWrapper`.
 */
import { SEQUENCE_NUMBER_FIELD } from '../../types/field-ids.ts'
import { topLevel } from '../../types/options.ts'
import { assert } from '../../util/assert.ts'
import type { CompactionRewriter, RewriteContext, Sections } from '../compaction-rewrite.ts'
import type { OlderRows } from '../lookup/looked-up-step.ts'
import {
  copyBefore,
  madeRows,
  pickedRows,
  type StepOutput,
  type StepRows,
} from '../lookup/step-rows.ts'
import { type MergeStep, mergeSteps } from '../merge-steps.ts'
import { mergeStep, type StepColumns, stepColumns } from '../step-merge.ts'
import { moveFiles, rewriteFiles } from '../step-writer.ts'
import { sameRows } from './same-rows.ts'

/** The rewriter of a table with `changelog-producer` `full-compaction`; `plain` is for what stays below the top level. */
export function fullChangelogRewriter(
  context: RewriteContext,
  plain: CompactionRewriter,
): CompactionRewriter {
  const { target, directory, deletions } = context
  const top = topLevel(target.options)
  const place = { target, directory, level: top }
  return {
    rewrite: async (outputLevel, dropDelete, sections) => {
      if (outputLevel !== top) return await plain.rewrite(outputLevel, dropDelete, sections)
      assert(dropDelete, 'deletes stay on the top level')
      const before = sections.flat(2)
      const result = await rewriteFiles(place, before, steps(context, top, sections, true))
      for (const { fileName } of before) deletions?.removeFile(fileName)
      return result
    },
    upgrade: async (outputLevel, dropDelete, file) =>
      outputLevel === top
        ? await moveFiles(place, [file], steps(context, top, [[[file]]], false))
        : await plain.upgrade(outputLevel, dropDelete, file),
  }
}

/** What is written of the sections, step by step. */
async function* steps(
  context: RewriteContext,
  top: number,
  sections: Sections,
  writesRows: boolean,
): AsyncGenerator<StepRows, void, undefined> {
  const { layout, windowRows, openRun, signal, target } = context
  const columns = stepColumns(layout, [...layout.fields, SEQUENCE_NUMBER_FIELD])
  const output: StepOutput = {
    writesRows,
    dropsDeletes: true,
    writesChanges: true,
    same: sameRows(layout.fields, target.options),
  }
  const read = { layout, values: columns.values, windowRows, signal }
  for (const section of sections) {
    const runs = section.map((files) => files.map(openRun))
    for await (const step of mergeSteps(runs, read))
      yield stepRows(step, topRows(step, top), columns, output, layout)
  }
}

function stepRows(
  step: MergeStep,
  older: OlderRows,
  columns: StepColumns,
  output: StepOutput,
  layout: RewriteContext['layout'],
): StepRows {
  const merge = { layout, keepDeletes: true }
  if (typeof layout.engine === 'string')
    return pickedRows(mergeStep(step, columns, merge), step, older, columns, output)
  const before = copyBefore(step, older, columns)
  return madeRows(mergeStep(step, columns, merge), older, columns, before, output)
}

/** The row of each key on the top level; keys that have no other rows have not changed. */
function topRows({ ranges, order }: MergeStep, top: number): OlderRows {
  const { keyCount, keyStarts, length, runOf, rows } = order
  const isTop = ranges.map(({ window }) => window.level === top)
  const older = {
    rangeOf: new Int32Array(keyCount).fill(-1),
    rows: new Uint32Array(keyCount),
    isFresh: new Uint8Array(keyCount).fill(1),
  }
  for (let key = 0; key < keyCount; key++) {
    const from = keyStarts[key]!
    const to = key + 1 < keyCount ? keyStarts[key + 1]! : length
    for (let i = from; i < to; i++) {
      if (!isTop[runOf[i]!]) continue
      older.rangeOf[key] = runOf[i]!
      older.rows[key] = rows[i]!
      if (to - from === 1) older.isFresh[key] = 0
    }
  }
  return older
}
