/**
 * Prints rows as a table for people: aligned columns under a line of names.
 *
 * On a terminal the table fits its width: names are cut first, then texts, numbers and times stay whole, and where even
 * that does not fit each row is a block of lines, one a column.
 */
import { cellText } from '../format/exchange/cell-text.ts'
import type { RowWriter } from '../format/exchange/row-writer.ts'
import type { FileWriter } from '../io/file-io.ts'
import type { Batch } from '../types/column.ts'
import type { DataField, DataType } from '../types/data-type.ts'
import { utf8 } from '../types/internal-value.ts'
import { type Paint, PLAIN } from './colour.ts'
import { displayWidth, printable, shortened } from './printable.ts'
import { columnWidths } from './table-widths.ts'

/** So many rows are gathered to find how wide the columns are; wider cells behind them stick out. */
const ROWS_TO_JUDGE = 1000
/** Longer cells lose their middle, since a line that wraps is no table. */
const CELL_WIDTH_MAX = 80
const LOOKED_AT = 16 * CELL_WIDTH_MAX
const NULL_TEXT = 'null'

const NUMBERS: ReadonlySet<DataType['kind']> = new Set([
  'TINYINT',
  'SMALLINT',
  'INT',
  'BIGINT',
  'FLOAT',
  'DOUBLE',
  'DECIMAL',
])

/** A part of such a value would be another value. */
const WHOLE: ReadonlySet<DataType['kind']> = new Set([
  ...NUMBERS,
  'DATE',
  'TIME',
  'TIMESTAMP',
  'TIMESTAMP_LTZ',
])

export interface TableLook {
  /** The columns of the terminal; Infinity where lines may be as long as they are. */
  readonly width: number
  readonly paint: Paint
}

export class TableWriter implements RowWriter {
  readonly #fields: readonly DataField[]
  readonly #out: FileWriter
  readonly #names: readonly string[]
  readonly #isNumber: readonly boolean[]
  readonly #isWhole: readonly boolean[]
  readonly #look: TableLook
  /** Rows that are not printed yet; null once the widths are known. */
  #waiting: (string | null)[][] | null = []
  /** Null where each row is a block. */
  #widths: readonly number[] | null = null
  #rowCount = 0

  constructor(
    fields: readonly DataField[],
    out: FileWriter,
    look: TableLook = { width: Infinity, paint: PLAIN },
  ) {
    this.#fields = fields
    this.#out = out
    this.#names = fields.map(({ name }) => shown(name))
    this.#isNumber = fields.map(({ type }) => NUMBERS.has(type.kind))
    this.#isWhole = fields.map(({ type }) => WHOLE.has(type.kind))
    this.#look = look
  }

  async write(batch: Batch): Promise<void> {
    const cells = this.#fields.map((field, i) => cellText(batch.columns[i]!, field.type))
    let lines = ''
    for (let row = 0; row < batch.length; row++) {
      const texts = cells.map((cell) => {
        const text = cell(row)
        return text === null ? null : shown(text)
      })
      if (this.#waiting === null) lines += this.#row(texts)
      else {
        this.#waiting.push(texts)
        if (this.#waiting.length >= ROWS_TO_JUDGE) lines += this.#head()
      }
    }
    if (lines !== '') await this.#out.write(utf8(lines))
  }

  async close(): Promise<void> {
    if (this.#waiting !== null) await this.#out.write(utf8(this.#head()))
  }

  /** Sets the widths; the lines of the names and of all rows that waited. */
  #head(): string {
    const rows = this.#waiting ?? []
    this.#waiting = null
    const values = this.#names.map(() => 0)
    for (const row of rows)
      for (const [i, text] of row.entries())
        values[i] = Math.max(values[i]!, displayWidth(text ?? NULL_TEXT))
    const needs = this.#names.map((name, i) => ({
      name: displayWidth(name),
      values: values[i]!,
      isWhole: this.#isWhole[i]!,
    }))
    const widths = columnWidths(needs, this.#look.width)
    this.#widths = widths
    const lines = rows.map((row) => this.#row(row)).join('')
    if (widths === null) return lines
    const { paint } = this.#look
    const fitting = this.#names.map((name, i) => this.#fitted(name, widths[i]!))
    const names = this.#line(fitting, paint.bold)
    const rule = widths.map((width) => '-'.repeat(width)).join('  ')
    return `${names}${paint.dim(rule)}\n${lines}`
  }

  #row(texts: readonly (string | null)[]): string {
    this.#rowCount++
    return this.#widths === null ? this.#block(texts) : this.#line(texts)
  }

  #line(texts: readonly (string | null)[], style?: (text: string) => string): string {
    const widths = this.#widths!
    const cells = texts.map((given, i) => {
      const whole = given ?? NULL_TEXT
      const text = this.#isWhole[i] === true ? whole : this.#fitted(whole, widths[i]!)
      const blanks = ' '.repeat(Math.max(0, widths[i]! - displayWidth(text)))
      const painted = this.#painted(given, text, style)
      if (this.#isNumber[i] === true) return blanks + painted
      return i === texts.length - 1 ? painted : painted + blanks
    })
    return `${cells.join('  ').trimEnd()}\n`
  }

  /** Cells behind those that were judged stick out where lines may be long, and else are shortened. */
  #fitted(text: string, width: number): string {
    return this.#look.width === Infinity ? text : shortened(text, width)
  }

  #painted(given: string | null, text: string, style?: (text: string) => string): string {
    if (style !== undefined) return style(text)
    return given === null ? this.#look.paint.dim(text) : text
  }

  #block(texts: readonly (string | null)[]): string {
    const { width, paint } = this.#look
    const nameWidth = Math.min(
      Math.max(...this.#names.map(displayWidth)),
      Math.max(4, Math.floor(width / 2)),
    )
    const valueWidth = Math.max(8, width - nameWidth - 2)
    const lines = texts.map((given, i) => {
      const name = shortened(this.#names[i]!, nameWidth)
      const whole = given ?? NULL_TEXT
      const text = this.#isWhole[i] === true ? whole : shortened(whole, valueWidth)
      const blanks = ' '.repeat(nameWidth - displayWidth(name))
      return `${paint.bold(name)}${blanks}  ${this.#painted(given, text)}`.trimEnd()
    })
    const rule = `-- ${this.#rowCount} `
    return `${[paint.dim(rule.padEnd(Math.min(width, 24), '-')), ...lines].join('\n')}\n`
  }
}

/** On one line; of a text that no column could hold only the ends are looked at. */
function shown(text: string): string {
  const { length } = text
  const ends = length > LOOKED_AT ? text.slice(0, LOOKED_AT / 2) + text.slice(-LOOKED_AT / 2) : text
  return shortened(printable(ends), CELL_WIDTH_MAX)
}
