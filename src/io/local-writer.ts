/** Streaming to a local file: a temporary file that gets its name when it is closed. */
import { type FileHandle, rm } from 'node:fs/promises'

import { throwIfAborted } from '../util/async.ts'
import { invalid } from '../util/errors.ts'
import { releaseBytes } from './allocate.ts'
import type { FileWriter } from './file-io.ts'
import { localError, publishReplacing, writeFully } from './local-files.ts'

/** Small chunks are gathered up to this before they are handed to the system. */
const FLUSH_BYTES = 1 << 20

export interface LocalWriterOptions {
  readonly path: string
  readonly file: string
  readonly temporary: string
  readonly handle: FileHandle
  readonly signal: AbortSignal | undefined
  readonly onWritten: (sizeBytes: number) => void
  /** Told once when the writer is through, with the file visible or dropped. */
  readonly onEnd: (writer: LocalWriter) => void
}

type State = 'open' | 'failed' | 'closed' | 'aborted'

export class LocalWriter implements FileWriter {
  readonly #options: LocalWriterOptions
  #state: State = 'open'
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  /** Those of the gathered bytes whose memory is given back. */
  #own: Uint8Array[] = []
  /** The flush under way, so that the system writes while the caller makes the next bytes. */
  #flushing: Promise<void> = Promise.resolve()
  #released = false

  constructor(options: LocalWriterOptions) {
    this.#options = options
  }

  async write(bytes: Uint8Array, isOwn = false): Promise<void> {
    await this.#step(async () => {
      if (bytes.byteLength === 0) return
      this.#gathered.push(bytes)
      if (isOwn) this.#own.push(bytes)
      this.#gatheredBytes += bytes.byteLength
      if (this.#gatheredBytes >= FLUSH_BYTES) await this.#flush()
    })
  }

  async close(): Promise<void> {
    const { handle, temporary, file } = this.#options
    await this.#step(async () => {
      await this.#flush()
      await this.#flushing
      await handle.datasync()
      await this.release()
      await publishReplacing(temporary, file)
      this.#state = 'closed'
    })
    this.#options.onEnd(this)
  }

  async abort(): Promise<void> {
    if (this.#state === 'closed' || this.#state === 'aborted') return
    this.#state = 'aborted'
    this.#gathered = []
    await this.#flushing.catch(() => {})
    await this.release().catch(() => {})
    this.#options.onEnd(this)
    try {
      await rm(this.#options.temporary, { force: true })
    } catch (error) {
      throw localError(this.#options.path, error)
    }
  }

  /** Closes the handle and leaves the temporary file as it is, as a crash would. */
  async release(): Promise<void> {
    if (this.#released) return
    this.#released = true
    await this.#options.handle.close()
  }

  async #step(body: () => Promise<void>): Promise<void> {
    const { path, signal } = this.#options
    if (this.#state !== 'open') throw invalid(`the file writer is ${this.#state}`, { path })
    try {
      throwIfAborted(signal)
      await body()
    } catch (error) {
      this.#state = 'failed'
      throw localError(path, error)
    }
  }

  async #flush(): Promise<void> {
    await this.#flushing
    if (this.#gathered.length === 0) return
    const chunks = this.#gathered
    const own = this.#own
    const sizeBytes = this.#gatheredBytes
    this.#gathered = []
    this.#own = []
    this.#gatheredBytes = 0
    this.#flushing = this.#write(chunks, own, sizeBytes)
    // The next step awaits it and reports its failure; until then it is not an unhandled rejection.
    this.#flushing.catch(() => {})
  }
  async #write(
    chunks: readonly Uint8Array[],
    own: readonly Uint8Array[],
    sizeBytes: number,
  ): Promise<void> {
    await writeFully(this.#options.handle, chunks)
    for (const bytes of own) releaseBytes(bytes)
    this.#options.onWritten(sizeBytes)
  }
}
