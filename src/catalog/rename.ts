/** Gives tables another name: the directory of a table is moved, in one step where the storage has directories. */
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { LakeError, unsupported } from '../util/errors.ts'
import { hasFiles } from './drop.ts'

/** The directories that a table has and gets, and its new name. */
interface Move {
  readonly root: string
  readonly path: string
  readonly to: string
}

/**
 * Moves the table, after `prepare` has made room for it. EXISTS when something has the new name, UNSUPPORTED on storages without
 * directories.
 */
export async function moveTable(
  io: FileIO,
  { root, path, to }: Move,
  options: IoOptions,
  prepare: () => Promise<void>,
): Promise<void> {
  if (io.renameDirectory === undefined)
    throw unsupported('tables on this storage cannot be renamed: it has no directories', {
      path: root,
      hint: 'create the other table with the schema that describe prints, and copy the rows',
    })
  const isTaken = new LakeError('EXISTS', `there is something named ${to} already`, { path })
  if (await hasFiles(io, path, options)) throw isTaken
  await prepare()
  if (!(await io.renameDirectory(root, path, options))) throw isTaken
}
