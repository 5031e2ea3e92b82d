/** Checkpoints of sinks: a commit as it was prepared, and where the stream was then, as plain data to be kept anywhere. */
import * as z from 'zod'

import { decodeMessages, encodeMessages } from '../snapshot/commit-message-bytes.ts'
import type { PreparedCommit } from '../table/write/recover.ts'
import { invalid } from '../util/errors.ts'

/** It is plain data: JSON takes it. */
export interface SinkCheckpoint {
  readonly user: string
  /** Of the commit, in digits. */
  readonly identifier: string
  /** What `positionOf` said of the last item; null without it. */
  readonly position: unknown
  /** The event time up to which rows are complete, in digits. */
  readonly watermark?: string
  /** What is to be committed, in base64. */
  readonly messages: string
}

const CHECKPOINT = z.strictObject({
  user: z.string(),
  identifier: z.string().regex(/^\d{1,19}$/),
  position: z.unknown(),
  watermark: z
    .string()
    .regex(/^-?\d{1,19}$/)
    .optional(),
  messages: z.base64(),
})

export function sinkCheckpoint(
  user: string,
  { identifier, messages, watermark }: PreparedCommit,
  position: unknown,
): SinkCheckpoint {
  return {
    user,
    identifier: String(identifier),
    position,
    ...(watermark !== undefined && { watermark: String(watermark) }),
    messages: Buffer.from(encodeMessages(messages)).toString('base64'),
  }
}

/** The commit of a checkpoint, which may come from anywhere. INVALID for what is none, CORRUPT for damaged messages. */
export function preparedOf(given: SinkCheckpoint): PreparedCommit {
  const parsed = CHECKPOINT.safeParse(given)
  if (!parsed.success)
    throw invalid(`what is to be restored is no checkpoint: ${z.prettifyError(parsed.error)}`, {
      hint: 'give what save was called with',
    })
  const { identifier, watermark, messages } = parsed.data
  return {
    identifier: BigInt(identifier),
    messages: decodeMessages(new Uint8Array(Buffer.from(messages, 'base64'))),
    watermark: watermark === undefined ? undefined : BigInt(watermark),
  }
}
