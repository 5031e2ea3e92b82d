/** Chooses how wide the columns of a table are, so that it fits a terminal. */

const GAP = 2
/** A column of texts that is narrower tells nothing. */
const WIDTH_MIN = 6

/**
 * The widths of columns that would like to be as wide as `natural` says: as they are where they fit, else with the widest
 * columns cut to the same width. Columns of numbers are never cut, since a part of a number is a wrong number. Null where
 * no width of the others is enough.
 */
export function columnWidths(
  natural: readonly number[],
  isNumber: readonly boolean[],
  widthMax: number,
): readonly number[] | null {
  const room = widthMax - GAP * (natural.length - 1)
  if (sum(natural) <= room) return natural
  const fixed = sum(natural.filter((_, i) => isNumber[i] === true))
  const cuttable = natural.filter((_, i) => isNumber[i] !== true)
  const cut = widestCut(cuttable, room - fixed)
  if (cut < WIDTH_MIN) return null
  // What the equal cut leaves over goes to the first columns that are cut.
  let left = room - fixed - sum(cuttable.map((width) => Math.min(width, cut)))
  return natural.map((width, i) => {
    if (isNumber[i] === true || width <= cut) return width
    return left-- > 0 ? cut + 1 : cut
  })
}

/** The largest width that all columns can be cut to so that they fit. */
function widestCut(widths: readonly number[], room: number): number {
  const rising = widths.toSorted((a, b) => a - b)
  let left = room
  for (const [i, width] of rising.entries()) {
    const each = Math.floor(left / (rising.length - i))
    if (width > each) return each
    left -= width
  }
  return rising.at(-1) ?? 0
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
