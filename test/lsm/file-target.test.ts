import { expect, test } from 'vitest'

import { MemoryFileIO } from '../../src/io/memory.ts'
import { commonMeta, fileTarget } from '../../src/lsm/file-target.ts'
import type { WrittenFile } from '../../src/lsm/rolling-writer.ts'
import { serializeBinaryRow } from '../../src/types/binary-row.ts'
import type { DataType } from '../../src/types/data-type.ts'
import { firstSchema } from '../../src/types/new-schema.ts'
import { keyedSchema } from '../support/memory-runs.ts'

const int: DataType = { kind: 'INT', nullable: true }
const columns = { k: { ...int, nullable: false }, a: int, b: int }
const io = new MemoryFileIO()

const targetOf = (options: Readonly<Record<string, string>> = {}) =>
  fileTarget(io, keyedSchema(columns, options))

test('files of one writer have one name, counted up, and the ending that the options tell', () => {
  const next = (options: Readonly<Record<string, string>>): string[] => {
    const target = targetOf(options)
    const { format } = target.forms(0, false)
    return [target.nextName(format.name, false), target.nextName(format.name, true)].map((name) =>
      name.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, '*'),
    )
  }
  expect(next({})).toEqual(['data-*-0.parquet', 'changelog-*-1.parquet'])
  const prefixes = { 'data-file.prefix': 'rows-', 'changelog-file.prefix': 'log-' }
  expect(next({ 'file.format': 'AVRO', ...prefixes })).toEqual(['rows-*-0.avro', 'log-*-1.avro'])
  expect(next({ 'file.suffix.include.compression': 'true', 'file.compression': 'snappy' })[0]).toBe(
    'data-*-0.snappy.parquet',
  )
  const [one, other] = [targetOf(), targetOf()].map((target) => target.nextName('avro', false))
  expect(one).not.toBe(other)
})

test('files grow to 128 MiB with a primary key, to 256 MiB without, or to what the option says', () => {
  const plain = firstSchema(
    {
      fields: [{ id: 0, name: 'a', type: int }],
      hasIds: false,
      partitionKeys: [],
      primaryKeys: [],
      options: { bucket: '-1' },
    },
    0,
  )
  expect(targetOf().targetBytes).toBe(128 << 20)
  expect(fileTarget(io, plain).targetBytes).toBe(256 << 20)
  expect(targetOf({ 'target-file-size': '3 mb' }).targetBytes).toBe(3 << 20)
})

test('files have keys apart only where they are not thin, and none without a primary key', () => {
  const names = ({ fields }: ReturnType<typeof targetOf>): string[] =>
    fields.map(({ name }) => name)
  const system = ['_SEQUENCE_NUMBER', '_VALUE_KIND']
  expect(names(targetOf())).toEqual(['_KEY_k', ...system, 'k', 'a', 'b'])
  expect(names(targetOf({ 'data-file.thin-mode': 'true' }))).toEqual([...system, 'k', 'a', 'b'])
})

const bound = (min: number, max: number) => ({ min, max, nullCount: 0 })
const FILE: WrittenFile = {
  name: 'data-1.parquet',
  path: 'memory://t/bucket-0/data-1.parquet',
  sizeBytes: 1234,
  rowCount: 5,
  bounds: [bound(1, 2), bound(0, 9), bound(0, 3), bound(1, 2), null, bound(3, 4)],
  embeddedIndex: null,
  extraFiles: [],
}

test('statistics are of the columns of the table alone, and say nothing of what is not known', () => {
  const types = [{ ...int, nullable: false }, int, int]
  expect(commonMeta(targetOf({ 'metadata.stats-dense-store': 'false' }), FILE)).toMatchObject({
    fileName: 'data-1.parquet',
    fileSize: 1234,
    rowCount: 5,
    valueStats: {
      minValues: serializeBinaryRow(types, [1, null, 3]),
      maxValues: serializeBinaryRow(types, [2, null, 4]),
      nullCounts: [0, null, 0],
    },
    valueStatsCols: null,
    fileSource: 0,
  })
})

test('the creation time is what the clock on the wall shows', () => {
  const { creationTime } = commonMeta(targetOf(), FILE)
  const now = new Date()
  const wall = Date.UTC(
    now.getFullYear(),
    now.getMonth(),
    now.getDate(),
    now.getHours(),
    now.getMinutes(),
    now.getSeconds(),
  )
  expect(Math.abs(Number(creationTime) - wall)).toBeLessThan(60_000)
})

test('levels and changelog files have forms of their own, and the changelog else that of its level', () => {
  const { forms } = targetOf({
    'file.format.per.level': '0:avro,5:parquet',
    'file.compression.per.level': '0:snappy,3:none',
    'metadata.stats-mode.per.level.0': 'none',
    'changelog-file.stats-mode': 'counts',
    'changelog-file.compression': 'deflate',
  })
  const summary = (level: number, isChangelog: boolean) => {
    const { format, statsMode } = forms(level, isChangelog)
    return [format.name === 'avro' ? format.avro.codec : format.parquet.codec, statsMode]
  }
  expect(forms(0, false).format.name).toBe('avro')
  expect(summary(0, false)).toEqual(['snappy', 'none'])
  expect(summary(1, false)).toEqual(['zstd', 'truncate(16)'])
  expect(summary(3, false)).toEqual(['none', 'truncate(16)'])
  expect(forms(0, true).format.name).toBe('avro')
  expect(summary(0, true)).toEqual(['deflate', 'counts'])
})

test.each([
  [{ 'file.format.per.level': 'top:avro' }, '"top" is no level'],
  [{ 'file.format.per.level': '1:orc' }, 'format "orc" cannot be written'],
  [{ 'file.format.per.level': '1:avro', 'file.compression': 'lz4' }, 'lz4'],
])('%j is refused before a row is taken', (options, message) => {
  expect(() => targetOf(options)).toThrow(message)
})
