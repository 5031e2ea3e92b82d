/**
 * Compactions that look up the older rows of their keys in the levels above: to tell what changes, to merge with what
 * those levels hold, and to mark rows there as deleted.
 *
 * Follows the Java classes `LookupMergeTreeCompactRewriter` and `ChangelogMergeTreeRewriter`.
 */
import { joinPath } from '../../io/path.ts'
import type { DataFileMeta } from '../../snapshot/data-file-meta.ts'
import { SEQUENCE_NUMBER_FIELD } from '../../types/field-ids.ts'
import { sameRows } from '../changelog/same-rows.ts'
import type {
  CompactionResult,
  CompactionRewriter,
  RewriteContext,
  Sections,
} from '../compaction-rewrite.ts'
import { mergeSteps } from '../merge-steps.ts'
import { mergeStep, stepColumns } from '../step-merge.ts'
import { moveFiles, rewriteFiles } from '../step-writer.ts'
import { copiedChanges } from './copied-changes.ts'
import { firstRows } from './first-rows.ts'
import { keyCacheOf } from './key-cache.ts'
import { type LookedUpStep, lookUp } from './looked-up-step.ts'
import { Marks } from './marks.ts'
import { copyBefore, madeRows, pickedRows, type StepOutput, type StepRows } from './step-rows.ts'
import { UpperFiles } from './upper-files.ts'

/** The rewriter of a table whose compactions look up rows; `plain` is for those that need not. */
export function lookupRewriter(
  context: RewriteContext,
  plain: CompactionRewriter,
): CompactionRewriter {
  return {
    rewrite: async (outputLevel, dropDelete, sections) =>
      looksUp(outputLevel, sections)
        ? await rewrite(context, outputLevel, sections, { isRewritten: true, dropDelete })
        : await plain.rewrite(outputLevel, dropDelete, sections),
    upgrade: async (outputLevel, dropDelete, file) => {
      if (file.level !== 0) return await plain.upgrade(outputLevel, dropDelete, file)
      const isRewritten = mustRewrite(context, outputLevel, file)
      if (!isRewritten && !hasWork(context, outputLevel))
        return await plain.upgrade(outputLevel, dropDelete, file)
      if (!isRewritten && producesChanges(context.target)) {
        const copied = await copiedChanges(context, outputLevel, file)
        if (copied !== null) return copied
      }
      const handling = { isRewritten, dropDelete: context.deletions !== null }
      return await rewrite(context, outputLevel, [[[file]]], handling)
    },
  }
}

/** Only rows of level 0 are new. */
function looksUp(outputLevel: number, sections: Sections): boolean {
  return outputLevel > 0 && sections.flat(2).some(({ level }) => level === 0)
}

/** Whether a file of new rows cannot be moved to the level as it is. */
function mustRewrite(
  { target, layout, levels, deletions }: RewriteContext,
  outputLevel: number,
  { level, deleteRowCount }: DataFileMeta,
): boolean {
  const [from, to] = [level, outputLevel].map((of) => target.forms(of, false).format.name)
  if (from !== to) return true
  if (deletions !== null && deleteRowCount !== 0) return true
  if (outputLevel === levels().levelCount - 1) return false
  // Other engines merge the rows with those of the levels above, and a late row may lose to them.
  return layout.engine !== 'deduplicate' || layout.sequence.length > 0
}

/** Whether rows that move to the level are told in a changelog, or replace others above it. */
function hasWork({ target, deletions, levels }: RewriteContext, outputLevel: number): boolean {
  if (producesChanges(target)) return true
  return (
    deletions !== null &&
    levels()
      .upper.slice(outputLevel)
      .some(({ length }) => length > 0)
  )
}

function producesChanges({ options }: RewriteContext['target']): boolean {
  return options.get('changelog-producer') === 'lookup'
}

interface Handling {
  /** Whether the rows are written anew; else their file moves to the level as it is. */
  readonly isRewritten: boolean
  readonly dropDelete: boolean
}

async function rewrite(
  context: RewriteContext,
  level: number,
  sections: Sections,
  handling: Handling,
): Promise<CompactionResult> {
  const { target, directory, deletions } = context
  const marks = new Marks()
  const before = sections.flat(2)
  const write = handling.isRewritten ? rewriteFiles : moveFiles
  const output = steps(context, level, sections, handling, marks)
  const result = await write({ target, directory, level }, before, output)
  if (deletions !== null) marks.apply(deletions)
  if (handling.isRewritten) forget(context, before)
  return result
}

/** Files that are gone have no rows to mark or to look up. */
function forget({ deletions, directory, target }: RewriteContext, files: readonly DataFileMeta[]) {
  for (const { fileName } of files) {
    deletions?.removeFile(fileName)
    keyCacheOf(target).drop(joinPath(directory, fileName))
  }
}

/** What is written of the sections, step by step. */
async function* steps(
  context: RewriteContext,
  level: number,
  sections: Sections,
  handling: Handling,
  marks: Marks,
): AsyncGenerator<StepRows, void, undefined> {
  const { layout, windowRows, openRun, signal, target, deletions } = context
  const output: StepOutput = {
    writesRows: handling.isRewritten,
    dropsDeletes: handling.dropDelete,
    writesChanges: producesChanges(target),
    same: sameRows(layout.fields, target.options),
  }
  const writes = output.writesRows || output.writesChanges
  const columns = stepColumns(layout, writes ? [...layout.fields, SEQUENCE_NUMBER_FIELD] : [])
  // A row that any newer one replaces need not be read.
  const isMerged =
    layout.engine !== 'deduplicate' || layout.sequence.length > 0 || layout.ignoreDelete
  const needsRows = layout.engine !== 'first-row' && writes && (isMerged || output.writesChanges)
  const needsPlaces = layout.engine === 'first-row' || deletions !== null
  const upper = new UpperFiles(context, needsRows || needsPlaces ? level : Infinity)
  const read = { layout, values: columns.values, windowRows, signal }
  for (const section of sections) {
    const runs = section.map((files) => files.map(openRun))
    for await (const step of mergeSteps(runs, read)) {
      const looked = await lookUp(step, upper, layout, needsRows ? columns.values : null)
      if (deletions !== null && looked.found !== null) marks.add(looked.found)
      if (writes) yield stepRows(looked, context, columns, output)
    }
  }
}

function stepRows(
  looked: LookedUpStep,
  { layout }: RewriteContext,
  columns: ReturnType<typeof stepColumns>,
  output: StepOutput,
): StepRows {
  const { engine } = layout
  const { step, older } = looked
  const merge = { layout, keepDeletes: true, mergesLone: true }
  if (engine === 'first-row')
    return firstRows(mergeStep(step, columns, merge), looked, columns, output)
  if (engine === 'deduplicate')
    return pickedRows(mergeStep(step, columns, merge), step, older, columns, output)
  const before = output.writesChanges ? copyBefore(step, older, columns) : null
  return madeRows(mergeStep(step, columns, merge), older, columns, before, output)
}
