/** Checkpoints of streams: how far one has come, as plain data to be kept beside what was made of its rows. */
import { createHash } from 'node:crypto'

import * as z from 'zod'

import type { Predicate } from '../../types/predicate.ts'
import { whereText } from '../../types/where-print.ts'
import { invalid } from '../../util/errors.ts'

/**
 * The place behind some row of a stream. It is plain data: JSON and `structuredClone` take it. A stream that is restored
 * from it gives each row behind that place once, and none before it.
 */
export interface Checkpoint {
  /** The snapshot that is read next; what Java calls the checkpoint of a scan. */
  readonly nextSnapshot: number
  /** The place within that snapshot; left out where it has not been begun. */
  readonly within?: PlaceWithin
}

export interface PlaceWithin {
  /** Rows of the snapshot that were given. */
  readonly rowCount: number
  /** Whether the snapshot's whole state is read, and not what it changed. */
  readonly isFull: boolean
  /** Of the state only the files that were made then or later are read, in milliseconds since 1970. */
  readonly createdSinceMillis?: number
  /** The file that lists what the snapshot changed: another one has taken the id if it differs. */
  readonly deltaManifestList: string
  /** Tells the filter of the stream, since it decides which rows are counted. */
  readonly filter: string
}

const CHECKPOINT = z.strictObject({
  nextSnapshot: z.int().min(1),
  within: z
    .strictObject({
      rowCount: z.int().min(0),
      isFull: z.boolean(),
      createdSinceMillis: z.number().optional(),
      deltaManifestList: z.string(),
      filter: z.string(),
    })
    .optional(),
})

/** The checkpoint that a caller gives, which may come from anywhere; a number is the next snapshot. INVALID for any other. */
export function parseCheckpoint(given: unknown): Checkpoint {
  const parsed = CHECKPOINT.safeParse(typeof given === 'number' ? { nextSnapshot: given } : given)
  if (parsed.success) {
    const { nextSnapshot, within } = parsed.data
    if (within === undefined) return { nextSnapshot }
    const { createdSinceMillis, ...place } = within
    return {
      nextSnapshot,
      within: { ...place, ...(createdSinceMillis !== undefined && { createdSinceMillis }) },
    }
  }
  throw invalid(`what is to be restored is no checkpoint: ${z.prettifyError(parsed.error)}`, {
    hint: 'give what checkpoint() of a stream of the table returned, or the id of the next snapshot',
  })
}

/** A short text that differs between filters, and between what is shown of the rows. */
export function filterMark({
  where,
  viewMark = '',
}: {
  readonly where: Predicate | undefined
  readonly viewMark?: string | undefined
}): string {
  if (where === undefined && viewMark === '') return ''
  const text = where === undefined ? '' : whereText(where)
  return createHash('sha256').update(`${viewMark}${text}`).digest('hex').slice(0, 16)
}
