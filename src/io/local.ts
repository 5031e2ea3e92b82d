/** The storage of this machine's file system. */
import { createHash } from 'node:crypto'
import { type Dirent } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm, rmdir, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { mapAll, mapOrdered, throwIfAborted } from '../util/async.ts'
import { invalid, isNotFound } from '../util/errors.ts'
import { allocateBytes } from './allocate.ts'
import type {
  FileIO,
  FileStatus,
  FileWriter,
  IoOptions,
  IoStats,
  VersionedBytes,
} from './file-io.ts'
import { HandleCache } from './handle-cache.ts'
import { IoCounters } from './io-counters.ts'
import {
  errnoOf,
  localError,
  localReadError,
  makeDirectories,
  MISSING,
  openNew,
  publishNew,
  publishReplacing,
  syncDirectory,
  temporaryNameOf,
  writeTemporary,
} from './local-files.ts'
import { LocalWriter } from './local-writer.ts'
import { localPathOf } from './path.ts'
import { checkRange, shortObject } from './range.ts'

/** How many files are looked at or deleted at the same time. */
const CONCURRENCY = 16
/** One read(2) never returns more than this. */
const READ_BYTES_MAX = 1 << 30

/** A longer range is compared with the size of the file before memory is taken for it. */
const TRUSTED_BYTES_MAX = 1 << 20

/** Answers of rmdir(2) for a directory that holds something or is in use. */
const STAYING: ReadonlySet<string> = new Set(['ENOTEMPTY', 'EEXIST', 'EBUSY', 'EINVAL'])

/** Answers of rename(2) where something lies under the new name. */
const TAKEN: ReadonlySet<string> = new Set(['ENOTEMPTY', 'EEXIST', 'ENOTDIR'])

/** What runs for one file after the other: the check and the write of `replace` in this process. */
const replacing = new Map<string, Promise<unknown>>()

/**
 * Plain absolute paths and `file:` URIs. A created file is linked to its name (link(2) fails when the name is taken), a
 * written one is renamed to it, both after a sync of the file and before one of the directory.
 *
 * `replace` compares the contents; it excludes other calls of this process, not other processes.
 */
export class LocalFileIO implements FileIO {
  readonly scheme = 'file'
  readonly #counters = new IoCounters()
  readonly #handles = new HandleCache()
  readonly #writers = new Set<LocalWriter>()

  async read(path: string, options?: IoOptions): Promise<Uint8Array> {
    const file = this.#begin('read', path, options)
    try {
      const handle = await open(file, 'r')
      try {
        const { size } = await handle.stat()
        throwIfAborted(options?.signal)
        return await this.#readFrom(handle, path, 0, size)
      } finally {
        await handle.close()
      }
    } catch (error) {
      throw localReadError(path, error)
    }
  }

  async readRange(
    path: string,
    offset: number,
    length: number,
    options?: IoOptions,
  ): Promise<Uint8Array> {
    checkRange(path, offset, length)
    const file = this.#begin('readRange', path, options)
    try {
      return await this.#handles.use(file, (handle) => this.#readFrom(handle, path, offset, length))
    } catch (error) {
      throw localReadError(path, error)
    }
  }

  async readVersioned(path: string, options?: IoOptions): Promise<VersionedBytes | null> {
    try {
      const bytes = await this.read(path, options)
      return { bytes, version: versionOf(bytes) }
    } catch (error) {
      if (isNotFound(error)) return null
      throw error
    }
  }

  async stat(path: string, options?: IoOptions): Promise<FileStatus | null> {
    const file = this.#begin('stat', path, options)
    return statusOf(file, path)
  }

  async *list(
    directory: string,
    options: IoOptions & { recursive?: boolean; namePrefix?: string } = {},
  ): AsyncGenerator<FileStatus> {
    const { recursive = false, namePrefix = '', signal } = options
    const root = this.#begin('list', directory, options)
    const base = directory.endsWith('/') ? directory.slice(0, -1) : directory
    const names = filesBelow(root, '', { recursive, namePrefix, signal })
    // A file that goes away between the listing and the look at it is no longer there.
    const look = (name: string) => statusOf(join(root, name), `${base}/${name}`)
    for await (const status of mapOrdered(names, CONCURRENCY, look)) {
      throwIfAborted(signal)
      if (status !== null) yield status
    }
  }

