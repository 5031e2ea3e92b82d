/** The pages of a listing. */
import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'

import type { S3Connection } from './s3-connection.ts'

export interface ListRequest {
  /** What errors name. */
  readonly path: string
  readonly bucket: string
  readonly query: { readonly Prefix: string; readonly Delimiter?: string }
  readonly signal: AbortSignal | undefined
}

/** One request a page of at most 1,000 keys, made when the page is asked for. */
export async function* listPages(
  connection: S3Connection,
  { path, bucket, query, signal }: ListRequest,
): AsyncGenerator<ListObjectsV2CommandOutput> {
  let token: string | undefined
  do {
    const input = { ...query, Bucket: bucket, ContinuationToken: token }
    const page = await connection.request({
      operation: 'ListObjectsV2',
      path,
      signal,
      send: (client, sdk, sending) => client.send(new sdk.ListObjectsV2Command(input), sending),
    })
    yield page
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined
  } while (token !== undefined)
}
