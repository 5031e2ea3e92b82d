/**
 * Rows from CSV with a line of column names, as values in the encoding of JSON rows.
 *
 * A cell holds the text that JSON would hold as a string or a number; nested types hold their JSON. See
 * `csv-records.ts` for nulls and quotes.
 */
import type { DataField, DataType } from '../../types/data-type.ts'
import { invalid } from '../../util/errors.ts'
import { type Json, parseJson } from '../../util/json.ts'
import { didYouMean } from '../../util/nearest.ts'
import { type Cell, CsvReader, type CsvRecord } from './csv-records.ts'
import { ROWS_PER_CHUNK, TEXT_PER_CHUNK } from './json-rows.ts'
import { decodedText } from './text.ts'

type Row = Record<string, Json>

/**
 * The rows, for `TableWriter.writeJson`. The first record names columns of `fields`, or of `others`, whose cells are
 * texts. Values are not checked against the types: the writer does that.
 *
 * Throws INVALID, naming the line and `path`, for broken CSV, a column that is none of these, and a record of another
 * length than the first.
 */
export async function* readCsvRows(
  source: AsyncIterable<Uint8Array>,
  fields: readonly DataField[],
  options: { readonly path: string; readonly others: readonly string[] },
): AsyncGenerator<Row[], void, undefined> {
  const reader = new CsvReader(options.path)
  const toRow = rowMaker(fields, options)
  let rows: Row[] = []
  let length = 0
  for await (const [records, textLength] of recordsOf(reader, source, options.path)) {
    for (const record of records) {
      const row = toRow(record)
      if (row !== null) rows.push(row)
      if (rows.length < ROWS_PER_CHUNK) continue
      yield rows
      rows = []
      length = 0
    }
    length += textLength
    if (length < TEXT_PER_CHUNK || rows.length === 0) continue
    yield rows
    rows = []
    length = 0
  }
  if (rows.length > 0) yield rows
}

async function* recordsOf(
  reader: CsvReader,
  source: AsyncIterable<Uint8Array>,
  path: string,
): AsyncGenerator<[CsvRecord[], number], void, undefined> {
  for await (const text of decodedText(source, path)) yield [reader.push(text), text.length]
  yield [reader.end(), 0]
}

interface CsvColumn {
  readonly name: string
  readonly parse: (cell: string) => Json
}

/** Turns records into rows; null for the one that names the columns, and for an empty line. */
function rowMaker(
  fields: readonly DataField[],
  { path, others }: { readonly path: string; readonly others: readonly string[] },
): (record: CsvRecord) => Row | null {
  let columns: CsvColumn[] | null = null
  return ({ cells, line }) => {
    if (columns === null) {
      columns = columnsOf(cells, fields, others, path)
      return null
    }
    // An empty line is the null of the only column, and else nothing.
    if (cells.length === 1 && cells[0] === null && columns.length > 1) return null
    if (cells.length !== columns.length)
      throw invalid(
        `line ${line} has ${cells.length} cells, and the first line names ${columns.length} columns`,
        { path },
      )
    const row: Row = Object.create(null) as Row
    for (const [i, { name, parse }] of columns.entries()) {
      const cell = cells[i]!
      row[name] = cell === null ? null : parse(cell)
    }
    return row
  }
}

function columnsOf(
  names: readonly Cell[],
  fields: readonly DataField[],
  others: readonly string[],
  path: string,
): CsvColumn[] {
  const types = new Map(fields.map(({ name, type }) => [name, type]))
  const known = [...types.keys(), ...others]
  return names.map((name, i) => {
    const text = name ?? ''
    if (!known.includes(text))
      throw invalid(
        `the first line names a column ${JSON.stringify(text)}${didYouMean(text, known)}`,
        { path, hint: `columns: ${known.join(', ')}` },
      )
    if (names.indexOf(name) < i)
      throw invalid(`the first line names the column "${text}" twice`, { path })
    const type = types.get(text)
    return { name: text, parse: type === undefined ? (cell) => cell : cellParser(type) }
  })
}

/** A text that is no value of the type is left as it is, for the writer to refuse with the column and the row. */
function cellParser({ kind }: DataType): (cell: string) => Json {
  switch (kind) {
    case 'BOOLEAN':
      return (cell) => BOOLEANS.get(cell.toLowerCase()) ?? cell
    case 'TINYINT':
    case 'SMALLINT':
    case 'INT':
      return (cell) => (INTEGER.test(cell) ? Number(cell) : cell)
    case 'FLOAT':
    case 'DOUBLE':
      return (cell) => (NUMBER.test(cell) ? Number(cell) : cell)
    case 'ARRAY':
    case 'VECTOR':
    case 'MAP':
    case 'MULTISET':
    case 'ROW':
      return (cell) => jsonOr(cell)
    default:
      return (cell) => cell
  }
}

const BOOLEANS = new Map([
  ['true', true],
  ['false', false],
])
const INTEGER = /^[+-]?\d{1,15}$/
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

function jsonOr(cell: string): Json {
  try {
    return parseJson(cell)
  } catch {
    return cell
  }
}
