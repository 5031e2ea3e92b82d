/** The table of docs/iceberg.md of which client reads what, made of the answers of a run. */
import type { ClientAnswer, IcebergClient } from '../iceberg-clients.ts'
import type { IcebergCheck } from './checks.ts'
import { KNOWN_FAILURES } from './known-failures.ts'

const TITLES: Readonly<Record<IcebergClient, string>> = {
  pyiceberg: 'pyiceberg 0.12.0',
  java: 'Iceberg Java 1.12.0',
  spark: 'Spark 3.5.9',
  duckdb: 'DuckDB 1.5.5',
  polars: 'Polars 2.1.0',
  chdb: 'ClickHouse 26.9',
}

const START = '<!-- Made by scripts/iceberg-clients.ts --write. -->'
const END = '<!-- So far. -->'

/** A row for each group of checks: how many a client reads right, of how many where they are not all. */
export function clientCells(
  checks: readonly IcebergCheck[],
  answers: readonly ClientAnswer[],
  client: IcebergClient,
): Map<string, string> {
  const right = new Set(
    answers
      .filter((each) => each.client === client && each.failure === null)
      .map((each) => each.label),
  )
  const cells = new Map<string, string>()
  for (const [group, members] of Map.groupBy(checks, ({ group: name }) => name)) {
    const count = members.filter(({ label }) => right.has(label)).length
    cells.set(group, count === members.length ? `${count}` : `${count} of ${members.length}`)
  }
  return cells
}

/** The page with the table, and what clients cannot do, of this run. */
export function pageWithTable(
  page: string,
  checks: readonly IcebergCheck[],
  answers: readonly ClientAnswer[],
): string {
  const clients = Object.keys(TITLES).map((name) => name as IcebergClient)
  const columns = clients.map((client) => clientCells(checks, answers, client))
  const rows = [
    ['', ...clients.map((client) => TITLES[client])],
    ['---', ...clients.map(() => '---:')],
    ...[...columns[0]!.keys()].map((group) => [group, ...columns.map((each) => each.get(group)!)]),
  ]
  const table = rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
  const failures = KNOWN_FAILURES.map(
    ({ client, why, says }) => `- ${TITLES[client]}: ${why} It says: \`${says}\`.`,
  ).join('\n')
  const [before, rest] = page.split(START)
  const after = rest?.split(END)[1]
  if (after === undefined) throw new Error('the page has no place for the table of clients')
  return `${before}${START}\n\n${table}\n\n${failures}\n\n${END}${after}`
}

/** What the page says of a client. */
export function pageCells(page: string, client: IcebergClient): Map<string, string> {
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
  const head = rows.findIndex((cells) => cells.includes(TITLES[client]))
  const column = rows[head]!.indexOf(TITLES[client])
  const body = rows.slice(head + 2)
  const end = body.findIndex((cells) => cells.length !== rows[head]!.length)
  const own = end < 0 ? body : body.slice(0, end)
  return new Map(own.map((cells) => [cells[1]!, cells[column]!]))
}
