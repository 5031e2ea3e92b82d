/** Deleting many objects with few requests. */
import type { _Error as DeleteError } from '@aws-sdk/client-s3'

import { mapAll } from '../util/async.ts'
import { LakeError } from '../util/errors.ts'
import type { S3Connection } from './s3-connection.ts'

/** What one DeleteObjects request may name. */
const BATCH_COUNT = 1_000
const BATCHES_UNDER_WAY = 4
/** The errors of single keys that may be gone when they are tried again. */
const PASSING = new Set(['InternalError', 'SlowDown', 'ServiceUnavailable', 'OperationAborted'])

/** Keys that the XML of a DeleteObjects request can hold. */
const XML_KEY = /^[\u0020-\ufffd\u{10000}-\u{10ffff}]*$/u

/** Deletes the keys, in no order. Some may be gone although it fails. */
export async function deleteKeys(
  connection: S3Connection,
  bucket: string,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const named = keys.filter((key) => XML_KEY.test(key))
  await mapAll(batches(named), BATCHES_UNDER_WAY, (batch) =>
    deleteBatch(connection, bucket, batch, signal),
  )
  const others = named.length === keys.length ? [] : keys.filter((key) => !XML_KEY.test(key))
  await mapAll(others, BATCHES_UNDER_WAY, (key) => deleteKey(connection, bucket, key, signal))
}

/** Deletes one key, of any characters. */
export async function deleteKey(
  connection: S3Connection,
  bucket: string,
  key: string,
  signal: AbortSignal | undefined,
  path = `s3://${bucket}/${key}`,
): Promise<void> {
  await connection.request({
    operation: 'DeleteObject',
    path,
    signal,
    send: (client, sdk, sending) =>
      client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: key }), sending),
  })
}

async function deleteBatch(
  connection: S3Connection,
  bucket: string,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  let left = keys
  await connection.request({
    operation: 'DeleteObjects',
    path: `s3://${bucket}/${keys[0] ?? ''}`,
    signal,
    send: async (client, sdk, sending) => {
      const Delete = { Objects: left.map((Key) => ({ Key })), Quiet: true }
      const command = new sdk.DeleteObjectsCommand({ Bucket: bucket, Delete })
      const { Errors = [] } = await client.send(command, sending)
      if (Errors.length === 0) return
      left = Errors.map(({ Key = '' }) => Key)
      throw deleteFailure(bucket, Errors)
    },
  })
}

function* batches(keys: readonly string[]): Generator<readonly string[]> {
  for (let start = 0; start < keys.length; start += BATCH_COUNT) {
    yield keys.slice(start, start + BATCH_COUNT)
  }
}

/** What is told of a batch of which some keys were not deleted: another try helps only if it may help each of them. */
function deleteFailure(bucket: string, errors: readonly DeleteError[]): LakeError {
  const first = errors.find(({ Code = '' }) => !PASSING.has(Code)) ?? errors[0]
  const { Code = 'unknown', Key = '' } = first ?? {}
  return new LakeError('IO', `${errors.length} files were not deleted: ${Code}`, {
    path: `s3://${bucket}/${Key}`,
    retriable: PASSING.has(Code),
  })
}
