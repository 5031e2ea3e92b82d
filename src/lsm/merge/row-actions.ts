/** What a row of a partial update does, whatever the columns. */

export const IGNORED = 0
/** The whole row takes the place of what was merged so far. */
export const SET_ROW = 1
export const ADDED = 2
export const RETRACTED = 3
/** The row is the first of its key, and takes back: it is set, then taken back from itself. */
export const SET_FIRST = 4
