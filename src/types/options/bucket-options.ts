/** Options of buckets, keys and the table itself. */
import { boolean, count, duration, integer, memorySize, names, oneOf, text } from './codec.ts'
import { both, DONE, IMMUTABLE, none, only, write } from './spec.ts'

export const BUCKET_OPTIONS = {
  bucket: both(
    integer(-2),
    '-1',
    'Number of buckets: -1 dynamic (with a primary key) or none (append), -2 postponed, or fixed.',
    DONE,
  ),
  'bucket-key': both(
    names,
    null,
    'Columns that a fixed bucket is computed from; unset: the primary key.',
    { ...DONE, ...IMMUTABLE },
  ),
  'bucket-function.type': write(
    oneOf('default', 'mod', 'hive'),
    'default',
    'How a bucket is computed from its key.',
    { ...only('default', 'mod'), ...IMMUTABLE },
  ),
  'bucket-append-ordered': none(
    boolean,
    'true',
    'Whether bucketed append tables keep the order of their rows.',
  ),
  'dynamic-bucket.target-row-num': write(
    count,
    '2000000',
    'Rows that a dynamic bucket takes before the next is opened.',
    DONE,
  ),
  'dynamic-bucket.initial-buckets': write(
    integer(),
    null,
    'Dynamic buckets that a partition starts with.',
    DONE,
  ),
  'dynamic-bucket.max-buckets': write(
    integer(),
    '-1',
    'Most dynamic buckets of a partition; -1 for no limit.',
    DONE,
  ),
  'dynamic-bucket.assigner-parallelism': none(
    integer(),
    null,
    'Parallelism of the operator that assigns dynamic buckets.',
  ),
  'postpone.batch-write-fixed-bucket': write(
    boolean,
    'true',
    'Whether batch writes of a postpone table go to real buckets.',
    DONE,
  ),
  'postpone.batch-write-fixed-bucket.max-parallelism': none(
    integer(),
    '2048',
    'Most buckets that such a batch write opens in a partition.',
  ),
  'postpone.default-bucket-num': none(
    integer(),
    '1',
    'Buckets of a new partition of a postpone table, at its first batch write or compaction.',
    DONE,
  ),
  'postpone.target-size-per-bucket': none(
    memorySize,
    '1 gb',
    'Size that a new partition of a postpone table gets per bucket; since Paimon 2.0.',
  ),
  'cross-partition-upsert.index-ttl': none(
    duration,
    null,
    'How old files may be whose keys the index of cross-partition upserts has; unset: any age.',
    DONE,
  ),
  'cross-partition-upsert.bootstrap-parallelism': none(
    integer(),
    '10',
    'Threads that build that index when a writer starts.',
  ),
  'primary-key': none(
    names,
    null,
    'The primary key, for tools that cannot state it otherwise; stored in the schema.',
    { ...DONE, ...IMMUTABLE },
  ),
  partition: none(
    names,
    null,
    'The partition keys, for tools that cannot state them otherwise; stored in the schema.',
    { ...DONE, ...IMMUTABLE },
  ),
  'upsert-key': none(names, null, 'Columns that Flink takes for the key of an append table.'),
  type: both(
    oneOf(
      'table',
      'format-table',
      'materialized-table',
      'object-table',
      'lance-table',
      'iceberg-table',
    ),
    'table',
    'What kind of table it is.',
    only('table'),
  ),
  path: none(text, null, 'Where the table lies, when a catalog says so in an option.'),
  branch: both(text, 'main', 'The branch that is read.', DONE),
  owner: none(text, null, 'Who owns the table; kept for catalogs that show it.', DONE),
  'auto-create': none(boolean, 'false', 'Whether a missing table is created when it is written.'),
} as const
