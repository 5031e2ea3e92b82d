/** Tables of every type that Iceberg carries, and of nested ones. */
import type { IcebergCase } from './case.ts'

const GROUP = 'Types'

export const PRIMITIVES: Readonly<Record<string, string>> = {
  boolean_: 'BOOLEAN',
  tinyint_: 'TINYINT',
  smallint_: 'SMALLINT',
  int_: 'INT',
  bigint_: 'BIGINT',
  float_: 'FLOAT',
  double_: 'DOUBLE',
  dec_small: 'DECIMAL(9, 2)',
  dec_mid: 'DECIMAL(18, 6)',
  dec_large: 'DECIMAL(38, 10)',
  char_: 'CHAR(3)',
  varchar_: 'VARCHAR(60)',
  string_: 'STRING',
  binary_: 'BINARY(20)',
  varbinary_: 'VARBINARY(40)',
  bytes_: 'BYTES',
  date_: 'DATE',
  ts_3: 'TIMESTAMP(3)',
  ts_6: 'TIMESTAMP(6)',
  ltz_3: 'TIMESTAMP_LTZ(3)',
  ltz_6: 'TIMESTAMP_LTZ(6)',
}

const required = (fields: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, `${type} NOT NULL`]))

const TIMESTAMPS = Object.fromEntries(
  [0, 1, 2, 3, 4, 5, 6].flatMap((precision) => [
    [`ts_${precision}`, `TIMESTAMP(${precision})`],
    [`ltz_${precision}`, `TIMESTAMP_LTZ(${precision})`],
  ]),
)

const DECIMALS = Object.fromEntries(
  [
    [1, 0],
    [1, 1],
    [2, 1],
    [4, 4],
    [5, 2],
    [9, 9],
    [10, 0],
    [18, 18],
    [19, 0],
    [20, 3],
    [28, 14],
    [38, 0],
    [38, 38],
  ].map(([precision, scale]) => [`d${precision}_${scale}`, `DECIMAL(${precision}, ${scale})`]),
)

const NESTED: Readonly<Record<string, string>> = {
  ints: 'ARRAY<INT>',
  required_ints: 'ARRAY<INT NOT NULL>',
  names: 'MAP<STRING, BIGINT>',
  required_names: 'MAP<STRING, BIGINT NOT NULL>',
  by_number: 'MAP<INT, STRING>',
  address: 'ROW<street STRING, zip INT>',
}

/** Deep ones. ClickHouse has no null lists, maps and structs, so that these hold none but inside. */
const DEEP: Readonly<Record<string, string>> = {
  lists: 'ARRAY<ARRAY<INT NOT NULL> NOT NULL> NOT NULL',
  items: 'ARRAY<ROW<sku STRING, price DECIMAL(10, 2), sent TIMESTAMP(6)> NOT NULL> NOT NULL',
  groups: 'MAP<STRING, ROW<n INT, at DATE> NOT NULL> NOT NULL',
  place: 'ROW<city STRING, at ROW<x DOUBLE, y DOUBLE> NOT NULL> NOT NULL',
}

function typesIn(version: 2 | 3): IcebergCase[] {
  const ending = `v${version}`
  return [
    {
      name: `types_append_${ending}`,
      group: GROUP,
      version,
      fields: { id: 'INT', ...PRIMITIVES },
      steps: async (table) => {
        await table.writeValues(20)
        await table.writeValues(9, 20)
        await table.writeValues(1, 29)
      },
    },
    {
      name: `types_key_${ending}`,
      group: GROUP,
      version,
      fields: { id: 'BIGINT', ...PRIMITIVES },
      primaryKeys: ['id'],
      steps: async (table) => {
        await table.writeValues(20)
        await table.writeValues(20, 10)
        await table.compact()
      },
    },
    {
      name: `nested_append_${ending}`,
      group: GROUP,
      version,
      fields: { id: 'INT', ...NESTED },
      steps: async (table) => {
        await table.writeValues(12)
        await table.writeValues(12, 12)
      },
    },
    {
      name: `nested_key_${ending}`,
      group: GROUP,
      version,
      fields: { id: 'INT', ...NESTED, ...DEEP },
      primaryKeys: ['id'],
      steps: async (table) => {
        await table.writeValues(12)
        await table.writeValues(12, 6)
        await table.compact()
      },
    },
  ]
}

