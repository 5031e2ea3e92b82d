/** Columns of every aggregate function, and values for them of which equal ones meet. */
import { fixture } from '../../support/java-vectors.ts'
import { between, pick, type Random } from '../../support/random.ts'

export interface AggregateColumn {
  readonly name: string
  /** As in schema files. */
  readonly type: unknown
  /** What follows `fields.<column>.`, with its value. */
  readonly options: Readonly<Record<string, string>>
  /** Whether rows may take back what the function has merged, whatever it is. */
  readonly retracts: boolean
  /** Whether Java gives the elements of the array in the order of a hash map. */
  readonly isSet: boolean
  /** A value that is not null, as JSON. */
  readonly value: (random: Random) => unknown
}

type Value = AggregateColumn['value']

const TEXTS = ['', 'a', 'b', 'ab', 'a,b', 'b,,c,', 'x y', 'é', '\u{e000}', '😀', '2024-01-02']
const SMALL = [0, 1, 2, 3, -5, 100, 127, -128]

const text: Value = (random) => pick(random, TEXTS)
const small: Value = (random) => pick(random, SMALL)
const key: Value = (random) => between(random, 1, 5)
const long: Value = (random) =>
  String(pick(random, [0, 1, 2, '9223372036854775807', '-9223372036854775808']))
const fraction: Value = (random) => pick(random, [0, '-0.0', 'NaN', 1.5, 3, -7.25, 0.5, 'Infinity'])
const digits: Value = (random) => pick(random, ['99.9', '-99.9', '0.0', '1.5', '0.1', '50.0'])
const manyDigits: Value = (random) => pick(random, ['99999999999999.99999', '1.00000', '-0.00001'])
const flag: Value = (random) => random() < 0.5
const day: Value = (random) => pick(random, ['1969-12-31', '2024-02-29', '9999-12-31'])
const instant: Value = (random) =>
  pick(random, ['1969-12-31T23:59:59.999999', '2024-02-29T00:00:00.000001'])
const binary: Value = (random) => pick(random, ['', '00', '7f', '80', 'ff00'])

/** Some of them null. */
function few(value: Value, nulls = 0.1): Value {
  return (random) =>
    Array.from({ length: between(random, 0, 4) }, () => (random() < nulls ? null : value(random)))
}

function entries(ofKey: Value, ofValue: Value): Value {
  return (random) => {
    const byKey = new Map<unknown, unknown>()
    for (let i = between(random, 0, 4); i > 0; i--)
      byKey.set(ofKey(random), random() < 0.15 ? null : ofValue(random))
    return [...byKey]
  }
}

const item: Value = (random) => ({
  k: random() < 0.1 ? null : key(random),
  t: random() < 0.2 ? null : text(random),
  n: random() < 0.2 ? null : small(random),
})
const timed: Value = (random) => ({ n: small(random), at: random() < 0.2 ? null : text(random) })

/** What was stored by the name, in hexadecimal digits. */
function sketches(name: string): Value {
  const cases = fixture('sketches.json') as { name: string; a: string; b: string }[]
  const stored = cases
    .filter((each) => each.name === name)
    .flatMap(({ a, b }) => [a, b])
    .map((base64) => Buffer.from(base64, 'base64').toString('hex'))
  return (random) => pick(random, stored)
}

function array(element: unknown): unknown {
  return { type: 'ARRAY', element }
}

function map(ofKey: string, value: unknown): unknown {
  return { type: 'MAP', key: `${ofKey} NOT NULL`, value }
}

function row(fields: Readonly<Record<string, string>>): unknown {
  const named = Object.entries(fields).map(([name, type], i) => ({ id: 900 + i, name, type }))
  return { type: 'ROW', fields: named }
}

const ITEMS = array(row({ k: 'INT', t: 'STRING', n: 'INT' }))
const TIMED = map('STRING', row({ n: 'INT', at: 'STRING' }))

function column(
  name: string,
  type: unknown,
  value: Value,
  parts: Partial<AggregateColumn> = {},
): AggregateColumn {
  return { name, type, value, options: {}, retracts: false, isSet: false, ...parts }
}

