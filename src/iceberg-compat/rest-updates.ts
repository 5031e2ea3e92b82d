/**
 * Requests that change a table of an Iceberg REST catalog: its creation, and the parts that changes are made of.
 *
 * Source: Iceberg's `rest-catalog-open-api.yaml` for updates and requirements.
 */
import { LakeError } from '../util/errors.ts'
import type { IcebergMetadata, IcebergRef, IcebergSchema, IcebergSnapshot } from './metadata.ts'
import { mainSnapshotId, schemaText, type ServerTable } from './rest-table.ts'

export const MAIN = 'main'

export type Update = RestCommit['updates'][number]

export interface RestTarget {
  readonly metadata: IcebergMetadata
  /** Holds the metadata, as the paths in it are written. */
  readonly metadataDirectory: string
  /** Wanted besides those of the metadata. */
  readonly properties: Readonly<Record<string, string>>
  /** Of the table in Iceberg, for messages. */
  readonly name: string
  /** Whether schemas are added that are removed again: older servers cannot remove any. */
  readonly reservesIds: boolean
  readonly nowMs: number
}

export interface RestCommit {
  readonly requirements: readonly Readonly<Record<string, unknown>>[]
  readonly updates: readonly Readonly<Record<string, unknown>>[]
}

/** The request that makes the table, without snapshots: the ids that the server gives to schemas are not known yet. */
export function creation(target: RestTarget, location: string): RestCommit {
  const { metadata } = target
  const spec = metadata['partition-specs'].find(
    (each) => each['spec-id'] === metadata['default-spec-id'],
  )
  const current = currentSchema(metadata)
  const others = distinctSchemas(metadata.schemas).filter(
    (schema) => schemaText(schema) !== schemaText(current),
  )
  // The last one that is added is the current one.
  const added = schemaAdditions(-1, [...others, current], target)
  return {
    requirements: [{ type: 'assert-create' }],
    updates: [
      { action: 'assign-uuid', uuid: metadata['table-uuid'] },
      { action: 'upgrade-format-version', 'format-version': metadata['format-version'] },
      ...added.updates,
      { action: 'set-current-schema', 'schema-id': -1 },
      ...columnIdReserve(added, target),
      { action: 'add-spec', spec },
      { action: 'set-default-spec', 'spec-id': -1 },
      { action: 'add-sort-order', 'sort-order': { 'order-id': 0, fields: [] } },
      { action: 'set-default-sort-order', 'sort-order-id': -1 },
      { action: 'set-location', location },
      { action: 'set-properties', updates: wantedProperties(target) },
    ],
  }
}

export interface SchemaAdditions {
  readonly updates: Update[]
  /** The ids that the server gives to schemas that are there to take a number, and are to be removed again. */
  readonly reserved: number[]
  /** What the server gives to the next one. */
  readonly nextId: number
}

/**
 * Adds schemas, by ascending ids, to a server whose highest id is `highest`. It gives them the ids that follow, and manifests name
 * ours; where ours go on later, because schemas of the same columns are one there, others that are removed again take the ids
 * between. ClickHouse refuses two schemas of one id.
 */
export function schemaAdditions(
  highest: number,
  schemas: readonly IcebergSchema[],
  target: RestTarget,
): SchemaAdditions {
  const updates: Update[] = []
  const reserved: number[] = []
  let nextId = highest + 1
  for (const schema of schemas) {
    for (; target.reservesIds && nextId < schema['schema-id']; nextId++) {
      updates.push(placeholder(nextId, target.metadata))
      reserved.push(nextId)
    }
    updates.push({ action: 'add-schema', schema })
    nextId++
  }
  return { updates, reserved, nextId }
}

/** The update that takes away what was there to take a number; none where nothing was. */
export function removalOf(reserved: readonly number[]): Update[] {
  return reserved.length === 0 ? [] : [{ action: 'remove-schemas', 'schema-ids': reserved }]
}

/**
 * Data files of primary key tables have columns of high ids that no schema has, and ClickHouse refuses them where the highest id of
 * the table is lower. No update says that number itself, so a schema with such a column comes and goes.
 */
function columnIdReserve({ reserved, nextId }: SchemaAdditions, target: RestTarget): Update[] {
  const { metadata, reservesIds } = target
  const highest = Math.max(...currentSchema(metadata).fields.map(({ id }) => id))
  if (!reservesIds || metadata['last-column-id'] <= highest) return removalOf(reserved)
  return [placeholder(nextId, metadata), ...removalOf([...reserved, nextId])]
}

/** A schema that is unlike any other: servers keep one of those that are alike. */
function placeholder(schemaId: number, metadata: IcebergMetadata): Update {
  const id = metadata['last-column-id']
  const field = { id, name: `reserved_${schemaId}`, required: false, type: 'boolean' }
  return {
    action: 'add-schema',
    schema: { type: 'struct', 'schema-id': schemaId, fields: [field] },
  }
}

/** The first of those that have the same columns. */
export function distinctSchemas(schemas: readonly IcebergSchema[]): IcebergSchema[] {
  const byText = new Map<string, IcebergSchema>()
  for (const schema of schemas.toSorted((a, b) => a['schema-id'] - b['schema-id'])) {
    const text = schemaText(schema)
    if (!byText.has(text)) byText.set(text, schema)
  }
  return [...byText.values()]
}

export function currentSchema(metadata: IcebergMetadata): IcebergSchema {
  const current = metadata.schemas.find(
    (schema) => schema['schema-id'] === metadata['current-schema-id'],
  )
  if (current === undefined) throw new LakeError('CORRUPT', 'the metadata has no current schema')
  return current
}

/** What must still be as it was when the updates were chosen. */
export function requirementsOf(
  server: ServerTable,
  updates: readonly Update[],
): RestCommit['requirements'] {
  const requirements: Record<string, unknown>[] = [
    { type: 'assert-table-uuid', uuid: server['table-uuid'] },
    { type: 'assert-ref-snapshot-id', ref: MAIN, 'snapshot-id': mainSnapshotId(server) },
  ]
  const actions = new Set(updates.map((update) => update['action']))
  if (actions.has('add-schema'))
    requirements.push({
      type: 'assert-last-assigned-field-id',
      'last-assigned-field-id': server['last-column-id'],
    })
  if (actions.has('set-current-schema'))
    requirements.push({
      type: 'assert-current-schema-id',
      'current-schema-id': server['current-schema-id'],
    })
  for (const update of updates) {
    const name = update['ref-name']
    if (update['action'] !== 'set-snapshot-ref' || typeof name !== 'string' || name === MAIN)
      continue
    requirements.push({
      type: 'assert-ref-snapshot-id',
      ref: name,
      'snapshot-id': server.refs[name]?.['snapshot-id'] ?? null,
    })
  }
  return requirements
}

export function addSnapshot(
  snapshot: IcebergSnapshot,
  schemaIds: ReadonlyMap<number, number>,
): Update {
  const { 'schema-id': ours, ...others } = snapshot
  const schemaId = ours === undefined ? undefined : schemaIds.get(ours)
  return {
    action: 'add-snapshot',
    snapshot: schemaId === undefined ? others : { ...others, 'schema-id': schemaId },
  }
}

export function setRef(name: string, ref: IcebergRef): Update {
  return { action: 'set-snapshot-ref', 'ref-name': name, ...ref }
}

export function wantedProperties(target: RestTarget): Record<string, string> {
  return { ...target.metadata.properties, ...target.properties }
}
