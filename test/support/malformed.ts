/** The contract on malformed files: what may be thrown of one. */
import { LakeError } from '../../src/util/errors.ts'

/** A failure of the contract on malformed files. */
class ContractBreach extends Error {}

const CODES = new Set(['CORRUPT', 'UNSUPPORTED', 'INVALID'])

/**
 * The error, if it is as it should be: a LakeError of the three codes that names the file, and not one that a slip inside
 * (a RangeError, a TypeError) was turned into. Throws a {@link ContractBreach} otherwise.
 */
export function checkedError(error: unknown, path: string): LakeError {
  if (!(error instanceof LakeError))
    throw new ContractBreach('another error than a LakeError', { cause: error })
  if (!CODES.has(error.code) || error.path !== path || !error.message.includes(path))
    throw new ContractBreach(`${error.code} does not name the file`, { cause: error })
  const { cause } = error
  if (cause instanceof Error && !isFromParser(cause))
    throw new ContractBreach('a slip inside was turned into a LakeError', { cause })
  return error
}

/**
 * Another LakeError; of `JSON.parse`; of `node:zlib`, whose errors have a code of their own; or of the Snappy package and its WebAssembly.
 */
function isFromParser(error: Error): boolean {
  if (error instanceof LakeError || error instanceof SyntaxError) return true
  const { code = '' } = error as NodeJS.ErrnoException
  if (/^(?:Z_|ERR_|ZSTD_)/.test(code) && code !== 'ERR_OUT_OF_RANGE') return true
  return /\bhysnappy\b/.test(error.stack?.split('\n')[1] ?? '')
}
