/**
 * Writes Puffin files of deletion vectors: a magic number, the vectors one behind the other, and a footer that tells where
 * each lies and which data file it is of.
 *
 * Source: Iceberg's Puffin specification, "File structure" and "deletion-vector-v1". A vector there has the bytes that a 64-bit
 * one of Paimon has: its size, a magic number, bitmaps, a checksum.
 */
import type { FileIO, FileWriter, IoOptions } from '../io/file-io.ts'
import { printFlatJson } from '../util/json.ts'

/** Where a vector lies in its Puffin file. */
export interface PuffinRange {
  readonly offset: number
  readonly sizeBytes: number
}

/** A vector as it is stored, and what the footer says of it. */
export interface PuffinVector {
  readonly bytes: Uint8Array
  readonly cardinality: number
  /** Byte for byte as the manifest names the data file: some clients find the vector by it. */
  readonly dataFilePath: string
}

const MAGIC = new TextEncoder().encode('PFA1')
const BLOB_TYPE = 'deletion-vector-v1'
/** The id of the metadata column that tells the position of a row. */
const POSITION_FIELD_ID = 2_147_483_645
/** Snapshots and their numbers are not known when the file is made: the manifest has them. */
const UNKNOWN = -1
/** Behind the text of the footer: its size, flags (none: it is not compressed) and the magic number. */
const TAIL_BYTES = 12

/** A Puffin file that is being written; nothing is visible before `close` returns. */
export class PuffinWriter {
  readonly #out: FileWriter
  readonly #blobs: object[] = []
  #sizeBytes = MAGIC.length

  private constructor(out: FileWriter) {
    this.#out = out
  }

  static async open(io: FileIO, path: string, options?: IoOptions): Promise<PuffinWriter> {
    const out = await io.openWriter(path, options)
    try {
      await out.write(MAGIC)
      return new PuffinWriter(out)
    } catch (error) {
      await out.abort()
      throw error
    }
  }

  async add({ bytes, cardinality, dataFilePath }: PuffinVector): Promise<PuffinRange> {
    const range = { offset: this.#sizeBytes, sizeBytes: bytes.length }
    this.#blobs.push({
      type: BLOB_TYPE,
      fields: [POSITION_FIELD_ID],
      'snapshot-id': UNKNOWN,
      'sequence-number': UNKNOWN,
      offset: range.offset,
      length: range.sizeBytes,
      properties: { 'referenced-data-file': dataFilePath, cardinality: String(cardinality) },
    })
    this.#sizeBytes += bytes.length
    await this.#out.write(bytes)
    return range
  }

  /** Returns the size of the whole file. */
  async close(): Promise<number> {
    const footer = footerBytes(this.#blobs)
    await this.#out.write(footer)
    await this.#out.close()
    return this.#sizeBytes + footer.length
  }

  async abort(): Promise<void> {
    await this.#out.abort()
  }
}

function footerBytes(blobs: readonly object[]): Uint8Array {
  const text = printFlatJson({ blobs, properties: { 'created-by': 'Millrace' } })
  const payload = new TextEncoder().encode(text)
  const bytes = new Uint8Array(MAGIC.length + payload.length + TAIL_BYTES)
  bytes.set(MAGIC)
  bytes.set(payload, MAGIC.length)
  const tailAt = MAGIC.length + payload.length
  new DataView(bytes.buffer).setInt32(tailAt, payload.length, true)
  bytes.set(MAGIC, tailAt + 8)
  return bytes
}
