/** The branches of a table. Follows `FileSystemBranchManager`. */
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { type LakeError, notFound } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import { BRANCH_PREFIX, branchesDirectory } from './paths.ts'

/** The names of all branches but the main one, sorted. */
export async function branchNames(
  io: FileIO,
  root: string,
  options?: IoOptions,
): Promise<string[]> {
  const directories = await io.listDirectories(branchesDirectory(root), options)
  return directories
    .filter((name) => name.startsWith(BRANCH_PREFIX) && name !== BRANCH_PREFIX)
    .map((name) => name.slice(BRANCH_PREFIX.length))
    .toSorted()
}

/** The error for a branch that is not among those of the table at `path`. */
export function noBranch(name: string, names: readonly string[], path: string): LakeError {
  const shown = JSON.stringify(name.slice(0, 100))
  return notFound(`the table has no branch ${shown}${didYouMean(name, names)}`, {
    path,
    hint: names.length === 0 ? 'it has only the main branch' : `it has ${names.join(', ')}`,
  })
}
