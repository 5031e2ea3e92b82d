/** Uploads in parts. */
import {
  bucketOf,
  type Call,
  checkWriteConditions,
  empty,
  keptHeaders,
  type Operation,
} from './operations.ts'
import { element, S3Error, unescapeXml, xmlResponse } from './protocol.ts'
import { md5Hex, type StoredPart, type Upload } from './store.ts'

const PART_NUMBER_MAX = 10_000
let uploadCount = 0

export const multipartOperations: Readonly<Record<string, Operation>> = {
  CreateMultipartUpload(call) {
    const { key, headers } = call.request
    const bucket = bucketOf(call)
    const upload: Upload = {
      id: `upload-${++uploadCount}`,
      key,
      initiated: new Date(),
      headers: keptHeaders(call.request),
      checksummed: headers['x-amz-checksum-algorithm'] !== undefined,
      parts: new Map(),
    }
    bucket.uploads.set(upload.id, upload)
    const fields = element('Bucket', bucket.name) + element('Key', key)
    return xmlResponse(
      `<InitiateMultipartUploadResult>${fields}${element('UploadId', upload.id)}</InitiateMultipartUploadResult>`,
    )
  },
  UploadPart(call) {
    const upload = uploadOf(call)
    const number = Number(call.request.query.get('partNumber'))
    if (!(Number.isInteger(number) && number >= 1 && number <= PART_NUMBER_MAX)) {
      throw new S3Error(400, 'InvalidArgument', 'the part number is not between 1 and 10000')
    }
    const { bytes, crc32 } = call.body()
    const part = { bytes, etag: md5Hex(bytes), crc32 }
    upload.parts.set(number, part)
    const checksum = crc32 === undefined ? {} : { 'x-amz-checksum-crc32': crc32 }
    return { status: 200, headers: { etag: `"${part.etag}"`, ...checksum } }
  },
  CompleteMultipartUpload(call) {
    const upload = uploadOf(call)
    const bucket = bucketOf(call)
    const parts = namedParts(call, upload)
    checkWriteConditions(call, bucket)
    const digests = parts.map((part) => Buffer.from(part.etag, 'hex'))
    const etag = `${md5Hex(Buffer.concat(digests))}-${parts.length}`
    const bytes = Buffer.concat(parts.map((part) => part.bytes))
    bucket.put(upload.key, { bytes, etag, headers: upload.headers, crc32: undefined })
    bucket.uploads.delete(upload.id)
    const fields = element('Key', upload.key) + element('ETag', `"${etag}"`)
    return xmlResponse(`<CompleteMultipartUploadResult>${fields}</CompleteMultipartUploadResult>`)
  },
  AbortMultipartUpload(call) {
    bucketOf(call).uploads.delete(uploadOf(call).id)
    return empty(204)
  },
  ListMultipartUploads(call) {
    const bucket = bucketOf(call)
    const prefix = call.request.query.get('prefix') ?? ''
    const uploads = [...bucket.uploads.values()]
      .filter(({ key }) => key.startsWith(prefix))
      .map(({ id, key, initiated }) => {
        const when = element('Initiated', initiated.toISOString())
        return `<Upload>${element('Key', key)}${element('UploadId', id)}${when}</Upload>`
      })
    const head = element('Bucket', bucket.name) + element('IsTruncated', false)
    return xmlResponse(
      `<ListMultipartUploadsResult>${head}${uploads.join('')}</ListMultipartUploadsResult>`,
    )
  },
}

function uploadOf(call: Call): Upload {
  const upload = bucketOf(call).uploads.get(call.request.query.get('uploadId') ?? '')
  if (upload === undefined || upload.key !== call.request.key) {
    throw new S3Error(404, 'NoSuchUpload')
  }
  return upload
}

/** The parts that the request names, in its order, all checked as S3 checks them. */
function namedParts(call: Call, upload: Upload): StoredPart[] {
  const xml = call.body().bytes.toString('utf8')
  const named = [...xml.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
    number: Number(textOf('PartNumber', part)),
    etag: textOf('ETag', part).replaceAll('"', ''),
    crc32: textOf('ChecksumCRC32', part),
  }))
  if (named.length === 0) throw new S3Error(400, 'MalformedXML')
  return named.map(({ number, etag, crc32 }, index) => {
    if (index > 0 && number <= (named[index - 1]?.number ?? 0)) {
      throw new S3Error(400, 'InvalidPartOrder')
    }
    const part = upload.parts.get(number)
    if (part === undefined || part.etag !== etag) throw new S3Error(400, 'InvalidPart')
    const expected = upload.checksummed ? part.crc32 : ''
    if (crc32 !== expected) throw new S3Error(400, 'InvalidPart')
    const isLast = index === named.length - 1
    if (!isLast && part.bytes.byteLength < call.settings.partBytesMin) {
      throw new S3Error(400, 'EntityTooSmall')
    }
    return part
  })
}

function textOf(name: string, xml: string): string {
  const match = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)
  return unescapeXml(match?.[1] ?? '')
}
