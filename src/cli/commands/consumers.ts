/** `consumer ...`: moves consumers, and takes them away. */
import type { ConsumersDeleted } from '../../table/maintain/consumers.ts'
import { invalid } from '../../util/errors.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { tellFreed } from '../freed.ts'
import { openNamedTable } from '../opened-table.ts'
import { amount, printable } from '../printable.ts'
import { tellResult } from '../report.ts'

export async function resetConsumerCommand(run: CommandRun): Promise<number> {
  const [given = '', consumer = ''] = run.arguments
  const { next } = run.flags
  if (next === undefined)
    throw invalid('the snapshot is not told that the consumer reads next', {
      hint: `write for example millrace consumer reset ${given} ${consumer} --next earliest`,
    })
  const { table, name } = await openNamedTable(run, 'consumer reset')
  const { nextSnapshot } = await table.consumers.reset(consumer, next, { signal: run.signal })
  const line = `the consumer ${printable(consumer)} of ${name} reads snapshot ${nextSnapshot} next`
  await tellResult(run, { table: name, consumer, nextSnapshot }, [line])
  return EXIT.done
}

export async function deleteConsumerCommand(run: CommandRun): Promise<number> {
  const { table, name } = await openNamedTable(run, 'consumer delete')
  const dryRun = run.flags['dry-run'] === true
  const names = run.arguments.slice(1)
  return await tellDeleted(
    run,
    name,
    await table.consumers.delete(names, { dryRun, signal: run.signal }),
  )
}

export async function expireConsumersCommand(run: CommandRun): Promise<number> {
  const { table, name } = await openNamedTable(run, 'consumer expire')
  const { 'dry-run': dryRun, 'older-than': olderThan } = run.flags
  const options = { dryRun, olderThan, signal: run.signal }
  return await tellDeleted(run, name, await table.consumers.expire(options))
}

async function tellDeleted(
  run: CommandRun,
  table: string,
  { consumers, ...freed }: ConsumersDeleted,
): Promise<number> {
  const verb = run.flags['dry-run'] === true ? 'would be deleted' : 'deleted'
  const lines = [
    `${amount(consumers.length, 'consumer')} of ${table} ${verb}`,
    ...consumers.map(printable),
  ]
  await tellFreed(run, freed, { result: { table, consumers }, lines })
  return EXIT.done
}
