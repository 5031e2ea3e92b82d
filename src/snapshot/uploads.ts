/** Files that are written side by side, and how they all went. */
import type { FileIO, IoOptions } from '../io/file-io.ts'

/** Files under way at most; each is in memory until it is stored. */
const UNDER_WAY_MAX = 8

export class Uploads {
  readonly #io: FileIO
  readonly #options: IoOptions
  readonly #started: string[] = []
  readonly #underWay = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | undefined

  constructor(io: FileIO, options: IoOptions = {}) {
    this.#io = io
    this.#options = options
  }

  /** The paths of the files so far, stored or not: what has to go when the whole fails. */
  get paths(): readonly string[] {
    return this.#started
  }

  /** Begins to write the file; waits only while too many others are under way. */
  async put(path: string, bytes: Uint8Array): Promise<void> {
    while (this.#underWay.size >= UNDER_WAY_MAX) await Promise.race(this.#underWay)
    if (this.#failure !== undefined) throw this.#failure.error
    this.#started.push(path)
    const upload: Promise<void> = this.#io
      .write(path, bytes, this.#options)
      .catch((error: unknown) => {
        this.#failure ??= { error }
      })
      .finally(() => this.#underWay.delete(upload))
    this.#underWay.add(upload)
  }

  /** Resolves when all files are stored; rejects with the first failure when nothing is under way any more. */
  async finish(): Promise<void> {
    await Promise.all(this.#underWay)
    if (this.#failure !== undefined) throw this.#failure.error
  }
}
