/** `$statistics`: what ANALYZE found out about the table. Follows the Java class `StatisticTable`. */
import { readStatistics, type TableStatistics } from '../../snapshot/statistics.ts'
import { printJson } from '../../util/json.ts'
import { readState } from '../plan/time-travel.ts'
import { column, long, type SystemSource } from './columns.ts'

export const STATISTICS: SystemSource<TableStatistics> = {
  columns: [
    column('snapshot_id', 'BIGINT NOT NULL', ({ snapshotId }) => long(snapshotId)),
    column('schema_id', 'BIGINT NOT NULL', ({ schemaId }) => long(schemaId)),
    column('mergedRecordCount', 'BIGINT', ({ mergedRecordCount }) => mergedRecordCount),
    column('mergedRecordSize', 'BIGINT', ({ mergedRecordSize }) => mergedRecordSize),
    column('colstat', 'STRING', ({ colStats }) => printJson(colStats)),
  ],
  async *items({ store, schema: latest, options, signal }) {
    const { snapshot } = await readState(store, latest, options, signal)
    const statistics = snapshot && (await readStatistics(store, snapshot, { signal }))
    if (statistics !== null) yield statistics
  },
}
