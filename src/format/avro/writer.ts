/**
 * Writes columns as an Avro object container file, with the schema and the blocks of Java's Paimon.
 *
 * Follows the Java class `AvroFileFormat` and Avro's `DataFileWriter`.
 */
import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

import type { FileWriter } from '../../io/file-io.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { assert } from '../../util/assert.ts'
import { invalid } from '../../util/errors.ts'
import { compress, compressAsync, MAX_BLOCK_BYTES } from '../codec.ts'
import { AVRO_CODECS, AVRO_MAGIC, type AvroCodec, SYNC_BYTES } from './container.ts'
import { type DecimalForm, recordWriteStep } from './encode.ts'
import { type RowNames, rowSchema } from './row-schema.ts'
import { AvroSink } from './sink.ts'

export interface AvroWriteOptions {
  /** `zstandard` unless told. */
  readonly codec?: AvroCodec | undefined
  /** The level of zstandard (1 unless told) or deflate. */
  readonly level?: number | undefined
  /** A block ends with the row that brings it to this many bytes: 64,000 unless told, as in Java. */
  readonly blockBytes?: number | undefined
  /** Names of records and field ids other than Paimon's own: what Iceberg's metadata needs. */
  readonly names?: RowNames | undefined
  /** What else the header says, by name. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** The 16 bytes between blocks; random unless told. */
  readonly sync?: Uint8Array | undefined
}

const BLOCK_BYTES = 64_000
/** Blocks that are compressed at a time. */
const BLOCKS_AHEAD = 4

/**
 * Avro's name for a value of `file.compression`, `manifest.compression` or `avro.codec`; INVALID when Avro files cannot
 * be written with it.
 */
export function avroCodec(compression: string): AvroCodec {
  const name = compression.toLowerCase()
  if (name === 'zstd') return 'zstandard'
  if (name === 'none') return 'null'
  if (AVRO_CODECS.has(name)) return name as AvroCodec
  throw invalid(`Avro files cannot be compressed with ${JSON.stringify(compression)}`, {
    hint: 'use zstd, snappy, deflate or none',
  })
}

/**
 * A whole file of the batches' rows, for files of bounded size such as manifests.
 *
 * INVALID when a NOT NULL field has no value; UNSUPPORTED when the fields have no Avro form.
 */
export function encodeAvro(
  fields: readonly DataField[],
  batches: Iterable<Batch>,
  options: AvroWriteOptions = {},
): Uint8Array {
  const { codec, level } = settings(options)
  const encoder = new BlockEncoder(fields, options)
  const file = new AvroSink(8 * 1024)
  file.writeRaw(encoder.header)
  for (const batch of batches) {
    for (const block of encoder.encode(batch, 0, batch.length))
      encoder.frame(block, compress(codec, block.rows, level), file)
  }
  const last = encoder.finish()
  if (last !== undefined) encoder.frame(last, compress(codec, last.rows, level), file)
  return file.take()
}

/** Writes a file front to back while its rows come; memory holds a few blocks. */
export class AvroWriter {
  readonly #out: FileWriter
  readonly #encoder: BlockEncoder
  readonly #settings: ReturnType<typeof settings>
  readonly #ahead: Promise<Uint8Array>[] = []
  #rowCount = 0
  #sizeBytes = 0
  #rawBytes = 0
  #started = false

  /** Errors as from {@link encodeAvro}. The writer owns `out`, and closes or aborts it. */
  constructor(out: FileWriter, fields: readonly DataField[], options: AvroWriteOptions = {}) {
    this.#out = out
    this.#encoder = new BlockEncoder(fields, options)
    this.#settings = settings(options)
  }

  get rowCount(): number {
    return this.#rowCount
  }

  /** The bytes that were written to the file so far; after `close` its size. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** What the blocks so far are before compression, those that are still to be written among them. */
  get rawBytes(): number {
    return this.#rawBytes
  }

