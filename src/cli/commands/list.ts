/** `snapshots`, `schemas`, `files`, `partitions`, `buckets`: the system tables under names of their own. */
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { requireTable } from '../table-name.ts'
import { readTable } from './read.ts'

/** `mainColumns` are those that are shown to people. */
export async function listCommand(
  run: CommandRun,
  systemTable: string,
  mainColumns: readonly string[] | undefined,
): Promise<number> {
  const [name = ''] = run.arguments
  requireTable(name, systemTable)
  await readTable(run, `${name}$${systemTable}`, mainColumns)
  return EXIT.done
}
