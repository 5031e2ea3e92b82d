/** Rows from lines of JSON, one object a line, in arrays of bounded size. */
import { invalid, LakeError } from '../../util/errors.ts'
import { type Json, parseJson } from '../../util/json.ts'
import { textLines } from './text.ts'

/** An array of rows is full at so many, or at so much text. */
export const ROWS_PER_CHUNK = 8192
export const TEXT_PER_CHUNK = 4 << 20

/**
 * The parsed lines, for `TableWriter.writeJson`; blank lines are skipped. INVALID, naming the line and `path`, for one
 * that is no JSON.
 */
export async function* readJsonRows(
  source: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<Json[], void, undefined> {
  let rows: Json[] = []
  let length = 0
  let lineNumber = 0
  for await (const lines of textLines(source, path))
    for (const line of lines) {
      lineNumber++
      if (BLANK.test(line)) continue
      rows.push(parseLine(line, lineNumber, path))
      length += line.length
      if (rows.length < ROWS_PER_CHUNK && length < TEXT_PER_CHUNK) continue
      yield rows
      rows = []
      length = 0
    }
  if (rows.length > 0) yield rows
}

const BLANK = /^\s*$/

function parseLine(line: string, lineNumber: number, path: string): Json {
  try {
    return parseJson(line)
  } catch (error) {
    if (!(error instanceof LakeError)) throw error
    throw invalid(`line ${lineNumber} ${error.message}`, {
      path,
      cause: error,
      hint: 'give one JSON object a line',
    })
  }
}
