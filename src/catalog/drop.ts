/**
 * Deletes tables and databases, with all that is in their directories and nothing else.
 *
 * Follows `FileSystemCatalog`, which deletes a directory in no order. Here schemas go last: until then the table is there,
 * without snapshots, and to drop it again goes on where a crash stopped it.
 */
import type { FileIO, FileStatus, IoOptions } from '../io/file-io.ts'
import { joinPath } from '../io/path.ts'
import { branchNames } from '../snapshot/branches.ts'
import { FileDeletion, type Freed } from '../snapshot/file-deletion.ts'
import { MAIN_BRANCH, schemaDirectory } from '../snapshot/paths.ts'
import { openBranch, type TableStore } from '../snapshot/table-store.ts'
import type { TableSchema } from '../types/schema-file.ts'
import type { LakeError } from '../util/errors.ts'
import { deleteIcebergPlace, icebergPlaces, leaveRestCatalog } from './iceberg-places.ts'

export interface DropOptions {
  /** Whether it is no error that there is none. */
  readonly ifExists?: boolean | undefined
  /** Tells what would be deleted, and deletes nothing. */
  readonly dryRun?: boolean | undefined
  /** Told how many files are deleted so far. */
  readonly onProgress?: ((fileCount: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Dropped extends Freed {
  /** The tables that were, or would be, dropped: `database.table`. */
  readonly tables: readonly string[]
  /**
   * Directories outside of the tables that hold data files of them (`data-file.external-paths`). They may hold other files
   * too and are left alone, where Java deletes them whole.
   */
  readonly externalPaths: readonly string[]
}

export const NOTHING_DROPPED: Dropped = {
  tables: [],
  externalPaths: [],
  fileCount: 0,
  sizeBytes: 0,
}

/** Files that are deleted together. */
const BATCH_FILES = 1000

/** What makes a table readable goes first, and what says that it is one last. */
const FIRST = ['snapshot', 'changelog', 'tag', 'consumer', 'branch']

/** Deletes the table in the directory of the store. */
export async function dropTable(
  store: TableStore,
  name: string,
  options: DropOptions = {},
): Promise<Dropped> {
  const { io, location } = store
  const { signal, onProgress, dryRun = false } = options
  const externalPaths = await externalPathsOf(store, signal)
  const schemas = await readableSchemas(store, signal)
  const places = await icebergPlaces(location.root, schemas)
  const deletion = new FileDeletion(io, { dryRun, signal })
  const dropBelow = async (
    directory: string,
    isChosen: (file: FileStatus) => boolean,
  ): Promise<void> => {
    let batch: FileStatus[] = []
    const flush = async (): Promise<void> => {
      await deletion.delete(batch)
      batch = []
      onProgress?.(deletion.freed.fileCount)
    }
    for await (const file of io.list(directory, { recursive: true, signal })) {
      if (!isChosen(file)) continue
      batch.push(file)
      if (batch.length === BATCH_FILES) await flush()
    }
    await flush()
  }
  if (!dryRun) await leaveRestCatalog(store, location.root, schemas.at(-1), signal)
  // Clients that know nothing of Paimon find the table by these.
  for (const place of places) {
    await dropBelow(place, () => true)
    if (!dryRun) await deleteIcebergPlace(store, place, signal)
  }
  const first = FIRST.map((directory) => joinPath(location.root, directory))
  for (const directory of first) await dropBelow(directory, () => true)
  const schemaFiles = `${schemaDirectory(location)}/`
  const later = [...first.map((directory) => `${directory}/`), schemaFiles]
  await dropBelow(location.root, ({ path }) => !later.some((each) => path.startsWith(each)))
  await dropBelow(schemaFiles.slice(0, -1), () => true)
  // What is left are directories, and files that a writer has put there meanwhile.
  if (!dryRun) await io.deleteDirectory(location.root, { signal })
  return { ...deletion.freed, tables: [name], externalPaths }
}

/** Where any schema of the table, or of a branch of it, has put data files. */
async function externalPathsOf(
  store: TableStore,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const found = new Set<string>()
  const branches = await branchNames(store.io, store.location.root, { signal })
  for (const branch of [MAIN_BRANCH, ...branches]) {
    for (const schema of await readableSchemas(openBranch(store, branch), signal))
      for (const path of externalPathsIn(schema)) found.add(path)
  }
  return [...found]
}

async function readableSchemas(
  { schemas }: TableStore,
  signal: AbortSignal | undefined,
): Promise<TableSchema[]> {
  const found: TableSchema[] = []
  for (const id of await schemas.ids({ signal })) {
    const schema = await readable(schemas.read(id, { signal }))
    if (schema !== null) found.push(schema)
  }
  return found
}

function externalPathsIn({ options }: TableSchema): string[] {
  const paths = options['data-file.external-paths']?.split(',') ?? []
  return paths.map((path) => path.trim()).filter((path) => path !== '')
}

/** A damaged table can be dropped too. */
async function readable(reading: Promise<TableSchema>): Promise<TableSchema | null> {
  try {
    return await reading
  } catch (error) {
    const { code } = error as Partial<LakeError>
    if (code === 'CORRUPT' || code === 'UNSUPPORTED' || code === 'NOT_FOUND') return null
    throw error
  }
}

/** The sum of what was dropped one after the other. */
export function joinDropped(all: readonly Dropped[]): Dropped {
  return {
    tables: all.flatMap(({ tables }) => tables),
    externalPaths: [...new Set(all.flatMap(({ externalPaths }) => externalPaths))],
    fileCount: all.reduce((sum, { fileCount }) => sum + fileCount, 0),
    sizeBytes: all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  }
}

/** Whether there is any file below the directory. */
export async function hasFiles(
  io: FileIO,
  directory: string,
  { signal }: IoOptions,
): Promise<boolean> {
  for await (const _ of io.list(directory, { recursive: true, signal })) return true
  return false
}
