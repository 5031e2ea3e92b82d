/** The rules of the merge engines, case by case, as Java was seen to follow them. */
import { describe, expect, test } from 'vitest'

import { keyValueLayout } from '../../../src/lsm/key-value.ts'
import { mergeRuns } from '../../../src/lsm/merge-reader.ts'
import { VALUE_KIND_FIELD } from '../../../src/types/field-ids.ts'
import type { InternalValue } from '../../../src/types/internal-value.ts'
import { parseRowKind, ROW_KINDS } from '../../../src/types/row-kind.ts'
import type { TableSchema } from '../../../src/types/schema-file.ts'
import { keyedSchema, memoryRun } from '../../support/memory-runs.ts'
import { appendCells } from '../../support/parquet.ts'

const int = { kind: 'INT', nullable: true } as const
const text = { kind: 'VARCHAR', length: 10, nullable: true } as const

/** A table with columns k, a, b and g, all of INT. */
function schemaOf(options: Readonly<Record<string, string>>): TableSchema {
  const plain = keyedSchema({ k: { kind: 'INT', nullable: false }, a: int, b: int, g: int })
  return { ...plain, options: { ...plain.options, ...options } }
}

type Cells = readonly [a: number | null, b?: number | null, g?: number | null]
/** A row, in a file of its own: its kind, its values, and the level of the file. */
type FileRow = readonly [kind: string, cells: Cells, level?: number]

/** The merged row of one key, its kind first; deleted ones are kept. */
async function merged(
  schema: TableSchema,
  rows: readonly FileRow[],
  keepDeletes = true,
): Promise<unknown[]> {
  const runs = rows.map(([kind, [a, b = null, g = null], level = 0], i) => {
    const row = { row: [1, a, b, g], number: BigInt(i), kind: parseRowKind(kind) }
    return [memoryRun(schema, [row], { level })]
  })
  const fields = [...schema.fields, VALUE_KIND_FIELD]
  const columns: InternalValue[][] = fields.map(() => [])
  const read = { fields: schema.fields, windowRows: 10, kinds: true, keepDeletes }
  for await (const batch of mergeRuns(runs, { layout: keyValueLayout(schema), ...read }))
    appendCells(columns, batch, fields)
  const kinds = columns.at(-1)! as number[]
  if (kinds.length === 0) return []
  return [ROW_KINDS[kinds[0]!], ...columns.slice(1, -1).map((values) => values[0])]
}

const AGGREGATION = { 'merge-engine': 'aggregation', 'fields.a.aggregate-function': 'sum' }
const PARTIAL = { 'merge-engine': 'partial-update' }
const GROUP = { ...PARTIAL, 'fields.g.sequence-group': 'a,b' }
const SUM_IN_GROUP = { ...GROUP, 'fields.b.aggregate-function': 'sum' }
const REMOVES = { 'partial-update.remove-record-on-delete': 'true' }
const GROUP_REMOVES = { ...GROUP, 'partial-update.remove-record-on-sequence-group': 'g' }

describe('aggregation', () => {
  test.each<[string, Record<string, string>, FileRow[], unknown[]]>([
    [
      'adds up, and keeps the last value of others',
      {},
      [
        ['+I', [1, 5]],
        ['+I', [2, null]],
      ],
      ['+I', 3, 5, null],
    ],
    [
      'takes back',
      {},
      [
        ['+I', [5]],
        ['-U', [2]],
      ],
      ['+I', 3, null, null],
    ],
    [
      'takes back from nothing',
      {},
      [
        ['-D', [5]],
        ['+I', [3]],
      ],
      ['+I', -2, null, null],
    ],
    ["passes a key's only row on as it is", {}, [['-D', [5]]], ['-D', 5, null, null]],
    [
      'wraps around',
      {},
      [
        ['+I', [2147483647]],
        ['+I', [1]],
      ],
      ['+I', -2147483648, null, null],
    ],
    [
      'goes on from the values of a row that removed its key',
      { 'aggregation.remove-record-on-delete': 'true' },
      [
        ['+I', [3]],
        ['-D', [2, 9]],
        ['+I', [5]],
      ],
      ['+I', 7, 9, null],
    ],
    [
      'is deleted by such a row where it is the last',
      { 'aggregation.remove-record-on-delete': 'true' },
      [
        ['+I', [3]],
        ['-D', [2, 9]],
      ],
      ['-D', 2, 9, null],
    ],
    [
      'counts of the rows above level 0 only the one of the lowest level, where older rows are looked up',
      { 'changelog-producer': 'lookup' },
      [
        ['+I', [1], 5],
        ['+I', [3], 4],
        ['+I', [10], 3],
        ['+I', [100], 0],
      ],
      ['+I', 110, null, null],
    ],
    [
      'counts them all where they are not',
      {},
      [
        ['+I', [1], 5],
        ['+I', [3], 4],
        ['+I', [10], 3],
      ],
      ['+I', 14, null, null],
    ],
    [
      'takes columns that order rows from the last of them, null too',
      { 'sequence.field': 'g' },
      [
        ['+I', [1, 1, 7]],
        ['+I', [2, 2, 5]],
        ['+I', [3, 3, null]],
      ],
      ['+I', 6, 1, 7],
    ],
    [
      'uses the default function',
      { 'fields.default-aggregate-function': 'max' },
      [
        ['+I', [1, 4]],
        ['+I', [2, 3]],
      ],
      ['+I', 3, 4, null],
    ],
    [
      'ignores what is taken back where it is told to',
      { 'fields.a.ignore-retract': 'true' },
      [
        ['+I', [1]],
        ['-D', [5]],
        ['+I', [2]],
      ],
      ['+I', 3, null, null],
    ],
  ])('%s', async (_, options, rows, expected) => {
    expect(await merged(schemaOf({ ...AGGREGATION, ...options }), rows)).toEqual(expected)
  })

  test('refuses to take back from what cannot', async () => {
    const schema = schemaOf({ ...AGGREGATION, 'fields.a.aggregate-function': 'max' })
    const error = { code: 'INVALID', hint: expect.stringContaining('fields.a.ignore-retract') }
    await expect(
      merged(schema, [
        ['+I', [1]],
        ['-D', [1]],
      ]),
    ).rejects.toMatchObject(error)
  })
})

