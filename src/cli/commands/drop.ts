/** `drop`: deletes a table, or a database. */
import type { Dropped } from '../../catalog/drop.ts'
import { invalid } from '../../util/errors.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { tellFreed } from '../freed.ts'
import { printable } from '../printable.ts'
import { requireTable } from '../table-name.ts'

export async function dropCommand(run: CommandRun): Promise<number> {
  const [name = ''] = run.arguments
  const { 'dry-run': dryRun = false, 'if-exists': ifExists, cascade } = run.flags
  const isTable = name.includes('.')
  if (isTable) requireTable(name, 'drop')
  if (isTable && cascade === true)
    throw invalid('--cascade is for databases', { hint: 'leave it out, or name a database' })
  const catalog = await run.openCatalog()
  const options = {
    dryRun,
    ifExists,
    signal: run.signal,
    onProgress: (count: number) => run.progress.show(`files of ${name}`, count),
  }
  const dropped = isTable
    ? await catalog.dropTable(name, options)
    : await catalog.dropDatabase(name, { ...options, cascade })
  const { tables, externalPaths, fileCount, sizeBytes } = dropped
  await tellFreed(
    run,
    { fileCount, sizeBytes },
    {
      result: { name, tables, externalPaths },
      lines: linesOf(name, isTable, dropped, dryRun),
    },
  )
  return EXIT.done
}

function linesOf(
  name: string,
  isTable: boolean,
  { tables, externalPaths }: Dropped,
  dryRun: boolean,
): string[] {
  const verb = dryRun ? 'would be dropped' : 'dropped'
  const lines = tables.map((table) => `the table ${printable(table)} ${verb}`)
  if (!isTable) lines.push(`the database ${printable(name)} ${verb}`)
  else if (tables.length === 0) lines.push(`there is no table ${printable(name)}`)
  for (const path of externalPaths)
    lines.push(`${printable(path)} may hold data files of it, and is left alone`)
  return lines
}