  async listDirectories(directory: string, options?: IoOptions): Promise<string[]> {
    const root = this.#begin('list', directory, options)
    const entries = await entriesOf(root, directory)
    const names = await mapAll(entries, CONCURRENCY, async (entry) => {
      const isDirectory = entry.isSymbolicLink()
        ? await leadsToDirectory(join(root, entry.name))
        : entry.isDirectory()
      return isDirectory ? [entry.name] : []
    })
    return names.flat()
  }

  async createDirectory(directory: string, options?: IoOptions): Promise<void> {
    const root = this.#begin('createDirectory', directory, options)
    try {
      await makeDirectories(root)
    } catch (error) {
      throw localError(directory, error)
    }
  }

  async write(path: string, bytes: Uint8Array, options?: IoOptions): Promise<void> {
    const file = this.#begin('write', path, options)
    try {
      await publishReplacing(await writeTemporary(file, bytes, options?.signal), file)
      this.#handles.forget(file)
      this.#counters.written(bytes.byteLength)
    } catch (error) {
      throw localError(path, error)
    }
  }

  async create(path: string, bytes: Uint8Array, options?: IoOptions): Promise<boolean> {
    const file = this.#begin('create', path, options)
    try {
      const temporary = await writeTemporary(file, bytes, options?.signal)
      const created = await publishNew(temporary, file, bytes)
      if (created) this.#counters.written(bytes.byteLength)
      return created
    } catch (error) {
      throw localError(path, error)
    }
  }

  async replace(
    path: string,
    bytes: Uint8Array,
    version: string | null,
    options?: IoOptions,
  ): Promise<boolean> {
    if (version === null) return this.create(path, bytes, options)
    return alone(localPathOf(path), async () => {
      const current = await this.readVersioned(path, options)
      if (current?.version !== version) return false
      await this.write(path, bytes, options)
      return true
    })
  }

  async openWriter(path: string, options?: IoOptions): Promise<FileWriter> {
    const file = this.#begin('openWriter', path, options)
    const temporary = temporaryNameOf(file)
    try {
      const handle = await openNew(temporary)
      const writer = new LocalWriter({
        path,
        file,
        temporary,
        handle,
        signal: options?.signal,
        onWritten: (sizeBytes) => this.#counters.written(sizeBytes),
        onEnd: (ended) => {
          this.#writers.delete(ended)
          this.#handles.forget(file)
        },
      })
      this.#writers.add(writer)
      return writer
    } catch (error) {
      throw localError(path, error)
    }
  }

  async delete(path: string, options?: IoOptions): Promise<void> {
    const file = this.#begin('delete', path, options)
    try {
      await unlink(file)
    } catch (error) {
      if (!MISSING.has(errnoOf(error))) throw localError(path, error)
    } finally {
      this.#handles.forget(file)
    }
  }

  async deleteAll(paths: readonly string[], options?: IoOptions): Promise<void> {
    await mapAll(paths, CONCURRENCY, (path) => this.delete(path, options))
  }

  async deleteDirectory(directory: string, options?: IoOptions): Promise<void> {
    const root = this.#begin('deleteDirectory', directory, options)
    if (root === '/') throw invalid('the root of the file system is not deleted')
    try {
      // Whoever writes into the directory meanwhile makes its removal fail once or twice.
      await rm(root, { recursive: true, force: true, maxRetries: 3 })
    } catch (error) {
      throw localError(directory, error)
    } finally {
      this.#handles.forgetBelow(root)
    }
  }

  async deleteEmptyDirectory(directory: string, options?: IoOptions): Promise<boolean> {
    const root = this.#begin('deleteDirectory', directory, options)
    try {
      // Whatever is written into it meanwhile makes this fail, so nothing is lost.
      await rmdir(root)
      return true
    } catch (error) {
      if (STAYING.has(errnoOf(error)) || MISSING.has(errnoOf(error))) return false
      throw localError(directory, error)
    }
  }