describe('partial-update', () => {
  test.each<[string, Record<string, string>, FileRow[], unknown[]]>([
    [
      'updates what is not null',
      PARTIAL,
      [
        ['+I', [1, 1]],
        ['+U', [2, null]],
      ],
      ['+I', 2, 1, null],
    ],
    ["passes a key's only row on as it is", PARTIAL, [['-D', [1]]], ['-D', 1, null, null]],
    [
      'goes on from the values of a row that removed its key',
      { ...PARTIAL, ...REMOVES },
      [
        ['+I', [1, 1]],
        ['-D', [7, 8]],
        ['+I', [2, null]],
      ],
      ['+I', 2, 8, null],
    ],
    [
      'does not mind -U where -D removes',
      { ...PARTIAL, ...REMOVES },
      [
        ['+I', [1, 1]],
        ['-U', [7, 8]],
      ],
      ['+I', 1, 1, null],
    ],
    [
      'starts from a first row that deletes, even where deletes are ignored',
      { ...PARTIAL, 'ignore-delete': 'true' },
      [
        ['-D', [7, 8]],
        ['+I', [2, null]],
      ],
      ['+I', 2, 8, null],
    ],
    [
      'has no row where all rows delete',
      { ...PARTIAL, 'ignore-delete': 'true' },
      [
        ['-D', [7, 8]],
        ['-D', [2, null]],
      ],
      ['-D', 7, 8, null],
    ],
    [
      'takes even nulls from rows that are not older in their group',
      GROUP,
      [
        ['+I', [1, 1, 4]],
        ['+I', [null, 2, 4]],
      ],
      ['+I', null, 2, 4],
    ],
    [
      'leaves the group as it is to older rows',
      GROUP,
      [
        ['+I', [1, 1, 4]],
        ['+I', [9, 9, 3]],
      ],
      ['+I', 1, 1, 4],
    ],
    [
      'and to rows without a sequence',
      GROUP,
      [
        ['+I', [1, 1, 4]],
        ['+I', [9, 9, null]],
      ],
      ['+I', 1, 1, 4],
    ],
    [
      'aggregates in groups, older rows too',
      SUM_IN_GROUP,
      [
        ['+I', [1, 1, 4]],
        ['+I', [9, 9, 3]],
      ],
      ['+I', 1, 10, 4],
    ],
    [
      'takes back what a first row itself brought',
      SUM_IN_GROUP,
      [
        ['-D', [1, 2, 4]],
        ['+I', [9, 9, 3]],
      ],
      ['+I', null, 9, 4],
    ],
    [
      'sets plain columns of a group to null where they are taken back',
      SUM_IN_GROUP,
      [
        ['+I', [1, 5, 4]],
        ['-D', [1, 2, 5]],
      ],
      ['+I', null, 3, 5],
    ],
    [
      'removes on a -D that is not older',
      GROUP_REMOVES,
      [
        ['+I', [1, 1, 4]],
        ['-D', [7, 8, 4]],
      ],
      ['-D', 7, 8, 4],
    ],
    [
      'but not on one that is older',
      GROUP_REMOVES,
      [
        ['+I', [1, 1, 4]],
        ['-D', [7, 8, 3]],
      ],
      ['+I', 1, 1, 4],
    ],
    [
      'nor on -U',
      GROUP_REMOVES,
      [
        ['+I', [1, 1, 4]],
        ['-U', [7, 8, 4]],
      ],
      ['+I', null, null, 4],
    ],
  ])('%s', async (_, options, rows, expected) => {
    expect(await merged(schemaOf(options), rows)).toEqual(expected)
  })

  test('refuses deletes that nothing provides for', async () => {
    const error = { code: 'INVALID', hint: expect.stringContaining('ignore-delete') }
    await expect(
      merged(schemaOf(PARTIAL), [
        ['+I', [1]],
        ['-D', [1]],
      ]),
    ).rejects.toMatchObject(error)
  })

  test('refuses rows without a value in a column that is NOT NULL', async () => {
    const plain = schemaOf(PARTIAL)
    const fields = plain.fields.map((field) =>
      field.name === 'a' ? { ...field, type: { ...int, nullable: false } } : field,
    )
    const rows: FileRow[] = [
      ['+I', [1]],
      ['+I', [null]],
    ]
    const stored = rows.map(([, [a]], i) => [
      memoryRun(plain, [{ row: [1, a, null, null], number: BigInt(i), kind: 0 }]),
    ])
    const layout = keyValueLayout({ ...plain, fields })
    const read = async () => {
      for await (const _ of mergeRuns(stored, { layout, fields, windowRows: 5 }));
    }
    await expect(read()).rejects.toMatchObject({
      code: 'CORRUPT',
      message: 'a row has no value in column "a", which is NOT NULL',
    })
  })
})

