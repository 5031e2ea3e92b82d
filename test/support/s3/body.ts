/** The bytes that a request means: `aws-chunked` taken apart, every digest that was sent along checked. */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

import { S3Error, type S3Request } from './protocol.ts'
import { checkChunk, checkTrailer, type SigningContext } from './signature.ts'

export interface CheckedBody {
  readonly bytes: Buffer
  /** The CRC-32 that the client sent, in base64, if it sent one. */
  readonly crc32: string | undefined
}

const DIGESTS: Readonly<Record<string, (bytes: Uint8Array) => string>> = {
  'x-amz-checksum-crc32': crc32Base64,
  'x-amz-checksum-sha1': (bytes) => createHash('sha1').update(bytes).digest('base64'),
  'x-amz-checksum-sha256': (bytes) => createHash('sha256').update(bytes).digest('base64'),
}
/** Not digests but words about them. */
const CHECKSUM_WORDS = new Set([
  'x-amz-checksum-mode',
  'x-amz-checksum-algorithm',
  'x-amz-checksum-type',
])

/** `signing` is absent where the server does not check signatures. */
export function checkBody(request: S3Request, signing: SigningContext | undefined): CheckedBody {
  const { headers, rawBody } = request
  const hash = headers['x-amz-content-sha256'] ?? ''
  let bytes = rawBody
  let trailers: Readonly<Record<string, string>> = {}
  if (hash.startsWith('STREAMING-')) {
    const signed = hash.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')
    ;({ bytes, trailers } = unchunk(rawBody, signed ? signing : undefined))
    const decodedBytes = headers['x-amz-decoded-content-length']
    if (Number(decodedBytes) !== bytes.length) throw new S3Error(400, 'IncompleteBody')
    checkTrailerNames(headers['x-amz-trailer'], trailers)
  } else if (/^[0-9a-f]{64}$/.test(hash)) {
    if (createHash('sha256').update(bytes).digest('hex') !== hash) {
      throw new S3Error(400, 'XAmzContentSHA256Mismatch')
    }
  }
  const md5 = headers['content-md5']
  if (md5 !== undefined && createHash('md5').update(bytes).digest('base64') !== md5) {
    throw new S3Error(400, 'BadDigest')
  }
  const sent = { ...headers, ...trailers }
  checkDigests(sent, bytes)
  return { bytes, crc32: sent['x-amz-checksum-crc32'] }
}

function crc32Base64(bytes: Uint8Array): string {
  const digest = Buffer.alloc(4)
  digest.writeUInt32BE(crc32(bytes))
  return digest.toString('base64')
}

function checkDigests(sent: Readonly<Record<string, string>>, bytes: Buffer): void {
  for (const [name, value] of Object.entries(sent)) {
    if (!name.startsWith('x-amz-checksum-') || CHECKSUM_WORDS.has(name)) continue
    const digest = DIGESTS[name]
    if (digest === undefined) throw new S3Error(501, 'NotImplemented', `no ${name} here`)
    if (digest(bytes) !== value) throw new S3Error(400, 'BadDigest')
  }
}

function checkTrailerNames(
  announced: string | undefined,
  trailers: Readonly<Record<string, string>>,
): void {
  for (const name of (announced ?? '').split(',')) {
    if (name !== '' && trailers[name.trim().toLowerCase()] === undefined) {
      throw new S3Error(400, 'MalformedTrailerError')
    }
  }
}

/** `size[;chunk-signature=...]CRLF bytes CRLF`, ..., `0...CRLF`, then headers. */
function unchunk(
  raw: Buffer,
  signing: SigningContext | undefined,
): { bytes: Buffer; trailers: Record<string, string> } {
  const chunks: Buffer[] = []
  let offset = 0
  let previous = signing?.signature ?? ''
  for (;;) {
    const end = raw.indexOf('\r\n', offset)
    if (end < 0) throw new S3Error(400, 'IncompleteBody')
    const head = raw.toString('latin1', offset, end)
    const match = /^([0-9a-fA-F]+)(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(head)
    if (match === null) throw new S3Error(400, 'InvalidChunkSizeError')
    const size = parseInt(match[1] ?? '', 16)
    offset = end + 2
    if (offset + size > raw.length) throw new S3Error(400, 'IncompleteBody')
    const chunk = raw.subarray(offset, offset + size)
    if (signing !== undefined) previous = checkChunk(signing, previous, chunk, match[2] ?? '')
    if (size === 0) break
    chunks.push(chunk)
    offset += size + 2
  }
  const trailers = parseTrailers(raw.toString('latin1', offset), signing, previous)
  return { bytes: Buffer.concat(chunks), trailers }
}

function parseTrailers(
  text: string,
  signing: SigningContext | undefined,
  previous: string,
): Record<string, string> {
  const trailers: Record<string, string> = {}
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) trailers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  const { 'x-amz-trailer-signature': signature, ...rest } = trailers
  const signed = Object.entries(rest).map(([name, value]) => `${name}:${value}\n`)
  if (signing !== undefined && signed.length > 0) {
    checkTrailer(signing, previous, signed.join(''), signature ?? '')
  }
  return rest
}
