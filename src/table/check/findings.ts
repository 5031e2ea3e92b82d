/** What a check finds, gathered while it goes on: it never stops at damage. */
import { decodingError, LakeError } from '../../util/errors.ts'

export interface Finding {
  /** The file that is damaged, or that names what is. */
  readonly path: string
  readonly what: string
}

/** Something odd that loses nothing; `count` is how many files it was found at, of which `path` is the first. */
export interface Warning extends Finding {
  readonly count: number
}

/** Damage, and where it may have an innocent reason: the file went away together with the snapshot. */
export interface Damage extends Finding {
  /** The last snapshot that needs the file, for a file that is not there. */
  readonly missingFor: number | undefined
  /** The tag or snapshot of another branch that needs the file, where that is what it is. */
  readonly neededBy: string | undefined
}

export class Findings {
  /** By path and what. */
  readonly #damage = new Map<string, Damage>()
  readonly #warnings = new Map<string, { path: string; count: number }>()

  damaged(path: string, what: string, missingFor?: number, neededBy?: string): void {
    const key = JSON.stringify([path, what])
    const known = this.#damage.get(key)?.missingFor
    const latest = known === undefined ? missingFor : Math.max(known, missingFor ?? 0)
    this.#damage.set(key, { path, what, missingFor: latest, neededBy })
  }

  get damage(): Damage[] {
    return [...this.#damage.values()]
  }

  warn(path: string, what: string): void {
    const known = this.#warnings.get(what)
    if (known === undefined) this.#warnings.set(what, { path, count: 1 })
    else known.count++
  }

  get warnings(): Warning[] {
    return [...this.#warnings].map(([what, { path, count }]) => ({ path, what, count }))
  }

  /**
   * The result of `body`, or undefined when it fails because of what is stored: that is damage, or, where this library
   * cannot read it at all, a warning. Storage that fails and a signal that fires are thrown on.
   */
  async attempt<Result>(
    path: string,
    body: () => Promise<Result> | Result,
    snapshotId?: number,
    neededBy?: string,
  ): Promise<Result | undefined> {
    try {
      return await body()
    } catch (error) {
      this.#record(path, error, snapshotId, neededBy)
      return undefined
    }
  }

  #record(
    path: string,
    error: unknown,
    snapshotId: number | undefined,
    neededBy: string | undefined,
  ): void {
    if (error instanceof LakeError && !ABOUT_CONTENT.has(error.code)) throw error
    const about = decodingError(path, error)
    const where = about.path ?? path
    const what = withoutPath(about.message, where)
    if (about.code === 'UNSUPPORTED') this.warn(where, `cannot be checked: ${what}`)
    else if (about.code === 'NOT_FOUND') this.damaged(where, what, snapshotId ?? 0, neededBy)
    else this.damaged(where, what)
  }
}

const ABOUT_CONTENT: ReadonlySet<string> = new Set([
  'CORRUPT',
  'INVALID',
  'NOT_FOUND',
  'UNSUPPORTED',
])

/** Messages end with the path, which findings tell apart. */
function withoutPath(message: string, path: string): string {
  const end = `, in ${path}`
  return message.endsWith(end) ? message.slice(0, -end.length) : message
}
