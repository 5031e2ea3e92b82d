/** Deletes files of a table that nothing needs any more, or counts those that would go, and tells what was freed. */
import type { FileIO, IoOptions } from '../io/file-io.ts'
import { parentOf } from '../io/path.ts'

/** A file that nothing needs, with its size as the table's metadata tells it: 0 where it tells none. */
export interface UnusedFile {
  readonly path: string
  readonly sizeBytes: number
}

/** What was deleted, or, in a dry run, what would have been. */
export interface Freed {
  readonly fileCount: number
  /** Without files whose size no metadata tells: index manifests, statistics, and indexes beside data files. */
  readonly sizeBytes: number
}

export interface FileDeletionOptions extends IoOptions {
  /** Whether nothing is deleted, and only counted. */
  readonly dryRun?: boolean | undefined
}

export class FileDeletion {
  readonly dryRun: boolean
  readonly #io: FileIO
  readonly #options: IoOptions
  #fileCount = 0
  #sizeBytes = 0

  constructor(io: FileIO, { dryRun = false, signal }: FileDeletionOptions = {}) {
    this.#io = io
    this.#options = { signal }
    this.dryRun = dryRun
  }

  /** What was deleted so far. A file that was gone already counts too: an expiry that goes on where another died. */
  get freed(): Freed {
    return { fileCount: this.#fileCount, sizeBytes: this.#sizeBytes }
  }

  /** Deletes the files, in no promised order; the next call begins when all of them are gone. */
  async delete(files: readonly UnusedFile[]): Promise<void> {
    if (files.length === 0) return
    if (!this.dryRun)
      await this.#io.deleteAll(
        files.map(({ path }) => path),
        this.#options,
      )
    this.#fileCount += files.length
    this.#sizeBytes += files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  }

  /** Deletes the directories as far as they are empty, and then those above them, up to `top`, which stays. */
  async deleteEmptyDirectories(directories: Iterable<string>, top: string): Promise<void> {
    if (this.dryRun) return
    let level = new Set(directories)
    while (level.size > 0) {
      const above = new Set<string>()
      for (const directory of level) {
        if (!directory.startsWith(`${top}/`)) continue
        if (await this.#io.deleteEmptyDirectory(directory, this.#options))
          above.add(parentOf(directory))
      }
      level = above
    }
  }
}
