/** The table that a command names first, as its flags have it. */
import type { Table } from '../table/table.ts'
import type { CommandRun } from './command.ts'
import { requireTable } from './table-name.ts'

export interface OpenedTable {
  readonly name: string
  readonly table: Table
}

/** INVALID for the name of a system table. */
export async function openNamedTable(run: CommandRun, command: string): Promise<OpenedTable> {
  const [name = ''] = run.arguments
  requireTable(name, command)
  const catalog = await run.openCatalog()
  const opened = await catalog.table(name, undefined, { signal: run.signal })
  return { name, table: opened.withOptions(run.tableOptions) }
}
