/**
 * Committing a table's Iceberg metadata to an Iceberg REST catalog.
 *
 * The server's table is loaded, and brought to our metadata by what differs, under the server's optimistic requirements. What
 * fails on the way (a conflict, a lost answer) is followed by another look at the table, so that nothing is done twice. Manifests
 * and data files stay where Paimon has them; the server keeps its own metadata files at a place of its own choice.
 *
 * Follows `IcebergRestMetadataCommitter` in what it is for. It differs in the way: the table is made by a commit, which keeps
 * Paimon's column ids, and not by a creation, which would count them from one.
 */
import { parentOf } from '../io/path.ts'
import { type Clock, systemClock, throwIfAborted } from '../util/async.ts'
import { LakeError } from '../util/errors.ts'
import { type Json, printFlatJson } from '../util/json.ts'
import { type Backoff, createBackoff } from '../util/retry.ts'
import type { IcebergMetadata } from './metadata.ts'
import { RestConnection, type RestContext, RestFailure } from './rest-connection.ts'
import type { RestCatalogSettings } from './rest-settings.ts'
import { nextRestStep, type RestStep } from './rest-step.ts'
import { serverTable, type ServerTable } from './rest-table.ts'
import { creation, currentSchema, type RestCommit, type RestTarget } from './rest-updates.ts'

export interface RestCatalogRequest {
  readonly metadata: IcebergMetadata
  /** The file that has the metadata. */
  readonly metadataPath: string
  readonly rest: RestCatalogSettings
  /**
   * The metadata as it is now. Asked for before anything is taken from the server that the given metadata does not know, and
   * after failures: another process may have published since.
   */
  readonly newest?: (() => Promise<IcebergMetadata | null>) | undefined
  readonly clock?: Clock | undefined
  readonly signal?: AbortSignal | undefined
}

export interface RestCatalogOutcome {
  /** How many commits the server took. */
  readonly commitCount: number
  /** Whether the server's table was dropped, without its files, and made anew. */
  readonly isReplaced: boolean
}

/**
 * Makes the server's table what the metadata says. EXISTS where there is another table of that name, CONFLICT where another
 * program wrote to it or others were faster each time, INVALID where the server refuses the sign-in or the commit, IO where it
 * cannot be reached.
 */
export async function commitToRestCatalog(
  request: RestCatalogRequest,
): Promise<RestCatalogOutcome> {
  const state: CommitState = {
    request,
    connection: connectionTo(request.rest),
    metadata: request.metadata,
    isNewest: false,
    reservesIds: true,
    commitCount: 0,
    isReplaced: false,
  }
  const { signal, clock = systemClock } = request
  const backoff = createBackoff({ signal, clock, tryCountMax: TRIES })
  for (;;) {
    throwIfAborted(signal)
    try {
      await bringForward(state)
      return { commitCount: state.commitCount, isReplaced: state.isReplaced }
    } catch (error) {
      await nextTry(backoff, error)
      await takeNewest(state)
    }
  }
}

const TRIES = 8

interface CommitState {
  readonly request: RestCatalogRequest
  readonly connection: RestConnection
  metadata: IcebergMetadata
  /** Whether the metadata was the newest when it was last asked for. */
  isNewest: boolean
  reservesIds: boolean
  commitCount: number
  isReplaced: boolean
}

/** Connections by what they were made of: the configuration and the token of a server serve the commits that follow. */
const connections = new Map<string, RestConnection>()
const CONNECTION_COUNT_MAX = 16

export function connectionTo(rest: RestCatalogSettings): RestConnection {
  const { namespace: _namespace, table: _table, properties: _properties, ...server } = rest
  const key = JSON.stringify(server)
  const connection = connections.get(key) ?? new RestConnection(rest)
  connections.delete(key)
  connections.set(key, connection)
  if (connections.size > CONNECTION_COUNT_MAX) connections.delete(connections.keys().next().value!)
  return connection
}

/** Waits where another look may help, and throws what was thrown where it cannot. */
async function nextTry(backoff: Backoff, error: unknown): Promise<void> {
  const isConflict = error instanceof RestFailure && error.code === 'CONFLICT'
  const passes = error instanceof LakeError && error.retriable
  if ((!isConflict && !passes) || !(await backoff.next())) throw error
}

/** Whether there is newer metadata than what is being committed; then it is taken. */
async function takeNewest(state: CommitState): Promise<boolean> {
  const newest = (await state.request.newest?.()) ?? null
  state.isNewest = true
  if (newest === null || isSameState(newest, state.metadata)) return false
  state.metadata = newest
  return true
}

function isSameState(a: IcebergMetadata, b: IcebergMetadata): boolean {
  return (
    a['last-updated-ms'] === b['last-updated-ms'] &&
    a['current-snapshot-id'] === b['current-snapshot-id'] &&
    a['current-schema-id'] === b['current-schema-id'] &&
    a.snapshots.length === b.snapshots.length &&
    a.snapshots.at(-1)?.['manifest-list'] === b.snapshots.at(-1)?.['manifest-list'] &&
    JSON.stringify(a.refs) === JSON.stringify(b.refs)
  )
}

async function bringForward(state: CommitState): Promise<void> {
  let server = await loadTable(state)
  let before = ''
  for (;;) {
    const target = targetOf(state)
    const step = nextRestStep(server, target)
    if (step.kind === 'done' || isSettled(step, before, target)) return
    if (step.kind !== 'create' && step.isBackwards && !state.isNewest && (await takeNewest(state)))
      continue
    before = stepText(step)
    try {
      server = await take(state, step, target)
    } catch (error) {
      if (!isRefused(error) || !state.reservesIds) throw error
      // A server that cannot remove schemas goes without: only ClickHouse asks for the ids.
      state.reservesIds = false
      server = await loadTable(state)
      before = ''
    }
    state.isNewest = false
  }
}

