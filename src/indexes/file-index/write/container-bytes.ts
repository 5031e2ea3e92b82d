/** Writes the container of the indexes of a data file; `container.ts` reads it. */
import { EMPTY_START, MAGIC, VERSION } from '../container.ts'
import { IndexOutput } from './index-output.ts'

/** The indexes of a column by their types. */
type ColumnIndexes = readonly (readonly [type: string, body: Uint8Array])[]

/** The head with the places of all indexes, then the indexes. */
export function encodeContainer(
  columns: readonly (readonly [name: string, indexes: ColumnIndexes])[],
): Uint8Array {
  const headLength = headOf(columns, 0).length
  const out = headOf(columns, headLength)
  for (const [, indexes] of columns) for (const [, body] of indexes) out.put(body)
  return out.finish()
}

function headOf(columns: Parameters<typeof encodeContainer>[0], headLength: number): IndexOutput {
  const out = new IndexOutput()
  let at = headLength
  out.long(MAGIC)
  out.int(VERSION)
  out.int(headLength)
  out.int(columns.length)
  for (const [name, indexes] of columns) {
    writeText(out, name)
    out.int(indexes.length)
    for (const [type, body] of indexes) {
      writeText(out, type)
      out.int(body.length === 0 ? EMPTY_START : at)
      out.int(body.length)
      at += body.length
    }
  }
  // Room that later versions may use.
  out.int(0)
  return out
}

/** As `DataOutput.writeUTF` does: NUL in two bytes, and surrogates one by one. */
function writeText(out: IndexOutput, text: string): void {
  const bytes: number[] = []
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0 && unit < 0x80) bytes.push(unit)
    else if (unit < 0x800) bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 0x3f))
    else bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f))
  }
  out.short(bytes.length)
  out.put(Uint8Array.from(bytes))
}
