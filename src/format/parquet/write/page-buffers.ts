/** Buffers that pages are built in, used again once a page is compressed: fresh memory costs more than the copying. */
import { allocateBytes } from '../../../io/allocate.ts'

/** What is kept for the next pages, of whatever file, and the largest buffer that is. */
const KEPT_BYTES_MAX = 16 << 20
const BUFFER_BYTES_MAX = 4 << 20

const kept: SharedArrayBuffer[] = []
let keptBytes = 0

export class PageBuffers {
  readonly #isShared: boolean

  /** Shared buffers can be read by the threads that compress pages. */
  constructor(isShared: boolean) {
    this.#isShared = isShared
  }

  /** Bytes of any contents, at least `size` of them. */
  take(size: number): Uint8Array {
    if (!this.#isShared) return allocateBytes(size)
    const index = kept.findLastIndex((buffer) => buffer.byteLength >= size)
    if (index < 0) return new Uint8Array(new SharedArrayBuffer(size))
    const [buffer] = kept.splice(index, 1)
    keptBytes -= buffer!.byteLength
    return new Uint8Array(buffer!)
  }

  /** Takes back the buffer of a page that nobody looks at any more. */
  give({ buffer }: Uint8Array): void {
    if (!(buffer instanceof SharedArrayBuffer) || buffer.byteLength > BUFFER_BYTES_MAX) return
    if (keptBytes + buffer.byteLength > KEPT_BYTES_MAX) return
    kept.push(buffer)
    keptBytes += buffer.byteLength
  }
}
