/**
 * What a compaction does to files: it merges overlapping ones into new ones, and moves others to a level as they are.
 *
 * Follows the Java classes `MergeTreeCompactRewriter` and `MergeTreeCompactTask`.
 */
import type { BucketDeletions } from '../indexes/bucket-deletions.ts'
import type { DataFileMeta } from '../snapshot/data-file-meta.ts'
import { SEQUENCE_NUMBER_FIELD } from '../types/field-ids.ts'
import { fullChangelogRewriter } from './changelog/full-compaction.ts'
import type { FileTarget } from './file-target.ts'
import type { KeyValueLayout } from './key-value.ts'
import type { Levels } from './levels.ts'
import { lookupRewriter } from './lookup/lookup-rewrite.ts'
import type { StepRows } from './lookup/step-rows.ts'
import { mergeRuns } from './merge-reader.ts'
import type { RecordExpiry } from './record-expiry.ts'
import { kindsOf } from './row-kinds.ts'
import type { RunFile } from './run-reader.ts'
import { readRun } from './single-run.ts'
import { rowsOf } from './sorted-rows.ts'
import { movedFile, rewriteFiles } from './step-writer.ts'

/** Sections of sorted runs of files: keys of one section are in no other. */
export type Sections = readonly (readonly (readonly DataFileMeta[])[])[]

export interface CompactionRewriter {
  /** Merges the files of the sections into new ones; with `dropDelete` rows that delete are left out. */
  rewrite(outputLevel: number, dropDelete: boolean, sections: Sections): Promise<CompactionResult>
  /** Moves a file whose keys no other file of the compaction has. */
  upgrade(outputLevel: number, dropDelete: boolean, file: DataFileMeta): Promise<CompactionResult>
}

export interface CompactionResult {
  readonly before: readonly DataFileMeta[]
  readonly after: readonly DataFileMeta[]
  readonly changelog: readonly DataFileMeta[]
  /** The files that were written, to be deleted if the result is dropped. */
  readonly paths: readonly string[]
}

/** What the compactions of a bucket work with. */
export interface RewriteContext {
  readonly target: FileTarget
  /** The directory of the bucket. */
  readonly directory: string
  readonly layout: KeyValueLayout
  /** Rows of a window of one run. */
  readonly windowRows: number
  /** Opens a file of the bucket with the columns of the table as it is now, without rows that vectors delete. */
  readonly openRun: (file: DataFileMeta) => RunFile
  /** The files of the bucket as they are now. */
  readonly levels: () => Levels
  readonly deletions: BucketDeletions | null
  /** What is left out because of its age; null where rows do not expire. */
  readonly expiry?: RecordExpiry | null | undefined
  readonly signal?: AbortSignal | undefined
}

/** The rewriter that fits the table. */
export function compactionRewriter(bucket: RewriteContext): CompactionRewriter {
  const { expiry, openRun } = bucket
  const context = expiry
    ? { ...bucket, openRun: (file: DataFileMeta) => expiry.live(file, openRun(file)) }
    : bucket
  const plain: CompactionRewriter = {
    rewrite: async (outputLevel, dropDelete, sections) =>
      await rewrite(context, outputLevel, dropDelete, sections),
    upgrade: async (outputLevel, _, file) => ({
      before: [file],
      after: [movedFile(file, outputLevel)],
      changelog: [],
      paths: [],
    }),
  }
  const { looksUp, engine } = context.layout
  if (context.target.options.get('changelog-producer') === 'full-compaction')
    return fullChangelogRewriter(context, plain)
  return looksUp || engine === 'first-row' ? lookupRewriter(context, plain) : plain
}

async function rewrite(
  context: RewriteContext,
  level: number,
  dropDelete: boolean,
  sections: Sections,
): Promise<CompactionResult> {
  const { target, directory, deletions } = context
  const before = sections.flat(2)
  const steps = mergedRows(context, sections, dropDelete)
  const result = await rewriteFiles({ target, directory, level }, before, steps)
  for (const { fileName } of before) deletions?.removeFile(fileName)
  return result
}

/** The rows of the sections, merged, in ascending order of their keys. */
async function* mergedRows(
  { layout, windowRows, openRun, signal }: RewriteContext,
  sections: Sections,
  dropDelete: boolean,
): AsyncGenerator<StepRows, void, undefined> {
  const fields = [...layout.fields, SEQUENCE_NUMBER_FIELD]
  const read = { layout, fields, windowRows, kinds: true, keepDeletes: !dropDelete, signal }
  for (const section of sections) {
    const runs = section.map((files) => files.map(openRun))
    const batches = runs.length === 1 ? readRun(runs[0]!, read) : mergeRuns(runs, read)
    for await (const { columns } of batches) {
      const [sequences, kinds] = columns.slice(-2)
      yield { rows: rowsOf(columns.slice(0, -2), sequences!, kindsOf(kinds!)), changes: null }
    }
  }
}
