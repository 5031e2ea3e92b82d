/**
 * Iceberg metadata that lie beside the databases and not in their table's directory: a table that is dropped or renamed takes
 * them along.
 */
import { joinPath, parentOf } from '../io/path.ts'
import type { TableStore } from '../snapshot/table-store.ts'
import { publishIceberg } from '../table/maintain/iceberg.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { throwIfAborted } from '../util/async.ts'
import { isNotFound, LakeError } from '../util/errors.ts'

/** The directories outside of `root` that tables of these schemas have their Iceberg metadata in. */
export async function icebergPlaces(
  root: string,
  schemas: readonly TableSchema[],
): Promise<string[]> {
  const publishing = schemas.filter(({ options }) => 'metadata.iceberg.storage' in options)
  if (publishing.length === 0) return []
  const { icebergSettings } = await import('../iceberg-compat/settings.ts')
  const places = new Set<string>()
  for (const schema of publishing) {
    try {
      const directory = icebergSettings(root, schema)?.metadataDirectory
      if (directory !== undefined && directory !== joinPath(root, 'metadata')) places.add(directory)
    } catch (error) {
      // Options that no emission takes have led to none.
      if (!(error instanceof LakeError)) throw error
    }
  }
  return [...places]
}

/**
 * Takes the table that was in the directory `root` out of an Iceberg REST catalog that lists it. A server that cannot be told of
 * it does not stop what is done to the table; the metrics tell.
 */
export async function leaveRestCatalog(
  { io, metrics, location }: TableStore,
  root: string,
  schema: TableSchema | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (schema?.options['metadata.iceberg.storage'] !== 'rest-catalog') return
  try {
    const { dropFromRestCatalog } = await import('../iceberg-compat/rest-drop.ts')
    await dropFromRestCatalog({ io, root, movedTo: location.root, schema, signal })
  } catch (error) {
    throwIfAborted(signal)
    if (!(error instanceof LakeError)) throw error
    metrics.add('commit.numIcebergFailed')
  }
}

/** Deletes what is left of such a directory once its files are gone, with those around it that hold nothing else. */
export async function deleteIcebergPlace(
  { io }: TableStore,
  directory: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const table = parentOf(directory)
  for (const path of [directory, table, parentOf(table)])
    if (!(await io.deleteEmptyDirectory(path, { signal }))) return
}

/**
 * Publishes a table under its new name. Data files are named by their paths, so all metadata are made anew; those of the old
 * name are moved first, since they know which ids its rows have had. What fails is told by the metrics of the table.
 */
export async function publishRenamed(
  store: TableStore,
  schema: TableSchema,
  from: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { io, location } = store
  // Also where the name in Iceberg is an option and stays: the table there is made anew then.
  await leaveRestCatalog(store, from, schema, signal)
  try {
    const [before] = await icebergPlaces(from, [schema])
    const [after] = await icebergPlaces(location.root, [schema])
    if (before !== undefined && after !== undefined) {
      const target = parentOf(after)
      await io.createDirectory(parentOf(target), { signal })
      const isMoved = await io.renameDirectory?.(parentOf(before), target, { signal })
      // What lies there already is of a table that is gone, and is taken over as that of other writers is.
      if (isMoved !== true) await io.deleteDirectory(before, { signal })
      await deleteIcebergPlace(store, before, signal)
    }
  } catch (error) {
    // Nothing was published yet; or it stays as it is under the old name.
    if (!isNotFound(error)) store.metrics.add('commit.numIcebergFailed')
  }
  // Nobody else publishes under the new name yet.
  await publishIceberg({ store, schema, signal }, { rebuild: true, unnamedAgeMs: 0 })
}
