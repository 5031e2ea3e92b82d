/** The branches of a table. Follows `FileSystemBranchManager`. */
import type { FileIO, IoOptions } from '../io/file-io.ts'
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
