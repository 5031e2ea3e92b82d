/** Uploads in parts that were begun and neither completed nor aborted: what writers leave that died. */
import type { ListMultipartUploadsCommandOutput } from '@aws-sdk/client-s3'

import type { UnfinishedUpload } from './file-io.ts'
import type { S3Connection } from './s3-connection.ts'
import { S3Failure } from './s3-error.ts'
import { decodedKey } from './s3-list.ts'

/** The uploads to keys that begin with `prefix`, a page of at most 1,000 with each request; `base` names the place. */
export async function* listUploads(
  connection: S3Connection,
  place: { readonly base: string; readonly bucket: string; readonly prefix: string },
  signal: AbortSignal | undefined,
): AsyncGenerator<UnfinishedUpload> {
  const { base, bucket, prefix } = place
  let next: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}
  while (next !== undefined) {
    const input = { Bucket: bucket, Prefix: prefix, EncodingType: 'url', ...next } as const
    const page: ListMultipartUploadsCommandOutput = await connection.request({
      operation: 'ListMultipartUploads',
      path: base,
      signal,
      send: (client, sdk, sending) =>
        client.send(new sdk.ListMultipartUploadsCommand(input), sending),
    })
    const isEncoded = page.EncodingType === 'url'
    const keyOf = (text: string): string => (isEncoded ? decodedKey(text, base) : text)
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (Key === undefined || UploadId === undefined || Initiated === undefined) continue
      const path = `${base}/${keyOf(Key).slice(prefix.length)}`
      yield { path, uploadId: UploadId, startedMs: Initiated.getTime() }
    }
    const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page
    const hasNext = IsTruncated === true && NextKeyMarker !== undefined
    next = hasNext
      ? {
          KeyMarker: keyOf(NextKeyMarker),
          ...(NextUploadIdMarker !== undefined && { UploadIdMarker: NextUploadIdMarker }),
        }
      : undefined
  }
}

/** Aborts an upload to the key; one that is not there any more is no error. */
export async function abortUpload(
  connection: S3Connection,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  { path, uploadId }: UnfinishedUpload,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await connection.request({
      operation: 'AbortMultipartUpload',
      path,
      signal,
      send: (client, sdk, sending) =>
        client.send(
          new sdk.AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }),
          sending,
        ),
    })
  } catch (error) {
    if (!(error instanceof S3Failure && error.status === 404)) throw error
  }
}
