/** Options of the Iceberg metadata that is written beside snapshots. */
import { boolean, integer, oneOf, text } from './codec.ts'
import { DONE, none, only, write } from './spec.ts'

export const ICEBERG_OPTIONS = {
  'metadata.iceberg.storage': write(
    oneOf('disabled', 'table-location', 'hadoop-catalog', 'hive-catalog', 'rest-catalog'),
    'disabled',
    'Whether Iceberg metadata is written, and for which catalog.',
    only('disabled', 'table-location', 'hadoop-catalog', 'rest-catalog'),
  ),
  'metadata.iceberg.storage-location': none(
    oneOf('table-location', 'catalog-location'),
    null,
    'Where it is written; unset: as the storage says.',
    DONE,
  ),
  'metadata.iceberg.format-version': none(
    integer(),
    '2',
    'Version of the Iceberg format: 2 or 3.',
    DONE,
  ),
  'metadata.iceberg.compaction.min.file-num': none(
    integer(),
    '10',
    'Iceberg manifests that are merged once they are large enough.',
    DONE,
  ),
  'metadata.iceberg.compaction.max.file-num': none(
    integer(),
    '50',
    'Iceberg manifests that are merged in any case.',
    DONE,
  ),
  'metadata.iceberg.delete-after-commit.enabled': none(
    boolean,
    'true',
    'Whether older Iceberg metadata is deleted.',
    DONE,
  ),
  'metadata.iceberg.previous-versions-max': none(
    integer(0),
    '5',
    'Older Iceberg metadata files that are kept. Java keeps none unless told.',
    DONE,
  ),
  'metadata.iceberg.manifest-compression': none(
    text,
    'deflate',
    'Compression of Iceberg manifests: `deflate` and `none` are what all clients read. Java takes snappy unless told.',
    DONE,
  ),
  'metadata.iceberg.manifest-legacy-version': none(
    boolean,
    'false',
    'Whether Iceberg manifests have the form that older readers expect.',
  ),
  'metadata.iceberg.uri': none(
    text,
    null,
    'Address of the Hive metastore; of a REST catalog where `metadata.iceberg.rest.uri` is unset.',
    DONE,
  ),
  'metadata.iceberg.hive-conf-dir': none(text, null, 'Configuration of Hive.'),
  'metadata.iceberg.hadoop-conf-dir': none(text, null, 'Configuration of Hadoop.'),
  'metadata.iceberg.hive-client-class': none(
    text,
    'org.apache.hadoop.hive.metastore.HiveMetaStoreClient',
    'Java class of the Hive client.',
  ),
  'metadata.iceberg.database': none(
    text,
    null,
    'Name of the database in an Iceberg catalog; unset: as in Paimon.',
    DONE,
  ),
  'metadata.iceberg.table': none(
    text,
    null,
    'Name of the table in an Iceberg catalog; unset: as in Paimon.',
    DONE,
  ),
  'metadata.iceberg.glue.skip-archive': none(
    boolean,
    'false',
    'Whether AWS Glue keeps no older versions.',
  ),
  'metadata.iceberg.hive-skip-update-stats': none(
    boolean,
    'false',
    'Whether Hive is told no statistics.',
  ),
} as const
