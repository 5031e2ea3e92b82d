/** Changes the schema of a table. Follows `SchemaManager.commitChanges`. */
import { requireCarriedChange } from '../iceberg-compat/carried.ts'
import { indexSpecs } from '../indexes/file-index/write/index-specs.ts'
import { fileForms } from '../lsm/file-form.ts'
import { mergeEngine } from '../lsm/merge/engine.ts'
import type { TableStore } from '../snapshot/table-store.ts'
import { changedSchema, type SchemaChange } from '../types/schema-change.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { hasPrimaryKey } from '../types/schema-keys.ts'
import { type Clock, mapAll, systemClock } from '../util/async.ts'
import { LakeError, notFound } from '../util/errors.ts'
import { publishIceberg } from './maintain/iceberg.ts'

export interface AlterOptions {
  /** Answers the schema that would be, and changes nothing. */
  readonly dryRun?: boolean | undefined
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock | undefined
}

/**
 * Makes the changes, all of them or none, in one new schema after the latest one. Where another writer was faster with a
 * change of its own they are made after it.
 */
export async function alterTable(
  store: TableStore,
  changes: readonly SchemaChange[],
  { dryRun = false, signal, clock = systemClock }: AlterOptions = {},
): Promise<TableSchema> {
  const hasSnapshots = (await store.snapshots.readLatestListed({ signal })) !== null
  const setsIceberg = changes.some(
    (change) => change.action === 'setOption' && change.name === 'metadata.iceberg.storage',
  )
  const earlier = setsIceberg ? await allSchemas(store, signal) : []
  const change = (latest: TableSchema | null): TableSchema => {
    if (latest === null) throw notFound('there is no table', { path: store.location.root })
    const changed = changedSchema(latest, changes, { hasSnapshots, timeMillis: clock.now() })
    requireServed(latest, changed)
    requireCarriedChange(latest, changed, hasSnapshots ? [...earlier, latest] : [])
    return changed
  }
  if (dryRun) return change(await store.schemas.readLatest({ signal }))
  const changed = await store.schemas.change(change, { signal })
  await publishIceberg({ store, schema: changed!, clock, signal })
  return changed!
}

async function allSchemas(store: TableStore, signal?: AbortSignal): Promise<TableSchema[]> {
  const ids = await store.schemas.ids({ signal })
  return await mapAll(ids, 16, (id) => store.schemas.read(id, { signal }))
}

/** What merge engines, file formats and file indexes make of the schema; what they refused before stays as it is. */
function requireServed(before: TableSchema, after: TableSchema): void {
  for (const check of [checkEngine, fileForms, indexSpecs]) {
    try {
      check(after)
    } catch (error) {
      if (!(error instanceof LakeError) || passes(check, before)) throw error
    }
  }
}

function checkEngine(schema: TableSchema): void {
  if (hasPrimaryKey(schema)) mergeEngine(schema)
}

function passes(check: (schema: TableSchema) => unknown, schema: TableSchema): boolean {
  try {
    check(schema)
    return true
  } catch {
    return false
  }
}
