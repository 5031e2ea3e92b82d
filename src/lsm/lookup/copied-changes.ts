/**
 * The changelog of a file whose keys are all new: it has the same rows, so it is a copy of the file's bytes.
 *
 * What is first written to a table, and rows whose keys grow, come to the top without being decoded and encoded again.
 */
import type { FileIO } from '../../io/file-io.ts'
import { joinPath } from '../../io/path.ts'
import { type DataFileMeta, FILE_SOURCE } from '../../snapshot/data-file-meta.ts'
import { INSERT, isAdd } from '../../types/row-kind.ts'
import type { CompactionResult, RewriteContext } from '../compaction-rewrite.ts'
import { localClock } from '../file-target.ts'
import { type MergeStep, mergeSteps } from '../merge-steps.ts'
import { movedFile } from '../step-writer.ts'
import { lookUp } from './looked-up-step.ts'
import { UpperFiles } from './upper-files.ts'

/** Bytes that are copied at a time. */
const COPY_BYTES = 8 << 20

/**
 * Moves a file of level 0 to the level, and copies it as the changelog of that; null where its rows are not the changes,
 * or would be written in another form.
 */
export async function copiedChanges(
  context: RewriteContext,
  level: number,
  file: DataFileMeta,
): Promise<CompactionResult | null> {
  if (!hasForm(context, level, file) || !(await isNew(context, level, file))) return null
  const { target, directory } = context
  const name = target.nextName(target.forms(level, true).format.name, true)
  const path = joinPath(directory, name)
  await copyFile(target.io, joinPath(directory, file.fileName), path, file.fileSize)
  const changelog: DataFileMeta = {
    ...file,
    fileName: name,
    level,
    fileSource: FILE_SOURCE.APPEND,
    creationTime: localClock(new Date()),
  }
  return { before: [file], after: [movedFile(file, level)], changelog: [changelog], paths: [path] }
}

/** Whether a changelog file of the level would be written as the file was. */
function hasForm({ target, expiry }: RewriteContext, level: number, file: DataFileMeta): boolean {
  const form = target.forms(level, true)
  return (
    form === target.forms(file.level, false) &&
    file.fileName.endsWith(`.${form.format.name}`) &&
    file.schemaId === target.schema.id &&
    file.extraFiles.length === 0 &&
    file.externalPath === null &&
    !expiry
  )
}

/** Whether all rows of the file are inserts of keys that no level above has. */
async function isNew(context: RewriteContext, level: number, file: DataFileMeta): Promise<boolean> {
  const { layout, windowRows, openRun, signal } = context
  if (typeof layout.engine !== 'string' || file.deleteRowCount !== 0) return false
  const isKept = layout.engine === 'first-row' ? isAdd : (kind: number) => kind === INSERT
  const upper = new UpperFiles(context, level)
  const read = { layout, values: [], windowRows, signal }
  for await (const step of mergeSteps([[openRun(file)]], read)) {
    if (!kindsOf(step).every((kinds) => kinds.every(isKept))) return false
    const { found } = await lookUp(step, upper, layout, null)
    if (found !== null) return false
  }
  return true
}

function kindsOf({ ranges }: MergeStep): Int8Array[] {
  return ranges.map(({ window, from, to }) => window.precedence.kinds.subarray(from, to))
}

async function copyFile(io: FileIO, from: string, to: string, sizeBytes: number): Promise<void> {
  const writer = await io.openWriter(to)
  try {
    for (let at = 0; at < sizeBytes; at += COPY_BYTES)
      await writer.write(await io.readRange(from, at, Math.min(COPY_BYTES, sizeBytes - at)))
    await writer.close()
  } catch (error) {
    await writer.abort()
    throw error
  }
}
