/** Options that are handed to the Parquet writer. */
import { boolean, double, integer, oneOf, text } from './codec.ts'
import { DONE, none, only, write } from './spec.ts'

export const PARQUET_OPTIONS = {
  'parquet.block.size': write(
    integer(1),
    '134217728',
    'Bytes of a row group; file.block-size comes first.',
    DONE,
  ),
  'parquet.page.size': write(integer(1), '1048576', 'Bytes of a page.', DONE),
  'parquet.page.row.count.limit': write(integer(1), '20000', 'Most rows of a page.', DONE),
  'parquet.enable.dictionary': write(
    boolean,
    'true',
    'Whether columns may be dictionary-encoded.',
    DONE,
  ),
  'parquet.dictionary.page.size': write(
    integer(1),
    '1048576',
    'Bytes of a dictionary beyond which a column gives it up.',
    DONE,
  ),
  'parquet.writer.version': write(
    oneOf('PARQUET_1_0', 'PARQUET_2_0'),
    'PARQUET_1_0',
    'Version of data pages.',
    only('parquet_1_0'),
  ),
  'parquet.writer.max-padding': none(
    integer(0),
    '8388608',
    'Bytes that may be filled up so that a row group does not cross a block.',
  ),
  'parquet.bloom.filter.enabled': write(
    boolean,
    'false',
    'Whether columns get bloom filters.',
    only('false'),
  ),
  'parquet.bloom.filter.fpp': none(double, '0.01', 'Share of wrong positives of bloom filters.'),
  'parquet.bloom.filter.max.bytes': none(integer(1), '1048576', 'Most bytes of a bloom filter.'),
  'parquet.compression.codec.zstd.level': write(
    integer(),
    null,
    'Level of zstd; unset: file.compression.zstd-level.',
  ),
  'parquet.columnindex.truncate.length': none(
    integer(1),
    '64',
    'Bytes that values in the column index are cut to.',
  ),
  'parquet.statistics.truncate.length': none(
    integer(1),
    '2147483647',
    'Bytes that values in column statistics are cut to.',
  ),
  'parquet.compression': none(text, null, 'Read by no writer; file.compression says it.'),
} as const
