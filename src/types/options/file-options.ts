/** Options of the write buffer, of data files, their statistics and indexes. */
import { boolean, count, double, integer, map, memorySize, oneOf, text } from './codec.ts'
import { both, DONE, IMMUTABLE, none, only, READABLE, write } from './spec.ts'

/** By the names that Java has for them in Parquet and Avro files; each format has some. */
const COMPRESSIONS = only(
  'zstd',
  'snappy',
  'gzip',
  'lz4',
  'lz4_raw',
  'none',
  'uncompressed',
  'deflate',
  'null',
  'zstandard',
)

export const FILE_OPTIONS = {
  'write-buffer-size': write(
    memorySize,
    '256 mb',
    'Rows held in memory before they are written as a sorted run.',
    DONE,
  ),
  'write-buffer-spillable': none(
    boolean,
    'true',
    'Whether the write buffer may spill to disk.',
    DONE,
  ),
  'write-buffer-spill.max-disk-size': none(
    memorySize,
    '9223372036854775807 bytes',
    'Most disk that the write buffer may spill to.',
    DONE,
  ),
  'write-buffer-for-append': none(
    boolean,
    'false',
    'Whether append writers use the write buffer too.',
  ),
  'write-max-writers-to-spill': none(
    integer(),
    '10',
    'Append writers open at once before they buffer and spill.',
  ),
  'sort-spill-threshold': none(
    integer(),
    null,
    'Runs merged at once before some are spilled; unset: stop trigger + 1.',
  ),
  'sort-spill-buffer-size': none(memorySize, '64 mb', 'Memory of an external sort.'),
  'spill-compression': none(text, 'zstd', 'Compression of spilled data.', DONE),
  'spill-compression.zstd-level': none(integer(), '1', 'Level of zstd for spilled data.', DONE),
  'local-sort.max-num-file-handles': none(
    integer(),
    '128',
    'Most spilled runs that are merged at once.',
    DONE,
  ),
  'sort-engine': none(oneOf('min-heap', 'loser-tree'), 'loser-tree', 'How sorted runs merge.'),
  'local-merge-buffer-size': none(
    memorySize,
    null,
    'Buffer that merges rows of a key before a Flink job shuffles them.',
  ),
  'page-size': none(memorySize, '64 kb', 'Page of the write buffer.'),
  'cache-page-size': none(memorySize, '64 kb', 'Page of caches.'),
  'write.batch-size': none(integer(), '1024', 'Rows per batch handed to a format writer.', {
    aliases: ['orc.write.batch-size'],
  }),
  'write.batch-memory': none(memorySize, '128 mb', 'Memory of a batch handed to a format writer.'),
  'async-file-write': none(boolean, 'true', 'Whether files are written in the background.'),
  'target-file-size': write(
    memorySize,
    null,
    'Size at which a new data file is started; unset: 128 mb with a primary key, else 256 mb.',
    DONE,
  ),
  'target-file-row-num': write(
    count,
    null,
    'Rows at which a new data file is started; since Paimon 2.0.',
    DONE,
  ),
  'file.format': write(text, 'parquet', 'Format of data files.', only('parquet', 'avro')),
  'file.format.per.level': write(map, '', 'Format of data files by LSM level, as `0:avro`.', DONE),
  'file.compression': write(text, 'zstd', 'Compression of data files.', COMPRESSIONS),
  'file.compression.per.level': write(map, '', 'Compression of data files by LSM level.', DONE),
  'file.compression.zstd-level': write(
    integer(),
    '1',
    'Level of zstd; higher is smaller and slower.',
    DONE,
  ),
  'file.block-size': write(
    memorySize,
    null,
    'Size of a Parquet row group or ORC stripe; unset: the default of the format.',
    DONE,
  ),
  'orc.timestamp-ltz.legacy.type': both(
    boolean,
    'true',
    'Whether ORC files hold TIMESTAMP_LTZ as what the clock of the writer shows.',
    READABLE,
  ),
  'file.suffix.include.compression': write(
    boolean,
    'false',
    'Whether names of data files show their compression.',
    DONE,
  ),
  'data-file.prefix': write(text, 'data-', 'What names of data files start with.', DONE),
  'data-file.path-directory': both(
    text,
    null,
    'Directory inside the table that holds the partitions and buckets.',
    { ...DONE, ...IMMUTABLE },
  ),
  'data-file.thin-mode': write(
    boolean,
    'false',
    'Whether data files leave out the key columns, which repeat value columns.',
    DONE,
  ),
  'data-file.external-paths': write(
    text,
    null,
    'Locations outside of the table that new data files are spread over.',
  ),
  'data-file.external-paths.strategy': write(
    oneOf('none', 'specific-fs', 'round-robin', 'entropy-inject', 'weight-robin'),
    'none',
    'How data files are spread over external paths.',
  ),
  'data-file.external-paths.specific-fs': write(
    text,
    null,
    'The file system that external paths are taken from.',
  ),
  'data-file.external-paths.weights': write(text, null, 'Weights of the external paths.'),
  'changelog-file.prefix': write(
    text,
    'changelog-',
    'What names of changelog files start with.',
    DONE,
  ),
  'changelog-file.format': write(
    text,
    null,
    'Format of changelog files; unset: file.format.',
    DONE,
  ),
  'changelog-file.compression': write(
    text,
    null,
    'Compression of changelog files; unset: file.compression.',
    DONE,
  ),
  'changelog-file.stats-mode': write(
    text,
    null,
    'Statistics of changelog files; unset: metadata.stats-mode.',
    DONE,
  ),
  'metadata.stats-mode': write(
    text,
    'truncate(16)',
    'Statistics of value columns: none, counts, full or truncate(N).',
    DONE,
  ),
  'metadata.stats-mode.per.level': write(map, '', 'Statistics by LSM level, as `0:none`.', DONE),
  'metadata.stats-dense-store': write(
    boolean,
    'true',
    'Whether columns without statistics take no room in manifests.',
    DONE,
  ),
  'metadata.stats-keep-first-n-columns': write(
    integer(),
    '-1',
    'Collect statistics of the first N columns only; -1 for all.',
    DONE,
  ),
  'file-index.read.enabled': none(boolean, 'true', 'Whether reads use file indexes.', DONE),
  'file-index.in-manifest-threshold': write(
    memorySize,
    '500 bytes',
    'Size up to which a file index is stored in the manifest.',
    DONE,
  ),
  'file-reader-async-threshold': none(
    memorySize,
    '10 mb',
    'Size from which files are read in the background.',
  ),
  'variant.shreddingSchema': write(text, null, 'Schema by which VARIANT columns are shredded.', {
    aliases: ['parquet.variant.shreddingSchema'],
  }),
  'variant.inferShreddingSchema': write(
    boolean,
    'false',
    'Whether that schema is inferred from the data.',
  ),
  'variant.shredding.maxSchemaWidth': none(integer(), '300', 'Most fields of an inferred schema.'),
  'variant.shredding.maxSchemaDepth': none(integer(), '50', 'Depth of an inferred schema.'),
  'variant.shredding.minFieldCardinalityRatio': none(
    double,
    '0.1',
    'Share of rows that must have a field for it to be shredded.',
  ),
  'variant.shredding.maxInferBufferRow': none(
    integer(),
    '4096',
    'Rows that a schema is inferred from.',
  ),
} as const
