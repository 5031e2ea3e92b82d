/** `databases`: the databases of a warehouse. */
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { rowsOfTexts } from '../names.ts'
import { printRows } from '../output-rows.ts'

export async function databasesCommand(run: CommandRun): Promise<number> {
  const catalog = await run.openCatalog()
  const names = await catalog.databases({ signal: run.signal })
  const rows = names.map((name) => [name])
  await printRows(run, rowsOfTexts(['database'], rows))
  return EXIT.done
}
