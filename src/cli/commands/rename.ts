/** `rename`: gives a table another name. */
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { tellResult } from '../report.ts'
import { requireTable } from '../table-name.ts'

export async function renameCommand(run: CommandRun): Promise<number> {
  const [name = '', to = ''] = run.arguments
  requireTable(name, 'rename')
  const catalog = await run.openCatalog()
  const table = await catalog.renameTable(name, to, { signal: run.signal })
  await tellResult(run, { before: name, table: table.name, path: table.path }, [
    `${name} is called ${table.name} now, in ${table.path}`,
  ])
  return EXIT.done
}
