/** Names of tables: `database.table`, with a branch or a system table of it behind dollar signs. */
import { MAIN_BRANCH } from '../snapshot/paths.ts'
import { invalid } from '../util/errors.ts'

export interface TableIdentifier {
  readonly database: string
  readonly table: string
  /** `dev` of `db.t$branch_dev`; undefined for the main branch. */
  readonly branch: string | undefined
  /** `files` of `db.t$files`; undefined for the table itself. */
  readonly systemTable: string | undefined
}

/** How names look in messages. */
export function identifierText({ database, table, branch, systemTable }: TableIdentifier): string {
  const parts = [table, ...(branch === undefined ? [] : [BRANCH_MARK + branch])]
  return `${database}.${[...parts, ...(systemTable === undefined ? [] : [systemTable])].join('$')}`
}

const BRANCH_MARK = 'branch_'

/**
 * Parses `db.t`, `db.t$system`, `db.t$branch_dev` or `db.t$branch_dev$system`. Throws INVALID for anything else. Follows
 * the Java class `Identifier`.
 */
export function parseIdentifier(text: string): TableIdentifier {
  const dot = text.indexOf('.')
  if (dot <= 0 || dot === text.length - 1)
    throw invalid(`"${text.slice(0, 200)}" is no name of a table`, {
      hint: 'write DATABASE.TABLE, such as sales.orders',
    })
  const database = text.slice(0, dot)
  const [table = '', ...marks] = text.slice(dot + 1).split('$')
  const branchName = marks[0]?.startsWith(BRANCH_MARK)
    ? marks.shift()!.slice(BRANCH_MARK.length)
    : undefined
  if (marks.length > 1)
    throw invalid(`"${text.slice(0, 200)}" is no name of a table`, {
      hint: `write DATABASE.TABLE$branch_NAME$SYSTEM, such as ${database}.${table}$branch_dev$files`,
    })
  checkName(database, 'a database')
  checkName(table, 'a table')
  if (branchName !== undefined) checkName(branchName, 'a branch')
  const branch = branchName === MAIN_BRANCH ? undefined : branchName
  return { database, table, branch, systemTable: marks[0] }
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
