/** The summary of what a command deleted, told alike by all commands that delete. */
import type { CommandRun } from './command.ts'
import { amount, bytesText } from './printable.ts'
import { tellResult } from './report.ts'

/** Files that were deleted, or that a dry run would delete. */
export interface Freed {
  readonly fileCount: number
  /** Null where sizes are not known. */
  readonly sizeBytes: number | null
}

/** `12 files (3.4 MB) freed`, `1 file (12 B) would be freed`, `nothing to free` */
export function freedText({ fileCount, sizeBytes }: Freed, dryRun: boolean): string {
  if (fileCount === 0) return 'nothing to free'
  const size = sizeBytes === null ? '' : ` (${bytesText(sizeBytes)})`
  return `${amount(fileCount, 'file')}${size} ${dryRun ? 'would be freed' : 'freed'}`
}

/**
 * Tells what was freed: the lines that say what was done, and then the summary; as JSON `dryRun`, `fileCount` and
 * `sizeBytes` beside the fields of the result.
 */
export async function tellFreed(
  run: CommandRun,
  freed: Freed,
  told: { readonly result: object; readonly lines: readonly string[] },
): Promise<void> {
  const dryRun = run.flags['dry-run'] === true
  const { fileCount, sizeBytes } = freed
  await tellResult(run, { dryRun, ...told.result, fileCount, sizeBytes }, [
    ...told.lines,
    freedText(freed, dryRun),
  ])
}
