/** Bytes that arrive in pieces as text, and text as lines. */
import { invalid } from '../../util/errors.ts'

/** Longer lines are refused: one of them is held in memory at a time. */
const LINE_LENGTH_MAX = 1 << 28

/** The text of the bytes, without a byte order mark. INVALID, naming `path`, for what is no UTF-8. */
export async function* decodedText(
  source: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const bytes of source) {
      const text = decoder.decode(bytes, { stream: true })
      if (text !== '') yield text
    }
    const rest = decoder.decode()
    if (rest !== '') yield rest
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw invalid('the text is no UTF-8', { path, cause: error })
  }
}

/** The lines of the text, in arrays of those that a piece of it completed; a last line needs no newline. */
export async function* textLines(
  source: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<string[], void, undefined> {
  // Only new text is searched, so that a long line in many pieces does not cost its length again with each.
  let open = ''
  for await (const text of decodedText(source, path)) {
    const lines: string[] = []
    let from = 0
    for (let to = text.indexOf('\n'); to >= 0; to = text.indexOf('\n', from)) {
      lines.push(open + text.slice(from, to))
      open = ''
      from = to + 1
    }
    open += text.slice(from)
    if (open.length > LINE_LENGTH_MAX)
      throw invalid(`a line is longer than ${LINE_LENGTH_MAX} characters`, { path })
    if (lines.length > 0) yield lines
  }
  if (open !== '') yield [open]
}
