/** `snapshots`, `schemas`, `files`, `partitions`, `buckets`: the system tables under names of their own. */
import { invalid } from '../../util/errors.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { readTable } from './read.ts'

/** `mainColumns` are those that are shown to people. */
export async function listCommand(
  run: CommandRun,
  systemTable: string,
  mainColumns: readonly string[] | undefined,
): Promise<number> {
  const [name = ''] = run.arguments
  if (name.includes('$'))
    throw invalid(`${systemTable} wants a table, and ${name} is a part of one`, {
      hint: `write millrace ${systemTable} ${name.slice(0, name.indexOf('$'))}`,
    })
  await readTable(run, `${name}$${systemTable}`, mainColumns)
  return EXIT.done
}
