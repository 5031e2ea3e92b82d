/** Options of compaction and of the lookups that it makes. */
import { boolean, double, duration, integer, memorySize, oneOf, text } from './codec.ts'
import { DONE, IMMUTABLE, none, write } from './spec.ts'

export const COMPACTION_OPTIONS = {
  'write-only': write(
    boolean,
    'false',
    'Whether writers leave compaction and expiry to a job of their own.',
    { ...DONE, aliases: ['write.compaction-skip'] },
  ),
  'num-sorted-run.compaction-trigger': none(
    integer(),
    '5',
    'Sorted runs in a bucket that start a compaction.',
    DONE,
  ),
  'num-sorted-run.stop-trigger': none(
    integer(),
    null,
    'Sorted runs that make writers wait; unset: compaction trigger + 3.',
    DONE,
  ),
  'num-levels': none(
    integer(),
    null,
    'Levels of the LSM tree; unset: compaction trigger + 1.',
    DONE,
  ),
  'compaction.max-size-amplification-percent': none(
    integer(),
    '200',
    'Size of newer runs, in percent of the oldest, that starts a full compaction.',
    DONE,
  ),
  'compaction.size-ratio': none(
    integer(),
    '1',
    'Percent by which the next run may be larger and still be taken along.',
    DONE,
  ),
  'compaction.force-up-level-0': none(
    boolean,
    'false',
    'Whether each compaction takes all runs of level 0.',
    DONE,
  ),
  'compaction.force-rewrite-all-files': none(
    boolean,
    'false',
    'Whether a full compaction rewrites files of the top level too.',
    DONE,
  ),
  'compaction.optimization-interval': none(
    duration,
    null,
    'How often a full compaction runs for the sake of readers.',
    DONE,
  ),
  'compaction.total-size-threshold': none(
    memorySize,
    null,
    'Size of a bucket below which every compaction is a full one.',
    DONE,
  ),
  'compaction.incremental-size-threshold': none(
    memorySize,
    null,
    'Size of data outside of the top level that starts a full compaction.',
    DONE,
  ),
  'compaction.offpeak.start.hour': none(
    integer(),
    '-1',
    'Hour at which off-peak time starts.',
    DONE,
  ),
  'compaction.offpeak.end.hour': none(integer(), '-1', 'Hour at which off-peak time ends.', DONE),
  'compaction.offpeak-ratio': none(
    integer(),
    '0',
    'Percent added to the size ratio in off-peak time.',
    DONE,
  ),
  'full-compaction.delta-commits': none(
    integer(),
    null,
    'Commits after which a full compaction runs.',
    DONE,
  ),
  'compaction.min.file-num': none(
    integer(),
    '5',
    'Small files of an append table that start a compaction.',
    DONE,
  ),
  'compaction.small-file-ratio': none(
    double,
    '0.7',
    'Share of the target size below which a file is small; since Paimon 2.0.',
  ),
  'compaction.file-num-limit': none(
    integer(),
    '100000',
    'Most files that the compaction of an append table plans at once.',
    DONE,
  ),
  'compaction.delete-ratio-threshold': none(
    double,
    '0.2',
    'Share of deleted rows from which a file of an append table is rewritten.',
    DONE,
  ),
  'commit.force-compact': none(
    boolean,
    'false',
    'Whether a commit waits for the compaction before it.',
    DONE,
  ),
  'force-lookup': write(boolean, 'false', 'Whether compaction looks up older rows in any case.', {
    ...IMMUTABLE,
    ...DONE,
  }),
  'lookup-wait': none(boolean, 'true', 'Whether a commit waits for the lookups before it.', {
    ...DONE,
    aliases: ['changelog-producer.lookup-wait'],
  }),
  'lookup-compact': none(
    oneOf('RADICAL', 'GENTLE'),
    'RADICAL',
    'Whether lookups compact level 0 at each or only at some triggers.',
    DONE,
  ),
  'lookup-compact.max-interval': none(
    integer(),
    null,
    'Triggers between such compactions in gentle mode; unset: 2 * compaction trigger.',
    DONE,
  ),
  'lookup.hash-load-factor': none(double, '0.75', 'Load factor of the hash files of lookups.'),
  'lookup.cache-file-retention': none(duration, '1 h', 'How long local lookup files are kept.'),
  'lookup.cache-max-disk-size': none(
    memorySize,
    '9223372036854775807 bytes',
    'Most disk that local lookup files may take.',
  ),
  'lookup.cache-spill-compression': none(text, 'zstd', 'Compression of local lookup files.'),
  'lookup.cache-max-memory-size': none(memorySize, '256 mb', 'Memory of the lookup cache.', DONE),
  'lookup.cache.high-priority-pool-ratio': none(
    double,
    '0.25',
    'Share of the lookup cache for indexes and filters.',
  ),
  'lookup.cache.bloom.filter.enabled': none(
    boolean,
    'true',
    'Whether local lookup files have bloom filters.',
  ),
  'lookup.cache.bloom.filter.fpp': none(
    double,
    '0.05',
    'Share of wrong positives of those bloom filters.',
  ),
  'lookup.remote-file.enabled': none(
    boolean,
    'false',
    'Whether lookup files are shared through the storage.',
  ),
  'lookup.remote-file.level-threshold': none(
    integer(),
    '-2147483648',
    'Level from which lookup files are shared.',
  ),
  'lookup.merge-buffer-size': none(memorySize, '8 mb', 'Memory that merges the rows of a key.'),
  'lookup.merge-records-threshold': none(
    integer(),
    '1024',
    'Rows of a key from which that merge spills.',
  ),
  'record-level.expire-time': none(
    duration,
    null,
    'Age from which compaction drops rows of a primary-key table.',
    DONE,
  ),
  'record-level.time-field': none(text, null, 'The column that holds the age of a row.', DONE),
  'sort-compaction.range-strategy': none(
    oneOf('SIZE', 'QUANTITY'),
    'SIZE',
    'Whether sort compaction cuts ranges by size or by number of rows.',
    DONE,
  ),
  'sort-compaction.local-sample.magnification': none(
    integer(),
    '1000',
    'Samples that sort compaction takes per task.',
  ),
  'zorder.var-length-contribution': none(
    integer(),
    '8',
    'Bytes that a string adds to a z-order value.',
    DONE,
  ),
} as const
