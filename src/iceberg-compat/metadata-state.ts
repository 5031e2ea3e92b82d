/** The table metadata of one version from its parts: a pure step. */
import { isDeepStrictEqual } from 'node:util'

import type { Snapshot } from '../snapshot/snapshot.ts'
import { parseJson } from '../util/json.ts'
import type { CurrentIceberg } from './current.ts'
import type { DerivedSnapshot } from './derive.ts'
import { DELTA_NAME, FORM, formOf, type PaimonHistory } from './history.ts'
import {
  type IcebergMetadata,
  icebergMetadataText,
  type IcebergPartitionSpec,
  type IcebergSchema,
  type IcebergSnapshot,
} from './metadata.ts'
import type { IcebergSettings } from './settings.ts'

export interface MetadataParts {
  readonly settings: IcebergSettings
  readonly history: PaimonHistory
  readonly tableUuid: string
  readonly location: string
  readonly schemas: readonly IcebergSchema[]
  readonly currentSchemaId: number
  readonly spec: IcebergPartitionSpec
  readonly lastColumnId: number
  readonly nameMapping: string
  /** Ascending. */
  readonly snapshots: readonly IcebergSnapshot[]
  readonly nextRowId: bigint
  /** The metadata before, whose log goes on; null for the first. */
  readonly base: CurrentIceberg | null
  readonly nowMs: number
}

const NO_SORT_ORDER = { 'order-id': 0, fields: [] } as const
/** What an unpartitioned table has, as in Iceberg's `PartitionSpec`. */
const LAST_PARTITION_ID_MIN = 999

export function metadataOf(parts: MetadataParts, version: number): IcebergMetadata {
  const { settings, snapshots, spec, base } = parts
  const last = snapshots.at(-1)!
  const log = snapshotLog(snapshots)
  const updatedMs = Math.max(
    parts.nowMs,
    log.at(-1)!['timestamp-ms'],
    base?.metadata['last-updated-ms'] ?? 0,
  )
  return {
    'format-version': settings.formatVersion,
    'table-uuid': parts.tableUuid,
    location: parts.location,
    'last-sequence-number': last['sequence-number'],
    'last-updated-ms': updatedMs,
    'last-column-id': parts.lastColumnId,
    schemas: parts.schemas,
    'current-schema-id': parts.currentSchemaId,
    'partition-specs': [spec],
    'default-spec-id': spec['spec-id'],
    'last-partition-id': Math.max(
      LAST_PARTITION_ID_MIN,
      ...spec.fields.map((field) => field['field-id']),
    ),
    'sort-orders': [NO_SORT_ORDER],
    'default-sort-order-id': 0,
    properties: {
      'schema.name-mapping.default': parts.nameMapping,
    },
    'current-snapshot-id': last['snapshot-id'],
    snapshots,
    refs: refsOf(parts),
    'snapshot-log': log,
    'metadata-log': metadataLog(parts, version),
    ...(settings.formatVersion === 3 ? { 'next-row-id': parts.nextRowId } : {}),
  }
}

/** Whether two versions say the same, but for when they were written. */
export function isSameMetadata(a: IcebergMetadata, b: IcebergMetadata): boolean {
  return isDeepStrictEqual(comparable(a), comparable(b))
}

function comparable(metadata: IcebergMetadata): unknown {
  const timeless = { ...metadata, 'last-updated-ms': 0 }
  return parseJson(icebergMetadataText(timeless))
}

/** Tags whose snapshots are shown. `main` is what Iceberg calls the table itself. */
function refsOf({ history, snapshots }: MetadataParts): IcebergMetadata['refs'] {
  const shown = new Set(snapshots.map((entry) => entry['snapshot-id']))
  const tags = [...history.tags].filter(([name, { id }]) => name !== 'main' && shown.has(id))
  return Object.fromEntries(
    tags.map(([name, { id }]) => [name, { 'snapshot-id': id, type: 'tag' }]),
  )
}

/** When each snapshot became the table's state; readers want times that never go back, which clocks of several writers may. */
function snapshotLog(snapshots: readonly IcebergSnapshot[]): IcebergMetadata['snapshot-log'] {
  let timestamp = 0
  return snapshots.map((entry) => {
    timestamp = Math.max(timestamp, entry['timestamp-ms'])
    return { 'snapshot-id': entry['snapshot-id'], 'timestamp-ms': timestamp }
  })
}

function metadataLog(
  { base, settings }: MetadataParts,
  version: number,
): IcebergMetadata['metadata-log'] {
  if (base === null) return []
  const before = base.metadata['metadata-log']
  if (base.version === version) return before
  const entry = {
    'metadata-file': base.path,
    'timestamp-ms': base.metadata['last-updated-ms'],
  }
  return [...before, entry].slice(Math.max(0, before.length + 1 - settings.previousVersions))
}

/** The entry of a derived snapshot. `parentId` is that of the snapshot shown before it. */
export function snapshotEntry(
  snapshot: Snapshot,
  derived: DerivedSnapshot,
  place: {
    readonly manifestList: string
    readonly parentId: number | null
    readonly firstRowId: bigint | null
    readonly isKeyed: boolean
    readonly settings: IcebergSettings
  },
): IcebergSnapshot {
  const { firstRowId, parentId } = place
  return {
    'sequence-number': snapshot.id,
    'snapshot-id': snapshot.id,
    ...(parentId === null ? {} : { 'parent-snapshot-id': parentId }),
    'timestamp-ms': snapshot.timeMillis,
    summary: {
      operation: operationOf(snapshot, derived, place.isKeyed),
      [DELTA_NAME]: snapshot.deltaManifestList,
      [FORM]: formOf(place.settings),
      ...countsOf(derived),
    },
    'manifest-list': place.manifestList,
    'schema-id': snapshot.schemaId,
    ...(firstRowId === null
      ? {}
      : { 'first-row-id': firstRowId, 'added-rows': derived.nextRowId - firstRowId }),
  }
}

/** Incremental readers pass over `replace`: the rows are what they were. */
function operationOf(
  { commitKind }: Snapshot,
  { addedFiles, removedFiles, hasDeleteChanges }: DerivedSnapshot,
  isKeyed: boolean,
): string {
  if (removedFiles === 0 && !hasDeleteChanges) return 'append'
  if (commitKind === 'COMPACT' && !isKeyed) return 'replace'
  return addedFiles === 0 ? 'delete' : 'overwrite'
}

function countsOf(derived: DerivedSnapshot): Record<string, string> {
  const live = (content: number, of: 'Files' | 'Rows'): number =>
    derived.manifests
      .filter((manifest) => manifest.content === content)
      .reduce((sum, manifest) => sum + manifest[`added${of}`] + manifest[`existing${of}`], 0)
  return {
    'added-data-files': String(derived.addedFiles),
    'added-records': String(derived.addedRows),
    'deleted-data-files': String(derived.removedFiles),
    'deleted-records': String(derived.removedRows),
    'total-data-files': String(live(0, 'Files')),
    'total-records': String(live(0, 'Rows')),
    'total-delete-files': String(live(1, 'Files')),
    'total-position-deletes': String(live(1, 'Rows')),
    'total-equality-deletes': '0',
  }
}
