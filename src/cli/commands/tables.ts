/** `tables`: the tables of a database, or of all. */
import { throwIfAborted } from '../../util/async.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { rowsOfTexts } from '../names.ts'
import { printRows } from '../output-rows.ts'

export async function tablesCommand(run: CommandRun): Promise<number> {
  const [given] = run.arguments
  const catalog = await run.openCatalog()
  const databases = given === undefined ? await catalog.databases() : [given]
  const rows: string[][] = []
  for (const database of databases) {
    throwIfAborted(run.signal)
    for (const table of await catalog.tables(database)) rows.push([database, table])
  }
  await printRows(run, rowsOfTexts(['database', 'table'], rows))
  return EXIT.done
}
