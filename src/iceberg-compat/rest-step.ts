/**
 * What brings the table of an Iceberg REST catalog to our metadata: chosen from the two alone, one request at a time.
 *
 * 1. Another table under the name is refused, and so is one that others have written to.
 * 2. A table of ours that cannot be brought there by changes (snapshots were rolled back and written anew, the metadata was
 *    rebuilt) is replaced: sequence numbers only grow on a server.
 * 3. Schemas come first, for the server gives them their ids; then snapshots, oldest first, each in a request of its own, for a
 *    server's log has only the last of a request; with the last one everything else.
 *
 * Source: `TableMetadata.Builder` of Iceberg for what servers check.
 */
import { LakeError } from '../util/errors.ts'
import type { IcebergMetadata, IcebergRef, IcebergSnapshot } from './metadata.ts'
import {
  hasOurSpec,
  isOfTable,
  isSameSnapshot,
  mainSnapshotId,
  type ServerSnapshot,
  serverSchemaIds,
  type ServerTable,
} from './rest-table.ts'
import {
  addSnapshot,
  distinctSchemas,
  MAIN,
  removalOf,
  requirementsOf,
  type RestCommit,
  type RestTarget,
  schemaAdditions,
  setRef,
  type Update,
  wantedProperties,
} from './rest-updates.ts'

/** `isBackwards` where it takes away what the server shows, which newer metadata than ours may have put there. */
export type RestStep =
  | { readonly kind: 'done' }
  | { readonly kind: 'create' }
  | { readonly kind: 'replace'; readonly isBackwards: true }
  | { readonly kind: 'update'; readonly commit: RestCommit; readonly isBackwards: boolean }

/** So many snapshots at most get a request of their own, the newest; those before them share one. */
const LOGGED_SNAPSHOTS = 32
/** Iceberg's servers bear a minute. */
const CLOCK_SKEW_MS = 30_000

/** EXISTS where the server's table is another one; CONFLICT where others have written to it. */
export function nextRestStep(server: ServerTable | null, target: RestTarget): RestStep {
  if (server === null) return { kind: 'create' }
  requireOurs(server, target)
  const theirs = new Map(
    server.snapshots.map((snapshot) => [String(snapshot['snapshot-id']), snapshot]),
  )
  const missing = missingSnapshots(server, theirs, target.metadata)
  const isReplaced =
    missing === null ||
    server['table-uuid'] !== target.metadata['table-uuid'] ||
    server['format-version'] > target.metadata['format-version'] ||
    !hasOurSpec(server, target.metadata)
  if (isReplaced) return { kind: 'replace', isBackwards: true }

  const schemas = schemasToAdd(server, target)
  if (schemas !== null) return updateStep(server, schemas, false)
  const updates = updatesOf(server, theirs, missing, target)
  if (updates.length === 0) return { kind: 'done' }
  const main = mainSnapshotId(server)
  const isKnown = target.metadata.snapshots.some(
    (ours) => String(ours['snapshot-id']) === String(main),
  )
  return updateStep(server, updates, main !== null && !isKnown)
}

function updateStep(server: ServerTable, updates: Update[], isBackwards: boolean): RestStep {
  return {
    kind: 'update',
    commit: { requirements: requirementsOf(server, updates), updates },
    isBackwards,
  }
}

/**
 * Every snapshot there was written for this table: it lies where the table's metadata does, or did under the same id of the
 * table; Paimon's snapshots have equal ids and sequence numbers, those of other writers random ids.
 */
function requireOurs(server: ServerTable, target: RestTarget): void {
  const isSameTable = server['table-uuid'] === target.metadata['table-uuid']
  const foreign = server.snapshots.find(
    (snapshot) =>
      !isOfTable(snapshot, target.metadataDirectory) &&
      !(isSameTable && BigInt(snapshot['snapshot-id']) === BigInt(snapshot['sequence-number'])),
  )
  if (foreign === undefined && (isSameTable || server.snapshots.length > 0)) return
  if (!isSameTable)
    throw new LakeError('EXISTS', `the Iceberg catalog has another table ${target.name}`, {
      hint: 'set metadata.iceberg.table to another name, or drop the table there (without purge)',
    })
  throw new LakeError(
    'CONFLICT',
    `another program wrote snapshot ${String(foreign!['snapshot-id'])} of table ${target.name} in the Iceberg catalog`,
    {
      hint: 'Iceberg shows a Paimon table, and is not written to: drop the table there (without purge), and it is made anew',
    },
  )
}

/** Our snapshots that can be added; null where one that is needed no longer can be, or where one of that id is another. */
function missingSnapshots(
  server: ServerTable,
  theirs: ReadonlyMap<string, ServerSnapshot>,
  metadata: IcebergMetadata,
): IcebergSnapshot[] | null {
  const last = BigInt(server['last-sequence-number'])
  const missing: IcebergSnapshot[] = []
  let newestCommon = -1
  for (const ours of metadata.snapshots) {
    const there = theirs.get(String(ours['snapshot-id']))
    if (there === undefined) missing.push(ours)
    else if (isSameSnapshot(there, ours))
      newestCommon = Math.max(newestCommon, ours['sequence-number'])
    else return null
  }
  const addable = missing.filter((ours) => BigInt(ours['sequence-number']) > last)
  const lost = missing.filter((ours) => BigInt(ours['sequence-number']) <= last)
  // One that the server has dropped, older than what both have, can stay away; readers go on without it.
  const isNeeded = lost.some(
    (ours) =>
      ours['sequence-number'] > newestCommon ||
      ours['snapshot-id'] === metadata['current-snapshot-id'],
  )
  return isNeeded ? null : addable.toSorted((a, b) => a['sequence-number'] - b['sequence-number'])
}

