/** A storage in the memory of this process: `memory://NAME/key`, one store for each name, shared by all that open it. */
import { throwIfAborted } from '../util/async.ts'
import { invalid, notFound } from '../util/errors.ts'
import type {
  FileIO,
  FileStatus,
  FileWriter,
  IoOptions,
  IoStats,
  VersionedBytes,
} from './file-io.ts'
import { IoCounters } from './io-counters.ts'
import { parsePath } from './path.ts'
import { checkRange, shortObject } from './range.ts'

interface Entry {
  readonly bytes: Uint8Array
  readonly modifiedMs: number
  readonly version: string
}

interface Store {
  readonly files: Map<string, Entry>
  readonly directories: Set<string>
}

const stores = new Map<string, Store>()
let versionCount = 0

/** Forgets a store and all its files. */
export function dropMemoryStore(name: string): void {
  stores.delete(name)
}

/** Everything happens in one turn of the event loop, so every operation is atomic. `now` stamps the files. */
export class MemoryFileIO implements FileIO {
  readonly scheme = 'memory'
  readonly #counters = new IoCounters()
  readonly #now: () => number

  constructor(options: { now?: () => number } = {}) {
    this.#now = options.now ?? Date.now
  }

  async read(path: string, options?: IoOptions): Promise<Uint8Array> {
    const { store, key } = this.#begin('read', path, options)
    const { bytes } = existing(store, key, path)
    this.#counters.read(bytes.byteLength)
    return bytes.slice()
  }

  async readRange(
    path: string,
    offset: number,
    length: number,
    options?: IoOptions,
  ): Promise<Uint8Array> {
    checkRange(path, offset, length)
    const { store, key } = this.#begin('readRange', path, options)
    const { bytes } = existing(store, key, path)
    if (offset + length > bytes.byteLength) {
      throw shortObject(path, offset, length, bytes.byteLength)
    }
    this.#counters.read(length)
    return bytes.slice(offset, offset + length)
  }

  async readVersioned(path: string, options?: IoOptions): Promise<VersionedBytes | null> {
    const { store, key } = this.#begin('read', path, options)
    const entry = store.files.get(key)
    if (entry === undefined) return null
    this.#counters.read(entry.bytes.byteLength)
    return { bytes: entry.bytes.slice(), version: entry.version }
  }

  async stat(path: string, options?: IoOptions): Promise<FileStatus | null> {
    const { store, key } = this.#begin('stat', path, options)
    const entry = store.files.get(key)
    return entry === undefined ? null : statusOf(path, entry)
  }

  async *list(
    directory: string,
    options: IoOptions & { recursive?: boolean; namePrefix?: string } = {},
  ): AsyncGenerator<FileStatus> {
    const { recursive = false, namePrefix = '', signal } = options
    const { store, key } = this.#begin('list', directory, options)
    const base = directory.endsWith('/') ? directory.slice(0, -1) : directory
    const below = key === '' ? '' : `${key}/`
    // The answer is what is there now, whatever the consumer does between two files.
    const found: FileStatus[] = []
    for (const [name, entry] of store.files) {
      if (!name.startsWith(below + namePrefix)) continue
      const rest = name.slice(below.length)
      if (recursive || !rest.includes('/')) found.push(statusOf(`${base}/${rest}`, entry))
    }
    for (const status of found) {
      throwIfAborted(signal)
      yield status
    }
  }

  async listDirectories(directory: string, options?: IoOptions): Promise<string[]> {
    const { store, key } = this.#begin('list', directory, options)
    const below = key === '' ? '' : `${key}/`
    const names = new Set<string>()
    for (const name of [...store.files.keys(), ...store.directories].filter((each) =>
      each.startsWith(below),
    )) {
      const end = name.indexOf('/', below.length)
      if (end >= 0) names.add(name.slice(below.length, end))
    }
    return [...names]
  }

  async createDirectory(directory: string, options?: IoOptions): Promise<void> {
    const { store, key } = this.#begin('createDirectory', directory, options)
    if (key !== '') store.directories.add(`${key}/`)
  }

  async write(path: string, bytes: Uint8Array, options?: IoOptions): Promise<void> {
    const { store, key } = this.#begin('write', path, options)
    this.#put(store, fileKey(key, path), bytes)
  }

  async create(path: string, bytes: Uint8Array, options?: IoOptions): Promise<boolean> {
    const { store, key } = this.#begin('create', path, options)
    if (store.files.has(fileKey(key, path))) return false
    this.#put(store, key, bytes)
    return true
  }

