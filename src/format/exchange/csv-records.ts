/**
 * CSV text as records of cells, as RFC 4180 has it: commas, double quotes that are doubled inside of quotes, records
 * that end with LF, CRLF or CR.
 *
 * An empty cell is null, and `""` is the empty text. Text may come in any pieces.
 */
import { invalid, type LakeError } from '../../util/errors.ts'

export type Cell = string | null

export interface CsvRecord {
  readonly cells: readonly Cell[]
  /** The line that the record begins in, from 1. */
  readonly line: number
}

/** A cell that is longer is refused. */
const CELL_LENGTH_MAX = 1 << 28

/** Where the reader stands: before a cell, in one, inside of quotes, or behind the quote that may end them. */
type State = 'before' | 'plain' | 'quoted' | 'closed'

/** A record of more cells is refused. */
const CELLS_MAX = 100_000

const CELL_END = /[,\n\r"]/g

export class CsvReader {
  readonly #path: string
  #records: CsvRecord[] = []
  #cells: Cell[] = []
  #text = ''
  #state: State = 'before'
  #line = 1
  #recordLine = 1
  /** Whether the last character was a CR, so that an LF now belongs to it. */
  #afterReturn = false

  constructor(path: string) {
    this.#path = path
  }

  /** Takes the next piece of the text; the records that it completes. */
  push(text: string): CsvRecord[] {
    for (let at = 0; at < text.length;) at = this.#step(text, at)
    if (this.#text.length > CELL_LENGTH_MAX)
      throw this.#error(`a cell is longer than ${CELL_LENGTH_MAX} characters`)
    return this.#taken()
  }

  /** The last record, where no newline ended it. */
  end(): CsvRecord[] {
    if (this.#state === 'quoted') throw this.#error('a quote is never closed')
    if (this.#state !== 'before' || this.#cells.length > 0) {
      this.#endCell()
      this.#endRecord()
    }
    return this.#taken()
  }

  #taken(): CsvRecord[] {
    const records = this.#records
    this.#records = []
    return records
  }

  /** Reads on from `at`; how far it came. */
  #step(text: string, at: number): number {
    const isFeedOfReturn = this.#afterReturn && text[at] === '\n'
    this.#afterReturn = false
    if (isFeedOfReturn) return at + 1
    switch (this.#state) {
      case 'quoted':
        return this.#quoted(text, at)
      case 'plain':
        return this.#plain(text, at)
      case 'before':
        if (text[at] !== '"') return this.#plain(text, at)
        this.#state = 'quoted'
        return at + 1
      default:
        return this.#closed(text, at)
    }
  }

  #plain(text: string, at: number): number {
    CELL_END.lastIndex = at
    const end = CELL_END.exec(text)?.index ?? text.length
    if (end > at) {
      this.#text += text.slice(at, end)
      this.#state = 'plain'
    }
    if (end === text.length) return end
    if (text[end] === '"') throw this.#error('a quote stands inside of an unquoted cell')
    return this.#delimiter(text, end)
  }

  #quoted(text: string, at: number): number {
    const quote = text.indexOf('"', at)
    const end = quote < 0 ? text.length : quote
    const part = text.slice(at, end)
    this.#text += part
    for (let feed = part.indexOf('\n'); feed >= 0; feed = part.indexOf('\n', feed + 1)) this.#line++
    if (quote < 0) return end
    this.#state = 'closed'
    return quote + 1
  }

  #closed(text: string, at: number): number {
    if (text[at] === '"') {
      this.#text += '"'
      this.#state = 'quoted'
      return at + 1
    }
    if (!',\n\r'.includes(text[at]!)) throw this.#error('text stands behind a closing quote')
    return this.#delimiter(text, at)
  }

  #delimiter(text: string, at: number): number {
    this.#endCell()
    if (text[at] !== ',') {
      this.#endRecord()
      this.#line++
      this.#recordLine = this.#line
      this.#afterReturn = text[at] === '\r'
    } else if (this.#cells.length > CELLS_MAX) throw this.#error(`more than ${CELLS_MAX} cells`)
    return at + 1
  }

  #endCell(): void {
    this.#cells.push(this.#state === 'before' ? null : this.#text)
    this.#text = ''
    this.#state = 'before'
  }

  #endRecord(): void {
    this.#records.push({ cells: this.#cells, line: this.#recordLine })
    this.#cells = []
  }

  #error(problem: string): LakeError {
    return invalid(`line ${this.#line}: ${problem}`, {
      path: this.#path,
      hint: 'quote cells that hold commas, quotes or newlines, and double the quotes inside',
    })
  }
}
