/** What the calls of a table take. */
import type { DynamicOptions } from '../types/options.ts'
import type { Predicate } from '../types/predicate.ts'
import type { Columns, InsertOf, RowOf } from '../types/schema.ts'
import type { ReadAt } from './plan/read-at.ts'
import type { Checkpoint } from './stream/checkpoint.ts'
import type { ChangesFrom } from './stream/start.ts'
import type { OverwriteOptions } from './write/overwrite.ts'

/** A filter on the table's rows; on a table opened without a definition, on any columns. */
export type Where<C extends Columns> = string extends keyof C
  ? Predicate<never>
  : Predicate<RowOf<C>>

export interface ReadOptions<C extends Columns = Columns, K extends keyof C = keyof C> {
  /** The columns to read, in this order, each once; all of them when left out. */
  readonly columns?: readonly K[]
  /** A predicate, or its text as SQL writes it: `amount > 9.99 and region in ('eu', 'us')`. */
  readonly where?: Where<C> | string
  /** At most so many rows; which ones is not said. */
  readonly limit?: number
  /** The state to read; the latest when left out. NOT_FOUND for one that is not there, or has expired. */
  readonly at?: ReadAt
  /** Paimon's dynamic options for this read, such as `incremental-between`. */
  readonly options?: DynamicOptions
  /**
   * Threads that read ahead, at most; 0 for none. Unless told, a large read on four cores or more takes one for each. Rows
   * come in the same order whatever is given.
   */
  readonly threads?: number
  readonly signal?: AbortSignal
}

export interface ChangesOptions<C extends Columns = Columns, K extends keyof C = keyof C> {
  /** Where the stream starts; unless given, where the options say, which is with the whole latest state by default. */
  readonly from?: ChangesFrom
  /** Goes on at the place of an earlier stream, whatever `from` and the consumer say; a number is the next snapshot. */
  readonly restore?: Checkpoint | number
  /**
   * Keeps the progress in the table under this name, and snapshots that are not acknowledged yet from expiring. A stream
   * of the same name goes on behind the last snapshot that was acknowledged whole, whatever `from` says.
   */
  readonly consumer?: string
  /** The columns to read, in this order, each once; all of them when left out. */
  readonly columns?: readonly K[]
  /** Only changes whose row fits: a predicate, or its text as SQL writes it. */
  readonly where?: Where<C> | string
  /** Whether to wait for what is to come (the default), or to end with the snapshot that is the latest now. */
  readonly follow?: boolean
  /** How long to wait at most before looking for a new snapshot; `continuous.discovery-interval`, 10 s, unless given. */
  readonly pollIntervalMs?: number
  /** Paimon's dynamic options for this stream, such as `scan.mode` and `streaming-read-overwrite`. */
  readonly options?: DynamicOptions
  readonly signal?: AbortSignal
}

/** What rows become: by the name of a column a value, or what makes one of the row as it was. */
export interface RowUpdate<C extends Columns = Columns> {
  /** A predicate, or its text as SQL writes it; all rows when left out. */
  readonly where?: Where<C> | string
  readonly set: string extends keyof C
    ? Readonly<Record<string, unknown>>
    : { readonly [K in keyof InsertOf<C>]?: InsertOf<C>[K] | ((row: RowOf<C>) => InsertOf<C>[K]) }
}

export interface TableCommitOptions {
  /** Who commits: the same text for each run of a job. */
  readonly user: string
  /**
   * Tells this commit from all others of the user; it has to grow. The same one happens once, however often it is made.
   * {@link BATCH_IDENTIFIER} when left out.
   */
  readonly identifier?: bigint
  /** The event time, in milliseconds, up to which the rows are complete; a table's watermark never goes back. */
  readonly watermark?: bigint
  /** Texts that the snapshot keeps. */
  readonly properties?: Readonly<Record<string, string>>
  /** What the commit replaces; its messages are then those of writers that overwrite. */
  readonly overwrite?: OverwriteOptions
  readonly signal?: AbortSignal
}
