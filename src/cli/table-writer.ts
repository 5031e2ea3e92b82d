/** Prints rows as a table for people: aligned columns under a line of names. */
import { cellText } from '../format/exchange/cell-text.ts'
import type { RowWriter } from '../format/exchange/row-writer.ts'
import type { FileWriter } from '../io/file-io.ts'
import type { Batch } from '../types/column.ts'
import type { DataField, DataType } from '../types/data-type.ts'
import { utf8 } from '../types/internal-value.ts'
import { displayWidth, printable, shortened } from './printable.ts'

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

export class TableWriter implements RowWriter {
  readonly #fields: readonly DataField[]
  readonly #out: FileWriter
  readonly #names: readonly string[]
  /** Rows that are not printed yet; null once the widths are known. */
  #waiting: string[][] | null = []
  #widths: number[]

  constructor(fields: readonly DataField[], out: FileWriter) {
    this.#fields = fields
    this.#out = out
    this.#names = fields.map(({ name }) => shown(name))
    this.#widths = this.#names.map(displayWidth)
  }

  async write(batch: Batch): Promise<void> {
    const cells = this.#fields.map((field, i) => cellText(batch.columns[i]!, field.type))
    let lines = ''
    for (let row = 0; row < batch.length; row++) {
      const texts = cells.map((cell) => shown(cell(row) ?? NULL_TEXT))
      if (this.#waiting === null) lines += this.#line(texts)
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
    for (const row of rows)
      for (const [i, text] of row.entries())
        this.#widths[i] = Math.max(this.#widths[i]!, displayWidth(text))
    const rule = this.#widths.map((width) => '-'.repeat(width)).join('  ')
    return `${this.#line(this.#names)}${rule}\n${rows.map((row) => this.#line(row)).join('')}`
  }

  #line(texts: readonly string[]): string {
    const cells = texts.map((text, i) => {
      const blanks = ' '.repeat(Math.max(0, this.#widths[i]! - displayWidth(text)))
      return NUMBERS.has(this.#fields[i]!.type.kind) ? blanks + text : text + blanks
    })
    return `${cells.join('  ').trimEnd()}\n`
  }
}

/** On one line; of a text that no column could hold only the ends are looked at. */
function shown(text: string): string {
  const { length } = text
  const ends = length > LOOKED_AT ? text.slice(0, LOOKED_AT / 2) + text.slice(-LOOKED_AT / 2) : text
  return shortened(printable(ends), CELL_WIDTH_MAX)
}
