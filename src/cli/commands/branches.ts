/** `branch ...`: makes branches, changes them, takes them away, and makes a table what one of them is. */
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { tellFreed } from '../freed.ts'
import { openNamedTable } from '../opened-table.ts'
import { amount, printable } from '../printable.ts'
import { tellResult } from '../report.ts'

export async function createBranchCommand(run: CommandRun): Promise<number> {
  const { table, name } = await openNamedTable(run, 'branch create')
  const [, branch = ''] = run.arguments
  const { tag, 'if-not-exists': ifNotExists } = run.flags
  await table.branches.create(branch, { tag, ifNotExists, signal: run.signal })
  const begins = tag === undefined ? 'is empty' : `begins as the tag ${printable(tag)}`
  const lines = [
    `the branch ${printable(branch)} of ${name} ${begins}`,
    `read and write it as ${name}$branch_${printable(branch)}`,
  ]
  await tellResult(run, { table: name, branch, tag: tag ?? null }, lines)
  return EXIT.done
}

export async function renameBranchCommand(run: CommandRun): Promise<number> {
  const { table, name } = await openNamedTable(run, 'branch rename')
  const [, from = '', to = ''] = run.arguments
  await table.branches.rename(from, to, { signal: run.signal })
  const line = `the branch ${printable(from)} of ${name} is called ${printable(to)} now`
  await tellResult(run, { table: name, branch: to, before: from }, [line])
  return EXIT.done
}

export async function deleteBranchCommand(run: CommandRun): Promise<number> {
  const { table, name } = await openNamedTable(run, 'branch delete')
  const [, branch = ''] = run.arguments
  const dryRun = run.flags['dry-run'] === true
  const freed = await table.branches.delete(branch, { dryRun, signal: run.signal })
  const verb = dryRun ? 'would be deleted' : 'deleted'
  const lines = [
    `the branch ${printable(branch)} of ${name} ${verb}`,
    'files of rows that only it had are freed by millrace orphans',
  ]
  await tellFreed(run, freed, { result: { table: name, branch }, lines })
  return EXIT.done
}

export async function fastForwardCommand(run: CommandRun): Promise<number> {
  const { table, name } = await openNamedTable(run, 'branch fast-forward')
  const [, branch = ''] = run.arguments
  const dryRun = run.flags['dry-run'] === true
  const { snapshots, tags, latestSnapshot, ...freed } = await table.branches.fastForward(branch, {
    dryRun,
    signal: run.signal,
    onProgress: (done, total) => run.progress.show(`snapshots of ${name}`, done, total),
  })
  const [would, verb] = dryRun ? ['would be', 'would be lost'] : ['is', 'lost']
  const lines = [
    `the latest snapshot of ${name} ${would} ${latestSnapshot}, that of ${printable(branch)}`,
    `${amount(snapshots.length, 'snapshot')} and ${amount(tags.length, 'tag')} ${verb}`,
  ]
  const result = { table: name, branch, latestSnapshot, snapshots, tags }
  await tellFreed(run, freed, { result, lines })
  return EXIT.done
}