describe('first-row', () => {
  const FIRST = { 'merge-engine': 'first-row' }

  test('keeps the row of the lowest sequence number, in whichever file it lies', async () => {
    const rows: FileRow[] = [
      ['+I', [1]],
      ['+I', [2]],
      ['+U', [3]],
    ]
    expect(await merged(schemaOf(FIRST), rows)).toEqual(['+I', 1, null, null])
  })

  test('refuses deletes, or passes over them', async () => {
    const rows: FileRow[] = [
      ['-D', [1]],
      ['+I', [2]],
    ]
    await expect(merged(schemaOf(FIRST), rows)).rejects.toMatchObject({ code: 'INVALID' })
    const ignoring = schemaOf({ ...FIRST, 'ignore-delete': 'true' })
    expect(await merged(ignoring, rows)).toEqual(['+I', 2, null, null])
  })
})

test.each([
  ['deduplicate', {}],
  ['aggregation', { ...AGGREGATION, 'aggregation.remove-record-on-delete': 'true' }],
  ['partial-update', { ...PARTIAL, ...REMOVES }],
])('%s hides deleted keys from readers', async (_, options) => {
  const rows: FileRow[] = [
    ['+I', [1]],
    ['-D', [1]],
  ]
  expect(await merged(schemaOf(options), rows, false)).toEqual([])
})

test('a read of some columns sees what the columns do that order their group', async () => {
  const schema = schemaOf(GROUP)
  const rows = [
    { row: [1, 1, 1, 4], number: 0n, kind: 0 },
    { row: [1, 2, 2, 3], number: 1n, kind: 0 },
  ]
  const files = rows.map((row) => memoryRun(schema, [row]))
  const fields = schema.fields.filter(({ name }) => name === 'a')
  const cells: InternalValue[][] = [[]]
  const read = { layout: keyValueLayout(schema), fields, windowRows: 5 }
  for await (const batch of mergeRuns(
    files.map((file) => [file]),
    read,
  ))
    appendCells(cells, batch, fields)
  expect(cells).toEqual([[1]])
  expect(files[0]!.asked).toEqual([
    ['_KEY_k', '_SEQUENCE_NUMBER', '_VALUE_KIND'],
    ['a', 'g'],
  ])
})

describe('options that do not fit', () => {
  test.each<[string, Record<string, string>, string]>([
    ['INVALID', { ...AGGREGATION, 'fields.b.aggregate-function': 'summ' }, 'did you mean "sum"'],
    [
      'INVALID',
      { ...AGGREGATION, 'fields.t.aggregate-function': 'sum' },
      'takes columns of numbers',
    ],
    ['INVALID', { ...PARTIAL, 'fields.b.aggregate-function': 'sum' }, 'is in no sequence group'],
    ['INVALID', { ...GROUP, 'fields.b.aggregate-function': 'lasst_value' }, 'last_value'],
    ['INVALID', { ...PARTIAL, 'fields.gg.sequence-group': 'a' }, 'no column "gg"'],
    ['INVALID', { ...PARTIAL, 'fields.g.sequence-group': 'a,c' }, 'no column "c"'],
    ['INVALID', { ...GROUP, 'fields.t.sequence-group': 'a' }, 'in several sequence groups'],
    ['UNSUPPORTED', { ...GROUP, 'fields.g,t.sequence-group': 'k' }, 'belongs to another one'],
    ['INVALID', { ...GROUP, ...REMOVES }, 'exclude each other'],
    ['INVALID', { ...PARTIAL, ...REMOVES, 'ignore-delete': 'true' }, 'exclude each other'],
    ['INVALID', { ...GROUP_REMOVES, 'ignore-delete': 'true' }, 'exclude each other'],
    [
      'INVALID',
      { ...GROUP, 'partial-update.remove-record-on-sequence-group': 'a' },
      'orders no sequence group',
    ],
  ])('are %s: %j', (code, options, message) => {
    const plain = keyedSchema({
      k: { kind: 'INT', nullable: false },
      a: int,
      b: int,
      g: int,
      t: text,
    })
    const schema = { ...plain, options: { ...plain.options, ...options } }
    expect(() => keyValueLayout(schema)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    )
  })
})
