/**
 * Finds, reads and creates the snapshot files of a table or a branch.
 *
 * Which snapshot is the latest is asked in two ways. Readers trust the LATEST hint where it can be checked: the snapshot
 * is there, the next one is not, and the one before it is (a stalled writer may have put its snapshot where others have
 * expired, and the hint on it). Writers list the directory, always. Follows `SnapshotManager`.
 */
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { mapAll, mapOrdered } from '../util/async.ts'
import { corrupt, LakeError, notFound } from '../util/errors.ts'
import { advanceLatestHint, readHint } from './hints.ts'
import { numbersAfter, readIfThere } from './metadata-files.ts'
import {
  hintPath,
  SNAPSHOT_PREFIX,
  snapshotDirectory,
  snapshotPath,
  type TableLocation,
} from './paths.ts'
import { parseSnapshot, type Snapshot, snapshotText } from './snapshot.ts'

/** A snapshot and the bytes of its file, by which it is known again. */
export interface StoredSnapshot {
  readonly snapshot: Snapshot
  readonly bytes: Uint8Array
}

/** The snapshots that a table has: all from `earliest` to `latest`. */
export interface SnapshotRange {
  readonly earliest: number
  readonly latest: number
}

/** How many snapshots a walk reads at the same time at most. */
const WALK_AHEAD = 8
/** How often the latest snapshot may vanish between the listing and the read. */
const LISTING_TRIES = 5

export class SnapshotStore {
  readonly location: TableLocation
  readonly #io: FileIO
  /** The last snapshot that this process created or built on. */
  #last: StoredSnapshot | undefined

  constructor(io: FileIO, location: TableLocation) {
    this.#io = io
    this.location = location
  }

