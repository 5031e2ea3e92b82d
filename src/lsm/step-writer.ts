/** Writes what a compaction makes of its steps: the rows that stay to one run of files, the changes to another. */
import { type DataFileMeta, FILE_SOURCE } from '../snapshot/data-file-meta.ts'
import type { CompactionResult } from './compaction-rewrite.ts'
import type { FileTarget } from './file-target.ts'
import type { StepRows } from './lookup/step-rows.ts'
import { RunWriter } from './run-writer.ts'

interface StepPlace {
  readonly target: FileTarget
  /** The directory of the bucket. */
  readonly directory: string
  readonly level: number
}

/** The result of a compaction that puts the rows of the steps in the place of files. On failure nothing is left of it. */
export async function rewriteFiles(
  place: StepPlace,
  before: readonly DataFileMeta[],
  steps: AsyncIterable<StepRows>,
): Promise<CompactionResult> {
  const { files, changelog, paths } = await writeSteps(place, steps)
  return { before, after: files, changelog, paths }
}

/** The result of a compaction that only moves files to a level; the steps tell what that changes. */
export async function moveFiles(
  place: StepPlace,
  before: readonly DataFileMeta[],
  steps: AsyncIterable<StepRows>,
): Promise<CompactionResult> {
  const { changelog, paths } = await writeSteps(place, steps)
  return { before, after: before.map((file) => movedFile(file, place.level)), changelog, paths }
}

/** The file with another level, and nothing else changed. */
export function movedFile(file: DataFileMeta, level: number): DataFileMeta {
  return { ...file, level }
}

interface WrittenSteps extends Pick<CompactionResult, 'changelog' | 'paths'> {
  readonly files: readonly DataFileMeta[]
}

async function writeSteps(
  { target, directory, level }: StepPlace,
  steps: AsyncIterable<StepRows>,
): Promise<WrittenSteps> {
  const data = new RunWriter(target, { directory, level, source: FILE_SOURCE.COMPACT })
  const changelog = new RunWriter(target, {
    directory,
    level,
    source: FILE_SOURCE.APPEND,
    isChangelog: true,
  })
  try {
    for await (const { rows, changes } of steps) {
      if (rows !== null) await data.write(rows)
      if (changes !== null) await changelog.write(changes)
    }
    const [written, changed] = [await data.finish(), await changelog.finish()]
    return {
      files: written.files,
      changelog: changed.files,
      paths: [...written.paths, ...changed.paths],
    }
  } catch (error) {
    await Promise.allSettled([data.abort(), changelog.abort()])
    throw error
  }
}