  /** Writes the rows `[from, to)` of the batch, whose columns are those of the fields. */
  async write(batch: Batch, from = 0, to: number = batch.length): Promise<void> {
    for (const block of this.#encoder.encode(batch, from, to)) await this.#push(block)
    this.#rowCount += to - from
  }

  /** Writes what is left and makes the file visible. */
  async close(): Promise<void> {
    const last = this.#encoder.finish()
    if (last !== undefined) await this.#push(last)
    await this.#start()
    while (this.#ahead.length > 0) await this.#emit(await this.#ahead.shift()!)
    await this.#out.close()
  }

  /** Drops the file. */
  async abort(): Promise<void> {
    this.#ahead.length = 0
    await this.#out.abort()
  }

  async #push(block: RowBlock): Promise<void> {
    this.#rawBytes += block.rows.length
    await this.#start()
    if (this.#ahead.length >= BLOCKS_AHEAD) await this.#emit(await this.#ahead.shift()!)
    const framed = this.#compress(block)
    // A failure is thrown when the block's turn comes, or never after an abort.
    framed.catch(() => {})
    this.#ahead.push(framed)
  }

  async #compress(block: RowBlock): Promise<Uint8Array> {
    const { codec, level } = this.#settings
    const compressed = await compressAsync(codec, block.rows, level)
    const sink = new AvroSink(compressed.length + FRAME_BYTES)
    this.#encoder.frame(block, compressed, sink)
    return sink.take()
  }

  async #start(): Promise<void> {
    if (this.#started) return
    this.#started = true
    await this.#emit(this.#encoder.header)
  }

  async #emit(bytes: Uint8Array): Promise<void> {
    this.#sizeBytes += bytes.length
    await this.#out.write(bytes)
  }
}

function settings({ codec = 'zstandard', level }: AvroWriteOptions) {
  const zstdLevel = codec === 'zstandard' ? (level ?? 1) : level
  return { codec: AVRO_CODECS.get(codec)!, level: codec === 'snappy' ? undefined : zstdLevel }
}

interface RowBlock {
  readonly rows: Uint8Array
  readonly rowCount: number
}

/** What a block has beside its compressed rows: count, size, checksum and marker. */
const FRAME_BYTES = 40

/** Encodes rows and cuts them into blocks. */
class BlockEncoder {
  readonly header: Uint8Array
  readonly #fields: readonly DataField[]
  readonly #decimals: DecimalForm
  readonly #blockBytes: number
  readonly #checksums: boolean
  readonly #sync: Uint8Array
  readonly #sink: AvroSink
  #rowCount = 0

  constructor(fields: readonly DataField[], options: AvroWriteOptions) {
    const { codec = 'zstandard', sync = randomBytes(SYNC_BYTES), names, metadata } = options
    assert(sync.length === SYNC_BYTES, `a sync marker has ${SYNC_BYTES} bytes`)
    this.#fields = fields
    this.#decimals = names?.has('iceberg') ? 'fixed' : 'bytes'
    this.#blockBytes = options.blockBytes ?? BLOCK_BYTES
    this.#checksums = codec === 'snappy'
    this.#sync = sync
    this.#sink = new AvroSink(this.#blockBytes + 4096, MAX_BLOCK_BYTES)
    const schema = rowSchema(fields, names).json
    const properties = { 'avro.schema': schema, 'avro.codec': codec, ...metadata }
    this.header = makeHeader(properties, sync)
  }

  /** The blocks that the rows fill; the rest stays for the next call. */
  *encode(batch: Batch, from: number, to: number): Generator<RowBlock, void, undefined> {
    const sink = this.#sink
    const writeRow = recordWriteStep(this.#fields, batch.columns, sink, this.#decimals)
    for (let row = from; row < to; row++) {
      const rowStart = sink.at
      sink.startRow()
      try {
        writeRow(row)
      } catch (error) {
        sink.at = rowStart
        throw error
      }
      this.#rowCount++
      if (sink.at >= this.#blockBytes) yield this.#takeBlock()
    }
  }

  /** The last block, unless there is nothing left. */
  finish(): RowBlock | undefined {
    return this.#rowCount === 0 ? undefined : this.#takeBlock()
  }

  /** Writes a block as it lies in the file. */
  frame(block: RowBlock, compressed: Uint8Array, out: AvroSink): void {
    const { rows, rowCount } = block
    out.writeInt(rowCount)
    out.writeLength(compressed.length + (this.#checksums ? 4 : 0))
    out.writeRaw(compressed)
    out.reserve(FRAME_BYTES)
    if (this.#checksums) {
      out.view.setUint32(out.at, crc32(rows))
      out.at += 4
    }
    out.writeRaw(this.#sync)
  }

  #takeBlock(): RowBlock {
    const rowCount = this.#rowCount
    this.#rowCount = 0
    return { rows: this.#sink.take(), rowCount }
  }
}

function makeHeader(properties: Readonly<Record<string, string>>, sync: Uint8Array): Uint8Array {
  const header = new AvroSink(4096)
  const encoder = new TextEncoder()
  header.writeRaw(AVRO_MAGIC)
  const entries = Object.entries(properties)
  header.writeLength(entries.length)
  for (const text of entries.flat()) {
    const bytes = encoder.encode(text)
    header.writeLength(bytes.length)
    header.writeRaw(bytes)
  }
  header.writeByte(0)
  header.writeRaw(sync)
  return header.take()
}