const RETRACTS = { retracts: true }
const DISTINCT = { options: { distinct: 'true' }, isSet: true }

const NUMBERS: readonly (readonly [string, Value])[] = [
  ['TINYINT', small],
  ['SMALLINT', small],
  ['INT', small],
  ['BIGINT', long],
  ['FLOAT', fraction],
  ['DOUBLE', fraction],
  ['DECIMAL(3, 1)', digits],
  ['DECIMAL(19, 5)', manyDigits],
]

const ORDERED: readonly (readonly [string, Value])[] = [
  ...NUMBERS,
  ['STRING', text],
  ['BYTES', binary],
  ['DATE', day],
  ['TIMESTAMP(6)', instant],
]

export const AGGREGATE_COLUMNS: readonly AggregateColumn[] = [
  ...NUMBERS.map(([type, value]) => column('sum', type, value, RETRACTS)),
  ...NUMBERS.map(([type, value]) => column('product', type, value)),
  ...ORDERED.map(([type, value]) => column('max', type, value)),
  ...ORDERED.map(([type, value]) => column('min', type, value)),
  column('last_value', 'STRING', text, RETRACTS),
  column('last_non_null_value', 'STRING', text, RETRACTS),
  column('last_non_null_value', ITEMS, few(item), RETRACTS),
  column('first_value', 'INT', small),
  column('first_non_null_value', 'STRING', text),
  column('first_not_null_value', 'BYTES', binary),
  column('bool_and', 'BOOLEAN', flag),
  column('bool_or', 'BOOLEAN', flag),
  column('listagg', 'STRING', text),
  column('listagg', 'STRING', text, { options: { distinct: 'true' } }),
  column('listagg', 'STRING', text, { options: { 'list-agg-delimiter': ', ' } }),
  column('listagg', 'STRING', text, { options: { distinct: 'true', 'list-agg-delimiter': 'b' } }),
  column('collect', array('INT'), few(small), RETRACTS),
  column('collect', array('STRING'), few(text), RETRACTS),
  column('collect', array('DOUBLE'), few(fraction), RETRACTS),
  // Whether bytes are equal depends on files in Java.
  column('collect', array('BYTES'), few(binary)),
  column('collect', ITEMS, few(item)),
  column('collect', array('INT'), few(small), { ...DISTINCT, ...RETRACTS }),
  column('collect', array('STRING'), few(text), { ...DISTINCT, ...RETRACTS }),
  column('collect', array('DOUBLE'), few(fraction), { ...DISTINCT, ...RETRACTS }),
  // Java fails where a distinct row is null.
  column('collect', ITEMS, few(item, 0), { ...DISTINCT, ...RETRACTS }),
  column('collect', array(array('INT')), few(few(small)), { ...DISTINCT, ...RETRACTS }),
  column('merge_map', map('STRING', 'INT'), entries(text, small), RETRACTS),
  column('merge_map', map('INT', ITEMS), entries(key, few(item)), RETRACTS),
  column('merge_map_with_keytime', TIMED, entries(text, timed)),
  column('nested_update', ITEMS, few(item), RETRACTS),
  column('nested_update', ITEMS, few(item), {
    ...RETRACTS,
    options: { 'nested-key': 'k' },
    isSet: true,
  }),
  column('nested_update', ITEMS, few(item), {
    ...RETRACTS,
    options: { 'nested-key': 'k, t' },
    isSet: true,
  }),
  column('nested_update', ITEMS, few(item), { options: { 'count-limit': '4' } }),
  column('nested_partial_update', ITEMS, few(item), {
    options: { 'nested-key': 'k' },
    isSet: true,
  }),
  column('theta_sketch', 'BYTES', sketches('theta_sketch')),
  column('hll_sketch', 'BYTES', sketches('hll_sketch')),
  column('rbm32', 'BYTES', sketches('rbm32')),
  column('rbm64', 'BYTES', sketches('rbm64')),
]
