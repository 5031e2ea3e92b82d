/** ListObjectsV2: pages of keys and common prefixes in the order of their UTF-8 bytes. */
import { element, S3Error, type S3Response, xmlResponse } from './protocol.ts'
import { type Bucket, compareUtf8 } from './store.ts'

interface Item {
  readonly name: string
  readonly isPrefix: boolean
}

export function listObjects(
  bucket: Bucket,
  query: URLSearchParams,
  pageKeysMax: number,
): S3Response {
  const keysMax = Math.min(Number(query.get('max-keys') ?? 1_000), pageKeysMax)
  if (!Number.isInteger(keysMax) || keysMax < 0) throw new S3Error(400, 'InvalidArgument')
  const token = query.get('continuation-token')
  const after =
    token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString()
  const { items, truncated } = pageOf(bucket, {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    after,
    keysMax,
  })
  const isEncoded = query.get('encoding-type') === 'url'
  const encode = isEncoded ? encodeKey : (key: string) => key
  const last = items.at(-1)?.name ?? ''
  const entries = items.map((item) => itemXml(bucket, item, encode))
  return xmlResponse(
    [
      '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">',
      element('Name', bucket.name),
      element('Prefix', encode(query.get('prefix') ?? '')),
      isEncoded ? element('EncodingType', 'url') : '',
      element('KeyCount', items.length),
      element('MaxKeys', keysMax),
      element('IsTruncated', truncated),
      truncated ? element('NextContinuationToken', Buffer.from(last).toString('base64url')) : '',
      ...entries,
      '</ListBucketResult>',
    ].join(''),
  )
}

function pageOf(
  bucket: Bucket,
  request: { prefix: string; delimiter: string; after: string; keysMax: number },
): { items: Item[]; truncated: boolean } {
  const { prefix, delimiter, after, keysMax } = request
  const items: Item[] = []
  for (const key of bucket.keys()) {
    if (!key.startsWith(prefix)) continue
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const isPrefix = end >= 0
    const name = isPrefix ? key.slice(0, end + delimiter.length) : key
    if (compareUtf8(name, after) <= 0 || items.at(-1)?.name === name) continue
    if (items.length >= keysMax) return { items, truncated: keysMax > 0 }
    items.push({ name, isPrefix })
  }
  return { items, truncated: false }
}

function itemXml(bucket: Bucket, item: Item, encode: (key: string) => string): string {
  const name = encode(item.name)
  if (item.isPrefix) return `<CommonPrefixes>${element('Prefix', name)}</CommonPrefixes>`
  const object = bucket.get(item.name)
  if (object === undefined) return ''
  const fields = [
    element('Key', name),
    element('LastModified', object.modified.toISOString()),
    element('ETag', `"${object.etag}"`),
    element('Size', object.bytes.byteLength),
  ]
  return `<Contents>${fields.join('')}<StorageClass>STANDARD</StorageClass></Contents>`
}

function encodeKey(key: string): string {
  return encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+')
}
