import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import {
  checkCatalogOptions,
  checkOptionChange,
  checkSettable,
  checkUsable,
} from '../../src/types/option-checks.ts'
import { LakeError } from '../../src/util/errors.ts'

describe('setting is strict', () => {
  test('what is implemented, and defaults of what is not, can be set', () => {
    const raw = {
      bucket: '4',
      'bucket-key': 'a',
      'merge-engine': 'deduplicate',
      'changelog-producer': 'NONE',
      'deletion-vectors.enabled': 'false',
      'file.compression': 'LZ4',
      'snapshot.time-retained': '60 min',
      'fields.a.stats-mode': 'full',
      'write.compaction-skip': 'true',
      'scan.mode': 'from-snapshot',
      'scan.snapshot-id': '3',
    }
    expect(() => checkSettable(raw, ['a', 'b'])).not.toThrow()
  })

  test.each([
    ['merge-engin', 'x', 'option merge-engin is unknown (did you mean "merge-engine"?)'],
    ['fields.a.aggregatefunction', 'sum', '(did you mean "fields.a.aggregate-function"?)'],
    ['nothing.like.it', 'x', 'option nothing.like.it is unknown'],
    ['__proto__', 'x', 'option __proto__ is unknown'],
    ['constructor', 'x', 'option constructor is unknown'],
    ['bucket', 'four', 'option bucket: "four" is no whole number'],
    ['fields.amonut.stats-mode', 'full', 'there is no column "amonut" (did you mean "amount"?)'],
    ['fields.a,zz.sequence-group', 'b', 'there is no column "zz"'],
  ])('%s = %s is INVALID', (name, value, message) => {
    const raw = Object.fromEntries([[name, value]])
    expect(() => checkSettable(raw, ['a', 'amount'])).toThrow(
      expect.objectContaining({ code: 'INVALID', message: expect.stringContaining(message) }),
    )
  })

  test.each([
    ['sequence.snapshot-ordering', 'true', 'supported here: false'],
    ['file.format', 'orc', 'supported here: parquet, avro'],
    ['bucket-function.type', 'hive', 'supported here: default, mod'],
    ['partition.mark-done-action', 'custom', 'supported here: success-file'],
    ['query-auth.enabled', 'true', 'supported here: false'],
    ['csv.field-delimiter', ';', 'leave the option out'],
    ['vector-field', 'a', 'leave the option out'],
    ['parquet.enable.dictionary#a', 'false', 'leave the option out'],
  ])('%s = %s is refused by name', (name, value, hint) => {
    expect(() => checkSettable({ [name]: value }, ['a'])).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED',
        message: `option ${name} = "${value}" is not supported yet`,
        hint,
      }),
    )
  })

  test('catalogs have options of their own', () => {
    expect(() => checkCatalogOptions({ warehouse: '/w', 's3.region': 'eu' })).not.toThrow()
    expect(() => checkCatalogOptions({ bucket: '1' })).toThrow('option bucket is unknown')
    expect(() => checkCatalogOptions({ metastore: 'hive' })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED' }),
    )
    expect(() => checkCatalogOptions({ 'hadoop.x.y': 'z' })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED' }),
    )
  })
})

describe('what Java set decides what can be done with a table', () => {
  const keyed = { hasPrimaryKey: true }

  test.each([
    [{ 'merge-engine': 'aggregation' }, ''],
    [{ 'deletion-vectors.enabled': 'true', 'changelog-producer': 'lookup' }, ''],
    [{ 'file.format': 'orc' }, 'write'],
    [{ 'file-index.bitmap.columns': 'a' }, ''],
    [{ 'metadata.iceberg.storage': 'table-location' }, ''],
    [{ 'metadata.iceberg.storage': 'hive-catalog' }, 'write'],
    [{ 'query-auth.enabled': 'true' }, 'read'],
    [{ 'num-sorted-run.compaction-trigger': '3', 'snapshot.time-retained': '1 ms' }, ''],
    [{ 'sink.parallelism': '4', 'lookup.cache': 'auto' }, ''],
    [{ 'changelog-producer': 'none', 'merge-engine': 'deduplicate' }, ''],
  ])('%j stops: %s', (raw, stopped) => {
    const stops = (['read', 'write'] as const).filter((use) => {
      try {
        checkUsable(raw, use, keyed)
        return false
      } catch (error) {
        return error instanceof LakeError && error.code === 'UNSUPPORTED'
      }
    })
    expect(stops.join(' ')).toBe(stopped)
  })

  test('how rows are merged means nothing to a table without primary key', () => {
    const raw = { 'sequence.snapshot-ordering': 'true' }
    expect(() => checkUsable(raw, 'write', { hasPrimaryKey: false })).not.toThrow()
  })

  test.each([
    [
      'scan.fallback-delta-branch',
      'old',
      'this library reads only tables that leave scan.fallback-delta-branch at its default: read this one with Flink, Spark or Java Paimon',
    ],
  ])('whoever has a table with %s = %s is told where it can be read', (name, value, hint) => {
    expect(() => checkUsable({ [name]: value }, 'read', keyed)).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', hint }) as Error,
    )
  })

  const golden = join(import.meta.dirname, '../../fixtures/golden/warehouse/golden.db')

  test.each(readdirSync(golden))('golden table %s can be read', (table) => {
    const schema = JSON.parse(readFileSync(join(golden, table, 'schema/schema-0'), 'utf8')) as {
      options: Record<string, string>
      primaryKeys: string[]
    }
    const read = () =>
      checkUsable(schema.options, 'read', { hasPrimaryKey: schema.primaryKeys.length > 0 })
    expect(read).not.toThrow()
  })
})

function canDo(action: () => void): boolean {
  try {
    action()
    return true
  } catch {
    return false
  }
}

describe('changes of a table with snapshots', () => {
  test.each([
    [{}, 'merge-engine', 'aggregation', false],
    [{}, 'merge-engine', 'deduplicate', false],
    [{ 'bucket-key': 'a' }, 'bucket-key', 'b', false],
    [{ 'bucket-key': 'a' }, 'bucket-key', undefined, false],
    [{ bucket: '2' }, 'bucket', '4', true],
    [{ bucket: '2' }, 'bucket', '-1', false],
    [{ bucket: '2' }, 'bucket', undefined, false],
    [{}, 'bucket', '4', false],
    [{ 'ignore-delete': 'true' }, 'ignore-delete', 'false', false],
    [{}, 'ignore-delete', 'true', true],
    [{ 'ignore-update-before': 'true' }, 'ignore-update-before', undefined, false],
    [{}, 'deletion-vectors.enabled', 'true', false],
    [{ 'deletion-vectors.modifiable': 'true' }, 'deletion-vectors.enabled', 'true', true],
    [{ 'pk-clustering-override': 'true' }, 'clustering.columns', 'a', false],
    [{}, 'sequence.field', 'a', true],
    [{}, 'target-file-size', '1 mb', true],
    [{}, 'unknown', 'x', true],
  ])('%j: %s to %s is allowed: %s', (raw, name, to, allowed) => {
    expect(canDo(() => checkOptionChange(raw as Record<string, string>, name, to))).toBe(allowed)
  })
})
