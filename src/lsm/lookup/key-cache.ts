/**
 * The keys of files that a writer looks up rows in, kept from one compaction to the next as far as memory allows.
 *
 * Files never change, so what is kept of one stays right for as long as it is there; those used longest ago go first.
 */
import type { FileTarget } from '../file-target.ts'
import type { FileKeys } from './file-keys.ts'

export class KeyCache {
  readonly #maxBytes: number
  readonly #files = new Map<string, FileKeys>()
  #sizeBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** The keys of the file as they are kept, or else as they are made. */
  open(path: string, make: () => FileKeys): FileKeys {
    const kept = this.#files.get(path)
    this.drop(path)
    const keys = kept?.isWhole === true ? kept : make()
    this.#files.set(path, keys)
    this.#sizeBytes += keys.sizeBytes
    return keys
  }

  /** Loads a block of the file, which others may have to make room for; a file that is too large keeps only the last. */
  async block(path: string, keys: FileKeys, index: number) {
    const before = keys.sizeBytes
    const block = await keys.block(index)
    if (this.#files.get(path) !== keys) {
      // Others needed the room: what is still in use is kept to the block in use.
      keys.forget()
      return block
    }
    this.#sizeBytes += keys.sizeBytes - before
    for (const other of this.#files.keys()) {
      if (this.#sizeBytes <= this.#maxBytes) break
      if (other !== path) this.drop(other)
    }
    if (this.#sizeBytes > this.#maxBytes) {
      this.#sizeBytes -= keys.sizeBytes
      keys.forget()
      this.#sizeBytes += keys.sizeBytes
    }
    return block
  }

  /** Forgets a file. */
  drop(path: string): void {
    const keys = this.#files.get(path)
    if (keys === undefined) return
    this.#files.delete(path)
    this.#sizeBytes -= keys.sizeBytes
  }
}

const caches = new WeakMap<FileTarget, KeyCache>()

/** The one cache of all buckets of a writer. */
export function keyCacheOf(target: FileTarget): KeyCache {
  let cache = caches.get(target)
  if (cache === undefined) {
    cache = new KeyCache(target.options.get('lookup.cache-max-memory-size'))
    caches.set(target, cache)
  }
  return cache
}