  async renameDirectory(from: string, to: string, options?: IoOptions): Promise<boolean> {
    const [old, name] = [this.#begin('renameDirectory', from, options), localPathOf(to)]
    try {
      await rename(old, name)
      await syncDirectory(dirname(name))
      if (dirname(old) !== dirname(name)) await syncDirectory(dirname(old))
      return true
    } catch (error) {
      if (TAKEN.has(errnoOf(error))) return false
      throw localReadError(from, error)
    } finally {
      this.#handles.forgetBelow(old)
    }
  }

  stats(): IoStats {
    return this.#counters.snapshot()
  }

  addStats(stats: IoStats): void {
    this.#counters.add(stats)
  }

  async close(): Promise<void> {
    this.#handles.close()
    const writers = [...this.#writers]
    this.#writers.clear()
    await Promise.all(writers.map((writer) => writer.release().catch(() => {})))
  }

  #begin(kind: string, path: string, options: IoOptions | undefined): string {
    const file = localPathOf(path)
    throwIfAborted(options?.signal)
    this.#counters.request(kind)
    return file
  }

  async #readFrom(
    handle: FileHandle,
    path: string,
    offset: number,
    length: number,
  ): Promise<Uint8Array> {
    if (length > TRUSTED_BYTES_MAX) await checkSize(handle, path, offset, length)
    const bytes = allocateBytes(length)
    let done = 0
    while (done < length) {
      const wanted = Math.min(length - done, READ_BYTES_MAX)
      const { bytesRead } = await handle.read(bytes, done, wanted, offset + done)
      if (bytesRead === 0) throw shortObject(path, offset, length, offset + done)
      done += bytesRead
    }
    this.#counters.read(length)
    return bytes
  }
}

async function checkSize(
  handle: FileHandle,
  path: string,
  offset: number,
  length: number,
): Promise<void> {
  const { size } = await handle.stat()
  if (offset + length > size) throw shortObject(path, offset, length, size)
}

/** The names of the files below `root/below`, relative to `root`, whose beginning is `namePrefix`. */
async function* filesBelow(
  root: string,
  below: string,
  options: { recursive: boolean; namePrefix: string; signal: AbortSignal | undefined },
): AsyncGenerator<string> {
  const { recursive, namePrefix, signal } = options
  throwIfAborted(signal)
  for (const entry of await entriesOf(join(root, below), join(root, below))) {
    const name = below + entry.name
    if (entry.isDirectory()) {
      const directory = `${name}/`
      const mayMatch = directory.startsWith(namePrefix) || namePrefix.startsWith(directory)
      if (recursive && mayMatch) yield* filesBelow(root, directory, options)
    } else if (name.startsWith(namePrefix)) {
      yield name
    }
  }
}

/** What is in a directory; nothing when it is not there. */
async function entriesOf(file: string, path: string): Promise<Dirent[]> {
  try {
    return await readdir(file, { withFileTypes: true })
  } catch (error) {
    if (MISSING.has(errnoOf(error))) return []
    throw localError(path, error)
  }
}

/** Follows symbolic links to files; null for everything that is no file. */
async function statusOf(file: string, path: string): Promise<FileStatus | null> {
  try {
    const status = await stat(file)
    if (!status.isFile()) return null
    return { path, sizeBytes: status.size, modifiedMs: Math.floor(status.mtimeMs) }
  } catch (error) {
    // A symbolic link that leads nowhere, or round in a circle, is no file either.
    if (MISSING.has(errnoOf(error)) || errnoOf(error) === 'ELOOP') return null
    throw localError(path, error)
  }
}

async function leadsToDirectory(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory()
  } catch {
    return false
  }
}

/** The contents are the version: the clock of a file system ticks too slowly to tell two writes apart. */
function versionOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url')
}

/** Runs `body` when every earlier one for the file has ended. */
async function alone<Result>(file: string, body: () => Promise<Result>): Promise<Result> {
  const before = replacing.get(file) ?? Promise.resolve()
  const mine = before.then(body, body)
  const settled = Promise.allSettled([mine])
  replacing.set(file, settled)
  try {
    return await mine
  } finally {
    if (replacing.get(file) === settled) replacing.delete(file)
  }
}
