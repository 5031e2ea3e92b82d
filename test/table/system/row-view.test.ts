/** The views of a table's rows: what they show, of a state and of a stream. */
import * as fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'

import { Catalog } from '../../../src/catalog/catalog.ts'
import { MemoryFileIO } from '../../../src/io/memory.ts'
import { AUDIT_LOG, BINLOG, type RowView } from '../../../src/table/system/row-view.ts'
import { batchBuilder, finishBatch } from '../../../src/types/column-builder.ts'
import type { Batch } from '../../../src/types/column.ts'
import type { DataField } from '../../../src/types/data-type.ts'
import { VALUE_KIND_FIELD } from '../../../src/types/field-ids.ts'
import { appendValue, type InternalValue, utf8 } from '../../../src/types/internal-value.ts'
import { jsonReader } from '../../../src/types/json-value.ts'
import { parseNewSchema } from '../../../src/types/new-schema.ts'
import { ROW_KINDS, type RowKind } from '../../../src/types/row-kind.ts'
import { parseSchemaFile } from '../../../src/types/schema-file.ts'
import { readRows } from '../../support/golden-expect.ts'

const SCHEMA = parseSchemaFile(
  JSON.stringify({
    version: 3,
    id: 0,
    fields: [
      { id: 0, name: 'id', type: 'INT NOT NULL' },
      { id: 1, name: 'name', type: 'STRING' },
      { id: 2, name: 'nested', type: { type: 'ROW', fields: [{ id: 3, name: 'x', type: 'INT' }] } },
    ],
    highestFieldId: 3,
    partitionKeys: [],
    primaryKeys: ['id'],
    options: {},
    timeMillis: 0,
  }),
  'a test schema',
)

type Change = readonly [kind: RowKind, id: number, name: string | null]

/** The rows as a split gives them to a view. */
function batchOf(view: RowView, changes: readonly Change[]): Batch {
  const sources = view.columns(SCHEMA).flatMap(({ source }) => source ?? [])
  const fields: DataField[] = [...sources, VALUE_KIND_FIELD]
  const builder = batchBuilder(fields)
  for (const [kind, id, name] of changes) {
    const nested: InternalValue = id % 2 === 0 ? null : [id]
    const row = [id, name === null ? null : utf8(name), nested, ROW_KINDS.indexOf(kind)]
    for (const [i, { type }] of fields.entries()) appendValue(builder.children[i]!, type, row[i]!)
    builder.endRow()
  }
  return finishBatch(builder)
}

async function* batchesOf(view: RowView, changes: readonly (readonly Change[])[]) {
  for (const each of changes) yield await Promise.resolve(batchOf(view, each))
}

/** What the view shows of the rows, as JSON; `changes` are cut into batches. */
async function show(
  view: RowView,
  changes: readonly (readonly Change[])[],
  isStreaming: boolean,
): Promise<unknown[]> {
  const columns = view.columns(SCHEMA)
  const fields = columns.map(({ field }) => field)
  const shown: unknown[] = []
  for await (const batch of view.show(columns, batchesOf(view, changes), isStreaming)) {
    const row = jsonReader(batch, fields)
    for (let i = 0; i < batch.length; i++) shown.push(row(i))
  }
  return shown
}

const nestedOf = (id: number): unknown => (id % 2 === 0 ? null : { x: id })

test('an audit log has the kind of each row before its columns', async () => {
  expect(await show(AUDIT_LOG, [[['+I', 1, 'a']], [['-D', 2, null]]], false)).toEqual([
    { rowkind: '+I', id: 1, name: 'a', nested: { x: 1 } },
    { rowkind: '-D', id: 2, name: null, nested: null },
  ])
})

test('a binlog has an array of one for each column of a state', async () => {
  const rows: Change[] = [
    ['-U', 1, 'a'],
    ['+U', 1, null],
  ]
  expect(await show(BINLOG, [rows], false)).toEqual([
    { rowkind: '-U', id: [1], name: ['a'], nested: [{ x: 1 }] },
    { rowkind: '+U', id: [1], name: [null], nested: [{ x: 1 }] },
  ])
})

test('a binlog shows an update of a stream in one row', async () => {
  const rows: Change[] = [
    ['+I', 1, 'a'],
    ['-U', 2, 'b'],
    ['+U', 2, null],
    ['-D', 3, 'c'],
  ]
  expect(await show(BINLOG, [rows], true)).toEqual([
    { rowkind: '+I', id: [1], name: ['a'], nested: [{ x: 1 }] },
    { rowkind: '+U', id: [2, 2], name: ['b', null], nested: [null, null] },
    { rowkind: '-D', id: [3], name: ['c'], nested: [{ x: 3 }] },
  ])
})

test('the first side of an update that has no second one stands alone', async () => {
  const rows: Change[][] = [[['+I', 1, 'a']], [['-U', 2, 'b']]]
  expect(await show(BINLOG, rows, true)).toEqual([
    { rowkind: '+I', id: [1], name: ['a'], nested: [{ x: 1 }] },
    { rowkind: '-U', id: [2], name: ['b'], nested: [null] },
  ])
})

test('a binlog is the same however the rows are cut into batches', async () => {
  const change = fc.tuple(
    fc.constantFrom(...ROW_KINDS),
    fc.integer({ min: 0, max: 9 }),
    fc.option(fc.string({ maxLength: 3 })),
  )
  const cuts = fc.array(fc.array(change, { maxLength: 5 }), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(cuts, async (batches) => {
      const filled = batches.filter((batch) => batch.length > 0)
      expect(await show(BINLOG, filled, true)).toEqual(pairs(filled.flat()))
    }),
    { numRuns: 100 },
  )
})

