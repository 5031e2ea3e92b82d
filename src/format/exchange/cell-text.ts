/** The values of a column as texts: what a CSV cell and a cell of a printed table hold. */
import { type BytesColumn, type Column, isPresent } from '../../types/column.ts'
import type { DataType } from '../../types/data-type.ts'
import { textOf } from '../../types/internal-value.ts'
import { valuePrinter } from '../../types/json-lines.ts'
import { TextBytes } from '../../types/text-bytes.ts'

/** The text of a row's value; null where there is none. */
export type CellText = (row: number) => string | null

const QUOTE = 0x22

/** Strings as they are, other values as their JSON has them, without the quotes around dates, decimals and the like. */
export function cellText(column: Column, type: DataType): CellText {
  const text = presentText(column, type)
  return (row) => (isPresent(column, row) ? text(row) : null)
}

function presentText(column: Column, type: DataType): (row: number) => string {
  if (type.kind === 'CHAR' || type.kind === 'VARCHAR') return strings(column as BytesColumn)
  const out = new TextBytes(64)
  const print = valuePrinter(column, type, out)
  if (type.kind === 'VARIANT') return (row) => JSON.parse(printed(print, out, row)) as string
  return (row) => {
    const text = printed(print, out, row)
    return text.charCodeAt(0) === QUOTE ? text.slice(1, -1) : text
  }
}

function printed(print: (row: number) => void, out: TextBytes, row: number): string {
  out.length = 0
  print(row)
  return textOf(out.view.subarray(0, out.length))
}

function strings({ data, starts, ends }: BytesColumn): (row: number) => string {
  return (row) => textOf(data.subarray(starts[row], ends[row]))
}
