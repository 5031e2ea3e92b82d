/** Names of tables as commands take them. */
import { invalid } from '../util/errors.ts'

/** INVALID for the name of a system table, where only a table itself, or a branch of it, will do. */
export function requireTable(name: string, command: string): void {
  const [table] = /^[^$]*(\$branch_[^$]*)?/.exec(name)!
  const dollar = table.length
  if (dollar === name.length) return
  throw invalid(`${command} wants a table, and ${name.slice(0, 200)} is a system table`, {
    hint: `write millrace ${command} ${name.slice(0, dollar)}, or read a system table with millrace read`,
  })
}
