/** How far the writing of pages may be ahead of their compression. */

/** Counts the bytes that wait for the codec, so that the writer can stay ahead of it by a bounded amount. */
export class CodecBacklog {
  #bytes = 0
  #waiting: (() => void)[] = []

  track(bytes: number, work: Promise<unknown>): void {
    this.#bytes += bytes
    void this.#release(bytes, work)
  }

  async #release(bytes: number, work: Promise<unknown>): Promise<void> {
    // A failure is reported to whoever waits for the page.
    await Promise.allSettled([work])
    this.#bytes -= bytes
    for (const resume of this.#waiting.splice(0)) resume()
  }

  /** Resolves once at most `bytes` bytes wait. */
  async below(bytes: number): Promise<void> {
    while (this.#bytes > bytes) await new Promise<void>((resume) => this.#waiting.push(resume))
  }
}