export const TYPE_CASES: readonly IcebergCase[] = [
  ...typesIn(2),
  ...typesIn(3),
  {
    name: 'types_required',
    group: GROUP,
    fields: { id: 'INT NOT NULL', ...required(PRIMITIVES) },
    steps: async (table) => {
      await table.writeValues(20)
      await table.writeValues(3, 20)
    },
  },
  {
    name: 'timestamps_append',
    group: GROUP,
    fields: { id: 'INT', ...TIMESTAMPS },
    steps: async (table) => {
      await table.writeValues(24)
      await table.writeValues(6, 24)
    },
  },
  {
    // Millisecond columns that repeat would be written with a dictionary, which Spark misreads.
    name: 'timestamps_repeated',
    group: GROUP,
    fields: { id: 'INT', ...TIMESTAMPS },
    primaryKeys: ['id'],
    options: { bucket: '1' },
    steps: async (table) => {
      await table.writeValues(2000)
      await table.compact()
    },
  },
  {
    name: 'timestamps_nested',
    group: GROUP,
    fields: {
      id: 'INT',
      list: 'ARRAY<TIMESTAMP(3)>',
      by_name: 'MAP<STRING, TIMESTAMP_LTZ(3)>',
      both: 'ROW<a TIMESTAMP(0), b TIMESTAMP(6)>',
    },
    steps: async (table) => {
      await table.writeValues(200)
    },
  },
  {
    name: 'decimals',
    group: GROUP,
    fields: { id: 'INT', ...DECIMALS },
    steps: async (table) => {
      await table.writeValues(14)
      await table.writeValues(14, 14)
    },
  },
  {
    name: 'floats_odd',
    group: GROUP,
    fields: { id: 'INT', f: 'FLOAT', d: 'DOUBLE' },
    steps: async (table) => {
      const odd = [Number.NaN, -0, 0, Infinity, -Infinity, 3.5, null]
      for (const part of [odd, odd.slice(0, 1), odd.slice(1, 3), odd.slice(3, 6)])
        await table.write(part.map((value, id) => ({ id, f: text(value), d: text(value) })))
      await table.write([{ id: 9, f: 3.402_823_5e38, d: Number.MAX_VALUE }])
      await table.write([{ id: 10, f: -1e-45, d: -Number.MIN_VALUE }])
    },
  },
  {
    name: 'texts_odd',
    group: GROUP,
    fields: { id: 'INT', v: 'STRING' },
    steps: async (table) => {
      // Bounds of 16 characters: there is no greater text than those of U+10FFFF alone.
      const odd = [
        '\u{10FFFF}'.repeat(20),
        '\uFFFF',
        `${'y'.repeat(15)}\u{10FFFF}z`,
        ' ',
        '\r\n',
        '%_',
      ]
      for (const [id, v] of odd.entries()) await table.write([{ id, v }])
      await table.write(odd.map((v, id) => ({ id, v })))
    },
  },
  {
    name: 'times_far',
    group: GROUP,
    fields: { id: 'INT', d: 'DATE', ts: 'TIMESTAMP(6)', ltz: 'TIMESTAMP_LTZ(6)' },
    steps: async (table) => {
      for (const [id, day] of ['0001-01-01', '1582-10-10', '9999-12-31'].entries())
        await table.write([
          { id, d: day, ts: `${day}T01:02:03.456789`, ltz: `${day}T01:02:03.456789Z` },
        ])
    },
  },
  {
    name: 'all_null',
    group: GROUP,
    fields: { id: 'INT', ...PRIMITIVES },
    steps: async (table) => {
      await table.write([{ id: 1 }, { id: 2 }])
      await table.write([{ id: 3 }])
    },
  },
]

const text = (value: number | null): unknown =>
  value === null || Number.isFinite(value) ? value : String(value)
