/** The pages of a listing. */
import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'

import { LakeError } from '../util/errors.ts'
import type { S3Connection } from './s3-connection.ts'

export interface ListRequest {
  /** What errors name. */
  readonly path: string
  readonly bucket: string
  readonly query: { readonly Prefix: string; readonly Delimiter?: string }
  readonly signal: AbortSignal | undefined
}

/**
 * One request a page of at most 1,000 keys, made when the page is asked for. Keys are asked for in URL encoding, since XML
 * cannot hold every character; a store that does not know that gives them as they are.
 */
export async function* listPages(
  connection: S3Connection,
  { path, bucket, query, signal }: ListRequest,
): AsyncGenerator<ListObjectsV2CommandOutput> {
  let token: string | undefined
  do {
    const encoding = { EncodingType: 'url' } as const
    const input = { ...query, ...encoding, Bucket: bucket, ContinuationToken: token }
    const page = await connection.request({
      operation: 'ListObjectsV2',
      path,
      signal,
      send: (client, sdk, sending) => client.send(new sdk.ListObjectsV2Command(input), sending),
    })
    yield page.EncodingType === 'url' ? decodedPage(page, path) : page
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined
  } while (token !== undefined)
}

/** A key that was given in URL encoding. */
export function decodedKey(text: string, path: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch (cause) {
    throw new LakeError('IO', 'the store lists a key that is not encoded as it says', {
      path,
      cause,
    })
  }
}

function decodedPage(page: ListObjectsV2CommandOutput, path: string): ListObjectsV2CommandOutput {
  const decode = (text = ''): string => decodedKey(text, path)
  return {
    ...page,
    Contents: page.Contents?.map((object) => ({ ...object, Key: decode(object.Key) })),
    CommonPrefixes: page.CommonPrefixes?.map(({ Prefix }) => ({ Prefix: decode(Prefix) })),
  }
}
