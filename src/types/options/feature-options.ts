/** Options of row tracking, global indexes, clustering, blobs, vectors and tables of other engines. */
import { boolean, count, duration, integer, memorySize, names, oneOf, text } from './codec.ts'
import { both, DONE, IMMUTABLE, none, READABLE, write } from './spec.ts'

const REFRESH_MODES = ['CONTINUOUS', 'FULL', 'AUTOMATIC'] as const

export const FEATURE_OPTIONS = {
  'row-tracking.enabled': write(
    boolean,
    'false',
    'Whether every row of an append table has an id that stays.',
    { ...DONE, ...IMMUTABLE },
  ),
  'data-evolution.enabled': both(
    boolean,
    'false',
    'Whether columns of rows can be written apart.',
    { ...IMMUTABLE, ...READABLE },
  ),
  'global-index.enabled': none(boolean, 'true', 'Whether reads use global indexes.'),
  'global-index.external-path': none(text, null, 'Where global indexes lie; unset: in the table.'),
  'global-index.column-update-action': write(
    oneOf('THROW_ERROR', 'DROP_PARTITION_INDEX', 'IGNORE'),
    'THROW_ERROR',
    'What an update of an indexed column does.',
  ),
  'global-index.row-count-per-shard': none(count, '100000', 'Rows per part of a global index.'),
  'global-index.build.max-shard': none(integer(), '32', 'Most parts built at once.'),
  'global-index.build.max-parallelism': none(integer(), '4096', 'Most tasks that build.'),
  'global-index.thread-num': none(
    integer(),
    null,
    'Threads that search; unset: the number of processors.',
  ),
  'clustering.columns': none(names, null, 'Columns that a table is clustered by.', {
    aliases: ['sink.clustering.by-columns'],
  }),
  'clustering.strategy': none(text, 'auto', 'How it is clustered: auto, order, zorder, hilbert.', {
    aliases: ['sink.clustering.strategy'],
  }),
  'clustering.incremental': none(boolean, 'false', 'Whether only new files are clustered.'),
  'clustering.incremental.mode': none(
    oneOf('global-sort', 'local-sort'),
    'global-sort',
    'Whether files are sorted together or each alone.',
  ),
  'clustering.incremental.optimize-write': none(
    boolean,
    'false',
    'Whether writes are clustered already.',
  ),
  'clustering.history-partition.limit': none(
    integer(),
    '5',
    'Older partitions that are clustered along.',
  ),
  'clustering.history-partition.idle-to-full-sort': none(
    duration,
    null,
    'Idle time after which an older partition is clustered in full.',
  ),
  'blob-field': write(names, null, 'Binary columns that are made BLOB.'),
  'blob-descriptor-field': both(names, null, 'BLOB columns that hold references.', {
    ...IMMUTABLE,
    ...READABLE,
    aliases: ['blob.stored-descriptor-fields'],
  }),
  'blob-as-descriptor': both(
    boolean,
    'false',
    'Whether BLOB values are given and returned as references.',
    DONE,
  ),
  'blob-external-storage-path': both(text, null, 'Where referenced BLOB values are stored.', {
    ...IMMUTABLE,
    ...READABLE,
  }),
  'blob-external-storage-field': both(names, null, 'BLOB columns whose values are stored there.', {
    ...IMMUTABLE,
    ...READABLE,
  }),
  'blob.target-file-size': write(
    memorySize,
    null,
    'Size at which a new BLOB file is started; unset: target-file-size.',
  ),
  'blob.split-by-file-size': none(
    boolean,
    null,
    'Whether splits count the size of BLOB files; unset: unless values are references.',
  ),
  'vector-field': write(names, null, 'Array columns that are made VECTOR.'),
  'vector.file.format': write(
    text,
    null,
    'Format of files for VECTOR columns; unset: file.format.',
  ),
  'vector.target-file-size': write(
    memorySize,
    null,
    'Size at which a new file of VECTOR columns is started.',
  ),
  'alter-column-null-to-not-null.disabled': none(
    boolean,
    'true',
    'Whether a nullable column must stay so.',
    DONE,
  ),
  'disable-explicit-type-casting': none(
    boolean,
    'false',
    'Whether the type of a column may only be widened.',
    DONE,
  ),
  'add-column-before-partition': none(
    boolean,
    'false',
    'Whether new columns are put before the partition keys.',
    DONE,
  ),
  'metastore.partitioned-table': none(
    boolean,
    'false',
    'Whether a Hive catalog knows the partitions.',
  ),
  'metastore.tag-to-partition': none(text, null, 'Column by which Hive sees tags as partitions.'),
  'metastore.tag-to-partition.preview': none(
    oneOf('none', 'process-time', 'watermark', 'batch'),
    'none',
    'Whether Hive sees tags before they are made.',
  ),
  'format-table.implementation': none(
    oneOf('paimon', 'engine'),
    'paimon',
    'Who reads and writes a format table.',
  ),
  'format-table.partition-path-only-value': none(
    boolean,
    'false',
    'Whether directories of a format table have values only.',
  ),
  'format-table.file.compression': none(text, null, 'Compression of a format table.'),
  'format-table.commit-hive-sync-url': none(text, null, 'Hive that a format table is told to.'),
  'materialized-table.definition-query': none(text, null, 'Query of a materialized table.'),
  'materialized-table.interval-freshness': none(text, null, 'How fresh it is kept.'),
  'materialized-table.interval-freshness.time-unit': none(
    oneOf('SECOND', 'MINUTE', 'HOUR', 'DAY'),
    null,
    'Unit of that freshness.',
  ),
  'materialized-table.logical-refresh-mode': none(
    oneOf(...REFRESH_MODES),
    null,
    'Refresh mode that its definition asks for.',
  ),
  'materialized-table.refresh-mode': none(oneOf(...REFRESH_MODES), null, 'Refresh mode in use.'),
  'materialized-table.refresh-status': none(
    oneOf('INITIALIZING', 'ACTIVATED', 'SUSPENDED'),
    null,
    'State of the refresh.',
  ),
  'materialized-table.refresh-handler-description': none(text, null, 'Job that refreshes it.'),
  'materialized-table.refresh-handler-bytes': none(text, null, 'State of that job.'),
} as const
