/** The tables of a warehouse that Iceberg clients can read: those whose commits publish Iceberg metadata. */
import { hintPath, readCurrentIceberg } from '../../iceberg-compat/current.ts'
import type { IcebergMetadata } from '../../iceberg-compat/metadata.ts'
import { icebergSettings } from '../../iceberg-compat/settings.ts'
import type { IoOptions } from '../../io/file-io.ts'
import { joinPath } from '../../io/path.ts'
import { openTableStore } from '../../snapshot/table-store.ts'
import { mapOrdered } from '../../util/async.ts'
import { isNotFound, LakeError } from '../../util/errors.ts'
import type { Catalog } from '../catalog.ts'
import { checkName } from '../identifier.ts'

/** Tables that are looked at at the same time. */
const CONCURRENCY = 8

export interface ServedTable {
  readonly metadataPath: string
  readonly metadata: IcebergMetadata
}

/** What clients see of the table now; null where there is no such table, or none with Iceberg metadata. */
export async function loadServed(
  catalog: Catalog,
  database: string,
  table: string,
  options: IoOptions,
): Promise<ServedTable | null> {
  const directory = await metadataDirectory(catalog, database, table, options)
  if (directory === null) return null
  const current = await readCurrentIceberg(catalog.io, directory, options)
  return current && { metadataPath: current.path, metadata: current.metadata }
}

/** Whether the table has Iceberg metadata. */
export async function isServed(
  catalog: Catalog,
  database: string,
  table: string,
  options: IoOptions,
): Promise<boolean> {
  const directory = await metadataDirectory(catalog, database, table, options)
  return directory !== null && (await catalog.io.stat(hintPath(directory), options)) !== null
}

/**
 * The names of the database's tables that have Iceberg metadata, sorted, behind the name `after`. A table that is damaged is
 * left out, so that it hides no other. NOT_FOUND when there is no such database.
 */
export async function* servedTables(
  catalog: Catalog,
  database: string,
  after: string,
  options: IoOptions,
): AsyncGenerator<string, void, undefined> {
  const names = (await catalog.tables(database, options)).filter((name) => name > after)
  const looked = mapOrdered(names, CONCURRENCY, async (name) => ({
    name,
    isShown: await isServed(catalog, database, name, options).catch(isReadable),
  }))
  for await (const { name, isShown } of looked) if (isShown) yield name
}

function isReadable(error: unknown): boolean {
  if (error instanceof LakeError && DAMAGED.has(error.code)) return false
  throw error
}

const DAMAGED: ReadonlySet<string> = new Set(['CORRUPT', 'UNSUPPORTED', 'INVALID', 'NOT_FOUND'])

/** The names of the databases, sorted, behind the name `after`. */
export async function servedDatabases(
  catalog: Catalog,
  after: string,
  options: IoOptions,
): Promise<string[]> {
  return (await catalog.databases(options)).filter((name) => isName(name) && name > after)
}

/** Whether a directory can have the name; any other would lead elsewhere. */
function isName(name: string): boolean {
  try {
    checkName(name, 'a table')
    return true
  } catch {
    return false
  }
}

/**
 * Asks the storage anew each time, and not by the catalog's tables, which would remember each name that anybody thinks of. Null
 * where there is no such table, or its options ask for no Iceberg metadata.
 */
async function metadataDirectory(
  catalog: Catalog,
  database: string,
  table: string,
  options: IoOptions,
): Promise<string | null> {
  if (!isName(database) || !isName(table)) return null
  const root = joinPath(databasePath(catalog, database), table)
  const { schemas } = openTableStore(catalog.io, root)
  try {
    return icebergSettings(root, await schemas.readLatest(options))?.metadataDirectory ?? null
  } catch (error) {
    if (isNotFound(error)) return null
    throw error
  }
}

export function databasePath({ warehouse }: Catalog, database: string): string {
  return joinPath(warehouse, `${database}.db`)
}
