/** Rows as CSV: cells as `csv-rows.ts` reads them, lines that end with LF. */
import type { Batch } from '../../types/column.ts'
import type { DataField } from '../../types/data-type.ts'
import { utf8 } from '../../types/internal-value.ts'
import { cellText } from './cell-text.ts'

/** Lines are gathered up to this length before they are handed out. */
const CHUNK_LENGTH = 256 * 1024

/** The line of column names. */
export function csvHeader(fields: readonly DataField[]): Uint8Array {
  return utf8(`${fields.map(({ name }) => quoted(name)).join(',')}\n`)
}

/** The lines of the batch's rows, in chunks. A null is an empty cell, the empty text is `""`. */
export function* csvLines(batch: Batch, fields: readonly DataField[]): Generator<Uint8Array> {
  const cells = fields.map((field, i) => cellText(batch.columns[i]!, field.type))
  let lines = ''
  for (let row = 0; row < batch.length; row++) {
    for (let i = 0; i < cells.length; i++) {
      const text = cells[i]!(row)
      if (i > 0) lines += ','
      if (text !== null) lines += quoted(text)
    }
    lines += '\n'
    if (lines.length < CHUNK_LENGTH) continue
    yield utf8(lines)
    lines = ''
  }
  if (lines !== '') yield utf8(lines)
}

/** Blanks at the ends are quoted too, since many readers trim them. */
const MUST_QUOTE = /[",\n\r]|^\s|\s$|^$/

function quoted(text: string): string {
  return MUST_QUOTE.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
