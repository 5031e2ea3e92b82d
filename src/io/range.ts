/** The checks and the error that every storage makes of a range that is asked for. */
import { corrupt, invalid, type LakeError } from '../util/errors.ts'

export function checkRange(path: string, offset: number, length: number): void {
  if (Number.isSafeInteger(offset) && Number.isSafeInteger(length)) {
    if (offset >= 0 && length >= 0 && Number.isSafeInteger(offset + length)) return
  }
  throw invalid(`no file has the ${length} bytes at ${offset}`, { path })
}

/** The object ends before the range does: it was cut, or what names the range lies about its size. */
export function shortObject(
  path: string,
  offset: number,
  length: number,
  sizeBytes: number,
): LakeError {
  return corrupt(
    `the file has ${sizeBytes} bytes, and the range [${offset}, ${offset + length}) was asked for`,
    { path, hint: 'restore the file: it is shorter than what refers to it says' },
  )
}
