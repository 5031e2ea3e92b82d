/** Buffers that pages are built in, used again once a page is compressed: fresh memory costs more than the copying. */
import { allocateBytes } from '../../../io/allocate.ts'

/** Buffers kept at most, and the largest that is. */
const BUFFERS_MAX = 32
const BUFFER_BYTES_MAX = 4 << 20

export class PageBuffers {
  readonly #isShared: boolean
  readonly #free: ArrayBufferLike[] = []

  /** Shared buffers can be read by the threads that compress pages. */
  constructor(isShared: boolean) {
    this.#isShared = isShared
  }

  /** Bytes of any contents, at least `size` of them. */
  take(size: number): Uint8Array {
    const last = this.#free.pop()
    if (last !== undefined && last.byteLength >= size) return new Uint8Array(last)
    return this.#isShared ? new Uint8Array(new SharedArrayBuffer(size)) : allocateBytes(size)
  }

  /** Takes back the buffer of a page that nobody looks at any more. */
  give(page: Uint8Array): void {
    if (this.#free.length < BUFFERS_MAX && page.buffer.byteLength <= BUFFER_BYTES_MAX)
      this.#free.push(page.buffer)
  }
}