async function take(
  state: CommitState,
  step: Exclude<RestStep, { kind: 'done' }>,
  target: RestTarget,
): Promise<ServerTable | null> {
  if (step.kind === 'create') return await createTable(state, target)
  return step.kind === 'update' ? await commit(state, step.commit) : await dropTable(state)
}

function isRefused(error: unknown): boolean {
  return error instanceof RestFailure && error.status === 400
}

function stepText(step: RestStep): string {
  return step.kind === 'update' ? printFlatJson(step.commit.updates) : step.kind
}

/**
 * Whether the server took a step and shows the table as if it had not. Properties are its own to say; of anything else the same
 * would be asked for without an end, so that is UNSUPPORTED.
 */
function isSettled(step: RestStep, before: string, target: RestTarget): boolean {
  if (stepText(step) !== before) return false
  if (step.kind === 'update' && step.commit.updates.every(isOfProperties)) return true
  throw new LakeError('UNSUPPORTED', `the Iceberg catalog changes what table ${target.name} is`, {
    hint: 'the server keeps no schemas, snapshots or references as they are committed',
  })
}

function isOfProperties(update: RestCommit['updates'][number]): boolean {
  return update['action'] === 'set-properties'
}

function targetOf(state: CommitState): RestTarget {
  const { metadata, request } = state
  const { rest, metadataPath } = request
  const list = metadata.snapshots.at(-1)?.['manifest-list'] ?? metadataPath
  return {
    metadata,
    metadataDirectory: parentOf(list),
    properties: rest.properties,
    name: `${rest.namespace}.${rest.table}`,
    reservesIds: state.reservesIds,
    nowMs: (request.clock ?? systemClock).now(),
  }
}

async function loadTable(state: CommitState): Promise<ServerTable | null> {
  const answer = await state.connection.request({
    method: 'GET',
    names: tableNames(state),
    query: { snapshots: 'all' },
    ...contextOf(state),
  })
  return answer === null ? null : tableOf(state, answer)
}

/** What was there when it was looked at is no more: looking again tells what to do. */
function goneError(what: string): RestFailure {
  return new RestFailure(404, 'CONFLICT', `${what} of the Iceberg catalog is gone`, {
    retriable: true,
  })
}

/** Staged first, which makes nothing and tells the place that the server chose; then committed, if there is none by now. */
async function createTable(state: CommitState, target: RestTarget): Promise<ServerTable> {
  const { rest } = state.request
  await createNamespace(state)
  const { metadata } = target
  const staged = await state.connection.request({
    method: 'POST',
    names: ['namespaces', rest.namespace, 'tables'],
    body: {
      name: rest.table,
      schema: currentSchema(metadata),
      'partition-spec': metadata['partition-specs'].find(
        (spec) => spec['spec-id'] === metadata['default-spec-id'],
      ),
      'stage-create': true,
      properties: { 'format-version': String(metadata['format-version']) },
    },
    ...contextOf(state),
  })
  if (staged === null) throw goneError(`database ${rest.namespace}`)
  return await commit(state, creation(target, locationOf(staged, target.name)))
}

function locationOf(staged: Json, name: string): string {
  const { metadata } = (staged ?? {}) as { metadata?: { location?: unknown } }
  const location = metadata?.location
  if (typeof location === 'string' && location !== '') return location
  throw new LakeError('UNSUPPORTED', `the Iceberg catalog gave no place to table ${name}`, {
    hint: 'the server must know stage-create',
  })
}

/** Looked for first: who may write to a namespace need not be allowed to make one. */
async function createNamespace(state: CommitState): Promise<void> {
  const { connection, request } = state
  const { rest } = request
  const context = contextOf(state)
  const names = ['namespaces', rest.namespace]
  if ((await connection.request({ method: 'GET', names, ...context })) !== null) return
  try {
    const body = { namespace: [rest.namespace], properties: {} }
    await connection.request({ method: 'POST', names: ['namespaces'], body, ...context })
  } catch (error) {
    if (!(error instanceof RestFailure && error.status === 409)) throw error
  }
}

async function commit(state: CommitState, body: RestCommit): Promise<ServerTable> {
  const { rest } = state.request
  const answer = await state.connection.request({
    method: 'POST',
    names: tableNames(state),
    body: { identifier: { namespace: [rest.namespace], name: rest.table }, ...body },
    ...contextOf(state),
  })
  if (answer === null) throw goneError(`table ${rest.namespace}.${rest.table}`)
  state.commitCount++
  return tableOf(state, answer)
}

/** The files stay: they are Paimon's. */
async function dropTable(state: CommitState): Promise<null> {
  await state.connection.request({
    method: 'DELETE',
    names: tableNames(state),
    query: { purgeRequested: 'false' },
    ...contextOf(state),
  })
  state.isReplaced = true
  return null
}

function contextOf({ request: { signal, clock } }: CommitState): RestContext {
  return { signal, clock }
}

function tableNames({ request: { rest } }: CommitState): string[] {
  return ['namespaces', rest.namespace, 'tables', rest.table]
}

function tableOf(state: CommitState, answer: Json): ServerTable {
  const { rest } = state.request
  return serverTable(answer, `${rest.uri}/v1 (${rest.namespace}.${rest.table})`)
}
