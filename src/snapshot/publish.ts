/**
 * Makes a snapshot visible, and finds out whether it stays.
 *
 * 1. The file `snapshot-N` is created exclusively. An answer that does not settle who created it is settled by reading
 *    the file: its bytes are ours or they are not.
 * 2. That is not enough: a writer that was stalled for so long that N has expired meanwhile finds N free again, and
 *    would put an old state before everyone. So the snapshot that N builds on must still be there, byte for byte.
 *    Expiry deletes in ascending order: while N - 1 is there, N was never deleted.
 * 3. When it is not there, the lowest snapshot after N tells whether N became part of the table before it expired. If it
 *    did not, our N is taken away again.
 *
 * See docs/notes/0001-commit-protocol.md.
 */
import { LakeError } from '../util/errors.ts'
import { createBackoff, retry } from '../util/retry.ts'
import { buildsOn, missingFiles, type RecordedChange } from './commit-history.ts'
import type { DataLayout } from './data-paths.ts'
import { snapshotPath } from './paths.ts'
import type { StoredSnapshot } from './snapshot-store.ts'
import type { TableStore } from './table-store.ts'

export interface Publication extends RecordedChange {
  readonly store: TableStore
  readonly layout: DataLayout
  readonly base: StoredSnapshot | null
  readonly stored: StoredSnapshot
}

/** How often a question is asked, or a create whose outcome is unknown is made again: it is conditional, so that is safe. */
const SETTLE_TRIES = 4

/**
 * Creates the snapshot's file: true when it is ours, false when another has the id. OUTCOME_UNKNOWN when the storage
 * cannot be reached to find out; every other error means that nothing was created.
 */
export async function createSnapshot(
  publication: Publication,
  signal?: AbortSignal,
): Promise<boolean> {
  const { store, stored } = publication
  try {
    if (await store.snapshots.create(stored, { signal })) return true
  } catch (error) {
    if (!(error instanceof LakeError) || error.code !== 'OUTCOME_UNKNOWN') throw error
    return settleCreate(publication, error)
  }
  try {
    return await retry(() => isInStore(publication), { tryCountMax: SETTLE_TRIES })
  } catch (error) {
    if (!(error instanceof LakeError)) throw error
    throw outcomeUnknown(publication, error)
  }
}

async function settleCreate(publication: Publication, unknown: LakeError): Promise<boolean> {
  const { snapshots } = publication.store
  const { stored } = publication
  const backoff = createBackoff({ tryCountMax: SETTLE_TRIES })
  do {
    try {
      const current = await snapshots.readBytes(stored.snapshot.id)
      if (current !== null) return isSame(current, stored)
      // What was sent may still arrive, so only an answer to the same request settles it.
      if (await snapshots.create(stored)) return true
    } catch (error) {
      if (!(error instanceof LakeError)) throw error
    }
  } while (await backoff.next())
  throw outcomeUnknown(publication, unknown)
}

/**
 * Whether the snapshot that was created is part of the table's history; if not, it is taken away again. OUTCOME_UNKNOWN
 * when the storage cannot be reached to find out.
 */
export async function confirmSnapshot(publication: Publication): Promise<boolean> {
  try {
    return await retry(() => isConfirmed(publication), { tryCountMax: SETTLE_TRIES })
  } catch (error) {
    if (!(error instanceof LakeError)) throw error
    throw outcomeUnknown(publication, error)
  }
}

async function isConfirmed(publication: Publication): Promise<boolean> {
  const { store, base, stored } = publication
  if (base !== null && isSame(await store.snapshots.readBytes(base.snapshot.id), base)) return true
  const { id } = stored.snapshot
  const ids = await store.snapshots.ids()
  const isThere = await isInStore(publication)
  const hasLater = ids.some((other) => other > id)
  // Nothing before it and nothing after it: either the first of all, or all before it have expired.
  if (isThere && !hasLater && !ids.some((other) => other < id)) return true
  if (await isInLater(publication, ids)) return true
  // It expired so long ago that its files were replaced and have expired too.
  if (!isThere && (await missingFiles(store, publication.layout, publication.changes)).length > 0)
    return true
  if (!isThere) return false
  await store.snapshots.delete(id)
  // Whoever built on it before it went away has made it part of the history after all.
  return isInLater(publication, await store.snapshots.ids())
}

/** Whether the lowest snapshot after ours builds on it. */
async function isInLater(publication: Publication, ids: readonly number[]): Promise<boolean> {
  const { store, stored } = publication
  const laterId = ids.find((id) => id > stored.snapshot.id)
  if (laterId === undefined) return false
  const later = await store.snapshots.find(laterId)
  if (later === null)
    throw new LakeError('IO', 'a snapshot went away before it was read', {
      path: snapshotPath(store.location, laterId),
      retriable: true,
    })
  return buildsOn(store, publication.layout, later.snapshot, publication)
}

async function isInStore({ store, stored }: Publication): Promise<boolean> {
  return isSame(await store.snapshots.readBytes(stored.snapshot.id), stored)
}

function isSame(bytes: Uint8Array | null, stored: StoredSnapshot): boolean {
  return bytes !== null && Buffer.compare(bytes, stored.bytes) === 0
}

function outcomeUnknown({ store, stored }: Publication, cause: LakeError): LakeError {
  const { id } = stored.snapshot
  return new LakeError(
    'OUTCOME_UNKNOWN',
    `whether snapshot ${id} was committed is not known: ${cause.message}`,
    {
      path: snapshotPath(store.location, id),
      hint: 'commit again with the same user and identifier; what has happened will be found',
      cause,
    },
  )
}
