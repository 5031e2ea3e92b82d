/** Memory that strings are gathered to. */
import { allocateBytes } from '../io/allocate.ts'
import { assert } from '../util/assert.ts'

/** Longer values are copied by the engine rather than eight bytes at a time. */
export const COPY_BY_WORDS_MAX = 64
const DATA_BYTES_MAX = 2 ** 31 - 9

/** Memory for `sizeBytes` and eight bytes more that a copy may run over, with what `data` holds, if it grows. */
export function withRoom(
  sizeBytes: number,
  data?: Uint8Array,
): { data: Uint8Array; view: DataView } {
  assert(sizeBytes <= DATA_BYTES_MAX, 'the strings of one batch exceed 2 GiB')
  const wanted = data === undefined ? sizeBytes : Math.max(sizeBytes, 1.25 * data.length)
  const grown = allocateBytes(Math.min(DATA_BYTES_MAX, Math.ceil(wanted)) + 8)
  if (data !== undefined) grown.set(data)
  return { data: grown, view: new DataView(grown.buffer, grown.byteOffset, grown.byteLength) }
}
