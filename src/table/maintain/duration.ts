/** Durations as calls take them: milliseconds, or the text of an option. */
import { decodeOption, duration, type DurationText } from '../../types/options/codec.ts'
import { invalid } from '../../util/errors.ts'
import { show } from '../../util/show.ts'

/** Milliseconds; INVALID, naming the argument, for what is no duration. */
export function durationMs<Given extends DurationText | number | undefined>(
  given: Given,
  what: string,
): number | (undefined extends Given ? undefined : never) {
  if (given === undefined) return undefined as never
  if (typeof given === 'number' && given >= 0 && Number.isFinite(given)) return given
  try {
    return decodeOption(duration, String(given))
  } catch (cause) {
    throw invalid(`${what}: ${show(given)} is no duration`, {
      hint: 'write for example "7 d", "12 h" or "90 min"',
      cause,
    })
  }
}
