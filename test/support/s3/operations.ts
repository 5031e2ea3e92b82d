/** What each S3 operation on buckets and objects does. */
import { type CheckedBody } from './body.ts'
import { listObjects } from './listing.ts'
import {
  element,
  S3Error,
  type S3Request,
  type S3Response,
  unescapeXml,
  xmlResponse,
} from './protocol.ts'
import { Bucket, md5Hex, type StoredObject } from './store.ts'

/** One request with all that its operation may touch. */
export interface Call {
  readonly request: S3Request
  readonly buckets: Map<string, Bucket>
  readonly settings: OperationSettings
  /** Checks the digests on first use. */
  body(): CheckedBody
}

export interface OperationSettings {
  /** Answers as if the conditional headers of a write were not there: some stores do. */
  readonly ignoreConditions: boolean
  /** The most keys that one page of a listing has. */
  readonly pageKeysMax: number
  /** Every part of an upload but the last has at least this many bytes. */
  readonly partBytesMin: number
}

export type Operation = (call: Call) => S3Response

export const bucketOperations: Readonly<Record<string, Operation>> = {
  ListBuckets({ buckets }) {
    const all = [...buckets.keys()].map((name) => `<Bucket>${element('Name', name)}</Bucket>`)
    return xmlResponse(
      `<ListAllMyBucketsResult><Buckets>${all.join('')}</Buckets></ListAllMyBucketsResult>`,
    )
  },
  CreateBucket({ request, buckets }) {
    if (buckets.has(request.bucket)) throw new S3Error(409, 'BucketAlreadyOwnedByYou')
    buckets.set(request.bucket, new Bucket(request.bucket))
    return empty(200)
  },
  HeadBucket(call) {
    bucketOf(call)
    return empty(200)
  },
  DeleteBucket(call) {
    if (bucketOf(call).keys().length > 0) throw new S3Error(409, 'BucketNotEmpty')
    call.buckets.delete(call.request.bucket)
    return empty(204)
  },
  GetBucketLocation(call) {
    bucketOf(call)
    return xmlResponse('<LocationConstraint></LocationConstraint>')
  },
  ListObjectsV2(call) {
    return listObjects(bucketOf(call), call.request.query, call.settings.pageKeysMax)
  },
  DeleteObjects(call) {
    const bucket = bucketOf(call)
    const xml = call.body().bytes.toString('utf8')
    const keys = [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) => unescapeXml(key))
    if (keys.length === 0 || keys.length > 1_000) throw new S3Error(400, 'MalformedXML')
    for (const key of keys) bucket.delete(key)
    const quiet = /<Quiet>true<\/Quiet>/.test(xml)
    const deleted = quiet ? [] : keys.map((key) => `<Deleted>${element('Key', key)}</Deleted>`)
    return xmlResponse(`<DeleteResult>${deleted.join('')}</DeleteResult>`)
  },
}

export const objectOperations: Readonly<Record<string, Operation>> = {
  PutObject(call) {
    const bucket = bucketOf(call)
    const { bytes, crc32 } = call.body()
    checkWriteConditions(call, bucket)
    const headers = keptHeaders(call.request)
    const { etag } = bucket.put(call.request.key, { bytes, etag: md5Hex(bytes), crc32, headers })
    return { status: 200, headers: { etag: `"${etag}"` } }
  },
  CopyObject(call) {
    const bucket = bucketOf(call)
    const { bytes, etag, crc32, headers } = copySource(call)
    checkWriteConditions(call, bucket)
    const copied = bucket.put(call.request.key, { bytes, etag, crc32, headers })
    const modified = element('LastModified', copied.modified.toISOString())
    return xmlResponse(
      `<CopyObjectResult>${element('ETag', `"${etag}"`)}${modified}</CopyObjectResult>`,
    )
  },
  GetObject(call) {
    const object = objectOf(call)
    checkReadConditions(call.request, object)
    return rangeOf(call.request, object)
  },
  HeadObject(call) {
    const object = objectOf(call)
    checkReadConditions(call.request, object)
    const headers = { ...describe(object), 'content-length': String(object.bytes.byteLength) }
    return { status: 200, headers }
  },
  DeleteObject(call) {
    const bucket = bucketOf(call)
    checkWriteConditions(call, bucket)
    bucket.delete(call.request.key)
    return empty(204)
  },
}

