/**
 * Blob descriptors: which bytes of which file a BLOB value is.
 *
 * Follows `BlobDescriptor` of Java: version, magic, length of the URI, URI, offset, length; little-endian.
 */
import { corrupt, unsupported } from '../util/errors.ts'

export interface BlobDescriptor {
  /** The path of the file. */
  readonly uri: string
  readonly offset: number
  /** -1 for all that follows the offset. */
  readonly lengthBytes: number
}

const VERSION = 2
/** "BLOBDESC" as a number. */
const MAGIC = 0x42_4c_4f_42_44_45_53_43n
const ENCODER = new TextEncoder()

export function encodeBlobDescriptor({ uri, offset, lengthBytes }: BlobDescriptor): Uint8Array {
  const uriBytes = ENCODER.encode(uri)
  const bytes = new Uint8Array(29 + uriBytes.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, VERSION)
  view.setBigUint64(1, MAGIC, true)
  view.setInt32(9, uriBytes.length, true)
  bytes.set(uriBytes, 13)
  view.setBigInt64(13 + uriBytes.length, BigInt(offset), true)
  view.setBigInt64(21 + uriBytes.length, BigInt(lengthBytes), true)
  return bytes
}

/**
 * What a BLOB value is that was read with the option `blob-as-descriptor`. Throws CORRUPT for bytes that are no descriptor,
 * UNSUPPORTED for one of a later version.
 */
export function decodeBlobDescriptor(bytes: Uint8Array): BlobDescriptor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length < 21) throw notOne('it is too short')
  const version = view.getUint8(0)
  if (version > VERSION) throw unsupported(`a blob descriptor of version ${version}`)
  // The first version had no magic.
  const start = version > 1 ? 9 : 1
  if (version > 1 && view.getBigUint64(1, true) !== MAGIC) throw notOne('its magic is missing')
  const uriBytes = view.getInt32(start, true)
  const end = start + 4 + uriBytes
  if (uriBytes < 0 || end + 16 !== bytes.length) throw notOne('its parts do not fit')
  const offset = Number(view.getBigInt64(end, true))
  const lengthBytes = Number(view.getBigInt64(end + 8, true))
  if (!Number.isSafeInteger(offset) || offset < 0) throw notOne(`it starts at ${offset}`)
  if (!Number.isSafeInteger(lengthBytes) || lengthBytes < -1)
    throw notOne(`it claims ${lengthBytes} bytes`)
  const uri = new TextDecoder().decode(bytes.subarray(start + 4, end))
  return { uri, offset, lengthBytes }
}

function notOne(problem: string): Error {
  return corrupt(`a BLOB value is no descriptor: ${problem}`)
}
