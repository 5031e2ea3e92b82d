/**
 * Reads Avro object container files into columns: Paimon's metadata files and the data files of tables with
 * `file.format` avro.
 *
 * Fields are found by name, at every depth; what the file lacks is null, what nobody wants is skipped. Which types can be
 * read from which Avro schemas is in `decode.ts`.
 */
import type { FileIO, IoOptions } from '../../io/file-io.ts'
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { decoding, unsupported } from '../../util/errors.ts'
import { readBlocks } from './block-source.ts'
import {
  type AvroHeader,
  blockRows,
  checkSync,
  parseAvroHeader,
  parseBlockHead,
} from './container.ts'
import { RowDecoder } from './row-decoder.ts'

export interface AvroReadOptions extends IoOptions {
  /** Rows of a batch at most; 32,768 unless told. A batch ends early when its rows took 16 MiB. */
  readonly batchRows?: number | undefined
  /** The file's size, where it is known already. */
  readonly sizeBytes?: number | undefined
}

const BATCH_ROWS = 32_768
const BATCH_BYTES = 16 * 1024 * 1024
/** What a file that is decoded in one piece may decompress to. */
const WHOLE_BYTES = 512 * 1024 * 1024

/**
 * All rows of a file as one batch with a column per field: for files of bounded size, such as manifests.
 *
 * Errors name `path`: CORRUPT for damaged bytes, UNSUPPORTED for a codec or schema that cannot be read as the fields, or
 * for rows of more than 512 MiB.
 */
export function decodeAvro(path: string, bytes: Uint8Array, fields: readonly DataField[]): Batch {
  return decoding(path, () => {
    const header = parseAvroHeader(bytes)
    const decoder = new RowDecoder(header, fields, Infinity, Infinity)
    let rawBytes = 0
    for (const { rows, rowCount } of blocksOf(bytes, header)) {
      rawBytes += rows.length
      if (rawBytes > WHOLE_BYTES) throw unsupported('the Avro file holds more than 512 MiB of rows')
      decoder.open(rows, rowCount)
      decoder.decode()
    }
    return decoder.finish()
  })
}

/** The rows of a file in memory, in batches; errors as from {@link decodeAvro}. */
export function* decodeAvroBatches(
  path: string,
  bytes: Uint8Array,
  fields: readonly DataField[],
  options: AvroReadOptions = {},
): Generator<Batch, void, undefined> {
  const batches = batchesOf(bytes, fields, options.batchRows ?? BATCH_ROWS)
  for (;;) {
    const next = decoding(path, () => batches.next())
    if (next.done === true) return
    yield next.value
  }
}

/**
 * The rows of a stored file, in batches, read piece by piece: memory holds a few megabytes of the file, the blocks that
 * are being decompressed, and the batch. Errors as from {@link decodeAvro}, and those of the storage.
 */
export async function* readAvro(
  io: FileIO,
  path: string,
  fields: readonly DataField[],
  options: AvroReadOptions = {},
): AsyncGenerator<Batch, void, undefined> {
  const { batchRows = BATCH_ROWS } = options
  let decoder: RowDecoder | undefined
  for await (const { header, rows, rowCount } of readBlocks(io, path, options)) {
    decoder ??= decoding(path, () => new RowDecoder(header, fields, batchRows, BATCH_BYTES))
    const open = decoder
    decoding(path, () => open.open(rows, rowCount))
    while (decoding(path, () => open.decode())) yield open.finish()
  }
  if (decoder !== undefined && decoder.rowCount > 0) yield decoder.finish()
}

/** The header of a file: its schema and what else its writer put there. Errors as from {@link decodeAvro}. */
export function decodeAvroHeader(path: string, bytes: Uint8Array): AvroHeader {
  return decoding(path, () => parseAvroHeader(bytes))
}

function* batchesOf(
  bytes: Uint8Array,
  fields: readonly DataField[],
  batchRows: number,
): Generator<Batch, void, undefined> {
  const header = parseAvroHeader(bytes)
  const decoder = new RowDecoder(header, fields, batchRows, BATCH_BYTES)
  for (const { rows, rowCount } of blocksOf(bytes, header)) {
    decoder.open(rows, rowCount)
    while (decoder.decode()) yield decoder.finish()
  }
  if (decoder.rowCount > 0) yield decoder.finish()
}

function* blocksOf(
  bytes: Uint8Array,
  header: AvroHeader,
): Generator<{ rows: Uint8Array; rowCount: number }, void, undefined> {
  for (let at = header.sizeBytes; at < bytes.length;) {
    const block = parseBlockHead(bytes, at, bytes.length - at)
    at = checkSync(bytes, block, header)
    yield { rows: blockRows(bytes, block, header), rowCount: block.rowCount }
  }
}
