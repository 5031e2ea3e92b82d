/**
 * Publishes a table's Iceberg metadata behind all that changes what they show: commits, expiry, tags, rollbacks, branches and
 * schemas.
 *
 * The change has happened by then, so what fails is told and not thrown: the next change, or `millrace iceberg emit`, makes up
 * for it. Nothing is asked of the storage, and no code is loaded, where the table has no such metadata.
 */
import type { EmitOptions, IcebergEmission } from '../../iceberg-compat/attempt.ts'
import type { IcebergState } from '../../iceberg-compat/state.ts'
import { MAIN_BRANCH } from '../../snapshot/paths.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { icebergStorage, tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import type { Clock } from '../../util/async.ts'
import { LakeError } from '../../util/errors.ts'

/** A table that has changed. */
export interface PublishedTable {
  readonly store: TableStore
  /** With the options of the object that changed it. */
  readonly schema: TableSchema
  readonly clock?: Clock | undefined
  readonly signal?: AbortSignal | undefined
}

export interface IcebergEmitOptions {
  /** Whether nothing of what is there is used again but the table's id and the ids of its rows. */
  readonly rebuild?: boolean | undefined
  /** Told of the snapshots that are published. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** What Iceberg clients see of a {@link Table}. */
export interface TableIceberg {
  /** Whether the option `metadata.iceberg.storage` says that there are metadata; never on branches. */
  readonly isEnabled: boolean
  /**
   * Brings the Iceberg metadata up to date, whatever happened to the table or to them; commits do so too. Null where there are to
   * be none, and before the first snapshot.
   */
  emit(options?: IcebergEmitOptions): Promise<IcebergEmission | null>
  /** What the current metadata show, and in what they are behind the table; null where there are none. */
  show(options?: { readonly signal?: AbortSignal | undefined }): Promise<IcebergState | null>
}

/** What the last try of this process ended with, of tables for which it failed. */
const failures = new WeakMap<TableStore, { readonly error: unknown }>()

/** The last snapshot that this process has published. */
const published = new WeakMap<TableStore, number>()

/** Brings the metadata up to date. What it failed with; nothing, where it did not. */
export async function publishIceberg(
  table: PublishedTable,
  options?: Pick<EmitOptions, 'rebuild' | 'unnamedAgeMs'>,
): Promise<readonly unknown[]> {
  const { store, schema, clock, signal } = table
  try {
    if (!isPublished(store, schema)) return []
    const { emitIceberg } = await import('../../iceberg-compat/emit.ts')
    const emission = await emitIceberg({ store, schema, clock, signal }, options)
    published.set(store, emission?.version ?? 0)
    failures.delete(store)
    return []
  } catch (error) {
    store.metrics.add('commit.numIcebergFailed')
    failures.set(store, { error })
    return [error]
  }
}

/**
 * Publishes before snapshots expire, where clients may see one of those that go: until it is published again its files would be
 * gone. No snapshot from `earliestId` on expires. Where the storage fails it throws, and the expiry waits for the next one; what
 * cannot be published at all keeps no snapshot from expiring.
 */
export async function publishBeforeExpiry(
  table: PublishedTable,
  earliestId: number,
): Promise<void> {
  if ((published.get(table.store) ?? 0) >= earliestId) return
  for (const error of await publishIceberg(table))
    if (error instanceof LakeError && MAY_PASS.has(error.code)) throw error
}

const MAY_PASS: ReadonlySet<string> = new Set(['IO', 'OUTCOME_UNKNOWN', 'ABORTED', 'CONFLICT'])

/** What this process last failed with where it published, or null. */
export function icebergFailure(store: TableStore): { readonly error: unknown } | null {
  return failures.get(store) ?? null
}

/** Whether the table has Iceberg metadata. A branch has none: only the table itself can be told by its place. */
function isPublished({ location }: TableStore, { options }: TableSchema): boolean {
  if (location.branch !== MAIN_BRANCH || options['metadata.iceberg.storage'] === undefined)
    return false
  return icebergStorage(tableOptions(options)) !== null
}

/** The Iceberg side of a table as the object's user handles it. */
export function icebergOf({ store, schema }: PublishedTable): TableIceberg {
  return {
    get isEnabled() {
      return isPublished(store, schema)
    },
    async emit({ rebuild = false, onProgress, signal } = {}) {
      if (!isPublished(store, schema)) return null
      const { emitIceberg } = await import('../../iceberg-compat/emit.ts')
      const emission = await emitIceberg({ store, schema, signal }, { rebuild, onProgress })
      failures.delete(store)
      return emission
    },
    async show({ signal } = {}) {
      if (!isPublished(store, schema)) return null
      const { readIcebergState } = await import('../../iceberg-compat/state.ts')
      return await readIcebergState({ store, schema, signal })
    },
  }
}
