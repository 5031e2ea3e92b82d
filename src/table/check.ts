/**
 * Checks a table from its hints and snapshots down to the footers, keys and counts of its data files.
 *
 * 1. Schemas, hints and snapshots: each parses, and none is missing between others.
 * 2. Manifests, snapshot by snapshot: what each adds and deletes is replayed, and its counts are made again.
 * 3. Data files: of the latest snapshot, or of all; with `deep` every row is read.
 * 4. Tags, other branches, long-lived changelogs, consumers and success files: each can be read, and has what it needs.
 * 5. Iceberg metadata, where there are to be some: they show the latest snapshot, and all that they need is there.
 * 6. Files that nothing refers to are counted; they are no damage.
 *
 * What it finds is data: it throws only when storage fails or the signal fires, and for what is no table at all.
 */
import { dataLayout, type DataLayout, pathsOfFile } from '../snapshot/data-paths.ts'
import type { ManifestEntry } from '../snapshot/manifest-entry.ts'
import { manifestPath } from '../snapshot/paths.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { openTableStore, type TableStore } from '../snapshot/table-store.ts'
import { mapOrdered, throwIfAborted } from '../util/async.ts'
import { corrupt, notFound } from '../util/errors.ts'
import { checkBuckets } from './check/buckets.ts'
import type { CheckContext, CheckProgress } from './check/context.ts'
import { checkDataFile, type FileToCheck } from './check/data-file.ts'
import { type Finding, Findings, type Warning } from './check/findings.ts'
import { checkHistory, type CheckedHistory } from './check/history.ts'
import { checkIndexFiles } from './check/index-files.ts'
import { entryOf } from './check/live-files.ts'
import { countOrphans } from './check/orphans.ts'
import { repairTable } from './check/repair.ts'
import { checkSchemas } from './check/schemas.ts'
import { checkSnapshots } from './check/snapshots.ts'

export type { CheckProgress } from './check/context.ts'
export type { Finding, Warning } from './check/findings.ts'

