/** Tables that Flink SQL writes with its own options, read as Flink reads them: rows, tags and changes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { Catalog } from '../../src/catalog/catalog.ts'
import type { BatchResult } from '../../src/table/batch-result.ts'
import { jsonReader } from '../../src/types/json-value.ts'
import { rowKind } from '../../src/types/row-kind.ts'
import { canonicalRow } from '../support/golden-expect.ts'
import { type Flink, type FlinkRow, type FlinkShop, openFlinkShop } from './support/flink.ts'

let shop: FlinkShop
let flink: Flink
let catalog: Catalog

beforeAll(async () => {
  shop = await openFlinkShop()
  ;({ flink, catalog } = shop)
})
afterAll(() => shop[Symbol.asyncDispose]())

interface Case {
  readonly name: string
  /** Columns, and the primary key of them. */
  readonly columns: string
  readonly options: Readonly<Record<string, string>>
  /** Statements; `T` is the table. */
  readonly steps: readonly string[]
  /** Whether Flink streams what changed. */
  readonly hasChanges: boolean
}

const COLUMNS = 'id INT, name STRING, amount DECIMAL(10, 2), total BIGINT, score DOUBLE'
const KEY = 'PRIMARY KEY (id) NOT ENFORCED'

function inserts(from: number, count: number, salt: number): string {
  const rows = Array.from({ length: count }, (_, i) => {
    const id = from + ((i * 7 + salt) % count)
    const name = (id + salt) % 5 === 0 ? 'CAST(NULL AS STRING)' : `'name ${id} of ${salt}'`
    const amount = `CAST(${(id * 37 + salt) % 1000}.${10 + (id % 90)} AS DECIMAL(10, 2))`
    const total = (id + salt) % 4 === 0 ? 'CAST(NULL AS BIGINT)' : `CAST(${id * salt} AS BIGINT)`
    return `(${id}, ${name}, ${amount}, ${total}, CAST(${id}.5 AS DOUBLE))`
  })
  return `INSERT INTO T VALUES ${rows.join(', ')}`
}

const CASES: readonly Case[] = [
  {
    name: 'lookup_changelog',
    columns: `${COLUMNS}, ${KEY}`,
    options: { bucket: '2', 'changelog-producer': 'lookup' },
    steps: [
      inserts(0, 40, 1),
      inserts(20, 40, 2),
      'DELETE FROM T WHERE id < 5',
      "UPDATE T SET name = 'changed' WHERE id BETWEEN 10 AND 15",
      inserts(0, 30, 3),
    ],
    hasChanges: true,
  },
  {
    name: 'input_changelog',
    columns: `${COLUMNS}, ${KEY}`,
    options: { bucket: '1', 'changelog-producer': 'input' },
    steps: [inserts(0, 20, 1), 'DELETE FROM T WHERE id = 3', inserts(10, 20, 2)],
    hasChanges: true,
  },
  {
    name: 'full_compaction_changelog',
    columns: `${COLUMNS}, ${KEY}`,
    options: {
      bucket: '1',
      'changelog-producer': 'full-compaction',
      'full-compaction.delta-commits': '1',
    },
    steps: [inserts(0, 20, 1), inserts(10, 20, 2), 'DELETE FROM T WHERE id = 12'],
    hasChanges: true,
  },
  {
    name: 'partial_update',
    columns: `${COLUMNS}, ${KEY}`,
    options: {
      bucket: '2',
      'merge-engine': 'partial-update',
      'changelog-producer': 'lookup',
      'fields.total.sequence-group': 'name,score',
      'fields.amount.aggregate-function': 'last_non_null_value',
    },
    steps: [inserts(0, 30, 1), inserts(10, 30, 5), inserts(0, 40, 2), inserts(5, 10, 9)],
    hasChanges: true,
  },
  {
    name: 'aggregation',
    columns: `${COLUMNS}, ${KEY}`,
    options: {
      bucket: '2',
      'merge-engine': 'aggregation',
      'fields.amount.aggregate-function': 'sum',
      'fields.total.aggregate-function': 'max',
      'fields.score.aggregate-function': 'sum',
      'fields.name.aggregate-function': 'listagg',
    },
    steps: [inserts(0, 30, 1), inserts(10, 30, 5), inserts(0, 40, 2)],
    hasChanges: false,
  },
  {
    name: 'first_row',
    columns: `${COLUMNS}, ${KEY}`,
    options: { bucket: '2', 'merge-engine': 'first-row', 'changelog-producer': 'lookup' },
    steps: [inserts(0, 30, 1), inserts(10, 30, 5), inserts(0, 60, 2)],
    hasChanges: true,
  },
  {
    name: 'vectors',
    columns: `${COLUMNS}, ${KEY}`,
    options: { bucket: '2', 'deletion-vectors.enabled': 'true' },
    steps: [
      inserts(0, 200, 1),
      inserts(50, 100, 2),
      'DELETE FROM T WHERE id BETWEEN 90 AND 110',
      inserts(180, 60, 3),
    ],
    hasChanges: false,
  },
  {
    name: 'vectors_of_64_bits',
    columns: `${COLUMNS}, ${KEY}`,
    options: {
      bucket: '1',
      'deletion-vectors.enabled': 'true',
      'deletion-vectors.bitmap64': 'true',
    },
    steps: [inserts(0, 100, 1), inserts(50, 100, 2), 'DELETE FROM T WHERE id = 60'],
    hasChanges: false,
  },
  {
    name: 'dynamic_buckets',
    columns: `${COLUMNS}, ${KEY}`,
    options: { bucket: '-1', 'dynamic-bucket.target-row-num': '20' },
    steps: [inserts(0, 60, 1), inserts(30, 60, 2), 'DELETE FROM T WHERE id = 31'],
    hasChanges: false,
  },
]

