/** Names of tables: `database.table`, with a system table or a branch of it behind a dollar sign. */
import { invalid, unsupported } from '../util/errors.ts'

export interface TableIdentifier {
  readonly database: string
  readonly table: string
  /** `files` of `db.t$files`; undefined for the table itself. */
  readonly systemTable: string | undefined
}

/** How names look in messages. */
export function identifierText({ database, table, systemTable }: TableIdentifier): string {
  return `${database}.${table}${systemTable === undefined ? '' : `$${systemTable}`}`
}

/** Parses `db.t` or `db.t$system`. Throws INVALID for anything else. Follows the Java class `Identifier`. */
export function parseIdentifier(text: string): TableIdentifier {
  const dot = text.indexOf('.')
  if (dot <= 0 || dot === text.length - 1)
    throw invalid(`"${text.slice(0, 200)}" is no name of a table`, {
      hint: 'write DATABASE.TABLE, such as sales.orders',
    })
  const database = text.slice(0, dot)
  const [table = '', systemTable, ...rest] = text.slice(dot + 1).split('$')
  if (rest.length > 0 || systemTable?.startsWith('branch_'))
    throw unsupported(`branches of tables cannot be opened yet: ${text.slice(0, 200)}`)
  checkName(database, 'a database')
  checkName(table, 'a table')
  return { database, table, systemTable }
}

/** Names become directories, so they may not hold what would lead somewhere else. */
export function checkName(name: string, what: string): void {
  const isBad =
    name === '' || name === '.' || name === '..' || NOT_IN_NAMES.test(name) || name.length > 255
  if (isBad)
    throw invalid(`${JSON.stringify(name.slice(0, 200))} cannot be the name of ${what}`, {
      hint: 'use letters, digits, _ and -',
    })
}

// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const NOT_IN_NAMES = /[\u0000-\u001f\u007f/\\$:*?"<>|]|\.db$|^\s|\s$/
