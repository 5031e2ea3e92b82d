/**
 * What a merge does with each row for one column, or for several that are merged alike: the engines decide, column
 * functions carry it out.
 */

/** The row is passed over. */
export const SKIP = 0
/** The row's value takes the place of what was merged so far. */
export const SET = 1
/** The function adds the row's value. */
export const ADD = 2
/** The function adds the row's value as one that came before what was merged so far. */
export const ADD_BEFORE = 3
/** The function takes the row's value back. */
export const RETRACT = 4
/** What was merged so far becomes null. */
export const CLEAR = 5
/** The row's value takes the place of what was merged so far, and is taken back from itself. */
export const SET_RETRACT = 6

/** The operation of each row; null where every row is added. */
export type Operations = Uint8Array | null

/** The operations for a function that ignores what is taken back. */
export function withoutRetracts(operations: Operations): Operations {
  if (operations === null) return null
  return operations.map((operation) =>
    operation === RETRACT ? SKIP : operation === SET_RETRACT ? SET : operation,
  )
}

/** Whether something is taken back. */
export function hasRetracts(operations: Operations): boolean {
  return operations !== null && (operations.includes(RETRACT) || operations.includes(SET_RETRACT))
}
