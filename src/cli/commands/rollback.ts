/** `rollback`: takes a table back to an older snapshot. */
import type { RollbackResult } from '../../table/maintain/rollback.ts'
import { instantText } from '../../types/local-time.ts'
import { invalid } from '../../util/errors.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { tellFreed } from '../freed.ts'
import { openNamedTable } from '../opened-table.ts'
import { amount, printable } from '../printable.ts'
import { snapshotOfFlags } from './snapshot-flags.ts'

export async function rollbackCommand(run: CommandRun): Promise<number> {
  const to = snapshotOfFlags(run)
  const [given = ''] = run.arguments
  if (to === undefined)
    throw invalid('the snapshot is not told that the table goes back to', {
      hint: `write for example millrace rollback ${given} --snapshot 1 --dry-run, or give --tag or --time; millrace snapshots ${given} lists them`,
    })
  const { table, name } = await openNamedTable(run, 'rollback')
  const dryRun = run.flags['dry-run'] === true
  const result = await table.rollbackTo(to, {
    dryRun,
    signal: run.signal,
    onProgress: (done, total) => run.progress.show(`snapshots of ${name}`, done, total),
  })
  const { snapshot, snapshots, tags, consumersAhead, ...freed } = result
  const told = { table: name, snapshot: snapshot.id, snapshots, tags, consumersAhead }
  await tellFreed(run, freed, { result: told, lines: linesOf(name, result, dryRun) })
  return EXIT.done
}

function linesOf(
  name: string,
  { snapshot, snapshots, tags, consumersAhead }: RollbackResult,
  dryRun: boolean,
): string[] {
  const [would, verb] = dryRun ? ['would be', 'would be lost'] : ['is', 'lost']
  const lines = [
    `the latest snapshot of ${name} ${would} ${snapshot.id} of ${instantText(snapshot.timeMillis)}`,
    `${amount(snapshots.length, 'snapshot')} and ${amount(tags.length, 'tag')} ${verb}`,
  ]
  if (tags.length > 0) lines.push(`tags: ${tags.map(printable).join(', ')}`)
  for (const consumer of consumersAhead)
    lines.push(
      `the consumer ${printable(consumer)} has read further: millrace consumer reset ${name} ${printable(consumer)} --next ${snapshot.id + 1}`,
    )
  return lines
}
