/** The identifiers of a writer's commits: those that it chooses, and which of them compact all. */
import { newestIdentifier } from '../../snapshot/commit-history.ts'
import type { SnapshotStore } from '../../snapshot/snapshot-store.ts'
import type { TableOptionValues } from '../../types/options.ts'
import { compactsAll, fullCompactionCommits, nextIdentifier } from './full-compactions.ts'

export class CommitIdentifiers {
  readonly #snapshots: SnapshotStore
  readonly #commitUser: string
  readonly #signal: AbortSignal | undefined
  /** After how many commits one compacts all; null where none does. */
  readonly #fullCommits: number | null
  #commitsSinceFull = 0
  /** The last one that was chosen; undefined before the first. */
  #last: bigint | undefined

  constructor(
    snapshots: SnapshotStore,
    commitUser: string,
    options: TableOptionValues,
    signal: AbortSignal | undefined,
  ) {
    this.#snapshots = snapshots
    this.#commitUser = commitUser
    this.#signal = signal
    this.#fullCommits = fullCompactionCommits(options)
  }

  /** Counts a commit, whose identifier may be given; whether it compacts all that was written since the last that did. */
  compactsAll(identifier: bigint | undefined): boolean {
    this.#commitsSinceFull++
    const isFull =
      identifier === undefined
        ? this.#fullCommits !== null && this.#commitsSinceFull >= this.#fullCommits
        : compactsAll(identifier, this.#fullCommits)
    if (isFull) this.#commitsSinceFull = 0
    return isFull
  }

  /**
   * Chooses one: they grow with the clock, and beyond those that the user has committed when the clock was ahead. A new user
   * cannot have committed any.
   */
  async next(isFull: boolean, isNewUser: boolean): Promise<bigint> {
    this.#last ??= isNewUser
      ? 0n
      : await newestIdentifier(this.#snapshots, this.#commitUser, { signal: this.#signal })
    const now = BigInt(Date.now()) * 1000n
    const next = this.#last + 1n
    const least = now > next ? now : next
    this.#last = nextIdentifier(least, isFull, this.#fullCommits)
    return this.#last
  }
}