export interface CheckOptions {
  /** Whether all rows are read; true unless told. */
  readonly deep?: boolean | undefined
  /** Whether the data files of all snapshots are looked at, not of the latest alone. */
  readonly allSnapshots?: boolean | undefined
  /**
   * Whether what can safely be repaired is repaired first: hints that say something wrong, and statistics that cannot be read,
   * which are replaced by some that say nothing of columns. False unless told.
   */
  readonly repair?: boolean | undefined
  readonly onProgress?: ((progress: CheckProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface CheckReport {
  /** The table's directory. */
  readonly path: string
  /** The latest snapshot; null for a table without any. */
  readonly snapshotId: number | null
  readonly damage: readonly Finding[]
  readonly warnings: readonly Warning[]
  /** What was repaired before the check; nothing unless `repair` asks for it. */
  readonly repairs: readonly Finding[]
  readonly counts: {
    readonly schemas: number
    readonly snapshots: number
    readonly manifests: number
    readonly dataFiles: number
    /** Rows that were read: 0 unless `deep`. */
    readonly rows: number
    /** Files that nothing refers to; null when that cannot be told because of damage. */
    readonly orphanFiles: number | null
  }
}

const FILES_AT_ONCE = 4

export async function checkTable(
  table: Pick<TableStore, 'io' | 'location'>,
  options: CheckOptions = {},
): Promise<CheckReport> {
  const { deep = true, allSnapshots = false, repair = false, signal } = options
  const { root, branch } = table.location
  const store = openTableStore(table.io, root, { branch })
  const findings = new Findings()
  const schemas = await checkSchemas(store, findings, signal)
  const schema = schemas.get(Math.max(...schemas.keys()))
  if (schema === undefined) throw noSchema(findings, root)
  const repairs = repair ? await repairTable(store, signal) : []
  const onProgress = options.onProgress ?? (() => {})
  const context: CheckContext = { store, findings, schemas, schema, signal, onProgress }
  const { snapshots, ids } = await checkSnapshots(context)
  const history = await checkHistory(context, snapshots)
  const layout = dataLayout(root, schema)
  const latest = snapshots.at(-1)
  const indexPaths = await checkIndexes(context, layout, snapshots, history)
  const files = filesToCheck(history, latest, allSnapshots)
  const live = history.live === null ? [] : [...history.live.values()].map(entryOf)
  await checkBuckets(context, layout, live)
  const rows = await checkFiles(context, layout, files, deep)
  await checkIcebergIfAny(context, layout, latest, history)
  const orphanFiles = history.isComplete
    ? await countOrphans(context, layout, usedPaths(context, layout, history, indexPaths), ids)
    : null
  return {
    path: root,
    snapshotId: ids.at(-1) ?? null,
    damage: await withoutExpired(context),
    warnings: findings.warnings,
    repairs,
    counts: {
      schemas: schemas.size,
      snapshots: snapshots.length,
      manifests: history.manifestNames.size,
      dataFiles: files.length,
      rows,
      orphanFiles,
    },
  }
}

/** Most tables have none, and nothing of it is loaded then. */
async function checkIcebergIfAny(
  context: CheckContext,
  layout: DataLayout,
  latest: Snapshot | undefined,
  { live }: CheckedHistory,
): Promise<void> {
  if (context.schema.options['metadata.iceberg.storage'] === undefined) return
  const { checkIceberg } = await import('./check/iceberg.ts')
  await checkIceberg(context, layout, latest, live)
}

function noSchema({ damage }: Findings, root: string): Error {
  const [first] = damage
  if (first === undefined) return notFound('there is no table: it has no schema', { path: root })
  return corrupt(first.what, { path: first.path })
}

async function checkIndexes(
  context: CheckContext,
  layout: DataLayout,
  snapshots: readonly Snapshot[],
  { live }: CheckedHistory,
): Promise<string[]> {
  const paths: string[] = []
  const seen = new Set<string>()
  for (const snapshot of snapshots.toReversed()) {
    throwIfAborted(context.signal)
    // Snapshots share index manifests until one changes them.
    const key = `${snapshot.indexManifest} ${snapshot.statistics}`
    if (seen.has(key)) continue
    seen.add(key)
    const files = snapshot === snapshots.at(-1) ? live : null
    paths.push(...(await checkIndexFiles(context, layout, snapshot, files)))
  }
  return paths
}

function filesToCheck(
  { live, needed, changelog }: CheckedHistory,
  latest: Snapshot | undefined,
  allSnapshots: boolean,
): FileToCheck[] {
  const ofData = allSnapshots ? [...needed] : [...needed].filter(([id]) => live?.has(id) === true)
  const ofChangelog = changelog.filter(
    ({ snapshotId }) => allSnapshots || snapshotId === latest?.id,
  )
  return [
    ...ofData.map(([, file]) => ({
      entry: entryOf(file),
      snapshotId: file.snapshotId,
      isChangelog: false,
    })),
    ...ofChangelog.map((file) => ({
      entry: entryOf(file),
      snapshotId: file.snapshotId,
      isChangelog: true,
    })),
  ]
}

/** The rows that were read. */
async function checkFiles(
  context: CheckContext,
  layout: DataLayout,
  files: readonly FileToCheck[],
  deep: boolean,
): Promise<number> {
  const { onProgress, signal } = context
  let rows = 0
  let done = 0
  const checked = mapOrdered(files, FILES_AT_ONCE, async (file) => {
    throwIfAborted(signal)
    return await checkDataFile(context, layout, file, deep)
  })
  for await (const count of checked) {
    rows += count
    onProgress({ phase: 'files', done: ++done, total: files.length })
  }
  return rows
}

function usedPaths(
  { store }: CheckContext,
  layout: DataLayout,
  { needed, changelog, manifestNames }: CheckedHistory,
  indexPaths: readonly string[],
): Set<string> {
  const { root } = store.location
  const used = new Set(indexPaths)
  for (const name of manifestNames) used.add(manifestPath(root, name))
  for (const file of [...needed.values(), ...changelog])
    for (const path of pathsUnlessBad(layout, entryOf(file))) used.add(path)
  return used
}

/** An entry without a path was found with its manifest. */
function pathsUnlessBad(layout: DataLayout, entry: ManifestEntry): string[] {
  try {
    return pathsOfFile(layout, entry)
  } catch {
    return []
  }
}

/** What is missing because its snapshot has expired since it was read is no damage. */
async function withoutExpired({ store, findings, signal }: CheckContext): Promise<Finding[]> {
  const kept: Finding[] = []
  for (const { path, what, missingFor = 0, neededBy } of findings.damage) {
    const isExpired =
      neededBy === undefined
        ? missingFor > 0 && !(await store.snapshots.exists(missingFor, { signal }))
        : (await store.io.stat(neededBy, { signal })) === null
    if (!isExpired) kept.push({ path, what })
  }
  return kept
}
