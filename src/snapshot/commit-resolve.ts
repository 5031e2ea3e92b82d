/**
 * What a change is on top of one snapshot: where it replaces what is there, or numbers its rows from there on, it is
 * another for each attempt of its commit.
 */
import { tableOptions } from '../types/options.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { type Changes, inChangedPartitions } from './commit-changes.ts'
import type { DataLayout } from './data-paths.ts'
import { FILE_KIND } from './manifest-entry.ts'
import { identityOf } from './manifest-rows.ts'
import { scanEntries } from './manifest-scan.ts'
import { replacedBy } from './overwrite.ts'
import { trackRows } from './row-tracking.ts'
import type { Snapshot } from './snapshot.ts'
import type { TableStore } from './table-store.ts'

export interface ResolveContext {
  readonly store: TableStore
  readonly schema: TableSchema
  readonly layout: DataLayout
  readonly signal: AbortSignal | undefined
}

/** The change on top of `base`; the same object where that makes no difference. */
export async function changesOn(
  context: ResolveContext,
  changes: Changes,
  base: Snapshot | null,
): Promise<Changes> {
  const options = tableOptions(context.schema.options)
  let resolved = changes
  if (base !== null && changes.replaced !== undefined)
    resolved = await withDeletions(context, resolved, base)
  if (base !== null && changes.kind === 'APPEND' && options.get('commit.discard-duplicate-files'))
    resolved = await withoutKnownFiles(context, resolved, base)
  if (!options.get('row-tracking.enabled')) return resolved
  const { entries, nextRowId } = trackRows(
    resolved.files,
    (base?.id ?? 0) + 1,
    base?.nextRowId ?? 0n,
  )
  return { ...resolved, files: entries, nextRowId }
}

/** The change of an overwrite, with the deletion of all that it replaces. */
async function withDeletions(
  { store, schema, signal }: ResolveContext,
  changes: Changes,
  base: Snapshot,
): Promise<Changes> {
  const replaced = await replacedBy(store, schema, base, changes.replaced!, signal)
  const kind = FILE_KIND.DELETE
  return {
    ...changes,
    files: [...replaced.files.map((entry) => ({ ...entry, kind })), ...changes.files],
    indexFiles: [
      ...replaced.indexFiles.map((entry) => ({ ...entry, kind })),
      ...changes.indexFiles,
    ],
  }
}

async function withoutKnownFiles(
  { store, layout, signal }: ResolveContext,
  changes: Changes,
  base: Snapshot,
): Promise<Changes> {
  const names = new Set(changes.files.map(({ file }) => file.fileName))
  const filter = {
    ...inChangedPartitions(changes, layout.partitionFields),
    fileName: (name: string) => names.has(name),
  }
  const known = await scanEntries(store.manifests, base, 'all', filter, { signal })
  if (known.length === 0) return changes
  const identities = new Set(known.map(identityOf))
  return { ...changes, files: changes.files.filter((entry) => !identities.has(identityOf(entry))) }
}
