/** The codec that data files are written with, by the names that tables have for it. */
import { expect, test } from 'vitest'

import { dataFormat } from '../../src/format/data-format.ts'
import { tableOptions } from '../../src/types/options.ts'

/** The codec of the format for a value of `file.compression`. */
function codecOf(format: string, compression: string): string | undefined {
  const written = dataFormat(
    tableOptions({ 'file.format': format, 'file.compression': compression }),
  )
  return written.name === 'parquet' ? written.parquet.codec : written.avro.codec
}

test.each([
  ['parquet', 'zstd', 'zstd'],
  ['parquet', 'ZSTD', 'zstd'],
  ['parquet', 'snappy', 'snappy'],
  ['parquet', 'gzip', 'gzip'],
  ['parquet', 'lz4', 'lz4'],
  ['parquet', 'lz4_raw', 'lz4_raw'],
  ['parquet', 'none', 'none'],
  ['parquet', 'uncompressed', 'none'],
  ['avro', 'zstd', 'zstandard'],
  ['avro', 'zstandard', 'zstandard'],
  ['avro', 'snappy', 'snappy'],
  ['avro', 'deflate', 'deflate'],
  ['avro', 'null', 'null'],
  ['avro', 'none', 'null'],
])('%s files of a table with %s are written with %s', (format, compression, codec) => {
  expect(codecOf(format, compression)).toBe(codec)
})

test.each([
  ['parquet', 'deflate'],
  ['parquet', 'null'],
  ['parquet', 'zstandard'],
  ['parquet', 'constructor'],
  ['avro', 'gzip'],
  ['avro', 'lz4'],
  ['avro', 'uncompressed'],
])('%s files of a table with %s are refused', (format, compression) => {
  expect(() => codecOf(format, compression)).toThrowError(
    expect.objectContaining({ code: 'INVALID', message: expect.stringContaining(compression) }),
  )
})

test.each([
  [{}, false],
  [{ 'metadata.iceberg.storage': 'disabled' }, false],
  [{ 'metadata.iceberg.storage': 'table-location' }, true],
])(
  'Parquet files of a table with %j are made so that Iceberg clients read them: %s',
  (options, isPlain) => {
    expect(dataFormat(tableOptions(options))).toMatchObject({
      parquet: { plainMillis: isPlain, icebergLineage: isPlain },
    })
  },
)
