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
  const schemas = new Map(metadata.schemas.map((schema) => [schemaText(schema), schema]))
  // The last one that is added is the current one.
  schemas.delete(schemaText(current))
  return {
    requirements: [{ type: 'assert-create' }],
    updates: [
      { action: 'assign-uuid', uuid: metadata['table-uuid'] },
      { action: 'upgrade-format-version', 'format-version': metadata['format-version'] },
      ...[...schemas.values(), current].map((schema) => addSchema(schema)),
      { action: 'set-current-schema', 'schema-id': -1 },
      { action: 'add-spec', spec },
      { action: 'set-default-spec', 'spec-id': -1 },
      { action: 'add-sort-order', 'sort-order': { 'order-id': 0, fields: [] } },
      { action: 'set-default-sort-order', 'sort-order-id': -1 },
      { action: 'set-location', location },
      { action: 'set-properties', updates: wantedProperties(target) },
    ],
  }
}

/**
 * The request that raises the highest column id of a new table to ours; null where it is there. Data files of primary key tables
 * have columns of high ids that no schema has, and ClickHouse refuses them otherwise. No update says the number itself, so a
 * schema with such a column comes and goes.
 */
export function columnIdReserve(server: ServerTable, metadata: IcebergMetadata): RestCommit | null {
  const id = metadata['last-column-id']
  if (server['last-column-id'] >= id) return null
  const schemaId = 1 + Math.max(...server.schemas.map((schema) => schema['schema-id']))
  const field = { id, name: 'reserved', required: false, type: 'boolean' }
  return {
    requirements: [{ type: 'assert-table-uuid', uuid: server['table-uuid'] }],
    updates: [
      {
        action: 'add-schema',
        schema: { type: 'struct', 'schema-id': schemaId, fields: [field] },
        'last-column-id': id,
      },
      { action: 'remove-schemas', 'schema-ids': [schemaId] },
    ],
  }
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

export function addSchema(schema: IcebergSchema): Update {
  return { action: 'add-schema', schema }
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
