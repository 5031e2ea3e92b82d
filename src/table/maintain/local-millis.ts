/** The time that clocks of a zone show, for the names of tags. Zones are named as Java's `ZoneId` takes them. */
import { zoneOffset } from '../../format/orc/zone.ts'
import { localOfInstant } from '../../types/local-time.ts'
import { invalid, LakeError } from '../../util/errors.ts'
import { show } from '../../util/show.ts'

const OFFSET = /^(?:UTC|GMT|UT)?([+-]\d{1,2}(?::?\d{2})?)$/

/**
 * Milliseconds without a zone of an instant; in the zone of the process unless one is given. INVALID, naming the option, for
 * a zone that is not known.
 */
export function localMillisOf(
  zone: string | undefined,
  option: string,
): (instantMs: number) => number {
  if (zone === undefined) return localOfInstant
  const [, offset] = OFFSET.exec(zone) ?? []
  try {
    const offsetOf = zoneOffset(offset === undefined ? zone : `GMT${offset}`)
    return (instantMs) => instantMs + offsetOf(instantMs)
  } catch (error) {
    if (!(error instanceof LakeError)) throw error
    throw invalid(`option ${option}: the time zone ${show(zone)} is not known`, {
      hint: 'write for example UTC, Europe/Berlin or GMT+8',
    })
  }
}