/** Null where the server has all our schemas. */
function schemasToAdd(server: ServerTable, target: RestTarget): Update[] | null {
  const { metadata } = target
  const ids = serverSchemaIds(server, metadata)
  const schemas = metadata.schemas.filter((schema) => !ids.has(schema['schema-id']))
  if (schemas.length === 0) return null
  const highest = Math.max(...server.schemas.map((schema) => schema['schema-id']))
  const added = schemaAdditions(highest, distinctSchemas(schemas), target)
  return [...upgradeOf(server, metadata), ...added.updates, ...removalOf(added.reserved)]
}

function upgradeOf(server: ServerTable, metadata: IcebergMetadata): Update[] {
  const version = metadata['format-version']
  return server['format-version'] < version
    ? [{ action: 'upgrade-format-version', 'format-version': version }]
    : []
}

/** The next snapshots; and with the last of them whatever else differs. */
function updatesOf(
  server: ServerTable,
  theirs: ReadonlyMap<string, ServerSnapshot>,
  missing: readonly IcebergSnapshot[],
  target: RestTarget,
): Update[] {
  const { metadata } = target
  const schemaIds = serverSchemaIds(server, metadata)
  const count = Math.max(1, missing.length - LOGGED_SNAPSHOTS + 1)
  const group = missing.slice(0, count)
  const updates: Update[] = [
    ...upgradeOf(server, metadata),
    ...group.map((snapshot) => addSnapshot(snapshot, schemaIds)),
  ]
  // A server logs them by their own time where they are current at once, and else by its clock.
  if (group.length > 0 && isOutOfTime(group.at(-1)!, server, target)) return updates
  if (missing.length > count) {
    const newest = group.at(-1)!['snapshot-id']
    return [...updates, setRef(MAIN, { 'snapshot-id': newest, type: 'branch' })]
  }
  const schemaId = schemaIds.get(metadata['current-schema-id'])
  if (schemaId !== undefined && schemaId !== server['current-schema-id'])
    updates.push({ action: 'set-current-schema', 'schema-id': schemaId })
  const there = new Set([...theirs.keys(), ...group.map((each) => String(each['snapshot-id']))])
  updates.push(...refUpdates(server, there, metadata))
  const ours = new Set(metadata.snapshots.map((each) => String(each['snapshot-id'])))
  const gone = server.snapshots.filter((each) => !ours.has(String(each['snapshot-id'])))
  if (gone.length > 0)
    updates.push({
      action: 'remove-snapshots',
      'snapshot-ids': gone.map((each) => each['snapshot-id']),
    })
  const properties = Object.entries(wantedProperties(target)).filter(
    ([name, value]) => server.properties[name] !== value,
  )
  if (properties.length > 0)
    updates.push({ action: 'set-properties', updates: Object.fromEntries(properties) })
  return updates
}

/** Whether the clock that a snapshot was written by differs from others, so that a server would refuse it in its log. */
function isOutOfTime(
  snapshot: IcebergSnapshot,
  server: ServerTable,
  { nowMs }: RestTarget,
): boolean {
  const timeMs = snapshot['timestamp-ms']
  const logged = server['snapshot-log'].at(-1)?.['timestamp-ms'] ?? 0
  return timeMs + CLOCK_SKEW_MS < Number(logged) || timeMs > nowMs + CLOCK_SKEW_MS
}

/** The branch first, so that nothing is gone that it still shows. Tags that Paimon does not have go. */
function refUpdates(
  server: ServerTable,
  there: ReadonlySet<string>,
  metadata: IcebergMetadata,
): Update[] {
  const wanted = new Map<string, IcebergRef>()
  const current = metadata['current-snapshot-id']
  if (current !== -1) wanted.set(MAIN, { 'snapshot-id': current, type: 'branch' })
  for (const [name, ref] of Object.entries(metadata.refs)) {
    if (name !== MAIN && there.has(String(ref['snapshot-id']))) wanted.set(name, ref)
  }
  const set = [...wanted]
    .filter(([name, ref]) => !isSameRef(server.refs[name], ref))
    .map(([name, ref]) => setRef(name, ref))
  const removed = Object.keys(server.refs)
    .filter((name) => !wanted.has(name))
    .map((name) => ({ action: 'remove-snapshot-ref', 'ref-name': name }))
  return [...set, ...removed]
}

function isSameRef(theirs: ServerTable['refs'][string] | undefined, ours: IcebergRef): boolean {
  return (
    theirs !== undefined &&
    String(theirs['snapshot-id']) === String(ours['snapshot-id']) &&
    theirs.type === ours.type &&
    String(theirs['max-ref-age-ms'] ?? '') === String(ours['max-ref-age-ms'] ?? '')
  )
}
