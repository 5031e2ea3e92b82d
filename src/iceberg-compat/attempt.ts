/**
 * One try to publish a table's Iceberg metadata: made, written, named by the hint, told to a catalog, and what it supersedes
 * deleted. Another process may be faster; `emit` tries again then.
 */
import type { VersionedBytes } from '../io/file-io.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { TableStore } from '../snapshot/table-store.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { type Clock, systemClock } from '../util/async.ts'
import {
  cleanFork,
  cleanSuperseded,
  type CleanWork,
  dropLaterVersions,
  dropUnnamed,
} from './clean.ts'
import {
  type CurrentIceberg,
  metadataPath,
  readCurrentIceberg,
  type VersionedIceberg,
} from './current.ts'
import { deriveAll } from './derive-all.ts'
import type { DeriveWork } from './derive.ts'
import { FIRST_SNAPSHOTS_MAX, isOf, type PaimonHistory } from './history.ts'
import { isSameMetadata, metadataOf } from './metadata-state.ts'
import type { IcebergMetadata } from './metadata.ts'
import {
  type HintOutcome,
  isHintStill,
  writeHint,
  writeMetadata,
  type WriteOutcome,
} from './publish.ts'
import type { IcebergSettings } from './settings.ts'
import type { ShownSchemas } from './table-state.ts'
/** A table whose metadata is to be published, with the options of the object that commits. */
export interface IcebergTarget {
  readonly store: TableStore
  readonly schema: TableSchema
  readonly clock?: Clock | undefined
  readonly signal?: AbortSignal | undefined
}

