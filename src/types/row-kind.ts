/** What a row does to the row of its key before it: the Java class `RowKind`. */
import { corrupt, invalid } from '../util/errors.ts'

export type RowKind = '+I' | '-U' | '+U' | '-D'

/** The kinds in the order of their bytes: `ROW_KINDS[2]` is `+U`. */
export const ROW_KINDS: readonly RowKind[] = ['+I', '-U', '+U', '-D']

/** The bytes as `_VALUE_KIND` stores them. */
export const INSERT = 0
export const UPDATE_BEFORE = 1
export const UPDATE_AFTER = 2
export const DELETE = 3

/** The kind that a stored byte means; CORRUPT for any other byte. */
export function rowKind(byte: number): RowKind {
  const kind = ROW_KINDS[byte]
  if (kind === undefined) throw corrupt(`${byte} is no row kind`)
  return kind
}

/**
 * The byte of a row kind's text, in either case: `+I`, `-U`, `+U`, `-D`. Throws INVALID, with the row's number if it is
 * known, for any other text.
 */
export function parseRowKind(text: string, rowNumber?: number): number {
  const byte = ROW_KINDS.indexOf(text.toUpperCase() as RowKind)
  if (byte < 0)
    throw invalid(
      `${rowNumber === undefined ? '' : `row ${rowNumber}: `}"${text.slice(0, 20)}" is no row kind`,
      { hint: 'use +I, -U, +U or -D' },
    )
  return byte
}

/** Whether the row is there after it: +I and +U. The other kinds take a row away. */
export function isAdd(byte: number): boolean {
  return byte === INSERT || byte === UPDATE_AFTER
}

/** Whether the row takes a row away: -U and -D. */
export function isRetract(byte: number): boolean {
  return byte === UPDATE_BEFORE || byte === DELETE
}
