/** Values of every type that Iceberg carries, edges first, as rows of JSON: what filters and bounds go wrong with. */
import type { DataField, DataType } from '../../../../src/types/data-type.ts'

type Json = unknown

const TEXTS = [
  '',
  'a',
  'été',
  '漢字かな',
  '🚀 to the moon',
  `it's "quoted"`,
  'back\\slash and\ttab',
  // Longer than the 16 characters that statistics keep: the upper bound has to be a larger text.
  'z'.repeat(40),
  `fifteen letters${'é'.repeat(9)}`,
  '🚀'.repeat(20),
]

const BYTES = ['', '00', 'ff', '00ff7f', 'ff'.repeat(20), 'c3a9', `fe${'ff'.repeat(18)}`]

const FLOATS = [0, 1.5, -1.5, 0.1, -3e-5, 12_345.678, 3.25e7, -7.5e-10]

const EDGES: Partial<Record<DataType['kind'], readonly Json[]>> = {
  BOOLEAN: [true, false],
  TINYINT: [-128, -1, 0, 5, 127],
  SMALLINT: [-32768, -1, 0, 5, 32767],
  INT: [-2147483648, -1, 0, 7, 2147483647],
  BIGINT: ['-9223372036854775808', '-1', '0', '9007199254740993', '9223372036854775807'],
  FLOAT: FLOATS,
  DOUBLE: [...FLOATS, 1.234_567_890_123_456_7e30, 5e-324],
  CHAR: ['a', 'bcd', 'é'],
  VARCHAR: TEXTS,
  BINARY: BYTES,
  VARBINARY: BYTES,
  // Within what every client has: ClickHouse begins with 1900.
  DATE: ['1969-12-31', '1970-01-01', '2026-11-22', '1900-01-01', '2262-04-11'],
}

/** Times of day and fractions, which are cut to the precision. */
const MOMENTS = [
  ['1969-12-31T23:59:59', '999999999'],
  ['1970-01-01T00:00:00', '000000000'],
  ['2026-11-22T05:30:15', '123456789'],
  ['1900-01-01T00:00:00', '000000000'],
  ['2262-04-11T23:47:16', '854775807'],
  ['2026-11-22T05:30:15', '100000000'],
] as const

/** The values of a type that is not nested, in the JSON that rows are written in. */
function edgesOf(type: DataType): readonly Json[] {
  if (type.kind === 'DECIMAL') return decimals(type.precision, type.scale)
  if (type.kind === 'TIMESTAMP' || type.kind === 'TIMESTAMP_LTZ')
    return MOMENTS.map(([seconds, nanos]) => {
      const fraction = type.precision === 0 ? '' : `.${nanos.slice(0, type.precision)}`
      return `${seconds}${fraction}${type.kind === 'TIMESTAMP' ? '' : 'Z'}`
    })
  const edges = EDGES[type.kind]
  if (edges === undefined) throw new Error(`there are no values of ${type.kind}`)
  if (type.kind !== 'VARCHAR') return edges
  return edges.filter((text) => (text as string).length <= type.length)
}

function decimals(precision: number, scale: number): string[] {
  const digits = ['9'.repeat(precision), '0', '1', '5'.repeat(Math.max(1, precision - 1))]
  const texts = digits.map((each) => {
    const padded = each.padStart(scale + 1, '0')
    const point = padded.length - scale
    return scale === 0 ? padded : `${padded.slice(0, point)}.${padded.slice(point)}`
  })
  return [...texts, `-${texts[0]!}`, `-${texts[2]!}`]
}

/** The n-th value: each in turn, and null now and then where the type has it. */
export function valueOf(type: DataType, n: number): Json {
  if (type.nullable && n % 7 === 3) return null
  switch (type.kind) {
    case 'ARRAY':
      return Array.from({ length: n % 4 }, (_, i) => valueOf(type.element, n + i))
    case 'MAP': {
      const keys = edgesOf(type.key)
      const length = Math.min(n % 4, keys.length)
      return Array.from({ length }, (_, i) => [
        keys[(n + i) % keys.length],
        valueOf(type.value, n + i),
      ])
    }
    case 'ROW':
      return Object.fromEntries(
        type.fields.map((field, i) => [field.name, valueOf(field.type, n + i)]),
      )
    default: {
      const edges = edgesOf(type)
      return edges[n % edges.length]
    }
  }
}

/**
 * So many rows, whose values of different columns go together in many ways; `from` is the number of the first. Columns called
 * `id` count the rows.
 */
export function valueRows(
  fields: readonly DataField[],
  count: number,
  from = 0,
): Record<string, Json>[] {
  return Array.from({ length: count }, (_, i) => {
    const row = from + i
    return Object.fromEntries(
      fields.map(({ name, type }, column) => {
        if (name === 'id') return [name, type.kind === 'BIGINT' ? String(row) : row]
        return [name, valueOf(type, row * (column + 1) + Math.floor(row / 10))]
      }),
    )
  })
}
