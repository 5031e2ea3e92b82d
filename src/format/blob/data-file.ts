/**
 * Blob files as data files: one BLOB column, each value a record of its own, found by an index at the end.
 *
 * Follows `BlobFormatReader` of Java, and checks what it does not: magic, length and CRC of each record.
 */
import { crc32 } from 'node:zlib'

import { allocateBytes } from '../../io/allocate.ts'
import type { FileIO } from '../../io/file-io.ts'
import { encodeBlobDescriptor } from '../../types/blob-descriptor.ts'
import { BytesBuilder } from '../../types/column-builder.ts'
import { nullColumn } from '../../types/column-take.ts'
import type { Batch, BytesColumn } from '../../types/column.ts'
import { corrupt, decodingError, notFound, unsupported } from '../../util/errors.ts'
import type { CursorOptions, DataFile, OpenOptions, RowCursor, RowRange } from '../data-file.ts'
import {
  type BlobIndex,
  decodeIndex,
  FOOTER_BYTES,
  indexLength,
  RECORD_BYTES,
  RECORD_HEAD_BYTES,
  RECORD_TAIL_BYTES,
} from './blob-index.ts'

/** Opens the file. With `blobsAsDescriptors` values are not read: they are descriptors of where they lie. */
export async function openBlobData(
  io: FileIO,
  path: string,
  options: OpenOptions,
): Promise<DataFile> {
  const { signal, blobsAsDescriptors = false } = options
  try {
    const sizeBytes = options.sizeBytes ?? (await io.stat(path, { signal }))?.sizeBytes
    if (sizeBytes === undefined) throw notFound('the file is not there')
    const index = await readIndex(io, path, sizeBytes, signal)
    const file = { io, path, index, signal, blobsAsDescriptors }
    return {
      path,
      rowCount: index.rowCount,
      // The file does not name its column: the schema knows it.
      columnNames: new Set(),
      prune: () => Promise.resolve(null),
      cursor: (cursor: CursorOptions) => blobCursor(file, cursor),
    }
  } catch (error) {
    throw decodingError(path, error)
  }
}

interface BlobFile {
  readonly io: FileIO
  readonly path: string
  readonly index: BlobIndex
  readonly signal: AbortSignal | undefined
  readonly blobsAsDescriptors: boolean
}

async function readIndex(
  io: FileIO,
  path: string,
  sizeBytes: number,
  signal: AbortSignal | undefined,
): Promise<BlobIndex> {
  if (sizeBytes < FOOTER_BYTES) throw corrupt(`a file of ${sizeBytes} bytes is no blob file`)
  const tailBytes = Math.min(sizeBytes, TAIL_BYTES)
  const tail = await io.readRange(path, sizeBytes - tailBytes, tailBytes, { signal })
  const length = indexLength(tail.subarray(-FOOTER_BYTES), sizeBytes)
  const start = sizeBytes - FOOTER_BYTES - length
  const inTail = start - (sizeBytes - tailBytes)
  const bytes =
    inTail >= 0
      ? tail.subarray(inTail, inTail + length)
      : await io.readRange(path, start, length, { signal })
  return decodeIndex(bytes, start)
}

/** Read at once from the end of a file: an index is mostly smaller. */
const TAIL_BYTES = 1 << 14

/** A batch ends before its values take more than this, so that large values do not gather in memory. */
const BATCH_BYTES = 32 << 20
/** Bytes between two records that are read along rather than asked for apart. */
const GAP_BYTES = 1 << 16

function blobCursor(file: BlobFile, { fields, rows }: CursorOptions): RowCursor {
  const { index, path } = file
  const ranges = (rows ?? [{ from: 0, to: index.rowCount }]).values()
  let range: RowRange | undefined = ranges.next().value
  let row = range?.from ?? 0
  const take = (rowCount: number): Int32Array => {
    const taken: number[] = []
    let end = -Infinity
    for (let bytes = 0; taken.length < rowCount && range !== undefined;) {
      if (row >= Math.min(range.to, index.rowCount)) {
        range = ranges.next().value
        row = range?.from ?? 0
        continue
      }
      const length = Math.max(0, index.lengths[row]!)
      const gap = Math.min(GAP_BYTES, Math.max(0, index.offsets[row]! - end))
      bytes += file.blobsAsDescriptors ? 0 : length + gap
      if (bytes > BATCH_BYTES && taken.length > 0) break
      end = index.offsets[row]! + length
      taken.push(row++)
    }
    return Int32Array.from(taken)
  }
  return {
    async read(rowCount): Promise<Batch | null> {
      const taken = take(rowCount)
      const { length } = taken
      if (length === 0) return null
      try {
        const isRead = fields.some(({ type, name }) => type.kind === 'BLOB' && name !== '')
        const blobs = isRead ? await readBlobs(file, taken) : null
        const columns = fields.map(({ type, name }) =>
          type.kind === 'BLOB' && name !== '' ? blobs! : nullColumn(type, length),
        )
        return { length, columns }
      } catch (error) {
        throw decodingError(path, error)
      }
    },
  }
}

