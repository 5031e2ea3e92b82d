/** `tables`: the tables of a database, or of all. */
import { throwIfAborted } from '../../util/async.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { rowsOfTexts } from '../names.ts'
import { printRows } from '../output-rows.ts'

export async function tablesCommand(run: CommandRun): Promise<number> {
  const [given] = run.arguments
  const { signal } = run
  const catalog = await run.openCatalog()
  const databases = given === undefined ? await catalog.databases({ signal }) : [given]
  const rows: string[][] = []
  for (const database of databases) {
    throwIfAborted(signal)
    for (const table of await catalog.tables(database, { signal })) rows.push([database, table])
  }
  await printRows(run, rowsOfTexts(['database', 'table'], rows))
  return EXIT.done
}
