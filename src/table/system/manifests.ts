/** `$manifests`: the manifests of a snapshot. Follows the Java class `ManifestsTable`. */
import type { ManifestFileMeta } from '../../snapshot/manifest-list.ts'
import type { DataField } from '../../types/data-type.ts'
import { decodePartition } from '../../types/partition.ts'
import { partitionFields } from '../../types/schema-keys.ts'
import { decoding } from '../../util/errors.ts'
import { readState } from '../plan/time-travel.ts'
import { column, long, type SystemSource } from './columns.ts'
import { rowText } from './partition-text.ts'

interface ManifestItem {
  readonly meta: ManifestFileMeta
  readonly partitionFields: readonly DataField[]
}

export const MANIFESTS: SystemSource<ManifestItem> = {
  columns: [
    column('file_name', 'STRING NOT NULL', ({ meta }) => meta.fileName),
    column('file_size', 'BIGINT NOT NULL', ({ meta }) => long(meta.fileSize)),
    column('num_added_files', 'BIGINT NOT NULL', ({ meta }) => long(meta.numAddedFiles)),
    column('num_deleted_files', 'BIGINT NOT NULL', ({ meta }) => long(meta.numDeletedFiles)),
    column('schema_id', 'BIGINT NOT NULL', ({ meta }) => long(meta.schemaId)),
    column('min_partition_stats', 'STRING', (item) => boundText(item, 'minValues')),
    column('max_partition_stats', 'STRING', (item) => boundText(item, 'maxValues')),
    column('min_row_id', 'BIGINT', ({ meta }) => meta.minRowId),
    column('max_row_id', 'BIGINT', ({ meta }) => meta.maxRowId),
  ],
  async *items({ store, schema: latest, options, signal }) {
    const { snapshot, schema } = await readState(store, latest, options, signal)
    if (snapshot === null) return
    const fields = partitionFields(schema)
    const lists = [
      store.manifests.readDataManifests(snapshot, { signal }),
      store.manifests.readChangelogManifests(snapshot, { signal }),
    ]
    for (const metas of await Promise.all(lists))
      for (const meta of metas) yield { meta, partitionFields: fields }
  },
}

function boundText(item: ManifestItem, bound: 'minValues' | 'maxValues'): string {
  const { meta, partitionFields: fields } = item
  const bytes = meta.partitionStats[bound]
  return decoding(meta.fileName, () => rowText(fields, decodePartition(fields, bytes)))
}