  async replace(
    path: string,
    bytes: Uint8Array,
    version: string | null,
    options?: IoOptions,
  ): Promise<boolean> {
    const { store, key } = this.#begin('replace', path, options)
    if ((store.files.get(fileKey(key, path))?.version ?? null) !== version) return false
    this.#put(store, key, bytes)
    return true
  }

  async openWriter(path: string, options?: IoOptions): Promise<FileWriter> {
    const { store, key } = this.#begin('openWriter', path, options)
    return memoryWriter(path, options?.signal, (bytes) =>
      this.#put(store, fileKey(key, path), bytes),
    )
  }

  async delete(path: string, options?: IoOptions): Promise<void> {
    const { store, key } = this.#begin('delete', path, options)
    store.files.delete(key)
  }

  async deleteAll(paths: readonly string[], options?: IoOptions): Promise<void> {
    for (const path of paths) await this.delete(path, options)
  }

  async deleteDirectory(directory: string, options?: IoOptions): Promise<void> {
    const { store, key } = this.#begin('deleteDirectory', directory, options)
    if (key === '') throw invalid('the root of the storage is not deleted', { path: directory })
    for (const name of store.files.keys()) {
      if (name.startsWith(`${key}/`)) store.files.delete(name)
    }
    for (const name of store.directories) {
      if (name.startsWith(`${key}/`)) store.directories.delete(name)
    }
  }

  async deleteEmptyDirectory(directory: string, options?: IoOptions): Promise<boolean> {
    const { store, key } = this.#begin('deleteDirectory', directory, options)
    const below = `${key}/`
    const isBelow = (name: string): boolean => name.startsWith(below) && name !== below
    const holds = [...store.files.keys(), ...store.directories].some(isBelow)
    return !holds && store.directories.delete(below)
  }

  async renameDirectory(from: string, to: string, options?: IoOptions): Promise<boolean> {
    const { store, key } = this.#begin('renameDirectory', from, options)
    const { store: target, key: name } = this.#begin('renameDirectory', to, options)
    const [below, renamed] = [`${key}/`, `${name}/`]
    const files = [...store.files].filter(([file]) => file.startsWith(below))
    const directories = [...store.directories].filter((each) => each.startsWith(below))
    if (files.length + directories.length === 0)
      throw notFound('there is no such directory', { path: from })
    if ([...target.files.keys()].some((file) => file === name || file.startsWith(renamed)))
      return false
    for (const [file, entry] of files) {
      store.files.delete(file)
      target.files.set(renamed + file.slice(below.length), entry)
    }
    for (const each of directories) {
      store.directories.delete(each)
      target.directories.add(renamed + each.slice(below.length))
    }
    return true
  }

  stats(): IoStats {
    return this.#counters.snapshot()
  }

  async close(): Promise<void> {}

  #begin(
    kind: string,
    path: string,
    options: IoOptions | undefined,
  ): { store: Store; key: string } {
    const { scheme, authority, segments } = parsePath(path)
    if (scheme !== 'memory' || authority === '') {
      throw invalid(`${JSON.stringify(path)} is not a path of the form memory://NAME/key`)
    }
    throwIfAborted(options?.signal)
    this.#counters.request(kind)
    let store = stores.get(authority)
    if (store === undefined) {
      store = { files: new Map(), directories: new Set() }
      stores.set(authority, store)
    }
    return { store, key: segments.join('/') }
  }

  #put(store: Store, key: string, bytes: Uint8Array): void {
    this.#counters.written(bytes.byteLength)
    const version = String(++versionCount)
    store.files.set(key, { bytes: new Uint8Array(bytes), modifiedMs: this.#now(), version })
  }
}

function memoryWriter(
  path: string,
  signal: AbortSignal | undefined,
  publish: (bytes: Uint8Array) => void,
): FileWriter {
  const chunks: Uint8Array[] = []
  let state: 'open' | 'closed' | 'aborted' = 'open'
  const checkOpen = (): void => {
    if (state !== 'open') throw invalid(`the file writer is ${state}`, { path })
    throwIfAborted(signal)
  }
  return {
    async write(bytes) {
      checkOpen()
      chunks.push(bytes)
    },
    async close() {
      checkOpen()
      publish(Buffer.concat(chunks))
      state = 'closed'
    },
    async abort() {
      if (state === 'open') state = 'aborted'
      chunks.length = 0
    },
  }
}

function existing(store: Store, key: string, path: string): Entry {
  const entry = store.files.get(key)
  if (entry === undefined) throw notFound('there is no such file', { path })
  return entry
}

function fileKey(key: string, path: string): string {
  if (key === '') throw invalid('a file needs a name', { path })
  return key
}

function statusOf(path: string, entry: Entry): FileStatus {
  return { path, sizeBytes: entry.bytes.byteLength, modifiedMs: entry.modifiedMs }
}
