/** `tag ...`: makes tags, changes them and takes them away. */
import type { Tag } from '../../snapshot/tag.ts'
import { durationMs } from '../../table/maintain/duration.ts'
import type { TagsDeleted } from '../../table/maintain/tags.ts'
import type { DurationText } from '../../types/options/codec.ts'
import type { CommandRun } from '../command.ts'
import { EXIT } from '../failure.ts'
import { tellFreed } from '../freed.ts'
import { openNamedTable } from '../opened-table.ts'
import { amount, printable } from '../printable.ts'
import { tellResult } from '../report.ts'
import { snapshotOfFlags } from './snapshot-flags.ts'

export async function createTagCommand(run: CommandRun): Promise<number> {
  const { table, name } = await openNamedTable(run, 'tag create')
  const [, tagName = ''] = run.arguments
  const tag = await table.tags.create(tagName, {
    ...tagOptions(run),
    ifNotExists: run.flags['if-not-exists'] === true,
  })
  return await tellTag(run, name, tag)
}

export async function replaceTagCommand(run: CommandRun): Promise<number> {
  const { table, name } = await openNamedTable(run, 'tag replace')
  const [, tagName = ''] = run.arguments
  return await tellTag(run, name, await table.tags.replace(tagName, tagOptions(run)))
}

function tagOptions(run: CommandRun): {
  at: ReturnType<typeof snapshotOfFlags>
  timeRetained: number | undefined
  signal: AbortSignal
} {
  const retain = run.flags.retain as DurationText | undefined
  return {
    at: snapshotOfFlags(run),
    timeRetained: durationMs(retain, '--retain'),
    signal: run.signal,
  }
}

async function tellTag(run: CommandRun, table: string, tag: Tag): Promise<number> {
  const { name, snapshot, tagTimeRetainedNanos: retained } = tag
  const result = {
    table,
    tag: name,
    snapshot: snapshot.id,
    retainedMs: retained === undefined ? null : Number(retained / 1_000_000n),
  }
  const line = `the tag ${printable(name)} of ${table} keeps snapshot ${snapshot.id}`
  await tellResult(run, result, [line])
  return EXIT.done
}

export async function renameTagCommand(run: CommandRun): Promise<number> {
  const { table, name } = await openNamedTable(run, 'tag rename')
  const [, from = '', to = ''] = run.arguments
  await table.tags.rename(from, to, { signal: run.signal })
  const line = `the tag ${printable(from)} of ${name} is called ${printable(to)} now`
  await tellResult(run, { table: name, tag: to, before: from }, [line])
  return EXIT.done
}

export async function deleteTagCommand(run: CommandRun): Promise<number> {
  const { table, name } = await openNamedTable(run, 'tag delete')
  const deleted = await table.tags.delete(run.arguments.slice(1), deletionOptions(run, name))
  return await tellDeleted(run, name, deleted)
}

export async function expireTagsCommand(run: CommandRun): Promise<number> {
  const { table, name } = await openNamedTable(run, 'tag expire')
  const olderThan = run.flags['older-than']
  const deleted = await table.tags.expire({ ...deletionOptions(run, name), olderThan })
  return await tellDeleted(run, name, deleted)
}

function deletionOptions(
  run: CommandRun,
  table: string,
): {
  dryRun: boolean
  signal: AbortSignal
  onProgress: (done: number, total: number) => void
} {
  const dryRun = run.flags['dry-run'] === true
  const onProgress = (done: number, total: number): void =>
    run.progress.show(`tags of ${table}`, done, total)
  return { dryRun, signal: run.signal, onProgress }
}

async function tellDeleted(
  run: CommandRun,
  table: string,
  { tags, ...freed }: TagsDeleted,
): Promise<number> {
  const verb = run.flags['dry-run'] === true ? 'would be deleted' : 'deleted'
  const lines = [`${amount(tags.length, 'tag')} of ${table} ${verb}`, ...tags.map(printable)]
  await tellFreed(run, freed, { result: { table, tags }, lines })
  return EXIT.done
}
