/**
 * Finds, reads and writes long-lived changelogs (`changelog/changelog-N`): what stays of a snapshot that has expired while its
 * changes are kept. They have the form of snapshots. Follows `ChangelogManager`.
 */
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { joinPath } from '../io/path.ts'
import { corrupt } from '../util/errors.ts'
import { hintBytes, readHint } from './hints.ts'
import { numbersAfter, readIfThere } from './metadata-files.ts'
import {
  CHANGELOG_PREFIX,
  changelogDirectory,
  changelogPath,
  type HintName,
  type TableLocation,
} from './paths.ts'
import { parseSnapshot, type Snapshot, snapshotText } from './snapshot.ts'

export class ChangelogStore {
  readonly location: TableLocation
  readonly #io: FileIO

  constructor(io: FileIO, location: TableLocation) {
    this.#io = io
    this.location = location
  }

  /** What is kept of the snapshot; null when there is no such changelog. */
  async find(snapshotId: number, options?: IoOptions): Promise<Snapshot | null> {
    const path = changelogPath(this.location, snapshotId)
    const bytes = await readIfThere(this.#io, path, options)
    if (bytes === null) return null
    const snapshot = parseSnapshot(new TextDecoder().decode(bytes), path)
    if (snapshot.id !== snapshotId) throw corrupt(`says that its id is ${snapshot.id}`, { path })
    return snapshot
  }

  /** The ids of all changelogs, ascending. */
  async ids(options?: IoOptions): Promise<number[]> {
    const directory = changelogDirectory(this.location)
    return await numbersAfter(this.#io, directory, CHANGELOG_PREFIX, 1, options)
  }

  /** Keeps the changes of a snapshot that is about to go. */
  async write(snapshot: Snapshot, options?: IoOptions): Promise<void> {
    const bytes = new TextEncoder().encode(snapshotText(snapshot))
    await this.#io.write(changelogPath(this.location, snapshot.id), bytes, options)
  }

  /** Where the changelogs begin or end, as the last expiry told; undefined where none has. */
  async readHint(hint: HintName, options?: IoOptions): Promise<number | undefined> {
    return await readHint(this.#io, joinPath(changelogDirectory(this.location), hint), options)
  }

  /** Tells Java, which looks here first, where the changelogs begin or end. */
  async writeHint(hint: HintName, snapshotId: number, options?: IoOptions): Promise<void> {
    const path = joinPath(changelogDirectory(this.location), hint)
    await this.#io.write(path, hintBytes(snapshotId), options)
  }
}