async function readBlobs(file: BlobFile, rows: Int32Array): Promise<BytesColumn> {
  return file.blobsAsDescriptors ? descriptorColumn(file, rows) : await valueColumn(file, rows)
}

function descriptorColumn({ path, index }: BlobFile, rows: Int32Array): BytesColumn {
  const builder = new BytesBuilder()
  for (const row of rows) {
    const length = index.lengths[row]!
    if (length < 0) builder.appendNull()
    else {
      const offset = index.offsets[row]! + RECORD_HEAD_BYTES
      const lengthBytes = length - RECORD_BYTES
      builder.append(encodeBlobDescriptor({ uri: path, offset, lengthBytes }))
    }
  }
  return builder.finish()
}

/** Records that are read by one request. */
interface Run {
  readonly offset: number
  end: number
}

async function valueColumn(
  { io, path, index, signal }: BlobFile,
  rows: Int32Array,
): Promise<BytesColumn> {
  const runs: Run[] = []
  for (const row of rows) {
    const offset = index.offsets[row]!
    const length = index.lengths[row]!
    if (length < 0) continue
    const last = runs.at(-1)
    if (last !== undefined && offset <= last.end + GAP_BYTES) last.end = offset + length
    else runs.push({ offset, end: offset + length })
  }
  const total = runs.reduce((sum, run) => sum + run.end - run.offset, 0)
  if (total > VALUE_BYTES_MAX)
    throw unsupported(`a value of about ${total} bytes is longer than a column can hold`, {
      hint: 'read with the option blob-as-descriptor = true, and fetch what the descriptors refer to yourself',
    })
  const parts = await Promise.all(
    runs.map((run) => io.readRange(path, run.offset, run.end - run.offset, { signal })),
  )
  return recordValues(index, rows, runs, parts)
}

/** What an offset of a column can address. */
const VALUE_BYTES_MAX = 2 ** 31 - 1

/** The values of the records one behind the other; each record is checked. `parts` are the bytes of the runs. */
function recordValues(
  { offsets, lengths }: BlobIndex,
  rows: Int32Array,
  runs: readonly Run[],
  parts: readonly Uint8Array[],
): BytesColumn {
  const { length } = rows
  const ends = new Int32Array(length + 1)
  const validity = new Uint8Array((length + 7) >> 3)
  const data = roomFor(parts)
  let nullCount = 0
  let run = 0
  let to = 0
  for (let i = 0; i < length; i++) {
    const row = rows[i]!
    if (lengths[row]! < 0) nullCount++
    else {
      while (offsets[row]! >= runs[run]!.end) run++
      const part = parts[run]!
      const at = offsets[row]! - runs[run]!.offset
      const end = at + lengths[row]!
      checkRecord(part, at, end)
      // A value only ever moves towards the start, where all before it were moved already.
      data.set(part.subarray(at + RECORD_HEAD_BYTES, end - RECORD_TAIL_BYTES), to)
      to += lengths[row]! - RECORD_BYTES
      validity[i >> 3]! |= 1 << (i & 7)
    }
    ends[i + 1] = to
  }
  return {
    layout: 'bytes',
    length,
    validity: nullCount > 0 ? validity : null,
    data: data.subarray(0, to),
    starts: ends.subarray(0, length),
    ends: ends.subarray(1),
  }
}

/** Room for the values of the parts: a part itself, where nobody else holds its memory. */
function roomFor(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts
  if (parts.length === 1 && first!.byteLength === first!.buffer.byteLength) return first!
  return allocateBytes(parts.reduce((sum, part) => sum + part.length, 0))
}

const MAGIC = 1_481_511_375

function checkRecord(part: Uint8Array, at: number, end: number): void {
  const view = new DataView(part.buffer, part.byteOffset + at, end - at)
  const length = end - at
  if (view.getInt32(0, true) !== MAGIC) throw corrupt('a record of a blob file has another magic')
  if (view.getBigInt64(length - 12, true) !== BigInt(length))
    throw corrupt('a record of a blob file has another length than the index says')
  if (crc32(part.subarray(at, end - 4)) !== view.getUint32(length - 4, true))
    throw corrupt('a record of a blob file has another checksum than its bytes')
}
