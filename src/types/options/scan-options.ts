/** Options of reads. */
import { boolean, count, duration, integer, long, memorySize, oneOf, text } from './codec.ts'
import { DONE, none, only, read } from './spec.ts'

export const SCAN_OPTIONS = {
  'scan.mode': read(
    oneOf(
      'default',
      'latest-full',
      'full',
      'latest',
      'compacted-full',
      'from-timestamp',
      'from-creation-timestamp',
      'from-file-creation-time',
      'from-snapshot',
      'from-snapshot-full',
      'incremental',
    ),
    'default',
    'Where a read starts; default: what the other scan options say, else the latest snapshot.',
    {
      ...only('default', 'latest-full', 'full', 'latest', 'from-snapshot', 'from-snapshot-full'),
      aliases: ['log.scan'],
    },
  ),
  'scan.snapshot-id': read(count, null, 'The snapshot that is read.', DONE),
  'scan.tag-name': read(text, null, 'The tag that is read.'),
  'scan.version': read(text, null, 'The tag, watermark (`watermark-N`) or snapshot that is read.'),
  'scan.timestamp': read(text, null, 'Local time whose last snapshot is read.'),
  'scan.timestamp-millis': read(
    count,
    null,
    'Milliseconds since 1970 whose last snapshot is read.',
    { aliases: ['log.scan.timestamp-millis'] },
  ),
  'scan.watermark': read(long, null, 'Watermark from which the first snapshot is read.'),
  'scan.file-creation-time-millis': read(
    count,
    null,
    'Milliseconds since 1970: only files made from then on are read.',
  ),
  'scan.creation-time-millis': read(
    count,
    null,
    'Milliseconds since 1970: a snapshot after it is read, or files made from then on.',
  ),
  'incremental-between': read(text, null, 'Two snapshots or tags: the changes between are read.'),
  'incremental-between-scan-mode': read(
    oneOf('auto', 'delta', 'changelog', 'diff'),
    'auto',
    'Which files such a read takes the changes from.',
  ),
  'incremental-between-timestamp': read(text, null, 'Two times: the changes between are read.'),
  'incremental-to-auto-tag': read(
    text,
    null,
    'An automatic tag: the changes since the tag before it are read.',
  ),
  'incremental-between-tag-to-snapshot': read(
    boolean,
    'false',
    'Whether a read between tags takes the snapshots of the tags.',
  ),
  'scan.bounded.watermark': none(long, null, 'Watermark at which a stream ends.'),
  'continuous.discovery-interval': none(
    duration,
    '10 s',
    'How often a stream looks for snapshots.',
  ),
  'streaming.read.snapshot.delay': none(duration, null, 'How far a stream stays behind.'),
  'streaming-read-overwrite': none(
    boolean,
    'false',
    'Whether a stream reads what an overwrite changed.',
  ),
  'streaming-read-append-overwrite': none(
    boolean,
    'false',
    'Whether a stream of an append table reads what an overwrite added.',
  ),
  'stream-scan-mode': none(
    oneOf('none', 'compact-bucket-table', 'file-monitor'),
    'none',
    'Kind of stream that a compaction job reads.',
  ),
  'batch-scan-mode': none(
    oneOf('none', 'compact'),
    'none',
    'Kind of batch that a compaction job reads.',
  ),
  'scan.max-splits-per-task': none(integer(), '10', 'Splits that a Flink task is given at once.'),
  'scan.manifest.parallelism': none(
    integer(),
    null,
    'Manifests read at once; unset: the number of processors.',
  ),
  'scan.plan-sort-partition': none(boolean, 'false', 'Whether plans are sorted by partition.'),
  'scan.fallback-branch': read(text, null, 'Branch that missing partitions are read from.'),
  'scan.primary-branch': read(text, null, 'Branch that partitions are read from first.'),
  'scan.fallback-snapshot-branch': read(
    text,
    null,
    'Branch of full data that a chain table reads missing partitions from.',
  ),
  'scan.fallback-delta-branch': read(
    text,
    null,
    'Branch of changes that a chain table reads missing partitions from.',
  ),
  'chain-table.enabled': read(
    boolean,
    'false',
    'Whether partitions are made of a full branch and a branch of changes.',
  ),
  'chain-table.chain-partition-keys': none(
    text,
    null,
    'The last partition keys, which such a chain runs along.',
  ),
  'scan.ignore-corrupt-files': read(boolean, 'false', 'Whether damaged files are skipped.'),
  'scan.ignore-lost-files': read(boolean, 'false', 'Whether missing files are skipped.'),
  'source.split.target-size': read(memorySize, '128 mb', 'Size of a split.', DONE),
  'source.split.open-file-cost': read(
    memorySize,
    '4 mb',
    'Size that each file counts at least when splits are packed.',
    DONE,
  ),
  'read.batch-size': read(integer(), '1024', 'Rows per batch that a read returns.', DONE),
  'query-auth.enabled': read(
    boolean,
    'false',
    'Whether a catalog says which rows and columns may be read.',
  ),
  'scalar-index.search-mode': none(
    oneOf('fast', 'full', 'detail'),
    'fast',
    'How much a search in scalar indexes reads; since Paimon 2.0.',
  ),
} as const
