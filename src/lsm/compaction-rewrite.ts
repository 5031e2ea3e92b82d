/**
 * What a compaction does to files: it merges overlapping ones into new ones, and moves others to a level as they are.
 *
 * Follows the Java classes `MergeTreeCompactRewriter` and `MergeTreeCompactTask`.
 */
import { allRows } from '../format/column-rows.ts'
import type { BucketDeletions } from '../indexes/bucket-deletions.ts'
import { type DataFileMeta, FILE_SOURCE } from '../snapshot/data-file-meta.ts'
import type { Batch } from '../types/column.ts'
import { SEQUENCE_NUMBER_FIELD } from '../types/field-ids.ts'
import type { FileTarget } from './file-target.ts'
import type { KeyValueLayout } from './key-value.ts'
import { mergeRuns } from './merge-reader.ts'
import type { RunFile } from './run-reader.ts'
import { type RunRows, RunWriter } from './run-writer.ts'
import { readRun } from './single-run.ts'

/** Sections of sorted runs of files: keys of one section are in no other. */
export type Sections = readonly (readonly (readonly DataFileMeta[])[])[]

export interface CompactionRewriter {
  /** Merges the files of the sections into new ones; with `dropDelete` rows that delete are left out. */
  rewrite(
    outputLevel: number,
    dropDelete: boolean,
    sections: Sections,
  ): Promise<CompactionResult>
  /** Moves a file whose keys no other file of the compaction has; it is rewritten where it cannot stay as it is. */
  upgrade(
    outputLevel: number,
    dropDelete: boolean,
    file: DataFileMeta,
  ): Promise<CompactionResult>
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
  readonly levels: () => { readonly maxLevel: number }
  readonly deletions: BucketDeletions | null
  readonly signal?: AbortSignal | undefined
}

/** The rewriter that fits the table. */
export function compactionRewriter(context: RewriteContext): CompactionRewriter {
  return {
    rewrite: async (outputLevel, dropDelete, sections) =>
      await rewrite(context, outputLevel, dropDelete, sections),
    upgrade: async (outputLevel, dropDelete, file) => {
      if (mustRewrite(context, outputLevel, file))
        return await rewrite(context, outputLevel, dropDelete, [[[file]]])
      return file.level === outputLevel ? NOTHING : upgraded(file, outputLevel)
    },
  }
}

const NOTHING: CompactionResult = { before: [], after: [], changelog: [], paths: [] }

/** The file with another level, and nothing else changed. */
function upgraded(file: DataFileMeta, level: number): CompactionResult {
  return { ...NOTHING, before: [file], after: [{ ...file, level }] }
}

/** Rows that delete may not stay on the top level. */
function mustRewrite(
  { target, levels }: RewriteContext,
  outputLevel: number,
  { deleteRowCount }: DataFileMeta,
): boolean {
  const keepsNoDeletes = outputLevel === levels().maxLevel
  if (keepsNoDeletes && deleteRowCount !== 0) return true
  return target.options.get('compaction.force-rewrite-all-files')
}

async function rewrite(
  context: RewriteContext,
  level: number,
  dropDelete: boolean,
  sections: Sections,
): Promise<CompactionResult> {
  const { target, directory, deletions } = context
  const writer = new RunWriter(target, { directory, level, source: FILE_SOURCE.COMPACT })
  try {
    for (const section of sections)
      for await (const rows of mergedRows(context, section, dropDelete)) await writer.write(rows)
    const { files, paths } = await writer.finish()
    const before = sections.flat(2)
    for (const { fileName } of before) deletions?.removeFile(fileName)
    return { before, after: files, changelog: [], paths }
  } catch (error) {
    await writer.abort()
    throw error
  }
}

/** The rows of a section, merged, in ascending order of their keys. */
async function* mergedRows(
  { layout, windowRows, openRun, signal }: RewriteContext,
  section: Sections[number],
  dropDelete: boolean,
): AsyncGenerator<RunRows, void, undefined> {
  const fields = [...layout.fields, SEQUENCE_NUMBER_FIELD]
  const read = { layout, fields, windowRows, kinds: true, keepDeletes: !dropDelete, signal }
  const runs = section.map((files) => files.map(openRun))
  const batches = runs.length === 1 ? readRun(runs[0]!, read) : mergeRuns(runs, read)
  for await (const batch of batches) yield runRows(batch)
}

/** The rows of a batch that has the sequence numbers and the kinds behind the columns of the table. */
function runRows(batch: Batch): RunRows {
  const { length } = batch
  const columns = batch.columns.slice(0, -2)
  const [sequences, kinds] = batch.columns
    .slice(-2)
    .map((column) => ({ columns: [column], sourceOf: null, rows: null, length }))
  return { length, values: allRows({ length, columns }), sequences: sequences!, kinds: kinds! }
}
