/** `expire`: deletes old snapshots, and the files that only they had. */
import type { ExpireResult } from '../../table/maintain/expire.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { tellFreed } from '../freed.ts'
import { amount } from '../printable.ts'
import { requireTable } from '../table-name.ts'

export async function expireCommand(run: CommandRun): Promise<number> {
  const [name = ''] = run.arguments
  requireTable(name, 'expire')
  const { signal, flags } = run
  const catalog = await run.openCatalog()
  const table = (await catalog.table(name, undefined, { signal })).withOptions(run.tableOptions)
  const result = await table.expire({
    retainMin: flags['retain-min'],
    retainMax: flags['retain-max'],
    olderThan: flags['older-than'],
    limit: flags['max-deletes'],
    dryRun: flags['dry-run'],
    signal,
    onProgress: ({ done, total }) => run.progress.show(`snapshots of ${name}`, done, total),
  })
  const { snapshotCount, changelogCount, earliestSnapshotId } = result
  const told = { table: name, snapshotCount, changelogCount, earliestSnapshotId }
  await tellFreed(run, result, { result: told, lines: linesOf(name, result) })
  return EXIT.done
}

function linesOf(
  name: string,
  { dryRun, snapshotCount, changelogCount, earliestSnapshotId }: ExpireResult,
): string[] {
  if (earliestSnapshotId === null) return [`${name} has no snapshots yet`]
  const verb = dryRun ? 'would expire' : 'expired'
  const lines = [`${amount(snapshotCount, 'snapshot')} of ${name} ${verb}`]
  if (changelogCount > 0) lines.push(`${amount(changelogCount, 'changelog')} ${verb}`)
  if (snapshotCount > 0)
    lines.push(`the earliest ${dryRun ? 'would be' : 'is'} snapshot ${earliestSnapshotId}`)
  return lines
}
