/**
 * The object container file: a header with the schema and the codec, then blocks of rows.
 *
 * Source: the Avro 1.11 specification, "Object Container Files".
 */
import { crc32 } from 'node:zlib'

import { corrupt, type LakeError, unsupported } from '../../util/errors.ts'
import { type Codec, decompress, decompressAsync, MAX_BLOCK_BYTES } from '../codec.ts'
import { AvroCursor } from './cursor.ts'
import { type AvroRecord, parseAvroSchema } from './schema.ts'

export const AVRO_MAGIC: Uint8Array = Uint8Array.of(0x4f, 0x62, 0x6a, 0x01)
export const SYNC_BYTES = 16

/** Avro's names of the codecs that can be read and written; `bzip2` and `xz` cannot. */
export type AvroCodec = 'null' | 'deflate' | 'snappy' | 'zstandard'

export const AVRO_CODECS: ReadonlyMap<string, Codec> = new Map<AvroCodec, Codec>([
  ['null', 'none'],
  ['deflate', 'deflate'],
  ['snappy', 'snappy'],
  ['zstandard', 'zstd'],
])

export interface AvroHeader {
  readonly metadata: ReadonlyMap<string, Uint8Array>
  /** What wrote each row. */
  readonly record: AvroRecord
  /** Where rows are a union of null and the record: the record's branch; else -1. */
  readonly recordBranch: number
  readonly codec: Codec
  /** The 16 bytes after every block. */
  readonly sync: Uint8Array
  /** Where the first block starts. */
  readonly sizeBytes: number
}

/** Where a block lies in the bytes it was parsed from. */
export interface AvroBlock {
  readonly rowCount: number
  /** The compressed rows, `[from, end)`; the sync marker follows, then the next block. */
  readonly from: number
  readonly end: number
}

/** Parses the header that the bytes start with; CORRUPT when they are cut or no Avro file, UNSUPPORTED codecs. */
export function parseAvroHeader(bytes: Uint8Array): AvroHeader {
  if (AVRO_MAGIC.some((byte, i) => bytes[i] !== byte)) throw corrupt('is no Avro file')
  const cursor = new AvroCursor()
  cursor.open(bytes)
  cursor.at = AVRO_MAGIC.length
  const metadata = new Map<string, Uint8Array>()
  for (;;) {
    const count = cursor.readItemCount(2)
    if (count === 0) break
    for (let i = 0; i < count; i++) {
      cursor.readBytes()
      const name = DECODER.decode(bytes.subarray(cursor.from, cursor.at))
      cursor.readBytes()
      metadata.set(name, bytes.slice(cursor.from, cursor.at))
    }
  }
  const syncFrom = cursor.take(SYNC_BYTES)
  const sync = bytes.slice(syncFrom, cursor.at)
  const schemaBytes = metadata.get('avro.schema')
  if (schemaBytes === undefined) throw corrupt('the Avro file has no schema')
  const codecBytes = metadata.get('avro.codec')
  const codecName = codecBytes === undefined ? 'null' : DECODER.decode(codecBytes)
  const codec = AVRO_CODECS.get(codecName)
  if (codec === undefined)
    throw unsupported(`the Avro file is compressed with ${JSON.stringify(codecName)}`, {
      hint: `codecs that can be read are ${[...AVRO_CODECS.keys()].join(', ')}`,
    })
  return { metadata, ...parseRoot(DECODER.decode(schemaBytes)), codec, sync, sizeBytes: cursor.at }
}

const DECODER = new TextDecoder()

function parseRoot(text: string): { record: AvroRecord; recordBranch: number } {
  const root = parseAvroSchema(text)
  if (root.kind === 'record') return { record: root, recordBranch: -1 }
  if (root.kind === 'union' && root.branches.length <= 2) {
    const recordBranch = root.branches.findIndex((branch) => branch.kind === 'record')
    const record = root.branches[recordBranch]
    const other = root.branches[1 - recordBranch]
    if (record?.kind === 'record' && (other === undefined || other.kind === 'null'))
      return { record, recordBranch }
  }
  throw unsupported(`the rows of the Avro file are of the type ${root.kind} and not records`)
}

/** The varints that a block starts with take no more bytes than this. */
export const MAX_BLOCK_HEAD_BYTES = 20

/**
 * Parses the head of the block at `at`; the bytes need not hold all of the block. `left` is how many bytes the file has
 * from `at` on. CORRUPT when the block does not fit them.
 */
export function parseBlockHead(bytes: Uint8Array, at: number, left: number): AvroBlock {
  const cursor = new AvroCursor()
  cursor.open(bytes)
  cursor.at = at
  const rowCount = cursor.readNumber()
  const size = cursor.readNumber()
  if (rowCount < 0 || size < 0) throw corrupt('an Avro block has a negative count or size')
  const from = cursor.at
  if (size > 2 * MAX_BLOCK_BYTES) throw corrupt(`an Avro block says that it has ${size} bytes`)
  if (size > left - (from - at) - SYNC_BYTES) throw cutBlock()
  return { rowCount, from, end: from + size }
}

const cutBlock = (): LakeError => corrupt('the Avro file ends inside a block')

/** Checks the marker after the block; the bytes must hold all of it. Returns where the next block starts. */
export function checkSync(bytes: Uint8Array, block: AvroBlock, header: AvroHeader): number {
  const { sync } = header
  if (block.end + SYNC_BYTES > bytes.length) throw cutBlock()
  for (let i = 0; i < SYNC_BYTES; i++)
    if (bytes[block.end + i] !== sync[i])
      throw corrupt('an Avro block does not end with the marker of the file')
  return block.end + SYNC_BYTES
}

/** The rows of a block, as they were before compression. */
export function blockRows(bytes: Uint8Array, block: AvroBlock, header: AvroHeader): Uint8Array {
  const compressed = bytes.subarray(block.from, block.end)
  if (header.codec !== 'snappy') return decompress(header.codec, compressed, undefined)
  return checkedSnappy(compressed)
}

/** Like {@link blockRows}, in the thread pool where the codec can. */
export async function blockRowsAsync(
  bytes: Uint8Array,
  block: AvroBlock,
  header: AvroHeader,
): Promise<Uint8Array> {
  const compressed = bytes.subarray(block.from, block.end)
  if (header.codec !== 'snappy') return decompressAsync(header.codec, compressed, undefined)
  return checkedSnappy(compressed)
}

/** Avro puts the big-endian CRC-32 of the raw bytes behind a snappy block. */
function checkedSnappy(block: Uint8Array): Uint8Array {
  const size = block.length - 4
  if (size < 0) throw corrupt('an Avro snappy block has no checksum')
  const raw = decompress('snappy', block.subarray(0, size))
  const stored = new DataView(block.buffer, block.byteOffset).getUint32(size)
  if (crc32(raw) !== stored) throw corrupt('the checksum of an Avro block is wrong')
  return raw
}