export interface EmitOptions {
  /**
   * Makes all metadata anew, of every snapshot that has not expired, and deletes what nothing names; else what is there is
   * brought up to date.
   */
  readonly rebuild?: boolean | undefined
  /** A rebuild deletes files that nothing names when they are older; a day unless told. */
  readonly unnamedAgeMs?: number | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

export interface IcebergEmission {
  /** The number of the metadata file, which is the id of the latest snapshot. */
  readonly version: number
  readonly metadataPath: string
  /** The snapshots that were published now, ascending. */
  readonly snapshotIds: readonly number[]
  readonly isRebuilt: boolean
  /** Whether anything was written. */
  readonly isChanged: boolean
}

/** What earlier tries have seen. */
export interface Seen {
  /** Metadata that is superseded. */
  readonly bases: CurrentIceberg[]
  /** No id below it may be given to a row. */
  nextRowId: bigint
  tableUuid: string
  /** What was written here and nobody follows, since others were faster. */
  readonly forks: CurrentIceberg[]
  /** Whether others have published meanwhile. */
  isRaced: boolean
}

const DAY_MS = 86_400_000

export interface Attempt {
  readonly target: IcebergTarget
  readonly settings: IcebergSettings
  readonly options: EmitOptions
  readonly isRebuilt: boolean
  readonly history: PaimonHistory
  readonly schemas: ShownSchemas
  readonly seen: Seen
  readonly work: DeriveWork
  readonly hint: VersionedBytes | null
  readonly base: VersionedIceberg | null
}

/** One try; null where another process has published meanwhile. */
export async function publishOnce(attempt: Attempt): Promise<IcebergEmission | null> {
  const { history, work, base, isRebuilt, seen } = attempt
  const { files } = work
  const version = history.latest.id
  let isWritten = false
  let superseded: CurrentIceberg | null = null
  try {
    const { metadata, newIds } = await makeMetadata(attempt)
    const path = metadataPath(attempt.settings.metadataDirectory, version)
    const now = { version, path, metadata }
    const isSame = base?.version === version && isSameMetadata(base.metadata, metadata)
    if (!isSame) {
      await files.writeStaged()
      isWritten = true
      const outcome = await writeNext(attempt, now)
      if (outcome.kind !== 'written') {
        seen.isRaced = true
        await files.drop()
        // Whoever wrote it may be dead; this is gone on from, so it is published for it.
        if (outcome.kind === 'standing') await tellHint(attempt, version)
        return null
      }
      superseded = outcome.superseded
    }
    if (!(await settle(attempt, now, superseded))) return null
    await tellCatalog(attempt, now)
    return { version, metadataPath: path, snapshotIds: newIds, isRebuilt, isChanged: !isSame }
  } catch (error) {
    // Once the metadata may name them, the files stay.
    if (!isWritten) await files.drop()
    throw error
  }
}

async function makeMetadata(
  attempt: Attempt,
): Promise<{ metadata: IcebergMetadata; newIds: readonly number[] }> {
  const { target, settings, options, isRebuilt, history, schemas, seen, work, base } = attempt
  const derived = await deriveAll(work, history, {
    // Where the table was moved, its metadata name files at the old place.
    metadata: isRebuilt || base?.metadata.location !== schemas.location ? null : base.metadata,
    carriedIds: schemas.carriedIds,
    firstMax: options.rebuild === true ? Infinity : FIRST_SNAPSHOTS_MAX,
    nextRowId: seen.nextRowId,
    onProgress: options.onProgress,
  })
  const version = history.latest.id
  const parts = {
    ...schemas.parts,
    settings,
    history,
    snapshots: derived.snapshots,
    nextRowId: derived.nextRowId,
    tableUuid: seen.tableUuid,
    location: schemas.location,
    base: base !== null && base.version <= version ? withLiveLog(base, seen.bases) : null,
    nowMs: (target.clock ?? systemClock).now(),
  }
  return { metadata: metadataOf(parts, version), newIds: derived.newIds }
}

/** The metadata without the log entries of files that later versions, which are taken back, have let go. */
function withLiveLog(base: CurrentIceberg, bases: readonly CurrentIceberg[]): CurrentIceberg {
  const later = bases.filter(({ version }) => version > base.version)
  const logs = later.map(
    ({ metadata }) => new Set(metadata['metadata-log'].map((entry) => entry['metadata-file'])),
  )
  const log = base.metadata['metadata-log'].filter((entry) =>
    logs.every((names) => names.has(entry['metadata-file'])),
  )
  return { ...base, metadata: { ...base.metadata, 'metadata-log': log } }
}

async function writeNext(attempt: Attempt, now: CurrentIceberg): Promise<WriteOutcome> {
  const { history, settings, work, base, hint } = attempt
  const { io } = work.store
  const options = { signal: work.signal }
  const rules = {
    mayFollow: (standing: CurrentIceberg) =>
      shows(standing, history.latest) && follows(standing, base),
    isUntold: () => isHintStill(io, settings.metadataDirectory, hint, options),
  }
  return await writeMetadata(io, now, base, rules, options)
}

/** Whether it was made from the metadata that the hint names; not known where no log of earlier versions is kept. */
function follows({ metadata }: CurrentIceberg, base: CurrentIceberg | null): boolean {
  return metadata['metadata-log'].at(-1)?.['metadata-file'] === base?.path
}

async function tellHint({ work, settings, hint }: Attempt, version: number): Promise<HintOutcome> {
  const { store, signal } = work
  return await writeHint(store.io, settings.metadataDirectory, version, hint, { signal })
}

/** Makes the metadata the current one, and deletes what it supersedes; false where it is made of one that others have followed. */
async function settle(
  attempt: Attempt,
  now: CurrentIceberg,
  superseded: CurrentIceberg | null,
): Promise<boolean> {
  const { target, options, seen, work } = attempt
  const { store, clock = systemClock } = target
  const outcome = await tellHint(attempt, now.version)
  if (outcome !== 'told') {
    seen.isRaced = true
    if (outcome === 'earlier') seen.forks.push(now)
    // Who has published then may go on from what was written here, which stays.
    return outcome !== 'earlier'
  }
  const clean: CleanWork = { ...work, io: store.io }
  // A commit makes a new version; whatever else publishes may have been a rollback, which leaves later ones behind.
  if (seen.bases.some(({ version }) => version >= now.version)) await dropLaterVersions(clean)
  await cleanSuperseded(clean, seen.bases, now)
  const forks = superseded === null ? seen.forks : [...seen.forks, superseded]
  for (const fork of forks) await cleanFork(clean, fork, now)
  // Who publishes at the same time as others names some files that nobody names afterwards.
  if (options.rebuild === true || seen.isRaced)
    await dropUnnamed(clean, now, clock.now() - (options.unnamedAgeMs ?? DAY_MS))
  return true
}

/** Brings the table of a REST catalog to the metadata, also where nothing of it is new: the last try may have failed. */
async function tellCatalog(
  { target, settings, work }: Attempt,
  { metadata, path }: CurrentIceberg,
): Promise<void> {
  if (settings.storage !== 'rest-catalog') return
  const { store, schema, signal } = target
  const { commitToRestCatalog } = await import('./rest-catalog.ts')
  const { restCatalogSettings } = await import('./rest-settings.ts')
  await commitToRestCatalog({
    metadata,
    metadataPath: path,
    rest: restCatalogSettings(store.location.root, schema),
    newest: async () => {
      const current = await readCurrentIceberg(store.io, settings.metadataDirectory, { signal })
      return current?.metadata ?? null
    },
    signal: work.signal,
  })
}

/** Whether others, who were faster each time, have published the snapshot too. */
export function shows({ metadata }: CurrentIceberg, snapshot: Snapshot): boolean {
  return metadata.snapshots.some((entry) => isOf(entry, snapshot))
}
