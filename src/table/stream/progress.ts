/** What of a stream is acknowledged, and the consumer in the table that keeps it. */
import type { ConsumerStore } from '../../snapshot/consumer-store.ts'
import type { Checkpoint } from './checkpoint.ts'

/** A consumer of the table, which holds expiry back from the snapshots that it has yet to read. */
export interface StreamConsumer {
  readonly store: ConsumerStore
  readonly name: string
}

/** A row of a stream: which of its batches, and which row of that. */
export interface RowPlace {
  readonly batch: number
  readonly row: number
}

/**
 * Acknowledging a row acknowledges all before it. The consumer's file names whole snapshots, so it moves when the last row
 * of one is acknowledged, and when there is nothing left to acknowledge.
 */
export class StreamProgress {
  readonly #consumer: StreamConsumer | null
  /** What the consumer's file says, as far as it is known. */
  #stored: number | null
  #checkpoint: Checkpoint | null = null
  #acked: RowPlace = { batch: -1, row: 0 }
  /** The last row that was given. */
  #given: RowPlace = { batch: -1, row: 0 }
  /** Writes of the file happen one after another. */
  #writing: Promise<void> = Promise.resolve()

  constructor(consumer: StreamConsumer | null, stored: number | null) {
    this.#consumer = consumer
    this.#stored = stored
  }

  /** The place behind all that is acknowledged; null before the start is known. */
  get checkpoint(): Checkpoint | null {
    return this.#checkpoint
  }

  /** Takes the place where the stream starts. */
  async begin(start: Checkpoint): Promise<void> {
    if (this.#checkpoint !== null) return
    this.#checkpoint = start
    // A consumer cannot say that the state of a snapshot is still to be read, so it appears when that has been.
    if (start.within?.isFull !== true) await this.#store(start.nextSnapshot)
  }

  /** Counts a batch that is about to be given; the number that tells it from the others. */
  give(rowCount: number): number {
    const batch = this.#given.batch + 1
    this.#given = { batch, row: rowCount - 1 }
    return batch
  }

  /** Everything up to the row is done; `checkpoint` is the place behind it. */
  async ack(place: RowPlace, checkpoint: Checkpoint): Promise<void> {
    if (isBefore(this.#acked, place)) {
      this.#acked = place
      this.#checkpoint = checkpoint
    }
    const { nextSnapshot, within } = this.#checkpoint!
    if (within === undefined) await this.#store(nextSnapshot)
  }

  /** Nothing is to be read before the place: it counts as done, if all that was given is. */
  async rest(position: Checkpoint): Promise<void> {
    if (isBefore(this.#acked, this.#given) || position.within !== undefined) return
    this.#checkpoint = position
    await this.#store(position.nextSnapshot)
  }

  async #store(nextSnapshot: number): Promise<void> {
    if (this.#consumer === null) return
    const { store, name } = this.#consumer
    const write = async (): Promise<void> => {
      if (this.#stored === nextSnapshot) return
      await store.write(name, nextSnapshot)
      this.#stored = nextSnapshot
    }
    // A write that failed is told to who asked for it; the next one is made all the same.
    this.#writing = this.#writing.catch(() => {}).then(write)
    await this.#writing
  }
}

function isBefore(a: RowPlace, b: RowPlace): boolean {
  return a.batch < b.batch || (a.batch === b.batch && a.row < b.row)
}
