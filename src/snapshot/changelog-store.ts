/**
 * Finds and reads long-lived changelogs (`changelog/changelog-N`): what stays of a snapshot that has expired while its
 * changes are kept. They have the form of snapshots. Follows `ChangelogManager`.
 */
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { nameOf } from '../io/path.ts'
import { corrupt, LakeError } from '../util/errors.ts'
import {
  CHANGELOG_PREFIX,
  changelogDirectory,
  changelogPath,
  numberOf,
  type TableLocation,
} from './paths.ts'
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
    try {
      const bytes = await this.#io.read(path, options)
      const snapshot = parseSnapshot(new TextDecoder().decode(bytes), path)
      if (snapshot.id !== snapshotId) throw corrupt(`says that its id is ${snapshot.id}`, { path })
      return snapshot
    } catch (error) {
      if (error instanceof LakeError && error.code === 'NOT_FOUND') return null
      throw error
    }
  }

  /** The ids of all changelogs, ascending. */
  async ids(options?: IoOptions): Promise<number[]> {
    const ids: number[] = []
    const directory = changelogDirectory(this.location)
    const files = this.#io.list(directory, { ...options, namePrefix: CHANGELOG_PREFIX })
    for await (const { path } of files) {
      const id = numberOf(nameOf(path), CHANGELOG_PREFIX)
      if (id !== undefined && id >= 1) ids.push(id)
    }
    return ids.toSorted((a, b) => a - b)
  }
}
