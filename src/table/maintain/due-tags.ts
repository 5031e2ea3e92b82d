/**
 * Deletes tags whose time is over, and consumers that have not moved for a while, after commits. Java lists both after every
 * commit. Here they are listed when one that is known may be due: a consumer that is not known yet is not due before its age,
 * while tags that others made since are looked for from time to time.
 */
import { nameOf } from '../../io/path.ts'
import { TAG_PREFIX, tagDirectory } from '../../snapshot/paths.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { Tag } from '../../snapshot/tag.ts'
import { localOfInstant } from '../../types/local-time.ts'
import { tableOptions } from '../../types/options.ts'
import type { MaintainedTable } from './after-commit.ts'
import { expireConsumers } from './consumers.ts'
import { deleteTags } from './tag-files.ts'
import { localEndOf } from './tags.ts'

/** How long tags that others make may stay unseen here. */
const LOOK_INTERVAL_MS = 10 * 60_000

interface SeenTag {
  readonly modifiedMs: number
  readonly sizeBytes: number
  /** When its time is over, by local clocks; Infinity for one that stays. */
  readonly endMs: number
}

interface SeenTags {
  /** When to look again, by local clocks. */
  nextLookMs: number
  /** How often this process had changed tags then. */
  changeCount: number
  readonly byName: Map<string, SeenTag>
}

const seenTags = new WeakMap<TableStore, SeenTags>()

/** A step after commits. */
export async function expireDueTags(table: MaintainedTable): Promise<void> {
  if (!tableOptions(table.schema.options).get('tag.time-expire-enabled')) return
  const { store, clock, signal } = table
  const seen = seenTags.get(store) ?? { nextLookMs: -Infinity, changeCount: 0, byName: new Map() }
  seenTags.set(store, seen)
  const nowMs = localOfInstant(clock.now())
  const { changeCount } = store.tags
  if (nowMs < seen.nextLookMs && changeCount === seen.changeCount) return
  const due: Tag[] = []
  const names = new Set<string>()
  const listed = { namePrefix: TAG_PREFIX, signal }
  for await (const { path, modifiedMs, sizeBytes } of store.io.list(
    tagDirectory(store.location),
    listed,
  )) {
    const name = nameOf(path).slice(TAG_PREFIX.length)
    const before = seen.byName.get(name)
    names.add(name)
    const isSame = before?.modifiedMs === modifiedMs && before.sizeBytes === sizeBytes
    if (name === '' || (isSame && nowMs <= before.endMs)) continue
    const tag = await store.tags.find(name, { signal })
    if (tag === null) continue
    const endMs = localEndOf(tag) ?? Infinity
    if (nowMs > endMs) due.push(tag)
    else seen.byName.set(name, { modifiedMs, sizeBytes, endMs })
  }
  for (const name of seen.byName.keys()) if (!names.has(name)) seen.byName.delete(name)
  if (due.length > 0) await deleteTags(table, due)
  seen.changeCount = changeCount
  seen.nextLookMs = nowMs + LOOK_INTERVAL_MS
  for (const { endMs } of seen.byName.values()) seen.nextLookMs = Math.min(seen.nextLookMs, endMs)
}

/** When a consumer may be due next, in milliseconds since 1970. */
const nextConsumers = new WeakMap<TableStore, number>()

/** A step after commits. */
export async function expireDueConsumers(table: MaintainedTable): Promise<void> {
  const ageMs = tableOptions(table.schema.options).get('consumer.expiration-time')
  const { store, clock, signal } = table
  if (ageMs === undefined || clock.now() <= (nextConsumers.get(store) ?? -Infinity)) return
  const { nextDueMs } = await expireConsumers(table, ageMs, { signal })
  nextConsumers.set(store, nextDueMs)
}
