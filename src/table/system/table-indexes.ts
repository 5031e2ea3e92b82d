/** `$table_indexes`: the index files of a snapshot. Follows the Java class `TableIndexesTable`. */
import type { DeletionVectorRange, IndexManifestEntry } from '../../snapshot/index-manifest.ts'
import { type InternalValue, utf8 } from '../../types/internal-value.ts'
import { partitionFields } from '../../types/schema-keys.ts'
import { readState } from '../plan/time-travel.ts'
import { column, long, type SystemSource } from './columns.ts'
import { perPartition, rowText } from './partition-text.ts'

interface IndexItem {
  readonly entry: IndexManifestEntry
  readonly partitionText: (partition: Uint8Array) => string
}

const RANGE =
  'ROW<`f0` STRING NOT NULL, `f1` INT NOT NULL, `f2` INT NOT NULL, `_CARDINALITY` BIGINT>'

export const TABLE_INDEXES: SystemSource<IndexItem> = {
  columns: [
    column('partition', 'STRING', ({ entry, partitionText }) => partitionText(entry.partition)),
    column('bucket', 'INT NOT NULL', ({ entry }) => entry.bucket),
    column('index_type', 'STRING NOT NULL', ({ entry }) => entry.indexFile.indexType),
    column('file_name', 'STRING NOT NULL', ({ entry }) => entry.indexFile.fileName),
    column('file_size', 'BIGINT NOT NULL', ({ entry }) => long(entry.indexFile.fileSize)),
    column('row_count', 'BIGINT NOT NULL', ({ entry }) => long(entry.indexFile.rowCount)),
    column(
      'dv_ranges',
      `ARRAY<${RANGE}>`,
      ({ entry }) => entry.indexFile.deletionVectors?.map(rangeValue) ?? null,
    ),
  ],
  async *items({ store, schema: latest, options, signal }) {
    const { snapshot, schema } = await readState(store, latest, options, signal)
    if (snapshot === null) return
    const fields = partitionFields(schema)
    const partitionText = perPartition(fields, (values) => rowText(fields, values))
    const entries = await store.manifests.readIndexEntries(snapshot, { signal })
    for (const entry of entries) yield { entry, partitionText }
  },
}

function rangeValue(range: DeletionVectorRange): InternalValue {
  const { dataFileName, offset, length, cardinality } = range
  return [utf8(dataFileName), offset, length, long(cardinality)]
}