  /** The latest snapshot as a reader finds it; null for a table without any. */
  async readLatest(options?: IoOptions): Promise<Snapshot | null> {
    const [latest, earliest = 1] = await Promise.all([
      readHint(this.#io, hintPath(this.location, 'LATEST'), options),
      readHint(this.#io, hintPath(this.location, 'EARLIEST'), options),
    ])
    if (latest !== undefined && latest > 1 && latest >= earliest) {
      const [stored, hasNext, hasPrevious] = await Promise.all([
        this.find(latest, options),
        this.exists(latest + 1, options),
        latest === earliest || this.exists(latest - 1, options),
      ])
      if (stored !== null && !hasNext && hasPrevious) return stored.snapshot
    }
    return (await this.readLatestListed(options))?.snapshot ?? null
  }

  /** The latest snapshot as a writer finds it, by listing; null for a table without any. */
  async readLatestListed(options?: IoOptions): Promise<StoredSnapshot | null> {
    for (let tries = 0; tries < LISTING_TRIES; tries++) {
      const range = await this.range(options)
      if (range === null) return null
      const stored = await this.find(range.latest, options)
      if (stored !== null) return stored
    }
    throw new LakeError('IO', 'the latest snapshot goes away each time before it is read', {
      path: snapshotDirectory(this.location),
      retriable: true,
    })
  }

  /** The snapshot with the id. NOT_FOUND, naming those that are there, when it is not one of them. */
  async read(snapshotId: number, options?: IoOptions): Promise<Snapshot> {
    const stored = await this.find(snapshotId, options)
    if (stored !== null) return stored.snapshot
    const range = await this.range(options)
    throw notFound(`there is no snapshot ${snapshotId}`, {
      path: snapshotDirectory(this.location),
      hint:
        range === null
          ? 'the table has no snapshots yet'
          : `the table has the snapshots ${range.earliest} to ${range.latest}`,
    })
  }

  /** The snapshot with the id; null when it is not there (never committed, expired or rolled back). */
  async find(snapshotId: number, options?: IoOptions): Promise<StoredSnapshot | null> {
    const bytes = await this.readBytes(snapshotId, options)
    if (bytes === null) return null
    const path = snapshotPath(this.location, snapshotId)
    const snapshot = parseSnapshot(new TextDecoder().decode(bytes), path)
    if (snapshot.id !== snapshotId) throw corrupt(`says that its id is ${snapshot.id}`, { path })
    return { snapshot, bytes }
  }

  /** The bytes of the snapshot's file, whatever they are; null when there is none. */
  async readBytes(snapshotId: number, options?: IoOptions): Promise<Uint8Array | null> {
    return await readIfThere(this.#io, snapshotPath(this.location, snapshotId), options)
  }

  async exists(snapshotId: number, options?: IoOptions): Promise<boolean> {
    return (await this.#io.stat(snapshotPath(this.location, snapshotId), options)) !== null
  }

  /** The ids of all snapshot files, ascending. */
  async ids(options?: IoOptions): Promise<number[]> {
    const directory = snapshotDirectory(this.location)
    return await numbersAfter(this.#io, directory, SNAPSHOT_PREFIX, 1, options)
  }

  /** The snapshots that are there, by listing; null for a table without any. */
  async range(options?: IoOptions): Promise<SnapshotRange | null> {
    return rangeOf(await this.ids(options))
  }

  /** All snapshots that have not expired, ascending. One that goes away meanwhile is left out. */
  async *all(options?: IoOptions): AsyncGenerator<Snapshot> {
    const ids = await this.ids(options)
    for await (const stored of mapOrdered(ids, WALK_AHEAD, (id) => this.find(id, options)))
      if (stored !== null) yield stored.snapshot
  }

  /** The snapshots from `snapshotId` back to the first that is not there. */
  async *walkBack(snapshotId: number, options?: IoOptions): AsyncGenerator<Snapshot> {
    // Most walks end after a step or two, so the walk is slow to read ahead.
    let ahead = 1
    for (let next = snapshotId; next >= 1; ahead = Math.min(2 * ahead, WALK_AHEAD)) {
      const ids = Array.from({ length: Math.min(ahead, next) }, (_, i) => next - i)
      const found = await mapAll(ids, ahead, (id) => this.find(id, options))
      for (const stored of found) {
        if (stored === null) return
        yield stored.snapshot
      }
      next -= ids.length
    }
  }

  /**
   * Creates the file of the snapshot if its id is free: true when this call did it. Errors are those of
   * `FileIO.create`.
   */
  async create(stored: StoredSnapshot, options?: IoOptions): Promise<boolean> {
    const path = snapshotPath(this.location, stored.snapshot.id)
    return this.#io.create(path, stored.bytes, options)
  }

  async delete(snapshotId: number, options?: IoOptions): Promise<void> {
    await this.#io.delete(snapshotPath(this.location, snapshotId), options)
  }

  /** Makes the LATEST hint say the id, unless it says more already; a hint that cannot be written is no error. */
  async advanceLatest(snapshotId: number): Promise<boolean> {
    const path = hintPath(this.location, 'LATEST')
    return advanceLatestHint(this.#io, path, snapshotId, (id) => this.exists(id))
  }

  /** Keeps a snapshot for {@link recall}. */
  remember(stored: StoredSnapshot): void {
    this.#last = stored
  }

  /**
   * The snapshot of the id as it was when it was remembered. A rollback may have replaced it since: whoever builds on it
   * has to compare the bytes afterwards.
   */
  recall(snapshotId: number): StoredSnapshot | undefined {
    return this.#last?.snapshot.id === snapshotId ? this.#last : undefined
  }
}

/** The snapshot with the bytes of its file. */
export function storedSnapshot(snapshot: Snapshot): StoredSnapshot {
  return { snapshot, bytes: new TextEncoder().encode(snapshotText(snapshot)) }
}

/**
 * The run of ids without gaps that ends with the highest. A snapshot below a gap was put there by a stalled writer and is
 * not part of the table's history.
 */
export function rangeOf(ascendingIds: readonly number[]): SnapshotRange | null {
  const latest = ascendingIds.at(-1)
  if (latest === undefined) return null
  let first = ascendingIds.length - 1
  while (first > 0 && ascendingIds[first - 1] === ascendingIds[first]! - 1) first--
  return { earliest: ascendingIds[first]!, latest }
}
