/**
 * Finds and reads long-lived changelogs (`changelog/changelog-N`): what stays of a snapshot that has expired while its
 * changes are kept. They have the form of snapshots. Follows `ChangelogManager`.
 */
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { corrupt } from '../util/errors.ts'
import { numbersAfter, readIfThere } from './metadata-files.ts'
import { CHANGELOG_PREFIX, changelogDirectory, changelogPath, type TableLocation } from './paths.ts'
import { parseSnapshot, type Snapshot } from './snapshot.ts'

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
}
