/** Writes the pages of a column chunk, each behind its header. */
import { crc32 } from 'node:zlib'

import type { FileWriter } from '../../../io/file-io.ts'
import { type Codec, hasOwnBuffers } from '../../codec.ts'
import { pageHeaderBytes } from './metadata-writer.ts'

/** The bytes of a chunk on their way to the file. */
export class ChunkOutput {
  readonly #out: FileWriter
  /** Whether each page has a buffer of its own. */
  readonly #isOwn: boolean
  offset: number
  rawBytes = 0

  constructor(out: FileWriter, offset: number, codec: Codec) {
    this.#out = out
    this.#isOwn = hasOwnBuffers(codec)
    this.offset = offset
  }

  async write(
    type: number,
    packed: Uint8Array,
    uncompressedBytes: number,
    valueCount: number,
    encoding: number,
  ): Promise<void> {
    const compressedBytes = packed.length
    const crc = crc32(packed)
    const page = { type, uncompressedBytes, compressedBytes, crc, valueCount, encoding }
    const header = pageHeaderBytes(page)
    this.offset += header.length + compressedBytes
    this.rawBytes += header.length + uncompressedBytes
    await this.#out.write(header)
    await this.#out.write(packed, this.#isOwn)
  }
}
