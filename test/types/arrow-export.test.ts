import { Table, type Vector } from 'apache-arrow'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { toRecordBatch } from '../../src/types/arrow-export.ts'
import { fromRecordBatch } from '../../src/types/arrow-import.ts'
import { takeBatch } from '../../src/types/column-take.ts'
import type { BytesColumn, Column, FixedColumn } from '../../src/types/column.ts'
import { fieldsOf, rowsOf, throughIpc } from './arrow-support.ts'
import { tables, toBatch } from './random-values.ts'

describe('round trips', () => {
  test('any table survives Arrow, in memory and as a file', () => {
    fc.assert(
      fc.property(tables, (table) => {
        const { fields, rows } = table
        const recordBatch = toRecordBatch(toBatch(table), fields)
        expect(rowsOf(fromRecordBatch(recordBatch, fields), fields)).toEqual(rows)
        expect(rowsOf(fromRecordBatch(throughIpc(recordBatch), fields), fields)).toEqual(rows)
      }),
      { numRuns: 300 },
    )
  })

  test('any slice of the Arrow data is the same slice of the rows', () => {
    fc.assert(
      fc.property(tables, fc.nat(20), fc.nat(20), (table, a, b) => {
        const { fields, rows } = table
        const [from, to] = [a % (rows.length + 1), b % (rows.length + 1)].toSorted(
          (x, y) => x - y,
        ) as [number, number]
        const sliced = toRecordBatch(toBatch(table), fields).slice(from, to)
        expect(rowsOf(fromRecordBatch(sliced, fields), fields)).toEqual(rows.slice(from, to))
      }),
      { numRuns: 300 },
    )
  })

  test('values that lie scattered are gathered', () => {
    fc.assert(
      fc.property(tables, fc.array(fc.nat(1000), { maxLength: 20 }), (table, picks) => {
        const { fields, rows } = table
        const indices = rows.length === 0 ? [] : picks.map((pick) => pick % rows.length)
        const scattered = takeBatch(toBatch(table), Uint32Array.from(indices))
        const recordBatch = toRecordBatch(scattered, fields)
        const expected = indices.map((index) => rows[index])
        expect(rowsOf(fromRecordBatch(recordBatch, fields), fields)).toEqual(expected)
        expect(rowsOf(fromRecordBatch(throughIpc(recordBatch), fields), fields)).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })

  test('a batch without columns keeps its rows', () => {
    expect(toRecordBatch({ length: 3, columns: [] }, []).numRows).toBe(3)
  })
})

describe("Arrow's own vectors read the same values", () => {
  const fields = fieldsOf({
    b: 'BOOLEAN',
    i: 'INT',
    l: 'BIGINT',
    s: 'STRING',
    d: 'DATE',
    ts: 'TIMESTAMP(6)',
    m: 'MAP<STRING, INT>',
    a: 'ARRAY<ROW<x INT>>',
    v: 'VECTOR<FLOAT NOT NULL, 2>',
  })
  const rows = [
    {
      b: true,
      i: 1,
      l: '5',
      s: 'é',
      d: '2026-11-01',
      ts: '1970-01-01T00:00:00.001000',
      m: [['k', 1]],
      a: [{ x: 3 }, null],
      v: [1, 2],
    },
    { b: null, i: null, l: null, s: null, d: null, ts: null, m: null, a: null, v: null },
    {
      b: false,
      i: -1,
      l: '-5',
      s: '',
      d: '1969-12-31',
      ts: '1969-12-31T23:59:59.999000',
      m: [],
      a: [],
      v: [3, 4],
    },
  ]
  const table = new Table([toRecordBatch(toBatch({ fields, rows }), fields)])

  test.each([
    ['b', [true, null, false]],
    ['i', [1, null, -1]],
    ['l', [5n, null, -5n]],
    ['s', ['é', null, '']],
    ['d', [Date.UTC(2026, 10, 1), null, -86_400_000]],
    ['ts', [1, null, -1]],
  ])('%s', (name, values) => {
    expect([...table.getChild(name)!]).toEqual(values)
  })

  test('nested', () => {
    const json = (name: string) => JSON.parse(JSON.stringify([...table.getChild(name)!])) as unknown
    expect(json('m')).toEqual([{ k: 1 }, null, {}])
    expect(json('a')).toEqual([[{ x: 3 }, null], null, []])
    expect([...table.getChild('v')!].map((value) => value && [...(value as Vector)])).toEqual([
      [1, 2],
      null,
      [3, 4],
    ])
  })
})

describe('buffers are shared', () => {
  const fields = fieldsOf({
    i: 'INT',
    s: 'STRING',
    m: 'DECIMAL(10, 2)',
    a: 'ARRAY<INT>',
    b: 'BOOLEAN',
  })
  const rows = [
    { i: 1, s: 'ab', m: '1.00', a: [1, 2], b: true },
    { i: 2, s: 'c', m: '2.00', a: [], b: false },
  ]

  test('out of and into columns', () => {
    const batch = toBatch({ fields, rows })
    const { children } = toRecordBatch(batch, fields).data
    const [i, s, m, a, b] = batch.columns as [
      FixedColumn,
      BytesColumn,
      FixedColumn,
      { child: FixedColumn },
      { bits: Uint8Array },
    ] &
      Column[]
    expect((children[0]!.values as Int32Array).buffer).toBe(i.values.buffer)
    expect(children[1]!.values).toBe(s.data)
    expect(children[1]!.valueOffsets.buffer).toBe(s.starts.buffer)
    expect((children[2]!.values as Uint32Array).buffer).toBe(m.values.buffer)
    expect((children[3]!.children[0]!.values as Int32Array).buffer).toBe(a.child.values.buffer)
    expect(children[4]!.values).toBe(b.bits)
    const back = fromRecordBatch(toRecordBatch(batch, fields), fields)
    expect((back.columns[0] as FixedColumn).values.buffer).toBe(i.values.buffer)
    expect((back.columns[1] as BytesColumn).data).toBe(s.data)
    expect((back.columns[2] as FixedColumn).values.buffer).toBe(m.values.buffer)
  })

  test('values that follow each other without shared offsets are not copied', () => {
    const data = new TextEncoder().encode('--abcdef')
    const column: BytesColumn = {
      layout: 'bytes',
      length: 4,
      validity: Uint8Array.of(0b1011),
      data,
      starts: Int32Array.of(2, 4, 99, 5),
      ends: Int32Array.of(4, 5, 7, 8),
    }
    const recordBatch = toRecordBatch({ length: 4, columns: [column] }, fieldsOf({ s: 'STRING' }))
    expect(recordBatch.data.children[0]!.values.buffer).toBe(data.buffer)
    expect([...recordBatch.getChildAt(0)!]).toEqual(['ab', 'c', null, 'def'])
  })

  test('scattered values of every length are copied whole, up to the last byte of the data', () => {
    const lengths = Array.from({ length: 300 }, (_, i) => i)
    const total = lengths.reduce((sum, length) => sum + length, 0)
    const data = Uint8Array.from({ length: total }, (_, i) => (i * 31) & 0xff)
    const starts = new Int32Array(300)
    for (let i = 1; i < 300; i++) starts[i] = starts[i - 1]! + lengths[i - 1]!
    const order = Int32Array.from(lengths.toReversed())
    const column: BytesColumn = {
      layout: 'bytes',
      length: 300,
      validity: null,
      data,
      starts: order.map((row) => starts[row]!),
      ends: order.map((row) => starts[row]! + row),
    }
    const recordBatch = toRecordBatch({ length: 300, columns: [column] }, fieldsOf({ s: 'BYTES' }))
    const values = [...recordBatch.getChildAt(0)!] as Uint8Array[]
    for (const [i, row] of order.entries())
      expect(Buffer.compare(values[i]!, data.subarray(starts[row], starts[row]! + row))).toBe(0)
  })
})
