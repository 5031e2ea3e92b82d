/** `expire-partitions` and `mark-done`: the end of partitions, and that they are whole. */
import type { ExpiredPartitions } from '../../table/maintain/expire-partitions.ts'
import type { Table } from '../../table/table.ts'
import type { DurationText } from '../../types/options/codec.ts'
import { invalid } from '../../util/errors.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { amount, bytesText } from '../printable.ts'
import { tellResult } from '../report.ts'
import { requireTable } from '../table-name.ts'
import { partitionOfText } from './empty.ts'

export async function expirePartitionsCommand(run: CommandRun): Promise<number> {
  const [name = ''] = run.arguments
  requireTable(name, 'expire-partitions')
  const table = await openTable(run, name)
  const { 'dry-run': dryRun = false, 'expiration-time': expirationTime } = run.flags
  const expired = await table.expirePartitions({
    expirationTime: expirationTime as DurationText | undefined,
    dryRun,
    signal: run.signal,
    onProgress: (done, total) => run.progress.show(`partitions of ${name}`, done, total),
  })
  const { snapshots, ...rest } = expired
  const result = { table: name, dryRun, ...rest, snapshots: snapshots.map(({ id }) => id) }
  await tellResult(run, result, linesOf(name, dryRun, expired))
  return EXIT.done
}

function linesOf(
  name: string,
  dryRun: boolean,
  { partitions, leftCount, untimed, snapshots }: ExpiredPartitions,
): string[] {
  const verb = dryRun ? 'would be dropped' : 'dropped'
  const lines = partitions.map(
    ({ path, fileCount, rowCount, sizeBytes }) =>
      `${path}: ${amount(rowCount, 'stored row')} in ${amount(fileCount, 'file')} (${bytesText(sizeBytes)}) ${verb}`,
  )
  if (partitions.length === 0) lines.push(`no partition of ${name} is past its time`)
  if (leftCount > 0)
    lines.push(
      `${amount(leftCount, 'partition')} more that are past their time stay for the next run`,
    )
  if (untimed.length > 0)
    lines.push(
      `${amount(untimed.length, 'partition')} without a time in the values never expire: ${some(untimed)}`,
    )
  const last = snapshots.at(-1)
  if (last !== undefined)
    lines.push(`gone from snapshot ${last.id} on; files are freed once older snapshots expire`)
  return lines
}

/** The first few. */
function some(paths: readonly string[]): string {
  const shown = paths.slice(0, 3).join(', ')
  return paths.length > 3 ? `${shown}, ...` : shown
}

export async function markDoneCommand(run: CommandRun): Promise<number> {
  const [name = '', ...texts] = run.arguments
  requireTable(name, 'mark-done')
  if (texts.length === 0)
    throw invalid('no partition is told that is done', {
      hint: `write for example millrace mark-done ${name} dt=2026-11-21,region=eu`,
    })
  const partitions = texts.map(partitionOfText)
  const table = await openTable(run, name)
  const done = await table.markPartitionsDone(partitions, { signal: run.signal })
  const lines = done.map(({ path, creationTime, modificationTime }) =>
    creationTime === modificationTime ? `${path} is done` : `${path} is done, again`,
  )
  await tellResult(run, { table: name, partitions: done }, lines)
  return EXIT.done
}

async function openTable(run: CommandRun, name: string): Promise<Table> {
  const { signal } = run
  const catalog = await run.openCatalog()
  return (await catalog.table(name, undefined, { signal })).withOptions(run.tableOptions)
}
