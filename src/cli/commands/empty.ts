/** `truncate` and `drop-partitions`: take rows away, all of a table or of partitions, in one commit. */
import type { Table } from '../../table/table.ts'
import { matchingScope, type PartitionMatch, replacedIn } from '../../table/write/overwrite.ts'
import { parsePartitionSpec } from '../../types/partition.ts'
import { invalid } from '../../util/errors.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { amount } from '../printable.ts'
import { tellResult } from '../report.ts'
import { requireTable } from '../table-name.ts'

export async function truncateCommand(run: CommandRun): Promise<number> {
  const [name = ''] = run.arguments
  requireTable(name, 'truncate')
  const table = await openTable(run, name)
  return await takeAway(run, table, [{}], async () => await table.truncate({ signal: run.signal }))
}

export async function dropPartitionsCommand(run: CommandRun): Promise<number> {
  const [name = '', ...texts] = run.arguments
  requireTable(name, 'drop-partitions')
  if (texts.length === 0)
    throw invalid('no partition is told that is to be dropped', {
      hint: `write for example millrace drop-partitions ${name} dt=2026-11-21,region=eu; truncate takes all rows away`,
    })
  const partitions = texts.map(partitionOfText)
  const table = await openTable(run, name)
  const { signal } = run
  return await takeAway(run, table, partitions, async () =>
    table.dropPartitions(partitions, { signal }),
  )
}

/** The partition that `dt=2026-11-21,region=eu` matches. */
export function partitionOfText(text: string): PartitionMatch {
  return Object.fromEntries(parsePartitionSpec(text))
}

async function openTable(run: CommandRun, name: string): Promise<Table> {
  const { signal } = run
  const catalog = await run.openCatalog()
  return (await catalog.table(name, undefined, { signal })).withOptions(run.tableOptions)
}

async function takeAway(
  run: CommandRun,
  table: Table,
  partitions: readonly PartitionMatch[],
  act: () => Promise<{ readonly id: number }>,
): Promise<number> {
  const { store, schema } = table
  const scope = matchingScope(schema, partitions)
  const found = await replacedIn(store, schema, scope, run.signal)
  const what = `${amount(found.rowCount, 'stored row')} in ${amount(found.fileCount, 'file')} of ${amount(found.partitionCount, 'partition')}`
  const dryRun = run.flags['dry-run'] === true
  const { rowCount, fileCount, partitionCount } = found
  const told = { table: table.name, dryRun, rowCount, fileCount, partitionCount }
  if (dryRun) {
    const line = `${what} would be taken away from ${table.name}`
    await tellResult(run, { ...told, snapshot: null }, [line])
    return EXIT.done
  }
  const { id } = await act()
  const line = `${what} taken away from ${table.name} in snapshot ${id}`
  await tellResult(run, { ...told, snapshot: id }, [line])
  return EXIT.done
}
