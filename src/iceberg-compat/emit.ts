/**
 * Brings a table's Iceberg metadata up to date with the table: after commits, and after whatever else changes what is there.
 *
 * What is published is a function of the table's state; what the metadata has already is used again. So it may run at any time,
 * in several processes at once, and after failures: the next run finds what is missing. Follows `IcebergCommitCallback`.
 */
import { randomUUID } from 'node:crypto'

import type { FileIO, IoOptions, VersionedBytes } from '../io/file-io.ts'
import { dataLayout } from '../snapshot/data-paths.ts'
import { MAIN_BRANCH } from '../snapshot/paths.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { isNotFound, LakeError } from '../util/errors.ts'
import {
  type EmitOptions,
  type IcebergEmission,
  type IcebergTarget,
  publishOnce,
  type Seen,
  shows,
} from './attempt.ts'
import {
  type CurrentIceberg,
  hintPath,
  icebergVersions,
  readIcebergVersion,
  readNamedIceberg,
  type VersionedIceberg,
} from './current.ts'
import type { DeriveWork } from './derive.ts'
import { MetadataFiles } from './metadata-files.ts'
import { type IcebergSettings, icebergSettings } from './settings.ts'
import { readHistory, readSchemas } from './table-state.ts'

const TRIES = 8

/**
 * Publishes the Iceberg metadata of the table as it is now; null where the options ask for none, on other branches, and for a
 * table without snapshots.
 *
 * UNSUPPORTED for columns and files that Iceberg cannot carry; CONFLICT where other processes publish each time.
 */
export async function emitIceberg(
  target: IcebergTarget,
  options: EmitOptions = {},
): Promise<IcebergEmission | null> {
  const { store, schema } = target
  const settings = icebergSettings(store.location.root, schema)
  if (settings === null || store.location.branch !== MAIN_BRANCH) return null
  if (options.rebuild === true) return await publish(target, settings, options, true)
  try {
    return await publish(target, settings, options, false)
  } catch (error) {
    // The metadata is damaged, or somebody deleted some of it: none of it is used again then.
    if (!isMetadataLost(error, settings)) throw error
    return await publish(target, settings, options, true)
  }
}

function isMetadataLost(error: unknown, { metadataDirectory }: IcebergSettings): boolean {
  if (!(error instanceof LakeError)) return false
  const isLost = error.code === 'NOT_FOUND' || error.code === 'CORRUPT'
  return isLost && error.path !== undefined && error.path.startsWith(metadataDirectory)
}

async function publish(
  target: IcebergTarget,
  settings: IcebergSettings,
  options: EmitOptions,
  isRebuilt: boolean,
): Promise<IcebergEmission | null> {
  const { store, schema, signal } = target
  const seen: Seen = {
    bases: [],
    nextRowId: 0n,
    tableUuid: randomUUID(),
    forks: [],
    isRaced: false,
  }
  let failed:
    | { readonly error: unknown; readonly earliestId: number; readonly hint: string | undefined }
    | undefined
  let wanted: Snapshot | undefined
  for (let tries = 0; tries <= TRIES; tries++) {
    const [history, schemas, read] = await Promise.all([
      readHistory(store, signal),
      readSchemas(store, schema, settings, signal),
      readBase(store.io, settings, isRebuilt, { signal }),
    ])
    if (history === null) return null
    const hintVersion = read.hint?.version
    // Files that are missing although nothing has expired, nor others have published, are lost.
    if (failed?.earliestId === history.earliestId && failed.hint === hintVersion) throw failed.error
    wanted ??= history.latest
    remember(seen, read.base)
    const work: DeriveWork = {
      store,
      schema: schemas.latest,
      settings,
      layout: dataLayout(store.location.root, schemas.latest),
      form: schemas.form,
      files: new MetadataFiles(store, settings.metadataDirectory, { signal }),
      signal,
    }
    const { hint, base } = read
    if (tries === TRIES && base !== null && shows(base, wanted)) return emissionOf(base)
    const shared = { target, settings, options, isRebuilt, history, schemas, seen, work }
    try {
      const emission = await publishOnce({ ...shared, hint, base })
      if (emission !== null) return emission
    } catch (error) {
      if (!isNotFound(error)) throw error
      failed = { error, earliestId: history.earliestId, hint: hintVersion }
    }
  }
  throw new LakeError('CONFLICT', 'others published Iceberg metadata each time', {
    path: settings.metadataDirectory,
    retriable: true,
  })
}

function emissionOf({ version, path }: CurrentIceberg): IcebergEmission {
  return { version, metadataPath: path, snapshotIds: [], isRebuilt: false, isChanged: false }
}

/** What clients see, and the hint by which they find it. Where that cannot be read, a rebuild goes on from an earlier version. */
async function readBase(
  io: FileIO,
  { metadataDirectory }: IcebergSettings,
  isRebuilt: boolean,
  options: IoOptions,
): Promise<{ base: VersionedIceberg | null; hint: VersionedBytes | null }> {
  const hint = await io.readVersioned(hintPath(metadataDirectory), options)
  try {
    return {
      base: await readNamedIceberg(io, metadataDirectory, hint?.bytes ?? null, options),
      hint,
    }
  } catch (error) {
    if (!isRebuilt || !(error instanceof LakeError) || error.code !== 'CORRUPT') throw error
    return { base: await lastReadable(io, metadataDirectory, options), hint }
  }
}

/** The highest version that can be read: whose table id and row ids go on. */
async function lastReadable(
  io: FileIO,
  metadataDirectory: string,
  options: IoOptions,
): Promise<VersionedIceberg | null> {
  const versions = await icebergVersions(io, metadataDirectory, options)
  for (const version of versions.toReversed()) {
    try {
      return await readIcebergVersion(io, metadataDirectory, version, options)
    } catch (error) {
      if (!(error instanceof LakeError) || error.code !== 'CORRUPT') throw error
    }
  }
  return null
}

function remember(seen: Seen, base: VersionedIceberg | null): void {
  if (base === null) return
  const { metadata } = base
  seen.bases.push(base)
  seen.tableUuid = metadata['table-uuid']
  const ends = metadata.snapshots.map(
    (entry) => BigInt(entry['first-row-id'] ?? 0) + BigInt(entry['added-rows'] ?? 0),
  )
  for (const end of [...ends, BigInt(metadata['next-row-id'] ?? 0)])
    if (end > seen.nextRowId) seen.nextRowId = end
}
