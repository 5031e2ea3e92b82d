/**
 * Tags what a batch job has committed, with `tag.automatic-creation = batch`. Follows `TagBatchCreation`: a tag of the day, or
 * of `tag.batch.customized-name`, which moves on to the later job; and of all tags only the latest are kept.
 */
import { tagPath } from '../../snapshot/paths.ts'
import { BATCH_IDENTIFIER } from '../../snapshot/snapshot.ts'
import type { Tag } from '../../snapshot/tag.ts'
import { tableOptions } from '../../types/options.ts'
import type { MaintainedTable } from './after-commit.ts'
import { localMillisOf } from './local-millis.ts'
import { deleteTags, makeTag, replaceTag } from './tag-files.ts'

/** A step after commits. */
export async function tagBatch(table: MaintainedTable): Promise<void> {
  const options = tableOptions(table.schema.options)
  if (options.get('tag.automatic-creation') !== 'batch') return
  const { store, latest, identifier, signal } = table
  if (identifier !== BATCH_IDENTIFIER) return
  const retainedMs = options.get('tag.default-time-retained')
  const name = options.get('tag.batch.customized-name') ?? nameOfDay(table)
  const tag = { name, snapshot: latest, retainedMs }
  if (!(await makeTag(table, tag))) await replaceTag(table, tag)
  const countMax = options.get('tag.num-retained-max')
  if (countMax === undefined) return
  const tags = await Array.fromAsync(store.tags.readAll(undefined, { signal }))
  const ordered = tags.length > countMax ? await oldestFirst(table, tags) : []
  const gone = ordered.slice(0, Math.max(0, tags.length - countMax))
  if (gone.length > 0) await deleteTags(table, gone)
}

function nameOfDay({ schema, latest }: MaintainedTable): string {
  const zone = 'sink.process-time-zone'
  const localOf = localMillisOf(tableOptions(schema.options).get(zone), zone)
  return `batch-write-${new Date(localOf(latest.timeMillis)).toISOString().slice(0, 10)}`
}

/** By their snapshots, and those of one snapshot by when their files were written. */
async function oldestFirst(
  { store: { io, location } }: MaintainedTable,
  tags: readonly Tag[],
): Promise<Tag[]> {
  const dated: { readonly tag: Tag; readonly modifiedMs: number }[] = []
  for (const tag of tags) {
    const status = await io.stat(tagPath(location, tag.name))
    dated.push({ tag, modifiedMs: status?.modifiedMs ?? 0 })
  }
  const sorted = dated.toSorted(
    (a, b) => a.tag.snapshot.id - b.tag.snapshot.id || a.modifiedMs - b.modifiedMs,
  )
  return sorted.map(({ tag }) => tag)
}
