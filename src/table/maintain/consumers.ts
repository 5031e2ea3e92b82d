/**
 * The consumers of a table or a branch: how far streams have come, and which snapshots are kept for them. Follows
 * `ConsumerManager` and the procedure `reset_consumer`.
 */
import { ChangelogStore } from '../../snapshot/changelog-store.ts'
import { ConsumerStore } from '../../snapshot/consumer-store.ts'
import { FileDeletion, type Freed } from '../../snapshot/file-deletion.ts'
import { consumerPath } from '../../snapshot/paths.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { tableOptions } from '../../types/options.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import type { Clock } from '../../util/async.ts'
import { invalid, LakeError, notFound } from '../../util/errors.ts'
import { didYouMean } from '../../util/nearest.ts'
import { show } from '../../util/show.ts'

export interface ConsumerInfo {
  readonly name: string
  /** The snapshot that it reads next. */
  readonly nextSnapshot: number
}

export interface ConsumerDeletionOptions {
  /** Tells what would be deleted, and does nothing. */
  readonly dryRun?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ConsumersDeleted extends Freed {
  /** The names of the consumers that are deleted, or in a dry run would be. */
  readonly consumers: readonly string[]
}

interface Io {
  readonly signal?: AbortSignal
}

/** The consumers of a {@link Table}, or of the branch that it is opened as. */
export interface TableConsumers {
  /** All consumers, by their names. */
  list(options?: Io): Promise<ConsumerInfo[]>
  /**
   * Makes a consumer, or moves it forth or back: to a snapshot or changelog that is there, to the `earliest`, or behind the
   * `latest`, so that it reads only what is to come. NOT_FOUND for a snapshot that is not there. A stream that runs under the
   * name goes on from where it is, and writes its own progress over this.
   */
  reset(name: string, next: number | 'earliest' | 'latest', options?: Io): Promise<ConsumerInfo>
  /** Deletes consumers, whose snapshots may expire then. NOT_FOUND, and nothing is deleted, where one is not there. */
  delete(
    names: string | readonly string[],
    options?: ConsumerDeletionOptions,
  ): Promise<ConsumersDeleted>
  /**
   * Deletes the consumers that have not moved since a time; unless told, for as long as `consumer.expiration-time` says.
   * INVALID where neither says.
   */
  expire(
    options?: ConsumerDeletionOptions & { readonly olderThan?: Date | undefined },
  ): Promise<ConsumersDeleted>
}

/** A table or a branch whose consumers change. */
export interface ConsumedTable {
  readonly store: TableStore
  /** With the options of the object that changes them. */
  readonly schema: TableSchema
  readonly clock: Clock
}

/** The consumers of a table as the object's user handles them. */
export function consumersOf(table: ConsumedTable): TableConsumers {
  const consumers = new ConsumerStore(table.store.io, table.store.location)
  return {
    async list(options) {
      const found: ConsumerInfo[] = []
      for (const name of await consumers.list(options)) {
        const nextSnapshot = await consumers.find(name, options)
        // One that went away meanwhile has been deleted.
        if (nextSnapshot !== null) found.push({ name, nextSnapshot })
      }
      return found
    },
    reset: async (name, next, options) => await resetConsumer(table, name, next, options?.signal),
    async delete(names, options = {}) {
      const wanted = typeof names === 'string' ? [names] : [...new Set(names)]
      const known = await consumers.list(options)
      const missing = wanted.find((name) => !known.includes(name))
      if (missing !== undefined) throw noConsumer(table.store, missing, known)
      return await deleteConsumers(table, wanted, options)
    },
    async expire(options = {}) {
      const byOption = tableOptions(table.schema.options).get('consumer.expiration-time')
      const sinceMs = options.olderThan?.getTime()
      if (Number.isNaN(sinceMs)) throw invalid('olderThan is no time')
      const ageMs = sinceMs === undefined ? byOption : table.clock.now() - sinceMs
      if (ageMs === undefined)
        throw invalid('it is not told from which age on consumers expire', {
          path: table.store.location.root,
          hint: 'give olderThan, or set the option consumer.expiration-time of the table',
        })
      const { expired } = await expireConsumers(table, ageMs, options)
      return expired
    },
  }
}

function noConsumer({ location }: TableStore, name: string, known: readonly string[]): LakeError {
  return notFound(`there is no consumer ${show(name)}${didYouMean(name, known)}`, {
    path: location.root,
    hint:
      known.length === 0
        ? 'the table has no consumers'
        : `the consumers are ${known.slice(0, 10).join(', ')}`,
  })
}

async function resetConsumer(
  { store }: ConsumedTable,
  name: string,
  next: number | 'earliest' | 'latest',
  signal: AbortSignal | undefined,
): Promise<ConsumerInfo> {
  if (name.trim() === '') throw invalid('the name of a consumer is blank')
  consumerPath(store.location, name)
  const nextSnapshot = await nextOf(store, next, signal)
  await new ConsumerStore(store.io, store.location).write(name, nextSnapshot, { signal })
  // An expiry that looked at the consumers before this one was there may be under way.
  if (!(await canBeNext(store, nextSnapshot, signal)))
    throw new LakeError('CONFLICT', `snapshot ${nextSnapshot} expired meanwhile`, {
      path: store.location.root,
      hint: 'reset the consumer to a later snapshot, or to the earliest',
    })
  return { name, nextSnapshot }
}

async function nextOf(
  store: TableStore,
  next: number | 'earliest' | 'latest',
  signal: AbortSignal | undefined,
): Promise<number> {
  if (typeof next === 'number') {
    if (Number.isSafeInteger(next) && next > 0 && (await canBeNext(store, next, signal)))
      return next
    const range = await store.snapshots.range({ signal })
    throw notFound(`there is no snapshot ${next} for a consumer to read next`, {
      path: store.location.root,
      hint:
        range === null
          ? 'the table has no snapshots yet'
          : `it can read ${range.earliest} to ${range.latest}, or wait for ${range.latest + 1}`,
    })
  }
  const range = await store.snapshots.range({ signal })
  if (range === null) return 1
  if (next === 'latest') return range.latest + 1
  const changelogs = await new ChangelogStore(store.io, store.location).ids({ signal })
  return Math.min(range.earliest, changelogs[0] ?? Infinity)
}

/** Whether there is a snapshot or a changelog of the id, or it is the one to come. */
async function canBeNext(
  store: TableStore,
  id: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const range = await store.snapshots.range({ signal })
  if (range === null) return id === 1
  if (id >= range.earliest && id <= range.latest + 1) return true
  const changelogs = new ChangelogStore(store.io, store.location)
  return (await changelogs.find(id, { signal })) !== null
}

async function deleteConsumers(
  { store }: ConsumedTable,
  names: readonly string[],
  { dryRun, signal }: ConsumerDeletionOptions,
): Promise<ConsumersDeleted> {
  const deletion = new FileDeletion(store.io, { dryRun, signal })
  const consumers: string[] = []
  for (const name of names) {
    const status = await store.io.stat(consumerPath(store.location, name), { signal })
    if (status === null) continue
    await deletion.delete([status])
    consumers.push(name)
  }
  return { consumers, ...deletion.freed }
}

/**
 * Deletes the consumers that have not moved for so long, and tells when the next of those that are left may be due, in
 * milliseconds since 1970: each time that a consumer moves puts that off.
 */
export async function expireConsumers(
  { store, clock }: ConsumedTable,
  ageMs: number,
  { dryRun, signal }: ConsumerDeletionOptions = {},
): Promise<{ readonly expired: ConsumersDeleted; readonly nextDueMs: number }> {
  const consumers = new ConsumerStore(store.io, store.location)
  const deletion = new FileDeletion(store.io, { dryRun, signal })
  const expired: string[] = []
  const now = clock.now()
  let nextDueMs = now + ageMs
  for (const { name, modifiedMs } of await consumers.statuses({ signal })) {
    if (modifiedMs + ageMs >= now) {
      nextDueMs = Math.min(nextDueMs, modifiedMs + ageMs)
      continue
    }
    // Its stream may have moved it since the listing.
    const status = await store.io.stat(consumerPath(store.location, name), { signal })
    if (status === null || status.modifiedMs !== modifiedMs) continue
    await deletion.delete([status])
    expired.push(name)
  }
  return { expired: { consumers: expired, ...deletion.freed }, nextDueMs }
}
