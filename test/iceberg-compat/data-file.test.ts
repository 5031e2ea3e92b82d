/** Data files of Paimon as Iceberg's manifests name them. */
import { expect, test } from 'vitest'

import { clientPath } from '../../src/iceberg-compat/data-file.ts'

test.each([
  ['/a/b c/%20.parquet', '/a/b c/%20.parquet'],
  ['file:/a/b.parquet', 'file:///a/b.parquet'],
  ['FILE:/a/b.parquet', 'file:///a/b.parquet'],
  ['file:///a/b.parquet', 'file:///a/b.parquet'],
  ['s3://bucket/a.parquet', 's3://bucket/a.parquet'],
])('clients open %s as %s', (path, expected) => {
  expect(clientPath(path)).toBe(expected)
})
