/** What of a table its Iceberg metadata tells: its history, and its schemas. */
import { parentOf } from '../io/path.ts'
import { snapshotsByTag } from '../snapshot/kept-by-tags.ts'
import type { TableStore } from '../snapshot/table-store.ts'
import type { TableSchema } from '../types/schema-file.ts'
import { partitionFields } from '../types/schema-keys.ts'
import { mapAll } from '../util/async.ts'
import { LakeError } from '../util/errors.ts'
import { requireCarried } from './carried.ts'
import { clientPath } from './data-file.ts'
import type { PaimonHistory } from './history.ts'
import type { ManifestForm } from './manifest-rows.ts'
import type { MetadataParts } from './metadata-state.ts'
import type { IcebergSchema } from './metadata.ts'
import { nameMapping } from './name-mapping.ts'
import { icebergSchema, lastColumnId, partitionSpec } from './schema.ts'
import type { IcebergSettings } from './settings.ts'

/** The snapshots and tags; null for a table without snapshots. */
export async function readHistory(
  store: TableStore,
  signal: AbortSignal | undefined,
): Promise<PaimonHistory | null> {
  const [range, tags] = await Promise.all([
    store.snapshots.range({ signal }),
    snapshotsByTag(store, { signal }),
  ])
  if (range === null) return null
  const latest = await store.snapshots.read(range.latest, { signal })
  return { latest, earliestId: range.earliest, tags }
}

export interface ShownSchemas {
  /** The latest, with the options of the object that commits. */
  readonly latest: TableSchema
  /** The ids of the schemas that Iceberg can carry. */
  readonly carriedIds: ReadonlySet<number>
  readonly location: string
  readonly parts: Pick<
    MetadataParts,
    'schemas' | 'currentSchemaId' | 'spec' | 'lastColumnId' | 'nameMapping'
  >
  readonly form: ManifestForm
}

const READS_AT_ONCE = 8

/** All schemas. UNSUPPORTED where Iceberg cannot carry the latest; older ones that it cannot carry are left out. */
export async function readSchemas(
  store: TableStore,
  { options }: TableSchema,
  settings: IcebergSettings,
  signal: AbortSignal | undefined,
): Promise<ShownSchemas> {
  const ids = await store.schemas.ids({ signal })
  const all = await mapAll(ids, READS_AT_ONCE, (id) => store.schemas.read(id, { signal }))
  const latest = { ...all.at(-1)!, options }
  requireCarried(latest)
  const current = icebergSchema(latest)
  const older = all.slice(0, -1).flatMap((schema) => {
    const carried = carriedOrNull(schema)
    return carried === null ? [] : [{ schema, carried }]
  })
  const schemas = [...older.map(({ carried }) => carried), current]
  const spec = partitionSpec(latest)
  const known = [...older.map(({ schema }) => schema), latest]
  return {
    latest,
    carriedIds: new Set(schemas.map((schema) => schema['schema-id'])),
    // ClickHouse takes paths below it as relative to the directory that it is given, which is the one that holds the metadata.
    location: clientPath(parentOf(settings.metadataDirectory)),
    parts: {
      schemas,
      currentSchemaId: latest.id,
      spec,
      lastColumnId: lastColumnId(known),
      nameMapping: nameMapping(known),
    },
    form: {
      schema: current,
      spec,
      partitionFields: partitionFields(latest),
      formatVersion: settings.formatVersion,
      codec: settings.codec,
      targetBytes: settings.manifestTargetBytes,
    },
  }
}

function carriedOrNull(schema: TableSchema): IcebergSchema | null {
  try {
    return icebergSchema(schema)
  } catch (error) {
    if (error instanceof LakeError && error.code === 'UNSUPPORTED') return null
    throw error
  }
}
