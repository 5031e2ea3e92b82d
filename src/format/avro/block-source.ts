/** The blocks of a stored Avro file: read ahead in pieces of a few megabytes, and decompressed ahead of their turn. */
import type { FileIO, IoOptions } from '../../io/file-io.ts'
import { decoding, decodingError, notFound } from '../../util/errors.ts'
import {
  type AvroHeader,
  blockRows,
  blockRowsAsync,
  checkSync,
  MAX_BLOCK_HEAD_BYTES,
  parseAvroHeader,
  parseBlockHead,
  SYNC_BYTES,
} from './container.ts'

export interface AvroRows {
  readonly header: AvroHeader
  readonly rows: Uint8Array
  readonly rowCount: number
}

const PIECE_BYTES = 4 * 1024 * 1024
/** What holds the whole header as a rule. */
const FIRST_BYTES = 64 * 1024
/** A header longer than this is refused. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024
/** Blocks that are decompressed at a time. */
const BLOCKS_AHEAD = 4
/** Smaller blocks, such as Java's of 64,000 raw bytes, are decompressed sooner than the thread pool answers. */
const ASYNC_BYTES = 64 * 1024

/** The rows of a block whose turn has come. */
type OpenBlock = () => AvroRows | Promise<AvroRows>

/** The decompressed blocks of the file, in order; a file without blocks gives none. */
export async function* readBlocks(
  io: FileIO,
  path: string,
  options: IoOptions & { readonly sizeBytes?: number | undefined },
): AsyncGenerator<AvroRows, void, undefined> {
  const pieces = new Pieces(io, path, await sizeOf(io, path, options), options.signal)
  const header = await readHeader(pieces, path)
  const ahead: OpenBlock[] = []
  while (pieces.left > 0 || ahead.length > 0) {
    while (pieces.left > 0 && ahead.length < BLOCKS_AHEAD)
      ahead.push(startBlock(await nextBlock(pieces, header, path), header, path))
    yield await ahead.shift()!()
  }
}

/** The header of the file alone. */
export async function readAvroHeader(
  io: FileIO,
  path: string,
  options: IoOptions & { readonly sizeBytes?: number | undefined } = {},
): Promise<AvroHeader> {
  const { signal } = options
  const sizeBytes = await sizeOf(io, path, options)
  const first = await io.readRange(path, 0, Math.min(FIRST_BYTES, sizeBytes), { signal })
  try {
    return parseAvroHeader(first)
  } catch (error) {
    if (sizeBytes === first.length) throw decodingError(path, error)
  }
  const more = await io.readRange(path, 0, Math.min(MAX_HEADER_BYTES, sizeBytes), { signal })
  return decoding(path, () => parseAvroHeader(more))
}

async function sizeOf(
  io: FileIO,
  path: string,
  options: IoOptions & { readonly sizeBytes?: number | undefined },
): Promise<number> {
  const { sizeBytes, signal } = options
  const size = sizeBytes ?? (await io.stat(path, { signal }))?.sizeBytes
  if (size === undefined) throw notFound('there is no such file', { path })
  return size
}

interface StoredBlock {
  readonly bytes: Uint8Array
  readonly rowCount: number
}

async function readHeader(pieces: Pieces, path: string): Promise<AvroHeader> {
  await pieces.need(Math.min(PIECE_BYTES, pieces.left))
  let header: AvroHeader
  try {
    header = parseAvroHeader(pieces.bytes)
  } catch (error) {
    // Only a header that is longer than a piece can be parsed with more bytes.
    const more = Math.min(MAX_HEADER_BYTES, pieces.left)
    if (more <= pieces.bytes.length) throw decodingError(path, error)
    await pieces.need(more)
    header = decoding(path, () => parseAvroHeader(pieces.bytes))
  }
  pieces.skip(header.sizeBytes)
  return header
}

async function nextBlock(pieces: Pieces, header: AvroHeader, path: string): Promise<StoredBlock> {
  await pieces.need(Math.min(MAX_BLOCK_HEAD_BYTES, pieces.left))
  const head = decoding(path, () => parseBlockHead(pieces.bytes, 0, pieces.left))
  await pieces.need(head.end + SYNC_BYTES)
  const next = decoding(path, () => checkSync(pieces.bytes, head, header))
  const bytes = pieces.bytes.subarray(head.from, head.end)
  pieces.skip(next)
  return { bytes, rowCount: head.rowCount }
}

function startBlock({ bytes, rowCount }: StoredBlock, header: AvroHeader, path: string): OpenBlock {
  const block = { from: 0, end: bytes.length, rowCount }
  if (bytes.length < ASYNC_BYTES)
    return () => decoding(path, () => ({ header, rows: blockRows(bytes, block, header), rowCount }))
  const rows = blockRowsAsync(bytes, block, header).then(
    (raw) => ({ header, rows: raw, rowCount }),
    (error: unknown) => {
      throw decodingError(path, error)
    },
  )
  // The failure is thrown when the block's turn comes, or never if the caller stops before.
  rows.catch(() => {})
  return () => rows
}

/** The unread bytes of a file: what has come, and one piece that is on its way. */
class Pieces {
  bytes: Uint8Array = new Uint8Array()
  readonly #io: FileIO
  readonly #path: string
  readonly #sizeBytes: number
  readonly #signal: AbortSignal | undefined
  /** Where in the file `bytes` starts. */
  #at = 0
  #coming: Promise<Uint8Array> | undefined
  #comingEnd = 0

  constructor(io: FileIO, path: string, sizeBytes: number, signal: AbortSignal | undefined) {
    this.#io = io
    this.#path = path
    this.#sizeBytes = sizeBytes
    this.#signal = signal
  }

  /** Bytes of the file from the start of `bytes` on. */
  get left(): number {
    return this.#sizeBytes - this.#at
  }

  skip(count: number): void {
    this.bytes = this.bytes.subarray(count)
    this.#at += count
  }

  /** Reads until `bytes` has at least `count`, which must not be more than {@link left}. */
  async need(count: number): Promise<void> {
    while (this.bytes.length < count) {
      const end = this.#at + this.bytes.length
      this.#coming ??= this.#read(end, count - this.bytes.length)
      const piece = await this.#coming
      this.#coming = undefined
      this.bytes = this.bytes.length === 0 ? piece : joined(this.bytes, piece)
      const more = Math.max(0, count - this.bytes.length)
      if (this.#comingEnd < this.#sizeBytes) this.#coming = this.#read(this.#comingEnd, more)
    }
  }

  #read(from: number, atLeast: number): Promise<Uint8Array> {
    const end = Math.min(from + Math.max(PIECE_BYTES, atLeast), this.#sizeBytes)
    this.#comingEnd = end
    const piece = this.#io.readRange(this.#path, from, end - from, { signal: this.#signal })
    piece.catch(() => {})
    return piece
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length)
  bytes.set(first)
  bytes.set(second, first.length)
  return bytes
}
