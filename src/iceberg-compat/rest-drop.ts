/** Takes a table out of the Iceberg REST catalog that it was committed to, because it is dropped or gets another name. */
import type { FileIO } from '../io/file-io.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { readCurrentIceberg } from './current.ts'
import { connectionTo } from './rest-catalog.ts'
import { restCatalogSettings } from './rest-settings.ts'
import { serverTable } from './rest-table.ts'
import { icebergSettings } from './settings.ts'

export interface DroppedFromCatalog {
  readonly io: FileIO
  /** The directory of the table under the name that the server knows. */
  readonly root: string
  /** The directory that it has now, if it is another one. */
  readonly movedTo?: string | undefined
  readonly schema: TableSchema
  readonly signal?: AbortSignal | undefined
}

/**
 * Drops the server's table, without its files, where it is this table by its id; another one of the name stays. Whether there was
 * one. The Iceberg metadata, which tell the id, must still be there.
 */
export async function dropFromRestCatalog(dropped: DroppedFromCatalog): Promise<boolean> {
  const { root, movedTo = root, schema, signal } = dropped
  if (icebergSettings(root, schema)?.storage !== 'rest-catalog') return false
  const id = (await tableId(dropped, root)) ?? (await tableId(dropped, movedTo))
  if (id === undefined) return false
  const rest = restCatalogSettings(root, schema)
  const connection = connectionTo(rest)
  const names = ['namespaces', rest.namespace, 'tables', rest.table]
  const answer = await connection.request({ method: 'GET', names, signal })
  if (answer === null) return false
  if (serverTable(answer, `${rest.namespace}.${rest.table}`)['table-uuid'] !== id) return false
  const query = { purgeRequested: 'false' }
  await connection.request({ method: 'DELETE', names, query, signal })
  return true
}

async function tableId(
  { io, schema, signal }: DroppedFromCatalog,
  root: string,
): Promise<string | undefined> {
  const { metadataDirectory } = icebergSettings(root, schema)!
  const current = await readCurrentIceberg(io, metadataDirectory, { signal })
  return current?.metadata['table-uuid']
}
