/** The running figures behind {@link IoStats}. */
import type { IoStats } from './file-io.ts'

export class IoCounters {
  readonly #requests = new Map<string, number>()
  #retryCount = 0
  #readBytes = 0
  #writtenBytes = 0

  request(kind: string): void {
    this.#requests.set(kind, (this.#requests.get(kind) ?? 0) + 1)
  }

  retried(): void {
    this.#retryCount++
  }

  read(sizeBytes: number): void {
    this.#readBytes += sizeBytes
  }

  written(sizeBytes: number): void {
    this.#writtenBytes += sizeBytes
  }

  add({ requestCounts, retryCount, readBytes, writtenBytes }: IoStats): void {
    for (const [kind, count] of Object.entries(requestCounts))
      this.#requests.set(kind, (this.#requests.get(kind) ?? 0) + count)
    this.#retryCount += retryCount
    this.#readBytes += readBytes
    this.#writtenBytes += writtenBytes
  }

  snapshot(): IoStats {
    return {
      requestCounts: Object.fromEntries(this.#requests),
      retryCount: this.#retryCount,
      readBytes: this.#readBytes,
      writtenBytes: this.#writtenBytes,
    }
  }
}
