/**
 * Expires what is due after a commit. What this process knows of the earliest snapshot and the earliest changelog decides
 * whether something can be due, so that commits which expire nothing ask the storage nothing.
 */
import { ChangelogStore } from '../../snapshot/changelog-store.ts'
import {
  changelogExpiry,
  type ExpiryRules,
  expiryRules,
  isYoung,
  snapshotExpiry,
} from '../../snapshot/expire.ts'
import { readHint } from '../../snapshot/hints.ts'
import { hintPath } from '../../snapshot/paths.ts'
import type { Snapshot } from '../../snapshot/snapshot.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { tableOptions } from '../../types/options.ts'
import type { MaintainedTable } from './after-commit.ts'
import { expireByRules } from './expire.ts'
import { publishBeforeExpiry, publishIceberg } from './iceberg.ts'

interface Known {
  /** What was the earliest when this process looked last; others may have expired it since. */
  snapshot: Aged | null
  changelog: Aged | null
  /** While it lies ahead it is not looked again: something that was due was kept from expiring. */
  againMs: number
  /** An expiry that goes on beside commits: `snapshot.expire.execution-mode = async`. */
  underWay: Promise<void> | null
  /** How that ended, until a commit has told it. */
  failure: { readonly error: unknown } | null
}

type Aged = Pick<Snapshot, 'id' | 'timeMillis'>

/** Consumers that stand still keep snapshots for a long time, and are looked at this often. */
const HELD_WAIT_MS = 10_000

const knownOf = new WeakMap<TableStore, Known>()

export async function expireAfterCommit(table: MaintainedTable): Promise<void> {
  const { store, schema, clock, latest } = table
  const values = tableOptions(schema.options)
  const rules = expiryRules(values)
  const known = openKnown(store)
  if (!isDue(known, rules, latest.id, clock.now())) return
  if (known.snapshot === null) {
    known.snapshot = await earliestByHint(table)
    if (rules.isDecoupled) known.changelog = await changelogFound(table)
    if (known.snapshot !== null && !isDue(known, rules, latest.id, clock.now())) return
  }
  if (values.get('snapshot.expire.execution-mode') === 'sync') {
    await expire(table, rules, known)
    return
  }
  const { failure } = known
  known.failure = null
  known.underWay ??= expireBeside(table, rules, known)
    .catch((error: unknown) => {
      known.failure = { error }
    })
    .finally(() => {
      known.underWay = null
    })
  if (failure !== null) throw failure.error
}

/** What the commit published names snapshots that are gone when it ends. */
async function expireBeside(
  table: MaintainedTable,
  rules: ExpiryRules,
  known: Known,
): Promise<void> {
  if (await expire(table, rules, known)) await publishIceberg(table)
}

/** Resolves when no expiry of the table goes on in this process. */
export async function expirySettled(store: TableStore): Promise<void> {
  await knownOf.get(store)?.underWay
}

function openKnown(store: TableStore): Known {
  let known = knownOf.get(store)
  if (known === undefined) {
    known = { snapshot: null, changelog: null, againMs: 0, underWay: null, failure: null }
    knownOf.set(store, known)
  }
  return known
}

/** The first look of a process: two requests tell most of them that nothing is due. */
async function earliestByHint({ store, signal }: MaintainedTable): Promise<Aged | null> {
  const hint = await readHint(store.io, hintPath(store.location, 'EARLIEST'), { signal })
  return hint === undefined
    ? null
    : ((await store.snapshots.find(hint, { signal }))?.snapshot ?? null)
}

/** Changelogs may be due where no snapshot is: another process may have expired the snapshots, and had its own rules. */
async function changelogFound({ store, signal }: MaintainedTable): Promise<Aged | null> {
  const changelogs = new ChangelogStore(store.io, store.location)
  const [first] = await changelogs.ids({ signal })
  return first === undefined ? null : await changelogs.find(first, { signal })
}

function isDue(known: Known, rules: ExpiryRules, latestId: number, nowMs: number): boolean {
  const { snapshot, changelog, againMs } = known
  // Ids count from 1, so a young table has no more snapshots than that.
  if (latestId <= rules.snapshots.countMin || nowMs < againMs) return false
  if (snapshot === null) return true
  const range = { earliest: snapshot.id, latest: latestId }
  const plan = snapshotExpiry(range, rules, null)
  if (
    plan !== null &&
    (snapshot.id < plan.agedFrom || !isYoung(snapshot.timeMillis, rules.snapshots, nowMs))
  )
    return true
  if (changelog === null) return false
  const kept = { earliest: changelog.id, latest: snapshot.id - 1 }
  const later = changelogExpiry(kept, latestId, rules, null)
  return (
    later !== null &&
    (changelog.id < later.agedFrom || !isYoung(changelog.timeMillis, rules.changelogs, nowMs))
  )
}

/** Whether snapshots have expired. */
async function expire(
  { store, schema, clock, latest, signal }: MaintainedTable,
  rules: ExpiryRules,
  known: Known,
): Promise<boolean> {
  const nowMs = clock.now()
  const keptFrom = latest.id - rules.snapshots.countMin + 1
  await publishBeforeExpiry({ store, schema, clock, signal }, keptFrom)
  const { result, earliest, earliestChangelog } = await expireByRules(
    { store, schema },
    rules,
    nowMs,
    { signal },
  )
  known.snapshot = earliest
  known.changelog = earliestChangelog
  known.againMs = 0
  // Of a long history the rest is due at the next commit; where nothing expired a consumer holds it.
  const isHeld = result.snapshotCount === 0 && result.changelogCount === 0
  if (isHeld && isDue(known, rules, latest.id, nowMs)) known.againMs = nowMs + HELD_WAIT_MS
  return result.snapshotCount > 0
}