function tableSql({ name, columns, options }: Case): string {
  const given = Object.entries(options).map(([key, value]) => `'${key}' = '${value}'`)
  return `CREATE TABLE shop.${name} (${columns}) WITH (${given.join(', ')})`
}

async function ourRows(read: BatchResult<unknown>): Promise<string[]> {
  const fields = await read.fields()
  const rows: string[] = []
  for await (const batch of read.batches()) {
    const json = jsonReader(batch, fields)
    for (let row = 0; row < batch.length; row++) rows.push(canonicalRow(json(row)))
  }
  return rows.toSorted()
}

const rowsOf = (found: readonly FlinkRow[]): string[] =>
  found.map(({ row }) => canonicalRow(row)).toSorted()

describe.each(CASES)('$name', (each) => {
  const { name, steps, hasChanges } = each
  const query = `SELECT * FROM shop.${name}`

  test('its rows after each statement are those that Flink reads', async () => {
    await flink.sql(tableSql(each))
    const table = await catalog.table(`shop.${name}`)
    for (const step of steps) {
      await flink.sql(step.replaceAll(' T ', ` shop.${name} `))
      expect(await ourRows(table.read())).toEqual(rowsOf(await flink.sql(query)))
    }
    expect((await ourRows(table.read())).length).toBeGreaterThan(10)
  })

  test('a tag keeps the rows of its snapshot', async () => {
    const table = await catalog.table(`shop.${name}`)
    const [first] = await table.snapshots()
    await flink.sql(
      `CALL sys.create_tag(\`table\` => 'shop.${name}', tag => 'begin', snapshot_id => CAST(${first!.id} AS BIGINT))`,
    )
    const tagged = await flink.sql(`${query} /*+ OPTIONS('scan.tag-name' = 'begin') */`)
    expect(tagged.length).toBeGreaterThanOrEqual(0)
    expect(await ourRows(table.read({ options: { 'scan.tag-name': 'begin' } }))).toEqual(
      rowsOf(tagged),
    )
  })

  test.runIf(hasChanges)('the changes of each key are those that Flink streams', async () => {
    const hint =
      "/*+ OPTIONS('scan.mode' = 'from-snapshot', 'scan.snapshot-id' = '1', 'continuous.discovery-interval' = '200 ms') */"
    const streamed = await flink.changes(`${query} ${hint}`)
    expect(streamed.length).toBeGreaterThan(20)
    const table = await catalog.table(`shop.${name}`)
    const ours: { id: unknown; change: string }[] = []
    for await (const batch of table.changes({ from: 1, follow: false }).batches()) {
      const json = jsonReader(batch.batch, table.schema.fields)
      for (let row = 0; row < batch.length; row++) {
        const values = json(row)
        const kind = rowKind(batch.kinds[row]!)
        ours.push({ id: values['id'], change: canonicalRow({ _kind: kind, ...values }) })
      }
    }
    const theirs = streamed.map(({ op, row }) => ({
      id: row['id'],
      change: canonicalRow({ _kind: op, ...row }),
    }))
    expect(byId(ours)).toEqual(byId(theirs))
  })
})

/** The changes of each key in their order. */
function byId(changes: readonly { readonly id: unknown; readonly change: string }[]): unknown {
  return Object.groupBy(changes, ({ id }) => String(id))
}
