/**
 * Open read handles of local files, the least recently used closed first. Reading a page through an open handle is one
 * hop to the thread pool where open, read and close are three.
 */
import { type FileHandle, open } from 'node:fs/promises'

interface Entry {
  readonly handle: Promise<FileHandle>
  userCount: number
  usedMs: number
  /** No longer in the cache: the last user closes the handle. */
  forgotten: boolean
}

export class HandleCache {
  readonly #entries = new Map<string, Entry>()
  readonly #countMax: number
  readonly #idleMs: number
  #timer: NodeJS.Timeout | undefined

  /** Keeps at most `countMax` handles that nobody is using, none longer than `idleMs` after its last use. */
  constructor(countMax = 64, idleMs = 5_000) {
    this.#countMax = countMax
    this.#idleMs = idleMs
  }

  /** Runs `body` with a handle of the file, which stays open meanwhile. */
  async use<Result>(file: string, body: (handle: FileHandle) => Promise<Result>): Promise<Result> {
    const entry = this.#take(file)
    try {
      return await body(await entry.handle)
    } finally {
      entry.userCount--
      entry.usedMs = performance.now()
      if (entry.forgotten) closeUnused(entry)
      else this.#evict()
    }
  }

  /** The next use of the file, or of a file below it, opens it again: it was deleted or replaced. */
  forget(file: string): void {
    this.#forgetEntry(file)
  }

  forgetBelow(directory: string): void {
    for (const file of this.#entries.keys()) {
      if (file.startsWith(`${directory}/`)) this.#forgetEntry(file)
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const file of this.#entries.keys()) this.#forgetEntry(file)
  }

  #take(file: string): Entry {
    let entry = this.#entries.get(file)
    if (entry === undefined) {
      entry = { handle: open(file, 'r'), userCount: 0, usedMs: 0, forgotten: false }
      const opening = entry
      opening.handle.catch(() => {
        if (this.#entries.get(file) === opening) this.#entries.delete(file)
      })
    } else {
      // Inserted anew it becomes the most recently used: a Map keeps the order of insertion.
      this.#entries.delete(file)
    }
    this.#entries.set(file, entry)
    entry.userCount++
    return entry
  }

  #evict(): void {
    let surplus = this.#entries.size - this.#countMax
    for (const [file, entry] of this.#entries) {
      if (surplus <= 0) break
      if (entry.userCount > 0) continue
      this.#forgetEntry(file)
      surplus--
    }
    this.#timer ??= setTimeout(() => this.#closeIdle(), this.#idleMs).unref()
  }

  #closeIdle(): void {
    this.#timer = undefined
    const oldestMs = performance.now() - this.#idleMs
    for (const [file, entry] of this.#entries) {
      if (entry.userCount === 0 && entry.usedMs <= oldestMs) this.#forgetEntry(file)
    }
    if (this.#entries.size > 0) {
      this.#timer = setTimeout(() => this.#closeIdle(), this.#idleMs).unref()
    }
  }

  #forgetEntry(file: string): void {
    const entry = this.#entries.get(file)
    if (entry === undefined) return
    this.#entries.delete(file)
    entry.forgotten = true
    if (entry.userCount === 0) closeUnused(entry)
  }
}

/** A handle that was only read from has nothing to lose, so a failing close is of no interest. */
function closeUnused(entry: Entry): void {
  if (entry.userCount > 0) return
  entry.handle.then((handle) => handle.close()).catch(() => {})
}
