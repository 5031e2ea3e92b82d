/** The state of a table that a read is of, as programs name it, in Paimon's options. */
import type { RawOptions } from '../../types/options.ts'
import { invalid } from '../../util/errors.ts'

/**
 * One state of a table:
 *
 * - `snapshot` its id
 * - `tag` its name; the snapshot may have expired
 * - `timestamp` the last snapshot up to then: a Date, milliseconds since 1970, or a text, which is a local time unless it
 *   names a zone
 * - `watermark` the first snapshot whose watermark is at least this
 * - `version` a tag, `watermark-N` or a snapshot's id
 */
export type ReadAt =
  | { readonly snapshot: number }
  | { readonly tag: string }
  | { readonly timestamp: Date | number | string }
  | { readonly watermark: bigint | number }
  | { readonly version: string }

/** INVALID for a time or a number that is none, and for more or less than one of the members. */
export function optionsAt(at: ReadAt): RawOptions {
  const given = Object.entries(at).filter(([, value]) => value !== undefined)
  const [name, value] = given[0] ?? []
  const option = NAMES[name ?? '']
  if (given.length !== 1 || option === undefined)
    throw invalid(`at: {${given.map(([key]) => key).join(', ')}} does not name one state`, {
      hint: `give one of ${Object.keys(NAMES).join(', ')}`,
    })
  if (name !== 'timestamp' || typeof value === 'string') return { [option]: String(value) }
  const timeMillis = Number(value)
  if (Number.isNaN(timeMillis)) throw invalid('at: the timestamp is no time')
  return { 'scan.timestamp-millis': String(Math.floor(timeMillis)) }
}

const NAMES: Readonly<Record<string, string>> = {
  snapshot: 'scan.snapshot-id',
  tag: 'scan.tag-name',
  timestamp: 'scan.timestamp',
  watermark: 'scan.watermark',
  version: 'scan.version',
}
