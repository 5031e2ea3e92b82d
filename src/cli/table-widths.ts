/** Chooses how wide the columns of a table are, so that it fits a terminal. */

const GAP = 2
/** A narrower column tells nothing. */
const WIDTH_MIN = 6

export interface ColumnNeeds {
  /** How wide its name is. */
  readonly name: number
  /** How wide its widest value is. */
  readonly values: number
  /** Whether values are never cut, since a part of a number or of a time is a wrong one. */
  readonly isWhole: boolean
}

/**
 * The widths of columns: as wide as they need where that fits, else with the widest names cut, and then the widest values
 * too, all to the same width. Null where nothing of that is enough.
 */
export function columnWidths(
  columns: readonly ColumnNeeds[],
  widthMax: number,
): readonly number[] | null {
  const room = widthMax - GAP * (columns.length - 1)
  const cuts: readonly ((needs: ColumnNeeds, cut: number) => number)[] = [
    ({ name, values }, cut) => Math.max(values, Math.min(name, cut)),
    ({ name, values, isWhole }, cut) =>
      Math.max(Math.min(name, WIDTH_MIN), isWhole ? values : Math.min(values, cut)),
  ]
  const widest = columns.reduce((most, { name, values }) => Math.max(most, name, values), 0)
  for (const widthOf of cuts)
    for (let cut = Math.max(widest, WIDTH_MIN); cut >= WIDTH_MIN; cut--) {
      const widths = columns.map((needs) => widthOf(needs, cut))
      if (widths.reduce((total, each) => total + each, 0) <= room) return widths
    }
  return null
}
