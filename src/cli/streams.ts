/** What a run of the command line talks to: the process, or a test in its place. */
import type { Readable, Writable } from 'node:stream'

import type { FileWriter } from '../io/file-io.ts'

export interface CliStreams {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** Whether the stream shows to a person. */
export function isTerminal(stream: Readable | Writable): boolean {
  return (stream as { isTTY?: boolean }).isTTY === true
}

/** The columns of the terminal that the stream shows on; Infinity where it is none, or says nothing of its width. */
export function terminalWidth(stream: Writable): number {
  const { columns } = stream as { columns?: number }
  return isTerminal(stream) && columns !== undefined && columns > 0 ? columns : Infinity
}

/** The reader of the output has gone (`millrace read ... | head`): the work is done, and nobody is to be told. */
export class OutputClosed extends Error {}

/** Writes to a stream as fast as its reader takes it. Unless it is `owned` the stream stays open: its owner ends it. */
export class StreamOutput implements FileWriter {
  readonly #stream: Writable
  readonly #owned: boolean
  #failure: NodeJS.ErrnoException | null = null
  readonly #onError = (error: Error): void => {
    this.#failure ??= error
  }

  constructor(stream: Writable, options: { readonly owned?: boolean } = {}) {
    this.#stream = stream
    this.#owned = options.owned ?? false
    stream.on('error', this.#onError)
  }

  async write(bytes: Uint8Array | string): Promise<void> {
    this.#check()
    if (bytes.length === 0) return
    if (!this.#stream.write(bytes)) await this.#drained()
    this.#check()
  }

  /** Waits until what was written is out of this process. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#stream.destroyed) resolve()
      else if (this.#owned) this.#stream.once('close', resolve).end()
      else this.#stream.write('', () => resolve())
    })
    if (!this.#owned || this.#failure !== null) this.#check()
  }

  async abort(): Promise<void> {
    if (this.#owned) this.#stream.destroy()
    await Promise.resolve()
  }

  #check(): void {
    const error = this.#failure
    if (error === null && !this.#stream.destroyed) return
    if (error === null || CLOSED.has(error.code ?? '')) throw new OutputClosed()
    throw error
  }

  async #drained(): Promise<void> {
    const stream = this.#stream
    await new Promise<void>((resolve) => {
      const done = (): void => {
        for (const event of EVENTS) stream.off(event, done)
        resolve()
      }
      for (const event of EVENTS) stream.on(event, done)
    })
  }
}

const EVENTS = ['drain', 'error', 'close'] as const
const CLOSED: ReadonlySet<string> = new Set(['EPIPE', 'ERR_STREAM_DESTROYED', 'ECONNRESET'])
