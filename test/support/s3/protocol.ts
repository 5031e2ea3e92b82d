/** Requests, answers, errors and XML of the S3 protocol as the test server speaks it. */

export interface S3Request {
  /** Counts from 1 over the life of the server. */
  readonly number: number
  /** The name of the operation in S3's own API, `Unknown` where there is none. */
  readonly operation: string
  readonly method: string
  /** As it came over the wire, before the question mark. */
  readonly rawPath: string
  readonly bucket: string
  readonly key: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string>>
  /** As it came over the wire. */
  readonly rawBody: Buffer
}

export interface S3Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | undefined
}

/** An answer that is an error. */
export class S3Error extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message = code) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** The request up to its body: what it asks for is known before it is checked. */
export function parseRequest(parts: {
  number: number
  method: string
  url: string
  headers: Record<string, string>
  rawBody: Buffer
}): S3Request {
  const [rawPath = '/', rawQuery = ''] = parts.url.split(/\?(.*)/s)
  const [bucket = '', ...keyParts] = rawPath.slice(1).split('/')
  const key = decodeURIComponent(keyParts.join('/'))
  const query = new URLSearchParams(rawQuery)
  const operation = operationOf(parts.method, bucket, key, query, parts.headers)
  return { ...parts, operation, rawPath, bucket: decodeURIComponent(bucket), key, query }
}

function operationOf(
  method: string,
  bucket: string,
  key: string,
  query: URLSearchParams,
  headers: Readonly<Record<string, string>>,
): string {
  if (bucket === '') return method === 'GET' ? 'ListBuckets' : 'Unknown'
  if (key === '') return bucketOperationOf(method, query)
  if (query.has('uploadId')) return UPLOAD_OPERATIONS[method] ?? 'Unknown'
  if (method === 'POST' && query.has('uploads')) return 'CreateMultipartUpload'
  if (method === 'PUT' && headers['x-amz-copy-source'] !== undefined) return 'CopyObject'
  return OBJECT_OPERATIONS[method] ?? 'Unknown'
}

const UPLOAD_OPERATIONS: Readonly<Record<string, string>> = {
  PUT: 'UploadPart',
  POST: 'CompleteMultipartUpload',
  DELETE: 'AbortMultipartUpload',
}
const OBJECT_OPERATIONS: Readonly<Record<string, string>> = {
  PUT: 'PutObject',
  GET: 'GetObject',
  HEAD: 'HeadObject',
  DELETE: 'DeleteObject',
}

function bucketOperationOf(method: string, query: URLSearchParams): string {
  if (method === 'PUT') return 'CreateBucket'
  if (method === 'HEAD') return 'HeadBucket'
  if (method === 'DELETE') return 'DeleteBucket'
  if (method === 'POST' && query.has('delete')) return 'DeleteObjects'
  if (method !== 'GET') return 'Unknown'
  if (query.has('uploads')) return 'ListMultipartUploads'
  if (query.has('location')) return 'GetBucketLocation'
  return query.get('list-type') === '2' ? 'ListObjectsV2' : 'Unknown'
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => ESCAPES[char] ?? char)
}

export function unescapeXml(text: string): string {
  return text
    .replaceAll(/&#x([0-9a-f]+);/gi, (_, hex: string) => String.fromCodePoint(parseInt(hex, 16)))
    .replaceAll(/&#(\d+);/g, (_, decimal: string) => String.fromCodePoint(Number(decimal)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&')
}

/** `<name>text</name>` with the text escaped. */
export function element(name: string, text: string | number | boolean): string {
  return `<${name}>${escapeXml(String(text))}</${name}>`
}

export function xmlResponse(xml: string, status = 200): S3Response {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`)
  return { status, headers: { 'content-type': 'application/xml' }, body }
}

export function errorResponse(error: S3Error, request: S3Request): S3Response {
  const resource = escapeXml(`/${request.bucket}/${request.key}`)
  return xmlResponse(
    `<Error>${element('Code', error.code)}${element('Message', error.message)}<Resource>${resource}</Resource></Error>`,
    error.status,
  )
}
