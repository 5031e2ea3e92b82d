/** `$snapshots`: the snapshots that have not expired. Follows the Java class `SnapshotsTable`. */
import type { Snapshot } from '../../snapshot/snapshot.ts'
import { column, long, type SystemColumn, type SystemSource } from './columns.ts'

const COLUMNS: readonly SystemColumn<Snapshot>[] = [
  column('snapshot_id', 'BIGINT NOT NULL', ({ id }) => BigInt(id)),
  column('schema_id', 'BIGINT NOT NULL', ({ schemaId }) => BigInt(schemaId)),
  column('commit_user', 'STRING NOT NULL', ({ commitUser }) => commitUser),
  column('commit_identifier', 'BIGINT NOT NULL', ({ commitIdentifier }) => commitIdentifier),
  column('commit_kind', 'STRING NOT NULL', ({ commitKind }) => commitKind),
  column('commit_time', 'TIMESTAMP(3) NOT NULL', ({ timeMillis }) => BigInt(timeMillis)),
  column('base_manifest_list', 'STRING NOT NULL', ({ baseManifestList }) => baseManifestList),
  column('delta_manifest_list', 'STRING NOT NULL', ({ deltaManifestList }) => deltaManifestList),
  column('changelog_manifest_list', 'STRING', (snapshot) => snapshot.changelogManifestList ?? null),
  column('total_record_count', 'BIGINT', ({ totalRecordCount }) => long(totalRecordCount)),
  column('delta_record_count', 'BIGINT', ({ deltaRecordCount }) => long(deltaRecordCount)),
  column('changelog_record_count', 'BIGINT', (snapshot) => long(snapshot.changelogRecordCount)),
  column('watermark', 'BIGINT', ({ watermark }) => watermark ?? null),
  column('next_row_id', 'BIGINT', ({ nextRowId }) => nextRowId ?? null),
]

export const SNAPSHOTS: SystemSource<Snapshot> = {
  columns: COLUMNS,
  items: ({ store, signal }) => store.snapshots.all({ signal }),
}