export function bucketOf({ request, buckets }: Call): Bucket {
  const bucket = buckets.get(request.bucket)
  if (bucket === undefined) throw new S3Error(404, 'NoSuchBucket')
  return bucket
}

/** The conditions of a write against what is there now. Nothing else may run between this and the write. */
export function checkWriteConditions({ request, settings }: Call, bucket: Bucket): void {
  if (settings.ignoreConditions) return
  const existing = bucket.get(request.key)
  const { 'if-none-match': none, 'if-match': match } = request.headers
  if (none !== undefined && none !== '*') throw new S3Error(501, 'NotImplemented')
  if (none === '*' && existing !== undefined) throw new S3Error(412, 'PreconditionFailed')
  if (match === undefined) return
  if (existing === undefined) throw new S3Error(404, 'NoSuchKey')
  if (!matches(match, existing)) throw new S3Error(412, 'PreconditionFailed')
}

export function keptHeaders(request: S3Request): Record<string, string> {
  const kept = Object.entries(request.headers).filter(
    ([name]) => name === 'content-type' || name.startsWith('x-amz-meta-'),
  )
  return { 'content-type': 'application/octet-stream', ...Object.fromEntries(kept) }
}

export function empty(status: number): S3Response {
  return { status, headers: {} }
}

function objectOf(call: Call): StoredObject {
  const object = bucketOf(call).get(call.request.key)
  if (object === undefined) throw new S3Error(404, 'NoSuchKey')
  return object
}

function copySource({ request, buckets }: Call): StoredObject {
  const source = decodeURIComponent(request.headers['x-amz-copy-source'] ?? '').replace(/^\//, '')
  const slash = source.indexOf('/')
  const object = buckets.get(source.slice(0, slash))?.get(source.slice(slash + 1))
  if (object === undefined) throw new S3Error(404, 'NoSuchKey')
  return object
}

function checkReadConditions({ headers }: S3Request, object: StoredObject): void {
  const { 'if-match': match, 'if-none-match': none } = headers
  if (match !== undefined && !matches(match, object)) throw new S3Error(412, 'PreconditionFailed')
  if (none !== undefined && matches(none, object)) throw new S3Error(304, 'NotModified')
}

function matches(condition: string, object: StoredObject): boolean {
  return condition === '*' || condition.replaceAll('"', '') === object.etag
}

function describe(object: StoredObject): Record<string, string> {
  return {
    ...object.headers,
    etag: `"${object.etag}"`,
    'last-modified': object.modified.toUTCString(),
    'accept-ranges': 'bytes',
  }
}

function rangeOf(request: S3Request, object: StoredObject): S3Response {
  const headers = describe(object)
  const total = object.bytes.byteLength
  const range = /^bytes=(\d*)-(\d*)$/.exec(request.headers['range'] ?? '')
  if (range === null) {
    if (request.headers['x-amz-checksum-mode'] === 'ENABLED' && object.crc32 !== undefined) {
      headers['x-amz-checksum-crc32'] = object.crc32
    }
    return { status: 200, headers, body: object.bytes }
  }
  const [, first = '', last = ''] = range
  const start = first === '' ? Math.max(0, total - Number(last)) : Number(first)
  const end = first === '' || last === '' ? total - 1 : Math.min(Number(last), total - 1)
  if (start > end) throw new S3Error(416, 'InvalidRange')
  headers['content-range'] = `bytes ${start}-${end}/${total}`
  return { status: 206, headers, body: object.bytes.subarray(start, end + 1) }
}
