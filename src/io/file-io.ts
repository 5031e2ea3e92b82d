/** Storage as the library sees it: whole objects under absolute paths, with one atomic exclusive create. */

export interface FileStatus {
  readonly path: string
  readonly sizeBytes: number
  /** Some storages tell whole seconds only. */
  readonly modifiedMs: number
}

export interface IoOptions {
  readonly signal?: AbortSignal | undefined
}

/** An object read whole, and the opaque version that {@link FileIO.replace} compares. */
export interface VersionedBytes {
  readonly bytes: Uint8Array
  readonly version: string
}

/** What a storage was asked to do so far; the difference of two answers is what happened between them. */
export interface IoStats {
  /** How often each kind of request was made, retries included, under the storage's own names (`GetObject`, `read`). */
  readonly requestCounts: Readonly<Record<string, number>>
  /** How many of the requests repeated one that had failed. */
  readonly retryCount: number
  readonly readBytes: number
  readonly writtenBytes: number
}

/** An upload of a file to an object store that was begun: its parts are paid for until it is completed or aborted. */
export interface UnfinishedUpload {
  readonly path: string
  readonly uploadId: string
  readonly startedMs: number
}

/** A file being written front to back; nothing is visible before `close` returns. */
export interface FileWriter {
  /**
   * Takes the bytes (they must not change afterwards); resolves when more can be taken without growing memory. `isOwn` says
   * that nobody else holds their buffer, whose memory may be given back once they are written.
   */
  write(bytes: Uint8Array, isOwn?: boolean): Promise<void>
  /** Makes the file visible, whole and durable. */
  close(): Promise<void>
  /** Drops what was written; safe to call after a failed `write` or `close`, and twice. */
  abort(): Promise<void>
}

/**
 * One storage. Paths are absolute and carry the scheme (`/dir/file`, `s3://bucket/key`, `memory://name/key`); a path of
 * another scheme is refused.
 *
 * Errors are `LakeError`: NOT_FOUND for a missing object, IO for a failing store (`retriable` where another try may
 * help), OUTCOME_UNKNOWN where a `create` or `replace` may or may not have happened, ABORTED when the signal fired,
 * CORRUPT for an object that is shorter than the range asked for, INVALID for a path that is not one of this storage.
 * Every other write is safe to make again, so its failure is IO even if it may have happened.
 */
export interface FileIO {
  readonly scheme: string

  /** The bytes of the whole object. */
  read(path: string, options?: IoOptions): Promise<Uint8Array>

  /**
   * The bytes `[offset, offset + length)`. Fewer bytes than asked for, or a range that the object does not have, is an
   * error and never a short answer. A buffer that is no larger than the bytes is the caller's own.
   */
  readRange(path: string, offset: number, length: number, options?: IoOptions): Promise<Uint8Array>

  /** The whole object with a version for {@link replace}; null when there is none. */
  readVersioned(path: string, options?: IoOptions): Promise<VersionedBytes | null>

  /** Size and time of one object; null when there is none. */
  stat(path: string, options?: IoOptions): Promise<FileStatus | null>

  /**
   * The files directly in `directory` (or, `recursive`, anywhere below it), in no promised order. A directory that is
   * not there has no files. Temporary files of this writer (a name with a leading dot) are listed too. `namePrefix`
   * keeps the files whose path relative to `directory` begins with it.
   */
  list(
    directory: string,
    options?: IoOptions & { recursive?: boolean; namePrefix?: string },
  ): AsyncIterable<FileStatus>

  /** The names of the directories directly in `directory`, in no promised order. */
  listDirectories(directory: string, options?: IoOptions): Promise<string[]>

  /** Makes the directory and its parents, so that {@link listDirectories} shows it while it is empty. */
  createDirectory(directory: string, options?: IoOptions): Promise<void>

  /** Writes the object in one step, replacing what was there; readers see the old or the new bytes. */
  write(path: string, bytes: Uint8Array, options?: IoOptions): Promise<void>

  /**
   * Creates the object only if nothing is there: true when this call created it, false when something was there
   * already. Atomic against every other creator, in other processes too; durable when it returns true. Throws
   * OUTCOME_UNKNOWN when the answer was lost and could not be found out by reading the object back. Two creators are
   * told apart by what they write: where both write equal bytes, both may be told true. The signal stops it before the
   * write is sent, not in the middle of it.
   */
  create(path: string, bytes: Uint8Array, options?: IoOptions): Promise<boolean>

  /**
   * Replaces the object only if it still has the `version` that {@link readVersioned} gave, or, for version null, only
   * if there is none. False when it changed. Where the storage has no such operation the check is made just before the
   * write (local disk).
   */
  replace(
    path: string,
    bytes: Uint8Array,
    version: string | null,
    options?: IoOptions,
  ): Promise<boolean>

  /** Opens a new file for streaming; an existing one is replaced when the writer closes. */
  openWriter(path: string, options?: IoOptions): Promise<FileWriter>

  /** Deletes one object; deleting what is not there is no error. */
  delete(path: string, options?: IoOptions): Promise<void>

  /** Deletes many objects, in batches where the storage can, in no promised order. */
  deleteAll(paths: readonly string[], options?: IoOptions): Promise<void>

  /** Deletes everything below `directory`, and the directory. */
  deleteDirectory(directory: string, options?: IoOptions): Promise<void>

  /**
   * Deletes the directory only if nothing is in it: true when this call did it. False for one that is not there, that holds
   * something, or on a storage that has no directories.
   */
  deleteEmptyDirectory(directory: string, options?: IoOptions): Promise<boolean>

  /** Uploads of large files below `directory` that have begun and not ended; where the storage has such a thing. */
  unfinishedUploads?(directory: string, options?: IoOptions): AsyncIterable<UnfinishedUpload>

  /** Drops the parts of an unfinished upload; one that is gone is no error. Its writer, if there still is one, fails. */
  abortUpload?(upload: UnfinishedUpload, options?: IoOptions): Promise<void>

  /**
   * Gives a directory another name, with all that is in it and in one step: false when something lies under that name. The
   * directory around the new name must be there. NOT_FOUND when there is no such directory. Only storages that have
   * directories can do it.
   */
  renameDirectory?(from: string, to: string, options?: IoOptions): Promise<boolean>

  /** What was asked of the storage since it was opened. */
  stats(): IoStats

  /** Counts what another thread asked of the same storage. */
  addStats?(stats: IoStats): void

  /** Lets go of connections and handles. Files still being written stay as a crash would leave them. */
  close(): Promise<void>
}
