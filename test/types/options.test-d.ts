import { expectTypeOf, test } from 'vitest'

import { catalogOptions, tableOptions, type TableOptions } from '../../src/types/options.ts'

test('values have the types of their options', () => {
  const options = tableOptions({})
  expectTypeOf(options.get('bucket')).toEqualTypeOf<number>()
  expectTypeOf(options.get('write-only')).toEqualTypeOf<boolean>()
  expectTypeOf(options.get('target-file-size')).toEqualTypeOf<number | undefined>()
  expectTypeOf(options.get('manifest.target-file-size')).toEqualTypeOf<number>()
  expectTypeOf(options.get('commit.timeout')).toEqualTypeOf<number | undefined>()
  expectTypeOf(options.get('changelog-producer')).toEqualTypeOf<
    'none' | 'input' | 'full-compaction' | 'lookup'
  >()
  expectTypeOf(options.get('sequence.field')).toEqualTypeOf<readonly string[] | undefined>()
  expectTypeOf(options.get('file.format.per.level')).toEqualTypeOf<
    Readonly<Record<string, string>>
  >()
  expectTypeOf(options.get('scan.watermark')).toEqualTypeOf<bigint | undefined>()
  expectTypeOf(options.field('a', 'stats-mode')).toEqualTypeOf<string | undefined>()
  expectTypeOf(options.field('a', 'distinct')).toEqualTypeOf<boolean>()
  expectTypeOf(catalogOptions({}).get('warehouse')).toEqualTypeOf<string | undefined>()
  // @ts-expect-error misspelt
  options.get('buckets')
  // @ts-expect-error an option of catalogs
  options.get('warehouse')
})

test('options are given as values or as the texts of Paimon', () => {
  const given: TableOptions<'a' | 'b'> = {
    bucket: 4,
    'merge-engine': 'aggregation',
    'write-buffer-size': '64 mb',
    'target-file-size': 1024,
    'snapshot.time-retained': '1 h',
    'commit.timeout': 500,
    'sequence.field': 'a,b',
    'file.format.per.level': { 0: 'avro' },
    'fields.a.aggregate-function': 'sum',
    'fields.b.distinct': true,
    'fields.a,b.sequence-group': 'b',
    'file-index.bloom-filter.columns': 'a',
    'file-index.bloom-filter.a.fpp': 0.05,
    'scan.watermark': 5n,
  }
  void given
})

test('wrong names and values do not compile', () => {
  const wrong: TableOptions<'a' | 'b'>[] = [
    // @ts-expect-error no number
    { bucket: '4' },
    // @ts-expect-error no merge engine
    { 'merge-engine': 'dedup' },
    // @ts-expect-error misspelt option
    { 'merge-engin': 'deduplicate' },
    // @ts-expect-error no size
    { 'write-buffer-size': 'large' },
    // @ts-expect-error no duration
    { 'snapshot.time-retained': '1 fortnight' },
    // @ts-expect-error no boolean
    { 'write-only': 'yes' },
    // @ts-expect-error no such column
    { 'sequence.field': 'c' },
    // @ts-expect-error no such column
    { 'fields.zz.aggregate-function': 'sum' },
    // @ts-expect-error no such setting of a column
    { 'fields.a.aggregate': 'sum' },
  ]
  void wrong
})
