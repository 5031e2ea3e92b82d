/**
 * Makes tags as time goes by, with `tag.automatic-creation`: one for each period, of the first snapshot behind its end, and
 * named by its start. Follows `TagAutoCreation` and `TagTimeExtractor`, which look at every snapshot; times and watermarks of
 * snapshots grow, so where none is due for the latest of them the others are not read.
 */
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import type { Tag } from '../../snapshot/tag.ts'
import { type TableOptionValues, tableOptions } from '../../types/options.ts'
import { mapOrdered } from '../../util/async.ts'
import { invalid } from '../../util/errors.ts'
import { autoTagPeriod, tagPeriods } from '../plan/auto-tag-names.ts'
import type { MaintainedTable } from './after-commit.ts'
import { localMillisOf } from './local-millis.ts'
import { deleteTags, makeTag } from './tag-files.ts'

/** What this process knows: which snapshot is looked at next, and the start of the next period that has no tag. */
interface Progress {
  nextSnapshot: number
  /** In milliseconds without a zone; undefined before the first tag. */
  nextPeriod: number | undefined
}

/** By the options that name tags. */
const known = new WeakMap<TableStore, Map<string, Progress>>()

const READ_AHEAD = 8

/** How one table makes tags. */
interface Rules {
  readonly periodMs: number
  readonly delayMs: number
  /** Whether a period that had no commits gets its tag from a later one. */
  readonly isCompleted: boolean
  readonly countMax: number | undefined
  readonly retainedMs: number | undefined
  readonly nameOf: (periodStart: number) => string
  readonly periodOf: (name: string) => number | undefined
  /** Of the snapshot, without a zone; undefined where it has none. */
  readonly timeOf: (snapshot: Snapshot) => number | undefined
}

/** A step after commits. */
export async function makeDueTags(table: MaintainedTable): Promise<void> {
  const options = tableOptions(table.schema.options)
  const mode = options.get('tag.automatic-creation')
  if (mode !== 'process-time' && mode !== 'watermark') return
  const rules = rulesOf(options, mode)
  const { store, latest } = table
  const progress = await progressOf(table, rules, options)
  if (!isDue(rules, progress, latest)) return
  const range = await store.snapshots.range({ signal: table.signal })
  const firstId = Math.max(progress.nextSnapshot, range?.earliest ?? 1)
  const ids = Array.from({ length: Math.max(0, latest.id - firstId) }, (_, i) => firstId + i)
  const find = async (id: number): Promise<Snapshot | undefined> =>
    (await store.snapshots.find(id, { signal: table.signal }))?.snapshot
  for await (const snapshot of mapOrdered(ids, READ_AHEAD, find))
    if (snapshot !== undefined) await tagIfDue(table, rules, progress, snapshot)
  await tagIfDue(table, rules, progress, latest)
}

function rulesOf(options: TableOptionValues, mode: 'process-time' | 'watermark'): Rules {
  const { periodMs, nameOf } = tagPeriods(options)
  const delayMs = options.get('tag.creation-delay')
  if (delayMs >= periodMs)
    throw invalid('option tag.creation-delay is not shorter than the period of the tags', {
      hint: 'make it shorter, or tag.creation-period longer',
    })
  const zone =
    mode === 'watermark'
      ? ('sink.watermark-time-zone' as const)
      : ('sink.process-time-zone' as const)
  const localOf = localMillisOf(options.get(zone), zone)
  return {
    periodMs,
    delayMs,
    isCompleted: options.get('tag.automatic-completion'),
    countMax: options.get('tag.num-retained-max'),
    retainedMs: options.get('tag.default-time-retained'),
    nameOf,
    periodOf: autoTagPeriod(options),
    timeOf({ timeMillis, watermark }) {
      if (mode === 'process-time') return localOf(timeMillis)
      return watermark === undefined || watermark === NO_WATERMARK
        ? undefined
        : localOf(Number(watermark))
    },
  }
}

/** Java's `Long.MIN_VALUE`, which stands for a stream without watermarks. */
const NO_WATERMARK = -(2n ** 63n)

async function progressOf(
  table: MaintainedTable,
  rules: Rules,
  options: TableOptionValues,
): Promise<Progress> {
  const { store, latest } = table
  const ofTable = known.get(store) ?? new Map<string, Progress>()
  known.set(store, ofTable)
  const key = Object.entries(options.raw)
    .filter(([name]) => name.startsWith('tag.') || name.startsWith('sink.'))
    .map((pair) => pair.join('='))
    .toSorted()
    .join('\n')
  const before = ofTable.get(key)
  // Where the history went back, tags went too.
  if (before !== undefined && before.nextSnapshot <= latest.id) return before
  const progress = await progressOfTags(table, rules)
  ofTable.set(key, progress)
  return progress
}

/** The last tag of a period says where to go on. */
async function progressOfTags({ store, signal }: MaintainedTable, rules: Rules): Promise<Progress> {
  let last: Tag | undefined
  for await (const tag of store.tags.readAll(isAuto(rules), { signal }))
    if (last === undefined || tag.snapshot.id >= last.snapshot.id) last = tag
  if (last === undefined) {
    const range = await store.snapshots.range({ signal })
    return { nextSnapshot: range?.earliest ?? 1, nextPeriod: undefined }
  }
  const nextPeriod = rules.periodOf(last.name)! + rules.periodMs
  return { nextSnapshot: last.snapshot.id + 1, nextPeriod }
}

function isAuto({ periodOf }: Rules): (name: string) => boolean {
  return (name) => periodOf(name) !== undefined
}

/** Whether the next period is over for the snapshot, and the delay behind it. */
function isDue(rules: Rules, { nextPeriod }: Progress, snapshot: Snapshot): boolean {
  const time = rules.timeOf(snapshot)
  if (time === undefined) return false
  return nextPeriod === undefined || time - rules.delayMs >= nextPeriod + rules.periodMs
}

async function tagIfDue(
  table: MaintainedTable,
  rules: Rules,
  progress: Progress,
  snapshot: Snapshot,
): Promise<void> {
  const { periodMs, retainedMs, isCompleted } = rules
  if (isDue(rules, progress, snapshot)) {
    const ended = Math.trunc(rules.timeOf(snapshot)! / periodMs) * periodMs - periodMs
    const period = isCompleted ? (progress.nextPeriod ?? ended) : ended
    await makeTag(table, { name: rules.nameOf(period), snapshot, retainedMs })
    progress.nextPeriod = period + periodMs
    await keepFewTags(table, rules)
  }
  progress.nextSnapshot = snapshot.id + 1
}

/** Deletes the automatic tags of the oldest snapshots where more are tagged than `tag.num-retained-max`. */
async function keepFewTags(table: MaintainedTable, rules: Rules): Promise<void> {
  const { store, signal } = table
  const { countMax } = rules
  if (countMax === undefined) return
  const bySnapshot = new Map<number, Tag[]>()
  for await (const tag of store.tags.readAll(isAuto(rules), { signal }))
    bySnapshot.set(tag.snapshot.id, [...(bySnapshot.get(tag.snapshot.id) ?? []), tag])
  const oldestFirst = [...bySnapshot].toSorted(([a], [b]) => a - b).map(([, tags]) => tags)
  const gone = oldestFirst.slice(0, Math.max(0, oldestFirst.length - countMax)).flat()
  if (gone.length > 0) await deleteTags(table, gone)
}