/** A binlog by its definition. */
function pairs(changes: readonly Change[]): unknown[] {
  const shown: unknown[] = []
  for (let i = 0; i < changes.length; i++) {
    const sides = changes.slice(i, changes[i]![0] === '-U' ? i + 2 : i + 1)
    shown.push({
      rowkind: sides.at(-1)![0],
      id: sides.map(([, id]) => id),
      name: sides.map(([, , name]) => name),
      nested: sides.map(([, id]) => nestedOf(id)),
    })
    i += sides.length - 1
  }
  return shown
}

describe('of a table', () => {
  let catalog: Catalog

  beforeAll(async () => {
    catalog = new Catalog(new MemoryFileIO(), 'memory://row-views/wh')
    const fields = [
      { name: 'id', type: 'INT' },
      { name: 'name', type: 'STRING' },
      { name: 'amount', type: 'INT' },
    ]
    const options = { bucket: '1', 'table-read.sequence-number.enabled': 'true' }
    for (const [name, given] of [
      ['a.t', { bucket: '1' }] as const,
      ['a.numbered', options] as const,
    ]) {
      const definition = { fields, primaryKeys: ['id'], options: given }
      const table = await catalog.createTable(name, parseNewSchema(definition))
      await table.write([1, 2, 3, 4].map((id) => ({ id, name: `n${id}`, amount: id * 10 })))
      await table.write([
        { id: 2, name: 'two', amount: 5, _kind: '+U' },
        { id: 3, name: 'n3', amount: 30, _kind: '-D' },
        { id: 5, name: null, amount: null },
      ])
    }
  })

  const read = async (name: string, request: object = {}): Promise<string[]> =>
    await readRows((await catalog.systemTable(name)).read(request))

  test('the audit log shows the last row of each key, deletions too', async () => {
    expect(await read('a.t$audit_log')).toEqual([
      '{"rowkind":"+I","id":1,"name":"n1","amount":10}',
      '{"rowkind":"+I","id":4,"name":"n4","amount":40}',
      '{"rowkind":"+I","id":5,"name":null,"amount":null}',
      '{"rowkind":"+U","id":2,"name":"two","amount":5}',
      '{"rowkind":"-D","id":3,"name":"n3","amount":30}',
    ])
  })

  test('the kinds of rows that no other row overlaps show too', async () => {
    expect(await read('a.t$audit_log', { options: { 'scan.snapshot-id': '1' } })).toEqual(
      [1, 2, 3, 4].map((id) => `{"rowkind":"+I","id":${id},"name":"n${id}","amount":${id * 10}}`),
    )
  })

  test.each([
    [`rowkind = '-D'`, ['3']],
    [`rowkind <> '+I' and amount > 5`, ['3']],
    [`rowkind = '-D' or id = 1`, ['1', '3']],
    [`amount > 20`, ['3', '4']],
    [`name is null`, ['5']],
    [`rowkind = '-U'`, []],
  ])('the filter %s is on kinds and columns', async (where, ids) => {
    expect(await read('a.t$audit_log', { where, columns: ['id'] })).toEqual(
      ids.map((id) => `{"id":${id}}`),
    )
  })

  test('columns come as they are asked for, and rows as many as the limit', async () => {
    const request = { columns: ['amount', 'rowkind'], where: 'id = 2' }
    expect(await read('a.t$audit_log', request)).toEqual(['{"amount":5,"rowkind":"+U"}'])
    expect(await read('a.t$binlog', { ...request, where: `rowkind = '+U'` })).toEqual([
      '{"amount":[5],"rowkind":"+U"}',
    ])
    for (const limit of [0, 1, 3, 9])
      expect((await read('a.t$audit_log', { limit })).length).toBe(Math.min(limit, 5))
    expect(await read('a.t$audit_log', { limit: 1, where: 'id = 5', columns: ['id'] })).toEqual([
      '{"id":5}',
    ])
  })

  test('the sequence number shows where the table wants it', async () => {
    const columns = ['_SEQUENCE_NUMBER', 'id', 'rowkind']
    expect(await read('a.numbered$audit_log', { columns })).toEqual([
      '{"_SEQUENCE_NUMBER":"0","id":1,"rowkind":"+I"}',
      '{"_SEQUENCE_NUMBER":"3","id":4,"rowkind":"+I"}',
      '{"_SEQUENCE_NUMBER":"4","id":2,"rowkind":"+U"}',
      '{"_SEQUENCE_NUMBER":"5","id":3,"rowkind":"-D"}',
      '{"_SEQUENCE_NUMBER":"6","id":5,"rowkind":"+I"}',
    ])
    expect(await read('a.numbered$binlog', { columns, where: '_SEQUENCE_NUMBER = 4' })).toEqual([
      '{"_SEQUENCE_NUMBER":"4","id":[2],"rowkind":"+U"}',
    ])
    expect((await catalog.systemTable('a.t$audit_log')).fields.map(({ name }) => name)).toEqual([
      'rowkind',
      'id',
      'name',
      'amount',
    ])
  })

  test('what is not compacted yet is not in the table that reads without merging', async () => {
    expect(await read('a.t$ro')).toEqual([])
    const opened = await catalog.systemTable('a.t$ro')
    expect(opened.fields.map(({ name }) => name)).toEqual(['id', 'name', 'amount'])
  })

  test('wrong columns and filters are refused', async () => {
    for (const request of [
      { columns: ['kind'] },
      { columns: ['id', 'id'] },
      { where: 'kind = 1' },
      { where: 'rowkind = 1' },
      { limit: -1 },
    ])
      await expect(read('a.t$audit_log', request)).rejects.toMatchObject({ code: 'INVALID' })
  })
})
