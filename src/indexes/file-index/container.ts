/**
 * The container of the indexes of a data file: which columns have which, and where their bytes are.
 *
 * Follows the Java class `FileIndexFormat` (https://paimon.apache.org/docs/master/concepts/spec/fileindex/).
 */
import { corrupt } from '../../util/errors.ts'
import { IndexBytes } from './index-bytes.ts'

export const MAGIC = 1_493_475_289_347_502n
export const VERSION = 1
/** Magic, version and the length of the head. */
export const PREFIX_BYTES = 16
/** The body of an index without any bytes. */
export const EMPTY_START = -1

export interface IndexPlace {
  /** As the options name it: `bloom-filter`, `bitmap`, `bsi`, `range-bitmap`, or another. */
  readonly type: string
  /** From the start of the container on; null for an index of a column that has only nulls. */
  readonly range: { readonly from: number; readonly length: number } | null
}

/** The bytes of the head, told by the first {@link PREFIX_BYTES} of a container of `sizeBytes`. */
export function headLengthOf(prefix: Uint8Array, sizeBytes: number): number {
  const bytes = new IndexBytes(prefix)
  if (bytes.long() !== MAGIC) throw corrupt('is no file index: it does not begin with the magic')
  const version = bytes.int()
  if (version !== VERSION) throw corrupt(`is a file index of the unknown version ${version}`)
  const length = bytes.int()
  if (length < PREFIX_BYTES || length > sizeBytes)
    throw corrupt(`has a head of ${length} bytes in ${sizeBytes}`)
  return length
}

/** The indexes by the names of their columns, told by the whole head of a container of `sizeBytes`. */
export function decodeHead(head: Uint8Array, sizeBytes: number): Map<string, IndexPlace[]> {
  const bytes = new IndexBytes(head, PREFIX_BYTES)
  const columns = new Map<string, IndexPlace[]>()
  for (let left = bytes.count(6); left > 0; left--) {
    const name = text(bytes)
    const places: IndexPlace[] = []
    for (let index = bytes.count(10); index > 0; index--) places.push(place(bytes, sizeBytes))
    columns.set(name, places)
  }
  return columns
}

function place(bytes: IndexBytes, sizeBytes: number): IndexPlace {
  const type = text(bytes)
  const from = bytes.int()
  const length = bytes.int()
  if (from === EMPTY_START) return { type, range: null }
  if (from < 0 || length < 0 || from + length > sizeBytes)
    throw corrupt(`has an index at ${from} of ${length} bytes, of ${sizeBytes}`)
  return { type, range: { from, length } }
}

/** What `DataOutput.writeUTF` writes: NUL in two bytes, and surrogates one by one. */
function text(bytes: IndexBytes): string {
  const encoded = bytes.take(bytes.short() & 0xffff)
  let decoded = ''
  for (let i = 0; i < encoded.length;) {
    const first = encoded[i]!
    const size = first < 0x80 ? 1 : first < 0xe0 ? 2 : 3
    if (i + size > encoded.length) throw corrupt('has a name that ends within a character')
    const second = encoded[i + 1]! & 0x3f
    const unit =
      size === 1
        ? first
        : size === 2
          ? ((first & 0x1f) << 6) | second
          : ((first & 0x0f) << 12) | (second << 6) | (encoded[i + 2]! & 0x3f)
    decoded += String.fromCharCode(unit)
    i += size
  }
  return decoded
}
