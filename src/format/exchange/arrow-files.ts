/** Arrow IPC streams and files, both ways. Loads apache-arrow: import it only when Arrow data is asked for. */
import type { FileHandle } from 'node:fs/promises'

import {
  AsyncByteQueue,
  compressionRegistry,
  CompressionType,
  type RecordBatch,
  RecordBatchFileWriter,
  RecordBatchReader,
  RecordBatchStreamWriter,
} from 'apache-arrow'

import type { FileWriter } from '../../io/file-io.ts'
import { toRecordBatch } from '../../types/arrow-export.ts'
import { arrowSchema } from '../../types/arrow-schema.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { decodingError } from '../../util/errors.ts'
import { decompress, MAX_BLOCK_BYTES } from '../codec.ts'
import { decompressLz4Frame } from '../lz4-frame.ts'

/**
 * The record batches of a stream or a file, which its first bytes tell. From an open file one batch is held at a time;
 * the bytes of an Arrow file that come as a stream are gathered first, since its index is at its end.
 *
 * Throws CORRUPT, naming `path`, for what is neither.
 */
export async function* readArrowBatches(
  source: AsyncIterable<Uint8Array> | FileHandle,
  path: string,
): AsyncGenerator<RecordBatch, void, undefined> {
  registerCodecs()
  try {
    const reader = await RecordBatchReader.from(source as AsyncIterable<Uint8Array>)
    // A stream without rows gives a batch without columns.
    for await (const batch of reader) if (batch.numRows > 0) yield batch
  } catch (error) {
    throw decodingError(path, error)
  }
}

/** Compressed buffers are read; none are written. Codecs that somebody registered are left alone. */
function registerCodecs(): void {
  if (compressionRegistry.get(CompressionType.ZSTD) === null)
    compressionRegistry.set(CompressionType.ZSTD, {
      decode: (bytes) => new Uint8Array(decompress('zstd', bytes)),
    })
  if (compressionRegistry.get(CompressionType.LZ4_FRAME) === null)
    compressionRegistry.set(CompressionType.LZ4_FRAME, {
      decode: (bytes) => decompressLz4Frame(bytes, MAX_BLOCK_BYTES),
    })
}

/** Takes what the Arrow writer writes, until it is fetched. */
class Chunks extends AsyncByteQueue {
  #chunks: Uint8Array[] = []

  override write(value: ArrayBufferView): void {
    const { buffer, byteOffset, byteLength } = value
    if (byteLength > 0)
      this.#chunks.push(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength))
  }

  take(): Uint8Array[] {
    const chunks = this.#chunks
    this.#chunks = []
    return chunks
  }
}

/** Writes batches as an Arrow stream, or as an Arrow file, which has an index at its end. */
export class ArrowWriter {
  readonly #fields: readonly DataField[]
  readonly #schema: ReturnType<typeof arrowSchema>
  readonly #writer: RecordBatchStreamWriter | RecordBatchFileWriter
  readonly #chunks = new Chunks()
  readonly #out: FileWriter

  constructor(fields: readonly DataField[], out: FileWriter, form: 'stream' | 'file') {
    this.#fields = fields
    this.#out = out
    this.#schema = arrowSchema(fields)
    this.#writer = form === 'file' ? new RecordBatchFileWriter() : new RecordBatchStreamWriter()
    this.#writer.reset(this.#chunks, this.#schema)
  }

  async write(batch: Batch): Promise<void> {
    this.#writer.write(toRecordBatch(batch, this.#fields, this.#schema))
    await this.#flush()
  }

  /** Ends the data; the output itself is closed by its owner. */
  async close(): Promise<void> {
    this.#writer.close()
    await this.#flush()
  }

  async #flush(): Promise<void> {
    for (const chunk of this.#chunks.take()) await this.#out.write(chunk)
  }
}
