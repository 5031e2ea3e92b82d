/** What a client is told of a table: its Iceberg metadata, as the file has it. */
import type { IcebergMetadata } from '../../iceberg-compat/metadata.ts'
import { printFlatJson } from '../../util/json.ts'
import type { ServedTable } from './tables.ts'

/** `LoadTableResult` of the REST catalog specification, as JSON: with all snapshots, or with those that refs name. */
export function tableText(
  { metadataPath, metadata }: ServedTable,
  snapshots: 'all' | 'refs',
): string {
  const whole = withMain(metadata)
  const told = snapshots === 'all' ? whole : withReferenced(whole)
  return printFlatJson({ 'metadata-location': metadataPath, metadata: told, config: {} })
}

/** Files may leave out the branch that `current-snapshot-id` names; clients refuse it in what a catalog tells them. */
function withMain(metadata: IcebergMetadata): IcebergMetadata {
  const id = metadata['current-snapshot-id']
  if (id < 0 || Object.hasOwn(metadata.refs, 'main')) return metadata
  return {
    ...metadata,
    refs: { main: { 'snapshot-id': id, type: 'branch' }, ...metadata.refs },
  }
}

function withReferenced(metadata: IcebergMetadata): IcebergMetadata {
  const ids = new Set(Object.values(metadata.refs).map((ref) => ref['snapshot-id']))
  return {
    ...metadata,
    snapshots: metadata.snapshots.filter((snapshot) => ids.has(snapshot['snapshot-id'])),
  }
}
